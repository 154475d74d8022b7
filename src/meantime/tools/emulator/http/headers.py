"""Headers on their way through: joined, checked, and without those that are about one connection only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from meantime.tools.emulator.http.response import MalformedAnswerError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.tools.emulator.http.request import Request

HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""RFC 9110 §7.6.1, and the older RFC 2616 §13.5.1."""

BODILESS: Final = frozenset({204, 205, 304})
"""Statuses whose responses have no body, so no type of it either."""

_FORWARDED: Final = frozenset({"x-forwarded-for", "x-forwarded-port", "x-forwarded-proto", "x-amzn-trace-id"})
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NO_VALUE: Final = re.compile(r"[\0-\x08\n-\x1f\x7f\ud800-\udfff]")
_LOWEST, _HIGHEST = 200, 599


def event_headers(request: Request, dropped: Iterable[str] = HOP_BY_HOP) -> list[tuple[str, str]]:
    """Return the headers for an event, in lower case, with those that AWS adds.

    The length is that of the body that is passed on, however it was sent.
    """
    left_out = {"content-length", *dropped} | _FORWARDED
    headers = [(name.lower(), value) for name, value in request.headers if name.lower() not in left_out]
    if request.body or request.header("content-length") is not None:
        headers.append(("content-length", str(len(request.body))))
    return headers + forwarding(request)


def forwarding(request: Request) -> list[tuple[str, str]]:
    """Return the headers that every one of AWS's sources adds."""
    return [
        ("x-amzn-trace-id", request.trace),
        ("x-forwarded-for", request.forwarded_for),
        ("x-forwarded-port", str(request.port)),
        ("x-forwarded-proto", "http"),
    ]


def joined(headers: Iterable[tuple[str, str]], separator: str = ",") -> dict[str, str]:
    """Return each name once; the values of repeated ones are joined."""
    return {name: separator.join(values) for name, values in gathered(headers).items()}


def gathered(headers: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return each name once, with all its values."""
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name, []).append(value)
    return values


def answered_headers(headers: Any, field: str = "headers") -> list[tuple[str, str]]:
    """Return the headers in an answer; a value may be a list.

    Raises:
        MalformedAnswerError: They are no headers.
    """
    if headers is None:
        return []
    if not isinstance(headers, dict):
        raise MalformedAnswerError(f"{field} is no object but {type(headers).__name__}")
    answered = []
    for name, values in headers.items():
        for value in values if isinstance(values, list) else [values]:
            text = ("true" if value else "false") if isinstance(value, bool) else str(value)
            if isinstance(value, dict | list) or value is None:
                raise MalformedAnswerError(f"the header {name} has the value {value!r}")
            if not _NAME.fullmatch(name) or _NO_VALUE.search(text):
                raise MalformedAnswerError(f"{name!r}: {text!r} is no header")
            answered.append((name, text))
    return answered


def without(headers: Iterable[tuple[str, str]], dropped: Iterable[str]) -> list[tuple[str, str]]:
    """Return the headers but for some, named in lower case."""
    left_out = frozenset(dropped)
    return [(name, value) for name, value in headers if name.lower() not in left_out]


def with_type(headers: list[tuple[str, str]], default: str, status: int) -> list[tuple[str, str]]:
    """Return the headers with a content type, where there is a body to have one."""
    if status in BODILESS or any(name.lower() == "content-type" for name, _ in headers):
        return headers
    return [*headers, ("Content-Type", default)]


def answered_status(status: Any) -> int:
    """Return the status in an answer.

    Raises:
        MalformedAnswerError: It is none that ends a request.
    """
    try:
        number = int(status) if isinstance(status, int | str) and not isinstance(status, bool) else 0
    except ValueError:
        number = 0
    if not _LOWEST <= number <= _HIGHEST:
        raise MalformedAnswerError(f"statusCode is {status!r}, which is no number from {_LOWEST} to {_HIGHEST}")
    return number


def remapped(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers with those renamed that REST APIs and function URLs set themselves.

    Recorded by LocalStack for REST APIs (`header_utils.py`); for function URLs see
    https://github.com/cargo-lambda/cargo-lambda/issues/862.
    """
    return [
        (f"x-amzn-Remapped-{name}" if name.lower() in _REMAPPED else name, value)
        for name, value in headers
        if name.lower() != "transfer-encoding"
    ]


_REMAPPED: Final = frozenset({"connection", "content-length", "date", "server"})
