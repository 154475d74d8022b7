"""The boundaries at which a recording notes a call: a library's function, wrapped so that it tells of itself.

Nothing is noted while no recording is under way: the function is called as it is. Calls that are made within a call are
its children.
"""

from __future__ import annotations

import time
from contextlib import suppress
from functools import wraps

from meantime.measure.containing import contained, failed
from meantime.measure.description import Description
from meantime.measure.running import in_its_context, running_loop, task_name
from meantime.measure.session import OBSERVATIONS, Active, Call, boundary_code, current, invocation, own_place
from meantime.measure.stepping import stepped
from meantime.measure.timeline import IDLE, NO_CALL, RUNNING, timeline_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from typing import Any

    from meantime.measure.session import Session
    from meantime.measure.timeline import Timeline

    Describe = Callable[[tuple[Any, ...], dict[str, Any]], "Description | None"]

__all__ = [
    "Description",
    "await_call",
    "boundary",
    "boundary_async",
    "carried",
    "carried_async",
    "current_call",
    "is_of",
    "observe",
    "run_call",
    "running_loop",
    "stepped",
    "task_name",
]


def boundary(function: Callable[..., Any], describe: Describe) -> Callable[..., Any]:
    """This blocking function, noting each call of it.

    Args:
        function: What is wrapped; it may be a method.
        describe: Gives the call's description of its positional and keyword arguments; None: this one is not noted.
            What it raises is not the function's failure: the call is then noted by the function's name.
    """

    @wraps(function)
    def noted(*args: Any, **keywords: Any) -> Any:
        session = Active.session
        description: Description | None = None
        place: tuple[Any, ...] = ()
        if session is not None:
            try:
                if is_of(session) and (description := _described(function, describe, args, keywords)) is not None:
                    place = own_place(2)
            except Exception as error:  # noqa: BLE001  # recording must not break what it records
                failed(function.__qualname__, error)
                description = None
        if session is None or description is None:
            return function(*args, **keywords)
        return run_call(session, current.get(), place, description, function, args, keywords)

    return noted


def boundary_async(function: Callable[..., Awaitable[Any]], describe: Describe) -> Callable[..., Any]:
    """This async function, noting each call of it; arguments as for `boundary`."""

    @wraps(function)
    async def noted(*args: Any, **keywords: Any) -> Any:
        session = Active.session
        call = None
        if session is not None:
            try:
                if is_of(session) and (description := _described(function, describe, args, keywords)) is not None:
                    call = Call(description, current.get(), own_place(2), is_async=True)
            except Exception as error:  # noqa: BLE001  # as above
                failed(function.__qualname__, error)
        if session is None or call is None:
            return await function(*args, **keywords)
        return await await_call(session, call, function(*args, **keywords))

    return noted


def carried(function: Callable[..., Any], describe: Describe | None = None) -> Callable[..., Any]:
    """This blocking function, to be called later and by another thread, as a part of what runs now.

    Args:
        function: What is handed to the other thread.
        describe: Makes it a call of its own, as `boundary` does, whose parent is the call that runs now and whose line
            is the one that hands it over. None: calls within it are children of the call that runs now.
    """
    origin, parent, place = Active.session, current.get(), _place()
    job = function if describe is None else in_its_context(function)

    @wraps(function)
    def run(*args: Any, **keywords: Any) -> Any:
        session = Active.session
        if session is None or session is not origin:  # what an invocation before has handed over is none of this one's
            return function(*args, **keywords)
        description = None if describe is None else _described(function, describe, args, keywords)
        if description is not None:
            return run_call(session, parent, place, description, job, args, keywords)
        timeline = _enter_job(session)
        token = current.set(parent)
        try:
            return function(*args, **keywords)
        finally:
            if timeline is not None:
                _leave(timeline)
            token.var.reset(token)

    return run


def carried_async(function: Callable[..., Awaitable[Any]], describe: Describe) -> Callable[..., Any]:
    """As `carried`, for an async function."""
    origin, parent, place = Active.session, current.get(), _place()

    @wraps(function)
    async def run(*args: Any, **keywords: Any) -> Any:
        session = Active.session
        if session is not origin:
            session = None
        description = None if session is None else _described(function, describe, args, keywords)
        if session is None or description is None:
            return await function(*args, **keywords)
        return await await_call(session, Call(description, parent, place, is_async=True), function(*args, **keywords))

    return run


def current_call() -> Call | None:
    """The call that runs now, to add to what is learnt of it: `attempts`, `new_connection`, bytes; None outside any."""
    return current.get() if Active.session is not None else None


