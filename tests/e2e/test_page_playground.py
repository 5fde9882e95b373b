"""The playground in a real browser: trained, stepped back, linked to, given a table of the reader's own, and asked for nonsense."""

import contextlib
import json
import re

import numpy as np
import pandas as pd
import pytest
from e2e_watched import FRAMES, Watched

from shoal.export import weights_json

READY = "#playground[data-busy=no]"


@pytest.fixture
def playground(chapter):
    return opened(chapter)


def opened(watched, state=""):
    watched.page.goto("about:blank")
    watched.page.goto(f"{watched.address}#playground{state}")
    watched.page.wait_for_selector("html[data-ready=yes]")
    watched.page.eval_on_selector("#playground", "e => e.scrollIntoView({behavior: 'instant'})")
    settled(watched)
    return watched


def settled(watched):
    watched.page.evaluate(FRAMES)
    watched.page.wait_for_selector(READY)
    watched.page.wait_for_selector("#playground .now dd")


def updates(watched):
    return int(watched.page.get_attribute("#playground", "data-t"))


def press(watched, name, until):
    watched.page.click(f"#p-{name}")
    watched.page.wait_for_selector(f'#playground[data-t="{until}"][data-busy=no]')


def train_cost(watched):
    return float(watched.page.get_attribute('#playground [data-name="p-train"]', "data-value"))


def taken(watched, form):
    """What `Take it with you` gives."""
    watched.page.click("#take")
    watched.page.click(f'[data-form="{form}"]')
    text = watched.page.inner_text(f'#taken[data-form="{form}"]')
    watched.page.keyboard.press("Escape")
    return text


def failure(watched):
    line = watched.page.locator("#playground .failed")
    line.wait_for(state="visible")
    return line.inner_text()


PLAYING = "async n => (await (await fetch('api/runs')).json()).playing === n"
GONE = "async id => (await fetch(`api/runs/${id}/how?key=J`)).status === 404"


def test_a_run_is_stepped_played_paused_and_taken_back(playground):
    costs = [train_cost(playground)]
    for t in (1, 2, 3):
        press(playground, "step", t)
        costs.append(train_cost(playground))
    for t in (2, 1, 0):
        press(playground, "back", t)
        assert train_cost(playground) == costs[t]
    playground.page.click("#p-play")
    playground.page.wait_for_function("() => Number(document.querySelector('#playground').dataset.t) > 400")
    playground.page.click("#p-play")
    playground.page.wait_for_selector("#playground[data-playing=no][data-busy=no]")
    t, cost = updates(playground), train_cost(playground)
    assert cost < 0.5
    playground.page.wait_for_timeout(120)
    assert updates(playground) == t, "paused is paused"
    press(playground, "epoch", t + 1)
    press(playground, "back", t)
    assert train_cost(playground) == cost
    made: dict = {}
    exec(taken(playground, "python"), made)
    assert made["model"].n_iter_ == t
    weights = json.loads(taken(playground, "json"))
    for name, w in made["model"].network_.merged.named().items():
        assert np.array_equal(weights[name], w), name


def test_p_on_the_playground_fills_the_screen_with_it(playground):
    page = playground.page
    before = page.evaluate("location.hash")
    page.keyboard.press("p")
    assert page.locator("main > section:visible").count() == 1
    assert not any(page.is_visible(part) for part in (".strip", ".rail", "footer", ".lecture-bar"))
    assert page.locator("#playground").bounding_box()["width"] == page.viewport_size["width"]
    press(playground, "step", 1)
    for key in ("p", "Escape"):
        page.keyboard.press(key)
        assert page.is_visible(".strip")
        assert page.evaluate("location.hash").startswith("#playground")
        page.keyboard.press("p")
        assert not page.is_visible(".strip")
    page.keyboard.press("Escape")
    assert before.startswith("#playground")
    assert page.locator("#playground").bounding_box()["y"] < 200, "the reader is where they were"


def test_a_clicked_number_shows_what_made_it(playground):
    page = playground.page
    press(playground, "step", 1)
    press(playground, "step", 2)
    weights = json.loads(taken(playground, "json"))
    for key, drawn in (("W1-2-1", weights["W1"][1][0]), ("b1-2-1", weights["b1"][1][0]), ("train", train_cost(playground))):
        page.hover('[data-unit="2"]')
        page.locator(f'#playground .num[data-how="p:{key}"]').click()
        page.wait_for_selector("#how .tot")
        assert float(page.get_attribute("#how .all code", "data-value")) == pytest.approx(drawn, rel=1e-12)
        assert page.locator("#how .sum > :first-child").count() >= 1
        page.keyboard.press("Escape")
    assert updates(playground) == 2, "looking trains nothing"


