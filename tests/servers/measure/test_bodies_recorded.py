"""A body that drips is a part of its call, whichever way it is read, and may be left in the middle."""

from __future__ import annotations

import asyncio
import ctypes
import http.client
import socketserver
import threading
import time
import urllib.request
from typing import TYPE_CHECKING

import aiohttp
import httpx
import httpx2
import pytest
import requests
import urllib3
from tests.servers.measure.recorded import recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PIECES = 5
PAUSE = 0.04
BODY = b"".join(bytes([97 + number]) * 1000 for number in range(PIECES))


class _Dripping(socketserver.StreamRequestHandler):
    """Answers in chunks, each after a pause, the first at once."""

    def handle(self) -> None:
        while self.rfile.readline():
            while self.rfile.readline().strip():
                pass
            self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for number in range(PIECES):
                time.sleep(PAUSE if number else 0.0)
                self.wfile.write(b"3e8\r\n" + BODY[1000 * number : 1000 * (number + 1)] + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone is what some of these tests are about."""


@pytest.fixture
def url() -> Iterator[str]:
    with _Server(("127.0.0.1", 0), _Dripping) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/drip"
        server.shutdown()
        thread.join()


def _requests(url: str) -> bytes:
    with requests.get(url, stream=True, timeout=5) as response:
        return b"".join(response.iter_content(300))


def _requests_lines(url: str) -> bytes:
    with requests.get(url, stream=True, timeout=5) as response:
        return b"".join(response.iter_lines())


def _urllib3(url: str) -> bytes:
    response = urllib3.request("GET", url, preload_content=False, timeout=5.0)
    body = b"".join(response.stream(300))
    response.release_conn()
    return body


def _httpx(url: str) -> bytes:
    with httpx.Client() as client, client.stream("GET", url) as response:
        return b"".join(response.iter_bytes())


def _httpx2(url: str) -> bytes:
    with httpx2.Client() as client, client.stream("GET", url) as response:
        return b"".join(response.iter_raw())


def _httpx_async(url: str) -> bytes:
    async def work() -> bytes:
        async with httpx.AsyncClient() as client, client.stream("GET", url) as response:
            return b"".join([piece async for piece in response.aiter_bytes()])

    return asyncio.run(work())


def _aiohttp(url: str) -> bytes:
    async def work() -> bytes:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return b"".join([piece async for piece in response.content.iter_chunked(300)])

    return asyncio.run(work())


def _aiohttp_any(url: str) -> bytes:
    async def work() -> bytes:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return b"".join([piece async for piece in response.content.iter_any()])

    return asyncio.run(work())


def _urlopen(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310  # our own
        return b"".join(iter(lambda: response.read(300), b""))


def _http_client(url: str) -> bytes:
    connection = http.client.HTTPConnection(url.split("/")[2], timeout=5)
    connection.request("GET", "/drip")
    body = connection.getresponse().read()
    connection.close()
    return body


READERS = [
    _requests, _requests_lines, _urllib3, _httpx, _httpx2, _httpx_async, _aiohttp, _aiohttp_any, _urlopen, _http_client,
]  # fmt: skip


@pytest.mark.parametrize("read", READERS)
def test_waiting_for_the_pieces_is_waiting_of_the_call(url: str, read: Callable[[str], bytes]) -> None:
    bodies: list[bytes] = []

    recorder = recorded(lambda: bodies.append(read(url)))

    assert bodies == [BODY]
    (call,) = [call for call in recorder.calls if call["kind"] == "http"]
    assert call["name"] == "GET /drip"
    assert call["waiting_ms"] + call["held_up_ms"] >= 1000 * PAUSE * (PIECES - 1) * 0.97
    assert call["received_bytes"] > len(BODY)
    assert call["error"] is None


def test_pieces_that_are_worked_on_in_between_are_calls_of_their_own(url: str) -> None:
    def work() -> None:
        with requests.get(url, stream=True, timeout=5) as response:
            for _ in response.iter_content(1000):
                until = time.thread_time() + 0.01
                while time.thread_time() < until:
                    pass

    recorder = recorded(work)

    names = [call["name"] for call in recorder.calls if call["kind"] == "http"]
    assert names[0] == "GET /drip"
    assert set(names[1:]) == {"GET /drip body"}


def test_a_process_that_stands_still_before_it_reads_makes_no_second_call(url: str) -> None:
    stand_still = ctypes.CDLL(None).usleep  # what Python does not know of, as a CPU quota that is used up

    def work() -> None:
        with requests.get(url, stream=True, timeout=5) as response:
            stand_still(50_000)
            assert response.content == BODY

    recorder = recorded(work)

    assert [call["name"] for call in recorder.calls if call["kind"] == "http"] == ["GET /drip"]


def test_a_body_may_be_left_in_the_middle(url: str) -> None:
    async def leave() -> None:
        async with httpx.AsyncClient() as client:
            async with client.stream("GET", url) as response:
                async for _ in response.aiter_bytes():
                    break
            async with aiohttp.ClientSession() as session, session.get(url) as answer:
                async for _ in answer.content.iter_any():
                    break

    def work() -> None:
        with httpx.Client() as client, client.stream("GET", url) as response:
            next(response.iter_bytes())
        with requests.get(url, stream=True, timeout=5) as answer:
            next(answer.iter_content(10))
        asyncio.run(leave())

    recorder = recorded(work)

    assert [call["error"] for call in recorder.calls if call["kind"] == "http"] == [None] * 4


def test_a_body_that_breaks_off_fails_as_it_does(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Dripping, "handle", lambda self: self.wfile.write(
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"))  # fmt: skip

    def work() -> None:
        with (
            pytest.raises(requests.exceptions.ChunkedEncodingError),
            requests.get(url, stream=True, timeout=5) as response,
        ):
            list(response.iter_content())
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(url)

    recorder = recorded(work)

    assert {call["error"] for call in recorder.calls if call["kind"] == "http"} == {
        "ProtocolError",
        "RemoteProtocolError",
    }
