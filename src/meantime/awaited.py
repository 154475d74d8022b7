"""What a task is about, and what it waits for: by the coroutines that it awaits, from the outermost inwards."""

from __future__ import annotations

from meantime.callables import name_of, place_text
from meantime.errors import Waiting
from meantime.own_code import is_own_code
from meantime.pool_workers import call_awaited

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from typing import Any

_HERE = __file__.removesuffix("awaited.py")


def waiting_task(task: asyncio.Task[Any]) -> Waiting:
    """What a task is waiting for, by the innermost own line that awaits; since when, nobody has noted.

    A task that a framework has begun goes by the function's own code in it: the route, and not FastAPI.__call__.
    """
    chain = _awaited(task)
    outermost = _first_of_others(chain)
    innermost = next((each for each in reversed(chain) if _is_own(each)), None)
    if innermost is not None:
        named = outermost if _is_own(outermost) else innermost
        return Waiting(name_of(named), None, None, place_text((_code_of(innermost), _frame_of(innermost).f_lineno)))
    call = call_awaited(getattr(task, "_fut_waiter", None))
    if call is not None:
        return Waiting(f"{call[0].co_qualname.replace('<locals>.', '')} on a thread", None, None, place_text(call))
    return Waiting(name_of(outermost), None, None)


def name_of_task(task: asyncio.Task[Any]) -> str:
    """The name of the outermost coroutine that is not Meantime's."""
    return name_of(_first_of_others(_awaited(task)))


def _first_of_others(chain: list[Any]) -> Any:
    for awaited in chain:
        code = _code_of(awaited)
        if code is not None and not code.co_filename.startswith(_HERE):
            return awaited
    return chain[0]


def _awaited(task: asyncio.Task[Any]) -> list[Any]:
    """The task's coroutine, the one that it awaits, and so on inwards."""
    chain: list[Any] = []
    awaited: Any = task.get_coro()
    while awaited is not None:
        chain.append(awaited)
        awaited = _within(awaited)
    return chain


def _within(awaited: Any) -> Any:
    kind = type(awaited).__name__
    if kind in ("async_generator_asend", "async_generator_athrow"):  # an `async for`, say; it does not say of what
        from gc import get_referents  # noqa: PLC0415  # only what has met its deadline pays for it

        return next((each for each in get_referents(awaited) if hasattr(each, "ag_frame")), None)
    return getattr(awaited, "cr_await", None) or getattr(awaited, "ag_await", None)


def _is_own(awaited: Any) -> bool:
    return _frame_of(awaited) is not None and is_own_code(_code_of(awaited).co_filename)


def _code_of(awaited: Any) -> Any:
    return getattr(awaited, "cr_code", None) or getattr(awaited, "ag_code", None)


def _frame_of(awaited: Any) -> Any:
    return getattr(awaited, "cr_frame", None) or getattr(awaited, "ag_frame", None)
