"""The questions that a reader is asked before an exhibit moves: their answers, recomputed by the textbook over a grid."""

import re
from itertools import product

import numpy as np
import pytest

from shoal.textbook import ACTIVATIONS, backward, exercise_parameters, flower, forward, make_loss, train
from shoal.textbook.initialization import small_random, zeros
from shoal.web.questions import ALL, NUMBERS

TANH, SIGMOID = ACTIVATIONS["tanh"], make_loss("sigmoid")
X, Y = flower()


def asked(slide, **parameters):
    return ALL[f"predict_{slide}"]({k: str(v) for k, v in parameters.items()})


def hand(step):
    parameters = train(exercise_parameters(4), X, Y, TANH, SIGMOID, 1.2, step)
    return parameters, forward(parameters, X, TANH, SIGMOID)


def half_a_digit(value, digits):
    return 0.5 * 10.0 ** (np.floor(np.log10(abs(value))) - digits + 1)


def agrees(question, answer, digits):
    """The accepted range is the answer, half of the last asked digit around it, and the card ends in the answer."""
    middle, width = (question["high"] + question["low"]) / 2, (question["high"] - question["low"]) / 2
    assert middle == pytest.approx(answer, rel=1e-12)
    assert width == pytest.approx(half_a_digit(answer, digits) if digits else 0, rel=1e-5)
    assert question["wanted"] == (f"to {digits} digits" if digits else "a whole number")
    assert question["card"]["totals"][-1]["value"] == pytest.approx(answer, rel=1e-12)


@pytest.mark.parametrize("slide", NUMBERS)
def test_every_exhibit_has_a_question_with_a_hint_and_a_reason(slide):
    question = asked(slide)
    assert question["asks"].endswith("?")
    assert not re.search(r"\d-|-\d|e[+-]", question["asks"]), "numbers are written as the page writes them"
    assert len(question["hint"]) > 8
    if "choices" in question:
        assert 0 <= question["right"] < len(question["choices"]) == len(set(question["choices"]))
        assert len(question["because"]) > 8
    else:
        assert question["low"] <= question["high"]
        assert question["card"]["formula"]


@pytest.mark.parametrize(("units", "u"), list(product(["1.5:0.74:1,-2:0.5:1;0", "0.001:5:1,-3:0:2;1"], [1, 2])))
def test_0_where_a_unit_switches(units, u):
    w, b, _ = map(float, units.split(";")[0].split(",")[u - 1].split(":"))
    question = asked(0, units=units, n=2, u=u)
    if b:
        agrees(question, -b / w, 2)
    else:
        assert question["low"] < 0 < question["high"]


def test_0_a_unit_without_weight_switches_nowhere():
    question = asked(0, units="0:1:1;0", n=1, u=1)
    assert question["choices"][question["right"]] == "nowhere"


@pytest.mark.parametrize(("w1", "w2", "b"), list(product([-2.0, 0.9], [0.0, 1.3], [-1.5, 4.0])))
def test_1_where_the_edge_goes(w1, w2, b):
    agrees(asked(1, w1=w1, w2=w2, b=b), -2 * b / np.hypot(w1, w2), 3)


def test_1_without_an_edge():
    question = asked(1, w1=0, w2=0, b=1)
    assert question["choices"][question["right"]] == "nowhere"


@pytest.mark.parametrize(("n_x", "n_h", "n_y"), list(product([1, 2, 8], [1, 4, 8], [1, 4])))
def test_2_how_many_parameters(n_x, n_h, n_y):
    agrees(asked(2, n_x=n_x, n_h=n_h, n_y=n_y), sum(w.size for w in zeros(n_x, n_h + 1, n_y)), None)


@pytest.mark.parametrize(("step", "ex"), list(product([0, 40, 600], [1, 200, 357])))
def test_3_8_and_10_about_one_example(step, ex):
    parameters, cache = hand(step)
    gradients = backward(parameters, X, Y, cache, TANH, SIGMOID)
    agrees(asked(3, step=step, ex=ex), cache.A2[0, ex - 1], 2)
    agrees(asked(8, step=step, ex=ex), TANH.prime(cache.Z1)[0, ex - 1], 2)
    agrees(asked(10, step=step, ex=ex), gradients.dZ2[0, ex - 1], 3)


def test_4_and_5_about_shapes_and_columns():
    question, parameters = asked(4), zeros(2, 4, 1)
    assert question["choices"][question["right"]] == str((parameters.W1 @ X + parameters.b1).shape)
    question = asked(5)
    block = X[:, :3].copy()
    before = hand(600)[0].W1 @ block
    block[:, 1] += 1
    changed = np.flatnonzero(np.any(hand(600)[0].W1 @ block != before, axis=0))
    assert changed.tolist() == [1]
    assert question["choices"][question["right"]] == "only its second column"


@pytest.mark.parametrize("z", [-6.0, -0.25, 0.0, 1.0, 6.0])
def test_6_the_sigmoid_mirrored(z):
    agrees(asked(6, z=z), ACTIVATIONS["logistic"](np.array(-z)), 3)


def test_7_and_11_name_what_stays_straight_and_what_stays_equal():
    question = asked(7)
    assert question["choices"][question["right"]] == "identity"
    question = asked(11)
    g = ACTIVATIONS["logistic"]
    after = train(zeros(2, 4, 1), X[:, 1:].copy(), Y[:, 1:].copy(), g, SIGMOID, 1.2, 300)
    assert question["choices"][question["right"]] == {1: "one", 2: "two", 4: "four"}[len(np.unique(after.W1, axis=0))]


@pytest.mark.parametrize(("step", "rate"), list(product([0, 20, 600], [0.01, 1.2])))
def test_9_the_next_change(step, rate):
    before = train(exercise_parameters(4), X, Y, TANH, SIGMOID, rate, step)
    after = train(before, X, Y, TANH, SIGMOID, rate, 1)
    question = asked(9, step=step, rate=rate)
    assert question["low"] <= after.W1[0, 0] - before.W1[0, 0] <= question["high"]
    slope = backward(before, X, Y, forward(before, X, TANH, SIGMOID), TANH, SIGMOID).dW1[0, 0]
    agrees(question, -rate * slope, 2)


@pytest.mark.parametrize(("scale", "g1"), list(product([1e-4, 0.01, 1.0, 100.0], ["tanh", "logistic", "relu"])))
def test_12_how_much_begins_flat(scale, g1):
    start = small_random(np.random.RandomState(2), 2, 4, 1, scale)
    flat = np.abs(ACTIVATIONS[g1].prime(forward(start, X, ACTIVATIONS[g1], SIGMOID).Z1)) < 0.01
    question = asked(12, scale=scale, g1=g1)
    share = 100 * flat.mean()
    limits = {"fewer than 1 %": (0, 1), "1 to 30 %": (1, 30), "30 to 70 %": (30, 70), "more than 70 %": (70, 101)}
    low, high = limits[question["choices"][question["right"]]]
    assert low <= share < high


@pytest.mark.parametrize("length", ["1e5", "1e6", "1e7"])
def test_13_about_a_quarter(length):
    question = asked(13, length=length)
    agrees(question, float(length) / 4, 2)
    a, b = np.random.default_rng(5).random((2, 100_000))
    assert question["low"] <= float(a @ b) * float(length) / 1e5 <= question["high"]
