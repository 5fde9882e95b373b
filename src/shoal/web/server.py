"""The page's server: a few files, and answers to the page's questions. It listens on this machine only.

`app(port)` is the application, `serve(port, browser)` runs it. Each answer is computed in a thread. A `Path` has a lock, so that two tabs
that request the same steps do not compute them twice.
"""

import mimetypes
import os
import socket
import threading
import time
import webbrowser
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from shoal.errors import ShoalError
from shoal.web import fonts
from shoal.web.chapter import LAST, journey
from shoal.web.exhibits.slide_13 import BusyError
from shoal.web.guard import HEADERS, Guard, refusal
from shoal.web.in_hand import NetworkInHand, within
from shoal.web.languages import checked_language, language, preferred, speaking
from shoal.web.playground.routes import Playground
from shoal.web.playground.training import compiling, warm
from shoal.web.playground.training import stop as stop_compiling
from shoal.web.progress import counted, key_of, progress
from shoal.web.question import as_json
from shoal.web.questions import ABOUT_THE_NETWORK, ALL
from shoal.web.static_copy import STATIC

HOST, USUAL_PORT = "127.0.0.1", 8137
CLOSING = 0.4  # seconds between Ctrl-C and the end of the process, whatever is running
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".ttf": "font/ttf",
}


Networks = Mapping[str, NetworkInHand]
NOTEBOOKS = "http://localhost:* https://localhost:* http://127.0.0.1:* https://127.0.0.1:* vscode-webview:"
FRAMED = {"content-security-policy": HEADERS["content-security-policy"].replace("frame-ancestors 'none'", f"frame-ancestors {NOTEBOOKS}")}


class PortError(ShoalError, OSError):
    """A port that cannot be used: taken, or outside 1 to 65535."""


@lru_cache(maxsize=1)
def files() -> dict[str, Path]:
    """Every address that is a file. An address is looked up in this table, never joined to a folder, so no path can leave the folder."""
    found = {"/" + path.relative_to(STATIC).as_posix(): path for path in STATIC.rglob("*") if path.is_file() and path.suffix in TYPES}
    return found | fonts.files() | {"/": STATIC / "index.html"}


def network_of(request: Request) -> NetworkInHand | None:
    """The reader's network that the address names by its token (`shoal.show`); None is the chapter's."""
    token = request.path_params.get("token")
    if token is None:
        return None
    found: NetworkInHand | None = request.app.state.networks.get(token)
    if found is None:
        raise HTTPException(404, "this network is no longer shown; call shoal.show again")
    return found


async def file(request: Request) -> Response:
    """One file of the page. Notebooks on this machine may show the page of a reader's network in a frame, no other page of this server."""
    own = network_of(request) is not None
    path = files().get("/" + request.path_params["path"])
    if path is None:
        return refusal(404, f"there is nothing at {request.url.path[:80]!r}; the page is at /")
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    return Response(path.read_bytes(), media_type=kind, headers=FRAMED if own else None)


@lru_cache(maxsize=256)  # of up to 110 kB each
def kept(network: NetworkInHand | None, name: str, given: tuple[tuple[str, str], ...], spoken: str) -> bytes:
    """An answer that is always the same in one language, cached as the bytes that are sent."""
    with counted((name, given)), within(network), speaking(spoken):
        return as_json(ALL[name](dict(given)))


async def waiting(request: Request) -> Response:
    """`GET /api/progress/NAME?parameter=value&…`: how far the answer to that question is, and whether the engine is being compiled."""
    found = progress(key_of(request.path_params["name"], request.query_params))
    return Response(as_json(found | {"compiling": compiling()}), media_type="application/json")


async def question(request: Request) -> Response:
    """`GET /api/ask/NAME?parameter=value&…`"""
    name = request.path_params["name"]
    if name not in ALL:
        return refusal(404, f"there is no question {name[:40]!r}; choose one of {', '.join(ALL)}")
    network = network_of(request) if name in ABOUT_THE_NETWORK else None
    _, given = key_of(name, request.query_params)
    try:
        answer = kept.__wrapped__ if ALL[name].measured else kept
        body = await run_in_threadpool(answer, network, name, given, language())
    except BusyError as busy:
        return refusal(409, str(busy))
    except ShoalError as wrong:
        return refusal(400, str(wrong))
    return Response(body, media_type="application/json")


