"""The copy without a server: opened from a file, its recorded runs replayed, and what it cannot do said in words."""

import json

import pytest
from e2e_watched import Watched

from shoal.textbook import ACTIVATIONS, exercise_parameters, flower, forward, make_loss, train
from shoal.web.playground import recording
from shoal.web.playground.recording import moments, recordings
from shoal.web.questions import ALL, NUMBERS
from shoal.web.samples import SAMPLES
from shoal.web.static_copy import inlined, table

MOST = 6
RUNS = {name: (settings, min(last, 60)) for name, (settings, last) in recording.RUNS.items()}  # as they are, but shorter
LASTING = {
    "race",
    "small",
    "compare",
    "many",
    "many_at",
    "many_over",
    "how_many",
    "predict_14",
}  # seconds each, so that one answer is recorded, and two of the others


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """The copy as a file, with few recorded moments."""
    file = tmp_path_factory.mktemp("copy") / "index.html"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recording, "RUNS", RUNS)
        answers = {name: table(question, 1 if name in LASTING else 2) for name, question in ALL.items()}
        file.write_text(inlined(answers, recordings(MOST)), encoding="utf-8")
    return file.as_uri()


@pytest.fixture
def copy(browser, copied):
    watched = Watched(browser, copied, viewport={"width": 1440, "height": 900})
    yield watched
    watched.close()


def opened(watched, state=""):
    watched.page.goto("about:blank")
    watched.page.goto(f"{watched.address}#playground{state}")
    watched.page.wait_for_selector("html[data-ready=yes]")
    watched.page.eval_on_selector("#playground", "e => e.scrollIntoView({behavior: 'instant'})")
    watched.page.wait_for_selector("#playground[data-busy=no] .now dd")
    return watched


def at(watched, t):
    watched.page.wait_for_selector(f'#playground[data-t="{t}"][data-playing=no][data-busy=no]')
    return float(watched.page.get_attribute('#playground [data-name="p-train"]', "data-value"))


def trained(name, t):
    """The cost of the library's own run with the settings that the copy shows."""
    from shoal.web.playground.live import Runs

    run = Runs().start({"data": name, **RUNS[name][0]})
    while run.training.t < t:
        run.training.advance(t - run.training.t)
    return run.training.judge().train


@pytest.mark.slow
def test_a_run_is_stepped_slid_played_and_paused_without_a_server(copy):
    page, places = opened(copy).page, moments(RUNS["flower"][1], MOST)
    costs = {0: at(copy, 0)}
    for t in places[1:3]:
        page.click("#p-step")
        costs[t] = at(copy, t)
        assert costs[t] == pytest.approx(trained("flower", t), rel=1e-12)
    page.click("#p-back")
    assert at(copy, places[1]) == costs[places[1]]
    page.fill("#p-moment", "3")
    assert at(copy, places[3]) == pytest.approx(trained("flower", places[3]), rel=1e-12)
    page.click("#p-reset")
    assert at(copy, 0) == costs[0]
    page.click("#p-play")
    page.wait_for_function("() => Number(document.querySelector('#playground').dataset.t) > 0")
    page.click("#p-play")
    page.wait_for_selector("#playground[data-playing=no][data-busy=no]")
    stood = page.get_attribute("#playground", "data-t")
    page.wait_for_timeout(250)
    assert page.get_attribute("#playground", "data-t") == stood, "paused is paused"
    if stood != str(places[-1]):
        page.click("#p-play")
    assert at(copy, places[-1]) < costs[0], "it plays to its end and rests there"


def test_what_was_not_recorded_is_grey_and_says_why(copy):
    page = opened(copy).page
    for control in (
        '[data-key="p.rate"]',
        '[data-key="p.solver"]',
        '[data-key="p.units"]',
        "#own-file",
        "#p-epoch",
        '[data-key="p.noise"]',
    ):
        element = page.locator(f"#playground {control}").first
        assert element.is_disabled(), control
        assert "shoal chapter" in element.get_attribute("title"), control
    assert "A recorded run" in page.inner_text(".recorded-note")
    opened(copy, "&p.data=own&p.table=0123456789abcdef")
    assert "your table needs the live page" in page.inner_text("#playground .failed")
    assert page.locator(".unit-tile").count() == 4, "it shows the flower instead"


def test_every_set_has_its_run_and_a_link_opens_it_at_its_moment(copy):
    assert set(RUNS) == set(SAMPLES)
    page = opened(copy).page
    for name in RUNS:
        page.click(f'[data-set="{name}"]')
        page.wait_for_selector(f'#playground [data-set="{name}"][aria-pressed="true"]')
        at(copy, 0)
        assert page.locator(".unit-tile").count() == int(RUNS[name][0].get("units", 4))
        assert page.input_value('[data-key="p.solver"]') == RUNS[name][0].get("solver", "descent")
    page.click('[data-set="moons"]')
    at(copy, 0)
    for _ in range(MOST - 1):
        page.click("#p-step")
    last = RUNS["moons"][1]
    cost, link = at(copy, last), page.evaluate("location.hash")
    assert f"p.t={last}" in link
    opened(copy, link.removeprefix("#playground"))
    assert at(copy, last) == cost


def test_its_numbers_say_how_they_came_and_it_can_be_taken_along(copy):
    page = opened(copy).page
    page.click("#p-step")
    cost = at(copy, 1)
    page.click('#playground [data-name="p-train"]')
    page.wait_for_selector("#how .tot")
    assert float(page.get_attribute("#how .all code", "data-value")) == pytest.approx(cost, rel=1e-12)
    page.keyboard.press("Escape")
    assert page.locator(".unit-line .num[data-how]").count() == 0, "weights were recorded without their cards"
    page.click("#take")
    page.click('[data-form="json"]')
    assert len(json.loads(page.inner_text("#taken"))["W1"]) == 4


