"""`shoal.show` in Chromium: the numbers in the frame are the textbook's for the reader's own network; one exhibit alone on any page."""

import numpy as np
import pytest
from e2e_watched import FRAMES

import shoal
from shoal.textbook import ACTIVATIONS, Parameters, backward, cost, forward, gradient_step, make_loss
from shoal.textbook.propagation import Gradients

pytestmark = pytest.mark.slow

TANH, SIGMOID = ACTIVATIONS["tanh"], make_loss("sigmoid")
RNG = np.random.RandomState(5)
X = 3 * RNG.randn(2, 37)
Y = (X[:1] * X[1:] > 0).astype(float)
OWN = Parameters(RNG.randn(4, 2), RNG.randn(4, 1), RNG.randn(1, 4), RNG.randn(1, 1))


def slopes(parameters: Parameters) -> Gradients:
    return backward(parameters, X, Y, forward(parameters, X, TANH, SIGMOID), TANH, SIGMOID)


def cells(frame, slide, name):
    """The values of a matrix on the page, as an array."""
    frame.locator(f"#slide-{slide}[data-busy=no]").wait_for()
    found = frame.locator(f'#slide-{slide} [data-cell^="{name}-"]').evaluate_all("es => es.map((e) => [e.dataset.cell, e.dataset.value])")
    place = {tuple(int(n) for n in cell.split("-")[1:]): float(value) for cell, value in found}
    rows, columns = max(place)
    return np.array([[place[r + 1, c + 1] for c in range(columns)] for r in range(rows)])


@pytest.fixture
def notebook(browser, chapter_address):
    """A page of another origin on this machine, as a notebook's is, and what its console says."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    from threading import Thread

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(self.server.html.encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = Thread(target=server.serve_forever)
    thread.start()
    page = browser.new_context(reduced_motion="reduce", viewport={"width": 1000, "height": 900}).new_page()
    heard = []
    page.on("console", lambda m: heard.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: heard.append(str(e)))

    def shown(html):
        server.html = f"<!doctype html><html lang=en><title>notebook</title><p>cell</p>{html}"
        page.goto(f"http://localhost:{server.server_address[1]}/")
        return page.frame_locator("iframe")

    yield shown
    page.context.close()
    server.shutdown()
    thread.join()
    server.server_close()
    assert heard == []


@pytest.mark.parametrize("static", [False, True], ids=["server", "static"])
def test_the_derivatives_in_the_frame_are_those_of_the_readers_network(notebook, static):
    frame = notebook(shoal.show("10", X, Y, OWN, static=static)._repr_html_())
    g = slopes(OWN)
    for name in ("dW1", "db1", "dW2", "db2"):
        np.testing.assert_array_equal(cells(frame, 10, name), getattr(g, name), err_msg=name)
    assert "(4, 37)" in frame.locator("#slide-10").inner_text()
    assert not any(frame.locator(part).first.is_visible() for part in (".strip", ".rail", "#slide-10 > aside", "#slide-9", "footer"))


def test_a_step_goes_on_from_the_readers_parameters(notebook):
    frame = notebook(shoal.show(9, X, Y, OWN)._repr_html_())
    np.testing.assert_array_equal(cells(frame, 9, "W1"), OWN.W1)
    after = gradient_step(OWN, slopes(OWN), 1.2)
    frame.locator("#slide-9 h2").click()
    frame.locator("body").press("ArrowRight")
    frame.locator('html[data-step="1"]').wait_for()
    np.testing.assert_array_equal(cells(frame, 9, "W1"), after.W1)
    J = float(frame.locator('[data-name="J"]').first.get_attribute("data-value"))
    assert cost(forward(after, X, TANH, SIGMOID), Y, SIGMOID) == J


@pytest.mark.parametrize("slide", [2, 3, 4, 5, 8])
def test_every_exhibit_of_the_network_opens(browser, slide):
    page = browser.new_page(viewport={"width": 1000, "height": 900}, reduced_motion="reduce")
    page.goto(str(shoal.show(slide, X, Y, OWN)))
    page.wait_for_selector(f"#slide-{slide}[data-busy=no]")
    assert page.locator(".failed:visible").all_inner_texts() == []
    cache = forward(OWN, X, TANH, SIGMOID)
    if slide == 3:
        named = [float(page.get_attribute(f'#slide-3 [data-name="z1-{i}"]', "data-value")) for i in range(1, 5)]
        np.testing.assert_allclose(named, cache.Z1[:, 0], rtol=1e-14)  # one column alone is added up in another order than 37
    if slide == 5:
        np.testing.assert_array_equal(cells(page, 5, "W1"), OWN.W1)
    page.close()


@pytest.mark.parametrize("where", ["page", "own"])
def test_one_exhibit_alone_keeps_to_itself(browser, chapter_address, where):
    page = browser.new_page(viewport={"width": 900, "height": 800})
    page.goto(f"{chapter_address}?only=slide-8#slide-8&8.g=relu" if where == "page" else str(shoal.show(8)) + "&8.g=relu")
    page.wait_for_selector("#slide-8[data-busy=no]")
    assert page.locator("main > section:visible").count() == 1
    assert page.evaluate("scrollY") == 0
    for key in "jkp":
        page.keyboard.press(key)
        page.evaluate(FRAMES)
    assert page.evaluate("location.hash") == "#slide-8&8.g=relu"
    assert page.locator("main > section:visible").count() == 1
    page.close()


def test_an_exhibit_that_there_is_not_is_named(browser, chapter_address):
    page = browser.new_page()
    page.goto(f"{chapter_address}?only=slide-99")
    page.wait_for_selector("html[data-ready=yes]")
    assert "no exhibit “slide-99”" in page.inner_text("main > .failed")
    assert page.is_visible(".strip"), "the whole page is there instead"
    page.close()


def test_no_other_page_of_the_server_can_be_framed(chapter_address):
    """The playground posts: a foreign page must not lay it under its own buttons."""
    import urllib.request

    shown = str(shoal.show(10))
    own = urllib.request.urlopen(shown.partition("#")[0]).headers["content-security-policy"]
    whole = urllib.request.urlopen(chapter_address).headers["content-security-policy"]
    assert "frame-ancestors http://localhost:*" in own
    assert "frame-ancestors 'none'" in whole
    assert own.partition("frame-ancestors")[0] == whole.partition("frame-ancestors")[0]
