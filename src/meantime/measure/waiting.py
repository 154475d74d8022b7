"""How a blocking function of Python's own is noted: as a wait of the call that it is a part of, or as a call itself."""

from __future__ import annotations

from functools import wraps

from meantime.measure.boundaries import Description, is_of, run_call
from meantime.measure.containing import contained, failed
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
        inner = (session, number, function, args, keywords)
        alone = None if describe is None else _alone(session, call, describe, args)
        if alone is None:
            return wait(*inner)
        place, description = alone
        return run_call(session, call, place, description, wait, inner, {})

    return noted


@contained
def _alone(session: Session, call: Call | None, describe: Any, args: Any) -> tuple[Any, Description] | None:
    """The place and the description of the call that it is by itself; None if it is none."""
    description = describe(args) if stands_alone(session, call) else None
    return None if description is None else (own_place(4), description)


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
    timeline, begun = None, None
    try:
        timeline = timeline_of(session)
        # A thread that does nothing for the invocation, or within a wait that is noted as a whole.
        begun = None if timeline.is_waiting or not is_of(session) else timeline.now()
    except Exception as error:  # noqa: BLE001  # recording must not break what it records
        failed("beginnings of waits", error)
        begun = None
    if timeline is None or begun is None:
        return function(*args, **keywords)
    timeline.is_waiting = True
    try:
        return function(*args, **keywords)
    finally:
        timeline.is_waiting = False
        try:
            call = current.get()
            timeline.waited_since(begun, kind, NO_CALL if call is None else call.number)
        except Exception as error:  # noqa: BLE001  # as above
            failed("ends of waits", error)
