"""What takes long says so: in the strip, in exhibits and in the playground, with how far it is; what is shown meanwhile is pale."""

import json

import pytest

pytestmark = pytest.mark.slow

STEPS = {"done": 1200, "of": 5000, "part": 1, "compiling": False}


@pytest.fixture
def slow(chapter):
    """A page that gets its answers to `pattern` only when it is told to; how far they are is `news`."""

    class Slow:
        page = chapter.page

        def hold(self, pattern, news):
            self.held, self.free = [], False
            self.page.route(pattern, lambda route: route.continue_() if self.free else self.held.append(route))
            self.page.route("**/api/progress/**", lambda route: route.fulfill(status=200, body=json.dumps(news)))

        def release(self):
            self.free = True
            for route in self.held:
                route.continue_()

    return Slow()


def test_the_strip_and_an_exhibit_say_how_far_the_training_is(chapter, slow):
    chapter.open(3)
    page, before = chapter.page, chapter.number(3, "a2")
    slow.hold("**/api/ask/*step=599*", STEPS)
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("#hand-waiting >> text=computing 5\u202f000 steps: 1\u202f200")
    page.wait_for_selector("#slide-3[data-waiting] .waiting >> text=computing 5\u202f000 steps: 1\u202f200")
    assert page.get_attribute("html", "data-step") == "600"
    slow.release()
    page.wait_for_selector('html[data-step="599"]')
    chapter.settle(3)
    assert chapter.number(3, "a2") != before
    page.wait_for_function("() => !document.querySelector('#slide-3[data-waiting], .strip[data-waiting]')")
    page.wait_for_function("() => document.querySelector('#hand-waiting').textContent === ''")


def test_the_parts_of_a_computation_are_named(chapter, slow):
    chapter.open(7, **{"7.step": 0})
    slow.hold("**/api/ask/compare*", STEPS | {"part": 3})
    chapter.page.locator('[data-key="7.step"]').fill("30")
    chapter.page.wait_for_selector("#slide-7 .waiting >> text=computing 5\u202f000 steps, network 3: 1\u202f200")
    slow.release()
    chapter.settle(7)


def test_a_measurement_is_no_computation(chapter, slow):
    chapter.page.goto("about:blank")
    slow.hold("**/api/ask/dot*", {"compiling": False})
    chapter.page.goto(f"{chapter.address}#slide-13")
    chapter.page.wait_for_selector("#slide-13 .waiting >> text=measuring …")
    slow.release()
    chapter.page.wait_for_selector("#slide-13[data-busy=no]")


def test_the_playground_says_that_the_engine_is_compiled(chapter, slow):
    slow.hold("**/api/runs", {"compiling": True})
    page = chapter.page
    page.goto(f"{chapter.address}#playground")
    page.wait_for_selector("#playground .waiting >> text=compiling the engine, once on this machine")
    assert page.is_hidden('[data-key="p.loss"]'), "a choice that may not apply"
    slow.release()
    page.wait_for_selector("#playground[data-busy=no]:not([data-waiting]) .now dd")
    assert page.is_hidden("#playground .waiting")


def test_the_server_says_how_far_it_is(chapter):
    """Nothing is computed for this question now, and nothing compiled."""
    answer = chapter.page.request.get(f"{chapter.address}api/progress/hand?step=3&edits=")
    assert answer.json() == {"compiling": False}


@pytest.mark.parametrize("failure", ["gone", "busy"])
def test_an_exhibit_tries_again_by_itself(chapter, failure):
    """After the server was away, and after another tab was measuring."""
    page = chapter.page
    page.goto("about:blank")
    lost = iter(range(1))

    def answer(route):
        if next(lost, None) is None:
            route.continue_()
        elif failure == "gone":
            route.abort()
        else:
            route.fulfill(status=409, body=json.dumps({"error": "another measurement is running"}))

    page.route("**/api/ask/dot*", answer)
    page.goto(f"{chapter.address}#slide-13")
    page.wait_for_selector("#slide-13 .failed:not([hidden])")
    page.wait_for_selector("#slide-13 .bars svg")
    assert page.is_hidden("#slide-13 > .failed")
    chapter.heard.clear()  # the browser itself notes the lost request


def test_the_strip_says_that_the_server_is_gone_and_goes_on_when_it_is_back(chapter):
    chapter.open(3)
    page, gone = chapter.page, [True]
    page.route("**/api/ask/hand*", lambda route: route.abort() if gone else route.continue_())
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("#hand-waiting >> text=the server does not respond")
    gone.clear()
    page.wait_for_selector('html[data-step="599"]')
    assert page.inner_text("#hand-waiting") == ""
    chapter.settle(3)
    chapter.heard.clear()  # the browser itself notes the lost requests


def test_what_is_wrong_is_seen_wherever_in_the_exhibit_the_reader_is(chapter):
    page = chapter.page
    page.goto(f"{chapter.address}#slide-8&8.z=99")
    line = page.locator("#slide-8 > .failed")
    line.wait_for(state="visible")
    box = line.bounding_box()
    assert 0 < box["y"] < box["y"] + box["height"] <= 900
    chapter.heard.clear()  # the browser itself notes the refused request
