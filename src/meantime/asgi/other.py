"""Events that are no HTTP requests: what they seem to be, and the function that takes them."""

from __future__ import annotations

from meantime.callables import is_async
from meantime.errors import WrongEvent
from meantime.invocation import handler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class Other(Protocol):
        """A Lambda handler of Meantime's making."""

        main: Any

        def __call__(self, event: Any, context: Any) -> Any:
            """Run one invocation."""
            ...


def other_handler(function: Any, reserve: float, leftovers: Any, blocked_after: Any, metrics: Any) -> Other:
    """This function as a handler: as it is, if it is one of Meantime's, with options of its own."""
    if callable(function) and callable(getattr(function, "main", None)):
        made: Other = function
        return made
    decorate = handler(
        reserve=reserve,
        leftovers=leftovers,
        blocked_after=blocked_after if is_async(function) else None,
        metrics=metrics,
    )
    return decorate(function)


def wrong_event(event: Any) -> WrongEvent:
    """The error for an event that nobody takes."""
    return WrongEvent("no HTTP request")
