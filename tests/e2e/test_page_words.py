"""The page in another language: all its words, its layout, its numbers, and a script from right to left."""

import functools
import json
import re

import numpy as np
import pytest
from e2e_layout import layout_faults, on_screen
from e2e_shell import command

import page_words
from shoal.textbook import ACTIVATIONS, exercise_parameters, flower, forward, make_loss, train
from shoal.web.languages import table
from shoal.web.questions import NUMBERS

pytestmark = pytest.mark.slow

FRENCH = table("fr")

# Texts and labels in the order of the page; what is in code, in formulas or `translate=no` has no words of a language.
TEXTS = """
selector => {
  const part = document.querySelector(selector);
  const found = [];
  const alone = "script, style, code, pre, math, annotation, noscript, [translate=no], .incode";
  const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) if (!walker.currentNode.parentElement.closest(alone)) found.push(walker.currentNode.data);
  for (const e of [part, ...part.querySelectorAll("*")])
    for (const name of ["aria-label", "title", "aria-valuetext", "placeholder"]) if (e.hasAttribute(name)) found.push(e.getAttribute(name));
  return [...new Set(found.map(text => text.replace(/[^\\S\\u00a0\\u202f]+/g, " ").trim()))];
}
"""
WORD = re.compile(r"[^\W\d_]{2}")
CUT = re.compile(r"[^\w′]|_")
TRIM = " ·.,()\u00a0\u202f"


def patterns():
    """For each entry, and each part of it between elements, what the page may show of it."""
    found = set()
    for words in (words for key, words in FRENCH.items() if key):
        for text in re.split(r"<[^>]*>", words.replace("&lt;", "<")):
            if WORD.search(text):
                found.add(
                    "".join("(.*?)" if page_words.PLACE.fullmatch(p) else re.escape(p) for p in re.split(r"(\{\w+\})", text.strip(TRIM)))
                )
            pieces = page_words.PLACE.split(text)  # where an element is in a place, each piece is a text of its own
            found |= {re.escape(piece.strip(TRIM)) for piece in pieces if WORD.search(piece)}
    return [re.compile(p, re.DOTALL) for p in sorted(found)]


PATTERNS = patterns()
LONG = 12  # an entry of so many letters is not met by chance within another text


@functools.cache
def known(text):
    """Whether a text has words of an entry of the table, or no words; `name = value` names a number of the library."""
    text = text.strip(TRIM)
    if not WORD.search(text) or page_words.SAME.fullmatch(text) or re.fullmatch(r"[a-z]+(\[\d+\])? = \S+", text):
        return True
    if any(p.fullmatch(text) or (len(p.pattern) >= LONG and p.search(text)) for p in PATTERNS):
        return True
    parts = [part for part in CUT.split(text) if part]
    return len(parts) > 1 and all(map(known, parts))


def strange(page, selector):
    """Texts and labels of a part of the page with words that the table has not."""
    return [text for text in page.evaluate(TEXTS, selector) if not known(text)]


def opened(browser, address, width=1440, language="fr"):
    watched = on_screen(browser, address, width)
    watched.page.set_default_timeout(120_000)  # two exhibits train networks when they are first asked for
    watched.page.goto(f"{address}?lang={language}#slide-1")
    watched.page.wait_for_selector("html[data-ready=yes]")
    watched.go(1)
    return watched


@pytest.mark.slow
def test_every_word_of_the_page_is_french(browser, chapter_address):
    """Every exhibit with its question and its answer, every step of the lecture, and the playground."""
    watched = opened(browser, chapter_address)
    page = watched.page
    assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == ["fr", "ltr"]
    left = {part: strange(page, part) for part in ("head", ".strip", ".rail", ".intro", "footer", ".lecture-bar", "#keys")}
    for slide in NUMBERS:
        watched.go(slide)
        left[slide] = strange(page, f"#slide-{slide}")
        page.click(f"#slide-{slide} .predict")
        page.wait_for_selector("#predict .asks")
        left[slide] += strange(page, "#predict")
        page.click("#predict .all button:nth-of-type(2)")  # the answer
        page.wait_for_selector("#predict .because")
        left[slide] += strange(page, "#predict")
        page.keyboard.press("Escape")
    for key in ("J", "accuracy"):
        page.click(f'.strip [data-how="{key}"]')
        page.wait_for_selector("#how .tot")
        left[key] = strange(page, "#how")
        page.keyboard.press("Escape")
    open_playground(page)
    left["playground"] = strange(page, "#playground")
    page.click("#p-step")
    page.wait_for_selector('#playground[data-busy=no][data-t="1"]')
    for name in ("p-train", "p-score", "p-alpha"):
        page.click(f'#playground [data-name="{name}"]')
        page.wait_for_selector("#how .tot")
        left[name] = strange(page, "#how")
        page.keyboard.press("Escape")
    assert {part: texts for part, texts in left.items() if texts} == {}
    watched.close()


def open_playground(page):
    page.eval_on_selector("#playground", "e => e.scrollIntoView({behavior: 'instant'})")
    page.wait_for_selector("#playground[data-busy=no] .now dd", timeout=60_000)


