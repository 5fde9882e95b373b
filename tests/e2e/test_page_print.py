"""The page on paper: every exhibit whole on a page of its own, white, without controls, and readable in grey."""

import re

import pytest
from e2e_layout import layout_faults
from e2e_watched import Watched

from shoal.web.questions import NUMBERS

pytestmark = pytest.mark.slow

A4 = {"width": 703, "height": 1039}  # what is left of 210 × 297 mm inside the margins, at 96 px an inch

CONTROLS = """
() => [...document.querySelectorAll('input, select, textarea, summary, button:not(.num), [role=button]:not(svg *), video')]
  .filter((e) => e.checkVisibility({ visibilityProperty: true }) && e.getAttribute('aria-pressed') !== 'true').map((e) => e.outerHTML)
"""
LIGHTNESS = """
() => ['pos', 'neg'].map((name) => {
  const probe = document.body.appendChild(document.createElement('i'));
  probe.style.color = `var(--${name})`;
  const linear = (s) => (s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4);
  const parts = getComputedStyle(probe).color.match(/\\d+/g).map((v) => linear(v / 255));
  probe.remove();
  return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
})
"""


@pytest.fixture(scope="module")
def handout(browser, chapter_address):
    """The page as `make handout` opens it, with all exhibits drawn."""
    watched = Watched(browser, chapter_address, viewport={"width": 1440, "height": 900}, color_scheme="dark")
    watched.page.goto(f"{chapter_address}?handout#slide-1&step=700")
    watched.page.wait_for_selector("html[data-whole=yes]", timeout=120_000)
    yield watched
    watched.close()


def test_the_pdf_has_one_page_for_every_exhibit(handout):
    pdf = handout.page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == len(NUMBERS)


def test_every_exhibit_is_whole_white_and_without_controls(handout):
    page = handout.page
    page.emulate_media(media="print")
    page.set_viewport_size(A4)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate(CONTROLS) == []
    assert not any(page.is_visible(part) for part in (".strip", ".rail", ".intro", "#playground", "footer", ".lecture-bar"))
    faults, heights = {}, {}
    for slide in NUMBERS:
        section = page.locator(f"#slide-{slide}")
        heights[slide] = section.bounding_box()["height"]
        faults[slide] = layout_faults(page, f"#slide-{slide}", wide=True)
        assert section.locator("svg[role=img], table").count() > 0, slide
        assert section.locator(".note").first.is_visible()
        assert "step 700, example 357" in section.evaluate("e => getComputedStyle(e, '::after').content")
    assert {slide: height for slide, height in heights.items() if height > A4["height"]} == {}
    assert {slide: found for slide, found in faults.items() if found} == {}
    page.emulate_media(media="no-override")


def test_sign_and_class_differ_in_grey(handout):
    """By lightness, as WCAG measures contrast, and by form: edges dashed, bars outlined, marks round or square."""
    lightness = sorted(handout.page.evaluate(LIGHTNESS))
    assert (lightness[1] + 0.05) / (lightness[0] + 0.05) > 3
    page = handout.page
    assert page.eval_on_selector("#slide-10 .edge.sn", "e => getComputedStyle(e).strokeDasharray") != "none"
    assert page.eval_on_selector("#slide-10 .edge.sp", "e => getComputedStyle(e).strokeDasharray") == "none"
    assert page.eval_on_selector("#slide-3 rect.fn", "e => getComputedStyle(e).stroke") != "none"


def test_ctrl_p_prints_when_all_is_drawn_and_gives_the_theme_back(browser, chapter_address):
    watched = Watched(browser, chapter_address, viewport={"width": 1440, "height": 900}, color_scheme="dark")
    watched.open(3)
    watched.page.evaluate(
        "() => { window.print = () => { window.printed = [document.documentElement.dataset.theme,"
        " document.querySelectorAll('.ex[data-busy=no]').length, document.querySelectorAll('.failed:not([hidden])').length]; }; }"
    )
    watched.page.keyboard.press("Control+p")
    watched.page.wait_for_function("() => window.printed", timeout=120_000)
    assert watched.page.evaluate("window.printed") == ["print", len(NUMBERS), 0]
    watched.page.wait_for_selector("html:not([data-theme])")
    assert watched.page.locator(".printing").count() == 0
    watched.close()


def test_a_print_from_the_menu_is_white_and_says_what_is_not_drawn(browser, chapter_address):
    watched = Watched(browser, chapter_address, viewport={"width": 1440, "height": 900}, color_scheme="dark")
    watched.open(1)
    page = watched.page
    page.click("#theme")
    told = "e => getComputedStyle(e, '::before').content"
    page.emulate_media(media="print")
    assert "print again" in page.eval_on_selector("#slide-12 .stage", told)
    assert page.eval_on_selector("#slide-1 .stage", told) == "none"
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.get_attribute("html", "data-theme") == "print"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.get_attribute("html", "data-theme") == "light"
    page.wait_for_selector("#slide-12[data-busy=no]", timeout=120_000)
    assert page.eval_on_selector("#slide-12 .stage", told) == "none", "the second print has it"
    page.wait_for_function("() => [...document.querySelectorAll('.ex')].every((e) => e.dataset.busy === 'no')", timeout=120_000)
    page.emulate_media(media="no-override")
    watched.close()
