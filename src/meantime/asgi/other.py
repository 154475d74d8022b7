"""Events that are no HTTP requests: what they seem to be, and the function that takes them."""

from __future__ import annotations

from meantime.callables import is_async
from meantime.errors import WrongEvent
from meantime.event_kinds import ADAPTER, looks_like
from meantime.invocation import handler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from meantime.asgi.sources.source import EventSource

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
    """The error for an event that nobody takes: what it seems to be, and what would take it."""
    words, taker = looks_like(event)
    if taker == ADAPTER:
        advice = (
            "it has not all that such a request has: take it from meantime.testing.http_event in a test, or register "
            "an event source for it with meantime.asgi.register"
        )
    elif _is_of_websocket(event):
        advice = "it knows of HTTP only: serve WebSockets from a container, or take their events by `other=`"
    elif taker is not None:
        advice = f"give the adapter `other=` a function that meantime.{taker} decorates"
    else:
        advice = "give it a function of (event, context) as `other=`, or this function another trigger"
    return WrongEvent(f"ASGIAdapter takes HTTP requests, and this event is {words}; {advice}", words)


def handed_on(error: WrongEvent) -> WrongEvent:
    """The error of the other function for an event that it does not take either."""
    return WrongEvent(f"{error}. ASGIAdapter has handed it on to `other=`, as it is no HTTP request", error.looks_like)


def unreadable_event(source: EventSource, error: Exception) -> WrongEvent:
    """The error for an event that has the shape of this source's, and not what its requests have in it."""
    words = f"a request of {source.name}"
    return WrongEvent(
        f"This event seems to be {words}, and cannot be read as one: {error!r:.200}. Something in it is missing, or of "
        "another type than there: take it from meantime.testing.http_event in a test",
        words,
    )


def _is_of_websocket(event: Any) -> bool:
    context = event.get("requestContext") if isinstance(event, dict) else None
    return isinstance(context, dict) and "connectionId" in context