@pytest.mark.slow
def test_the_steps_of_a_lecture_are_french(browser, chapter_address):
    watched = opened(browser, chapter_address)
    page = watched.page
    page.keyboard.press("p")
    left = set()
    for _ in range(80):
        page.wait_for_selector("[data-lecture] [data-lectured]")
        left |= set(strange(page, ".lecture-bar"))
        if page.locator("#lecture-next").is_disabled():
            break
        page.keyboard.press("PageDown")
    assert page.locator("#lecture-next").is_disabled(), "the last step was reached"
    assert left == set()
    watched.close()


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 768, 1024, 1280, 1366, 1440, 1920])
def test_french_has_room(browser, chapter_address, width):
    """French words are longer than English ones: no text lies on another, none is cut off, nothing scrolls sideways."""
    watched = opened(browser, chapter_address, width)
    faults = {"strip": layout_faults(watched.page, ".strip", wide=True)}
    for slide in NUMBERS:
        watched.go(slide)
        faults[slide] = layout_faults(watched.page, f"#slide-{slide}", wide=width >= 1024)
    open_playground(watched.page)
    faults["playground"] = layout_faults(watched.page, "#playground", wide=width >= 1024)
    assert watched.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert {part: found for part, found in faults.items() if found} == {}
    watched.close()


def written(text):
    """The number that a French text of the page states."""
    return float(text.replace("\u202f", "").replace(",", ".").replace("−", "-"))


def test_numbers_with_a_decimal_comma_are_those_of_the_textbook(browser, chapter_address):
    X, Y = flower()
    parameters = train(exercise_parameters(4), X, Y, ACTIVATIONS["tanh"], make_loss("sigmoid"), 1.2, 600)
    Z1 = forward(parameters, X, ACTIVATIONS["tanh"], make_loss("sigmoid")).Z1[:, 356]
    watched = opened(browser, chapter_address)
    watched.go(3)
    shown = [watched.page.locator(f'#slide-3 [data-name="z1-{i}"]').inner_text() for i in range(1, 5)]
    assert all("," in text and "." not in text for text in shown)
    np.testing.assert_allclose([written(text) for text in shown], Z1, rtol=5e-4)  # four digits are shown
    watched.close()


@pytest.mark.slow
@pytest.mark.parametrize("typed", ["0,5", "0.5", "−0,5"])
def test_fields_take_a_comma_and_a_point(browser, chapter_address, typed):
    watched = opened(browser, chapter_address)
    watched.go(3)
    watched.page.fill('input[data-key="3.x1"]', typed)
    watched.page.keyboard.press("Enter")
    watched.page.wait_for_function("value => location.hash.includes(`3.x1=${value}`)", arg=written(typed))
    watched.settle(3)
    assert watched.page.input_value('input[data-key="3.x1"]').replace("-", "−") == typed.replace(".", ",")
    watched.close()


def test_the_button_changes_the_language_and_the_browser_remembers_it(browser, chapter_address):
    watched = opened(browser, chapter_address)
    page = watched.page
    page.click("#language")
    page.wait_for_selector("html[lang=en][data-ready=yes]")
    assert "lang" not in page.evaluate("location.search")
    assert page.evaluate("location.hash") == "#slide-1"
    page.click("#language")
    page.wait_for_selector("html[lang=fr][data-ready=yes]")
    page.goto(chapter_address)
    page.wait_for_selector("html[lang=fr][data-ready=yes]")
    watched.close()


@pytest.mark.parametrize(("locale", "language"), [("fr-DZ", "fr"), ("de-DE", "en")])
def test_the_browsers_language_is_that_of_the_page_if_it_has_it(browser, chapter_address, locale, language):
    watched = on_screen(browser, chapter_address, 1440, locale=locale)
    watched.page.goto(chapter_address)
    watched.page.wait_for_selector(f"html[lang={language}][data-ready=yes]")
    watched.close()


ARABIC = {
    "": {"decimal": ".", "dir": "rtl"},
    "The network": "الشبكة",
    "cost": "الكلفة",
    "step": "خطوة",
    "example": "المثال",
    "products": "الجداءات",
    "sum": "المجموع",
    "bias": "الانحياز",
    "output": "الخرج",
    "step through": "خطوة بخطوة",
    "One example forward": "مثال إلى الأمام",
    "class {0}": "الصنف {0}",
    "Reset": "إعادة",
}

LEFT_TO_RIGHT = """
() => [...document.querySelectorAll("#slide-3 :is(.calc, .n, math, svg, table.mx), .strip .n")]
  .filter(e => getComputedStyle(e).direction !== "ltr").map(e => e.outerHTML.slice(0, 80))
"""


@pytest.mark.parametrize("width", [390, 1440])
def test_a_script_from_right_to_left(browser, chapter_address, width):
    """Words go to the left, mathematics and numbers to the right; words without an entry stay English."""
    watched = on_screen(browser, chapter_address, width)
    page = watched.page
    page.route("**/words/ar.json", lambda route: route.fulfill(body=json.dumps(ARABIC), content_type="application/json"))
    page.goto(f"{chapter_address}?lang=ar#slide-3")
    page.wait_for_selector("html[lang=ar][dir=rtl][data-ready=yes]")
    watched.go(3)
    assert "الجداءات" in page.inner_text("#slide-3")
    assert page.evaluate(LEFT_TO_RIGHT) == []
    assert layout_faults(page, "#slide-3", wide=width >= 1024) == []
    assert layout_faults(page, ".strip", wide=True) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    watched.close()


def test_a_language_that_the_page_has_not_is_named(browser, chapter_address):
    watched = on_screen(browser, chapter_address, 1440)
    watched.page.goto(f"{chapter_address}?lang=xx-YY")
    watched.page.wait_for_selector("html[lang=en][data-ready=yes]")
    assert "no words in “xx-YY”" in watched.page.inner_text("body > .failed")
    watched.heard.clear()  # the browser's own line about the table that is not there
    watched.close()


@pytest.mark.parametrize("arguments", [["--export", "copy", "--lang", "xx"], ["--no-browser", "--lang", "xx"]])
def test_the_command_line_names_a_language_that_the_page_has_not(tmp_path, arguments):
    done = command("chapter", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: lang='xx' is not a language of the page; choose one of en, fr\n"
    assert list(tmp_path.iterdir()) == [], "nothing is written"
