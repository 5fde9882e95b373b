"""The page for those who see, hear or move differently: axe-core, keys, names, greyscale, forced colours, large type."""

import shutil
from pathlib import Path

import pytest
from e2e_layout import WIDTHS, on_screen

from skips import missing

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
FOUND = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations.map(
  v => `${v.id}: ${v.nodes.map(n => n.target.join(" ")).slice(0, 5)}`)"""
SCREENS = [
    pytest.param(width, theme, marks=[] if (width, theme) in {(1366, "light"), (390, "dark")} else pytest.mark.slow)
    for width in WIDTHS
    for theme in ("light", "dark")
]


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
