"""A broad FastAPI and Starlette application answers through every source as it does behind uvicorn, byte for byte."""

from __future__ import annotations

import re
from dataclasses import replace

import h11
import pytest
from hypothesis import HealthCheck, given, settings
from tests.servers.asgi.differences import ROOT_PATHS, SOURCES, URL_STREAMED
from tests.servers.asgi.raw_http import Answer, Request, headers
from tests.servers.asgi.requests_to_try import ANY_REQUEST, HOST, upload
from tests.servers.conftest import eventually

EXAMPLES = 30  # of each of nine sources

BY_HAND = {
    "JSON": Request("GET", "/items/7?q=a&q=b&limit=5", headers(("x-token", "t"), ("cookie", "flavour=mint"))),
    "a refused parameter": Request("GET", "/items/seven?limit=1000", headers()),
    "an empty and a valueless parameter": Request("GET", "/seen?a=&b&=c&&d=1&d=&d", headers()),
    "plus, space, semicolon and percent in a query": Request(
        "GET", "/seen?a=1+2%202;b=3&c=%25&%C3%BC=%C3%BC", headers()
    ),
    "an encoded slash": Request("GET", "/seen/a%2Fb/c", headers()),
    "an encoded percent sign": Request("GET", "/seen/a%252Fb/100%25", headers()),
    "an encoded question mark and hash": Request("GET", "/seen/a%3Fb%23c?d=e", headers()),
    "double slashes": Request("GET", "//seen//a//b/", headers()),
    "double slashes within": Request("GET", "/seen//a///b//", headers()),
    "dots": Request("GET", "/seen/a/../b/./c/..", headers()),
    "a path beyond ASCII": Request("GET", "/seen/%C3%BC/%E2%82%AC/%F0%9F%8D%B5", headers()),
    "a path that is not UTF-8": Request("GET", "/seen/%FF%FE", headers()),
    "a path with everything allowed": Request("GET", "/seen/-._~!$&'()*+,;=:@", headers()),
    "a root without a path": Request("GET", "/", headers()),
    "repeated headers": Request("GET", "/seen", headers(("x-one", "1"), ("x-two", "2"), ("x-one", "3"))),
    "a header that is latin-1, and one that is empty": Request(
        "GET", "/seen", headers(("x-one", "Grüße"), ("x-two", ""))
    ),
    "several Cookie headers": Request("GET", "/seen", headers(("cookie", "a=1; b=2"), ("cookie", "c=3"))),
    "a long header": Request("GET", "/seen", headers(("x-long", "l" * 6000))),
    "many headers": Request("GET", "/seen", headers(*((f"x-{n}", str(n)) for n in range(80)))),
    "a client behind another proxy": Request("GET", "/seen", headers(("x-forwarded-for", "203.0.113.7, 10.0.0.1"))),
    "an IPv6 client behind another proxy": Request(
        "GET", "/seen", headers(("x-forwarded-for", "2001:db8::7, 10.0.0.1"))
    ),
    "a port beside a client's address": Request("GET", "/seen", headers(("x-forwarded-for", "[2001:db8::7]:4711"))),
    "several cookies set, one deleted": Request("GET", "/cookies", headers()),
    "repeated and odd headers in an answer": Request("GET", "/headers?length=5000", headers()),
    "an address that the framework makes": Request("GET", "/links?page=1&q=%C3%BC", headers()),
    "a redirect to the slash": Request("GET", "/with-slash?a=b%20c", headers()),
    "a redirect to the slash, of a POST": Request("POST", "/with-slash", headers(), b"body"),
    "a redirect in a mounted application": Request("GET", "/inner/with-slash", headers()),
    "a mounted application": Request("PUT", "/inner/seen/a%20b?c=d", headers(), b"put"),
    "a mounted application's documentation": Request("GET", "/inner/docs", headers()),
    "the documentation": Request("GET", "/docs", headers()),
    "OpenAPI": Request("GET", "/openapi.json", headers()),
    "HEAD": Request("HEAD", "/bytes/1000", headers()),
    "HEAD of a file": Request("HEAD", "/files/style.css", headers()),
    "HEAD of what is not allowed": Request("HEAD", "/links", headers()),
    "OPTIONS": Request("OPTIONS", "/seen/x", headers()),
    "DELETE without an answer's body": Request("DELETE", "/items/3", headers()),
    "DELETE with a body": Request("DELETE", "/seen", headers(("content-type", "text/plain")), b"why"),
    "304 of an etag": Request(
        "GET", "/static/style.css", headers(("if-modified-since", "Wed, 21 Oct 2099 07:28:00 GMT"))
    ),
    "205": Request("GET", "/nothing/205", headers()),
    "a range": Request("GET", "/files/picture.png", headers(("range", "bytes=100-199"))),
    "several ranges": Request("GET", "/files/picture.png", headers(("range", "bytes=0-9,100-109,-5"))),
    "a range that is not there": Request("GET", "/files/picture.png", headers(("range", "bytes=999999-"))),
    "a download": Request("GET", "/files/index.html?attached=true", headers()),
    "a compressed answer": Request("GET", "/compressible", headers(("accept-encoding", "gzip"))),
    "a compressed stream": Request("GET", "/stream/50?size=100", headers(("accept-encoding", "gzip"))),
    "a stream of bytes": Request("GET", "/stream/10?size=100", headers()),
    "a stream of text": Request("GET", "/stream-of-text", headers()),
    "bytes without a type": Request("GET", "/bytes/777", headers()),
    "an empty answer without a type": Request("GET", "/bytes/0", headers()),
    "text that is not UTF-8": Request("GET", "/plain/deep/caf%C3%A9", headers()),
    "a declared text that is not UTF-8": Request(
        "POST", "/typed?content-type=application/json", headers(), b'"caf\xe9"'
    ),
    "an encoding of one's own": Request(
        "POST", "/typed?content-type=text/plain&content-encoding=br", headers(), b"plain"
    ),
    "problem+json": Request("GET", "/errors/tea", headers()),
    "an HTTP error with headers": Request("GET", "/errors/http", headers()),
    "an error nobody expects": Request("GET", "/errors/other", headers()),
    "a preflight that is granted": Request(
        "OPTIONS",
        "/items/1",
        headers(
            ("origin", "https://shop.example"),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "x-token"),
        ),
    ),
    "a preflight that is refused": Request(
        "OPTIONS",
        "/items/1",
        headers(("origin", "https://other.example"), ("access-control-request-method", "DELETE")),
    ),
    "a request from another origin": Request("GET", "/session?add=1", headers(("origin", "https://shop.example"))),
    "dependencies": Request("GET", "/dependencies", headers()),
    "a form": Request(
        "POST",
        "/form",
        headers(("content-type", "application/x-www-form-urlencoded")),
        b"name=a+b%26c&colours=red&colours=%C3%BC",
    ),
    "an upload": upload([("a.bin", bytes(range(256)) * 20), ("ü b.bin", b""), ("c.txt", b"text\r\n")]),
    "a body without a type": Request("POST", "/seen", headers(), bytes(range(256))),
    "a body that is text, and not UTF-8": Request("POST", "/seen", headers(("content-type", "text/plain")), b"caf\xe9"),
    "a compressed body": Request(
        "POST", "/seen", headers(("content-type", "text/plain"), ("content-encoding", "gzip")), b"\x1f\x8b not really"
    ),
    "a body that is read in pieces": Request("POST", "/streamed-in", headers(), b"\x00\xff" * 100_000),
    "a WebSocket's address without an upgrade": Request("GET", "/socket", headers()),
    "a method that nobody knows": Request("PURGE", "/seen", headers()),
}


