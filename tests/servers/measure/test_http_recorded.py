"""Requests by every client to an API that says how long it took: names, waits, connections, bodies, failures."""

from __future__ import annotations

import asyncio
import http.client
import pickle
import ssl
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import httpx2
import pytest
import requests
import trustme
import urllib3
from tests.measure.patience import patient
from tests.servers.measure.recorded import assert_waited, named, observed, recorded

from meantime import clients, tasks, threads
from meantime.tools.downstream import DelayedAPI, DelayRelay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATHS = ("/orders/1?token=secret", "/orders/2?token=secret", "/orders/3?token=secret")


@pytest.fixture
def api() -> Iterator[DelayedAPI]:
    with DelayedAPI(latency=0.05) as api:
        yield api


def _requests(url: str) -> list[str]:
    with requests.Session() as session:
        return [session.get(url + path, timeout=5).text for path in PATHS]


def _requests_streaming(url: str) -> list[str]:
    with requests.Session() as session:
        texts = []
        for path in PATHS:
            with session.get(url + path, timeout=5, stream=True) as response:
                texts.append(b"".join(response.iter_content(16)).decode())
        return texts


def _urllib3(url: str) -> list[str]:
    with urllib3.PoolManager(timeout=5.0) as pool:
        return [pool.request("GET", url + path).data.decode() for path in PATHS]


def _urllib3_unread(url: str) -> list[str]:
    with urllib3.PoolManager(timeout=5.0) as pool:
        texts = []
        for path in PATHS:
            response = pool.request("GET", url + path, preload_content=False)
            texts.append(response.read().decode())
            response.release_conn()
        return texts


def _httpx(url: str) -> list[str]:
    with httpx.Client(timeout=5) as client:
        return [client.get(url + path).text for path in PATHS]


def _httpx_streaming(url: str) -> list[str]:
    with httpx.Client(timeout=5) as client:
        texts = []
        for path in PATHS:
            with client.stream("GET", url + path) as response:
                texts.append("".join(response.iter_text()))
        return texts


def _httpx2(url: str) -> list[str]:
    with httpx2.Client(timeout=5) as client:
        return [client.get(url + path).text for path in PATHS]


def _httpx_async(url: str) -> list[str]:
    async def work() -> list[str]:
        async with httpx.AsyncClient(timeout=5) as client:
            return [(await client.get(url + path)).text for path in PATHS]

    return asyncio.run(work())


def _httpx_async_streaming(url: str) -> list[str]:
    async def work() -> list[str]:
        async with httpx.AsyncClient(timeout=5) as client:
            texts = []
            for path in PATHS:
                async with client.stream("GET", url + path) as response:
                    texts.append("".join([text async for text in response.aiter_text()]))
            return texts

    return asyncio.run(work())


def _httpx2_async(url: str) -> list[str]:
    made = httpx2.AsyncClient(timeout=5)  # not on the loop: it may look for certificates on the disk

    async def work() -> list[str]:
        async with made as client:
            return [(await client.get(url + path)).text for path in PATHS]

    return asyncio.run(work())


def _aiohttp(url: str) -> list[str]:
    async def work() -> list[str]:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)) as session:
            texts = []
            for path in PATHS:
                async with session.get(url + path) as response:
                    texts.append(await response.text())
            return texts

    return asyncio.run(work())


def _urlopen(url: str) -> list[str]:
    texts = []
    for path in PATHS:
        with urllib.request.urlopen(url + path, timeout=5) as response:  # noqa: S310  # it is our own API
            texts.append(response.read().decode())
    return texts


def _http_client(url: str) -> list[str]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
    texts = []
    for path in PATHS:
        connection.request("GET", path)
        texts.append(connection.getresponse().read().decode())
    connection.close()
    return texts


CLIENTS: dict[str, Callable[[str], list[str]]] = {
    "requests": _requests,
    "requests, streaming": _requests_streaming,
    "urllib3": _urllib3,
    "urllib3, unread": _urllib3_unread,
    "httpx": _httpx,
    "httpx, streaming": _httpx_streaming,
    "httpx, async": _httpx_async,
    "httpx, async and streaming": _httpx_async_streaming,
    "httpx2": _httpx2,
    "httpx2, async": _httpx2_async,
    "aiohttp": _aiohttp,
    "urllib.request": _urlopen,
    "http.client": _http_client,
}
KEEP_NO_CONNECTION = {"urllib.request"}


