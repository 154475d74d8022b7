"""An adaptive limiter: what it learns from which outcome, and where that leads with a downstream that is simulated."""

from __future__ import annotations

import asyncio
from heapq import heappop, heappush
from itertools import count
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from meantime import threads
from meantime.errors import DeadlineExceeded
from meantime.limiter import Limiter
from meantime.limiter.adaptive_limit import DEFAULT_CEILING, START, AdaptiveLimit
from meantime.testing import FakeClock


class Throttled(Exception):
    """Shaped as botocore's ClientError is."""

    def __init__(self, **headers: str) -> None:
        self.response = {"Error": {"Code": "SlowDown"}, "ResponseMetadata": {"HTTPHeaders": headers}}
        super().__init__("SlowDown")


def limit_of(limiter: Limiter) -> int | None:
    return limiter.statistics().limit


def fill(limiter: Limiter, calls: int) -> None:
    for _ in range(calls):
        limiter.acquire()


def empty(limiter: Limiter, outcome: object = None) -> None:
    while limiter.statistics().in_flight:
        limiter.release(outcome)


def throttled_at(limit: int) -> AdaptiveLimit:
    """A limit that has been throttled for the first time when it was so high, and is in use."""
    adaptive = AdaptiveLimit(DEFAULT_CEILING)
    while adaptive.limit < limit:
        adaptive.succeeded(adaptive.limit)
    adaptive.throttled(adaptive.limit)
    pass_what_was_in_flight(adaptive, limit - 1)
    return adaptive


def pass_what_was_in_flight(adaptive: AdaptiveLimit, calls: int) -> None:
    for _ in range(calls):
        adaptive.ignored()


def round_of_successes(adaptive: AdaptiveLimit) -> None:
    for _ in range(adaptive.limit):
        adaptive.succeeded(adaptive.limit)


def test_it_starts_at_ten_or_at_its_ceiling():
    assert limit_of(Limiter("api", adaptive=True)) == START == 10
    assert limit_of(Limiter("api", adaptive=True, max_concurrency=4)) == 4


def test_until_the_first_throttle_each_success_adds_one():
    limiter = Limiter("api", adaptive=True)
    fill(limiter, 10)
    limiter.release()
    assert limit_of(limiter) == 11
    empty(limiter)


def test_it_never_exceeds_max_concurrency():
    limiter = Limiter("api", adaptive=True, max_concurrency=12)
    for _ in range(5):
        fill(limiter, limit_of(limiter) or 0)
        empty(limiter)
    assert limit_of(limiter) == 12


def test_it_does_not_grow_while_it_is_not_in_use():
    limiter = Limiter("api", adaptive=True)
    for _ in range(100):
        fill(limiter, 8)
        empty(limiter)
    assert limit_of(limiter) == 10


def test_the_first_throttle_halves_it_and_a_later_one_takes_a_tenth():
    adaptive = throttled_at(40)
    assert adaptive.limit == 20
    adaptive.throttled(20)
    assert adaptive.limit == 18


def test_what_was_in_flight_when_it_fell_lets_it_fall_no_further():
    limiter = Limiter("api", adaptive=True)
    fill(limiter, 10)
    limiter.release(Throttled())
    assert limit_of(limiter) == 5
    empty(limiter, Throttled())
    assert limit_of(limiter) == 5
    fill(limiter, 5)
    limiter.release(Throttled())
    assert limit_of(limiter) == 4
    empty(limiter)
    assert limiter.statistics().throttled == 11


def test_it_never_falls_below_one():
    adaptive = AdaptiveLimit(100)
    for _ in range(20):
        adaptive.throttled(adaptive.limit)
        pass_what_was_in_flight(adaptive, 100)
    assert adaptive.limit == 1


def test_far_less_in_flight_than_allowed_was_too_much_already():
    adaptive = AdaptiveLimit(100)
    adaptive.throttled(4)
    assert adaptive.limit == 2


def test_after_a_throttle_a_round_of_successes_adds_one():
    adaptive = throttled_at(40)
    for limit in (21, 22, 23):
        round_of_successes(adaptive)
        assert adaptive.limit == limit


def test_what_was_throttled_is_tried_again_only_after_a_while_and_ever_more_rarely():
    adaptive = throttled_at(10)
    rounds = []
    for _ in range(6):
        while adaptive.limit < 9:
            round_of_successes(adaptive)
        waited = 0
        while adaptive.limit < 10:
            round_of_successes(adaptive)
            waited += 1
        rounds.append(waited)
        adaptive.throttled(10)
        pass_what_was_in_flight(adaptive, 9)
    assert rounds == [10, 20, 40, 80, 160, 160]


def test_beyond_what_was_throttled_it_goes_on_by_one_a_round():
    adaptive = throttled_at(10)
    while adaptive.limit < 10:
        round_of_successes(adaptive)
    for limit in (11, 12, 13):
        round_of_successes(adaptive)
        assert adaptive.limit == limit


