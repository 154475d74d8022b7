"""The proxy changes nothing: what arrives behind it, and what comes back, are the bytes that were sent."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import requests

from meantime.tools.downstream import DelayProxy

if TYPE_CHECKING:
    from tests.tools.downstream.conftest import RawUpstream


def exchange(proxy: DelayProxy, request: bytes) -> bytes:
    """Send bytes on a connection of their own and read to its end."""
    address = urlsplit(proxy.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
    return answer


def head_and_body(answer: bytes) -> tuple[list[str], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.decode("latin-1").split("\r\n"), body


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/a%20b/c+d/%2F/%E2%82%AC",
        "/a%2Fb?x=1%2C2&y=%20&z=a+b&empty=&bare",
        "//two//slashes/",
        "/a/../b/./c",
        "/lower%e2%82%ac",
        "/~tilde'(quote)!*;:@$,=",
        "/?a=/?b",
        "/not%escaped",
        "/line%0Abreak%0D",
        "/" + "long/" * 8_000,
    ],
)
def test_path_and_query_pass_byte_for_byte(upstream: RawUpstream, proxy: DelayProxy, target: str) -> None:
    exchange(proxy, f"GET {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())

    assert upstream.received[0].request_line == f"GET {target} HTTP/1.1"


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
def test_a_request_without_body_passes_with_its_method_and_without_one(
    upstream: RawUpstream, proxy: DelayProxy, method: str
) -> None:
    exchange(proxy, f"{method} / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())

    (received,) = upstream.received
    assert received.request_line == f"{method} / HTTP/1.1"
    assert received.header("Content-Length") == "0"
    assert received.header("Transfer-Encoding") is None
    assert received.body == b""


def test_host_and_headers_pass_unchanged_and_none_is_added(upstream: RawUpstream, proxy: DelayProxy) -> None:
    """Only a repeated name may change its case, which means nothing (RFC 9110 §5.1)."""
    exchange(
        proxy,
        b"GET / HTTP/1.1\r\nHost: bucket.example:1\r\nX-Amz-Meta-A: one\r\nx-amz-meta-a: two\r\n"
        b"Cookie: a=b\r\nAuthorization: AWS4-HMAC-SHA256 Credential=x, Signature=y\r\nX-Latin: caf\xc3\xa9\r\n"
        b"Connection: close\r\n\r\n",
    )

    assert upstream.received[0].headers == [
        ("Host", "bucket.example:1"),
        ("X-Amz-Meta-A", "one"),
        ("X-Amz-Meta-A", "two"),
        ("Cookie", "a=b"),
        ("Authorization", "AWS4-HMAC-SHA256 Credential=x, Signature=y"),
        ("X-Latin", "cafÃ©"),
    ]


def test_headers_that_belong_to_one_connection_stay_on_it(upstream: RawUpstream, proxy: DelayProxy) -> None:
    upstream.answer = (
        b"HTTP/1.1 200 OK\r\nConnection: X-Secret, keep-alive\r\nX-Secret: 1\r\nKeep-Alive: timeout=5\r\n"
        b"X-Kept: 1\r\nContent-Length: 0\r\n\r\n"
    )

    answer = exchange(
        proxy,
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close, X-Own\r\nX-Own: 1\r\nKeep-Alive: 1\r\nTE: trailers\r\n"
        b"Proxy-Connection: close\r\nX-Kept: 1\r\n\r\n",
    )

    assert upstream.received[0].headers == [("Host", "h"), ("X-Kept", "1")]
    lines, _ = head_and_body(answer)
    assert sorted(lines[1:]) == ["Connection: close", "Content-Length: 0", "X-Kept: 1"]


def test_an_answer_comes_back_with_its_status_reason_headers_and_nothing_added(
    upstream: RawUpstream, proxy: DelayProxy
) -> None:
    upstream.answer = (
        b"HTTP/1.1 418 Short And Stout\r\nX-A: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 3\r\n\r\ntea"
    )

    answer = exchange(proxy, b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")

    lines, body = head_and_body(answer)
    assert lines[0] == "HTTP/1.1 418 Short And Stout"
    assert lines[1:-1] == ["X-A: 1", "Set-Cookie: a=1", "Set-Cookie: b=2", "Content-Length: 3"]
    assert lines[-1] == "Connection: close"
    assert body == b"tea"


def test_no_cookie_is_remembered(upstream: RawUpstream, proxy: DelayProxy) -> None:
    upstream.answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nContent-Length: 0\r\n\r\n"

    requests.get(proxy.url, timeout=10)
    requests.get(proxy.url, timeout=10)

    assert upstream.received[1].header("Cookie") is None


def test_a_redirect_is_the_clients_business(upstream: RawUpstream, proxy: DelayProxy) -> None:
    upstream.answer = b"HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"

    answer = requests.get(proxy.url, timeout=10, allow_redirects=False)

    assert (answer.status_code, answer.headers["Location"]) == (307, "http://127.0.0.1:1/")


def test_a_compressed_body_stays_compressed_both_ways(upstream: RawUpstream, proxy: DelayProxy) -> None:
    zipped = gzip.compress(b"hello" * 100)
    upstream.answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(zipped) + zipped

    answer = exchange(
        proxy,
        b"PUT / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
        % len(zipped)
        + zipped,
    )

    assert upstream.received[0].body == zipped
    assert head_and_body(answer)[1] == zipped


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_an_answer_that_has_no_body_comes_back_without_one(
    upstream: RawUpstream, proxy: DelayProxy, status: str
) -> None:
    upstream.answer = f"HTTP/1.1 {status}\r\nETag: x\r\n\r\n".encode()

    with requests.Session() as session:
        answers = [session.get(proxy.url, timeout=10) for _ in range(2)]

    for answer in answers:
        assert f"{answer.status_code} {answer.reason}" == status
        assert dict(answer.headers) == {"ETag": "x"}


def test_the_answer_to_head_keeps_its_length_and_the_connection(upstream: RawUpstream, proxy: DelayProxy) -> None:
    upstream.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nContent-Type: a/b\r\n\r\n"

    with requests.Session() as session:
        answers = [session.head(proxy.url, timeout=10) for _ in range(2)]

    for answer in answers:
        assert dict(answer.headers) == {"Content-Length": "1234", "Content-Type": "a/b"}
    assert proxy.statistics().peak_connections == 1


def test_connections_are_kept_alive_on_both_sides(upstream: RawUpstream, proxy: DelayProxy) -> None:
    with requests.Session() as session:
        for _ in range(20):
            assert session.post(proxy.url, data=b"x", timeout=10).text == "ok"

    assert proxy.statistics().peak_connections == 1
    assert {received.connection for received in upstream.received} == {1}


def test_a_client_that_asks_before_its_body_is_told_to_go_on(upstream: RawUpstream, proxy: DelayProxy) -> None:
    address = urlsplit(proxy.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(
            b"PUT /k HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        invitation = connection.recv(100)
        connection.sendall(b"hello")
        answer = connection.recv(1000)

    assert invitation == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert upstream.received[0].body == b"hello"


def test_a_client_that_asks_before_its_body_may_be_refused_without_sending_it(upstream: RawUpstream) -> None:
    upstream.may_answer.clear()
    with DelayProxy(upstream.url, max_concurrency=1) as proxy:
        address = urlsplit(proxy.url)
        first = http.client.HTTPConnection(address.netloc, timeout=10)
        first.request("GET", "/")
        assert upstream.arrived.acquire(timeout=10)

        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            connection.sendall(b"PUT /k HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
            answer = connection.recv(1000)

        upstream.may_answer.set()
        first.getresponse().read()
        first.close()
    lines, _ = head_and_body(answer)
    assert lines[0] == "HTTP/1.1 429 Too Many Requests"
    assert "Connection: close" in lines
    assert len(upstream.received) == 1


@pytest.mark.parametrize("line", ["GET http://example.com/path?a=b", "OPTIONS *"])
def test_a_target_that_is_no_path_is_answered_400_with_a_sentence_and_counted(
    upstream: RawUpstream, proxy: DelayProxy, line: str
) -> None:
    answer = exchange(proxy, f"{line} HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n".encode())

    lines, body = head_and_body(answer)
    assert lines[0] == "HTTP/1.1 400 Bad Request"
    assert f"forwards paths, not '{line.partition(' ')[2]}'" in json.loads(body)["message"]
    assert (proxy.requests[0].outcome, proxy.requests[0].status) == ("unreachable", 400)
    assert upstream.received == []


def test_nobody_behind_the_proxy_is_told_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with DelayProxy(f"http://127.0.0.1:{port}") as proxy:
        answer = requests.get(proxy.url, timeout=10)

        assert answer.status_code == 502
        assert f"got no answer from http://127.0.0.1:{port}" in answer.json()["message"]
        assert proxy.requests[0].outcome == "unreachable"
