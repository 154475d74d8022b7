"""What `handler` costs an invocation, against starting a loop each time and against the bare kept loop."""

from __future__ import annotations

import asyncio
from typing import Any

from timing import Comparison, Requirement, compare

import meantime
from meantime.testing import LambdaContext

CONTEXT = LambdaContext(timeout=3600)


async def main(event: Any, context: Any) -> Any:
    """A handler that answers at once."""
    return event


def benchmark() -> list[Comparison]:
    """An empty invocation in each way."""
    handler = meantime.handler(main)
    handler({}, CONTEXT)
    loop = asyncio.new_event_loop()
    try:
        return [
            compare(
                "an async handler that answers at once",
                "invocation",
                {
                    "meantime.handler": lambda: handler({}, CONTEXT),
                    "asyncio.run": lambda: asyncio.run(main({}, CONTEXT)),
                    "bare kept loop.run_until_complete": lambda: loop.run_until_complete(main({}, CONTEXT)),
                },
                Requirement("asyncio.run", 1 / 5),
                Requirement("bare kept loop.run_until_complete", 1.8),
                repeat=300,
            )
        ]
    finally:
        loop.close()
        meantime.current_environment().close()
