"""What belongs to a call that is noted already: a library above has told of it."""

from __future__ import annotations

from functools import wraps

from meantime.measure.boundaries import Description, current_call
from meantime.measure.session import Active, Call, current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# These hold other calls; all others are one whole.
_HOLD = ("item", "pool")


def is_part() -> bool:
    """Whether what runs now is a part of a library's call that is under way."""
    return enclosing() is not None


def enclosing() -> Call | None:
    """The library's call that is under way; None within an item, or outside any."""
    call = current_call()
    if call is None or call.ended or call.description.kind in _HOLD:
        return None
    return call


def note_connection(*, new: bool = False) -> None:
    """The call under way has opened a connection, or used one that there was, if nothing else is known of that."""
    call = enclosing()
    if call is not None and call.new_connection is None:
        call.used_connection(new=new)


def quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """This function of a pool or a verb, whose own waits are no calls: its items tell what it waits for."""
    description = Description("", "lock", "meantime")

    @wraps(function)
    def call(*args: Any, **keywords: Any) -> Any:
        if Active.session is None:
            return function(*args, **keywords)
        within = current.get()
        unnoted = Call(description, within, (), is_async=False)
        if within is not None:
            unnoted.number = within.number
        token = current.set(unnoted)
        try:
            return function(*args, **keywords)
        finally:
            token.var.reset(token)

    return call