@pytest.mark.parametrize("client", CLIENTS)
@patient
def test_a_request_waits_as_long_as_the_api_takes(api: DelayedAPI, client: str) -> None:
    recorder = recorded(lambda: CLIENTS[client](api.url))

    assert [call["name"] for call in recorder.calls if call["kind"] == "http"] == [
        "GET /orders/1", "GET /orders/2", "GET /orders/3",
    ]  # fmt: skip
    # The first waits for its connection, too.
    calls = [call for call in recorder.calls if call["kind"] == "http"]
    connects = 10 if client in KEEP_NO_CONNECTION else 0
    assert_waited(calls, [request.duration for request in api.requests], connecting_ms=connects)
    for call in calls:
        assert call["library"] == client.partition(",")[0]
        assert call["target"] == api.url.removeprefix("http://")
        assert (call["timeout_s"], call["has_timeout"]) == (5.0, True)
        assert "test_http_recorded.py" in call["line"]
        assert call["received_bytes"] > 100
        assert call["sent_bytes"] > 20
    reused = client in KEEP_NO_CONNECTION
    assert [call["new_connection"] for call in calls] == [True, reused, reused]
    assert "secret" not in str(recorder.document)


@pytest.mark.parametrize("client", CLIENTS)
def test_what_a_client_gives_stays_what_it_is(api: DelayedAPI, client: str) -> None:
    plain = CLIENTS[client](api.url)
    api.reset()
    watched: list[str] = []

    recorded(lambda: watched.extend(CLIENTS[client](api.url)))

    assert [text.partition('"number"')[0] for text in watched] == [text.partition('"number"')[0] for text in plain]


@pytest.mark.parametrize("name", ["requests", "httpx", "urllib3", "urllib.request", "http.client"])
@patient
def test_requests_on_threads_wait_side_by_side(api: DelayedAPI, name: str) -> None:
    def fetch(number: int) -> object:
        return _get(name, f"{api.url}/items/{number}")

    recorder = recorded(lambda: threads.map(fetch, range(4), max_concurrency=4))

    calls = [call for call in recorder.calls if call["kind"] == "http"]
    assert_waited(calls, [request.duration for request in api.requests], connecting_ms=20)
    items = [call["id"] for call in recorder.calls if call["kind"] == "item"]
    assert sorted(call["parent"] for call in calls) == sorted(items)


def _get(name: str, url: str) -> Any:
    if name == "requests":
        return requests.get(url, timeout=5).json()
    if name == "httpx":
        return httpx.get(url, timeout=5).json()
    if name == "urllib3":
        return urllib3.request("GET", url, timeout=5.0).json()
    if name == "urllib.request":
        return urllib.request.urlopen(url, timeout=5).read()  # noqa: S310  # it is our own API
    connection = http.client.HTTPConnection(url.split("/")[2], timeout=5)
    connection.request("GET", "/" + url.split("/", 3)[3])
    answer = connection.getresponse().read()
    connection.close()
    return answer


@patient
def test_requests_of_tasks_wait_side_by_side(api: DelayedAPI) -> None:
    async def work() -> None:
        async with aiohttp.ClientSession() as session:

            async def fetch(number: int) -> object:
                async with session.get(f"{api.url}/items/{number}") as response:
                    return await response.json()

            await tasks.map(fetch, range(4), max_concurrency=4)

    recorder = recorded(lambda: asyncio.run(work()))

    calls = [call for call in recorder.calls if call["kind"] == "http"]
    assert_waited(calls, [request.duration for request in api.requests], connecting_ms=20)
    assert len({call["task"] for call in calls}) == 4


def test_a_redirect_is_a_part_of_its_request(api: DelayedAPI) -> None:
    def work() -> None:
        with requests.Session() as session:
            session.get(f"{api.url}/here?status=302", timeout=5)

    recorder = recorded(work)

    assert [call["name"] for call in recorder.calls if call["kind"] == "http"] == ["GET /here"]


