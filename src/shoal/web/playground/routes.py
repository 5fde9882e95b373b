"""The playground's addresses: the page sends tables, starts and controls runs, and receives their frames as an event stream."""

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
GONE_EVERY = 0.5  # seconds between two checks whether the reader of a table still waits
Answering = Callable[[Request], Awaitable[Response]]


def answered(answer: dict[str, Any]) -> Response:
    """JSON with doubles to the last digit."""
    return Response(as_json(answer), media_type="application/json")


def polite(answer: Answering) -> Answering:
    """Turn shoal's errors into sentences, each with the matching HTTP status."""

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
            return refusal(400, "the connection was closed before everything was sent")  # nobody reads it

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
    """The live runs of one server, and their addresses."""

    def __init__(self) -> None:
        self.runs = Runs()

    def close(self) -> None:
        """Stop all training and reading, because the server ends."""
        self.runs.close()

    def routes(self) -> list[BaseRoute]:
        """Every address."""
        return [
            Route("/api/tables", polite(self.table), methods=["POST"]),
            Route("/api/tables/{key}", polite(self.known_table), methods=["GET"]),
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
            stop.set()  # if the server ends
        key = await reading
        return answered(await run_in_threadpool(described, key, tables.get(key)))

    async def known_table(self, request: Request) -> Response:
        """`GET /api/tables/KEY`: the columns of a table that was sent, from which the reader chooses another target if one is refused."""
        key = request.path_params["key"]
        return answered(await run_in_threadpool(described, key, self.runs.tables.get(key)))

    async def start(self, request: Request) -> Response:
        """`POST /api/runs`: settings as in the address; returns the scene and the first frame."""
        run = await run_in_threadpool(self.runs.start, await command_of(request))
        return await run_in_threadpool(shown, run)

    async def count(self, request: Request) -> Response:
        """`GET /api/runs`: how many runs are live, and how many of them are playing."""
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
        """`GET /api/runs/ID/events`: frames as server-sent events until the run pauses; the run plays while a reader listens."""
        return EventStream(self.runs.get(request.path_params["id"]))


def shown(run: LiveRun) -> Response:
    """The scene and the latest frame with the whole cost curve."""
    body = b'{"id":' + json.dumps(run.id).encode() + b',"scene":' + as_json(run.view.scene()) + b',"frame":' + run.whole() + b"}"
    return Response(body, media_type="application/json")


def obey(run: LiveRun, name: str, given: dict[str, Any]) -> Response:
    """Execute one command; returns the run's state after it."""
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
        raise InvalidParameterError(f"there is no command {name[:40]!r}; choose one of view, play, stop, {', '.join(does)}")
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
    """Server-sent events of one run. The stream ends if the run pauses or the reader leaves; the reader's run ends with it."""

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
    """The newest frame each time there is one; a slow reader misses pictures, never costs."""
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
    """Returns when the reader's connection is closed."""
    while (await receive())["type"] != "http.disconnect":
        pass