def without_the_second(answer: Answer) -> Answer:
    """A cookie is deleted as of the second in which that is said, which the two answers need not have in common."""
    said = re.compile(rb'(?<=old=""; expires=)[^;]+')
    return replace(answer, headers=tuple((name, said.sub(b"now", value)) for name, value in answer.headers))


@pytest.mark.parametrize("source", SOURCES)
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(request=ANY_REQUEST)
def test_any_request(broad, source, request):
    broad.compare(source, request, without_the_second)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", BY_HAND)
def test_a_request_with(broad, source, name):
    broad.compare(source, BY_HAND[name], without_the_second)


@pytest.mark.parametrize("source", SOURCES)
def test_a_session_is_kept_in_its_cookie(broad, source):
    cookie = b""
    for add in (b"tea", b"milk"):
        answer = broad.compare(source, Request("GET", f"/session?add={add.decode()}", (HOST, (b"cookie", cookie))))
        cookie = answer.header(b"set-cookie")[0].partition(b";")[0]

    assert (
        broad.compare(source, Request("GET", "/session", (HOST, (b"cookie", cookie)))).body
        == b'{"list":["tea","milk"]}'
    )


# A streamed response is there before they have run: what comes meanwhile, another environment takes.
@pytest.mark.parametrize("source", [each for each in SOURCES if each != URL_STREAMED])
def test_background_tasks_have_run_when_the_next_request_comes(broad, source):
    key = f"{SOURCES.index(source)}."
    client = broad.through[source]

    began = client.send(Request("POST", f"{ROOT_PATHS.get(source, '')}/background/{key}", headers()))
    found = client.send(Request("GET", f"{ROOT_PATHS.get(source, '')}/background/{key}", headers()))

    # Behind uvicorn, which serves the next request meanwhile, they may be under way still.
    assert began.body == b'{"so far":[]}'
    assert found.body == f'["{key} in a thread","{key} on the loop"]'.encode()


@pytest.mark.parametrize("source", SOURCES)
def test_responses_are_streamed_where_they_are_to_be(broad, source):
    query = f"size=100&of={SOURCES.index(source)}"

    broad.compare(source, Request("GET", f"/stream/5?{query}", headers()))

    def told() -> list[bool]:
        return [each.invocation.streamed for each in broad.exchanges if each.request.query == query]

    eventually(lambda: told() != [], "the front tells of the exchange, once all of it has been sent")
    assert told() == [source == URL_STREAMED]


@pytest.mark.parametrize("source", SOURCES)
def test_half_an_answer_is_never_taken_for_a_whole_one(broad, source):
    request = Request("GET", f"{ROOT_PATHS.get(source, '')}/breaking-off", headers())

    if source == URL_STREAMED:  # its beginning is with the client, as behind uvicorn
        with pytest.raises(h11.RemoteProtocolError):
            broad.through[source].send(request)
    else:
        assert broad.through[source].send(request).status == 500


@pytest.mark.parametrize("source", SOURCES)
def test_large_bodies_both_ways(broad, source):
    most = 3_900_000 if source not in ("alb", "alb-multi-value") else 700_000  # an ALB takes and gives 1 MB, of base64

    content = bytes(range(256)) * (most // 256)

    broad.compare(source, upload([("large.bin", content)]))
    assert len(broad.compare(source, Request("GET", f"/bytes/{most}", headers())).body) == most


@pytest.mark.parametrize("source", SOURCES)
def test_a_web_socket_is_refused(broad, source):
    upgrade = headers(
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-version", "13"),
    )

    assert 400 <= broad.through[source].send(Request("GET", "/socket", upgrade)).status < 500
