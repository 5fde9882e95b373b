"""What the page is told: each answer against the textbook, and bad parameters refused with their names."""

import base64
import json
import re
from pathlib import Path

import numpy as np
import pytest

from shoal.errors import InvalidParameterError
from shoal.textbook import ACTIVATIONS, backward, cost, exercise_parameters, flower, forward, make_loss, train
from shoal.web import chapter
from shoal.web.chapter import FILM, Edit, journey
from shoal.web.exhibits.cards import KEYS
from shoal.web.exhibits.slide_07 import collapse
from shoal.web.exhibits.slide_09 import SLICE, weight
from shoal.web.pictures import strip, thinned
from shoal.web.playground.settings import read_settings
from shoal.web.question import as_json, plain, text_of
from shoal.web.questions import ALL

STATIC = Path(chapter.__file__).parent / "static"
TANH, SIGMOID = ACTIVATIONS["tanh"], make_loss("sigmoid")
X, Y = flower()
SMALL = {"compare": {"step": "5"}, "race": {"step": "5"}, "dot": {"length": "1e5"}}


def trained(step):
    return train(exercise_parameters(4), X, Y, TANH, SIGMOID, 1.2, step)


@pytest.mark.parametrize("name", ALL)
def test_every_question_answers_its_defaults_as_strict_json(name):
    answer = json.loads(as_json(ALL[name](SMALL.get(name, {}))))
    assert isinstance(answer, dict)


def test_the_network_in_hand_is_the_exercise_trained_by_the_textbook():
    answer = ALL["hand"]({"step": "37"})
    for name, w in trained(37).named().items():
        assert np.array_equal(answer[name], w), name
    cache = forward(trained(37), X, TANH, SIGMOID)
    assert answer["J"] == cost(cache, Y, SIGMOID)
    assert answer["right"] == int(np.sum((cache.A2 > 0.5) == Y))


def test_a_number_set_by_hand_stays_set_and_training_goes_on_from_there():
    edits = (Edit(20, "W1", 4, 2, 0.5), Edit(20, "b2", 1, 1, -1.0), Edit(30, "W2", 1, 1, 2.0))
    start = trained(20)
    start.W1[3, 1], start.b2[0, 0] = 0.5, -1.0
    later = train(start, X, Y, TANH, SIGMOID, 1.2, 10)
    later.W2[0, 0] = 2.0
    expected = train(later, X, Y, TANH, SIGMOID, 1.2, 5)
    for got, wanted in zip(journey(edits).at(35), expected, strict=True):
        assert np.array_equal(got, wanted)
    assert np.array_equal(journey(edits).at(19).W1, trained(19).W1), "before the edit nothing has changed"
    costs = journey(edits).costs(35)
    assert len(costs) == 36
    assert costs[19] == journey().costs(19)[-1]


def test_an_example_followed_forward_adds_up():
    answer = ALL["example"]({"ex": "12", "step": "600"})
    for i in range(4):  # a processor that multiplies and adds in one step rounds once where two steps round twice
        assert sum(answer["products1"][i]) + answer["b1"][i] == pytest.approx(answer["z1"][i], rel=4 * np.finfo(float).eps, abs=1e-15)
    assert answer["dZ2"] == answer["a2"] - answer["y"]
    own = ALL["example"]({"ex": "12", "x1": "0", "x2": "0"})
    assert np.array_equal(own["z1"], own["b1"]), "at the origin only the biases are left"


@pytest.mark.parametrize("key", KEYS.words)
def test_every_card_ends_in_the_number_it_explains(key):
    given = {"key": key, "step": "7", "ex": "9"}
    card = ALL["how"](given)
    name, _, place = key.partition("-")
    r, c = (int(p) - 1 for p in (place or "1-1").split("-"))
    cache = forward(trained(7), X, TANH, SIGMOID)
    numbers = {
        **trained(7).named(),
        **backward(trained(7), X, Y, cache, TANH, SIGMOID).named(),
        "z1": cache.Z1[:, [8]],
        "a1": cache.A1[:, [8]],
        "z2": cache.Z2[:, [8]],
        "a2": cache.A2[:, [8]],
        "loss": SIGMOID.loss(cache.Z2, Y)[None, [8]],
        "J": np.array([[cost(cache, Y, SIGMOID)]]),
        "accuracy": np.array([[100 * np.mean((cache.A2 > 0.5) == Y)]]),
    }
    column = 8 if name in ("dZ1", "dZ2") else c
    assert card["totals"][-1]["value"] == pytest.approx(numbers[name][r, column], rel=1e-12, abs=1e-300)
    if (len(card["totals"]) > 1 and name != "accuracy") or card["totals"][0]["label"] in ("sum", "now", "miss", "product"):
        terms = sum(t["value"] if "gap" in t else np.prod(t["factors"]) for t in card["terms"])
        assert terms == pytest.approx(card["totals"][0]["value"], rel=1e-9, abs=1e-15)


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("hand", {"step": "-1"}, "step=-1 is outside 0 to 10000"),
        ("hand", {"step": "many"}, "not a whole number"),
        ("hand", {"steps": "3"}, "takes no 'steps'"),
        ("unit", {"w1": "nan"}, "w1=nan"),
        ("unit", {"g": "step"}, "choose one of"),
        ("hand", {"edits": "600:W1-9-9=1"}, "is not a number set by hand"),
        ("hand", {"edits": "600:W1-1-1=1e99"}, "within ±10000"),
        ("hand", {"edits": "9:b2-1-1=1,3:b2-1-1=1"}, "order of their steps"),
        ("hand", {"edits": ",".join(["1:b2-1-1=1"] * 40)}, "at most 32"),
        ("how", {"key": "W1-5-1"}, "choose one of"),
        ("slice", {"across": "W2-1-1", "up": "W2-1-1"}, "two different weights; both are W2-1-1"),
    ],
)
def test_bad_parameters_are_named(name, given, words):
    with pytest.raises(InvalidParameterError, match=words):
        ALL[name](given)


