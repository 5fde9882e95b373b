"""Slides 1, 4, 5 and 13: one unit, the loop over examples, the matrix form, and the two times."""

import numpy as np
import pytest

from shoal.errors import DataError, InvalidParameterError
from shoal.textbook import (
    ACTIVATIONS,
    columns_apart,
    compare_dot,
    exercise_parameters,
    flower,
    forward,
    forward_by_loop,
    layer,
    layer_by_loop,
    make_loss,
    repeated,
    timed,
    unit,
)
from shoal.textbook.vectorization import dot, dot_by_loop

SIGMOID, TANH = ACTIVATIONS["sigmoid"], ACTIVATIONS["tanh"]
WHOLE = np.random.default_rng(5).integers(-9, 9, (3, 7)).astype(float)  # sums of whole numbers are exact in any order
W, B = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]]), np.array([[7.0], [-8.0]])


def test_slide_1_a_unit_by_hand():
    z, a = unit(np.array([[2.0], [-1.0]]), np.array([[0.5]]), np.array([[1.0], [2.5]]), SIGMOID)
    assert (z.item(), a.item()) == (0.0, 0.5)  # 2 · 1 − 1 · 2.5 + 0.5


def test_slide_1_a_unit_over_many_examples_is_the_row_of_a_layer():
    w = W[:1].T
    z, a = unit(w, 7.0, WHOLE, TANH)
    assert np.array_equal(z, layer(W, B, WHOLE)[:1])
    assert np.array_equal(a, np.tanh(z))


def test_slide_4_the_loop_and_the_matrix_form_agree():
    assert np.array_equal(layer_by_loop(W, B, WHOLE), layer(W, B, WHOLE))
    X, parameters, g2 = flower(40)[0], exercise_parameters(4), make_loss("sigmoid")
    for loop, product in zip(forward_by_loop(parameters, X, TANH, g2), forward(parameters, X, TANH, g2), strict=True):
        assert loop.shape == product.shape
        np.testing.assert_allclose(loop, product, rtol=0, atol=1e-15)  # numbers below 1: a few roundings


def test_slide_5_a_product_with_columns_is_the_columns_of_products():
    apart = columns_apart(W, WHOLE)
    assert np.array_equal(apart, W @ WHOLE)
    assert np.array_equal(apart + repeated(B, 7), layer(W, B, WHOLE))


def test_slide_13_the_loop_and_the_product_agree():
    rng, ticks = np.random.default_rng(13), iter(range(100))
    a, b = rng.random(1000), rng.random(1000)
    both = compare_dot(a, b, lambda: float(next(ticks)), runs=3)
    assert (both.loop_time, both.product_time, both.ratio) == (1.0, 1.0, 1.0)  # the clock is the caller's
    assert both.product == np.dot(a, b)
    assert both.relative_difference == abs(both.loop - both.product) / both.product < 1e-12
    assert dot(np.arange(4.0), np.arange(4.0)) == dot_by_loop(np.arange(4.0), np.arange(4.0)) == 14.0


def test_every_timed_run_counts_and_the_warm_up_does_not():
    calls, ticks = [], iter([0.0, 5.0, 10.0, 12.0])
    result, durations = timed(lambda: calls.append(1) or len(calls), lambda: next(ticks), runs=2)
    assert (result, durations) == (3, (5.0, 2.0))


@pytest.mark.parametrize("array", ["array_api_strict", "torch"])
def test_other_arrays_give_the_same_numbers(array):
    library = pytest.importorskip(array)
    ours = [W, B, WHOLE]
    theirs = [library.asarray(a) for a in ours]
    for f in (layer, layer_by_loop):
        assert np.array_equal(np.asarray(f(*theirs)), f(*ours))
    assert np.array_equal(np.asarray(columns_apart(theirs[0], theirs[2])), W @ WHOLE)
    assert np.array_equal(np.asarray(repeated(theirs[1], 7)), repeated(B, 7))
    assert np.array_equal(np.asarray(unit(theirs[0][:1, :].mT, 7.0, theirs[2], TANH).z), layer(W, B, WHOLE)[:1])
    assert float(dot(*[library.asarray(np.arange(4.0))] * 2)) == float(dot_by_loop(*[library.asarray(np.arange(4.0))] * 2)) == 14.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: unit(np.ones(2), 0.0, np.ones((2, 1)), TANH), r"w has shape \(2,\); it is a column"),
        (lambda: unit(np.ones((2, 1)), 0.0, np.ones((3, 1)), TANH), r"x has shape \(3, 1\); w of shape \(2, 1\) takes \(2, m\)"),
        (lambda: layer(W, B, WHOLE.T), r"X has shape \(7, 3\).*X\.T"),
        (lambda: layer(W, B[:, 0], WHOLE), r"b has shape \(2,\).*keepdims=True"),
        (lambda: layer_by_loop(W, B, WHOLE[:2]), r"X has shape \(2, 7\); W of shape \(2, 3\) takes \(3, m\)"),
        (lambda: columns_apart(W[0], WHOLE), r"W has shape \(3,\)"),
        (lambda: dot(np.ones(2), np.ones(3)), r"a has shape \(2,\) and b \(3,\)"),
        (lambda: dot_by_loop(np.ones((2, 1)), np.ones((2, 1))), r"vectors of one length"),
    ],
)
def test_an_array_that_does_not_fit_is_named(call, words):
    with pytest.raises(DataError, match=words):
        call()


def test_no_run_is_refused():
    with pytest.raises(InvalidParameterError, match="runs is 0"):
        timed(lambda: 1, lambda: 0.0, runs=0)
