"""Bodies of any size pass through the proxy whole, both ways, and an answer's pieces as they come."""

from __future__ import annotations

import hashlib
import http.client
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import requests

if TYPE_CHECKING:
    from tests.tools.downstream.conftest import RawUpstream

    from meantime.tools.downstream import DelayProxy


def test_a_chunked_upload_arrives_chunked_and_whole(upstream: RawUpstream, proxy: DelayProxy) -> None:
    pieces = [b"a" * 10, b"b" * 100_000, b"c"]

    requests.put(proxy.url, data=iter(pieces), timeout=10)

    (received,) = upstream.received
    assert received.header("Transfer-Encoding") == "chunked"
    assert received.header("Content-Length") is None
    assert received.body == b"".join(pieces)


def test_a_large_upload_streams_and_arrives_with_its_length(upstream: RawUpstream, proxy: DelayProxy) -> None:
    body = bytes(range(256)) * 20_000

    requests.put(proxy.url, data=body, timeout=10)

    (received,) = upstream.received
    assert received.header("Content-Length") == str(len(body))
    assert hashlib.sha256(received.body).digest() == hashlib.sha256(body).digest()


def test_a_large_answer_streams_through(upstream: RawUpstream, proxy: DelayProxy) -> None:
    body = bytes(range(256)) * 20_000
    upstream.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    assert requests.get(proxy.url, timeout=10).content == body


@pytest.mark.parametrize(
    ("answer", "seen", "rest"),
    [
        (b"Content-Length: 10\r\n\r\n", b"", b"helloworld"),
        (b"Content-Length: 10\r\n\r\nhello", b"hello", b"world"),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"", b"a\r\nhelloworld\r\n0\r\n\r\n"),
        (b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", b"hello", b"5\r\nworld\r\n0\r\n\r\n"),
    ],
)
def test_what_the_upstream_has_sent_comes_before_it_sends_more(
    upstream: RawUpstream, proxy: DelayProxy, answer: bytes, seen: bytes, rest: bytes
) -> None:
    upstream.answer, upstream.rest = b"HTTP/1.1 200 OK\r\n" + answer, rest
    with closing(http.client.HTTPConnection(urlsplit(proxy.url).netloc, timeout=5)) as connection:
        connection.request("GET", "/")

        response = connection.getresponse()
        early = response.read(len(seen)) if seen else b""
        under_way = proxy.statistics().in_flight
        upstream.may_finish.set()

        assert (early, early + response.read(), under_way) == (seen, b"helloworld", 1)


def test_a_chunked_answer_comes_back_whole(upstream: RawUpstream, proxy: DelayProxy) -> None:
    upstream.answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"

    with requests.Session() as session:
        answers = [session.get(proxy.url, timeout=10) for _ in range(2)]

    for answer in answers:
        assert answer.content == b"hello world"
        assert dict(answer.headers) == {"Transfer-Encoding": "chunked"}


def test_an_answer_that_ends_with_its_connection_comes_back_whole(upstream: RawUpstream, proxy: DelayProxy) -> None:
    upstream.answer = b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 100_000

    assert requests.get(proxy.url, timeout=10).content == b"x" * 100_000


def test_an_answer_that_is_cut_off_is_not_taken_for_whole(upstream: RawUpstream, proxy: DelayProxy) -> None:
    upstream.answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 200000\r\n\r\n" + b"x" * 100_000

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        _ = requests.get(proxy.url, timeout=10).content

    assert proxy.requests[0].outcome == "unreachable"


def test_a_signed_form_of_any_size_passes(upstream: RawUpstream, proxy: DelayProxy) -> None:
    scope = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request, Signature=0"
    form = {"Action": "SendMessage", "MessageBody": "x" * 3_000_000}

    answer = requests.post(proxy.url, data=form, headers={"Authorization": scope}, timeout=10)

    assert answer.status_code == 200
    assert len(upstream.received[0].body) > 3_000_000
    assert upstream.received[0].header("Content-Length") == str(len(upstream.received[0].body))
    assert proxy.requests[0].operation == "SendMessage"
