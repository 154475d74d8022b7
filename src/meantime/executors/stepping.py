"""A coroutine that runs in a context of its own, without a task of its own, which would cost ten times as much."""

from __future__ import annotations

from types import coroutine as generator_coroutine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator
    from contextvars import Context
    from typing import Any, TypeVar

    Result = TypeVar("Result")


@generator_coroutine
def in_context(
    context: Context, awaited: Coroutine[Any, Any, Result], waits: Callable[[], None] | None = None
) -> Generator[Any, Any, Result]:
    """Await a coroutine, each step of it within this context.

    Args:
        context: Where it runs.
        awaited: The coroutine.
        waits: Called, outside of that context, before it waits for the first time.
    """
    run = context.run
    try:
        waiting_for = run(awaited.send, None)
        if waits is not None:
            waits()
        while True:
            try:
                answer = yield waiting_for
            except GeneratorExit:
                run(awaited.close)
                raise
            except BaseException as error:  # noqa: BLE001  # what is thrown into a coroutine goes to its innermost await
                waiting_for = run(awaited.throw, error)
            else:
                waiting_for = run(awaited.send, answer)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]  # a coroutine's result
