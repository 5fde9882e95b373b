"""Lecturer mode: one exhibit fills the screen, a clicker takes it step by step, and the address has all of it."""

import re
from pathlib import Path

import pytest
from e2e_layout import lecture_faults
from e2e_watched import Watched

from shoal.web.questions import NUMBERS

DOCUMENTED = Path(__file__).parents[2] / "docs/chapter.md"
PROJECTORS = [
    pytest.param(width, height, theme, marks=pytest.mark.slow)
    for width, height, theme in ((1024, 768, "light"), (1280, 720, "dark"), (1366, 768, "light"), (1920, 1080, "dark"))
]


class Lecture(Watched):
    """A watched page that is led by keys."""

    def at(self, slide, step):
        """Wait until this step is drawn."""
        self.page.wait_for_selector(f'html[data-lecture="slide-{slide}"] #slide-{slide}[data-lectured="{step}"][data-busy=no]')
        return self

    def link(self, address):
        self.page.goto("about:blank")
        self.page.goto(self.address + address)
        self.page.wait_for_selector("html[data-ready=yes]")
        return self

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
        return self

    @property
    def hash(self):
        return self.page.evaluate("location.hash")

    def reached(self, address):
        """Wait until the address is this one."""
        self.page.wait_for_function("wanted => location.hash === wanted", arg=address)
        return self


@pytest.fixture
def lecture(browser, chapter_address):
    watched = Lecture(browser, chapter_address, viewport={"width": 1024, "height": 768})
    yield watched
    watched.close()


def steps_of(watched):
    """How many steps the exhibit on the screen has."""
    at = watched.page.text_content("#lecture-at")
    return int(at.rsplit(" ", 1)[1]) if at else 1


def documented():
    """The steps of each exhibit as the documentation has them."""
    rows = re.findall(r"^\| (\d+) .*\| (.*?) ?\|$", DOCUMENTED.read_text(encoding="utf-8"), re.MULTILINE)
    return dict(rows)


@pytest.mark.parametrize(("width", "height", "theme"), PROJECTORS)
def test_every_step_is_whole_and_legible(browser, chapter_address, width, height, theme):
    watched = Lecture(browser, chapter_address, viewport={"width": width, "height": height}, color_scheme=theme)
    watched.link(f"#slide-{NUMBERS[0]}&lecture=1")
    faults, walked, says = {}, [], {}
    for slide in NUMBERS:
        step, last = 1, 1
        while step <= last:
            watched.at(slide, step)
            last = steps_of(watched)
            faults[slide, step] = lecture_faults(watched.page, "body")
            walked.append((slide, step))
            says.setdefault(str(slide), []).append(watched.page.text_content("#lecture-at").split(" · ")[0])
            watched.press("PageDown")
            step += 1
    assert {part: found for part, found in faults.items() if found} == {}
    assert {slide: "; ".join(steps) for slide, steps in says.items()} == documented()
    watched.at(*walked[-1])
    assert watched.page.is_disabled("#lecture-next"), "after the last step there is none"
    watched.close()


def test_a_clicker_goes_on_and_back_through_steps_and_exhibits(lecture):
    lecture.open(3)
    shown = "() => document.querySelector('#slide-3 .stage').innerText.includes('0.2742')"
    lecture.press("p").at(3, 1)
    assert not lecture.page.is_visible(".rail")
    assert not lecture.page.is_visible("#slide-3 aside")
    assert not lecture.page.is_visible("#slide-4")
    for key, step in (("PageDown", 2), ("Space", 3), ("ArrowRight", 4), ("PageUp", 3), ("ArrowDown", 4)):
        assert not lecture.page.evaluate(shown)
        lecture.press(key).at(3, step)
    lecture.press("PageDown").at(3, 5)
    assert lecture.page.evaluate(shown), "the answer comes with its last step"
    lecture.press("PageDown").at(4, 1)
    lecture.press("ArrowLeft").at(3, 5)
    lecture.press("Shift+Space", "ArrowUp").at(3, 3)
    lecture.press("j").at(4, 1)
    lecture.press("k").at(3, 1)
    lecture.press("k", "k").at(1, 1)
    lecture.press("Escape")
    lecture.page.wait_for_selector("html:not([data-lecture])")
    assert lecture.page.is_visible(".rail")
    lecture.page.click("#lecture")
    lecture.at(1, 1)
    lecture.page.click("#lecture-next")
    lecture.at(1, 2)
    lecture.page.click("#lecture-leave")
    lecture.page.wait_for_selector("html:not([data-lecture])")