@pytest.mark.parametrize(
    "outcome", [ValueError(), TimeoutError(), KeyboardInterrupt(), asyncio.CancelledError()], ids=repr
)
def test_other_failures_change_nothing(outcome):
    limiter = Limiter("api", adaptive=True)
    fill(limiter, 10)
    empty(limiter, outcome)
    assert (limit_of(limiter), limiter.statistics().throttled) == (10, 0)


def test_it_learns_from_a_response_that_nobody_raised():
    limiter = Limiter("api", adaptive=True)
    response: Any = SimpleNamespace(status_code=429, headers={})

    @limiter
    def get() -> Any:
        return response

    @limiter
    async def get_async() -> Any:
        return response

    assert get() is response
    assert limit_of(limiter) == 1  # one in flight was too much
    assert asyncio.run(get_async()) is response
    assert limiter.statistics().throttled == 2


def in_a_with_block(limiter: Limiter) -> None:
    with limiter:
        raise Throttled


def in_an_async_with_block(limiter: Limiter) -> None:
    async def main() -> None:
        async with limiter:
            raise Throttled

    asyncio.run(main())


def in_a_verb(limiter: Limiter) -> None:
    def fail(_: int) -> None:
        raise Throttled

    threads.map(fail, [1], limiter=limiter)


@pytest.mark.parametrize("raise_throttled", [in_a_with_block, in_an_async_with_block, in_a_verb])
def test_it_learns_from_an_error_wherever_it_is_used(raise_throttled):
    limiter = Limiter("api", adaptive=True)
    with pytest.raises(Throttled):
        raise_throttled(limiter)
    assert limiter.statistics().throttled == 1


def test_a_limit_that_rises_admits_who_waits():
    limiter = Limiter("api", adaptive=True)

    async def main() -> None:
        for _ in range(10):
            await limiter.acquire_async()
        waiters = [asyncio.ensure_future(limiter.acquire_async()) for _ in range(2)]
        await asyncio.sleep(0)
        limiter.release()  # one place free, and one more
        await asyncio.gather(*waiters)

    asyncio.run(main())
    assert limiter.statistics().in_flight == 11
    empty(limiter)


def test_it_stays_as_it_was_from_one_invocation_to_the_next():
    limiter = Limiter("api", adaptive=True)
    fill(limiter, 10)
    empty(limiter, Throttled())
    with FakeClock() as clock:
        clock.advance(3600)
        assert limit_of(limiter) == 5


@pytest.mark.parametrize(
    ("headers", "seconds"), [({"retry-after": "30"}, 30.0), ({"x-amz-retry-after": "1500"}, 1.5), ({}, 0.0)]
)
def test_nothing_is_admitted_before_retry_after_has_passed(headers, seconds):
    limiter = Limiter("api", adaptive=True)
    with FakeClock() as clock:
        start = clock.monotonic()
        limiter.acquire()
        limiter.release(Throttled(**headers))
        limiter.acquire()
        assert clock.monotonic() - start == pytest.approx(seconds)
        limiter.release()
        limiter.acquire()
        assert clock.monotonic() - start == pytest.approx(seconds)
        limiter.release()


def test_who_waits_already_waits_for_retry_after_too():
    limiter = Limiter("api", adaptive=True, max_concurrency=1)

    async def main() -> float:
        with FakeClock() as clock:
            start = clock.monotonic()
            await limiter.acquire_async()
            waiters = [asyncio.ensure_future(limiter.acquire_async()) for _ in range(2)]
            await asyncio.sleep(0)
            limiter.release(Throttled(**{"retry-after": "30"}))
            await waiters[0]
            limiter.release()
            await waiters[1]
            limiter.release()
            return clock.monotonic() - start

    assert asyncio.run(main()) == 30.0


def test_a_shorter_pause_does_not_end_a_longer_one():
    limiter = Limiter("api", adaptive=True)
    with FakeClock() as clock:
        start = clock.monotonic()
        fill(limiter, 2)
        limiter.release(Throttled(**{"retry-after": "30"}))
        limiter.release(Throttled(**{"retry-after": "5"}))
        with limiter:
            assert clock.monotonic() - start == 30.0


def test_a_pause_beyond_the_deadline_is_an_error_at_once(within):
    limiter = Limiter("api", adaptive=True)
    with FakeClock() as clock:
        limiter.acquire()
        limiter.release(Throttled(**{"retry-after": "30"}))
        start = clock.monotonic()
        with within(3), pytest.raises(DeadlineExceeded, match="in 30 s") as raised:
            limiter.acquire()
        assert raised.value.foreseen
        assert clock.monotonic() == start