def test_settings_changed_while_it_trains_go_on_training_with_the_last_ones(playground):
    page = playground.page
    page.click("#p-play")
    page.wait_for_selector('#playground[data-playing="yes"]')
    for _ in range(3):
        page.click('[data-key="p.units"][data-by="1"]')
        page.wait_for_timeout(90)  # faster than a run starts
    for rate in ("-0.5", "-0.4", "-0.3", "-0.2"):
        page.locator('input[data-key="p.rate"]').fill(rate)
        page.wait_for_timeout(60)
    page.wait_for_function("() => document.querySelectorAll('.unit-tile').length === 7")
    page.wait_for_function("() => Number(document.querySelector('#playground').dataset.t) > 50")
    assert page.get_attribute("#p-play", "aria-label") == "pause"
    page.click("#p-play")
    page.wait_for_selector('#playground[data-playing="no"][data-busy="no"]')
    page.click('[data-key="p.units"][data-by="1"]')
    page.wait_for_function("() => document.querySelectorAll('.unit-tile').length === 8")
    settled(playground)
    assert updates(playground) == 0, "a paused run is not played by a change"
    assert page.get_attribute("#p-play", "aria-label") == "play"


def test_a_training_that_diverged_shows_nothing_false(chapter):
    opened(chapter, "&p.data=curve")
    chapter.page.click("#p-play")
    chapter.page.wait_for_selector('#playground [data-kind="diverging"]')
    chapter.page.wait_for_selector("#playground[data-playing=no]")
    assert train_cost(chapter) > 1e3
    assert chapter.page.locator('.warnings [data-kind="identical"], .warnings .none').count() == 0
    assert "↑ to" in chapter.page.inner_text("#playground .cost")
    assert "fit raises an error" in taken(chapter, "python")


@pytest.mark.slow
def test_learning_by_heart_is_warned_of(chapter):
    state = "&p.data=moons&p.points=60&p.noise=0.4&p.units=32&p.solver=adam&p.rate=0.05&p.init=auto&p.hold_out=0.5&p.t=600"
    opened(chapter, state)
    chapter.page.wait_for_selector('#playground[data-t="600"][data-playing=no]')
    words = chapter.page.inner_text('#playground [data-kind="overfitting"]')
    assert "overfitting these rows" in words
    assert "early_stopping=True" in words


@pytest.mark.slow
def test_a_link_shows_the_same_network_again(browser, chapter_address, chapter):
    opened(chapter, "&p.data=moons&p.units=6&p.solver=adam&p.rate=0.05&p.batch=32&p.networks=3&p.seed=7")
    press(chapter, "epoch", 10)
    press(chapter, "step", 11)
    link, cost = chapter.page.evaluate("location.hash"), train_cost(chapter)
    assert "p.t=11" in link
    other = Watched(browser, chapter_address, viewport={"width": 1440, "height": 900})
    opened(other, link.removeprefix("#playground"))
    other.page.wait_for_selector('#playground[data-t="11"][data-playing=no]')
    assert train_cost(other) == cost
    assert other.page.input_value('[data-key="p.solver"]') == "adam"
    assert other.page.locator(".unit-tile").count() == 6
    assert other.page.evaluate("location.hash") == link
    press(other, "epoch", 20)
    press(chapter, "epoch", 20)
    assert train_cost(other) == train_cost(chapter), "two tabs at once do not disturb one another"
    other.close()


def test_a_page_reloaded_in_mid_run_goes_on_from_there(playground):
    page = playground.page
    page.click("#p-play")
    page.wait_for_function("() => /p\\.t=[1-9]/.test(location.hash)")
    t = int(re.search(r"p\.t=(\d+)", page.evaluate("location.hash"))[1])
    assert page.get_attribute("#playground", "data-playing") == "yes"
    page.reload()
    page.wait_for_selector("html[data-ready=yes]")
    page.eval_on_selector("#playground", "e => e.scrollIntoView({behavior: 'instant'})")
    page.wait_for_function("t => Number(document.querySelector('#playground').dataset.t) >= t", arg=t)
    page.wait_for_selector("#playground[data-playing=no][data-busy=no]")


