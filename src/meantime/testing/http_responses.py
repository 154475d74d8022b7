"""What a web application has answered, the same for every event source's form of it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

_DELIMITER = bytes(8)  # between a streamed answer's head and body


class HTTPResponse:
    """A response as the client gets it.

    Attributes:
        status: Its status.
        headers: Pairs of name, in lower case, and value; one for each cookie to set.
        body: Its bytes.
    """

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def __repr__(self) -> str:
        return f"<HTTPResponse {self.status}, {len(self.body)} bytes>"

    def header(self, name: str) -> str | None:
        """The value of this header, whatever its case; what is repeated is joined by a comma."""
        values = [value for each, value in self.headers if each == name.lower()]
        return ", ".join(values) if values else None

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that it sets, by their names. Their attributes are in `headers`."""
        pairs = [value.partition(";")[0].partition("=") for name, value in self.headers if name == "set-cookie"]
        return {name.strip(): value.strip() for name, _, value in pairs}

    @property
    def text(self) -> str:
        """The body as text, in its charset or UTF-8."""
        _, _, charset = (self.header("content-type") or "").lower().partition("charset=")
        return self.body.decode(charset.partition(";")[0].strip('" ') or "utf-8")

    def json(self) -> Any:
        """The body, which is JSON."""
        from json import loads  # noqa: PLC0415  # not every answer is JSON

        return loads(self.body)


def http_response(answer: Any) -> HTTPResponse:
    """The response in what a handler has answered, of whichever source the request was.

    Args:
        answer: What the handler returned; or, as bytes, the whole of what it streamed.

    Raises:
        ValueError: This is no answer to a request.
    """
    if isinstance(answer, bytes):
        head, delimiter, body = answer.partition(_DELIMITER)
        if not delimiter:
            raise ValueError("a streamed answer begins with JSON and eight zero bytes, and this does not")
        from json import loads  # noqa: PLC0415  # most answers are no streams

        return _response(loads(head), body)
    if not isinstance(answer, dict) or "statusCode" not in answer:
        raise ValueError(f"the answer to a request is a dict with a statusCode; got {answer!r:.200}")
    text = answer.get("body") or ""
    if answer.get("isBase64Encoded"):
        from base64 import b64decode  # noqa: PLC0415  # most answers are text

        return _response(answer, b64decode(text))
    return _response(answer, text.encode())


def _response(answer: Mapping[str, Any], body: bytes) -> HTTPResponse:
    return HTTPResponse(int(answer["statusCode"]), list(_headers(answer)), body)


def _headers(answer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """All of them; what is in both forms counts in the one that may have several values."""
    lists = answer.get("multiValueHeaders") or {}
    repeated = {name.lower() for name in lists}
    for name, value in (answer.get("headers") or {}).items():
        if name.lower() not in repeated:
            yield name.lower(), str(value)
    for name, values in lists.items():
        for value in values:
            yield name.lower(), str(value)
    for cookie in answer.get("cookies") or ():
        yield "set-cookie", cookie
