"""How a streamed answer to an HTTP request begins: status, headers and cookies as JSON, eight NUL bytes, the body.

https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

CONTENT_TYPE: Final = "application/vnd.awslambda.http-integration-response"
_DELIMITER: Final = bytes(8)
_PRELUDE_MAX_BYTES: Final = 16 * 1024


class MalformedPreludeError(Exception):
    """A streamed answer does not begin as it must; the text says what is wrong with it."""


@dataclass(frozen=True)
class Prelude:
    """What comes before the body.

    Args:
        status: The status code.
        headers: Names and values, in order; each cookie is a Set-Cookie header of its own.
    """

    status: int
    headers: tuple[tuple[str, str], ...]


class PreludeReader:
    """Takes an answer's pieces; `prelude` is known once all of it has come.

    What follows is the body, in whatever pieces it comes.
    """

    def __init__(self) -> None:
        self.prelude: Prelude | None = None
        self._begun = b""

    def feed(self, data: bytes) -> bytes:
        """Take the next piece; return what of the body is in it.

        Raises:
            MalformedPreludeError: The answer does not begin as it must.
        """
        if self.prelude is not None:
            return data
        self._begun += data
        text, delimiter, body = self._begun.partition(_DELIMITER)
        if len(text) > _PRELUDE_MAX_BYTES:
            raise MalformedPreludeError(f"there are no eight NUL bytes within its first {_PRELUDE_MAX_BYTES}")
        if not delimiter:
            return b""
        self._begun = b""
        self.prelude = _prelude(text)
        return body

    def end(self) -> None:
        """The answer is complete.

        Raises:
            MalformedPreludeError: Its beginning never was.
        """
        if self.prelude is None:
            raise MalformedPreludeError("it ended before the eight NUL bytes that come after its headers")


def _prelude(text: bytes) -> Prelude:
    try:
        given: Any = json.loads(text)
    except ValueError as error:
        raise MalformedPreludeError(f"its beginning is no JSON: {error}") from error
    if not isinstance(given, dict):
        raise MalformedPreludeError("its beginning is no JSON object")
    status = given.get("statusCode", 200)
    if isinstance(status, bool) or not isinstance(status, int) or not 100 <= status <= 599:  # noqa: PLR2004  # what HTTP has
        raise MalformedPreludeError(f"statusCode is {status!r}, which is no HTTP status")
    headers: list[tuple[str, str]] = []
    for name, value in _object(given, "headers").items():
        headers.append((name, _text(name, value)))
    for name, values in _object(given, "multiValueHeaders").items():
        if not isinstance(values, list):
            raise MalformedPreludeError(f"multiValueHeaders: {name} is no list")
        headers += [(name, _text(name, value)) for value in values]
    cookies = given.get("cookies") or []
    if not isinstance(cookies, list) or not all(isinstance(cookie, str) for cookie in cookies):
        raise MalformedPreludeError("cookies is no list of texts")
    return Prelude(status, (*headers, *(("Set-Cookie", cookie) for cookie in cookies)))


def _object(given: dict[str, Any], name: str) -> dict[str, Any]:
    value = given.get(name) or {}
    if not isinstance(value, dict):
        raise MalformedPreludeError(f"{name} is no object")
    return value


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if not isinstance(value, str):
        raise MalformedPreludeError(f"the header {name} is no text")
    return value
