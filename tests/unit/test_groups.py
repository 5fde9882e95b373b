"""One group made ready: rows dealt into parts, initial weights by every rule, members weighed."""

import numpy as np
import pytest
from scipy import sparse

from shoal.encoding import encode, fit_encoding
from shoal.fitting.folds import held_out, member_weights, random_parts
from shoal.fitting.settings import INITS, Settings
from shoal.fitting.train import initial_population, mean_squares, weigh_members
from shoal.population import member


def test_every_row_is_dealt_into_one_part_and_parts_are_nearly_equal():
    parts = random_parts(83, 8, None, seed=1)
    assert sorted(np.concatenate(parts)) == list(range(83))
    assert {len(p) for p in parts} == {10, 11}
    assert [p.tolist() for p in random_parts(83, 8, None, seed=1)] == [p.tolist() for p in parts]
    assert [p.tolist() for p in random_parts(83, 8, None, seed=2)] != [p.tolist() for p in parts]


def test_every_class_is_spread_evenly_over_the_parts():
    labels = np.repeat([0, 1, 2], [80, 17, 7])
    for part in random_parts(104, 8, labels, seed=0):
        counts = np.bincount(labels[part], minlength=3)
        assert counts[0] == 10
        assert counts[1] in (2, 3)
        assert counts[2] <= 1


def test_rows_of_weight_zero_judge_nothing_and_there_are_no_more_parts_than_other_rows():
    weight = np.where(np.arange(40) < 5, 1.0, 0.0)
    parts = random_parts(40, 8, None, seed=0, weight=weight)
    assert sorted(np.concatenate(parts)) == [0, 1, 2, 3, 4]
    assert len(parts) == 5


def test_the_k_th_member_of_each_kind_holds_out_part_k():
    parts = [np.array([k]) for k in range(3)]
    rows = held_out((True, True, True, True, False, False), parts)
    assert [r.tolist() for r in rows] == [[0], [1], [2], [0], [0], [1]]


def test_a_member_gives_weight_zero_to_the_rows_it_holds_out():
    assert member_weights(3, None, None) is None
    rows = (np.array([0]), np.array([1, 2]))
    assert member_weights(3, None, rows).tolist() == [[0, 1, 1], [1, 0, 0]]
    assert member_weights(3, np.array([2.0, 3.0, 4.0]), rows).tolist() == [[0, 3, 4], [2, 0, 0]]


@pytest.mark.parametrize("init", INITS)
def test_initial_weights_depend_on_seed_and_member_and_only_on_inputs_that_are_seen(init):
    inputs = np.array([[True, True, True], [True, False, True]])
    settings = Settings(task="regression", init=init)
    drawn = initial_population(settings, 3, 5, inputs, np.array([3.0, 2.0]), np.array([0.7]))
    again = initial_population(settings, 3, 5, inputs, np.array([3.0, 2.0]), np.array([0.7]))
    for one, other in zip(drawn.parameters, again.parameters, strict=True):
        np.testing.assert_array_equal(one, other)
    assert drawn.parameters.W1.shape == (2, 5, 3)
    assert not drawn.parameters.W1[1][:, 1].any()
    assert drawn.parameters.b2.ravel().tolist() == ([0.7, 0.7] if init == "auto" else [0, 0])
    if init == "zeros":
        assert not drawn.parameters.W1.any()
    else:
        assert drawn.parameters.W1[0].all()
        assert np.any(member(drawn, 0).W2 != member(drawn, 1).W2)
    if init == "normal":
        assert np.abs(drawn.parameters.W1).max() < 0.05


def test_pre_activations_have_variance_one_under_any_encoding():
    X = np.random.default_rng(0).standard_normal((500, 6)) * [1, 1, 1, 10, 0.1, 5]
    inputs = np.ones((1, 6), bool)
    lengths = inputs @ mean_squares(X, None)
    assert lengths[0] == pytest.approx(np.mean(np.sum(X**2, axis=1)))
    drawn = initial_population(Settings(task="regression"), 0, 2000, inputs, lengths, np.zeros(1))
    # 2000 units: the variance of a variance is 2/2000 for normal numbers, and more for rows of unequal length.
    assert np.var(drawn.parameters.W1[0] @ X.T) == pytest.approx(1.0, abs=0.15)


def test_lengths_are_weighted_those_of_the_inputs_seen_and_the_same_for_sparse_rows():
    X = np.array([[3.0, 4.0], [0.0, 2.0], [1.0, 0.0]])
    inputs = np.array([[True, True], [True, False]])
    assert (inputs @ mean_squares(X, None)).tolist() == [10, 10 / 3]
    np.testing.assert_allclose(inputs @ mean_squares(X, np.array([1.0, 3.0, 0.0])), [(25 + 12) / 4, 9 / 4], rtol=1e-15)
    S = sparse.csr_array(X)
    encoding = fit_encoding(S, ramps=False)
    expected = inputs @ mean_squares(encode(encoding, X), None)
    np.testing.assert_allclose(inputs @ mean_squares(encode(encoding, S), None), expected, rtol=1e-15)


KINDS, ALL = (True, True, False, False), np.ones(4, bool)


def test_kinds_are_weighed_by_their_mean_validation_loss_and_members_of_a_kind_alike():
    """Means 1.0 and 1.2: the worse kind has exp(−0.2/0.2) = 1/e of the weight."""
    shares = weigh_members(KINDS, ALL, np.array([0.9, 1.1, 1.3, 1.1]))
    e = np.exp(-1)
    np.testing.assert_allclose(shares, np.array([1, 1, e, e]) / (2 + 2 * e), rtol=1e-14)


@pytest.mark.parametrize("losses", [None, [-1.0, 2.0, 3.0, -9.0], [0.0, 0.0, 1.0, 1.0], [np.inf] * 4])
def test_where_no_ratio_means_anything_all_weigh_alike(losses):
    assert weigh_members(KINDS, ALL, None if losses is None else np.array(losses)).tolist() == [0.25] * 4


def test_a_kind_whose_loss_was_never_finite_weighs_nothing():
    assert weigh_members(KINDS, ALL, np.array([1.0, 1.0, np.inf, np.inf])).tolist() == [0.5, 0.5, 0, 0]


def test_members_that_diverged_weigh_nothing_and_judge_no_kind():
    finite = np.array([True, False, True, True])
    shares = weigh_members(KINDS, finite, np.array([1.0, 99.0, 1.0, 1.0]))
    np.testing.assert_allclose(shares, [1 / 3, 0, 1 / 3, 1 / 3], rtol=1e-14)
    assert weigh_members(KINDS, np.array([True, True, False, False]), np.array([1.0, 1.0, 99.0, 99.0])).tolist() == [0.5, 0.5, 0, 0]
