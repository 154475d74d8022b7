"""The port as an HTTP server: every method, every kind of body, many at once, and clients that leave."""

from __future__ import annotations

import base64
import contextlib
import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest
import requests
from tests.tools.emulator.conftest import wait_for
from tests.tools.emulator.http.conftest import SOURCES

from meantime.tools.emulator import AsyncEmulator, ClosedError
from meantime.tools.emulator.http import FunctionUrl, HttpFront

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.tools.emulator.conftest import Deploy
    from tests.tools.emulator.http.conftest import Serve, Served

    Echo = Callable[..., Served]

TOGETHER = """
    import os, time
    from pathlib import Path

    def handler(event, context):
        mine = Path(os.environ["MEETING"]) / event["rawQueryString"]
        mine.touch()
        while len(list(mine.parent.iterdir())) < int(os.environ["PARTY"]):  # nobody leaves before all are there
            time.sleep(0.01)
        return {"statusCode": 200, "body": event["rawQueryString"]}
"""


def raw(served: Served, request: bytes) -> bytes:
    """Send these bytes and return all that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", served.front.port), timeout=30) as connection:
        connection.sendall(request)
        pieces = []
        while piece := connection.recv(65_536):
            pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.parametrize("source", SOURCES)
def test_every_method_reaches_the_function(echo: Echo, source: str) -> None:
    served = echo(source)
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        event = served.event("/", method=method)
        context = event.get("requestContext", {}).get("http", {})
        assert method in (event.get("httpMethod"), event.get("method"), context.get("method"))


@pytest.mark.parametrize("source", SOURCES)
def test_a_head_has_headers_and_no_body_and_the_connection_lives_on(echo: Echo, source: str) -> None:
    served = echo(source)
    with contextlib.closing(served.connection()) as connection:
        connection.request("HEAD", "/")
        first = connection.getresponse()
        assert (first.status, first.read()) == (200, b"")
        assert first.getheader("content-type") == "application/json"
        kept = connection.sock
        connection.request("GET", "/")
        assert connection.getresponse().read().startswith(b"{")
        assert connection.sock is kept


def test_the_length_of_a_head_is_what_the_function_says_or_nothing(serve: Serve, deploy: Deploy) -> None:
    source = """
        def handler(event, context):
            return {"statusCode": 200, "headers": {"content-length": "1234"} if event["rawQueryString"] else {}}
    """
    served = serve(deploy(source), "api-gateway-v2")
    assert served.request("/?x", method="HEAD").header("content-length") == "1234"
    assert served.request("/", method="HEAD").header("content-length") is None


def test_a_body_in_chunks_is_one_body(echo: Echo) -> None:
    event = echo().event("/", method="POST", body=[b"a" * 70_000, b"", b"b" * 10], chunked=True)
    assert base64.b64decode(event["body"]) == b"a" * 70_000 + b"b" * 10
    assert event["headers"]["content-length"] == "70010"
    assert "transfer-encoding" not in event["headers"]


def test_a_large_body_reaches_the_function(echo: Echo) -> None:
    served = echo(timeout=30, memory_mb=1769)
    body = b"x" * 3_000_000
    event = served.event("/", method="PUT", body=body, headers={"Content-Type": "text/plain"})
    assert len(event["body"]) == 3_000_000


def test_a_multipart_upload_arrives_byte_for_byte(echo: Echo) -> None:
    content = bytes(range(256)) * 10
    request = requests.Request("POST", echo().url, files={"file": ("a.bin", content)}).prepare()
    with requests.Session() as session:
        event = session.send(request, timeout=30).json()
    assert base64.b64decode(event["body"]) == request.body
    assert event["headers"]["content-type"] == request.headers["Content-Type"]


def test_a_client_that_asks_before_it_sends_is_told_to_go_on(echo: Echo) -> None:
    served = echo()
    head = b"POST / HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", served.front.port), timeout=30) as connection:
        connection.sendall(head)
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_target_may_be_absolute_as_proxies_send_it(echo: Echo) -> None:
    event = echo().event("http://elsewhere.example:80/a%20b?x=1")
    assert (event["rawPath"], event["rawQueryString"]) == ("/a%20b", "x=1")


@pytest.mark.parametrize("target", ["//double/slash", "/a/../b/./c", "/a;b=c,d", "/%2e%2e/x", "/" + "x" * 9_000])
def test_a_path_is_left_alone(echo: Echo, target: str) -> None:
    assert echo().event(target)["rawPath"] == target


def test_http_1_0_is_answered_and_closed(echo: Echo) -> None:
    answer = raw(echo(), b"GET / HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.0 200 OK\r\n")
    assert b'"protocol": "HTTP/1.0"' in answer


@pytest.mark.parametrize("request_", [b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nBad Header: x\r\n\r\n", b"\0\0\0\0\r\n\r\n"])
def test_what_is_no_http_is_refused_without_a_traceback(
    echo: Echo, request_: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    served = echo()
    assert raw(served, request_).startswith(b"HTTP/1.0 400 Bad Request\r\n")
    assert served.event("/")
    assert caplog.records == []


def test_a_connection_is_kept_for_the_next_request(echo: Echo) -> None:
    with httpx.Client(base_url=echo().url) as client:
        ports = {client.get("/").extensions["network_stream"].get_extra_info("client_addr")[1] for _ in range(3)}
    assert len(ports) == 1


def test_requests_at_once_have_an_environment_each(serve: Serve, deploy: Deploy, tmp_path: Path) -> None:
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    variables = {"MEETING": str(meeting), "PARTY": "32"}
    served = serve(deploy(TOGETHER, timeout=60, memory_mb=512, environment=variables))
    with ThreadPoolExecutor(32) as clients:
        got = list(clients.map(lambda number: served.request(f"/?{number}").body.decode(), range(32)))
    assert got == [str(number) for number in range(32)]
    environments = {exchange.invocation.environment_id for exchange in served.exchanges}
    assert len(environments) == 32
    assert served.request("/?again").status == 200
    assert served.exchanges[-1].invocation.environment_id in environments
    assert not served.exchanges[-1].invocation.cold


def test_a_client_that_leaves_is_noted_and_the_function_runs_on(echo: Echo) -> None:
    served = echo()
    with socket.create_connection(("127.0.0.1", served.front.port)) as connection:
        connection.sendall(b"GET /nap HTTP/1.1\r\nHost: here\r\n\r\n")
        wait_for(lambda: bool(served.front._under_way))
        # Not a shutdown, which a client may do that waits for its answer, but an end.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_for(lambda: bool(served.exchanges))
    assert served.exchanges[-1].client_left
    assert served.exchanges[-1].invocation.error is None
    assert served.event("/")


def test_a_client_that_leaves_in_the_middle_of_its_body_reaches_nobody(echo: Echo) -> None:
    served = echo()
    with socket.create_connection(("127.0.0.1", served.front.port)) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\nhalf")
    assert served.event("/")
    assert len(served.invocations) == 1


def test_environments_are_replaced_and_requests_under_way_finish_in_theirs(serve: Serve, deploy: Deploy) -> None:
    source = """
        import time
        def handler(event, context):
            time.sleep(float(event["rawQueryString"] or 0))
            return {"statusCode": 200, "body": "old"}
    """
    function = deploy(source)
    served = serve(function)
    assert served.request("/").body == b"old"
    answers = []
    slow = threading.Thread(target=lambda: answers.append(served.request("/?1").body))
    slow.start()
    wait_for(lambda: bool(served.front._under_way))
    (function.code / "app.py").write_text("def handler(event, context): return 'new'")
    served.run(served.front.replace_environments())
    assert served.request("/").body == b"new"
    assert not answers
    slow.join(30)
    assert answers == [b"old"]


def test_an_emulator_that_was_given_stays_its_owners(serve: Serve, deploy: Deploy) -> None:
    function = deploy("def handler(event, context): return 1")
    starter = serve(function)  # for its loop

    async def run() -> None:
        async with AsyncEmulator(function) as emulator:
            async with HttpFront(emulator, FunctionUrl()) as front, httpx.AsyncClient() as client:
                assert (await client.get(front.url)).json() == 1
                with pytest.raises(ClosedError):
                    await front.replace_environments()
            assert (await emulator.invoke()).payload == 1

    starter.run(run())


def test_it_has_no_address_before_it_is_started(deploy: Deploy) -> None:
    with pytest.raises(RuntimeError, match="use it in an async with statement"):
        _ = HttpFront(deploy("def handler(event, context): pass")).url
