"""Threads and tasks on one limiter, with random failures, timeouts, cancellations, deadlines: every permit is back."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from meantime.errors import DeadlineExceeded
from meantime.limiter import Limiter, permits

if TYPE_CHECKING:
    from collections.abc import Iterator

# The downstream counts under a lock, and so does coverage.
pytestmark = pytest.mark.blocks_the_loop

THREADS, TASKS = 16, 200
LIMITS: list[dict[str, Any]] = [
    {"max_concurrency": 1},
    {"max_concurrency": 7},
    {"rate": 20_000.0},
    {"rate": 5_000.0, "max_concurrency": 3, "burst": 1},
    {"adaptive": True},
    {"adaptive": True, "max_concurrency": 4, "rate": 5_000.0},
]


@pytest.fixture(autouse=True)
def _threads_take_turns_often(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(permits, "_LOOK_AGAIN", 1e6)  # a thread that was forgotten stays so
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


class Throttled(Exception):
    """What a downstream says that has too much to do."""

    def __init__(self) -> None:
        self.response = {"Error": {"Code": "SlowDown"}, "ResponseMetadata": {}}
        super().__init__("SlowDown")


class Traffic:
    """Calls of all kinds through one limiter, counted by the downstream itself."""

    def __init__(self, limiter: Limiter, seed: int, within: Any) -> None:
        self.limiter = limiter
        self.peak = self.served = self._now = 0
        self._lock = threading.Lock()
        self._seed = seed
        self._within = within

    def run(self) -> None:
        running = [threading.Thread(target=self._thread, args=(number,), daemon=True) for number in range(THREADS)]
        for thread in running:
            thread.start()
        asyncio.run(self._tasks())
        for thread in running:
            thread.join(60)
        assert not any(thread.is_alive() for thread in running), f"a thread waits for ever: {self.limiter!r}"

    def _begin(self) -> None:
        with self._lock:
            self._now += 1
            self.served += 1
            self.peak = max(self.peak, self._now)

    def _end(self, random: Random) -> None:
        with self._lock:
            self._now -= 1
        if random.random() < 0.2:
            raise Throttled if random.random() < 0.2 else ValueError

    def _thread(self, number: int) -> None:
        random = Random(f"{self._seed} thread {number}")
        for _ in range(20):
            try:
                with self._within(random.choice([0.001, 0.01, 60])), self.limiter:
                    self._begin()
                    if random.random() < 0.3:
                        time.sleep(random.random() / 1000)
                    self._end(random)
            except (ValueError, Throttled, DeadlineExceeded):
                pass

    async def _tasks(self) -> None:
        random = Random(f"{self._seed} loop")
        tasks = [asyncio.ensure_future(self._task(number)) for number in range(TASKS)]
        for _ in range(40):
            await asyncio.sleep(0.0005)
            random.choice(tasks).cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            assert outcome is None or isinstance(outcome, asyncio.CancelledError)

    async def _task(self, number: int) -> None:
        random = Random(f"{self._seed} task {number}")
        for _ in range(3):
            try:
                with self._within(random.choice([0.001, 0.01, 60])):
                    async with asyncio.timeout(random.choice([0.0, 0.001, 0.01, None])), self.limiter:
                        self._begin()
                        try:
                            await asyncio.sleep(random.choice([0, random.random() / 1000]))
                        finally:
                            self._end(random)
            except (ValueError, Throttled, TimeoutError):  # DeadlineExceeded is a TimeoutError
                pass


@pytest.mark.parametrize("limits", LIMITS, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_in_the_end_nobody_is_in_flight_and_every_permit_is_to_be_had(limits, seed, within):
    limiter = Limiter("api", **limits)
    traffic = Traffic(limiter, seed, within)
    traffic.run()
    told = limiter.statistics()
    assert (told.in_flight, told.waiting) == (0, 0)
    assert told.admitted == traffic.served > 0
    assert traffic.peak <= told.peak_in_flight <= limits.get("max_concurrency", THREADS + TASKS)
    for _ in range(told.limit or 1):
        limiter.acquire()
    if told.limit is not None:
        with within(0), pytest.raises(DeadlineExceeded):
            limiter.acquire()
