"""The playground's addresses: tables are sent, runs are started and told what to do, and their frames come as an event stream."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from shoal.errors import InvalidParameterError, ShoalError, TooLargeError
from shoal.web.guard import refusal
from shoal.web.playground.live import LAST_UPDATE, LiveRun, NoSuchRunError, Runs, TooManyRunsError, Watcher
from shoal.web.playground.store import TooManyReadingsError
from shoal.web.playground.tables import described
from shoal.web.question import as_json, brief, json_object

LARGEST_COMMAND = 64 * 1024
HEARTBEAT = 15.0
GONE_EVERY = 0.5  # seconds between two looks whether the reader of a table still waits
Answering = Callable[[Request], Awaitable[Response]]


def answered(answer: dict[str, Any]) -> Response:
    """JSON, doubles to the last digit."""
    return Response(as_json(answer), media_type="application/json")


def polite(answer: Answering) -> Answering:
    """Errors that shoal raises on purpose as sentences, each with the status that says whose turn it is."""

    async def wrapped(request: Request) -> Response:
        try:
            return await answer(request)
        except NoSuchRunError as gone:
            return refusal(404, str(gone))
        except (TooManyRunsError, TooManyReadingsError) as full:
            return refusal(429, str(full))
        except (TooLargeError, MemoryError) as large:
            return refusal(413, f"{large or 'this takes more memory than there is'}; send fewer rows or columns, or set fewer units")
        except ShoalError as wrong:
            return refusal(400, str(wrong))
        except ClientDisconnect:
            return refusal(400, "the connection was closed before all was sent")  # which nobody reads

    return wrapped


async def command_of(request: Request) -> dict[str, Any]:
    """The JSON object in the body of a command."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_COMMAND:
            raise InvalidParameterError(f"a command is longer than {LARGEST_COMMAND} bytes")
    command = json_object(body or b"{}")
    if command is None:
        raise InvalidParameterError("a command's body is one JSON object, of a few levels")
    return command


class Playground:
    """The live runs of one server, and how they are spoken to."""

    def __init__(self) -> None:
        self.runs = Runs()

    def close(self) -> None:
        """Stop what is trained and what is read: the server ends."""
        self.runs.close()

    def routes(self) -> list[BaseRoute]:
        """Every address."""
        return [
            Route("/api/tables", polite(self.table), methods=["POST"]),
            Route("/api/runs", polite(self.start), methods=["POST"]),
            Route("/api/runs", self.count, methods=["GET"]),
            Route("/api/runs/{id}/events", polite(self.events), methods=["GET"]),
            Route("/api/runs/{id}/how", polite(self.how), methods=["GET"]),
            Route("/api/runs/{id}/take", polite(self.take), methods=["GET"]),
            Route("/api/runs/{id}/{command}", polite(self.command), methods=["POST"]),
        ]

    async def table(self, request: Request) -> Response:
        """`POST /api/tables?name=FILE`: the file itself is the body."""
        content = await request.body()
        name = request.query_params.get("name", "table.csv")
        tables, stop = self.runs.tables, threading.Event()
        reading = asyncio.ensure_future(run_in_threadpool(tables.add, name, content, stop))
        try:
            while not (await asyncio.wait([reading], timeout=GONE_EVERY))[0]:
                if await request.is_disconnected():
                    stop.set()
        finally:
            stop.set()  # where the server itself ends
        key = await reading
        return answered(described(key, tables.get(key)))

    async def start(self, request: Request) -> Response:
        """`POST /api/runs`: settings in the words of the address; answers the scene and the first frame."""
        run = await run_in_threadpool(self.runs.start, await command_of(request))
        return await run_in_threadpool(shown, run)

    async def count(self, request: Request) -> Response:
        """`GET /api/runs`: how many are live, and how many of them are playing."""
        return answered({"live": len(self.runs), "playing": self.runs.playing()})

    async def command(self, request: Request) -> Response:
        """`POST /api/runs/ID/COMMAND`."""
        key, name = request.path_params["id"], request.path_params["command"]
        given = await command_of(request)
        if name == "stop":
            await run_in_threadpool(self.runs.stop, key)
            return answered({"stopped": True})
        return await run_in_threadpool(obey, self.runs.get(key), name, given)

    async def take(self, request: Request) -> Response:
        """`GET /api/runs/ID/take`: the network as Python, JSON and an equation."""
        run = self.runs.get(request.path_params["id"])
        return answered(await run_in_threadpool(run.take))

    async def how(self, request: Request) -> Response:
        """`GET /api/runs/ID/how?key=W1-2-1`: the terms that made one number."""
        run = self.runs.get(request.path_params["id"])
        return answered(await run_in_threadpool(run.how, request.query_params.get("key", "")))

    async def events(self, request: Request) -> Response:
        """`GET /api/runs/ID/events`: frames as server-sent events until the run pauses; the run plays while somebody listens."""
        return EventStream(self.runs.get(request.path_params["id"]))


