"""A shape that does not fit is named, before NumPy stops at it or broadcasts it the wrong way."""

from dataclasses import replace

import numpy as np
import pytest

from shoal.errors import DataError, InvalidParameterError
from shoal.textbook import (
    ACTIVATIONS,
    Adam,
    GradientDescent,
    Parameters,
    backward,
    cost,
    exercise_parameters,
    flower,
    forward,
    gradient_step,
    make_loss,
    update,
)
from shoal.textbook.initialization import he, zeros
from shoal.textbook.optimizers import start

TANH, SIGMOID = ACTIVATIONS["tanh"], make_loss("sigmoid")
P, (X, Y) = exercise_parameters(4), flower(40)
CACHE = forward(P, X, TANH, SIGMOID)
G = backward(P, X, Y, CACHE, TANH, SIGMOID)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"W1": P.W1[0]}, r"W1 has shape \(2,\)"),
        ({"W1": P.W1.T}, r"X has shape \(2, 40\); W1 of shape \(2, 4\) takes \(4, m\)"),
        ({"b1": P.b1[:, 0]}, r"b1 has shape \(4,\); beside W1 of shape \(4, 2\) it is \(4, 1\).*keepdims=True"),
        ({"b1": P.b1.T}, r"b1 has shape \(1, 4\)"),
        ({"W2": P.W2.T}, r"W2 has shape \(4, 1\); after W1 of shape \(4, 2\) it has a column for each of 4 hidden units"),
        ({"W3": np.ones((2, 1))}, r"W3 has shape \(2, 1\); from 2 inputs to 1 outputs it is \(1, 2\)"),
        ({"b2": P.b2[0]}, r"b2 has shape \(1,\); beside W2 of shape \(1, 4\) it is \(1, 1\)"),
    ],
)
def test_a_parameter_of_another_shape(change, words):
    with pytest.raises(DataError, match=words):
        forward(replace(P, **change), X, TANH, SIGMOID)
    with pytest.raises(DataError, match=words):
        backward(replace(P, **change), X, Y, CACHE, TANH, SIGMOID)


def test_rows_in_place_of_columns():
    with pytest.raises(DataError, match=r"X has shape \(40, 2\).*X\.T"):
        forward(P, X.T, TANH, SIGMOID)


@pytest.mark.parametrize("bad", [Y[0], Y.T, Y[:, :3], np.vstack([Y, Y])], ids=["vector", "column", "short", "two rows"])
def test_targets_of_another_shape_are_named_and_not_broadcast(bad):
    for call in (lambda: backward(P, X, bad, CACHE, TANH, SIGMOID), lambda: cost(CACHE, bad, SIGMOID)):
        with pytest.raises(DataError, match=r"Y has shape .*the loss 'sigmoid' takes \(1, 40\)"):
            call()


def test_a_gaussian_takes_two_logits_for_each_target():
    with pytest.raises(DataError, match="Z2 has 1 rows; the loss 'gaussian' takes 2"):
        cost(CACHE, Y, make_loss("gaussian"))


def test_a_weight_for_each_example():
    for call in (lambda w: backward(P, X, Y, CACHE, TANH, SIGMOID, w), lambda w: cost(CACHE, Y, SIGMOID, w)):
        with pytest.raises(DataError, match=r"weight has shape \(3,\); one for each of 40 examples is \(40,\)"):
            call(np.ones(3))


@pytest.mark.parametrize("step", [lambda g: gradient_step(P, g, 0.1), lambda g: update(Adam(), P, g, start(Adam(), P), 0.1, 1)])
def test_a_derivative_of_another_shape(step):
    with pytest.raises(DataError, match=r"db1 has shape \(4,\); it has that of b1, \(4, 1\)"):
        step(replace(G, db1=G.db1[:, 0]))


def test_numbers_out_of_range_are_named():
    with pytest.raises(InvalidParameterError, match="t is 0; the first update is number 1"):
        update(GradientDescent(), P, G, start(GradientDescent(), P), 0.1, 0)
    for call, words in ((lambda: zeros(0, 4, 1), "n_x is 0"), (lambda: he(np.random.default_rng(0), 2, -1, 1), "n_h is -1")):
        with pytest.raises(InvalidParameterError, match=words):
            call()
    for m in (0, 7):
        with pytest.raises(InvalidParameterError, match=f"m is {m}; give an even number"):
            flower(m)
    for settings, words in (({"delta": 0.0}, "delta is 0.0"), ({"delta": np.nan}, "delta is nan"), ({"q": 1.0}, "q is 1.0")):
        with pytest.raises(InvalidParameterError, match=words):
            make_loss("huber" if "delta" in settings else "quantile", **settings)


def test_an_activation_that_is_not_there_is_named():
    with pytest.raises(InvalidParameterError, match="activation is 'maxout'; choose one of relu, tanh, logistic"):
        ACTIVATIONS["maxout"]


def test_the_chapters_sigmoid_and_scikit_learns_logistic_are_one_object():
    assert ACTIVATIONS["sigmoid"] is ACTIVATIONS["logistic"]
    assert len(ACTIVATIONS) == len({id(g) for g in ACTIVATIONS.values()}) == 8


def test_k_networks_pass_the_checks():
    both = Parameters(*(np.stack([w, w]) for w in P))
    cache = forward(both, X, TANH, SIGMOID)
    g = backward(both, X, Y, cache, TANH, SIGMOID, np.ones((2, 1, 40)))
    assert gradient_step(both, g, np.full((2, 1, 1), 0.1)).W1.shape == (2, 4, 2)
    assert cost(cache, Y, SIGMOID).shape == (2,)
