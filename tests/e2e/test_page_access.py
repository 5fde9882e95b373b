"""The page for those who see, hear or move differently: axe-core, keys, names, greyscale, forced colours, large type."""

import shutil
from pathlib import Path

import pytest
from e2e_layout import alternating, on_screen
from e2e_watched import Watched

from skips import missing

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
FOUND = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations.map(
  v => `${v.id}: ${v.nodes.map(n => n.target.join(" ")).slice(0, 5)}`)"""
SCREENS = [pytest.param(*screen, marks=[] if screen[0] == 1366 else pytest.mark.slow) for screen in alternating()]


@pytest.fixture(scope="module")
def axe():
    if not AXE.exists():
        if shutil.which("npm"):
            missing("axe-core is not installed; call npm install")
        pytest.skip("there is no npm to install axe-core with")
    return AXE.read_text(encoding="utf-8")


@pytest.mark.parametrize(("width", "theme"), SCREENS)
def test_axe_finds_nothing(browser, chapter_address, axe, width, theme):
    watched = on_screen(browser, chapter_address, width, theme)
    watched.open(1)
    watched.build_all()
    page = watched.page
    page.evaluate(axe)
    assert page.evaluate(FOUND) == []
    page.locator('#slide-10 [role="button"]').first.press("Enter")
    page.wait_for_selector("#how .tot")
    assert page.evaluate(FOUND) == [], "with a card open"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.evaluate(FOUND) == [], "with the keys open"
    watched.close()


def test_every_number_that_opens_a_card_says_which_it_is(chapter):
    chapter.open(10)
    names = chapter.page.eval_on_selector_all(
        "#slide-10 [data-how]:is(button, [role=button])", "all => all.map(e => [e.dataset.how, e.getAttribute('aria-label')])"
    )
    assert len(names) > 20
    for how, name in names:
        kind, *places = how.split("-")
        assert name.startswith(f"{kind}[{', '.join(places if kind[-2] in 'Wb' else places[:1])}] = " if places else f"{kind} = "), how


UNREACHED = """() => [...document.querySelectorAll("[data-how]")].filter(e => e.tagName !== "BUTTON").filter(e => {
  const drawing = e.ownerSVGElement;
  return e.getAttribute("role") !== "button" || !e.getAttribute("aria-label")?.includes(" = ") || drawing?.getAttribute("role") !== "group"
    || drawing.querySelectorAll('[tabindex="0"][data-how]').length !== 1;
}).map(e => `${e.closest("section, header")?.id}: ${e.dataset.how}`)"""


def test_keys_reach_every_number_that_opens_a_card(chapter):
    """Outside drawings it is a button; a drawing is one stop of Tab, and arrows go on."""
    chapter.open(0)
    chapter.build_all()
    assert chapter.page.evaluate(UNREACHED) == []
    assert chapter.page.eval_on_selector_all("svg [data-how]", "all => all.length") > 40


@pytest.mark.parametrize(("drawing", "names"), [
    ('#slide-3 svg:has([data-how="b2-1-1"])', [*(f"W2[1, {i}]" for i in (1, 2, 3, 4)), "a2", "b2[1, 1]"]),
    (".strip .net", [f"{w}" for i in (1, 2, 3, 4) for w in (f"W1[{i}, 1]", f"W1[{i}, 2]", f"W2[1, {i}]")]),
])  # fmt: skip
def test_arrows_go_from_number_to_number_in_a_drawing(chapter, drawing, names):
    chapter.open(3)
    page = chapter.page
    at = "document.activeElement.getAttribute('aria-label')"
    page.focus(f'{drawing} [data-how][tabindex="0"]')
    walked = [page.evaluate(at)]
    for _ in names[1:]:
        page.keyboard.press("ArrowRight")
        walked.append(page.evaluate(at))
    assert [name.split(" = ")[name.startswith("b2 ")] for name in walked] == names
    page.keyboard.press("ArrowDown")  # there is no next one
    assert page.evaluate(at) == walked[-1]
    page.keyboard.press("Home")
    assert page.evaluate(at) == walked[0]
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")  # back to where the drawing was left
    assert page.evaluate(at) == walked[0]
    page.keyboard.press("Enter")
    page.wait_for_selector("#how .tot")
    assert names[0] in page.inner_text("#how h3").replace(",", ", ").replace("  ", " ")
    assert page.get_attribute("html", "data-step") == "600", "the arrows stepped the training"


def test_arrows_choose_within_a_group_and_step_the_training_elsewhere(chapter):
    chapter.open(8)
    page = chapter.page
    page.focus('[data-key="8.g"][data-value="tanh"]')
    page.keyboard.press("ArrowRight")
    page.wait_for_selector('[data-key="8.g"][data-value="relu"][aria-pressed="true"]:focus')
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector('[data-key="8.g"][data-value="logistic"][aria-pressed="true"]:focus')
    page.keyboard.press("ArrowLeft")
    assert page.get_attribute("html", "data-step") == "600"
    page.focus("#show-keys")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector('html[data-step="599"]')


HUES = """() => ["pos", "neg", "paper"].map(name => {
  const probe = document.createElement("i");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const [r, g, b] = getComputedStyle(probe).color.match(/[\\d.]+/g).map(v => v / 255).map(
    v => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  probe.remove();
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
})"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_signs_and_classes_differ_in_grey(browser, chapter_address, theme):
    """By lightness, as WCAG measures contrast, and marks of class 0 by an outline; both hues are 3:1 on the paper."""
    watched = on_screen(browser, chapter_address, 1440, theme)
    watched.open(7)
    pos, neg, paper = watched.page.evaluate(HUES)
    contrast = {pair: (max(pair) + 0.05) / (min(pair) + 0.05) for pair in ((pos, neg), (pos, paper), (neg, paper))}
    assert contrast[pos, neg] > 1.9
    assert min(contrast[pos, paper], contrast[neg, paper]) > 3
    strokes = [watched.page.eval_on_selector(f"#slide-7 .pts.halo-p.c{c}", "e => getComputedStyle(e).stroke") for c in (0, 1)]
    assert strokes[0] != strokes[1]
    watched.close()


def test_forced_colours_keep_sliders_and_legends(browser, chapter_address):
    watched = on_screen(browser, chapter_address, 1440, forced_colors="active")
    watched.open(1)
    watched.build_all()
    page = watched.page
    background = "e => getComputedStyle(e).backgroundColor"
    assert page.eval_on_selector("#playground .key .below", background) != page.eval_on_selector("#playground .key .above", background)
    assert page.eval_on_selector("#playground .key .above", background) != page.eval_on_selector("body", background)
    assert page.eval_on_selector('#slide-6 input[type="range"]', "e => getComputedStyle(e).forcedColorAdjust") == "none"
    watched.close()


def test_at_200_percent_the_strip_leaves_with_the_page(browser, chapter_address):
    """1280 × 900 at 200 % is a screen of 640 × 450."""
    watched = Watched(browser, chapter_address, viewport={"width": 640, "height": 450})
    watched.open(5)
    page = watched.page
    assert page.evaluate("document.querySelector('.strip').getBoundingClientRect().bottom") < 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
    page.click('.rail a[href="#slide-10"]')
    page.wait_for_function("() => Math.abs(document.querySelector('#slide-10').getBoundingClientRect().top) < 2")
    watched.close()
