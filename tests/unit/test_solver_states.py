"""Every full-batch solver's state is a value: a step leaves the one it was given as it was, and packed arrays go on to the same bits."""

import io

import numpy as np
import pytest
from tests.problems import logits_of, population, rows

from shoal.engine.packing import packed
from shoal.errors import CheckpointError
from shoal.fitting.plan import FULL_BATCH
from shoal.recipe import Recipe
from shoal.textbook.losses import make_loss
from shoal.training.full_batch import FullBatch
from shoal.training.progress import packed_events, unpacked_events
from shoal.training.rows import Validation, in_memory
from shoal.training.solvers import SOLVERS

M, N_X = 30, 3
INPUTS = np.array([[True, True, True], [True, False, True], [True, True, True]])


def run_of(solver, *, out="squared_error", steps=12, validated=False):
    X, Y = rows(out, M, N_X, 1)
    networks = population((4, 2, 3), N_X, logits_of(out, 1), seed=3, inputs=INPUTS)
    recipe = Recipe(activation="tanh", lam=0.1, max_epochs=steps, tol=1e-12, patience=50)
    validation = Validation(X[:9], Y[:9]) if validated else None
    return FullBatch(recipe, networks, make_loss(out), in_memory(X, Y, 3), solver=solver, validation=validation)


def through_a_file(arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    file.seek(0)
    with np.load(file, allow_pickle=False) as found:
        return {name: found[name] for name in found.files}


def assert_same(a, b):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


def test_the_registry_and_the_table_of_facts_hold_the_same_solvers():
    assert SOLVERS.keys() == FULL_BATCH.keys()


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_step_leaves_the_state_that_it_was_given(solver):
    method = run_of(solver).method
    state = method.begin()
    for _ in range(3):
        before = packed(state, "state")
        new, step = method.step(state, np.array([True, False, True]))
        assert_same(packed(state, "state"), before)
        assert np.isnan(step.value[1])
        state = new


@pytest.mark.parametrize("validated", [False, True])
@pytest.mark.parametrize("solver", SOLVERS)
def test_a_training_goes_on_from_packed_arrays_to_the_same_bits(solver, validated):
    whole, first, second = (run_of(solver, validated=validated) for _ in range(3))
    events, seen = list(whole), []
    for event in first:
        seen.append(event)
        if event.epoch == 5:
            break
    arrays = through_a_file(first.pack() | packed_events(seen))
    earlier = unpacked_events(arrays)
    second.unpack(arrays, earlier)
    earlier += list(second)
    assert len(earlier) == len(events) == 12
    for a, b in zip(earlier, events, strict=True):
        for name in a._fields:
            if name != "seconds":
                assert (getattr(a, name) is None) == (getattr(b, name) is None)
                if getattr(a, name) is not None:
                    np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)
    left, right = whole.pack(), second.pack()
    for arrays in (left, right):
        del arrays["run.seconds"]
    assert_same(left, right)
    for a, b in zip(whole.result().population.parameters, second.result().population.parameters, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("change", [lambda a: a[:1], lambda a: a.astype(np.float32), None], ids=["shape", "type", "missing"])
def test_arrays_of_another_training_are_named(change):
    arrays = run_of("lbfgs").pack()
    arrays["solver.scale"] = None if change is None else change(arrays["solver.scale"])
    with pytest.raises(CheckpointError, match=r"solver\.scale .* in the checkpoint"):
        run_of("lbfgs").unpack({name: a for name, a in arrays.items() if a is not None}, [])