@patient
def test_a_request_that_takes_too_long_ends_with_its_error(api: DelayedAPI) -> None:
    def work() -> None:
        with pytest.raises(requests.ReadTimeout):
            requests.get(f"{api.url}/slow?delay=30", timeout=0.2)

    recorder = recorded(work)

    (call,) = named(recorder, "GET /slow")
    assert (call["error"], call["timeout_s"]) == ("ReadTimeout", 0.2)
    assert call["waiting_ms"] >= 195


def test_a_request_without_a_timeout_is_known_to_have_none(api: DelayedAPI) -> None:
    recorder = recorded(lambda: requests.get(api.url))  # noqa: S113  # that is what it is about

    (call,) = named(recorder, "GET /")
    assert call["has_timeout"] is False


class OwnAdapter(requests.adapters.HTTPAdapter):
    """With a timeout that the session's caller knows nothing of, as many functions have one."""

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        return super().send(request, *args, **{**options, "timeout": 4})


def _session_of_meantime(url: str) -> object:
    return clients.requests(read_timeout=4).get(url).text


def _session_with_own_adapter(url: str) -> object:
    with requests.Session() as session:
        session.mount("http://", OwnAdapter())
        return session.get(url).text  # the adapter has one


def _pool_with_a_total(url: str) -> object:
    with urllib3.PoolManager(timeout=urllib3.Timeout(total=4)) as pool:
        return pool.request("GET", url).data


def _session_with_a_total(url: str) -> object:
    with requests.Session() as session:
        return session.get(url, timeout=urllib3.Timeout(total=4)).text  # type: ignore[arg-type]  # requests' own code takes one


WITH_A_TIMEOUT_ELSEWHERE = {
    "clients.requests": _session_of_meantime,
    "an adapter of the function's own": _session_with_own_adapter,
    "urllib3, in all": _pool_with_a_total,
    "requests, in all": _session_with_a_total,
}


@pytest.mark.parametrize("fetch", WITH_A_TIMEOUT_ELSEWHERE.values(), ids=WITH_A_TIMEOUT_ELSEWHERE)
def test_a_timeout_that_is_set_elsewhere_is_known(api: DelayedAPI, fetch: Callable[[str], object]) -> None:
    recorder = recorded(lambda: fetch(api.url))

    (call,) = named(recorder, "GET /")
    assert (call["timeout_s"], call["has_timeout"]) == (4.0, True)


def test_whether_a_transport_of_the_functions_own_has_a_timeout_is_not_known(api: DelayedAPI) -> None:
    class Own(httpx.HTTPTransport):
        """It may have one."""

    def work() -> None:
        with httpx.Client(transport=Own(), timeout=None) as client:  # noqa: S113  # that is what it is about
            client.get(f"{api.url}/own")
        with httpx.Client(timeout=None) as client:  # noqa: S113  # likewise
            client.get(f"{api.url}/plain")

    recorder = recorded(work)

    assert named(recorder, "GET /own")[0]["has_timeout"] is None
    assert named(recorder, "GET /plain")[0]["has_timeout"] is False


def test_the_five_minutes_of_aiohttp_are_a_timeout(api: DelayedAPI) -> None:
    async def work() -> None:
        async with aiohttp.ClientSession() as session, session.get(api.url) as response:
            await response.read()

    recorder = recorded(lambda: asyncio.run(work()))

    assert (named(recorder, "GET /")[0]["timeout_s"], named(recorder, "GET /")[0]["has_timeout"]) == (300.0, True)


def test_a_cancelled_request_stays_cancelled(api: DelayedAPI) -> None:
    async def work() -> None:
        async with aiohttp.ClientSession() as session:
            request = asyncio.create_task(session.get(f"{api.url}/slow?delay=30"))
            await asyncio.sleep(0.1)
            request.cancel()
            with pytest.raises(asyncio.CancelledError):
                await request

    recorder = recorded(lambda: asyncio.run(work()))

    (call,) = named(recorder, "GET /slow")
    assert call["error"] == "CancelledError"