def observe(kind: str, text: str, *, duration_ms: float = 0.0, numbers: Mapping[str, float] | None = None) -> None:
    """Note something that is worth a word, with the line of the function's own code that it comes from.

    Args:
        kind: `client_made`, `loop_blocked`, `pool_full`, `fan_out`, `limiter`, `leftover` or `tls_context`.
        text: What it was.
        duration_ms: How long it took, ending now.
        numbers: What else is known.
    """
    session = Active.session
    if session is not None and len(session.observations) < OBSERVATIONS:
        session.observations.append(
            {
                "kind": kind,
                "text": text,
                "place": _place()[:1],
                "at": time.monotonic_ns() - int(duration_ms * 1e6),
                "duration_ms": duration_ms,
                "numbers": dict(numbers or {}),
            }
        )


def is_of(session: Session) -> bool:
    """Whether what runs here is a part of the recorded invocation; other threads of the process are not."""
    try:
        return timeline_of(session).scopes > 0 or invocation.get() is session
    except Exception as error:  # noqa: BLE001  # as above
        failed("boundaries.is_of", error)
        return False


def _place() -> tuple[Any, ...]:
    return _contained_place(2) or ()


_contained_place = contained(own_place)


def _described(
    function: Callable[..., Any], describe: Describe, args: tuple[Any, ...], keywords: dict[str, Any]
) -> Description | None:
    try:
        return describe(args, keywords)
    except Exception:  # noqa: BLE001  # recording must not break what it records
        return Description(getattr(function, "__qualname__", "call"), "item")


@contained
def _enter_job(session: Session) -> Timeline:
    timeline = timeline_of(session)
    _enter(timeline)
    return timeline


def _enter(timeline: Timeline) -> None:
    if timeline.scopes == 0:
        timeline.mark(IDLE)
    timeline.scopes += 1


def _leave(timeline: Timeline) -> None:
    timeline.scopes -= 1
    if timeline.scopes == 0:
        try:
            timeline.mark(RUNNING)
        except Exception as error:  # noqa: BLE001  # as above
            failed("boundaries._leave", error)


def run_call(  # noqa: PLR0917  # it stands for a function and its boundary
    session: Session,
    parent: Call | None,
    place: tuple[Any, ...],
    description: Description,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    keywords: dict[str, Any],
) -> Any:
    """Call a blocking function, and note it."""
    begun = _begin(session, parent, place, description)
    if begun is None:
        return function(*args, **keywords)
    call = begun[0]
    token = current.set(call)
    try:
        return function(*args, **keywords)
    except BaseException as error:
        call.error = type(error).__name__
        raise
    finally:
        _end(*begun)
        token.var.reset(token)


@contained
def _begin(
    session: Session, parent: Call | None, place: tuple[Any, ...], description: Description
) -> tuple[Call, int, int]:
    """The call, what its thread had waited until then, and its CPU clock."""
    call = Call(description, parent, place, is_async=False)
    call.timeline = timeline = timeline_of(session)
    call.on_loop = timeline.running is not None and running_loop() is not None
    waited = timeline.waited
    kind = RUNNING if timeline.scopes else IDLE
    call.started, call.cpu, _, _ = timeline.mark(kind, NO_CALL if parent is None else parent.number)
    session.admit(call)
    timeline.scopes += 1
    return call, waited, call.cpu


def _end(call: Call, waited: int, computed: int) -> None:
    timeline = call.timeline
    assert timeline is not None  # noqa: S101  # it has begun
    try:
        ended = timeline.mark(RUNNING, call.number)
        call.ended = ended[0]
        call.computed = ended[1] - computed
        call.waited = timeline.waited - waited
        call.held = max(0, ended[0] - call.started - call.computed - call.waited)
    except Exception as error:  # noqa: BLE001  # as above
        failed("boundaries._end", error)
        call.ended = call.ended or time.monotonic_ns()
    timeline.scopes -= 1  # that sample tells the end of the thread's work, too


@contained
def _begin_async(session: Session, call: Call) -> Timeline:
    call.timeline = timeline = timeline_of(session)
    call.task = task_name(timeline)
    call.started = time.monotonic_ns()
    session.admit(call)
    _enter(timeline)
    return timeline


async def await_call(session: Session, call: Call, awaitable: Awaitable[Any]) -> Any:
    """Await, and note the call."""
    timeline = _begin_async(session, call)
    if timeline is None:
        return await awaitable
    token = current.set(call)
    try:
        return await stepped(awaitable, call, session)
    except BaseException as error:
        call.error = type(error).__name__
        raise
    finally:
        call.ended = time.monotonic_ns()
        call.held = max(0, call.ended - call.started - call.computed - call.waited)
        _leave(timeline)
        with suppress(ValueError):  # an async generator that is closed elsewhere: this context never had it
            token.var.reset(token)


boundary_code.update((run_call.__code__, await_call.__code__))
