"""httpx and httpx2 clients against real servers: kept, limited, ended at the deadline."""

from __future__ import annotations

import asyncio
import importlib
import ssl
import sys
from types import ModuleType
from typing import Any

import pytest

import meantime
from meantime import clients, clock, tasks
from meantime.clients import trust
from meantime.testing import LambdaContext, fresh_environment

LONG = 10.0  # far above what a call to its deadline takes, far below the timeouts


@pytest.fixture(params=["httpx", "httpx2"])
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def module(name: str) -> Any:
    return importlib.import_module(name)


@pytest.fixture
def make(name: str) -> Any:
    return getattr(clients, name)


def invoke(function: Any, timeout: float = 60.0) -> Any:
    """What an async function gives as the handler of one invocation."""

    @meantime.handler
    async def lambda_handler(event, context):
        return await function()

    return lambda_handler({}, LambdaContext(timeout=timeout))


def test_it_gives_a_client_of_the_library_the_same_in_every_invocation_closed_with_the_environment(make, module):
    http = make()

    async def ask():
        return await http()

    with fresh_environment():
        one, another = invoke(ask), invoke(ask)
        assert one is another
        assert isinstance(one, module.AsyncClient)
        assert not one.is_closed

    assert one.is_closed


def test_ten_bursts_of_32_calls_open_no_more_than_32_connections(make, server):
    http = make(max_concurrency=32)

    async def burst():
        client = await http()
        await tasks.map(lambda _: client.get(f"{server.url}/slow"), range(32), max_concurrency=32)

    for _ in range(10):
        invoke(burst)

    assert server.requests == {"slow": 320}
    assert server.connections <= 32


def test_a_wider_fan_out_waits_for_a_connection(make, server):
    http = make(max_concurrency=2)

    async def burst():
        client = await http()
        await tasks.map(lambda _: client.get(f"{server.url}/slow"), range(12), max_concurrency=12)

    invoke(burst)

    assert server.connections <= 2


def test_a_call_that_gets_no_answer_ends_at_the_deadline_and_says_so(make, server, within, elapsed):
    http = make()

    async def ask():
        client = await http()
        with within(0.3):
            await client.get(f"{server.url}/hang?token=secret")

    with pytest.raises(meantime.DeadlineExceeded, match=rf"GET {server.url}/hang for 0\.\d+ s") as caught:
        invoke(ask)

    assert 0.2 <= elapsed() < LONG
    assert [call.function for call in caught.value.waiting] == [f"GET {server.url}/hang"]


def test_a_handler_meets_the_deadline_as_ever(make, server):
    http = make()

    async def ask():
        client = await http()
        await tasks.map(lambda part: client.get(f"{server.url}/{part}"), ["ok", "hang"])

    with pytest.raises(meantime.DeadlineExceeded):
        invoke(ask, timeout=1.0)


@pytest.mark.parametrize("part", ["trickle", "redirect"])
def test_neither_trickling_nor_redirects_outlast_the_deadline(make, server, within, elapsed, part):
    http = make(follow_redirects=True)

    async def ask():
        client = await http()
        with within(0.3):
            await client.get(f"{server.url}/{part}")

    with pytest.raises(meantime.DeadlineExceeded, match=part):
        invoke(ask)

    assert elapsed() < LONG


def test_a_stream_that_trickles_ends_at_the_deadline(make, server, within, elapsed):
    http = make()

    async def ask():
        client = await http()
        async with client.stream("GET", f"{server.url}/trickle") as response:
            with within(0.3):
                async for _ in response.aiter_bytes():
                    pass

    with pytest.raises(meantime.DeadlineExceeded, match=rf"the body of GET {server.url}/trickle"):
        invoke(ask)

    assert elapsed() < LONG


def test_a_stream_is_read_as_ever_and_its_connection_used_again(make, server):
    http = make()

    async def ask():
        client = await http()
        async with client.stream("GET", f"{server.url}/ok") as response:
            body = await response.aread()
        return body, response.elapsed.total_seconds() > 0

    assert invoke(ask) == (b"ok", True)
    assert invoke(ask) == (b"ok", True)
    assert server.connections == 1


def test_a_stream_may_be_left_early(make, server):
    http = make()

    async def ask():
        client = await http()
        async with client.stream("GET", f"{server.url}/trickle") as response:
            async for piece in response.aiter_bytes():
                return piece
        return b""

    assert invoke(ask) == b"."
    server.may_end.set()


def test_no_call_is_begun_after_the_deadline(make, server, within):
    http = make()

    async def ask():
        client = await http()
        with within(0.0):
            await client.get(f"{server.url}/ok")

    with pytest.raises(meantime.DeadlineExceeded, match=rf"GET {server.url}/ok was not begun"):
        invoke(ask)

    assert server.connections == 0


def test_a_timeout_that_comes_before_the_deadline_is_the_librarys_own_error(make, module, server):
    http = make(read_timeout=0.1)

    async def ask():
        client = await http()
        await client.get(f"{server.url}/hang")

    with pytest.raises(module.ReadTimeout):
        invoke(ask)


