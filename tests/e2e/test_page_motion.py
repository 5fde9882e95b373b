"""What moves on the page: it ends where the numbers of the page are, can be paused, and is still for readers who ask for less motion."""

import re

import pytest
from e2e_layout import on_screen

pytestmark = pytest.mark.slow

FIRST = "#first-picture figcaption"
HEIGHT = "() => document.querySelector('.intro').getBoundingClientRect().height"
AT_LAST = f"() => document.querySelector('{FIRST}').textContent.replace(/\\D/g, '').startsWith('10000')"


def moving(browser, address):
    """A page of a reader who has not asked for less motion, with its clock in the test's hands."""
    page = browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="no-preference")
    page.clock.install()
    page.goto(address)
    page.wait_for_selector("html[data-ready=yes]")
    return page


@pytest.mark.parametrize("width", [1440, pytest.param(390, marks=pytest.mark.slow)])
def test_the_page_opens_on_the_last_step_for_readers_who_ask_for_less_motion(browser, chapter_address, width):
    watched = on_screen(browser, chapter_address, width)
    page = watched.page
    page.goto(chapter_address)
    page.wait_for_selector("html[data-ready=yes]")
    before = page.evaluate(HEIGHT)
    page.wait_for_function(AT_LAST, timeout=90_000)
    found = re.search(r"step 10\u202f000: (\d+) of 400 right", page.inner_text(FIRST))
    assert abs(int(found[1]) - 362) <= 4, "10,000 steps let the rounding of another BLAS grow to a few examples"
    assert not page.locator(f"{FIRST} button").is_visible(), "there is nothing to pause"
    assert page.evaluate(HEIGHT) == before, "its place is reserved"
    watched.close()


def test_the_flower_is_learned_as_the_page_opens_and_the_film_can_be_paused(browser, chapter_address):
    page = moving(browser, chapter_address)
    button = page.locator(f"{FIRST} button")
    page.wait_for_selector(f"{FIRST} button[aria-pressed=true]", timeout=90_000)
    seen = []
    for _ in range(3):
        page.clock.run_for(800)
        seen.append(int(re.search(r"step (\d+)", page.inner_text(FIRST))[1]))
    assert seen == sorted(set(seen)), "later steps come later"
    button.click()
    held = page.inner_text(FIRST)
    page.clock.run_for(2000)
    assert page.inner_text(FIRST) == held
    assert button.get_attribute("aria-label") == "play"
    page.close()
