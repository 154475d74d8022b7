"""An answer comes when its latency is over, not before, and hardly after; closing waits for nobody."""

from __future__ import annotations

import http.client
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import requests

from meantime.tools.downstream import DelayedAPI, DelayProxy

if TYPE_CHECKING:
    from tests.tools.downstream.conftest import RawUpstream


def test_an_answer_comes_after_the_latency(upstream: RawUpstream) -> None:
    with DelayProxy(upstream.url, latency=0.1) as proxy:
        started = time.monotonic()
        requests.get(proxy.url, timeout=10)
        took = time.monotonic() - started

        (request,) = proxy.requests
    assert 0.1 <= request.duration <= took < 5
    assert 0.0 < request.delay <= 0.1


def test_the_time_of_the_upstream_is_within_the_latency_not_added_to_it() -> None:
    with DelayedAPI(latency=0.4) as api, DelayProxy(api.url, latency=0.5) as proxy:
        requests.get(proxy.url, timeout=10)

        (request,) = proxy.requests
    assert 0.5 <= request.duration < 0.9
    assert request.delay <= 0.1


def test_a_slower_upstream_is_not_sped_up_and_nothing_is_added() -> None:
    with DelayedAPI(latency=0.2) as api, DelayProxy(api.url, latency=0.05) as proxy:
        requests.get(proxy.url, timeout=10)

        (request,) = proxy.requests
    assert request.duration >= 0.2
    assert request.delay == 0.0


def test_delays_run_side_by_side(upstream: RawUpstream) -> None:
    with DelayProxy(upstream.url, latency=0.3) as proxy, ThreadPoolExecutor(20) as pool:
        started = time.monotonic()
        list(pool.map(lambda _: requests.get(proxy.url, timeout=10), range(20)))

        assert time.monotonic() - started < 20 * 0.3 / 3
        assert proxy.statistics().peak_concurrency > 10


def test_the_latency_can_be_changed_meanwhile(upstream: RawUpstream) -> None:
    with DelayProxy(upstream.url, latency=30) as proxy:
        proxy.latency = "1ms"
        requests.get(proxy.url, timeout=10)

        assert str(proxy.latency) == "1ms"
        assert proxy.requests[0].duration < 5
        with pytest.raises(ValueError, match="is no time"):
            proxy.latency = "soon"


def test_a_throttled_request_is_answered_at_once(upstream: RawUpstream) -> None:
    with DelayProxy(upstream.url, latency=1.0, rate=0.001) as proxy, ThreadPoolExecutor(1) as pool:
        first = pool.submit(requests.get, proxy.url, timeout=10)
        assert upstream.arrived.acquire(timeout=10)
        assert requests.get(proxy.url, timeout=10).status_code == 429

        assert proxy.requests[0].duration < 0.5
        assert first.result().status_code == 200


def test_a_client_that_goes_away_is_counted_and_its_request_given_up(upstream: RawUpstream) -> None:
    with DelayProxy(upstream.url, latency=60, max_concurrency=1) as proxy:
        with pytest.raises(requests.exceptions.ReadTimeout):
            requests.get(proxy.url, timeout=0.2)

        for _ in range(1000):
            if proxy.requests:
                break
            threading.Event().wait(0.01)
        (request,) = proxy.requests
        assert (request.outcome, request.status) == ("abandoned", None)
        assert proxy.statistics().in_flight == 0


def test_closing_is_quick_with_idle_connections_and_requests_under_delay(upstream: RawUpstream) -> None:
    proxy = DelayProxy(upstream.url, latency=60).start()
    address = urlsplit(proxy.url)
    delayed = [http.client.HTTPConnection(address.netloc, timeout=30) for _ in range(10)]
    idle = http.client.HTTPConnection(address.netloc, timeout=30)
    for connection in delayed:
        connection.request("GET", "/")
        assert upstream.arrived.acquire(timeout=10)
    idle.request("GET", "/__meantime__/statistics")
    idle.getresponse().read()

    started = time.monotonic()
    proxy.close()
    took = time.monotonic() - started

    assert took < 1.0
    for connection in delayed:
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            connection.getresponse()
        connection.close()
    idle.close()
    assert proxy.statistics().abandoned == 10
    assert proxy.statistics().in_flight == 0


def test_closing_is_quick_when_the_upstream_never_answers(upstream: RawUpstream) -> None:
    upstream.may_answer.clear()
    proxy = DelayProxy(upstream.url).start()
    connection = http.client.HTTPConnection(urlsplit(proxy.url).netloc, timeout=30)
    connection.request("GET", "/")
    assert upstream.arrived.acquire(timeout=10)

    started = time.monotonic()
    proxy.close()

    assert time.monotonic() - started < 1.0
    connection.close()


def test_a_closed_proxy_leaves_no_thread_and_no_port(upstream: RawUpstream) -> None:
    before = set(threading.enumerate())
    with DelayProxy(upstream.url) as proxy:
        requests.get(proxy.url, timeout=10)
        serving = set(threading.enumerate()) - before
        assert "DelayProxy" in {thread.name for thread in serving}

    assert not any(thread.is_alive() for thread in serving if thread.name == "DelayProxy")
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(proxy.url, timeout=10)


def test_what_was_counted_can_be_read_after_closing_and_closing_twice_is_no_harm(upstream: RawUpstream) -> None:
    with DelayProxy(upstream.url) as proxy:
        requests.get(proxy.url, timeout=10)
    proxy.close()

    assert proxy.statistics().served == 1
    assert proxy.statistics().connections == 0


def test_a_proxy_is_started_once(upstream: RawUpstream) -> None:
    proxy = DelayProxy(upstream.url)
    with pytest.raises(RuntimeError, match="no address before it is started"):
        _ = proxy.url
    with proxy, pytest.raises(RuntimeError, match="make a new one"):
        proxy.start()
    with pytest.raises(RuntimeError, match="make a new one"):
        proxy.start()


def test_a_proxy_that_was_never_started_can_be_closed(upstream: RawUpstream) -> None:
    proxy = DelayProxy(upstream.url)
    proxy.close()

    with pytest.raises(RuntimeError, match="make a new one"):
        proxy.start()


def test_a_port_that_is_taken_is_said(upstream: RawUpstream) -> None:
    with DelayProxy(upstream.url) as first:
        port = urlsplit(first.url).port
        assert port is not None
        with pytest.raises(OSError, match=f"Port {port} of 127.0.0.1 cannot be had"):
            DelayProxy(upstream.url, port=port).start()
