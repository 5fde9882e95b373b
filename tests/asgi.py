"""The page's application asked in this process: no port, no thread of a server, no browser."""

import asyncio
import json
from collections.abc import Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
HOST = "127.0.0.1:8137"
OWN = (("origin", f"http://{HOST}"),)


def finished(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns, from a thread of its own: in the tests' thread a browser's event loop may be running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def ask(
    app: Any, method: str, path: str, body: bytes = b"", headers: Iterable[tuple[str, str]] = OWN, query: bytes = b"", leaves: bool = False
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one answer; what the application raises is raised here. Who `leaves` does so when all is sent."""
    sent: list[dict[str, Any]] = []
    asked = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if asked:
            return asked.pop()
        if leaves:
            return {"type": "http.disconnect"}
        await asyncio.sleep(3600)  # the reader waits for its answer
        raise AssertionError("the application never answered")

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    raw = path.encode("utf-8", "surrogateescape")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": raw,
        "root_path": "",
        "query_string": query,
        "headers": [(b"host", HOST.encode()), *((k.encode("latin-1"), v.encode("latin-1")) for k, v in headers)],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8137),
    }
    finished(app(scope, receive, send))
    start, *rest = sent
    return start["status"], {k.decode(): v.decode("latin-1") for k, v in start["headers"]}, b"".join(m.get("body", b"") for m in rest)


def error_of(answer: tuple[int, dict[str, str], bytes]) -> str:
    """The sentence of a refusal; fails for anything else."""
    status, _, body = answer
    assert 400 <= status < 500, (status, body[:300])
    said = json.loads(body)
    assert list(said) == ["error"]
    assert isinstance(said["error"], str)
    assert said["error"]
    return said["error"]
