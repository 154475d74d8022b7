"""What an HTTP event source is: it knows its own events, makes a scope of them, and an answer that it understands."""

from __future__ import annotations

from binascii import Error, a2b_base64

from meantime.asgi.response import RESPONSE_MAX_BYTES
from meantime.errors import MalformedBody

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from meantime.asgi.response import Response

# What the sources call a protocol, as ASGI calls it.
HTTP_VERSIONS = {"HTTP/1.0": "1.0", "HTTP/1.1": "1.1", "HTTP/2": "2", "HTTP/2.0": "2"}


class EventSource:
    """One kind of HTTP request that Lambda is invoked with. A source has no state: one of each serves every request.

    Attributes:
        name: What it is called, in messages.
        can_stream: Whether an answer may be sent piece by piece.
        max_response_bytes: The most that the JSON of an answer may come to.
    """

    name = "HTTP"
    can_stream = False
    max_response_bytes = RESPONSE_MAX_BYTES

    def recognises(self, event: dict[str, Any]) -> bool:
        """Whether the event is of this source, told by its shape; a few look-ups, as it is asked for every request."""
        raise NotImplementedError  # every source has its own

    def scope(self, event: dict[str, Any], base_path: str) -> dict[str, Any]:
        """The complete ASGI scope, but for what the adapter adds: `state`, `aws.event` and `aws.context`.

        `path` and `raw_path` have `root_path` in front, as those of uvicorn do. The specification's version is that of
        the adapter: it says 2.4 or more, and so raises OSError from a `send` after the client has gone; in return
        applications need no task that listens for it. https://asgi.readthedocs.io/en/latest/specs/www.html

        Args:
            event: The event.
            base_path: Where the client finds the application, as `/orders`; empty: at the root.
        """
        raise NotImplementedError  # likewise

    def body(self, event: dict[str, Any]) -> bytes:
        """The request's body.

        Raises:
            MalformedBody: It is no text, or no base64 where the event says so; the client is answered with 400.
        """
        return body_of(event.get("body"), is_base64=event.get("isBase64Encoded"))

    def answer(self, event: dict[str, Any], response: Response) -> dict[str, Any]:
        """What Lambda is to return for the client to get this response."""
        raise NotImplementedError  # likewise

    def __repr__(self) -> str:
        return f"<{self.name}>"


def body_of(body: str | bytes | None, *, is_base64: object) -> bytes:
    """The bytes of a body as events have it."""
    if not body:
        return b""
    if not isinstance(body, (str, bytes)):
        raise MalformedBody(f"the event's body is a {type(body).__name__}, and no text")
    if is_base64:
        try:
            return a2b_base64(body, strict_mode=True)
        except (Error, ValueError) as error:
            raise MalformedBody(f"the event says isBase64Encoded, and its body is not: {error}") from error
    return body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body


def status_line(status: int) -> str:
    """The status with its words, as `404 Not Found`."""
    from http import HTTPStatus  # noqa: PLC0415  # only some sources ask for the words

    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown"