def test_race_from_zeros_is_equal_to_the_bit_and_random_is_not():
    answer = ALL["race"]({"step": "200"})
    assert answer["zeros"]["equal"]
    assert not answer["random"]["equal"]
    still = ALL["race"]({"step": "200", "g1": "tanh"})
    assert not np.any(still["zeros"]["W1"])
    assert still["zeros"]["b2"] != 0


def test_identity_units_collapse_exactly():
    answer = collapse(trained(10))
    assert answer["exactly_equal"]
    assert answer["difference"] < 1e-14


def test_the_six_formulas_agree_with_the_measured_ones_and_the_trap_is_numpys_own():
    answer = ALL["formulas"]({"step": "600"})
    assert answer["largest"] < 1e-9
    assert answer["trap"]["b1"] == (4, 4)
    assert "could not be broadcast" in answer["trap"]["error"]


@pytest.mark.parametrize(("across", "up"), [("W1-1-1", "W2-1-1"), ("b2-1-1", "W1-4-2"), ("b1-3-1", "W2-1-3")])
@pytest.mark.parametrize(("step", "rate"), [(0, 1.2), (40, 1.2), (300, 10.0)])
def test_a_slice_is_the_cost_with_two_weights_set(step, rate, across, up):
    """Every cost of it, one network after the other; the path is that of the descent, and lies inside."""
    answer = ALL["slice"]({"step": str(step), "rate": str(rate), "across": across, "up": up})
    now = train(exercise_parameters(4), X, Y, TANH, SIGMOID, rate, step)

    def J(x, y):
        moved = now.map(np.copy)
        for key, value in ((across, x), (up, y)):
            name, r, c = key.split("-")
            getattr(moved, name)[int(r) - 1, int(c) - 1] = value
        return float(cost(forward(moved, X, TANH, SIGMOID), Y, SIGMOID))

    own = [weight(now, across), weight(now, up)]
    xs, ys = np.linspace(*answer["x"], SLICE), np.linspace(*answer["y"][::-1], SLICE)
    grid = np.array([[J(x, y) for x in xs] for y in ys])
    assert answer["J"] == pytest.approx(J(*own), rel=1e-12)
    assert answer["zero"] == pytest.approx(J(0.0, 0.0), rel=1e-12)
    assert (answer["lowest"]["J"], answer["highest"]) == pytest.approx((grid.min(), grid.max()), rel=1e-12)
    assert J(answer["lowest"]["x"], answer["lowest"]["y"]) == pytest.approx(grid.min(), rel=1e-12)
    signs = np.sign(grid - J(*own)).ravel() * (np.abs(answer["above"]["v"]) > 0)
    assert np.array_equal(np.sign(answer["above"]["v"]), signs), "hue is the side of the present cost"
    assert [row[-1] for row in answer["path"]] == pytest.approx(own, abs=1e-4)
    assert answer["next"] == pytest.approx([weight(train(now, X, Y, TANH, SIGMOID, rate, 1), key) for key in (across, up)])
    for (low, high), places in zip((answer["x"], answer["y"]), answer["path"], strict=True):
        assert low < min(0, *places) <= max(0, *places) < high


@pytest.mark.parametrize(("rate", "word"), [("0.001", "crawls"), ("1.2", "falls"), ("10", "rattles")])
def test_what_a_rate_does(rate, word):
    assert ALL["descent"]({"rate": rate, "step": "300"})["verdict"] == word


