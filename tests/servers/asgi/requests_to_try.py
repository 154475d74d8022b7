"""Requests for the broad application: the ordinary, the odd, and what clients should not send but do."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from hypothesis import strategies as st
from tests.servers.asgi.raw_http import Request

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

HOST = (b"host", b"service.example")
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")

# What stands between slashes: encoded slashes and percent signs, dots, spaces, text that is not ASCII, not even UTF-8.
SEGMENTS = (
    "plain", "a%20b",
    "a+b", "a%2Bb", "a%2Fb", "a%252Fb", "100%25", "%C3%BC", "%FF", "%E2%82%AC", "a;b=c", "a:b@c",
    "a,b", "~a",
    "$a!", "(a)", "'a'", "a*b", "a=b", "a&b", "a%26b", "a%3Bb", ".a", "a.", "a.b.json", "...", "-", "_", "",
)  # fmt: skip
NAMES = ("q", "a", "a%5B%5D", "%C3%BC", "a.b", "A", "a-b", "a+b", "a%20b", "q%26")
VALUES = ("", "1", "two",
          "a+b", "a%20b", "a%2Bb", "%C3%BC", "%E2%82%AC", "a%26b", "a%3Db", "a=b", "a%2Fb", "a/b", "a?b",
          "a,b", "a%2Cb", "100%25", "a;b", "a%3Bb", "%7B%22a%22%3A1%7D", "a%0Ab", "~", "*", "'")  # fmt: skip
TEXTS = ("a", "a, b", 'quoted "text"', "Grüße", "a;b", "=", "été\xa0", "0", "https://shop.example", "a,b,c")
TYPES = ("text/plain", "application/json", "application/xml", "image/svg+xml", "application/problem+json", "image/png",
         "application/ld+json; charset=utf-8", "text/csv", "application/javascript", "application/octet-stream",
         "application/x-www-form-urlencoded", "application/yaml", "TEXT/HTML", "application/vnd.api+json",
         "text/plain; charset=latin-1", "application/pdf", "application/grpc-web", "nonsense")  # fmt: skip
BODIES = st.one_of(
    st.just(b""),
    st.binary(max_size=200),
    st.text(max_size=80).map(str.encode),
    st.sampled_from([b'{"a": "\xc3\xbc"}', b"caf\xe9", b"\x00", b"\r\n", b"a" * 20_000, bytes(range(256)) * 20]),
)


def _pairs(pairs: list[tuple[str, str | None]]) -> str:
    return "&".join(name if value is None else f"{name}={value}" for name, value in pairs)


PATHS = st.lists(st.sampled_from(SEGMENTS), max_size=4).map("/".join)
QUERIES = st.lists(
    st.tuples(st.sampled_from(NAMES), st.none() | st.sampled_from(VALUES)), max_size=5
).map(_pairs)  # fmt: skip
# Which may come several times; of the others aiohttp refuses a second, and so do servers.
REPEATED = (b"x-one", b"X-Two", b"accept-language", b"cookie", b"x-forwarded-for")
HEADERS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([b"x-one", b"X-Two", b"accept-language", b"user-agent", b"x-forwarded-host"]),
                  st.sampled_from(TEXTS).map(lambda text: text.encode("latin-1"))),
        st.tuples(st.just(b"accept-encoding"), st.sampled_from([b"gzip", b"identity", b"br, gzip;q=0.5"])),
        st.tuples(st.just(b"cookie"), st.sampled_from([b"a=1", b"a=1; b=2", b'flavour="x; y"', b"c=", b"d=x=y"])),
        st.tuples(st.just(b"origin"), st.sampled_from([b"https://shop.example", b"https://other.example"])),
        st.tuples(st.just(b"x-forwarded-for"), st.sampled_from([b"203.0.113.7", b"203.0.113.8, 2001:db8::7"])),
        st.tuples(st.just(b"authorization"), st.just(b"Bearer abc.def")),
    ),
    max_size=5,
).map(lambda pairs: [pair for at, pair in enumerate(pairs)
                     if pair[0] in REPEATED or pair[0] not in {name for name, _ in pairs[:at]}])  # fmt: skip


@st.composite
def _odd(draw: st.DrawFn) -> Request:
    """Anything at all to the routes that return what they saw."""
    path = draw(st.sampled_from(["/seen/", "/inner/seen/", "/plain/deep/", "/inner/", "/"])) + draw(PATHS)
    query = draw(QUERIES)
    return _made(
        draw, draw(st.sampled_from(METHODS)), path + (f"?{query}" if query else ""), draw(HEADERS), draw(BODIES)
    )


@st.composite
def _ordinary(draw: st.DrawFn) -> Request:
    """What the routes are for, with a little that they refuse."""
    number = st.integers(-5, 3000).map(str) | st.sampled_from(["x", "1.5", "%20", ""])
    word = st.text(max_size=12).map(lambda text: quote(text, safe=""))
    target = draw(
        st.one_of(
            st.builds("/items/{}?{}".format, number, QUERIES),
            st.builds("/items/{}?limit={}&q={}&q={}".format, number, number, word, word),
            st.builds("/text/{}?times={}".format, word, number),
            st.builds("/session?add={}".format, word),
            st.builds("/redirect?to={}&status={}".format, word, st.integers(300, 309)),
            st.builds("/redirect?to={}".format, st.sampled_from(["/seen", "https://a.example/%C3%BC?q=%26", ".."])),
            st.builds("/stream/{}?size={}".format, st.integers(0, 12), st.integers(0, 2000)),
            st.builds("/bytes/{}".format, st.integers(0, 30_000)),
            st.builds("/compressible?size={}".format, st.integers(0, 20_000)),
            st.builds("/nothing/{}".format, st.sampled_from([200, 201, 202, 204, 205, 304, 400, 404, 418, 503])),
            st.builds("/errors/{}".format, st.sampled_from(["http", "tea", "group", "other"])),
            st.builds("/headers?length={}".format, st.sampled_from([0, 10, 4000])),
            st.sampled_from(["/cookies", "/with-slash", "/with-slash/", "/inner/with-slash", "/stream-of-text",
                             "/links", "/page", "/dependencies", "/docs", "/openapi.json", "/missing", "/static",
                             "/static/",
                             "/static/missing", "/static/../broad.py", "/static/%2e%2e/broad.py",
                             "/plain", "/", "//",
                             "/inner/docs", "/socket", "/items", "/upload", "/session?clear=true",
                             "/plain/deep/caf%C3%A9"]),
        )
    )  # fmt: skip
    method = draw(st.sampled_from(["GET", "GET", "GET", "HEAD", "OPTIONS", "DELETE"]))
    return _made(draw, method, target, draw(HEADERS), b"")


@st.composite
def _typed(draw: st.DrawFn) -> Request:
    """A body of some type, which comes back."""
    asked = {
        "content-type": draw(st.sampled_from(TYPES)),
        "status": draw(st.sampled_from(["200", "200", "404", "500"])),
    }
    return _made(draw, "POST", f"/typed?{urlencode(asked)}", [], draw(BODIES))


@st.composite
def _written(draw: st.DrawFn) -> Request:
    """JSON, good and bad, and forms."""
    target, kind, body = draw(
        st.sampled_from(
            [
                ("/items", b"application/json", b'{"name": "tea", "price": 3.5, "tags": ["a"], "note": "\xc3\xbc"}'),
                ("/items", b"application/json", b'{"name": "", "price": -1}'),
                ("/items", b"application/json", b"{not json"),
                ("/items", b"application/json", b"\xff\xfe"),
                ("/items", b"text/plain", b'{"name": "tea", "price": 3.5}'),
                ("/form", b"application/x-www-form-urlencoded", b"name=a+b%20c&colours=red&colours=%C3%BC&colours="),
                ("/form", b"application/x-www-form-urlencoded", b"colours=red"),
                ("/form", b"application/x-www-form-urlencoded; charset=utf-8", b"name=%"),
                ("/upload", b"multipart/form-data", b"no boundary"),
                ("/streamed-in", b"application/octet-stream", b"\x00\xff" * 9000),
            ]
        )
    )  # fmt: skip
    return _made(
        draw, draw(st.sampled_from(["POST", "POST", "PUT"])), target, [(b"content-type", kind), *draw(HEADERS)], body
    )


@st.composite
def _upload(draw: st.DrawFn) -> Request:
    """Files."""
    contents = draw(st.lists(st.binary(max_size=3000), min_size=1, max_size=3))
    name = draw(st.sampled_from(["a.png", "with space.txt", "\xfc.bin", "", 'a"b']))
    return upload([(name, content) for content in contents])


@st.composite
def _file(draw: st.DrawFn) -> Request:
    """A file, or some of it, or only if it changed."""
    where = draw(st.sampled_from(["/static/style.css", "/static/picture.png", "/files/style.css", "/files/picture.png",
                                  "/files/index.html?attached=1"]))  # fmt: skip
    headers = draw(
        st.lists(
            st.sampled_from(
                [
                    (b"range", b"bytes=0-9"), (b"range", b"bytes=10-"), (b"range", b"bytes=-5"),
                    (b"range", b"bytes=99999-"),
                    (b"range", b"bytes=0-1,5-9"), (b"range", b"lines=1"), (b"if-none-match", b'"nothing"'),
                    (b"if-range", b'"nothing"'), (b"if-modified-since", b"Wed, 21 Oct 2099 07:28:00 GMT"),
                    (b"accept-encoding", b"gzip"),
                ]
            ),
            max_size=2, unique_by=lambda pair: pair[0],
        )
    )  # fmt: skip
    return Request(draw(st.sampled_from(["GET", "GET", "HEAD", "POST"])), where, (HOST, *headers))


@st.composite
def _preflight(draw: st.DrawFn) -> Request:
    """A browser asks before it asks."""
    headers = [
        (b"origin", draw(st.sampled_from([b"https://shop.example", b"https://other.example"]))),
        (b"access-control-request-method", draw(st.sampled_from([b"PUT", b"DELETE"]))),
        (b"access-control-request-headers", draw(st.sampled_from([b"x-token", b"x-token, x-other"]))),
    ]
    return Request("OPTIONS", "/items/1", (HOST, *headers))


def upload(files: list[tuple[str, bytes]], boundary: bytes = b"------boundary") -> Request:
    """A multipart request with these files."""
    parts = []
    for name, content in files:
        disposition = f'form-data; name="files"; filename="{quote(name, safe=" ")}"'.encode()
        parts.append(
            b"--%s\r\ncontent-disposition: %s\r\ncontent-type: image/png\r\n\r\n%s\r\n"
            % (boundary, disposition, content)
        )
    title = b'--%s\r\ncontent-disposition: form-data; name="title"\r\n\r\nT\xc3\xbc\r\n--%s--\r\n' % (
        boundary,
        boundary,
    )
    return Request(
        "POST",
        "/upload",
        (HOST, (b"content-type", b"multipart/form-data; boundary=" + boundary)),
        b"".join(parts) + title,
    )


def _made(draw: st.DrawFn, method: str, target: str, pairs: list[tuple[bytes, bytes]], body: bytes) -> Request:
    if body and method in ("GET", "HEAD", "OPTIONS"):
        body = b""  # it has no meaning there
    if body and not any(name == b"content-type" for name, _ in pairs) and draw(st.booleans()):
        pairs = [
            *pairs,
            (b"content-type", draw(st.sampled_from([b"application/octet-stream", b"text/plain", b"application/json"]))),
        ]
    return Request(method, target, (HOST, *pairs), body)


ANY_REQUEST: SearchStrategy[Request] = st.one_of(
    _odd(), _odd(), _ordinary(), _ordinary(), _typed(), _written(), _upload(), _file(), _preflight()
)