async def no_such(request: Request, failed: Exception) -> Response:
    """A refusal of Starlette's own, in our form."""
    status = failed.status_code if isinstance(failed, HTTPException) else 500
    return refusal(
        status, f"{request.method} {request.url.path[:80]!r}: {failed.detail if isinstance(failed, HTTPException) else 'the server failed'}"
    )


class Speaker:
    """Wraps the application: every answer is in the language that its request prefers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        accepted = next((value.decode("latin-1") for name, value in scope.get("headers", ()) if name == b"accept-language"), "")
        with speaking(preferred(accepted)):
            await self.app(scope, receive, send)


def routes(playground: Playground) -> list[BaseRoute]:
    """The addresses of the page: questions, the playground's own, files."""
    return [
        Route("/api/ask/{name}", question, methods=["GET"]),
        Route("/api/progress/{name}", waiting, methods=["GET"]),
        *playground.routes(),
        Route("/own/{token}/api/ask/{name}", question, methods=["GET"]),
        Route("/own/{token}/api/progress/{name}", waiting, methods=["GET"]),
        Route("/own/{token}/{path:path}", file, methods=["GET"]),
        Route("/{path:path}", file, methods=["GET"]),
    ]


def app(port: int = USUAL_PORT, token: str = "", playground: Playground | None = None, networks: Networks | None = None) -> Starlette:
    """The application for `port` of this machine; other programs send the `token` to change something.

    `networks` are the readers' own, by the token in their address; `shoal.show` adds to them while the server runs.
    """
    files()  # what is not installed is named before the page opens
    hosts = frozenset({f"{HOST}:{port}", f"localhost:{port}"})
    made = Starlette(
        routes=routes(playground or Playground()),
        middleware=[Middleware(Speaker), Middleware(Guard, hosts=hosts, token=token)],
        exception_handlers={HTTPException: no_such, 500: no_such},
    )
    made.state.networks = {} if networks is None else networks
    return made


class ChapterServer(uvicorn.Server):
    """A server that ends soon after Ctrl-C: it stops what can be stopped, and the rest ends with the process."""

    def __init__(self, config: uvicorn.Config, playground: Playground) -> None:
        super().__init__(config)
        self.playground, self.ending = playground, threading.Event()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called by the signal in the main thread, which may hold any lock; therefore it only notifies a waiting thread."""
        super().handle_exit(sig, frame)
        self.ending.set()

    def end_in_time(self) -> None:
        """Wait for Ctrl-C, stop what can be stopped, and end the process if it does not end by itself."""
        self.ending.wait()
        self.close()
        time.sleep(CLOSING)
        os._exit(0)  # a computing thread cannot be stopped from outside

    def close(self) -> None:
        """Stop training, reading and compiling."""
        self.playground.close()
        stop_compiling()


def listener(port: int | None) -> socket.socket:
    """A socket on this machine: on `port`; without a port on the usual one, or on any free one if that is taken."""
    for wanted in (USUAL_PORT, 0) if port is None else (port,):
        found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((HOST, wanted))
            found.listen(128)
        except (OSError, OverflowError) as refused:
            found.close()
            if port is not None:
                raise PortError(
                    f"port {port} cannot be used ({refused}); choose another with --port, or leave it out for a free one"
                ) from refused
        else:
            return found
    raise PortError(f"no port of {HOST} can be used")


def server(port: int | None = None, token: str = "", networks: Networks | None = None) -> tuple[ChapterServer, socket.socket]:
    """A server that has its port but does not run yet."""
    found, playground = listener(port), Playground()
    settings = uvicorn.Config(
        app(found.getsockname()[1], token, playground, networks),
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=1,
        limit_concurrency=256,
    )
    return ChapterServer(settings, playground), found


def serve(port: int | None = None, browser: bool = True, token: str = "", lang: str | None = None) -> None:
    """Open the interactive chapter: print its address, open the browser, serve until Ctrl-C."""
    spoken = checked_language(lang)
    ready, found = server(port, token)
    address = f"http://{HOST}:{found.getsockname()[1]}/" + (f"?lang={spoken}" if spoken else "")
    print(f"The chapter is open at {address}   (Ctrl-C closes it)", flush=True)
    threading.Thread(target=journey().at, args=(LAST,), daemon=True).start()  # so that the slider's last steps are ready
    threading.Thread(target=warm, daemon=True).start()
    if browser:
        threading.Timer(0.3, webbrowser.open, args=(address,)).start()
    threading.Thread(target=ready.end_in_time, daemon=True).start()
    with suppress(KeyboardInterrupt):  # the usual way to close the page
        ready.run(sockets=[found])
    ready.close()
