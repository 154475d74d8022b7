"""How a blocking function of Python's own is noted: as a wait of the call that it is a part of, or as a call itself."""

from __future__ import annotations

from functools import wraps

from meantime.measure.boundaries import Description, is_of, run_call
from meantime.measure.session import Active, current, own_place
from meantime.measure.timeline import NO_CALL, NUMBERS, timeline_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from meantime.measure.session import Call, Session


def waiting(
    function: Callable[..., Any],
    kind: str,
    describe: Callable[[tuple[Any, ...]], Description | None] | None = None,
) -> Callable[..., Any]:
    """This function, which waits for that kind of thing.

    Args:
        function: What is wrapped.
        kind: The kind of wait.
        describe: Makes it a call of its own where no library's call is under way, or only an item's. None, or if it
            gives None: it is a wait only.
    """
    number = NUMBERS[kind]

    @wraps(function)
    def noted(*args: Any, **keywords: Any) -> Any:
        session = Active.session
        if session is None:
            return function(*args, **keywords)
        call = current.get()
        description = describe(args) if describe is not None and stands_alone(session, call) else None
        if description is not None:
            inner = (session, number, function, args, keywords)
            return run_call(session, call, own_place(2), description, wait, inner, {})
        return wait(session, number, function, args, keywords)

    return noted


def stands_alone(session: Session, call: Call | None) -> bool:
    """Whether what waits here is a call by itself: no library's call holds it, and the thread is the invocation's."""
    if call is None:
        return is_of(session)
    return call.description.kind == "item"


def wait(  # it stands for a function and what it waits for
    session: Session,
    kind: int,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    keywords: dict[str, Any],
) -> Any:
    """Call a function that waits."""
    timeline = timeline_of(session)
    if not is_of(session):  # a thread that does nothing for the invocation
        return function(*args, **keywords)
    if timeline.is_waiting:  # within a wait that is noted as a whole
        return function(*args, **keywords)
    timeline.is_waiting = True
    begun = timeline.now()
    try:
        return function(*args, **keywords)
    finally:
        timeline.is_waiting = False
        call = current.get()
        timeline.waited_since(begun, kind, NO_CALL if call is None else call.number)
