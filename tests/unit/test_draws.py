"""Every random number has a name: the seed, the purpose, the member."""

import numpy as np
import pytest

from shoal.draws import Purpose, dropout_key, group_stream, kept, member_stream, row_order, row_order_key, seed_from
from shoal.engine.minibatch import row_order as compiled_order
from shoal.errors import InvalidParameterError


def first(stream):
    return stream.random(4).tolist()


def test_the_same_name_is_the_same_stream():
    assert first(member_stream(3, 1, Purpose.WEIGHTS)) == first(member_stream(3, 1, Purpose.WEIGHTS))
    assert first(group_stream(3, Purpose.SPLIT)) == first(group_stream(3, Purpose.SPLIT))


def test_another_seed_member_or_purpose_is_another_stream():
    streams = [member_stream(s, k, p) for s in (0, 1, 2) for k in range(4) for p in (Purpose.WEIGHTS, Purpose.DROPOUT)]
    streams += [group_stream(s, p) for s in (0, 1, 2) for p in (Purpose.ROW_ORDER, Purpose.SPLIT)]
    assert len({tuple(first(s)) for s in streams}) == len(streams)


def test_the_numbers_of_the_purposes_are_part_of_every_result():
    first = {"WEIGHTS": 1, "DROPOUT": 2, "ROW_ORDER": 3, "SPLIT": 4, "CALIBRATION": 5}
    assert {p.name: p.value for p in Purpose} == {**first, "SCORED": 6, "JUDGED": 7, "SAMPLE": 8, "BLOCK": 9}


def test_the_draws_do_not_change_from_version_to_version():
    assert member_stream(0, 0, Purpose.WEIGHTS).integers(10**9) == 522157081
    assert group_stream(0, Purpose.SPLIT).integers(10**9) == 450615302
    assert dropout_key(0, 0) == 17195319236771816063


def test_dropout_keeps_the_share_that_it_is_asked_to_and_is_counted_by_update_and_unit():
    key = dropout_key(5, 2)
    m = 20_000
    keeps = kept(key, 7, 3, m, 0.3)
    assert abs(keeps.mean() - 0.7) < 4 * np.sqrt(0.21 / m)  # four standard deviations
    np.testing.assert_array_equal(keeps, kept(key, 7, 3, m, 0.3))
    for other in (kept(key, 8, 3, m, 0.3), kept(key, 7, 4, m, 0.3), kept(dropout_key(5, 3), 7, 3, m, 0.3)):
        assert abs(np.mean(keeps & other) - 0.49) < 4 * np.sqrt(0.49 * 0.51 / m)  # as if they knew nothing of each other


def test_a_seed_is_taken_drawn_or_asked_for():
    assert seed_from(7) == seed_from(np.int64(7)) == 7
    assert seed_from(np.random.RandomState(1)) == seed_from(np.random.RandomState(1)) != seed_from(np.random.RandomState(2))
    assert seed_from(None) != seed_from(None)


@pytest.mark.parametrize("wrong", [-1, 1.5, "seven", np.random.default_rng(0)])
def test_what_is_no_seed_is_refused_by_name(wrong):
    with pytest.raises(InvalidParameterError, match=r"random_state is .* whole number from 0 on"):
        seed_from(wrong)


@pytest.mark.parametrize("m", [1, 2, 3, 100])
def test_the_compiled_order_of_the_rows_is_the_plain_one(m):
    for epoch in (1, 2, 400):
        order = row_order(row_order_key(7), epoch, m)
        np.testing.assert_array_equal(compiled_order(row_order_key(7), epoch, m), order)
        np.testing.assert_array_equal(np.sort(order), np.arange(m))


def test_every_place_is_as_likely_for_every_row():
    key, m, n = row_order_key(0), 5, 4000
    seen = np.zeros((m, m))
    for epoch in range(n):
        seen[np.arange(m), compiled_order(key, epoch, m)] += 1
    # each count is binomial: n/m on average, √(n/m · (1 − 1/m)) ≈ 25 apart; 4 of those for 25 counts
    assert np.abs(seen - n / m).max() < 4 * np.sqrt(n / m * (1 - 1 / m))


def test_the_order_of_the_rows_does_not_change_from_version_to_version():
    assert row_order(row_order_key(0), 1, 8).tolist() == [3, 6, 7, 2, 5, 1, 4, 0]
