"""How long this invocation still has: a point in time that travels to threads and tasks as a context variable."""

from __future__ import annotations

from contextvars import ContextVar

from meantime import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Protocol

    class LambdaContext(Protocol):
        """What a handler needs of the context that Lambda hands it."""

        def get_remaining_time_in_millis(self) -> int:
            """Milliseconds until Lambda ends the invocation."""
            ...


class Deadline:
    """The moment at which work must stop, so that there is time to answer.

    Args:
        timeout: Seconds from now until the deadline.
        reserve: Seconds kept after the deadline for answering and cleaning up.
    """

    __slots__ = ("at", "reserve")

    def __init__(self, timeout: float, reserve: float = 0.0) -> None:
        self.at = clock.monotonic() + timeout
        self.reserve = reserve

    def remaining(self) -> float:
        """Seconds until the deadline; negative once it has passed."""
        return self.at - clock.monotonic()

    def end(self) -> None:
        """Its work is over: whatever still goes by it, on a thread that was left behind, begins no more."""
        self.at = 0.0

    def __repr__(self) -> str:
        return f"Deadline(in {self.remaining():.3f} s, reserve {self.reserve:g} s)"


deadline_variable: ContextVar[Deadline | None] = ContextVar("meantime.deadline", default=None)


def current_deadline() -> Deadline | None:
    """The deadline of the invocation that this code runs in, also on its threads and tasks; None outside one."""
    return deadline_variable.get()


def forget_deadline(tasks: Iterable[Any]) -> None:
    """These outlive their invocation, as tasks do that belong to an application's lifespan: they have none any more."""
    for task in tasks:
        # Python 3.11 does not tell a task's context; there the tasks of a kept loop know it themselves.
        context = task.get_context() if hasattr(task, "get_context") else getattr(task, "context", None)
        if context is not None and context.get(deadline_variable) is not None:
            context.run(deadline_variable.set, None)


def deadline_of(context: LambdaContext, reserve: float) -> Deadline:
    """The deadline that a Lambda context sets.

    Where less than twice the reserve is left, half of what is left is the reserve: work must get a chance too.

    Args:
        context: What Lambda hands the handler.
        reserve: Seconds kept for answering and cleaning up.

    Raises:
        TypeError: The context cannot tell its remaining time.
    """
    try:
        milliseconds = context.get_remaining_time_in_millis()
    except AttributeError:
        raise TypeError(
            f"the context must have get_remaining_time_in_millis(), as Lambda's has; got {type(context).__name__}. "
            "In a test, pass meantime.testing.LambdaContext(timeout=3.0)."
        ) from None
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, (int, float)):
        raise TypeError(
            f"context.get_remaining_time_in_millis() must give a number, got {type(milliseconds).__name__}. In a test, "
            "pass meantime.testing.LambdaContext(timeout=3.0)."
        )
    left = max(0.0, milliseconds / 1000)
    reserve = min(reserve, left / 2)
    return Deadline(left - reserve, reserve)