def test_every_exhibit_opens_from_the_file_and_moves(copy):
    X, Y = flower()
    g1, g2, start = ACTIVATIONS["tanh"], make_loss("sigmoid"), exercise_parameters(4)
    copy.open(3)
    cache = forward(train(start, X, Y, g1, g2, 1.2, 600), X, g1, g2)
    assert copy.number(3, "a2") == pytest.approx(cache.A2[0, 356], rel=1e-14)
    copy.page.keyboard.press("ArrowLeft")
    copy.page.wait_for_selector('html[data-step="0"]')
    copy.settle(3)
    assert copy.number(3, "a2") == pytest.approx(forward(start, X[:, [356]], g1, g2).A2[0, 0], rel=1e-14)
    for slide in NUMBERS:
        copy.page.eval_on_selector(f"#slide-{slide}", "e => e.scrollIntoView({behavior: 'instant'})")
        copy.settle(slide)


def test_a_lecture_is_given_from_the_file(copy):
    page = copy.open(3).page
    for key, at in (("p", (3, 1)), ("PageDown", (3, 2)), ("j", (4, 1)), ("PageUp", (3, 5))):
        page.keyboard.press(key)
        page.wait_for_selector(f'html[data-lecture="slide-{at[0]}"] #slide-{at[0]}[data-lectured="{at[1]}"][data-busy=no]')
    assert page.evaluate("location.hash") == "#slide-3&lecture=5"
    last = f"#slide-{NUMBERS[-1]}[data-lectured][data-busy=no]"
    for _ in range(60):
        page.keyboard.press("PageDown")
    page.wait_for_selector(f"html:has(#lecture-next[disabled]) {last}")
    assert page.locator("section > .failed:not([hidden])").count() == 0
    page.keyboard.press("Escape")
    page.wait_for_selector("html:not([data-lecture])")


def test_a_question_is_asked_and_checked_in_the_copy(copy):
    page = copy.open(10).page
    page.keyboard.press("q")
    page.wait_for_selector("#predict .asks")
    for said, right in (("0.5", "false"), ("-0.726", "true")):
        page.fill("#predict input", said)
        page.press("#predict input", "Enter")
        assert page.get_attribute("#predict [role=status]", "data-right") == right
    assert page.locator("#predict .tot").count() == 1


def test_the_copy_takes_nothing_that_it_cannot_compute(copy):
    page = copy.open(3).page
    assert page.locator('input[data-key="3.x1"]').is_disabled()
    copy.open(8)
    before = copy.number(8, "g")
    page.click("#slide-8 >> text=take z from unit 1")
    copy.settle(8)
    assert copy.number(8, "g") == before, "z is already that of unit 1"


def test_keys_go_to_the_next_recorded_value(copy):
    page = copy.open(1).page
    slider = page.locator('input[data-key="1.w1"]')
    shown = page.locator('label:has([data-key="1.w1"]) output')
    before = [shown.inner_text()]
    for key in ("ArrowLeft", "ArrowRight", "ArrowRight"):
        slider.press(key)
        copy.settle(1)
        before.append(shown.inner_text())
    assert len(set(before)) == 2, "two values are recorded in this copy"
    assert before[1] != before[2]
    slider.fill("0.37")
    copy.settle(1)
    assert shown.inner_text() in before
    assert float(slider.input_value()) == pytest.approx(float(shown.inner_text().replace("−", "-")), abs=1e-3), (
        "its thumb is where the value is"
    )


@pytest.mark.parametrize("state", [{"edits": "600:W1-4-2=0.5"}, {"step": 123}, {"3.x1": 3}])
def test_a_link_to_what_was_not_recorded_says_that_the_nearest_is_shown(copy, state):
    plain = copy.open(3)
    assert plain.page.is_hidden("#copy-nearest")
    shown = copy.open(3, **state)
    assert "not recorded" in shown.page.inner_text("#copy-nearest")
    key, value = next(iter(state.items()))
    assert f"{key}={value}" not in shown.page.evaluate("decodeURIComponent(location.hash)"), "the address is that of what is shown"


def test_controls_that_were_not_recorded_do_not_show_their_native_insides(copy):
    page = opened(copy).page
    for hidden in ("#own-file", '[data-key="p.standardize"]'):
        assert page.eval_on_selector(f"#playground {hidden}", "e => getComputedStyle(e).opacity") == "0", hidden
    assert "recorded where this copy was written" in page.inner_text("#playground .phead")


def test_the_units_of_exhibit_0_move_to_recorded_values_and_stay_where_they_are_otherwise(copy):
    page = copy.open(0, **{"0.units": "1:1:1;0", "0.n": 9}).page

    def shown(**given):
        return copy.number(0, "error") == ALL["relu_sum"](given)["error"]

    assert shown(n="4")
    assert "0.units" not in page.evaluate("location.hash")
    assert page.locator('#slide-0 [role="slider"], #slide-0 [data-key="0.curve"][data-value="own"]').count() == 0
    assert page.locator('#slide-0 [data-field="w"]').is_disabled()
    ring = page.locator('#slide-0 [data-handle="joint-0"]').bounding_box()
    page.mouse.move(ring["x"] + 5, ring["y"] + 5)
    page.mouse.down()
    page.mouse.move(ring["x"] + 85, ring["y"] + 5)
    page.mouse.up()
    page.click('#slide-0 [data-key="0.curve"][data-value="hill"]')
    page.click('#slide-0 [data-key="0.n"][data-by="-1"]')
    copy.settle(0)
    assert shown(curve="hill", n="1"), "one and four units are recorded in this copy"
    page.click('#slide-0 [data-name="error"]')
    page.wait_for_selector("#how .tot")
