"""(E1) The same lines run on other arrays: `array_api_strict`, which has the array API standard and nothing else, and PyTorch."""

import importlib
from itertools import product

import numpy as np
import pytest
from array_api_compat import array_namespace

from shoal.textbook import (
    ACTIVATIONS,
    Adam,
    GradientDescent,
    Momentum,
    Nesterov,
    Parameters,
    RMSprop,
    backward,
    cost,
    forward,
    make_loss,
    masked,
    penalty,
    update,
)
from shoal.textbook.losses import LOSSES
from shoal.textbook.optimizers import start

RULES = [GradientDescent(), Momentum(), Nesterov(), RMSprop(), Adam()]
# Two libraries add up in another order and round exp by themselves: some hundred roundings of an array's largest number.
TOLERANCE = {"float32": 1e-5, "float64": 1e-13}


@pytest.fixture(params=["array_api_strict", "torch"])
def library(request):
    """A module with `asarray`; PyTorch is no dependency, so it may be missing."""
    if request.param == "torch":
        return pytest.importorskip("torch")
    return importlib.import_module(request.param)


def problem(name, lead, dtype):
    rng = np.random.default_rng(4)
    n_z = 2 * make_loss(name).logits_per_target
    shapes = (4, 3), (4, 1), (n_z, 4), (n_z, 1), (n_z, 3)
    parameters = [rng.standard_normal((*lead, *shape)).astype(dtype) for shape in shapes]
    X, Y = rng.standard_normal((3, 5)).astype(dtype), np.eye(2, dtype=dtype)[:, [0, 1, 1, 0, 1]]
    return parameters, X, Y, rng.uniform(0.5, 2.0, (*lead, 1, 5) if lead else 5).astype(dtype)


def everything(parameters, X, Y, weight, D, g1, g2):
    """All that the textbook computes for one network or K, in one list."""
    parameters, results = Parameters(*parameters), []
    for g in (g1, masked(g1, D)):
        cache = forward(parameters, X, g, g2)
        for w in (None, weight):
            gradients = backward(parameters, X, Y, cache, g, g2, w)
            results += [*cache, *gradients, cost(cache, Y, g2, w)]
    for rule in RULES:
        after, memory = update(rule, parameters, gradients, start(rule, parameters), 0.1, 1, decay=0.01)
        results += [*after, *(a for arrays in memory for a in arrays)]
    return [*results, penalty(parameters, 0.1, 5)]


EVERY = list(product(ACTIVATIONS.values(), LOSSES))
FIRST_OR_FIRST = [
    (g1, name) for g1, name in EVERY if g1 is EVERY[0][0] or name == EVERY[0][1]
]  # each of them once, of their pairs a sample


@pytest.mark.parametrize("pairs", [FIRST_OR_FIRST, pytest.param(EVERY, marks=pytest.mark.slow)], ids=["sample", "every pair"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_lines_compute_the_same_numbers_on_other_arrays(library, dtype, pairs):
    for (g1, name), (lead, leaves) in product(pairs, [((), 4), ((3,), 5)] if pairs is FIRST_OR_FIRST else product([(), (3,)], [4, 5])):
        g2 = make_loss(name)
        parameters, X, Y, weight = problem(name, lead, dtype)
        parameters = parameters[:leaves]
        D = np.array([[1], [0], [2], [1]], dtype=dtype)
        ours = everything(parameters, X, Y, weight, D, g1, g2)
        theirs = everything(*([library.asarray(w) for w in parameters], *map(library.asarray, (X, Y, weight, D))), g1, g2)
        for a, b in zip(ours, theirs, strict=True):
            assert array_namespace(b) is not array_namespace(a)
            assert b.dtype == getattr(library, dtype)
            room = TOLERANCE[dtype] * max(1.0, np.max(np.abs(a)))
            np.testing.assert_allclose(np.asarray(b), a, rtol=0, atol=room, err_msg=f"{g1.name}, {name}, {lead}")