def test_everyone_in_line_is_told_of_a_pause_beyond_the_deadline(within):
    limiter = Limiter("api", adaptive=True, max_concurrency=1)

    async def main() -> list[Any]:
        with FakeClock(), within(3):
            await limiter.acquire_async()
            waiters = [asyncio.ensure_future(limiter.acquire_async()) for _ in range(4)]
            await asyncio.sleep(0)
            limiter.release(Throttled(**{"retry-after": "30"}))
            return await asyncio.gather(*waiters, return_exceptions=True)

    assert [each.foreseen for each in asyncio.run(main())] == [True] * 4
    assert limiter.statistics().waiting == 0


def test_a_freeze_counts_for_a_pause():
    limiter = Limiter("api", adaptive=True)
    with FakeClock() as clock:
        limiter.acquire()
        limiter.release(Throttled(**{"retry-after": "30"}))
        clock.freeze(60)
        start = clock.monotonic()
        with limiter:
            assert clock.monotonic() == start


def test_a_fixed_limiter_does_not_pause():
    limiter = Limiter("api", max_concurrency=1)
    with FakeClock() as clock:
        start = clock.monotonic()
        limiter.acquire()
        limiter.release(Throttled(**{"retry-after": "30"}))
        with limiter:
            assert clock.monotonic() == start


class Downstream:
    """Throttles what is above its capacity, and is called by workers that repeat what was throttled after a moment."""

    def __init__(
        self, capacity: int, *, workers: int, latency: tuple[float, float], refusal: tuple[float, float]
    ) -> None:
        self.capacity = capacity
        self.limit = AdaptiveLimit(DEFAULT_CEILING)
        self.served = self.throttled = 0
        self.limits: list[tuple[float, int]] = []
        self._random = Random(1)
        self._latency, self._refusal = latency, refusal
        self._ready, self._in_flight, self._served_now = workers, 0, 0
        self._now, self._numbers = 0.0, count()
        self._events: list[tuple[float, int, str]] = []

    def run(self, seconds: float) -> Downstream:
        until = self._now + seconds
        while self._now < until:
            while self._ready and self._in_flight < self.limit.limit:
                self._begin()
            self._now, _, event = heappop(self._events)
            self._ready += event != "throttled"
            if event == "served":
                self.served += 1
                self._served_now -= 1
                self.limit.succeeded(self._in_flight)
            elif event == "throttled":
                self.throttled += 1
                self.limit.throttled(self._in_flight)
                self._in(0.0, 0.05, "ready")
            self._in_flight -= event != "ready"
            self.limits.append((self._now, self.limit.limit))
        return self

    def settled(self, since: float) -> tuple[int, int]:
        """Between which limits it has been since then."""
        limits = [limit for moment, limit in self.limits if moment >= since]
        return min(limits), max(limits)

    def _begin(self) -> None:
        self._ready -= 1
        self._in_flight += 1
        if self._served_now < self.capacity:
            self._served_now += 1
            self._in(*self._latency, "served")
        else:
            self._in(*self._refusal, "throttled")

    def _in(self, shortest: float, longest: float, event: str) -> None:
        heappush(self._events, (self._now + self._random.uniform(shortest, longest), next(self._numbers), event))


QUICKLY, AS_SLOWLY = (0.001, 0.002), (0.02, 0.05)


@pytest.mark.parametrize("refusal", [QUICKLY, AS_SLOWLY], ids=["refuses quickly", "refuses as slowly as it serves"])
@pytest.mark.parametrize(("capacity", "lowest", "highest"), [(1, 1, 2), (3, 3, 5), (20, 17, 23), (150, 120, 155)])
def test_it_settles_at_what_the_downstream_takes_and_is_hardly_throttled(capacity, lowest, highest, refusal):
    downstream = Downstream(capacity, workers=300, latency=(0.02, 0.05), refusal=refusal).run(20)
    least, most = downstream.settled(since=10)
    assert lowest <= least <= most <= highest
    assert downstream.served > 0.9 * 20 * capacity / 0.035
    assert downstream.throttled < max(60, 0.01 * downstream.served)


def test_it_follows_a_downstream_that_takes_less_and_then_more():
    downstream = Downstream(20, workers=100, latency=(0.02, 0.05), refusal=QUICKLY).run(20)
    downstream.capacity = 8
    downstream.run(2)
    assert downstream.settled(since=21) <= (8, 9)
    downstream.capacity = 60
    downstream.run(20)
    least, most = downstream.settled(since=38)
    assert 53 <= least <= most <= 62


class Fixed(AdaptiveLimit):
    """Learns nothing."""

    def __init__(self) -> None:
        super().__init__(ceiling=100)
        self.limit = 100

    def throttled(self, in_flight: int) -> None:
        pass


def test_fixed_at_a_hundred_most_calls_would_be_throttled():
    downstream = Downstream(20, workers=100, latency=(0.02, 0.05), refusal=QUICKLY)
    downstream.limit = Fixed()
    downstream.run(5)
    assert downstream.throttled > downstream.served
