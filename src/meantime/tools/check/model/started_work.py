"""What is known of work that is started side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Function

Verb: TypeAlias = Literal[
    "map",  # executor.map, Pool.map and its kin
    "submit",  # executor.submit, Pool.apply_async, run_in_executor, to_thread: in a loop, several, or given to gather
    "thread",  # threading.Thread, threading.Timer, multiprocessing.Process: in a loop, or several
    "gather",  # asyncio.gather, wait, as_completed
    "task",  # create_task, ensure_future, TaskGroup.create_task, start_soon: in a loop
    "meantime",  # threads.map, tasks.settle, …, and the batch decorators
]
On: TypeAlias = Literal["threads", "tasks", "processes"]
Width: TypeAlias = int | Literal["input"] | None
"""How many at once: a number; `input`: as many as there are items, however many that be; None: not known."""


@dataclass(frozen=True, slots=True, eq=False)
class FanOut:
    """Work that is started side by side.

    Args:
        verb: How.
        on: What it runs on.
        call: The call that starts it: `executor.map(…)`, `asyncio.gather(…)`, the `submit` in the loop.
        work: What is called or awaited, as the source hands it over: `load`, `table.get_item`, `load(client, url)`,
            a lambda; several for `gather(a(), b())`.
        functions: The project's own functions among `work`.
        over: What the items are taken from; None for a fixed number of different calls.
        count: How many calls, where the source says so.
        width: The most calls under way at once.
        executor: The call that makes the executor, pool, semaphore or limiter that bounds it, if it is in sight.
    """

    verb: Verb
    on: On
    call: Call
    work: tuple[Expression, ...]
    functions: tuple[Function, ...]
    over: Expression | None
    count: int | None
    width: Width
    executor: Call | None

    @property
    def within(self) -> Function:
        """The function that starts it."""
        return self.call.within

    @property
    def is_called_for_each(self) -> bool:
        """Whether a loop calls the function that starts one: what is made in that function is each item's own."""
        return self.over is None and self.count is None and not self.call.loops and self.verb in {"submit", "thread"}
