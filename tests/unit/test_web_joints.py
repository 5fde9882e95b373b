"""Exhibit 0's answers against the textbook, over curves, widths and settings; and what no reader's page would send."""

import warnings
from itertools import product

import numpy as np
import pytest

from shoal.errors import InvalidParameterError
from shoal.textbook import ACTIVATIONS, Parameters, forward, make_loss
from shoal.textbook.piecewise_linear import active_units, cut_regions, most_regions
from shoal.web.exhibits.plane_regions import SIDE, area
from shoal.web.exhibits.slide_00 import PLACES, WIDTHS, fitted, target
from shoal.web.question import as_json
from shoal.web.questions import ALL

RELU, SQUARED = ACTIVATIONS["relu"], make_loss("squared_error")
CURVES = ("wave", "hill", "step", "valley")
FLAT = ",".join(["0"] * 41)


def ask(name, **given):
    return ALL[name]({key: str(value) for key, value in given.items()})


def shown(answer):
    w, b, v = (np.array([unit[key] for unit in answer["units"]]) for key in ("w", "b", "v"))
    return Parameters(w[:, None], b[:, None], v[None, :], np.array([[answer["b2"]]]))


def value(points, x):
    return np.interp(x, *np.array(points).T)


@pytest.mark.parametrize(("curve", "by", "n"), list(product(CURVES, ("yours", "pair", "bump", "bumps"), (1, 2, 5, 20))))
def test_the_sum_is_the_forward_pass_of_its_units_and_the_error_is_its_own(curve, by, n):
    answer = ask("relu_sum", curve=curve, by=by, n=n)
    network = shown(answer)
    assert len(answer["units"]) == {"pair": 2, "bump": 3}.get(by, n)
    A2 = forward(network, PLACES[None, :], RELU, SQUARED).A2[0]
    np.testing.assert_allclose(value(answer["sum"], PLACES), A2, rtol=0, atol=1e-12)
    lines = sum(value(unit["line"], PLACES) for unit in answer["units"])
    np.testing.assert_allclose(lines + answer["b2"], A2, rtol=0, atol=1e-12)  # sums of 20 numbers of size 10
    assert answer["error"] == pytest.approx(np.mean((A2 - target(curve, ())) ** 2), rel=1e-12)
    assert answer["cards"]["error"]["totals"][-1]["value"] == answer["error"]
    assert answer["worst"]["by"] == pytest.approx(np.max(np.abs(A2 - target(curve, ()))), rel=1e-12)
    middles = (answer["ends"][:-1] + answer["ends"][1:]) / 2
    np.testing.assert_array_equal(answer["active"].T, active_units(network.W1, network.b1, middles[None, :]))
    for p, slope in enumerate(answer["slopes"]):
        assert sum(np.prod(t["factors"]) for t in answer["cards"][f"slope-{p + 1}"]["terms"]) == pytest.approx(slope, abs=1e-12)
    if by == "bumps":
        hats = sum(value(shape, PLACES) for shape in answer["shapes"])
        np.testing.assert_allclose(hats, A2, rtol=0, atol=1e-12)


def test_units_set_by_hand_are_completed_or_cut_and_more_units_leave_the_first_where_they_are():
    text = "1.5:0.9:0.7,-1:0.2:-0.4;0.1"
    one, two, four = (ask("relu_sum", units=text, n=n)["units"] for n in (1, 2, 4))
    assert [[u["w"], u["b"], u["v"]] for u in two] == [[1.5, 0.9, 0.7], [-1, 0.2, -0.4]]
    assert one == two[:1] == four[:1]
    begun = [ask("relu_sum", n=n)["units"] for n in (2, 4, 20)]
    assert four[2:] == begun[1][2:]
    assert begun[0] == begun[2][:2]
    assert ask("relu_sum", units=text, n=2)["b2"] == 0.1


def test_a_drawn_curve_is_reached_exactly_by_units_at_its_places():
    heights = [round(900 * np.sin(k)) for k in range(21)]
    drawn = ",".join(str(round(v)) for v in np.interp(np.arange(41) / 2, np.arange(21), heights))
    answer = ask("relu_sum", curve="own", drawn=drawn, by="bumps", n=20)
    assert answer["error"] < 1e-6, "41 places are whole thousandths"
    assert ask("relu_sum", curve="own", drawn=FLAT, by="bumps", n=3)["error"] == 0


