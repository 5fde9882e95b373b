"""How the playground's numbers came: every card ends in the number on the page, and its terms add up to it."""

import numpy as np
import pytest

pytest.importorskip("starlette")

from shoal.errors import InvalidParameterError
from shoal.web.playground.cards import ALWAYS
from shoal.web.playground.live import Runs
from shoal.web.playground.settings import RULES


def begun(**settings):
    return Runs().start({k: str(v) for k, v in settings.items()})


def summed(card):
    return sum(t["value"] if "gap" in t else np.prod(t["factors"]) for t in card["terms"])


SETTINGS = [
    *({"solver": rule, "batch": 64, "rate": 0.02, "l2": 0.3, "points": 200} for rule in RULES),
    {"data": "blobs", "networks": 2, "init": "auto", "activation": "relu", "standardize": "yes"},
    {"data": "curve", "loss": "gaussian", "rate": 0.02, "solver": "adam", "batch": 32},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_a_parameters_terms_are_its_last_update_with_the_textbooks_derivative(settings):
    run = begun(**settings)
    run.member = run.training.population.K - 1
    run.step(1)
    run.finish_epoch()  # several updates past the last place kept
    run.step(1)
    for name, w in zip(("W1", "b1", "W2", "b2"), (p[-1] for p in run.training.population.parameters), strict=True):
        for place in {(0, 0), (w.shape[0] - 1, w.shape[1] - 1)}:
            card = run.how(f"{name}-{place[0] + 1}-{place[1] + 1}")
            assert card["totals"][-1]["value"] == w[place]
            # The engine's order of operations is not the textbook's: Adam's first steps divide two numbers of rounding's size.
            assert summed(card) == pytest.approx(w[place], rel=1e-9, abs=1e-12)
            because = card["because"]
            assert summed(because) == pytest.approx(because["totals"][0]["value"], rel=1e-9, abs=1e-13)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_costs_scores_and_the_epochs_loss_are_spelled_out(settings):
    run = begun(**settings)
    run.finish_epoch()
    judged = run.training.kept[-1].judged
    percent = run.data.task == "classification"
    wanted = {
        "train": judged.train,
        "test": judged.test,
        "score": judged.score * (100 if percent else 1),
        "score_test": judged.score_test * (100 if percent else 1),
        "loss": run.training.losses[-1],
        "rate": settings.get("rate", 1.2),
    }
    assert tuple(wanted) == ALWAYS
    for key, value in wanted.items():
        card = run.how(key)
        assert card["totals"][-1]["value"] == pytest.approx(value, rel=1e-12), key
        if card["title"] != "accuracy" and key != "rate":
            assert summed(card) == pytest.approx(card["totals"][0]["value"], rel=1e-9), key


def test_looking_at_a_number_changes_nothing():
    looked, plain = (begun(solver="adam", rate=0.05, batch=32) for _ in range(2))
    for run in (looked, plain):
        run.step(4)
        if run is looked:
            run.how("W1-1-1")
        run.finish_epoch()
        run.step(1)
        if run is looked:
            run.how("W2-1-3")
        run.step(2)
    for ours, theirs in zip(looked.training.population.parameters, plain.training.population.parameters, strict=True):
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("key", "words"),
    [("W3-1-1", "there is no number"), ("W1", "there is no number"), ("W1-9-1", "4 rows and 2 columns"), ("loss", "no complete epoch")],
)
def test_numbers_that_are_not_there_are_named(key, words):
    with pytest.raises(InvalidParameterError, match=words):
        begun().how(key)
    with pytest.raises(InvalidParameterError, match="no rows are held out"):
        begun(hold_out=0).how("test")
