"""The boundaries at which a recording notes a call: a library's function, wrapped so that it tells of itself.

Nothing is noted while no recording is under way: the function is called as it is. Calls that are made within a call are
its children.
"""

from __future__ import annotations

import time
from contextlib import suppress
from functools import wraps
from types import coroutine as generator_coroutine

from meantime.measure.description import Description
from meantime.measure.running import in_its_context, running_loop, task_name
from meantime.measure.session import OBSERVATIONS, ROOM, Active, Call, boundary_code, current, invocation, own_place
from meantime.measure.timeline import IDLE, NO_CALL, NUMBERS, RUNNING, SHORTEST, timeline_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Mapping
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

_MOST = 7 * ROOM  # numbers of tasks' waits


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
        if session is None or not is_of(session):
            return function(*args, **keywords)
        description = _described(function, describe, args, keywords)
        if description is None:
            return function(*args, **keywords)
        return run_call(session, current.get(), own_place(2), description, function, args, keywords)

    return noted


def boundary_async(function: Callable[..., Awaitable[Any]], describe: Describe) -> Callable[..., Any]:
    """This async function, noting each call of it; arguments as for `boundary`."""

    @wraps(function)
    async def noted(*args: Any, **keywords: Any) -> Any:
        session = Active.session
        if session is None or not is_of(session):
            return await function(*args, **keywords)
        description = _described(function, describe, args, keywords)
        if description is None:
            return await function(*args, **keywords)
        call = Call(description, current.get(), own_place(2), is_async=True)
        return await await_call(session, call, function(*args, **keywords))

    return noted


def carried(function: Callable[..., Any], describe: Describe | None = None) -> Callable[..., Any]:
    """This blocking function, to be called later and by another thread, as a part of what runs now.

    Args:
        function: What is handed to the other thread.
        describe: Makes it a call of its own, as `boundary` does, whose parent is the call that runs now and whose line
            is the one that hands it over. None: calls within it are children of the call that runs now.
    """
    parent, place = current.get(), own_place(2)
    job = function if describe is None else in_its_context(function)

    @wraps(function)
    def run(*args: Any, **keywords: Any) -> Any:
        session = Active.session
        if session is None:
            return function(*args, **keywords)
        description = None if describe is None else _described(function, describe, args, keywords)
        if description is not None:
            return run_call(session, parent, place, description, job, args, keywords)
        timeline = timeline_of(session)
        token = current.set(parent)
        _enter(timeline)
        try:
            return function(*args, **keywords)
        finally:
            _leave(timeline)
            current.reset(token)

    return run


def carried_async(function: Callable[..., Awaitable[Any]], describe: Describe) -> Callable[..., Any]:
    """As `carried`, for an async function."""
    parent, place = current.get(), own_place(2)

    @wraps(function)
    async def run(*args: Any, **keywords: Any) -> Any:
        session = Active.session
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
                "place": own_place(2)[:1],
                "at": time.monotonic_ns() - int(duration_ms * 1e6),
                "duration_ms": duration_ms,
                "numbers": dict(numbers or {}),
            }
        )


def is_of(session: Session) -> bool:
    """Whether what runs here is a part of the recorded invocation; other threads of the process are not."""
    return timeline_of(session).scopes > 0 or invocation.get() is session


def _described(
    function: Callable[..., Any], describe: Describe, args: tuple[Any, ...], keywords: dict[str, Any]
) -> Description | None:
    try:
        return describe(args, keywords)
    except Exception:  # noqa: BLE001  # recording must not break what it records
        return Description(getattr(function, "__qualname__", "call"), "item")


def _enter(timeline: Timeline) -> None:
    if timeline.scopes == 0:
        timeline.mark(IDLE)
    timeline.scopes += 1


def _leave(timeline: Timeline) -> None:
    timeline.scopes -= 1
    if timeline.scopes == 0:
        timeline.mark(RUNNING)


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
    timeline = timeline_of(session)
    call = Call(description, parent, place, is_async=False)
    call.timeline = timeline
    call.on_loop = timeline.running is not None and running_loop() is not None
    session.admit(call)
    token = current.set(call)
    _enter(timeline)
    waited = timeline.waited
    begun = timeline.mark(RUNNING, NO_CALL if parent is None else parent.number)
    call.started = begun[0]
    call.cpu = begun[1]
    try:
        return function(*args, **keywords)
    except BaseException as error:
        call.error = type(error).__name__
        raise
    finally:
        ended = timeline.mark(RUNNING, call.number)
        call.ended = ended[0]
        call.computed = ended[1] - begun[1]
        call.waited = timeline.waited - waited
        call.held = max(0, ended[0] - begun[0] - call.computed - call.waited)
        _leave(timeline)
        current.reset(token)


async def await_call(session: Session, call: Call, awaitable: Awaitable[Any]) -> Any:
    """Await, and note the call."""
    call.timeline = timeline = timeline_of(session)
    call.task = task_name(timeline)
    session.admit(call)
    token = current.set(call)
    _enter(timeline)
    call.started = time.monotonic_ns()
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
            current.reset(token)


@generator_coroutine
def stepped(awaitable: Any, call: Call, session: Session) -> Generator[Any, Any, Any]:
    """Await step by step: the CPU time of each step is the call's, and between them it waits, or its loop is busy."""
    steps = awaitable.__await__()
    timeline = call.timeline
    assert timeline is not None  # noqa: S101  # set by the caller, one line before
    answer, error = None, None
    cpu, monotonic = timeline.cpu, time.monotonic_ns
    outer = call.parent  # the first to be resumed and the last to be suspended tells where the loop is, if need be
    hidden = timeline.loop != "asyncio" and (outer is None or outer.task != call.task or outer.timeline is not timeline)
    waits = session.waits
    usual = NUMBERS[call.description.waits_for]
    while True:
        computed, waited = cpu(), timeline.waited
        try:
            awaited = steps.send(answer) if error is None else steps.throw(error)
        except StopIteration as stop:
            return stop.value
        finally:
            call.computed += max(0, cpu() - computed)
            call.waited += timeline.waited - waited
        answer, error = None, None
        if hidden and awaited is not None:  # a bare yield comes back at once: there is nothing to see
            timeline.stepped = timeline.now()
        suspended = monotonic()
        try:
            answer = yield awaited
        except GeneratorExit:
            steps.close()
            raise
        except BaseException as thrown:  # noqa: BLE001  # what is thrown in goes to the innermost await
            error = thrown
        if hidden and awaited is not None:
            timeline.resumed(running_loop())
        resumed = monotonic()
        # A bare yield, as of `sleep(0)`, lets others run and waits for nothing.
        ready = suspended if awaited is None else timeline.ready_at(suspended, resumed, call.arrived)
        if call.elsewhere:
            ready -= call.take_jobs(ready - suspended)
        call.waited += ready - suspended
        call.arrived = 0
        if ready - suspended > SHORTEST and current.get() is call and len(waits) < _MOST:
            kind = call.phase if call.phase >= 0 else usual
            waits.extend((kind, suspended, ready, resumed, timeline.number, call.number, call.computed - call.told))
            call.told = call.computed


boundary_code.update((run_call.__code__, await_call.__code__))