@pytest.mark.parametrize("curve", CURVES)
def test_the_librarys_fit_has_as_many_units_and_is_better_than_equal_steps(curve):
    for n in (2, 5):
        answer = ask("relu_fit", curve=curve, n=n)
        network = fitted(curve, (), n)
        assert network.W1.shape == (n, 1)
        A2 = forward(network, PLACES[None, :], RELU, SQUARED).A2[0]
        assert answer["error"] == pytest.approx(np.mean((A2 - target(curve, ())) ** 2), rel=1e-9, abs=1e-18)
        assert answer["error"] <= ask("relu_sum", curve=curve, by="bumps", n=n)["error"] + 1e-18
        np.testing.assert_allclose(value(answer["sum"], PLACES), A2, rtol=0, atol=1e-9)  # steep segments of the step have slopes near 1000


def test_errors_against_widths_are_those_of_the_sums_and_fits():
    answer = ask("relu_widths", curve="valley", fit="yes")
    assert len(answer["equal"]) == 20
    for n in (1, 7, 20):
        assert answer["equal"][n - 1] == ask("relu_sum", curve="valley", by="bumps", n=n)["error"]
    assert tuple(answer["widths"]) == WIDTHS
    assert answer["fits"][1] == ask("relu_fit", curve="valley", n=2)["error"]
    assert ask("relu_widths")["fits"] == []


@pytest.mark.parametrize(("how", "seed"), list(product(("all directions", "parallel", "one point"), (0, 3))))
@pytest.mark.parametrize("n", [1, 2, 5, 12])
def test_regions_fill_the_square_each_with_a_pattern_of_its_own(n, how, seed):
    answer = ask("arrangement", lines=n, how=how, seed=seed)
    wanted = {"all directions": most_regions(n), "parallel": n + 1, "one point": 2 * n}[how]
    assert answer["count"] == 1 + sum(cut_regions(answer["W1"], answer["b1"][:, None])) == wanted
    assert answer["card"]["totals"][-1]["value"] == sum(t["factors"][0] for t in answer["card"]["terms"]) == wanted
    regions = answer["regions"]
    assert sum(area(r["corners"]) for r in regions) == pytest.approx((2 * SIDE) ** 2, rel=1e-3)  # corners have four digits
    patterns = {tuple(r["active"]) for r in regions}
    assert len(patterns) == len(regions) <= wanted
    ticks = np.linspace(-SIDE, SIDE, 201)
    grid = np.stack(np.meshgrid(ticks, ticks)).reshape(2, -1)
    met = {tuple(column) for column in active_units(answer["W1"], answer["b1"][:, None], grid + 1e-6).T.astype(int)}
    assert met <= patterns


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("relu_sum", {"drawn": "1,2"}, "is no drawn curve: 41 whole numbers"),
        ("relu_sum", {"drawn": ",".join(["3000"] * 41)}, "is no drawn curve"),
        ("relu_sum", {"drawn": "x"}, "is no drawn curve"),
        ("relu_sum", {"units": "1:2"}, "are no units; the form is w:b:v"),
        ("relu_sum", {"units": "1:2:3,4:5;0"}, "are no units"),
        ("relu_sum", {"units": "nan:2:3;0"}, "within ±1000"),
        ("relu_sum", {"units": "1:2:3;inf"}, "within ±1000"),
        ("relu_sum", {"units": ",".join(["1:1:1"] * 21) + ";0"}, "at most 20 units"),
        ("relu_sum", {"n": "21"}, "n=21 is outside 1 to 20"),
        ("relu_fit", {"curve": "circle"}, "choose one of wave, hill"),
        ("arrangement", {"lines": "0"}, "lines=0 is outside 1 to 12"),
    ],
)
def test_what_the_page_would_not_send_is_refused_by_name(name, given, words):
    with pytest.raises(InvalidParameterError, match=words):
        ask(name, **given)


@pytest.mark.parametrize("units", ["0:1:1;0", "1:1:1,1:1:1;0", "1e-300:1:1000;0", "1000:-999.999:1000,-1000:999.999:-1000;-1000"])
def test_extreme_units_are_answered(units):
    answer = ask("relu_sum", units=units, n=len(units.split(",")))
    assert b"null" not in as_json({k: v for k, v in answer.items() if k != "units"})


def test_few_steps_are_on_purpose_and_warn_nobody():
    """`shoal chapter --export` printed advice on `max_iter`, which who reads the page cannot set."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted.__wrapped__("step", (), 12)
