"""The page's server: who it answers, what it refuses, and that it goes on afterwards."""

import http.client
import json
import socket
import threading

import pytest

pytest.importorskip("starlette")

from shoal.web.guard import LARGEST_BODY
from shoal.web.server import PortError, files, listener


def ask(port, path, method="GET", headers=None, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest(method, path, skip_host=headers is not None and "Host" in headers)
    for name, value in (headers or {}).items():
        connection.putheader(name, value)
    connection.endheaders(body)
    response = connection.getresponse()
    answer = response.status, response.read(), dict(response.getheaders())
    connection.close()
    return answer


def test_the_page_and_its_modules_are_served_with_headers_that_keep_them_to_themselves(port):
    status, body, headers = ask(port, "/")
    assert status == 200
    assert b'id="slide-13"' in body
    assert "default-src 'none'" in headers["content-security-policy"]
    assert ask(port, "/main.js")[2]["content-type"].startswith("text/javascript")
    assert {"/main.js", "/lib/ask.js", "/style/tokens.css", "/"} <= set(files())


def test_a_question_is_answered(port):
    status, body, _ = ask(port, "/api/ask/shapes?n_h=3")
    assert (status, json.loads(body)["count"]) == (200, 2 * 3 + 3 + 3 + 1)


@pytest.mark.parametrize(
    ("path", "method", "headers", "status", "words"),
    [
        ("/", "GET", {"Host": "evil.example"}, 421, "accepts only the host"),
        ("/api/ask/page", "GET", {"Origin": "http://evil.example"}, 403, "are refused"),
        ("/api/ask/page", "GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403, "other sites"),
        ("/../server.py", "GET", {}, 404, "nothing at"),
        ("/%2e%2e/server.py", "GET", {}, 404, "nothing at"),
        ("/lib/../../server.py", "GET", {}, 404, "nothing at"),
        ("//etc/passwd", "GET", {}, 404, "nothing at"),
        ("/api/ask/nothing", "GET", {}, 404, "there is no question"),
        ("/api/ask/hand?step=x", "GET", {}, 400, "whole number"),
        ("/api/ask/hand?step=" + "1" * 9000, "GET", {}, 414, "longer"),
        ("/", "POST", {"Content-Length": "3"}, 403, "needs the Origin of the page"),
        ("/", "PUT", {"Origin": "null"}, 403, "are refused"),
        ("/", "POST", {"Content-Length": str(LARGEST_BODY + 1)}, 413, "larger than 50 MB"),
    ],
)
def test_what_is_refused_is_refused_in_words_and_the_server_goes_on(port, path, method, headers, status, words):
    body = b"abc" if headers.get("Content-Length") == "3" else None
    got, answer, _ = ask(port, path, method, headers, body)
    assert got == status
    assert words in json.loads(answer)["error"]
    assert ask(port, "/api/ask/shapes")[0] == 200


def test_this_pages_own_origin_is_let_in(port):
    assert ask(port, "/api/ask/shapes", headers={"Origin": f"http://127.0.0.1:{port}"})[0] == 200


def test_a_port_in_use_is_named():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        with pytest.raises(PortError, match=rf"port {number} cannot be used"):
            listener(number)
    with pytest.raises(PortError, match="port 99999 cannot be used"):
        listener(99999)


def test_two_tabs_that_ask_for_the_same_steps_get_the_same_answer(port):
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(ask(port, "/api/ask/hand?step=321")[1])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(answers)) == 1
