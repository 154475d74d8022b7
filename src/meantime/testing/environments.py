"""A fresh execution environment for a test."""

from __future__ import annotations

import sys
from contextlib import contextmanager

from meantime.environment import Environment, replace_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Iterator


@contextmanager
def fresh_environment() -> Iterator[Environment]:
    """An execution environment of its own for the code in this block: cold at its start, closed at its end.

    Retry policies and limiters are made cold at its start, since they may be at module level. It has a loop of its own
    too; the thread's current loop is set back at the end.
    """
    _make_cold()
    environment = Environment(adopts_loop=False)
    loop = _current_loop()
    before = replace_environment(environment)
    try:
        yield environment
    finally:
        replace_environment(before)
        try:
            environment.close()
        finally:
            if loop is not None and not loop.is_closed():
                sys.modules["asyncio"].set_event_loop(loop)


def _make_cold() -> None:
    """Let policies and limiters forget; where they are not loaded, there are none."""
    if (policy := sys.modules.get("meantime.retry.policy")) is not None:
        for each in tuple(policy.policies):
            each.make_cold()
    if (limiter := sys.modules.get("meantime.limiter.limiter")) is not None:
        limiter.make_cold()


def _current_loop() -> AbstractEventLoop | None:
    """The thread's current loop, if it has one; asking asyncio itself would make one before Python 3.14."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return None
    if sys.version_info >= (3, 14):
        try:
            return asyncio.get_event_loop()  # type: ignore[no-any-return]  # a module taken from sys.modules is untyped
        except RuntimeError:
            return None
    return getattr(getattr(asyncio.get_event_loop_policy(), "_local", None), "_loop", None)
