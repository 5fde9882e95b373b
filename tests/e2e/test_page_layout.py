"""The layout on every screen: no text lies on another, none is cut off, and links of the contents lead where they say."""

import numpy as np
import pandas as pd
import pytest
from e2e_layout import alternating, layout_faults, on_screen
from e2e_watched import FRAMES

from shoal.web.questions import NUMBERS

SCREENS = [pytest.param(*screen, marks=[] if screen[0] in (390, 1280) else pytest.mark.slow) for screen in alternating()]


@pytest.mark.parametrize(("width", "theme"), SCREENS)
def test_no_text_lies_on_another_and_none_is_cut_off(browser, chapter_address, width, theme):
    watched = on_screen(browser, chapter_address, width, theme)
    watched.open(1)
    faults = {"strip": layout_faults(watched.page, ".strip", wide=True)}
    for slide in NUMBERS:
        watched.go(slide)
        faults[slide] = layout_faults(watched.page, f"#slide-{slide}", wide=width >= 1024)
    watched.page.eval_on_selector("#playground", "e => e.scrollIntoView({behavior: 'instant'})")
    watched.page.wait_for_selector("#playground[data-busy=no] .now dd", timeout=60_000)
    faults["playground"] = layout_faults(watched.page, "#playground", wide=width >= 1024)
    assert watched.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert {part: found for part, found in faults.items() if found} == {}
    watched.close()


STATES = [
    (0, {"0.n": 20, "0.by": "bumps", "0.fit": "yes", "0.lines": 12}),
    (0, {"0.n": 1, "0.lines": 1, "0.curve": "step"}),
    (0, {"0.by": "yours", "0.n": 3, "0.units": "0:1:2,900:-450:-30,-2:0:0;-8"}),
    (2, {"2.n_x": 4}),
    (2, {"2.n_x": 8, "2.n_h": 8, "2.n_y": 4}),
    (3, {"3.stage": 1}),
    (3, {"step": 0}),
    (3, {"3.x1": -100, "3.x2": 100}),
    (7, {"7.step": 0}),
    (10, {"10.keepdims": "no"}),
    (11, {"11.g1": "relu"}),
    (12, {"12.scale": 100}),
]


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280, 1440])
def test_exhibits_moved_far_stay_whole(browser, chapter_address, width):
    watched = on_screen(browser, chapter_address, width)
    faults = {}
    for slide, state in STATES:
        watched.open(slide, **state)
        faults[slide, str(state)] = layout_faults(watched.page, f"#slide-{slide}", wide=width >= 1024)
    assert {part: found for part, found in faults.items() if found} == {}
    watched.close()


@pytest.mark.parametrize("width", [pytest.param(768, marks=pytest.mark.slow), 1024])
def test_links_of_the_contents_lead_where_they_say(browser, chapter_address, width):
    """Exhibits above the goal are built while it is shown, and may need more height than was reserved."""
    watched = on_screen(browser, chapter_address, width)
    watched.open(1)
    page = watched.page
    for goal in ("playground", "slide-10", "slide-13", "slide-4"):
        page.click(f'.rail a[href="#{goal}"]')
        page.wait_for_selector(f"#{goal}[data-busy=no]")
        page.wait_for_selector(f'.rail a[href="#{goal}"][aria-current]')
        page.wait_for_function(
            "id => { const {top} = document.getElementById(id).getBoundingClientRect(); return 0 < top && top < 160 }", arg=goal
        )
    watched.close()


GROW = "([id, high]) => { document.querySelector(`#${id} .stage`).style.minHeight = high }"
ABOVE = {"slide-4": "slide-3", "slide-10": "slide-9", "playground": f"slide-{NUMBERS[-1]}"}
TOP = "id => document.getElementById(id).getBoundingClientRect().top"
HERE = "id => location.hash.startsWith(`#${id}`) && document.querySelector('.rail [aria-current]').hash === `#${id}`"


@pytest.mark.parametrize("width", [pytest.param(390, marks=pytest.mark.slow), 768, pytest.param(1440, marks=pytest.mark.slow)])
@pytest.mark.parametrize("goal", ABOVE)
def test_the_readers_section_stays_while_the_layout_above_it_changes(browser, chapter_address, width, goal):
    """Wherever the reader came by a link, by a press of a button or by the wheel: only the reader changes section and address."""
    watched = on_screen(browser, chapter_address, width)
    page = watched.page
    page.goto(f"{chapter_address}#{goal}")
    page.wait_for_selector("html[data-ready=yes]")
    for act in ("link", "press", "wheel"):
        if act == "press":
            page.mouse.click(5, page.evaluate(TOP, goal) + 5)
        elif act == "wheel":
            before = page.evaluate("scrollY")
            page.mouse.wheel(0, 40)
            page.wait_for_function("before => scrollY === before + 40", arg=before)
        for selector in (f"#{goal}[data-busy=no]", f"#{ABOVE[goal]}[data-busy=no]"):
            page.wait_for_selector(selector)
        page.evaluate(FRAMES)
        stood = page.evaluate(TOP, goal)
        for high in ("2900px", "0", "5000px"):
            page.evaluate(GROW, [ABOVE[goal], high])
            page.evaluate(FRAMES)
            assert page.evaluate(TOP, goal) == pytest.approx(stood, abs=1), (act, high)  # a screen shows whole pixels
            assert page.evaluate(HERE, goal), (act, high)
    page.mouse.wheel(0, -500)
    page.wait_for_function(HERE, arg=ABOVE[goal])
    watched.close()


