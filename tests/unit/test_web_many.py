"""Exhibit 14: many networks at once are the same networks alone, and what is said of them is the textbook's."""

import numpy as np
import pytest

from shoal.errors import InvalidParameterError
from shoal.population import stack
from shoal.textbook import ACTIVATIONS, cost, descend, exercise_parameters, forward, make_loss
from shoal.web.exhibits.slide_14 import EIGHT, EVERY, HELD, SEEDS, SIZES, STEPS, drawn, train, trial
from shoal.web.questions import ALL

TANH, SIGMOID = ACTIVATIONS["tanh"], make_loss("sigmoid")
LOOKS = 5  # the looks that are compared with the textbook, which trains one network after the other


@pytest.mark.parametrize("seed", [1, 7, SEEDS])
@pytest.mark.parametrize(("m", "n_h", "labels"), [(20, 1, "own"), (20, 4, "shuffled"), (50, 4, "own")])
def test_each_of_the_many_is_the_network_that_the_textbook_trains_alone(m, n_h, labels, seed):
    run = trial(m, n_h, labels)
    X, Y, X_held, Y_held = drawn(m, labels)
    steps = descend(exercise_parameters(n_h, seed=seed), X, Y, TANH, SIGMOID, 1.2)
    for t in range(LOOKS * EVERY):
        step = next(steps)
        if t % EVERY == 0:
            held = cost(forward(step.parameters, X_held, TANH, SIGMOID), Y_held, SIGMOID)
            # both round differently, and a hundred steps of descent enlarge that
            assert run.train[t // EVERY, seed - 1] == pytest.approx(step.J, rel=1e-8)
            assert run.held[t // EVERY, seed - 1] == pytest.approx(held, rel=1e-8)


def test_a_network_among_31_others_is_the_same_alone_to_the_last_step():
    run, alone = trial(20, 4, "own"), train(stack([exercise_parameters(4, seed=3)]), 20, "own")
    np.testing.assert_allclose(alone.held[:, 0], run.held[:, 2], rtol=1e-6)  # a thousand steps enlarge what a sum rounds


def test_points_are_nested_held_out_ones_are_the_same_for_all_and_shuffled_labels_are_the_same_labels():
    held = drawn(SIZES[0], "own")[2:]
    for m in SIZES:
        X, Y, X_held, Y_held = drawn(m, "own")
        largest = drawn(max(SIZES), "own")
        assert np.array_equal(X, largest[0][:, :m])
        assert np.array_equal(Y, largest[1][:, :m])
        assert np.array_equal(X_held, held[0])
        assert np.array_equal(Y_held, held[1])
        assert X_held.shape == (2, HELD)
        assert not {tuple(x) for x in X.T} & {tuple(x) for x in X_held.T}
        mixed = drawn(m, "shuffled")
        assert np.array_equal(mixed[0], X)
        assert mixed[1].sum() == Y.sum()
        assert not np.array_equal(mixed[1], Y)
        assert np.array_equal(mixed[3], Y_held), "held-out points keep their own"


@pytest.mark.parametrize("step", [0, 100, 500, STEPS])
@pytest.mark.parametrize(("m", "n_h", "labels"), [(20, 1, "own"), (20, 4, "shuffled"), (50, 4, "own")])
def test_the_average_of_eight_is_taken_at_z2_and_costs_at_most_what_they_cost_on_average(m, n_h, labels, step):
    given = {"m": str(m), "n_h": str(n_h), "labels": labels, "step": str(step)}
    answer, run = ALL["many_at"](given), trial(m, n_h, labels)
    _, _, X, Y = drawn(m, labels)

    def of_eight(at):
        Z2 = [forward(run.networks[t].parameters.map(lambda w, k=k: w[k]), X, TANH, SIGMOID).Z2 for k, t in enumerate(at)]
        return float(SIGMOID.loss(np.mean(Z2, axis=0), Y).mean())

    looks = {"now": [step // EVERY] * EIGHT, "stopped": run.held[:, :EIGHT].argmin(axis=0)}
    for when, at in looks.items():
        assert answer[when]["eight"] == pytest.approx(of_eight(at), rel=1e-12)
        assert answer[when]["mean_of_eight"] == pytest.approx(run.held[at, range(EIGHT)].mean(), rel=1e-12)
        assert answer[when]["eight"] <= answer[when]["mean_of_eight"] * (1 + 1e-12), "the loss is convex in z2"
    assert answer["stopped"]["held"] <= answer["now"]["held"]
    question = ALL["predict_14"](given)
    assert (question["choices"][question["right"]], question["right"]) == ("at most that", 0)


@pytest.mark.parametrize("key", ["train", "held", "eight"])
def test_every_card_ends_in_the_number_that_the_exhibit_shows(key):
    given = {"m": "20", "n_h": "4", "step": "250", "seed": "5"}
    shown = ALL["many_at"](given)
    answer = ALL["how_many"](given | {"key": key})
    number = shown["now"]["eight"] if key == "eight" else shown["one"][key]
    assert answer["totals"][-1]["value"] == pytest.approx(number, rel=1e-9)
    terms = sum(t["value"] if "gap" in t else t["factors"][0] for t in answer["terms"])
    assert terms == pytest.approx(answer["totals"][0]["value"], rel=1e-9)
    if key == "eight":
        z2 = answer["because"]
        assert sum(np.prod(t["factors"]) for t in z2["terms"]) == pytest.approx(z2["totals"][0]["value"], rel=1e-9)


def test_over_widths_and_points_the_present_choice_is_the_first_eight_networks():
    over, run = ALL["many_over"]({"m": "20", "n_h": "4"}), trial(20, 4, "own")
    expected = {"train": run.train[-1], "held": run.held[-1], "stopped": run.held.min(axis=0)}
    for part, value in (("widths", 4), ("sizes", 20)):
        place = over[part]["at"].index(value)
        for name, costs in expected.items():
            assert over[part][name][place] == pytest.approx(np.median(costs[:EIGHT]), rel=1e-4), (part, name)


def test_enough_units_learn_shuffled_labels_and_one_does_not():
    """What the exhibit is about: a low training cost with nothing learned."""
    one, many = trial(20, 1, "shuffled"), trial(20, 16, "shuffled")
    assert np.median(many.train[-1]) < 0.1 < 0.4 < np.median(one.train[-1])
    assert np.median(many.held[-1]) > 3 * np.log(2)


@pytest.mark.parametrize(
    ("given", "words"),
    [({"m": "73"}, "m='73' is not known; choose one of"), ({"step": "1025"}, "step=1025 is outside 0 to 1000"), ({"seed": "0"}, "seed=0")],
)
def test_what_was_not_trained_is_refused_and_a_step_is_the_look_before_it(given, words):
    with pytest.raises(InvalidParameterError, match=words):
        ALL["many_at"](given)
    assert ALL["many_at"].read({"step": "110"})["step"] == 4 * EVERY
