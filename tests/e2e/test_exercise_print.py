"""Sheets of exercises in Chromium: on paper nothing is cut, no question is torn, and on a phone nothing needs scrolling sideways."""

import re

import pytest
from e2e_layout import layout_faults

from shoal.web import write_exercises

PAPER = {"width": 672, "height": 1009}  # what is left of A4 inside the margins, at 96 px an inch


@pytest.fixture(scope="module")
def sheets(tmp_path_factory):
    """Three sheets and their solutions."""
    return write_exercises(tmp_path_factory.mktemp("sheets") / "sheet.html", seed=3, sheets=3)


@pytest.mark.parametrize("solved", [False, True], ids=["exercises", "solutions"])
def test_a_sheet_on_paper_and_on_a_phone(browser, sheets, solved):
    page = browser.new_page(viewport=PAPER)
    fetched = []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(sheets[solved].as_uri())
    page.emulate_media(media="print")
    assert layout_faults(page, "body", wide=True) == []
    tallest = page.evaluate("Math.max(...[...document.querySelectorAll('.part, .network')].map((e) => e.offsetHeight))")
    assert tallest < PAPER["height"] / 2, "a part that is kept whole leaves little of a page empty"
    room = page.evaluate("[...document.querySelectorAll('.room i')].map((e) => e.offsetHeight)")
    assert all(height > 25 for height in room), "a line is high enough to write on"
    pages = len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True)))
    assert 3 * 3 <= pages <= 3 * 5, "each sheet begins on a page of its own"
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 390, "height": 844})
    assert layout_faults(page, "body", wide=True) == []
    assert fetched == [sheets[solved].as_uri()]
    page.close()
