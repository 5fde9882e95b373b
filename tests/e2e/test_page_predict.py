"""Predict, then see: a question about what an exhibit shows, checked to the digits asked, never in the way."""

import pytest
from e2e_layout import layout_faults
from e2e_watched import Watched

from shoal.web.questions import ALL, NUMBERS

pytestmark = pytest.mark.slow


def question(chapter, slide, **parameters):
    return ALL[f"predict_{slide}"]({k: str(v) for k, v in parameters.items()})


def opened(chapter, slide):
    chapter.page.click(f"#slide-{slide} .predict")
    chapter.page.wait_for_selector("#predict .asks")


def answered(chapter, text):
    chapter.page.fill("#predict input", text)
    chapter.page.press("#predict input", "Enter")
    return chapter.page.get_attribute("#predict [role=status]", "data-right")


def score(chapter):
    return chapter.page.inner_text("#predict .score")


def test_a_number_is_checked_to_its_digits_and_shown_with_how_it_came(chapter):
    chapter.open(10)
    asked = question(chapter, 10)
    right = (asked["low"] + asked["high"]) / 2
    opened(chapter, 10)
    assert chapter.page.inner_text("#predict .asks") == asked["asks"]
    assert answered(chapter, "a lot") is None
    assert answered(chapter, f"{right + 0.002:.6f}") == "false"
    assert chapter.page.locator("#predict .tot").count() == 0, "a wrong answer does not show the right one"
    chapter.page.click('#predict button:text-is("Hint")')
    assert "dZ2 = A2 − Y" in chapter.page.inner_text("#predict [role=status]")
    assert answered(chapter, f"{right:.3g}".replace("-", "−").replace(".", ",")) == "true", "as it is written in print, or with a comma"
    assert float(chapter.page.get_attribute("#predict .tot .n:last-child", "data-value")) == pytest.approx(right, rel=1e-12)
    assert score(chapter) == "0 of 1 right at the first try"
    chapter.page.keyboard.press("Escape")
    chapter.page.wait_for_selector("#predict", state="hidden")


def test_another_network_is_another_question_and_the_score_stays_on_the_machine(chapter):
    chapter.open(3)
    opened(chapter, 3)
    asked = question(chapter, 3)
    assert answered(chapter, str((asked["low"] + asked["high"]) / 2)) == "true"
    assert score(chapter) == "1 of 1 right at the first try"
    chapter.page.click('#predict button:text-is("Skip")')
    chapter.page.keyboard.press("]")
    chapter.page.keyboard.press("q")
    other = question(chapter, 3, ex=358)
    chapter.page.wait_for_function("words => document.querySelector('#predict .asks')?.textContent === words", arg=other["asks"])
    chapter.page.reload()
    chapter.page.wait_for_selector("html[data-ready=yes]")
    opened(chapter, 5)
    assert score(chapter) == "1 of 1 right at the first try"
    chapter.page.click("#predict [data-answer='0']")
    assert chapter.page.get_attribute("#predict [role=status]", "data-right") == "false"
    chapter.page.click("#predict [data-answer='1']")
    assert "no other column enters it" in chapter.page.inner_text("#predict .because")
    assert score(chapter) == "1 of 2 right at the first try"
    assert chapter.left == [], "the score leaves for nowhere"


@pytest.mark.parametrize("width", [pytest.param(390, marks=pytest.mark.slow), 1440])
def test_every_exhibit_asks_and_can_be_skipped(browser, chapter_address, width):
    watched = Watched(browser, chapter_address, viewport={"width": width, "height": 844})
    watched.open(1)
    for slide in NUMBERS:
        opened(watched, slide)
        assert watched.page.inner_text("#predict .asks") == question(watched, slide)["asks"]
        assert layout_faults(watched.page, "#predict", wide=True) == []
        watched.page.click('#predict button:text-is("See")')
        watched.page.wait_for_selector("#predict .because")
        watched.page.click('#predict button:text-is("Skip")')
        watched.page.wait_for_selector("#predict", state="hidden")
    watched.close()


def test_a_lecture_asks_too(chapter):
    chapter.open(10)
    chapter.page.keyboard.press("p")
    chapter.page.wait_for_selector("#slide-10[data-lectured='1'][data-busy=no]")
    chapter.page.keyboard.press("q")
    chapter.page.wait_for_selector("#predict .asks")
    chapter.page.keyboard.press("Escape")
    chapter.page.wait_for_selector("#predict", state="hidden")
    chapter.page.wait_for_selector("#slide-10[data-lectured='1']")
