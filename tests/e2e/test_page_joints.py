"""Exhibit 0 moved as a reader moves it: joints and ends by mouse and keys, a curve drawn, the fit, the regions."""

import numpy as np
import pytest

from shoal.textbook import ACTIVATIONS, Parameters, forward, make_loss
from shoal.textbook.piecewise_linear import joints, linear_segments
from shoal.web.exhibits.slide_00 import PLACES, beginning, fitted, target
from shoal.web.questions import ALL

pytestmark = pytest.mark.slow

RELU, SQUARED = ACTIVATIONS["relu"], make_loss("squared_error")


def error(network, curve="wave"):
    return np.mean((forward(network, PLACES[None, :], RELU, SQUARED).A2[0] - target(curve, ())) ** 2)


def state(chapter):
    return chapter.page.evaluate(
        "Object.fromEntries(location.hash.slice(1).split('&').slice(1).map((p) => p.split('=').map(decodeURIComponent)))"
    )


def by_hand(chapter):
    """The network that the address has."""
    units, b2 = state(chapter)["0.units"].split(";")
    w, b, v = np.array([[float(n) for n in unit.split(":")] for unit in units.split(",")]).T
    return Parameters(w[:, None], b[:, None], v[None, :], np.array([[float(b2)]]))


def drag(chapter, handle, across, down):
    chapter.drag(f'#slide-0 [data-handle="{handle}"]', across, down)
    chapter.settle(0)


def test_the_numbers_are_those_of_the_textbook(chapter):
    chapter.open(0)
    network = beginning(4)
    segments = linear_segments(network, -1.0, 1.0)
    assert chapter.number(0, "error") == pytest.approx(error(network), rel=1e-14)
    assert chapter.number(0, "joint") == joints(network.W1, network.b1)[0, 0]
    assert chapter.number(0, "segments") == segments.slopes.size
    for p, slope in enumerate(segments.slopes[0]):
        assert chapter.number(0, f"slope-{p + 1}") == slope
    chapter.page.click('#slide-0 [data-name="slope-3"]')
    chapter.page.wait_for_selector("#how .tot")
    assert float(chapter.page.get_attribute("#how .all code", "data-value")) == segments.slopes[0, 2]
    assert "v1 · w1" in chapter.page.inner_text("#how")


def test_a_joint_and_the_end_of_a_line_are_dragged(chapter):
    chapter.open(0)
    before = beginning(4)
    drag(chapter, "joint-1", 60, 30)
    after = by_hand(chapter)
    assert after.W1.tolist() == before.W1.tolist(), "the slope stays"
    assert joints(after.W1, after.b1)[1, 0] > joints(before.W1, before.b1)[1, 0] + 0.1
    assert np.delete(after.b1, 1).tolist() == np.delete(before.b1, 1).tolist(), "the other units stay"
    assert chapter.number(0, "error") == pytest.approx(error(after), rel=1e-14)
    assert state(chapter)["0.u"] == "2"
    drag(chapter, "end-0", 0, 40)
    lower = by_hand(chapter)
    assert lower.W2[0, 0] < after.W2[0, 0]
    assert lower.b1.tolist() == after.b1.tolist()
    assert chapter.number(0, "error") == pytest.approx(error(lower), rel=1e-14)


def test_keys_move_a_joint_and_keep_it(chapter):
    chapter.open(0)
    handle = chapter.page.locator('#slide-0 [data-handle="joint-0"]')
    at = [float(handle.get_attribute("aria-valuenow"))]
    for key in ("ArrowRight", "Shift+ArrowRight", "ArrowLeft"):
        handle.press(key)
        chapter.settle(0)
        at.append(float(handle.get_attribute("aria-valuenow")))
    assert np.diff(at) == pytest.approx([0.02, 0.1, -0.02], abs=0.006)  # joints are set to hundredths
    assert handle.evaluate("e => e === document.activeElement")
    assert chapter.page.get_attribute("html", "data-step") == "600", "the arrows did not step the training"
    end = chapter.page.locator('#slide-0 [data-handle="end-0"]')
    before = float(end.get_attribute("aria-valuenow"))
    end.press("ArrowDown")
    chapter.settle(0)
    assert float(end.get_attribute("aria-valuenow")) < before