def test_small_pieces():
    assert plain({"a": np.array([1.0, np.inf]), "b": (np.float64(2),)}) == {"a": [1.0, None], "b": [2.0]}
    assert [text_of(v) for v in (3.0, 0.01, -1.5)] == ["3", "0.01", "-1.5"]
    assert thinned(list(range(1000)), 10)["at"][-1] == 999
    assert strip(np.array([[-2.0, 0.0, 2.0]]))["rows"] == ["aiq"]


def test_the_manifest_knows_every_slide_every_question_and_every_setting_of_the_playground():
    manifest = ALL["page"]({})["manifest"]
    sections = [int(n) for n in re.findall(r'<section class="ex" id="slide-(\d+)"', (STATIC / "index.html").read_text(encoding="utf-8"))]
    assert [slide["number"] for slide in manifest["slides"]] == sections
    assert set(manifest["questions"]) == set(ALL)
    assert {name for name, known in manifest["questions"].items() if known["measured"]} == {"loop", "dot"}
    assert manifest["questions"]["unit"]["defaults"] == {"g": "logistic", "w1": "0.9", "w2": "1.3", "b": "-1.5", "ex": "357"}
    settings = manifest["settings"]["network"] | manifest["settings"]["picture"]
    assert read_settings(settings) == read_settings({})


def test_what_the_page_declares_is_a_parameter_of_a_question():
    """`declareAs(key, "question.parameter")` of the page's scripts takes its start from the manifest."""
    known = ALL["page"]({})["manifest"]["questions"]
    scripts = "".join(path.read_text(encoding="utf-8") for path in (STATIC / "exhibits").glob("slide-*.js"))
    declared = re.findall(r'declareAs\([^,]+, "(\w+)\.(\w+)"\)', scripts)
    assert len(declared) > 10
    for question, parameter in declared:
        assert parameter in known[question]["defaults"], f"{question}.{parameter}"


def shorts(text):
    return np.frombuffer(base64.b64decode(text), "<i2")


@pytest.mark.parametrize("edits", ["", "20:W1-4-2=0.5"])
def test_the_film_of_the_training_has_the_networks_of_its_steps(edits):
    """Its first part and the next one follow each other without a step twice, and every number is that of the step."""
    parts = [ALL["learning"]({"step": "117", "edits": edits}), ALL["learning"]({"after": "117", "step": "130", "edits": edits})]
    assert [step for part in parts for step in part["steps"]] == [*(s for s in FILM if s < 130), 130]
    for part in parts:
        for i in (0, len(part["steps"]) - 1):
            hand = ALL["hand"]({"step": str(part["steps"][i]), "edits": edits})
            assert (part["J"][i], part["right"][i]) == (hand["J"], hand["right"])
            warped = ALL["warped"]({"step": str(part["steps"][i]), "edits": edits})
            points = shorts(part["points"][i]).reshape(2, 400) / 500 * np.reshape(part["largest"][i], (2, 1))
            assert np.abs(points - warped["points"]).max() <= np.max(part["largest"][i]) / 500, "thousandths of twice the largest"


def test_the_picture_of_the_hidden_layer_never_turns_over_while_it_trains():
    """Between two recorded steps the film blends: no point may cross more than a third of the picture."""
    film = ALL["learning"]({"step": "600"})
    places = np.stack([shorts(points) for points in film["points"]])
    assert np.abs(np.diff(places.astype(int), axis=0)).max() < 1000 / 3  # the picture is 1000 wide
    assert np.abs(places).max() == 500


def test_the_grid_of_the_hidden_layer_is_drawn_where_it_bends():
    """Neighbours on a line are about equally far apart in the picture, however steep the units are."""
    warped = ALL["warped"]({})
    lines = np.asarray(warped["lines"]) / np.asarray(warped["largest"])[:, None]
    lengths = np.hypot(*np.moveaxis(np.diff(lines, axis=2), 1, 0))
    assert lengths.max() < 0.15, "the picture is 2 wide; samples that are even in the plane would be up to 0.8 apart"


def test_the_pulse_of_exhibit_10_carries_the_terms_of_the_derivatives():
    """Over all examples, the terms that run along the edges add up to the derivatives."""
    terms = [ALL["formulas"]({"step": "40", "ex": str(i)})["column"] for i in (1, 200, 400)]
    parameters = trained(40)
    cache = forward(parameters, X, TANH, SIGMOID)
    g = backward(parameters, X, Y, cache, TANH, SIGMOID)
    for i, c in zip((0, 199, 399), terms, strict=True):
        assert np.array_equal(c["dW2"], g.dZ2[0, i] * cache.A1[:, i])
        assert np.array_equal(c["dW1"], np.outer(g.dZ1[:, i], X[:, i]))
        assert np.allclose(c["back"] * (1 - cache.A1[:, i] ** 2), c["dZ1"], rtol=1e-12, atol=0)  # the slope of tanh; roundings differ