def test_outside_an_invocation_it_is_a_client_as_any(make, server):
    http = make()

    async def ask():
        client = await http()
        return (await client.get(f"{server.url}/ok")).text

    assert asyncio.run(ask()) == "ok"


def test_what_the_user_sets_wins(make, module, server):
    http = make(base_url=server.url, headers={"X-Who": "me"}, timeout=module.Timeout(7.0))

    async def ask():
        client = await http()
        assert (client.timeout.read, client.headers["X-Who"]) == (7.0, "me")
        return (await client.get("/ok")).text

    assert invoke(ask) == "ok"


def test_a_wrong_option_is_told_when_the_client_is_described(make):
    with pytest.raises(TypeError, match="nonsense"):
        make(nonsense=1)


def test_after_a_minute_without_an_invocation_as_in_a_freeze_the_client_is_made_anew(make, monkeypatch):
    http = make()

    async def ask():
        return await http()

    one = invoke(ask)
    thawed = clock.wall() + 60.0
    monkeypatch.setattr(clock, "wall", lambda: thawed)
    another = invoke(ask)

    assert another is not one
    assert one.is_closed


def test_the_first_request_loads_nothing_that_could_have_been_loaded_before(name, run_python):
    loaded = run_python(f"""
        import sys, meantime
        from meantime import clients
        http = clients.{name}()

        @meantime.handler
        async def lambda_handler(event, context):
            client = await http()
            before = set(sys.modules)
            try:
                await client.get("http://127.0.0.1:9/")
            except Exception:
                pass
            return sorted(set(sys.modules) - before)

        print(lambda_handler({{}}, meantime.testing.LambdaContext(timeout=60)))
    """)

    assert "anyio" not in loaded


def test_a_transport_of_the_users_own_is_used(make, module):
    http = make(transport=module.MockTransport(lambda request: module.Response(200, text="mine")))

    async def ask():
        client = await http()
        return (await client.get("http://anywhere/")).text

    assert invoke(ask) == "mine"


def test_the_proxy_in_the_environment_is_used(make, server, monkeypatch):
    monkeypatch.setenv("http_proxy", server.url)
    http = make()

    async def ask():
        client = await http()
        return (await client.get("http://example.invalid/ok")).text

    assert invoke(ask) == "ok"
    assert server.requests == {"ok": 1}


def test_the_cookies_of_one_invocation_are_nothing_to_the_next(make, server):
    http = make()

    async def ask():
        client = await http()
        assert (await client.get(f"{server.url}/cookie")).cookies["user"] == "alice"
        await client.get(f"{server.url}/ok")
        await client.get(f"{server.url}/ok", headers={"Cookie": "mine=1"})

    invoke(ask)

    assert server.cookies == [None, None, "mine=1"]


def test_who_gives_cookies_keeps_cookies(make, server):
    http = make(cookies={"mine": "1"})

    async def ask():
        client = await http()
        await client.get(f"{server.url}/cookie")
        await client.get(f"{server.url}/ok")

    invoke(ask)

    assert server.cookies == ["mine=1", "mine=1; user=alice"]


class TestTrust:
    def test_all_clients_share_one_ssl_context(self, make, tls_server, trusted):
        resources = [make(), make()]

        async def ask():
            for http in resources:
                client = await http()
                assert (await client.get(f"{tls_server.url}/ok")).text == "ok"

        invoke(ask)

        assert len(trusted) == 1
        assert tls_server.handshakes == 2

    def test_it_is_made_when_the_client_is_described_and_not_in_an_invocation(self, make, trusted):
        make()

        assert len(trusted) == 1

    def test_not_with_http2_which_the_others_do_not_speak(self, make, trusted, monkeypatch):
        monkeypatch.setitem(sys.modules, "h2", ModuleType("h2"))  # it need not be installed: nobody connects
        make(http2=True)

        assert trust._made == {}

    def test_the_users_own_context_is_respected(self, make, tls_server, authority, trusted):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        authority.configure_trust(context)
        http = make(verify=context)

        async def ask():
            client = await http()
            return (await client.get(f"{tls_server.url}/ok")).text

        assert invoke(ask) == "ok"
        assert trusted == []

    def test_the_bundle_in_the_environment_is_respected(self, make, tls_server, bundle, monkeypatch):
        monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
        http = make()

        async def ask():
            client = await http()
            return (await client.get(f"{tls_server.url}/ok")).text

        assert invoke(ask) == "ok"

    def test_a_server_that_nobody_vouches_for_is_refused(self, make, module, tls_server):
        http = make()

        async def ask():
            client = await http()
            await client.get(f"{tls_server.url}/ok")

        with pytest.raises(module.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            invoke(ask)


def test_httpx2_can_be_given_the_context_that_the_others_share(tls_server, trusted):
    http = clients.httpx2(verify=clients.ssl_context())

    async def ask():
        client = await http()
        return (await client.get(f"{tls_server.url}/ok")).text

    assert invoke(ask) == "ok"
    assert trusted == [clients.ssl_context()]