def test_numbers_are_typed_and_a_unit_turns_round(chapter):
    chapter.open(0)
    chapter.page.fill('#slide-0 [data-field="b"]', "0.3")
    chapter.page.keyboard.press("Tab")
    chapter.settle(0)
    assert chapter.number(0, "joint") == -0.3 / 1.5
    chapter.page.click("#slide-0 >> text=Turn round")
    chapter.settle(0)
    assert by_hand(chapter).W1[0, 0] == -1.5
    assert chapter.number(0, "joint") == -0.3 / 1.5


def test_a_curve_is_drawn_and_bumps_reach_it(chapter):
    chapter.open(0, **{"0.by": "bumps", "0.n": 20})
    box = chapter.page.locator("#slide-0 .joints .frame-r").bounding_box()
    chapter.page.mouse.move(box["x"] + 4, box["y"] + 40)
    chapter.page.mouse.down()
    for part in (0.25, 0.5, 0.75, 0.99):
        chapter.page.mouse.move(box["x"] + part * box["width"], box["y"] + 40 + 30 * part, steps=3)
    chapter.page.mouse.up()
    chapter.settle(0)
    now = state(chapter)
    heights = [int(v) for v in now["0.drawn"].split(",")]
    assert now["0.curve"] == "own"
    assert len(heights) == 41
    drawn = np.diff(heights[2:39])
    assert np.all(drawn < 0), "the stroke falls from left to right"
    assert chapter.number(0, "error") == pytest.approx(
        ALL["relu_sum"]({"curve": "own", "drawn": now["0.drawn"], "by": "bumps", "n": "20"})["error"], rel=1e-14
    )
    assert chapter.number(0, "error") < 0.01


def test_the_librarys_fit_stands_beside_the_readers(chapter):
    chapter.open(0)
    chapter.page.locator('#slide-0 [data-key="0.fit"]').check()
    chapter.settle(0)
    fit = fitted("wave", (), 4)
    assert chapter.number(0, "fit-error") == pytest.approx(error(fit), rel=1e-12)
    inside = np.abs(joints(fit.W1, fit.b1)) < 1
    assert chapter.page.locator("#slide-0 .joints .fit-joint").count() == np.sum(inside)
    assert "seed 2" in chapter.page.inner_text("#slide-0 .fit-words")


def test_a_pair_and_a_bump_have_two_and_three_units_and_more_are_the_readers_own(chapter):
    chapter.open(0)
    for name, n in (("pair", 2), ("bump", 3)):
        chapter.page.click(f'#slide-0 [data-key="0.by"][data-value="{name}"]')
        chapter.settle(0)
        assert chapter.page.locator('#slide-0 .joints [data-handle^="end-"]').count() == n
        assert state(chapter)["0.n"] == str(n)
    chapter.page.click('#slide-0 [data-key="0.n"][data-by="1"]')
    chapter.settle(0)
    assert state(chapter).get("0.by", "yours") == "yours"
    assert chapter.page.locator('#slide-0 .joints [data-handle^="end-"]').count() == 4


def test_lines_are_counted_beside_the_formula(chapter):
    chapter.open(0, **{"0.lines": 5})
    assert (chapter.number(0, "regions"), chapter.number(0, "most-regions")) == (16, 16)
    for how, count in (("parallel", 6), ("one point", 10)):
        chapter.page.click(f'#slide-0 [data-key="0.how"][data-value="{how}"]')
        chapter.settle(0)
        assert (chapter.number(0, "regions"), chapter.number(0, "most-regions")) == (count, 16)
        assert chapter.page.locator("#slide-0 .region").count() == count
    chapter.page.click('#slide-0 [data-name="regions"]')
    chapter.page.wait_for_selector("#how .tot")
    assert float(chapter.page.get_attribute("#how .all code", "data-value")) == 10
