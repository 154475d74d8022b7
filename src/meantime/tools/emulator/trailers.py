"""A server of aiohttp's that can tell what came after a request's body: aiohttp itself drops its trailers."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

# The Runtime API's own server takes no trailers of 4 KB and more.
_KEPT: Final = 8 * 1024
_END: Final = b"\r\n0\r\n"


class Server(web.Server):
    """As aiohttp's own."""

    def __init__(self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], **settings: Any) -> None:
        super().__init__(handler, **settings)
        self._settings = settings

    def __call__(self) -> RequestHandler:
        """Return what serves one connection."""
        return _Connection(self, loop=asyncio.get_running_loop(), **self._settings)


class _Connection(RequestHandler):
    """Serves one connection, and keeps the end of what was received on it."""

    __slots__ = ("tail",)

    tail: bytes

    def data_received(self, data: bytes) -> None:
        """Asyncio calls this."""
        self.tail = (getattr(self, "tail", b"") + data[-_KEPT:])[-_KEPT:]
        super().data_received(data)


def trailers_of(request: web.BaseRequest) -> dict[str, str]:
    """Return the trailers, by lower-case name, of a request whose chunked body was read to its end."""
    tail = request.protocol.tail if isinstance(request.protocol, _Connection) else b""
    _, found, lines = tail.rpartition(_END)
    if not found:
        return {}
    pairs = (line.partition(":") for line in lines.decode("latin-1").split("\r\n"))
    return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}


def streamed_error(trailers: Mapping[str, str]) -> bytes | None:
    """Return the error that came after a streamed answer, as JSON; None if none did."""
    kind, body = trailers.get("lambda-runtime-function-error-type"), trailers.get("lambda-runtime-function-error-body")
    if kind is None and body is None:
        return None
    try:
        error = json.loads(base64.b64decode(body or "", validate=True))
    except ValueError:
        error = {"errorMessage": body or ""}
    fields = error if isinstance(error, dict) else {"errorMessage": error}
    return json.dumps({**fields, **({"errorType": kind} if kind else {})}).encode()