def test_a_link_has_the_step_and_back_returns_to_the_one_before(lecture):
    lecture.link("#slide-10&lecture=4").at(10, 4)
    line = "#slide-10 .large .f"
    assert lecture.page.get_attribute(line, "data-line") == "4"
    lecture.press("PageDown").at(10, 5).reached("#slide-10&lecture=5")
    lecture.press("PageDown", "PageDown").at(10, 7)
    assert "could not be broadcast" in lecture.page.inner_text("#slide-10 .trap")
    lecture.press("PageDown").at(11, 1)
    for slide, step in ((10, 7), (10, 6), (10, 5), (10, 4)):
        lecture.page.go_back()
        lecture.at(slide, step).reached(f"#slide-{slide}&lecture={step}")
    assert lecture.page.get_attribute(line, "data-line") == "4"
    lecture.press("p")
    lecture.page.wait_for_selector("html:not([data-lecture])")
    lecture.settle(10)
    lecture.reached("#slide-10")
    assert lecture.page.locator("#slide-10 .sides .f:not(.off)").count() == 5, "all lines again, two of them in one row"
    lecture.page.go_back()
    lecture.at(10, 4)


def test_what_is_set_in_a_step_is_in_its_address_and_leaves_with_it(lecture):
    lecture.link("#slide-8&lecture=2").at(8, 2)
    assert lecture.number(8, "g") == pytest.approx(-1, abs=1e-8)  # tanh(-10)
    lecture.page.click('#slide-8 [data-key="8.g"][data-value="relu"]')
    lecture.at(8, 2).reached("#slide-8&lecture=2&8.g=relu")
    lecture.press("]").reached("#slide-8&lecture=2&8.g=relu&ex=358")
    link = lecture.hash.replace("&ex=358", "&8.z=3")
    lecture.link(link).at(8, 2)
    assert lecture.number(8, "g") == 3, "a value that a link names is kept, against the step's own"
    lecture.press("PageDown").at(8, 3).reached("#slide-8&lecture=3&8.g=relu")
    assert lecture.number(8, "g") == 0, "the next step begins with its own"
    lecture.link("#slide-8&lecture=99").at(8, 4)
    lecture.link("#playground&lecture=1")
    assert lecture.page.get_attribute("html", "data-lecture") is None


def test_b_blanks_the_screen_and_the_next_key_shows_it_again(lecture):
    lecture.link("#slide-8&lecture=2").at(8, 2)
    black = "() => { const s = getComputedStyle(document.documentElement, '::after'); return s.position === 'fixed' && s.backgroundColor; }"
    assert not lecture.page.evaluate(black)
    for light in ("b", ".", "PageDown", "Escape"):
        lecture.press("b")
        assert lecture.page.evaluate(black) == "rgb(0, 0, 0)"
        lecture.press(light)
        assert not lecture.page.evaluate(black)
        lecture.at(8, 2)


def test_fields_keep_their_keys_and_controls_that_the_mouse_moved_give_them_back(lecture):
    lecture.link("#slide-3&lecture=2").at(3, 2)
    field = lecture.page.locator('input[data-key="3.x1"]')
    field.fill("0.5")
    field.press("ArrowLeft")
    field.press("p")  # a letter like others: the lecture goes on
    assert field.input_value() == "0.p5"
    field.press("Backspace")
    field.press("PageDown")
    lecture.at(3, 2)
    field.press("Enter")
    lecture.at(3, 2).reached("#slide-3&lecture=2&3.x1=0.5")
    lecture.link("#slide-6&lecture=1").at(6, 1)
    slider = lecture.page.locator('input[data-key="6.z"]')
    slider.focus()
    slider.press("ArrowRight")
    lecture.at(6, 1).reached("#slide-6&lecture=1&6.z=1.01")
    slider.click(position={"x": 5, "y": 5})
    lecture.press("PageDown").at(7, 1)
    lecture.page.click("#lecture-back")
    lecture.at(6, 1)
    lecture.page.click('[data-key="6.g1"][data-value="relu"]')
    lecture.press("Space").at(7, 1)


def test_a_card_is_closed_by_escape_before_the_lecture(lecture):
    lecture.link("#slide-3&lecture=5").at(3, 5)
    lecture.page.click('#slide-3 .out [data-how="z2"]')
    lecture.page.wait_for_selector("#how .tot")
    box = lecture.page.locator("#how").bounding_box()
    assert min(box["x"], box["y"]) >= 0
    assert box["x"] + box["width"] <= 1024
    assert box["y"] + box["height"] <= 768
    lecture.press("Escape")
    lecture.page.wait_for_selector("#how", state="hidden")
    lecture.at(3, 5)
    lecture.press("Escape")
    lecture.page.wait_for_selector("html:not([data-lecture])")


def test_a_step_can_run(browser, chapter_address):
    """With motion, which the other tests have switched off."""
    watched = Lecture(browser, chapter_address, viewport={"width": 1280, "height": 720})
    watched.page.emulate_media(reduced_motion="no-preference")
    watched.link("#slide-11&lecture=1").at(11, 1)
    assert watched.page.input_value('[data-key="11.step"]') == "0"
    watched.press("PageDown")
    watched.reached("#slide-11&lecture=2&11.step=5000").at(11, 2)
    watched.press("PageDown").at(11, 3).reached("#slide-11&lecture=3")
    watched.close()