@pytest.fixture
def mine(tmp_path):
    """A table of the reader's own: numbers, a category, an empty cell, three classes."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"petal length": rng.normal(4, 1.5, 120).round(2), "petal width": rng.normal(1.2, 0.6, 120).round(2)})
    frame["colour"] = rng.choice(["red", "blue"], 120)
    frame["size"] = rng.integers(1, 9, 120).astype(float)
    frame.loc[3, "size"] = np.nan
    frame["kind"] = np.where(frame["petal length"] * frame["petal width"] > 5, "setosa", np.where(frame.colour == "red", "rosa", "alba"))
    path = tmp_path / "my table.csv"
    frame.to_csv(path, index=False)
    return path


def test_a_table_of_the_readers_own_is_trained_and_its_lines_make_the_same_weights(playground, mine):
    page = playground.page
    page.set_input_files("#own-file", mine)
    page.wait_for_selector(".own-table select")
    settled(playground)
    page.click(".own-table .columns summary")
    shown = page.inner_text(".own-table .columns table")
    assert "read as" in shown
    assert "target: classes" in shown
    for t in (3, 6, 9):
        press(playground, "epoch", t)
    page.select_option('.own-table [data-key="p.x"]', "size")
    page.wait_for_selector('[aria-label="The network\'s prediction over size and petal length"]')
    page.select_option('[data-hold="colour"]', "red")
    settled(playground)
    assert updates(playground) == 9, "looking from elsewhere trains nothing"
    made: dict = {}
    with contextlib.chdir(mine.parent):
        exec(taken(playground, "python"), made)
    theirs, ours = json.loads(weights_json(made["model"].network_)), json.loads(taken(playground, "json"))
    for name in ("W1", "b1", "W2", "b2"):
        np.testing.assert_array_equal(theirs[name], ours[name], err_msg=name)
    assert theirs["encoding"] == ours["encoding"]
    assert theirs["classes"] == ours["classes"]
    assert ours["inputs"][0] == "petal length"
    assert "[petal length]" in taken(playground, "equation")


def test_another_target_can_be_chosen_where_one_is_refused(playground, tmp_path):
    page = playground.page
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"size": rng.normal(size=40).round(2), "weight": rng.normal(size=40).round(2), "word": [f"w{i}" for i in range(40)]}
    )
    frame.to_csv(tmp_path / "words.csv", index=False)
    page.set_input_files("#own-file", tmp_path / "words.csv")
    page.wait_for_selector('.own-table [data-key="p.x"]')
    settled(playground)
    assert page.input_value('[data-key="p.target"]') == "size", "40 words are no classes"
    page.select_option('[data-key="p.target"]', "word")
    assert "40" in failure(playground)
    page.wait_for_selector(".own-table >> text=choose another target")
    assert not page.is_visible(".pg-net .net"), "nothing of the target before stands under the new address"
    page.select_option('[data-key="p.target"]', "weight")
    page.wait_for_selector('.own-table [data-key="p.x"]')
    settled(playground)
    assert page.is_hidden("#playground .failed")
    press(playground, "step", 1)
    playground.heard.clear()  # the browser itself notes the refused request


def test_files_that_are_no_table_are_named_and_the_page_goes_on(playground, tmp_path):
    wrong = {
        "picture.csv": (b"\x89PNG\r\n\0\0\0", "is an image (PNG), not a table"),
        "words.csv": (b"a,b\nred,yes\nblue,no\nred,no\n", "no column of numbers"),
        "ragged.csv": (b"a,b\n1,2\n3\n", "row 2"),
    }
    for name, (content, words) in wrong.items():
        (tmp_path / name).write_bytes(content)
        playground.page.set_input_files("#own-file", tmp_path / name)
        playground.page.wait_for_function("words => document.querySelector('#playground .failed').textContent.includes(words)", arg=words)
        assert name in failure(playground)
    with (tmp_path / "large.csv").open("wb") as large:
        large.truncate(50 * 1024 * 1024 + 1)
    playground.page.evaluate(  # a sparse file is as large as it says; the browser need not read it
        "size => { const f = new File([], 'large.csv'); Object.defineProperty(f, 'size', { value: size }); const d = new DataTransfer();"
        " const e = new DragEvent('drop', { bubbles: true }); Object.defineProperty(e, 'dataTransfer', { value: { files: [f] } });"
        " document.querySelector('.drop').dispatchEvent(e); }",
        50 * 1024 * 1024 + 1,
    )
    assert "at most 50 MB" in failure(playground)
    press(playground, "step", 1)
    playground.heard.clear()  # the browser itself notes the refused requests


def test_a_link_to_a_table_that_is_gone_says_so(chapter):
    opened_page = chapter.page
    opened_page.goto("about:blank")
    opened_page.goto(f"{chapter.address}#playground&p.data=own&p.table=0123456789abcdef")
    opened_page.wait_for_selector("html[data-ready=yes]")
    opened_page.eval_on_selector("#playground", "e => e.scrollIntoView({behavior: 'instant'})")
    assert "Drop the file again" in failure(chapter)
    opened_page.click('[data-set="xor"]')
    settled(chapter)
    press(chapter, "step", 1)
    chapter.heard.clear()


def test_a_run_that_the_server_let_go_begins_again_where_it_was(playground):
    press(playground, "epoch", 1)
    press(playground, "epoch", 2)
    cost = train_cost(playground)
    gone = {"status": 404, "json": {"error": "this run is no longer live"}}
    answers = iter([gone])  # a route that ends by itself can lose the request that comes next

    def first(route):
        answer = next(answers, None)
        route.fulfill(**answer) if answer else route.continue_()

    playground.page.route("**/api/runs/*/step", first)
    playground.page.click("#p-step")
    playground.page.wait_for_selector('#playground[data-t="2"][data-playing=no][data-busy=no]')
    assert train_cost(playground) == cost
    press(playground, "step", 3)
    playground.heard.clear()  # the browser itself notes the refused request


@pytest.fixture
def beside(browser, chapter_address):
    """Another page at the same address, which asks the server."""
    page = browser.new_page()
    page.goto(f"{chapter_address}icon.svg")
    yield page
    page.close()


def test_a_browser_that_goes_takes_its_training_with_it(browser, chapter_address, beside):
    beside.wait_for_function(PLAYING, arg=0)  # those of earlier tests have ended
    watched = Watched(browser, chapter_address, viewport={"width": 1440, "height": 900})
    opened(watched, "&p.units=16&p.solver=adam&p.rate=0.01")
    watched.page.click("#p-play")
    watched.page.wait_for_function("() => Number(document.querySelector('#playground').dataset.t) > 20")
    beside.wait_for_function(PLAYING, arg=1)
    watched.close()
    beside.wait_for_function(PLAYING, arg=0)


def test_a_page_that_is_left_frees_its_place(browser, chapter_address, beside):
    """What a page sends when it is left names its origin too."""
    watched = Watched(browser, chapter_address, viewport={"width": 1440, "height": 900})
    with watched.page.expect_response("**/api/runs") as started:
        opened(watched, "")
    run = started.value.json()["id"]
    assert not beside.evaluate(GONE, run)
    watched.page.goto("about:blank")
    beside.wait_for_function(GONE, arg=run)
    watched.close()


@pytest.mark.slow
def test_warnings_multi_class_and_regression_are_drawn(chapter):
    opened(chapter, "&p.data=blobs&p.init=zeros&p.units=3")
    assert "Units 1, 2 and 3 are the same to the last digit" in chapter.page.inner_text(".warnings")
    assert chapter.page.locator('#playground [data-kind="identical"]').count() == 1
    opened(chapter, "&p.data=curve&p.networks=4&p.init=auto&p.solver=adam&p.rate=0.03")
    press(chapter, "epoch", 1)
    assert chapter.page.locator("#playground polygon.band").count() == 1
    assert "R²" in chapter.page.inner_text(".pg-out h3")


@pytest.mark.parametrize(("width", "theme"), [(1440, "dark"), pytest.param(390, "light", marks=pytest.mark.slow)])
def test_it_fits_its_screen(browser, chapter_address, width, theme):
    watched = Watched(browser, chapter_address, viewport={"width": width, "height": 900}, color_scheme=theme)
    opened(watched, "&p.networks=5&p.units=16")
    assert watched.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if width == 1440:
        assert watched.page.evaluate("document.querySelector('#playground').getBoundingClientRect().height") <= 840
    watched.close()
