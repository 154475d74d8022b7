"""One face for blocking and async functions under a policy, a clock to hold, and jitter that can be told."""

from __future__ import annotations

import asyncio
from functools import wraps
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from meantime.retry import retried_call

if TYPE_CHECKING:
    from collections.abc import Callable

    from meantime.retry import Retry
    from meantime.testing import FakeClock


class Blocking:
    """The function as it is."""

    def call(self, policy: Retry, function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        return policy(function)(*args, **keywords)

    def as_verbs_do(self, policy: Retry, function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        return policy.retried(function, **keywords)(*args)


class Async:
    """The function made async first."""

    def call(self, policy: Retry, function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        async def main() -> Any:
            return await policy(self._made_async(function))(*args, **keywords)

        return asyncio.run(main())

    def as_verbs_do(self, policy: Retry, function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        async def main() -> Any:
            return await policy.retried_async(self._made_async(function), **keywords)(*args)

        return asyncio.run(main())

    def _made_async(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        async def call(*args: Any, **keywords: Any) -> Any:
            await asyncio.sleep(0)
            return function(*args, **keywords)

        return call


@pytest.fixture(params=[Blocking(), Async()], ids=["blocking", "async"])
def kind(request: pytest.FixtureRequest) -> Any:
    """Blocking and async functions in turn."""
    return request.param


@pytest.fixture
def longest_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jitter that always draws the longest wait there may be."""
    monkeypatch.setattr(retried_call, "fraction", lambda: 1.0)


class Flaky:
    """A function that raises these errors in turn, and then answers; it knows when it was called."""

    def __init__(self, *errors: Exception, answer: object = "answer", clock: FakeClock | None = None) -> None:
        self.errors = list(errors)
        self.answer = answer
        self.calls = 0
        self.times: list[float] = []
        self._clock = clock
        self.__name__ = self.__qualname__ = "flaky"

    def __call__(self, *args: object, **keywords: object) -> object:
        self.calls += 1
        if self._clock is not None:
            self.times.append(self._clock.monotonic())
        if self.errors:
            raise self.errors.pop(0)
        return self.answer

    def waits(self) -> list[float]:
        """The times between the calls."""
        return [later - earlier for earlier, later in pairwise(self.times)]


@pytest.fixture
def flaky() -> type[Flaky]:
    """Makes functions that fail a few times."""
    return Flaky
