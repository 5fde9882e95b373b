"""Access to the server: only this machine's browser, at the page's own address, with bodies of limited size.

Listening on loopback does not keep other web sites out: a page of another site can send requests to 127.0.0.1 or point its own host name
at it. Therefore every request must name this host, and any Origin it names must be this one. A request that changes something (a POST)
must name that Origin, which browsers write and pages cannot forge, or have the token that the server was started with.
"""

import hmac
from collections.abc import MutableMapping
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 50 * 1024 * 1024
LONGEST_ADDRESS = 8192
TOKEN_HEADER = "x-shoal-token"
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # with "no-referrer", browsers omit the Origin of requests that are sent while a page closes
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}


class BodyTooLargeError(Exception):
    """A body grew beyond `LARGEST_BODY` while it was being read."""


def refusal(status: int, message: str) -> JSONResponse:
    """A response with the reason in one sentence."""
    readable = message.encode("utf-8", "replace").decode()  # half a surrogate pair cannot be sent as text
    return JSONResponse({"error": readable}, status_code=status, headers=HEADERS)


class Guard:
    """Wraps the application: checks Host, Origin and sizes, and adds the headers that isolate the page."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str], token: str = "") -> None:
        self.app = app
        self.hosts = hosts
        self.token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refused = self.check(scope)
        if refused is not None:
            await refused(scope, receive, send)
            return
        try:
            await self.app(scope, bounded(receive), with_headers(send))
        except BodyTooLargeError:
            await refusal(413, "the body is larger than 50 MB; send a smaller table")(scope, receive, send)

    def check(self, scope: Scope) -> JSONResponse | None:
        """None, or the refusal of this request."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in reversed(scope["headers"])}
        origins = [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"origin"]
        host, foreign = headers.get("host", ""), [origin for origin in origins if origin not in {f"http://{h}" for h in self.hosts}]
        if host not in self.hosts:
            return refusal(421, f"the page accepts only the host {' and '.join(sorted(self.hosts))}, not {host[:80]!r}")
        if foreign:
            return refusal(403, f"requests from {foreign[0][:80]!r} are refused; open the page itself")
        if headers.get("sec-fetch-site") in ("cross-site", "same-site") and headers.get("sec-fetch-mode") != "navigate":
            return refusal(403, "requests from other sites are refused; open the page itself")
        if len(scope.get("raw_path", b"")) + len(scope.get("query_string", b"")) > LONGEST_ADDRESS:
            return refusal(414, f"the address is longer than {LONGEST_ADDRESS} characters")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or len(length) > 15 or int(length) > LARGEST_BODY:
            return refusal(413, "the body is larger than 50 MB; send a smaller table")
        if scope["method"] not in ("GET", "HEAD", "OPTIONS") and not origins and not self.knows(headers.get(TOKEN_HEADER, "")):
            return refusal(
                403,
                f"a {scope['method'][:20]} needs the Origin of the page, or the header {TOKEN_HEADER} with the token "
                "of `shoal chapter --token`",
            )
        return None

    def knows(self, token: str) -> bool:
        """Whether this is the server's token; without a token the answer is always no."""
        return bool(self.token) and hmac.compare_digest(token.encode(), self.token.encode(errors="surrogateescape"))


def bounded(receive: Receive) -> Receive:
    """`receive` with a counter: a body sent in parts without its length ends at the same size limit."""
    taken = 0

    async def count() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > LARGEST_BODY:
            raise BodyTooLargeError
        return message

    return count


def with_headers(send: Send) -> Send:
    """`send`, adding `HEADERS` to each response that does not set them itself."""

    async def add(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            own = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *((k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in own)]
        await send(message)

    return add
