"""What asking for a warm resource costs, against the plainest thing that gives the same value each time."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Any

from timing import Comparison, Requirement, compare

import meantime
from meantime.testing import LambdaContext

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ASKS = 1000


def table() -> str:
    """What is kept."""
    return "table"


async def client() -> str:
    """What is kept on a loop."""
    return "client"


def benchmark() -> list[Comparison]:
    """Ask a thousand times within one invocation."""
    return [*_blocking(), *_awaited()]


def _blocking() -> list[Comparison]:
    kept, looked_after = meantime.warm(table), meantime.warm(max_idle=60, max_age=300)(table)

    def ask(function: Callable[[], object]) -> None:
        for _ in range(ASKS):
            function()

    @meantime.handler
    def lambda_handler(event: Any, context: Any) -> list[Comparison]:
        return [
            compare(
                "asking for a blocking warm resource",
                "call",
                {
                    "meantime.warm": lambda: ask(kept),
                    "functools.cache": lambda: ask(cache(table)),
                    "meantime.warm(max_idle=, max_age=)": lambda: ask(looked_after),
                },
                Requirement("functools.cache", 6),
                Requirement("meantime.warm(max_idle=, max_age=)", 1 / 2),
                units=ASKS,
                repeat=3,
            )
        ]

    answer: list[Comparison] = lambda_handler({}, LambdaContext(timeout=600))
    return answer


def _awaited() -> list[Comparison]:
    kept, looked_after = meantime.warm(client), meantime.warm(max_idle=60, max_age=300)(client)

    async def ask(function: Callable[[], Awaitable[object]]) -> None:
        for _ in range(ASKS):
            await function()

    with asyncio.Runner() as runner:
        return [
            compare(
                "asking for an async warm resource",
                "call",
                {
                    "meantime.warm": lambda: runner.run(ask(kept)),
                    "async function that returns": lambda: runner.run(ask(client)),
                    "meantime.warm(max_idle=, max_age=)": lambda: runner.run(ask(looked_after)),
                },
                Requirement("async function that returns", 12),
                Requirement("meantime.warm(max_idle=, max_age=)", 1 / 1.5),
                units=ASKS,
                repeat=3,
            )
        ]
