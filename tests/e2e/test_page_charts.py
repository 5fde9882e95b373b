"""Every chart names both of its axes, in places of their own, equations are seen whole, and every line can be seen."""

import io

import numpy as np
import pytest
from e2e_layout import WIDTHS, on_screen

from shoal.web.languages import table
from shoal.web.questions import NUMBERS

PLAYGROUND = "#playground .cost svg"
# Every picture of an exhibit with curves or bars over an axis; what is not drawn over axes is left out by name.
CHARTS = ".stage svg[viewBox]:is(.chart, .joints, :has(> polyline), :has(> rect.fp)):not(#slide-3 svg, .bars svg)"
# Of each chart: the names of its axes, x first, and what these lie on. Letters take about three fifths of their rectangle's height.
FOUND = r"""
selector => [...document.querySelectorAll(selector)].filter((svg) => svg.checkVisibility()).map((svg) => {
  const box = (e) => { const r = e.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; };
  const inner = (e) => { const [l, t, r, b] = box(e); return [l, t + 0.22 * (b - t), r, b - 0.22 * (b - t)]; };
  const apart = (a, b) => a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] || b[3] <= a[1];
  const points = (line) => {
    const to = line.getScreenCTM();
    const count = Math.ceil(line.getTotalLength());
    return Array.from({ length: count + 1 }, (_, i) => line.getPointAtLength(i).matrixTransform(to)).map((p) => [p.x, p.y, p.x, p.y]);
  };
  const places = [
    ...[...svg.querySelectorAll("text:not(.axis-name)")].map((e) => [e.textContent, inner(e)]),
    ...[...svg.querySelectorAll("circle, rect:is(.fp, .fn)")].map((e) => [e.tagName, box(e)]),
    ...[...svg.querySelectorAll("polyline[points]:not([points=''])")].flatMap((e) => points(e).map((p) => ["a curve", p])),
  ];
  const [left, top, right, bottom] = box(svg);
  const names = [".x-name", ".y-name"].map((kind) => svg.querySelector(kind));
  const faults = names.filter(Boolean).flatMap((name) => {
    const at = inner(name);
    const cut = at[0] < left - 1 || at[1] < top || at[2] > right + 1 || at[3] > bottom;
    const under = places.filter(([, place]) => !apart(at, place)).map(([what]) => what);
    return [...under, ...(cut ? ["the edge"] : [])].map((what) => `"${name.textContent}" lies on ${what}`);
  });
  const shared = svg.nextElementSibling?.matches("svg"); // the chart below it has the same axis
  const said = names.map((name, i) => name?.textContent ?? (shared && !i ? "↓" : ""));
  return { chart: svg.getAttribute("aria-label"), names: said, faults: [...new Set(faults)] };
})
"""
THEMES = ("light", "dark")


def charts(watched):
    """The charts of the whole page."""
    found = []
    for slide in NUMBERS:
        watched.go(slide)
        found += watched.page.evaluate(FOUND, f"#slide-{slide} {CHARTS}")
    watched.page.eval_on_selector("#playground", "e => e.scrollIntoView({behavior: 'instant'})")
    watched.page.wait_for_selector("#playground[data-busy=no] .now dd", timeout=60_000)
    return found + watched.page.evaluate(FOUND, PLAYGROUND)


SCREENS = [pytest.param(width, marks=[] if width == 390 else pytest.mark.slow) for width in WIDTHS]


@pytest.mark.parametrize("width", SCREENS)
@pytest.mark.parametrize("language", ["en", pytest.param("fr", marks=pytest.mark.slow)])
def test_every_chart_names_both_axes_in_places_of_their_own(browser, chapter_address, width, language):
    watched = on_screen(browser, chapter_address, width, THEMES[language == "fr"], locale=language)
    watched.open(NUMBERS[0])
    found = charts(watched)
    assert len(found) >= 16, "a curve or bars in exhibits 0, 6 to 9, 11, 12 and 14, and the playground's"
    assert {each["chart"]: each["names"] for each in found if not all(each["names"])} == {}
    assert {each["chart"]: each["faults"] for each in found if each["faults"]} == {}
    if language == "fr":
        english = {key for key, words in table("fr").items() if words != key}
        assert {name for each in found for name in each["names"]} & english == set()
    watched.close()


@pytest.mark.parametrize("width", [360, pytest.param(390, marks=pytest.mark.slow)])
def test_a_phone_shows_every_equation_whole(browser, chapter_address, width):
    watched = on_screen(browser, chapter_address, 390)
    watched.page.set_viewport_size({"width": width, "height": 800})
    watched.open(NUMBERS[0])
    scrolls = "document.querySelectorAll('.head .eq').values().filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent).toArray()"
    assert watched.page.evaluate(scrolls) == []
    watched.close()


@pytest.mark.parametrize("width", [390, 1024])
def test_a_name_and_its_function_stay_on_one_line(browser, chapter_address, width):
    watched = on_screen(browser, chapter_address, width).open(1)
    heights = """() => { const sums = document.querySelector("#slide-1 .sums"); const whole = sums.querySelector(".whole");
        sums.style.width = "1px"; return [whole.textContent, new Set([...whole.getClientRects()].map((r) => r.top)).size]; }"""
    assert watched.page.evaluate(heights) == ["a = g(z)", 1]
    watched.close()


@pytest.mark.parametrize("width", [1366, *(pytest.param(width, marks=pytest.mark.slow) for width in (1180, 1280, 1440, 1920))])
def test_the_chain_of_shapes_stands_in_one_row(browser, chapter_address, width):
    watched = on_screen(browser, chapter_address, 1440)
    watched.page.set_viewport_size({"width": width, "height": 900})
    watched.open(10)
    middles = "all => all.map(e => { const r = e.getBoundingClientRect(); return Math.round((r.top + r.bottom) / 2); })"
    rows = watched.page.eval_on_selector_all("#slide-10 .chain :is(.st, .to)", middles)
    assert len(rows) == 5
    assert max(rows) - min(rows) < 4
    watched.close()


def luminance(colour):
    """The relative luminance of colours 0 to 255, by WCAG 2."""
    c = np.asarray(colour)[..., :3] / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("theme", ["dark", pytest.param("light", marks=pytest.mark.slow)])
def test_every_kind_of_line_of_exhibit_12_can_be_seen(browser, chapter_address, theme):
    """As it is drawn, with its dashes and soft edges: 3:1 to the panel in most of what is drawn, and drawn in a third of its length."""
    image = pytest.importorskip("PIL.Image")
    watched = on_screen(browser, chapter_address, 1440, theme).open(12)
    swatches = watched.page.locator("#slide-12 .tab td svg")
    assert swatches.count() == 5
    for i in range(5):
        drawn = luminance(image.open(io.BytesIO(swatches.nth(i).screenshot())).convert("RGB"))
        panel = drawn[0, 0]
        contrast = (np.maximum(drawn, panel) + 0.05) / (np.minimum(drawn, panel) + 0.05)
        along = contrast.max(axis=0)[2:-2]
        assert np.median(along[along > 1.1]) >= 3, i
        assert np.mean(along >= 3) > 1 / 3, i
    watched.close()
