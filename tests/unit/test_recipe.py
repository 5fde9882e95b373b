"""How to train: where batches end, and the learning rate at every update, by hand."""

import math

import numpy as np
import pytest

from shoal.recipe import WARM_UP_STEPS, Recipe, batch_slices, each, momentum_rule, schedule_factors
from shoal.textbook import GradientDescent, Momentum, Nesterov


def test_one_number_serves_all_networks_and_several_one_each():
    assert each(0.3, 3).tolist() == [0.3, 0.3, 0.3]
    assert each((1.0, 2.0), 2).tolist() == [1, 2]


def lengths(m, **settings):
    return [s.stop - s.start for s in batch_slices(m, Recipe(**settings))]


def test_batches_are_full_and_the_last_one_takes_what_is_left():
    assert lengths(70, batch_size=16) == [16, 16, 16, 16, 6]
    assert lengths(64, batch_size=16) == [16] * 4
    assert lengths(5, batch_size=16) == [5]


def test_equal_batches_share_the_remainder():
    assert lengths(70, batch_size=16, equal_batches=True) == [18, 17, 17, 18]  # 70 / 16 = 4.4: four batches
    assert lengths(10, batch_size=16, equal_batches=True) == [10]


@pytest.mark.parametrize("equal", [False, True])
@pytest.mark.parametrize("m", [1, 7, 63, 64, 65, 1000])
def test_batches_hold_every_row_once(m, equal):
    slices = batch_slices(m, Recipe(batch_size=16, equal_batches=equal))
    rows = np.concatenate([np.arange(m)[s] for s in slices])
    np.testing.assert_array_equal(rows, np.arange(m))


@pytest.mark.parametrize("schedule", ["constant", "invscaling", "adaptive"])
def test_the_rate_of_schedules_that_act_after_an_epoch_does_not_change_within_one(schedule):
    assert schedule_factors(Recipe(schedule=schedule), [1, 50, 100], 100).tolist() == [1, 1, 1]


def test_the_cosine_rises_for_ten_steps_and_falls_to_zero_after_the_last():
    factors = schedule_factors(Recipe(schedule="cosine"), range(1, 1002), 1000)
    assert factors[0] == pytest.approx(1 / WARM_UP_STEPS)
    assert factors[4] == pytest.approx(5 / 10 * (1 + math.cos(math.pi * 4 / 1000)) / 2)
    assert factors[500] == pytest.approx(0.5)
    assert factors[250] == pytest.approx((1 + math.cos(math.pi / 4)) / 2)
    assert np.all(np.diff(factors[10:]) < 0)
    assert 0 < factors[999] < 1e-5
    assert factors[1000] == 0


def test_the_flat_cosine_falls_in_its_second_half_alone():
    factors = schedule_factors(Recipe(schedule="flat_cosine"), range(1, 1002), 1000)
    assert factors[9:501].tolist() == [1.0] * 492
    assert factors[750] == pytest.approx(0.5)
    assert factors[1000] == 0


def test_a_momentum_of_zero_is_plain_descent():
    assert momentum_rule(0.0, True) == GradientDescent()
    assert momentum_rule(0.8, False) == Momentum(0.8)
    assert momentum_rule(0.8, True) == Nesterov(0.8)


def test_a_recipe_tells_every_field():
    assert Recipe(tol=0.5).describe()["tol"] == 0.5
    assert set(Recipe().describe()) == set(Recipe.__dataclass_fields__)