def shown(run: LiveRun) -> Response:
    """The scene and the latest frame with the whole cost curve."""
    body = b'{"id":' + json.dumps(run.id).encode() + b',"scene":' + as_json(run.view.scene()) + b',"frame":' + run.whole() + b"}"
    return Response(body, media_type="application/json")


def obey(run: LiveRun, name: str, given: dict[str, Any]) -> Response:
    """One command, and what the run looks like after it."""
    if name == "view":
        run.look(text(given, "x"), text(given, "y"), held_of(given), whole(given, "member", 0))
        return shown(run)
    if name == "play":
        run.play(whole(given, "until", 0) or None)
        return answered({"playing": True})
    n = min(whole(given, "n", 1), 1000)
    does: dict[str, Callable[[], None]] = {
        "pause": run.pause,
        "epoch": run.finish_epoch,
        "back": run.back,
        "reset": run.reset,
        "step": partial(run.step, n),
    }
    if name not in does:
        raise InvalidParameterError(f"no command is called {name[:40]!r}; there are view, play, stop, {', '.join(does)}")
    does[name]()
    return Response(run.whole(), media_type="application/json")


def whole(given: dict[str, Any], name: str, default: int) -> int:
    """A whole number of a command."""
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LAST_UPDATE:
        raise InvalidParameterError(f"{name}={brief(value)} is not a whole number from 0 to {LAST_UPDATE}")
    return value


def text(given: dict[str, Any], name: str) -> str:
    """A text of a command, such as a column's name."""
    value = given.get(name, "")
    if not isinstance(value, str):
        raise InvalidParameterError(f"{name}={brief(value)} is not a text")
    return value


def held_of(given: dict[str, Any]) -> dict[str, Any]:
    """The held values of a command."""
    held = given.get("held", {})
    if not isinstance(held, dict):
        raise InvalidParameterError("held is not an object of columns and values")
    return held


class EventStream(Response):
    """Server-sent events of one run. It ends when the run pauses or when the reader is gone, and the reader's run with it."""

    def __init__(self, run: LiveRun) -> None:
        super().__init__(media_type="text/event-stream")
        self.run = run

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(k, v) for k, v in self.raw_headers if k != b"content-length"]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        gone: asyncio.Future[Any] = asyncio.ensure_future(left(receive))
        try:
            with Watcher(self.run) as watcher:
                async for event in frames(self.run, watcher, gone):
                    await send({"type": "http.response.body", "body": event, "more_body": True})
                if not gone.done():
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
        except asyncio.CancelledError:
            pass  # the server closes
        finally:
            gone.cancel()


async def frames(run: LiveRun, watcher: Watcher, gone: "asyncio.Future[Any]") -> AsyncIterator[bytes]:
    """The newest frame each time there is one; a reader who is slow misses pictures, never costs."""
    seen = -1
    while not gone.done():
        body, seen, playing = run.since(seen)
        yield b"data: " + body + b"\n\n"
        if not playing:
            return
        while not watcher.news.is_set() and not gone.done():
            news: asyncio.Future[Any] = asyncio.ensure_future(watcher.news.wait())
            await asyncio.wait([news, gone], timeout=HEARTBEAT, return_when=asyncio.FIRST_COMPLETED)
            news.cancel()
            if not watcher.news.is_set() and not gone.done():
                yield b": still here\n\n"
        watcher.news.clear()


async def left(receive: Receive) -> None:
    """Returns when the reader's connection is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
