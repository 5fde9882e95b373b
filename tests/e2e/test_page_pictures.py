"""Every drawing of the page can be saved: a well-formed SVG that looks the same without the page."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SVG = "{http://www.w3.org/2000/svg}"
DRAWN = """
([slide, name]) => {
  const svg = [...document.querySelectorAll(`#slide-${slide} .stage svg[viewBox]`)].find((e) => e.getAttribute('aria-label') === name);
  return [...svg.querySelectorAll('text')].map((t) => [t.textContent, getComputedStyle(t).fill, getComputedStyle(t).fontFamily]);
}
"""


def saved(page, click):
    """The root of the file that a click gives, and its name."""
    with page.expect_download() as download:
        click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert "var(" not in text, "a colour that only the page has"
    assert "class=" not in text
    assert text.count("href=") == text.count('href="data:image/png'), "nothing outside the file"
    return ET.fromstring(text), download.value.suggested_filename


def listed(chapter, slide):
    """The buttons of the list among the exhibit's notes."""
    chapter.page.click(f"#slide-{slide} .pictures summary")
    buttons = chapter.page.locator(f"#slide-{slide} .pictures li button")
    buttons.first.wait_for()
    return buttons


@pytest.mark.parametrize(("slide", "pictures"), [(0, 3), (1, 2), (2, 3), (8, 2), (9, 3), (10, 3), (12, 2), (13, 1)])
def test_each_drawing_is_a_file_with_its_words_and_colours(chapter, slide, pictures):
    chapter.open(slide)
    buttons = listed(chapter, slide)
    assert buttons.count() == pictures
    for i in range(pictures):
        root, file = saved(chapter.page, buttons.nth(i).click)
        assert root.tag == f"{SVG}svg"
        assert file.startswith(f"slide-{slide}-")
        assert file.endswith(".svg")
        name = root.find(f"{SVG}title").text
        on_page = chapter.page.evaluate(DRAWN, [slide, name])
        kept = ["".join(t.itertext()) for t in root.iter(f"{SVG}text")]
        assert kept == [words for words, _, _ in on_page], "every word and number of the drawing"
        width, height = (float(v) for v in root.get("viewBox").split()[2:])
        assert width > 0 < height


def test_the_numbers_of_a_drawing_are_in_its_file(chapter):
    chapter.open(8, **{"8.z": -10})
    root, _ = saved(chapter.page, listed(chapter, 8).first.click)
    words = " ".join("".join(t.itertext()) for t in root.iter(f"{SVG}text"))
    assert "slope 8.245e−9" in words
    chapter.open(10)
    root, _ = saved(chapter.page, listed(chapter, 10).first.click)
    words = ["".join(t.itertext()) for t in root.iter(f"{SVG}text")]
    assert "−0.7258" in words, "dZ2 of example 357"
    assert sum("loss of example 357" in w for w in words) == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_file_looks_the_same_without_the_page(browser, chapter_address, tmp_path, theme):
    from e2e_watched import Watched

    watched = Watched(browser, chapter_address, viewport={"width": 1440, "height": 900}, color_scheme=theme)
    watched.open(9)
    page = watched.page
    look = "e => [...e.querySelectorAll('text, polyline, circle, path, line')].map((c) => { const s = getComputedStyle(c);" + (
        " return [c.tagName, s.fill, s.stroke, s.strokeWidth, s.strokeDasharray, s.fontSize, s.fontFamily, s.textAnchor].join(' '); })"
    )
    before = [page.eval_on_selector(f"#slide-9 .stage {part} svg", look) for part in (".plane", "figure:not(:has(.plane))")]
    with page.expect_download() as download:
        page.hover("#slide-9 .plane")
        page.click(".save-picture")
    plane = download.value.path()
    with page.expect_download() as download:
        page.hover("#slide-9 figure:not(:has(.plane)) svg")
        page.click(".save-picture")
    for file, looked in zip((plane, download.value.path()), before, strict=True):
        alone = tmp_path / "alone.svg"
        alone.write_bytes(Path(file).read_bytes())
        other = watched.context.new_page()
        other.goto(alone.as_uri())
        assert other.eval_on_selector("svg", look) == looked
        other.close()
    assert len(list(ET.fromstring(Path(plane).read_text(encoding="utf-8")).iter(f"{SVG}image"))) == 1, "the colours under the boundary"
    watched.close()
