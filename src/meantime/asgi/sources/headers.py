"""Headers between JSON, where they are text, and ASGI, where they are bytes."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    RawHeaders = list[tuple[bytes, bytes]]


def to_bytes(text: str) -> bytes:
    """A name or a value as it went over the wire: latin-1, and what is beyond it UTF-8."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def to_pairs(headers: Mapping[str, str]) -> RawHeaders:
    """Headers with one value each, as ASGI has them."""
    try:
        return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    except (UnicodeEncodeError, AttributeError):  # beyond latin-1; or a test has put in a number, or None
        return from_lists({name: (value,) for name, value in headers.items()})


def from_lists(headers: Mapping[str, Iterable[object] | None]) -> RawHeaders:
    """Headers with a list of values each, as ASGI has them: repeated."""
    return [
        (to_bytes(name.lower()), to_bytes(str(value)))
        for name, values in headers.items()
        for value in values or ()
        if value is not None
    ]


def first(headers: RawHeaders, name: bytes) -> str:
    """The first value of a header; empty where there is none."""
    for key, value in headers:
        if key == name:
            return value.decode("latin-1")
    return ""


def joined(headers: RawHeaders) -> tuple[dict[str, str], list[str]]:
    """Headers with one value each, repeated ones joined by a comma, and the cookies to set, which cannot be joined."""
    single: dict[str, str] = {}
    cookies = []
    for key, value in headers:
        name = key.decode("latin-1")
        text = value.decode("latin-1")
        if name == "set-cookie":
            cookies.append(text)
        elif name in single:
            single[name] = f"{single[name]}, {text}"
        else:
            single[name] = text
    return single, cookies
