"""One request and its response: the `receive` and `send` that an application is called with, and what came of it.

Source: https://asgi.readthedocs.io/en/latest/specs/www.html, version 2.5.
"""

from __future__ import annotations

import asyncio
import re

from meantime.asgi.response import Response
from meantime.errors import ASGIProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping
    from typing import Any, NoReturn

    Message = MutableMapping[str, Any]
    Headers = list[tuple[bytes, bytes]]

# What no header may have in it: with a line's end, a client's text would become headers of its own.
_ILLEGAL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")

# What the name of one is made of. https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
_is_token = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch

_LEAST_STATUS, _MOST_STATUS = 200, 599  # an interim response is the server's affair
_RESET_CONTENT = 205


class Exchange:
    """A request that is there as a whole, and a response that is collected until it is.

    Args:
        body: Of the request.
    """

    __slots__ = ("_body", "_chunks", "_headers", "_over", "response", "status")

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body  # None once the application has it
        self._chunks: list[bytes] = []  # of the response, until it is complete
        self._headers: Headers = []
        self._over: asyncio.Event | None = None
        self.status: int | None = None  # None until the response has begun
        self.response: Response | None = None  # None until it is complete

    async def receive(self) -> Message:
        """The request; and then, once the response is complete, that the client is gone."""
        body = self._body
        if body is not None:
            self._body = None
            return {"type": "http.request", "body": body, "more_body": False}
        if not self.is_over:
            if self._over is None:
                self._over = asyncio.Event()
            await self._over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take a part of the response.

        Raises:
            OSError: The response is complete.
            ASGIProtocolError: The message is none that may come now.
            TypeError: Something in it is of the wrong type.
        """
        kind = message["type"]
        if kind == "http.response.body":
            status = self.status
            if status is None or self.response is not None:
                self._refuse(kind)
            body = message.get("body", b"")
            if type(body) is not bytes:
                body = as_bytes(body)
            if message.get("more_body", False):
                self._chunks.append(body)
                return
            if self._chunks:
                self._chunks.append(body)
                body = b"".join(self._chunks)
            self.response = Response(status, self._headers, body)
            if self._over is not None:
                self._over.set()
        elif kind == "http.response.start":
            self._start(message)
        else:
            self._refuse(kind)

    @property
    def is_over(self) -> bool:
        """Whether the client wants nothing more: it has its response."""
        return self.response is not None

    @property
    def is_under_way(self) -> bool:
        """Whether the client has a part of the response, so that it can have no other."""
        return False

    @property
    def answer(self) -> object:
        """What the handler returns for a response that is under way."""
        return None

    @property
    def state(self) -> str:
        """How far the response has come, in words."""
        if self.status is None:
            return "without a response"
        return "in the middle of its response" if self.response is None else "after its response was complete"

    def _start(self, message: Message) -> None:
        if self.status is not None:
            self._refuse(message["type"])
        status = message["status"]
        if not isinstance(status, int) or not _LEAST_STATUS <= status <= _MOST_STATUS:
            raise ASGIProtocolError(
                f"the application answered with the status {status!r:.80}: it must be a whole number from "
                f"{_LEAST_STATUS} to {_MOST_STATUS}"
            )
        headers = _checked(message.get("headers", ()))
        if status == _RESET_CONTENT:  # of which clients believe the length, other than of 204 and 304
            headers = [header for header in headers if header[0] != b"content-length"]
        self._headers = headers
        self.status = int(status)

    def _refuse(self, kind: str) -> NoReturn:
        if self.response is not None and kind == "http.response.body":
            raise OSError("the response is complete, and the client is gone: the application sent more of its body")
        raise ASGIProtocolError(
            f"the application sent {kind!r:.80} {self.state}; a response is http.response.start and then "
            "http.response.body, the last of them without more_body"
        )


class _Names(dict[bytes, bytes]):
    """Names of headers in lower case, which may be sent: the same ones come with nearly every response."""

    def __missing__(self, name: bytes) -> bytes:
        lower = name.lower()
        if not _is_token(lower):
            _refuse_name(lower)
        if len(self) < _NAMES_KEPT:
            self[name] = lower
        return lower


_NAMES_KEPT = 256
_name_of = _Names().__getitem__


def _checked(headers: Iterable[Iterable[bytes]]) -> Headers:
    """The headers as a list of pairs, with names in lower case."""
    try:
        pairs = [(_name_of(name), value) for name, value in headers]
        text = b"".join([value for _, value in pairs])
    except (TypeError, ValueError, AttributeError) as error:
        raise ASGIProtocolError(f"the application sent headers that are no pairs of bytes: {error}") from error
    if _ILLEGAL.search(text):
        _refuse_name(next(name for name, value in pairs if _ILLEGAL.search(value)))
    return pairs


def _refuse_name(name: bytes) -> NoReturn:
    if _is_token(name) or _ILLEGAL.search(name):
        raise ASGIProtocolError(
            f"the application sent a header {name!r:.80} with a line's end or another control character in it"
        )
    raise ASGIProtocolError(
        f"the application sent a header with the name {name!r:.80}: one has letters, digits and !#$%&'*+-.^_`|~ in it"
    )


def as_bytes(body: Any) -> bytes:
    """A chunk of a body as bytes.

    Raises:
        ASGIProtocolError: It is of another kind.
    """
    if isinstance(body, (bytes, bytearray, memoryview)):
        return bytes(body)
    raise ASGIProtocolError(f"the application sent a body of the type {type(body).__name__}: it must be bytes")
