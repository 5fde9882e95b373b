"""What several unit tests stand on."""

import threading

import pytest


@pytest.fixture(scope="module")
def port():
    """Where a server of the page listens, for as long as a file's tests run."""
    from shoal.web.server import server

    ready, found = server(0)
    thread = threading.Thread(target=ready.run, kwargs={"sockets": [found]})
    thread.start()
    yield found.getsockname()[1]
    ready.should_exit = True
    thread.join()
    found.close()
