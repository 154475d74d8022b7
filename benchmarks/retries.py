"""What a retry policy costs a call: one that succeeds at once, and one that fails twice before it does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from unittest.mock import patch

import stamina
import stamina.instrumentation
import tenacity
from timing import Comparison, Requirement, compare

from meantime.retry import Retry, RetryBudget

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

ATTEMPTS = 3
CALLS = 1_000

# None of them waits, so that what is measured is their own work; ours counts, and asks the deadline and the budget.
OURS = Retry(ATTEMPTS, on=TimeoutError, initial_backoff=0, budget=RetryBudget(10**9))


def get() -> int:
    """A call that succeeds at once."""
    return 1


async def get_async() -> int:
    """The same, async."""
    return 1


class FailsTwice:
    """A call that fails two times out of three."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> int:
        """Fail twice, then answer."""
        self.calls += 1
        if self.calls % ATTEMPTS:
            raise TimeoutError
        return self.calls


def with_stamina(function: Callable[[], int]) -> Callable[[], int]:
    """The same policy there."""
    return stamina.retry(on=TimeoutError, attempts=ATTEMPTS, timeout=None, wait_initial=0, wait_max=0, wait_jitter=0)(
        function
    )


def with_tenacity(function: Callable[[], int]) -> Callable[[], int]:
    """The same policy there."""
    return tenacity.retry(
        retry=tenacity.retry_if_exception_type(TimeoutError),
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=tenacity.wait_none(),
        reraise=True,
    )(function)


def each_way(function: Callable[[], int]) -> dict[str, Callable[[], object]]:
    """Many calls of this function, under each library's policy."""

    def many(call: Callable[[], int]) -> Callable[[], object]:
        def run() -> None:
            for _ in range(CALLS):
                call()

        return run

    return {
        "meantime.Retry": many(OURS(function)),
        "stamina": many(with_stamina(lambda: function())),  # noqa: PLW0108  # it must be a function, with a name
        "tenacity": many(with_tenacity(lambda: function())),  # noqa: PLW0108  # likewise
    }


def each_way_async(loop: asyncio.AbstractEventLoop) -> dict[str, Callable[[], object]]:
    """The same of an async function."""

    def many(call: Callable[[], Coroutine[object, object, int]]) -> Callable[[], object]:
        async def run() -> None:
            for _ in range(CALLS):
                await call()

        return lambda: loop.run_until_complete(run())

    return {
        "meantime.Retry": many(OURS(get_async)),
        "stamina": many(stamina.retry(on=TimeoutError, attempts=ATTEMPTS)(get_async)),
        "tenacity": many(
            tenacity.retry(
                retry=tenacity.retry_if_exception_type(TimeoutError),
                stop=tenacity.stop_after_attempt(ATTEMPTS),
                reraise=True,
            )(get_async)
        ),
    }


def failing_twice() -> Comparison:
    """The bad path. Nobody sleeps: even a sleep of 0 s, which the others do, takes 70 µs, and is not their own work."""
    with patch("time.sleep", lambda _: None):
        return compare(
            "a blocking call that fails twice and then succeeds, its waits aside",
            "call",
            each_way(FailsTwice()),
            Requirement("stamina", 0.999),
            Requirement("tenacity", 0.999),
            units=CALLS,
        )


def benchmark() -> list[Comparison]:
    """The good path, blocking and async, and the bad one."""
    stamina.instrumentation.set_on_retry_hooks([])  # it would log each retry
    loop = asyncio.new_event_loop()
    try:
        return [
            compare(
                "a blocking call that succeeds at once",
                "call",
                each_way(get),
                Requirement("stamina", 0.999),
                Requirement("tenacity", 0.999),
                units=CALLS,
            ),
            compare(
                "an async call that succeeds at once",
                "call",
                each_way_async(loop),
                Requirement("stamina", 0.999),
                Requirement("tenacity", 0.999),
                units=CALLS,
            ),
            failing_twice(),
        ]
    finally:
        loop.close()
        stamina.instrumentation.set_on_retry_hooks(None)