def test_an_error_of_the_api_stays_what_it_is(api: DelayedAPI) -> None:
    def work() -> None:
        with pytest.raises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(f"{api.url}/broken?status=500", timeout=5)  # noqa: S310  # it is our own API
        assert b"broken" in raised.value.read()
        raised.value.close()

    recorder = recorded(work)

    (call,) = named(recorder, "GET /broken")
    assert call["error"] == "HTTPError"


def test_a_body_that_is_read_later_is_a_call_of_its_own(api: DelayedAPI) -> None:
    def work() -> None:
        with requests.Session() as session, session.get(f"{api.url}/first", timeout=5, stream=True) as response:
            session.get(f"{api.url}/second", timeout=5)
            assert response.content

    recorder = recorded(work)

    names = [call["name"] for call in recorder.calls if call["kind"] == "http"]
    assert names == ["GET /first", "GET /second", "GET /first body"]


def test_a_response_can_be_pickled(api: DelayedAPI) -> None:
    def work() -> None:
        response = pickle.loads(pickle.dumps(requests.get(api.url, timeout=5)))  # noqa: S301  # our own
        assert response.json()["method"] == "GET"

    recorded(work)


def test_a_pool_that_is_too_small_is_observed(api: DelayedAPI) -> None:
    with urllib3.HTTPConnectionPool("127.0.0.1", int(api.url.rpartition(":")[2]), maxsize=2, block=False) as pool:
        recorder = recorded(lambda: threads.map(lambda _: pool.request("GET", "/"), range(5), max_concurrency=5))

    (full,) = observed(recorder, "pool_full")
    assert full["numbers"] == {"pool_size": 2.0, "count": 3.0}


@patient
def test_waiting_for_a_connection_of_httpx_is_seen(api: DelayedAPI) -> None:
    with httpx.Client(limits=httpx.Limits(max_connections=1)) as client:
        recorder = recorded(lambda: threads.map(lambda _: client.get(api.url), range(2), max_concurrency=2))

    (waited,) = [call for call in recorder.calls if call["kind"] == "pool"]
    assert waited["waiting_ms"] > 40
    assert recorder.calls[waited["parent"]]["name"] == "GET /"


@patient
def test_waiting_for_a_connection_of_aiohttp_is_seen(api: DelayedAPI) -> None:
    async def work() -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:

            async def fetch() -> None:
                async with session.get(api.url) as response:
                    await response.read()

            await asyncio.gather(fetch(), fetch())

    recorder = recorded(lambda: asyncio.run(work()))

    (waited,) = [call for call in recorder.calls if call["kind"] == "pool"]
    assert waited["waiting_ms"] > 40
    (full,) = observed(recorder, "pool_full")
    assert full["numbers"]["pool_size"] == 1


@patient
def test_requests_over_tls_wait_as_long_as_the_relay_says(api: DelayedAPI) -> None:
    authority = trustme.CA()
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server_side)
    api.latency = "0"
    with (
        DelayRelay(api.url.removeprefix("http://"), latency=0.05, tls=server_side) as relay,
        authority.cert_pem.tempfile() as trusted,
        requests.Session() as session,
    ):
        url = f"https://localhost:{relay.port}"
        session.get(url, timeout=5, verify=trusted)
        relay.reset()

        recorder = recorded(lambda: [session.get(url, timeout=5, verify=trusted) for _ in range(4)])

        assert_waited(named(recorder, "GET /"), [answer.duration for answer in relay.answers])
        recorder = recorded(lambda: requests.get(url, timeout=5, verify=trusted))

    (call,) = named(recorder, "GET /")
    assert call["new_connection"] is True
    assert call["sent_bytes"] > 100


def test_clients_that_are_made_within_the_invocation_are_told_of(api: DelayedAPI) -> None:
    def work() -> None:
        with httpx.Client() as client:
            client.get(api.url)
        ssl.create_default_context()

    recorder = recorded(work)

    (made,) = observed(recorder, "client_made")
    assert made["text"] == "httpx.Client"
    assert made["numbers"]["cpu_ms"] > 1
    assert made["duration_ms"] >= made["numbers"]["cpu_ms"] * 0.9
    (context,) = observed(recorder, "tls_context")
    assert "test_http_recorded.py" in context["line"]
