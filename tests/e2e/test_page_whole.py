"""The page as a whole: links reopened, cards, keys, screens of both sizes, and the copy that needs no server."""

from itertools import pairwise

import pytest
from e2e_watched import Watched

from shoal.textbook import ACTIVATIONS, exercise_parameters, flower, forward, make_loss
from shoal.web.questions import NUMBERS, SLIDES

TANH, SIGMOID = ACTIVATIONS["tanh"], make_loss("sigmoid")
X, Y = flower()


def test_a_link_shows_what_its_sender_saw(chapter):
    chapter.open(3, step=123, ex=12, **{"3.stage": 2, "8.g": "relu"})
    chapter.page.keyboard.press("ArrowRight")
    chapter.page.click('[data-key="3.stage"][data-value="4"]')
    chapter.settle(3)
    link, seen = chapter.page.evaluate("location.hash"), chapter.number(3, "z1-2")
    assert link == "#slide-3&step=124&ex=12&3.stage=4&8.g=relu"
    chapter.page.goto("about:blank")
    chapter.page.goto(chapter.address + link)
    chapter.page.wait_for_selector("html[data-ready=yes]")
    chapter.settle(3)
    assert chapter.number(3, "z1-2") == seen
    assert chapter.page.get_attribute('[data-key="3.stage"][data-value="4"]', "aria-pressed") == "true"
    assert chapter.page.evaluate("location.hash") == link
    assert chapter.page.locator("#slide-3").bounding_box()["y"] < 200


def test_clicking_a_number_shows_how_it_came_and_it_follows_the_training(chapter):
    chapter.open(10)
    chapter.page.locator('#slide-10 .num[data-how="dW2-1-1"]').click()
    chapter.page.wait_for_selector("#how .tot")
    assert "1/m dZ2 A1" in chapter.page.inner_text("#how")
    drawn = float(chapter.page.get_attribute("#how .all code", "data-value"))
    assert drawn == chapter.cell(10, "dW2", 1, 1)
    chapter.page.keyboard.press("ArrowLeft")
    chapter.settle(10)
    chapter.page.wait_for_function("old => Number(document.querySelector('#how .all code').dataset.value) !== old", arg=drawn)
    assert float(chapter.page.get_attribute("#how .all code", "data-value")) == chapter.cell(10, "dW2", 1, 1)


def test_the_strip_keys_and_reset(chapter):
    chapter.open(1)
    for key, step in (("ArrowRight", 601), ("Shift+ArrowRight", 611), ("Home", 0), ("ArrowLeft", 0)):
        chapter.page.keyboard.press(key)
        chapter.page.wait_for_selector(f'html[data-step="{step}"]')
    parameters = exercise_parameters(4)
    from shoal.textbook import cost

    assert float(chapter.page.get_attribute('[data-name="J"]', "data-value")) == cost(forward(parameters, X, TANH, SIGMOID), Y, SIGMOID)
    chapter.page.keyboard.press("?")
    assert chapter.page.is_visible("#keys")
    chapter.page.keyboard.press("Escape")
    chapter.page.click("#reset")
    chapter.page.wait_for_selector('html[data-step="600"]')
    chapter.page.keyboard.press("]")
    chapter.page.wait_for_function("() => document.querySelector('#hand-example').textContent.trim() === '358'")


def test_hovering_a_unit_lights_its_row_everywhere(chapter):
    chapter.open(10)
    chapter.page.hover('#slide-10 [data-cell="dW1-2-1"]')
    assert chapter.page.locator('#slide-10 [data-cell="dW1-2-1"].lit').count() == 1
    assert chapter.page.locator('.edge.lit[data-h="W1-2-1"]').count() >= 2, "its edge in the strip and on the path"


@pytest.mark.parametrize(("width", "theme"), [pytest.param(1440, "dark", marks=pytest.mark.slow), (390, "light")])
def test_no_exhibit_is_wider_than_its_screen_and_each_has_code_notes_and_an_equation(browser, chapter_address, width, theme):
    watched = Watched(browser, chapter_address, viewport={"width": width, "height": 860}, color_scheme=theme)
    watched.open(1)
    titles = {number: module.TITLE for number, module in zip(NUMBERS, SLIDES, strict=True)}
    for slide in NUMBERS:
        watched.go(slide)
        assert watched.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), slide
        section = watched.page.locator(f"#slide-{slide}")
        for title in (section.locator("h2"), watched.page.locator(f'.rail a[href="#slide-{slide}"]')):
            assert title.text_content() == f"{slide}{titles[slide]}"
        assert section.locator(".incode code").count() >= 1
        assert section.locator("aside .note").count() >= 3
        assert section.locator(".head math").count() >= 1
        assert len(section.locator(".head p").inner_text().split()) <= 60
    watched.close()


def test_a_question_the_server_refuses_is_said_in_the_exhibit_and_the_page_goes_on(browser, chapter_address):
    watched = Watched(browser, chapter_address, viewport={"width": 1440, "height": 900})
    watched.page.goto(f"{chapter_address}#slide-8&8.z=99")
    line = watched.page.locator("#slide-8 > .failed")
    line.wait_for(state="visible")
    assert "z=99.0 is outside" in line.inner_text()
    watched.page.click('[data-key="8.g"][data-value="relu"]')
    watched.page.locator('input[data-key="8.z"]').fill("1")
    watched.settle(8)
    watched.heard.clear()  # the browser itself notes the refused request
    watched.close()


@pytest.mark.parametrize(
    ("width", "theme"),
    [(1440, "light"), *(pytest.param(w, "dark", marks=pytest.mark.slow) for w in (390, 600, 768, 1024, 1280, 1366, 1920))],
)
def test_nothing_jumps_when_an_exhibit_comes(browser, chapter_address, width, theme):
    """The place of every section before anything below the first screen is built, and after all of it is."""
    watched = Watched(browser, chapter_address, viewport={"width": width, "height": 900}, color_scheme=theme)
    places = "() => Object.fromEntries([...document.querySelectorAll('main > section')].map(s => [s.id, s.offsetTop]))"
    watched.page.goto(chapter_address)
    watched.page.wait_for_selector("html[data-ready=yes]")
    before = watched.page.evaluate(places)
    watched.build_all()
    after = watched.page.evaluate(places)
    grown = {a: (after[b] - after[a]) - (before[b] - before[a]) for a, b in pairwise(after)}
    assert max(map(abs, grown.values())) <= 24, grown  # a line of text, which another system's fonts may break elsewhere
    watched.close()
