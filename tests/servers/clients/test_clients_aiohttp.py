"""aiohttp sessions against real servers: kept, limited, ended at the deadline."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import aiohttp
import pytest
from aiohttp import web

import meantime
from meantime import clients, tasks
from meantime.testing import LambdaContext, fresh_environment

LONG = 10.0  # far above what a call to its deadline takes, far below the timeouts


def invoke(function: Any, timeout: float = 60.0) -> Any:
    """What an async function gives as the handler of one invocation."""

    @meantime.handler
    async def lambda_handler(event, context):
        return await function()

    return lambda_handler({}, LambdaContext(timeout=timeout))


async def text(session: aiohttp.ClientSession, url: str, **options: Any) -> str:
    async with session.get(url, **options) as response:
        return await response.text()


def test_it_gives_a_session_the_same_in_every_invocation_closed_with_the_environment():
    http = clients.aiohttp()

    async def ask():
        return await http()

    with fresh_environment():
        one, another = invoke(ask), invoke(ask)
        assert one is another
        assert isinstance(one, aiohttp.ClientSession)
        assert not one.closed

    assert one.closed


def test_ten_bursts_of_32_calls_open_no_more_than_32_connections(server):
    http = clients.aiohttp(max_concurrency=32)

    async def burst():
        session = await http()
        await tasks.map(lambda _: text(session, f"{server.url}/slow"), range(32), max_concurrency=32)

    for _ in range(10):
        invoke(burst)

    assert server.requests == {"slow": 320}
    assert server.connections <= 32


def test_a_wider_fan_out_waits_for_a_connection(server):
    http = clients.aiohttp(max_concurrency=2)

    async def burst():
        session = await http()
        await tasks.map(lambda _: text(session, f"{server.url}/slow"), range(12), max_concurrency=12)

    invoke(burst)

    assert server.connections <= 2


def test_a_call_that_gets_no_answer_ends_at_the_deadline_and_says_so(server, within, elapsed):
    http = clients.aiohttp()

    async def ask():
        session = await http()
        with within(0.3):
            await text(session, f"{server.url}/hang?token=secret")

    with pytest.raises(meantime.DeadlineExceeded, match=rf"GET {server.url}/hang for 0\.\d+ s") as caught:
        invoke(ask)

    assert 0.2 <= elapsed() < LONG
    assert [call.function for call in caught.value.waiting] == [f"GET {server.url}/hang"]


@pytest.mark.parametrize("timeout", [60, aiohttp.ClientTimeout(total=None)], ids=str)
def test_a_timeout_of_the_users_own_is_cut_at_the_deadline(server, within, elapsed, timeout):
    http = clients.aiohttp()

    async def ask():
        session = await http()
        with within(0.3):
            await text(session, f"{server.url}/hang", timeout=timeout)

    with pytest.raises(meantime.DeadlineExceeded):
        invoke(ask)

    assert elapsed() < LONG


def test_each_redirect_has_only_what_is_left(server, within, elapsed):
    http = clients.aiohttp()

    async def ask():
        session = await http()
        with within(0.3):
            await text(session, f"{server.url}/redirect")

    with pytest.raises(meantime.DeadlineExceeded, match="hang"):
        invoke(ask)

    assert elapsed() < LONG


@pytest.mark.parametrize(
    "read",
    [
        lambda response: response.read(),
        lambda response: drain(response.content.iter_any()),
        lambda response: response.content.readexactly(9_000),
    ],
    ids=["read", "iter_any", "readexactly"],
)
def test_a_body_that_trickles_ends_at_the_deadline(server, within, elapsed, read):
    http = clients.aiohttp()

    async def ask():
        session = await http()
        with within(0.3):
            async with session.get(f"{server.url}/trickle") as response:
                await read(response)

    with pytest.raises(meantime.DeadlineExceeded, match=rf"the body of GET {server.url}/trickle"):
        invoke(ask)

    assert elapsed() < LONG


async def drain(pieces: Any) -> None:
    async for _ in pieces:
        pass


def test_a_body_that_nobody_reads_any_more_leaves_no_timer_behind(server):
    http = clients.aiohttp()

    async def ask():
        session = await http()
        async with session.get(f"{server.url}/trickle") as response:
            await response.content.readexactly(1)
            before = timers()
        return before, timers()

    before, after = invoke(ask)

    assert len(before) == 1
    assert after == []


def timers() -> list[Any]:
    """What is to end a body at the deadline."""
    loop: Any = asyncio.get_running_loop()
    return [timer for timer in loop._scheduled if "_end" in repr(timer) and not timer.cancelled()]


def test_no_call_is_begun_after_the_deadline(server, within):
    http = clients.aiohttp()

    async def ask():
        session = await http()
        with within(0.0):
            await text(session, f"{server.url}/ok")

    with pytest.raises(meantime.DeadlineExceeded, match=rf"GET {server.url}/ok was not begun"):
        invoke(ask)

    assert server.connections == 0


def test_a_timeout_that_comes_before_the_deadline_is_the_librarys_own_error(server):
    http = clients.aiohttp(read_timeout=0.1)

    async def ask():
        session = await http()
        await text(session, f"{server.url}/hang")

    with pytest.raises(aiohttp.SocketTimeoutError):
        invoke(ask)


def test_connecting_takes_no_longer_than_to_the_deadline(unanswering, within, elapsed):
    http = clients.aiohttp(connect_timeout=60)

    async def ask():
        session = await http()
        with within(0.3):
            await text(session, unanswering)

    with pytest.raises(meantime.DeadlineExceeded):
        invoke(ask)

    assert elapsed() < LONG


def test_outside_an_invocation_it_is_a_session_as_any(server):
    http = clients.aiohttp()

    async def ask():
        session = await http()
        return await text(session, f"{server.url}/ok")

    assert asyncio.run(ask()) == "ok"


def test_what_the_user_sets_wins(server):
    seen = []

    async def mine(request, handler):
        seen.append(request.url.path)
        return await handler(request)

    http = clients.aiohttp(base_url=f"{server.url}/", timeout=aiohttp.ClientTimeout(total=7), middlewares=[mine])

    async def ask():
        session = await http()
        assert session.timeout.total == 7
        return await text(session, "ok")

    assert invoke(ask) == "ok"
    assert seen == ["/ok"]


def test_the_cookies_of_one_invocation_are_nothing_to_the_next(server):
    http = clients.aiohttp()
    url = server.url.replace("127.0.0.1", "localhost")  # aiohttp takes no cookies of a host without a name

    async def ask():
        session = await http()
        async with session.get(f"{url}/cookie") as response:
            assert response.cookies["user"].value == "alice"
        await text(session, f"{url}/ok")
        await text(session, f"{url}/ok", headers={"Cookie": "mine=1"})

    invoke(ask)

    assert server.cookies == [None, None, "mine=1"]


def test_a_connection_asks_now_and_then_whether_the_other_side_is_there(server):
    http = clients.aiohttp()

    async def ask():
        session = await http()
        async with session.get(f"{server.url}/trickle") as response:
            sock = response.connection.transport.get_extra_info("socket")
            return (
                sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
            )

    assert invoke(ask) == (1, 60)


def test_a_websocket_is_not_ended_by_the_deadline_of_the_invocation_that_opened_it(within):
    http = clients.aiohttp()

    async def echo(request):
        websocket = web.WebSocketResponse()
        await websocket.prepare(request)
        async for message in websocket:
            await websocket.send_str(message.data)
        return websocket

    async def ask():
        application = web.Application()
        application.router.add_get("/", echo)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ((host, port),) = runner.addresses
        session = await http()
        with within(0.2):
            websocket = await session.ws_connect(f"http://{host}:{port}/")
        await asyncio.sleep(0.4)
        await websocket.send_str("still here")
        answer = await websocket.receive_str()
        await websocket.close()
        await runner.cleanup()
        return answer

    assert invoke(ask) == "still here"


def test_the_users_own_context_is_respected(tls_server, trusted):
    http = clients.aiohttp(ssl=clients.ssl_context())

    async def ask():
        session = await http()
        return await text(session, f"{tls_server.url}/ok")

    assert invoke(ask) == "ok"


def test_a_server_that_nobody_vouches_for_is_refused(tls_server):
    http = clients.aiohttp()

    async def ask():
        session = await http()
        await text(session, f"{tls_server.url}/ok")

    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        invoke(ask)


def test_an_aiohttp_without_middlewares_is_refused_in_words(monkeypatch):
    monkeypatch.delattr(aiohttp, "ClientMiddlewareType")

    with pytest.raises(ImportError, match=r"clients\.aiohttp needs aiohttp 3\.12 or later"):
        clients.aiohttp()