def test_back_returns_to_the_section_before(chapter):
    chapter.open(1)
    for goal in (10, 4):
        chapter.page.click(f'.rail a[href="#slide-{goal}"]')
        chapter.page.wait_for_function("goal => location.hash === goal", arg=f"#slide-{goal}")
        chapter.settle(goal)
    chapter.page.go_back()
    chapter.page.wait_for_selector('.rail a[href="#slide-10"][aria-current]')


def test_no_exhibit_is_marked_at_the_opening(chapter):
    chapter.open(4)
    chapter.page.wait_for_selector('.rail a[href="#slide-4"][aria-current]')
    chapter.page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
    chapter.page.wait_for_function("() => !document.querySelector('.rail [aria-current]')")


def test_a_phone_shows_both_times_of_the_slide(browser, chapter_address):
    """The longest bar has its value behind it; a picture of the wide page's width hid both beyond the screen's edge."""
    watched = on_screen(browser, chapter_address, 390)
    watched.open(13)
    watched.page.wait_for_selector("#slide-13 .bars .mono")
    ends = watched.page.eval_on_selector_all(
        "#slide-13 .bars text", "all => all.map(e => [e.getBoundingClientRect().left, e.getBoundingClientRect().right])"
    )
    assert len(ends) == 4 + 4 + 4, "names, values, every second tick"
    assert all(left >= 0 and right <= 390 for left, right in ends)
    watched.close()


def test_turning_the_surface_selects_no_text(chapter):
    chapter.open(1)
    chapter.drag("#slide-1 .surface", 150, 200)
    assert chapter.page.evaluate("String(getSelection())") == ""


def test_the_theme_is_kept(chapter):
    chapter.open(1)
    chapter.page.click("#theme")
    chapter.page.reload()
    chapter.page.wait_for_selector('html[data-ready=yes][data-theme="dark"]')


def test_tab_goes_on_into_the_next_exhibit(chapter):
    """Exhibit 7 has one control; exhibit 8 lies more than a screen below it."""
    chapter.open(7)
    page = chapter.page
    page.focus('#slide-7 input[type="range"]')
    page.wait_for_selector("#slide-8[data-busy=no] button")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("Boolean(document.activeElement.closest('#slide-8'))"):
            return
    raise AssertionError(page.evaluate("document.activeElement.outerHTML"))


@pytest.mark.parametrize("width", [390, 1024, 1440])
def test_the_page_stays_when_a_button_above_it_takes_the_focus(browser, chapter_address, width):
    watched = on_screen(browser, chapter_address, width).open(7)
    jumps = """() => [...document.querySelectorAll(".strip :is(a, button, input)")].filter(e => e.checkVisibility()).map(e => {
        const from = scrollY; e.focus(); return scrollY - from; })"""
    moved = watched.page.evaluate(jumps)
    assert len(moved) > 3
    assert set(moved) == {0}
    watched.close()


@pytest.mark.parametrize("width", [pytest.param(390, marks=pytest.mark.slow), 1280])
def test_a_table_of_the_readers_own_is_shown_whole(browser, chapter_address, width, tmp_path):
    """Long names of columns and inputs, a category to hold, and gaps, which become inputs of their own."""
    rng = np.random.default_rng(0)
    columns = {f"a column with a long name {i}": rng.normal(size=80).round(3) for i in range(6)}
    frame = pd.DataFrame(columns).assign(colour=rng.choice(["red", "blue"], 80), kind=rng.choice(["first", "second", "third"], 80))
    frame.iloc[3, :3] = np.nan
    frame.to_csv(tmp_path / "long.csv", index=False)
    watched = on_screen(browser, chapter_address, width)
    page = watched.page
    page.goto(f"{chapter_address}#playground")
    page.wait_for_selector("#playground[data-busy=no] .now dd")
    page.set_input_files("#own-file", tmp_path / "long.csv")
    page.wait_for_selector('.own-table [data-hold="colour"]')
    page.wait_for_selector("#playground[data-busy=no]")
    page.click("#p-epoch")
    page.wait_for_selector('#playground[data-busy=no]:not([data-t="0"])')
    assert layout_faults(page, "#playground", wide=width >= 1024) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    watched.close()
