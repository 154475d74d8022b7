"""Headers between JSON, where they are text, and ASGI, where they are bytes."""

from __future__ import annotations

from itertools import repeat

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
        # Nearly all are ASCII. All in C, since a loop would be a fifth of what the adapter does for a request.
        return list(zip(map(_name_of, headers), map(str.encode, headers.values(), _ASCII)))  # noqa: B905  # as many
    except (UnicodeEncodeError, TypeError, AttributeError):  # beyond ASCII; or a test has put in a number, or None
        return from_lists({name: (value,) for name, value in headers.items()})


class _Names(dict[str, bytes]):
    """Names of headers as bytes, in lower case: the same ones come with nearly every request."""

    def __missing__(self, name: str) -> bytes:
        raw = to_bytes(name.lower())
        if len(self) < _NAMES_KEPT:
            self[name] = raw
        return raw


_NAMES_KEPT = 256
_name_of = _Names().__getitem__
_ASCII = repeat("ascii")


def from_lists(headers: Mapping[str, Iterable[object] | str | None]) -> RawHeaders:
    """Headers with a list of values each, or one, as ASGI has them: repeated."""
    return [
        (to_bytes(name.lower()), to_bytes(str(value)))
        for name, values in headers.items()
        for value in ((values,) if isinstance(values, str) else values or ())
        if value is not None
    ]


def of_both(repeated: Mapping[str, Iterable[object] | None] | None, single: Mapping[str, str] | None) -> RawHeaders:
    """Headers that come as lists and also with one value each; what is in the lists goes before."""
    if not repeated:
        return to_pairs(single or {})
    headers = from_lists(repeated)
    if single and single.keys() - repeated.keys():  # nothing of AWS's, but of a hand-made event
        names = {name.lower() for name in repeated}
        headers += to_pairs({name: value for name, value in single.items() if name.lower() not in names})
    return headers


def one_cookie_header(headers: RawHeaders) -> RawHeaders:
    """Cookies that came in several headers, as HTTP/2 allows, in one, as applications expect them."""
    cookies = [value for name, value in headers if name == b"cookie"]
    if len(cookies) < 2:  # noqa: PLR2004  # one needs no joining
        return headers
    return [header for header in headers if header[0] != b"cookie"] + [(b"cookie", b"; ".join(cookies))]


def with_length(headers: RawHeaders, body: object, *, is_base64: object) -> RawHeaders:
    """With a Content-Length, which REST APIs leave out; Django reads no form without one."""
    if not isinstance(body, str) or first(headers, b"content-length"):
        return headers
    if is_base64:
        length = len(body) * 3 // 4 - body[-2:].count("=")
    else:
        length = len(body) if body.isascii() else len(body.encode("utf-8", "surrogatepass"))
    return [*headers, (b"content-length", b"%d" % length)]


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


def lists(headers: RawHeaders) -> dict[str, list[str]]:
    """Headers with a list of values each."""
    values: dict[str, list[str]] = {}
    for key, value in headers:
        values.setdefault(key.decode("latin-1"), []).append(value.decode("latin-1"))
    return values


def single_and_repeated(headers: RawHeaders) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Headers that were sent once, and those that were sent more than once."""
    single = {}
    repeated = {}
    for name, values in lists(headers).items():
        if len(values) == 1:
            single[name] = values[0]
        else:
            repeated[name] = values
    return single, repeated


def single_by_casing(headers: RawHeaders) -> dict[str, str]:
    """Headers with one value each where there is no other form.

    Cookies, which cannot be joined, get as many spellings of `set-cookie` as there are cookies: names of headers have
    no case, and the keys of an object have. That is no documented feature, but what AWS's front ends do.
    """
    single, cookies = joined(headers)
    for number, cookie in enumerate(cookies):
        single[_spelling("set-cookie", number)] = cookie
    return single


def _spelling(name: str, number: int) -> str:
    """The name in one of its spellings, another for each number."""
    letters = []
    for letter in name:
        if letter.isalpha():
            letters.append(letter.upper() if number & 1 else letter)
            number >>= 1
        else:
            letters.append(letter)
    return "".join(letters)
