"""The delayed API answers anything, after its delay, and tells what it saw."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from meantime.tools.downstream import DelayedAPI


def test_any_path_is_answered_with_small_json() -> None:
    with DelayedAPI(latency=0) as api:
        first = requests.get(f"{api.url}/users/1?x=y", timeout=10)
        second = requests.post(f"{api.url}/orders", json={"a": 1}, timeout=10)

    assert first.json() == {"method": "GET", "path": "/users/1", "number": 1}
    assert second.json() == {"method": "POST", "path": "/orders", "number": 2}
    assert first.headers["Content-Type"].startswith("application/json")


def test_it_takes_300_ms_if_not_told_otherwise() -> None:
    with DelayedAPI() as api:
        started = time.monotonic()
        requests.get(api.url, timeout=10)

        assert time.monotonic() - started >= 0.3


def test_the_latency_can_be_changed_meanwhile() -> None:
    with DelayedAPI(latency=30) as api:
        api.latency = 0.05
        requests.get(api.url, timeout=10)

        assert 0.05 <= api.requests[0].duration < 5


@pytest.mark.parametrize("delay", ["0.05", "50ms", "uniform:50ms-60ms"])
def test_a_request_may_choose_its_own_delay(delay: str) -> None:
    with DelayedAPI(latency=30) as api:
        requests.get(api.url, params={"delay": delay}, timeout=10)

        assert 0.05 <= api.requests[0].duration < 5


@pytest.mark.parametrize("status", [200, 201, 204, 304, 404, 429, 503])
def test_a_request_may_choose_its_status(status: int) -> None:
    with DelayedAPI(latency=0) as api, requests.Session() as session:
        answers = [session.get(api.url, params={"status": status}, timeout=10) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [status] * 2
        assert [request.status for request in api.requests] == [status] * 2


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("delay=soon", "'soon' is no time"),
        ("delay=-1", "'-1' is no time"),
        ("status=abc", "from 200 to 599, not 'abc'"),
        ("status=100", "from 200 to 599, not '100'"),
    ],
)
def test_a_choice_that_makes_no_sense_is_answered_400_in_words(query: str, complaint: str) -> None:
    with DelayedAPI(latency=0) as api:
        answer = requests.get(f"{api.url}/?{query}", timeout=10)

        assert answer.status_code == 400
        assert complaint in answer.json()["message"]
        assert (api.requests[0].outcome, api.requests[0].status) == ("served", 400)


def test_one_path_can_be_made_to_fail() -> None:
    with DelayedAPI(latency=0) as api:
        api.respond("/orders/7", status=500)

        assert requests.get(f"{api.url}/orders/7?x=y", timeout=10).status_code == 500
        assert requests.get(f"{api.url}/orders/8", timeout=10).status_code == 200
        assert requests.get(f"{api.url}/orders/7?status=503", timeout=10).status_code == 503


def test_one_path_can_be_made_to_hang() -> None:
    with DelayedAPI(latency=0) as api:
        api.respond("/slow", latency=60)

        with pytest.raises(requests.exceptions.ReadTimeout):
            requests.get(f"{api.url}/slow", timeout=0.2)
        assert requests.get(f"{api.url}/fast", timeout=10).status_code == 200


def test_what_was_set_for_a_path_holds_until_it_is_changed_or_reset() -> None:
    with DelayedAPI(latency=0) as api:

        def status() -> int:
            return requests.get(f"{api.url}/a%20b", timeout=10).status_code

        api.respond("/a b", status=500)
        assert [status(), status()] == [500, 500]
        api.respond("/a b", status=404)
        assert status() == 404
        api.reset()
        assert status() == 200


@pytest.mark.parametrize(
    ("path", "choice", "complaint"),
    [
        ("orders", {}, "A path starts with"),
        ("/orders?x=y", {}, "has no query"),
        ("/orders", {"status": 100}, "from 200 to 599, not '100'"),
        ("/orders", {"latency": "soon"}, "'soon' is no time"),
    ],
)
def test_a_response_that_makes_no_sense_is_refused(path: str, choice: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        DelayedAPI().respond(path, **choice)


def test_every_request_has_a_record() -> None:
    with DelayedAPI(latency=0.02) as api:
        before = time.monotonic()
        requests.get(f"{api.url}/a%20b?c=d", timeout=10)
        after = time.monotonic()

        (request,) = api.requests
    assert (request.service, request.operation, request.path) == ("http", "GET", "/a%20b?c=d")
    assert (request.status, request.outcome) == (200, "served")
    assert before <= request.started <= request.finished <= after
    assert request.duration == request.finished - request.started


def test_the_counters_tell_what_happened() -> None:
    with DelayedAPI(latency=0.2) as api, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: requests.get(f"{api.url}/{number}", timeout=10), range(4)))
        statistics = api.statistics()

    assert (statistics.requests, statistics.served, statistics.in_flight) == (4, 4, 0)
    assert 2 <= statistics.peak_concurrency <= 4
    assert statistics.operations == {"http GET": 4}
    assert statistics.durations is not None
    assert 0.2 <= statistics.durations.p50 <= statistics.durations.p99 <= statistics.durations.longest
    assert statistics.elapsed >= 0.2


def test_percentiles_are_durations_that_were_seen() -> None:
    with DelayedAPI() as api, requests.Session() as session:
        for delay in ["0s"] * 18 + ["50ms", "150ms"]:
            session.get(api.url, params={"delay": delay}, timeout=10)

        durations = api.statistics().durations
        seen = sorted(request.duration for request in api.requests)
    assert durations is not None
    assert (durations.p50, durations.p95, durations.p99) == (seen[9], seen[18], seen[19])
    assert durations.longest == seen[19]
    assert durations.mean == pytest.approx(sum(seen) / 20)


def test_reset_forgets_all_but_what_is_under_way() -> None:
    with DelayedAPI(latency=0) as api, requests.Session() as session:
        session.get(api.url, timeout=10)
        api.reset()

        statistics = api.statistics()
        assert (statistics.requests, statistics.peak_concurrency, api.requests) == (0, 0, ())
        assert (statistics.connections, statistics.peak_connections) == (1, 1)
        assert statistics.durations is None


def test_the_control_surface_tells_and_forgets_and_is_not_counted() -> None:
    with DelayedAPI(latency=0, rate=0.001) as api:
        requests.get(api.url, timeout=10)
        requests.get(api.url, timeout=10)

        told = requests.get(f"{api.url}/__meantime__/statistics", timeout=10).json()
        assert (told["requests"], told["served"], told["throttled"]) == (2, 1, 1)
        assert told["operations"] == {"http GET": 2}

        assert requests.post(f"{api.url}/__meantime__/reset", timeout=10).status_code == 204
        assert requests.get(f"{api.url}/__meantime__/statistics", timeout=10).json()["requests"] == 0


def test_limits_hold_for_the_api_too() -> None:
    with DelayedAPI(latency=0, failure_rate=1) as api:
        assert requests.get(api.url, timeout=10).status_code == 500
    with DelayedAPI(latency=0, rate=0.001) as api:
        assert [requests.get(api.url, timeout=10).status_code for _ in range(2)] == [200, 429]


def test_it_listens_on_loopback_only() -> None:
    with DelayedAPI() as api:
        assert api.url.startswith("http://127.0.0.1:")
