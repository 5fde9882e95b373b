"""`shoal.show`: what it refuses, and the addresses that it gives."""

import sys

import numpy as np
import pytest

pytest.importorskip("starlette")

import json

import shoal
from asgi import ask, error_of
from shoal.errors import DataError, InvalidParameterError
from shoal.textbook import Parameters, exercise_parameters, flower
from shoal.web.in_hand import NetworkInHand
from shoal.web.questions import ABOUT_THE_NETWORK, ALL, NUMBERS, OF_THE_NETWORK
from shoal.web.server import app
from shoal.web.show import SHOWN, _networks, own_network

GOOD = exercise_parameters(4).named()
X, Y = np.arange(20.0).reshape(2, 10), np.arange(10) % 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"W1": np.ones((3, 2))}, r"W1 has the shape \(3, 2\)"),
        ({"W1": np.ones((2, 4))}, r"W1 has the shape \(2, 4\)"),
        ({"b1": np.ones(4)}, r"b1.reshape\(4, 1\)"),
        ({"b2": 0.0}, r"b2 has the shape \(\)"),
        ({"W2": np.full((1, 4), np.nan)}, "W2 has a value that is not a number"),
        ({"W2": np.full((1, 4), 1e5)}, "within ±10000"),
        ({"W2": [["a", "b", "c", "d"]]}, "W2 has values of type"),
        ({"W2": [[1, 2], [3]]}, "W2 is no array"),
        ({"W2": np.ones((1, 4)) * 1j}, "real numbers"),
        ({"W3": np.ones((1, 2))}, "W1, b1, W2 and b2, and no other"),
    ],
)
def test_parameters_that_the_page_cannot_draw(change, words):
    with pytest.raises(InvalidParameterError, match=words):
        own_network(None, None, GOOD | change)


def test_parameters_of_other_types():
    for wrong in (list(GOOD.values()), "W1", 3):
        with pytest.raises(InvalidParameterError, match=r"give textbook\.Parameters, or a dict"):
            own_network(None, None, wrong)
    with pytest.raises(InvalidParameterError, match="needs W1, b1, W2 and b2"):
        own_network(None, None, {"W1": GOOD["W1"]})
    skip = Parameters(**GOOD, W3=np.ones((1, 2)))
    with pytest.raises(InvalidParameterError, match="no other"):
        own_network(None, None, skip)


@pytest.mark.parametrize(
    ("X", "Y", "words"),
    [
        (X.T, Y, r"give its transpose, X.T"),
        (np.ones((3, 10)), Y, r"\(3, 10\); examples are columns"),
        (X[:, :1], Y[:1], "1 examples; the page shows 2 to 2000"),
        (np.ones((2, 2001)), np.ones(2001), "2001 examples"),
        (X, Y[:9], r"Y has the shape \(9,\)"),
        (X, Y.reshape(10, 1), r"Y has the shape \(10, 1\)"),
        (X, Y + 1, "classes are 0 and 1"),
        (X, None, "X is given without Y"),
        (None, Y, "Y is given without X"),
        (np.full((2, 10), np.inf), Y, "X has a value"),
    ],
)
def test_examples_that_the_page_cannot_draw(X, Y, words):
    with pytest.raises(DataError, match=words):
        own_network(X, Y, GOOD)


@pytest.mark.parametrize("exhibit", ["", "x", "99", -1, True, None, "10.0", "slide-", "１0０"])
def test_exhibits_that_there_are_not(exhibit):
    with pytest.raises(InvalidParameterError, match="there is no exhibit"):
        shoal.show(exhibit)


def test_exhibits_with_networks_of_their_own_do_not_pretend_to_show_yours():
    for number in set(NUMBERS) - set(OF_THE_NETWORK):
        with pytest.raises(InvalidParameterError, match="networks of its own"):
            shoal.show(number, X, Y)


@pytest.mark.parametrize("height", [0, 199, 4001, 500.0, "500", True])
def test_heights(height):
    with pytest.raises(InvalidParameterError, match="height"):
        shoal.show(3, height=height)


def test_a_network_is_copied_and_what_is_missing_is_the_chapters():
    W1 = GOOD["W1"].copy()
    network = own_network(None, None, GOOD | {"W1": W1})
    W1[:] = 9
    np.testing.assert_array_equal(network.start.W1, GOOD["W1"])
    np.testing.assert_array_equal(network.X, flower()[0])
    np.testing.assert_array_equal(own_network(X, Y, None).start.W1, GOOD["W1"])
    assert own_network(X, Y[None].astype(bool), None).Y.tolist() == [Y.tolist()]


def test_the_result_is_a_frame_in_notebooks_and_an_address_elsewhere():
    shown, other = shoal.show("slide-10", X, Y, height=500), shoal.show(10, X, Y)
    address = str(shown)
    assert address.startswith("http://127.0.0.1:")
    assert address.endswith("/?only=slide-10#slide-10")
    assert address in repr(shown)
    assert address in shown._repr_html_()
    assert 'height="500"' in shown._repr_html_()
    assert str(other).split("/own/")[0] == address.split("/own/")[0], "one server for all"
    assert str(other) != address


def test_without_the_servers_packages_the_notebook_holds_the_exhibit_itself(monkeypatch):
    monkeypatch.setattr("shoal.web.show._address", [])
    monkeypatch.setitem(sys.modules, "shoal.web.server", None)
    shown = shoal.show(3, X, Y)
    assert str(shown) == ""
    assert "srcdoc=" in shown._repr_html_()
    assert "http://127.0.0.1" not in shown._repr_html_()


def test_old_networks_leave():
    first = str(shoal.show(3)).split("/own/")[1].split("/")[0]
    for _ in range(SHOWN):
        shoal.show(3)
    assert first not in _networks
    assert len(_networks) == SHOWN


def test_a_token_leads_to_its_network_alone_and_caches_do_not_mix():
    one = own_network(X, Y, None)
    two = NetworkInHand(X + 1, one.Y, one.start, 0, 1, 20.0)
    page = app(networks={"one": one, "two": two})

    def answer(path, query=b""):
        status, _, body = ask(page, "GET", path, query=query)
        assert status == 200
        return json.loads(body)

    hands = [answer(f"{prefix}/api/ask/hand", b"step=1") for prefix in ("", "/own/one", "/own/two", "", "/own/one")]
    assert hands[0] == hands[3] != hands[1] == hands[4] != hands[2] != hands[0]
    assert answer("/own/one/api/ask/page")["X"] == X.tolist()
    assert answer("/api/ask/page")["own"] is False
    for path in ("/own/three/", "/own/three/api/ask/hand", "/own//api/ask/hand", "/own/one/../two/x"):
        assert ask(page, "GET", path)[0] == 404, path
    assert "no longer shown" in error_of(ask(page, "GET", "/own/three/api/ask/hand"))
    assert "outside 1 to 10" in error_of(ask(page, "GET", "/own/one/api/ask/example", query=b"ex=11"))
    assert error_of(ask(page, "POST", "/own/one/api/ask/hand"))


def test_what_depends_on_the_network_is_asked_within_it():
    """A question outside of this list is answered for the chapter's network: none of them has the state of the network in hand."""
    assert {name for name, q in ALL.items() if "edits" in q.takes and name not in ABOUT_THE_NETWORK} == set()
