"""AdamW and then L-BFGS: what is accepted, what is kept, and that rows held out stay held out."""

import numpy as np
import pytest

from problems import run_with_rows_held_out as begun
from shoal.engine.predict import logits
from shoal.training.two_stage import STEPS, TRIAL, LbfgsAfterAdamW

M, K = 160, 3  # of the problem


def test_a_smooth_target_is_taken_on_and_the_latest_weights_are_kept():
    first = begun()
    list(first)
    run = LbfgsAfterAdamW(begun())
    events = list(run)
    trained = run.result()
    assert run.accepted
    assert [e.epoch for e in events] == list(range(1, len(events) + 1))
    assert {e.n_epochs for e in events[30:]} == {30 + STEPS}
    assert np.all(np.diff([e.seconds for e in events]) > 0)
    np.testing.assert_allclose(trained.best_validation_loss, events[-1].validation_loss)
    assert trained.best_validation_loss.mean() < first.result().best_validation_loss.mean()
    assert run.rows == len(events) * M


def test_pure_noise_is_left_to_adamw():
    first, run = begun(20.0, n_x=10), LbfgsAfterAdamW(begun(20.0, n_x=10))
    list(first)
    events = list(run)
    assert not run.accepted
    assert len(events) == 30 + TRIAL - 1  # the step that failed the trial is no event of what is kept
    for kept, theirs in zip(run.result().population.parameters, first.result().population.parameters, strict=True):
        np.testing.assert_array_equal(kept, theirs)


def test_rows_that_are_held_out_stay_held_out():
    run = LbfgsAfterAdamW(begun())
    list(run)
    for k, held in enumerate(run.validation.rows):
        assert not run.second.objective.rows.weights[k, held].any()
    assert run.second.objective.lam == pytest.approx(2 * run.first.result().best_validation_loss.mean())  # ½ r² is half the noise


def test_no_time_left_is_no_second_training():
    run = LbfgsAfterAdamW(begun(max_time=1e-6))
    events = list(run)
    assert len(events) == 1
    assert run.second is None
    assert np.isfinite(run.result().loss).all()


@pytest.mark.parametrize("after", [30 + 5, 30 + TRIAL + 5])
def test_whatever_the_moment_there_is_a_result(after):
    run = LbfgsAfterAdamW(begun())
    for event in run:
        if event.epoch == after:
            break
    assert run.accepted == (after > 30 + TRIAL)
    assert np.isfinite(logits(run.result().population, run.first.X, "relu")).all()
