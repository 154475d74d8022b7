"""Between aiohttp and us: requests read as they were sent, responses written as they are meant."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from aiohttp import HttpVersion11, web
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict

if TYPE_CHECKING:
    import asyncio

    from meantime.tools.emulator.http.response import Response

_DEFAULTS = ("Content-Type", "Server")


class Answer(web.Response):
    """A response with the headers it was given, and none of aiohttp's own but those HTTP asks for.

    The length is that of the body, whatever it was said to be; but for a HEAD, whose body is not there to be measured.
    """

    def __init__(self, response: Response, *, head: bool) -> None:
        headers = CIMultiDict(response.headers)
        if not head:
            headers.popall("Content-Length", None)
        super().__init__(status=response.status, reason=response.reason, headers=headers, body=response.body)
        self.given = frozenset(name.lower() for name in headers)
        self.head = head


class StreamedAnswer(web.StreamResponse):
    """A response whose body is sent in pieces, with the headers it was given."""

    def __init__(self, response: Response, *, bodiless: bool) -> None:
        super().__init__(status=response.status, reason=response.reason, headers=CIMultiDict(response.headers))
        self.given = frozenset(name.lower() for name, _ in response.headers)
        self.sent = 0
        self._bodiless = bodiless
        self._transport: asyncio.Transport | None = None

    async def begin(self, request: web.Request) -> None:
        """Send status and headers."""
        self._transport = request.transport
        if request.version >= HttpVersion11 and not self._bodiless:
            self.enable_chunked_encoding()
        await self.prepare(request)

    async def send(self, piece: bytes) -> None:
        """Send a piece of the body; return when the connection takes more."""
        if piece and not self._bodiless:
            await self.write(piece)
            self.sent += len(piece)

    def cut_off(self) -> None:
        """Close the connection before the end, so that the client knows that there was more to come."""
        if self._transport is not None:
            self._transport.close()  # what was sent already still arrives


async def leave_out_defaults(_: web.Request, response: web.StreamResponse) -> None:
    """Take out what aiohttp adds to a response that has not got it."""
    if not isinstance(response, Answer | StreamedAnswer):
        return
    defaults = (*_DEFAULTS, "Content-Length") if isinstance(response, Answer) and response.head else _DEFAULTS
    for name in defaults:
        if name.lower() not in response.given:
            response.headers.pop(name, None)


def header_pairs(request: web.Request) -> tuple[tuple[str, str], ...]:
    """Return the headers as sent; Latin-1 has a character for every byte."""
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers)


async def body_of(request: web.Request, limit: int) -> bytes | None:
    """Return the body, or None as soon as it is larger than `limit`."""
    if request.content_length is not None and request.content_length > limit:
        return None
    body = bytearray()
    async for piece in request.content.iter_any():
        body += piece
        if len(body) > limit:
            return None
    return bytes(body)


def server_logger() -> logging.Logger:
    """Return where aiohttp tells of its own errors; a client that sends no HTTP is none."""
    logger = logging.getLogger("meantime.emulator.http")
    logger.addFilter(_is_ours)
    return logger


def _is_ours(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))
