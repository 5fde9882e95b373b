"""One server and one browser for all tests of the page."""

import shutil
import threading

import pytest
from e2e_watched import Watched

from skips import missing

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def chapter_address():
    """The address of the running chapter."""
    pytest.importorskip("starlette")
    from shoal.web.server import server

    ready, found = server(0)
    thread = threading.Thread(target=ready.run, kwargs={"sockets": [found]})
    thread.start()
    yield f"http://127.0.0.1:{found.getsockname()[1]}/"
    ready.should_exit = True
    thread.join()
    found.close()


@pytest.fixture(scope="session")
def browser():
    """Chromium, as the system has it."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright is not installed")
    if CHROMIUM is None:
        missing("there is no browser: neither chromium nor google-chrome is on the path")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture
def chapter(browser, chapter_address):
    """A watched page on a wide screen."""
    watched = Watched(browser, chapter_address, viewport={"width": 1440, "height": 900})
    yield watched
    watched.close()
