"""A task is awaited step by step: what each step computes is its call's, and between two steps it waits."""

from __future__ import annotations

import time
from types import coroutine as generator_coroutine

from meantime.measure.containing import failed
from meantime.measure.running import running_loop
from meantime.measure.session import ROOM, current
from meantime.measure.timeline import NUMBERS, SHORTEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from meantime.measure.session import Call, Session

_MOST = 7 * ROOM  # numbers of tasks' waits


@generator_coroutine
def stepped(awaitable: Any, call: Call, session: Session) -> Generator[Any, Any, Any]:  # noqa: C901  # what records is contained in place: it runs at every step
    """Await step by step: the CPU time of each step is the call's, and between them it waits, or its loop is busy."""
    steps = awaitable.__await__()
    timeline = call.timeline
    assert timeline is not None  # noqa: S101  # set by the caller, one line before
    answer, error = None, None
    cpu, monotonic = timeline.cpu, time.monotonic_ns
    outer = call.parent  # the first to be resumed and the last to be suspended tells where the loop is, if need be
    hidden = timeline.loop != "asyncio" and (outer is None or outer.task != call.task or outer.timeline is not timeline)
    computed = waited = suspended = 0
    counts = True  # until that fails: the task must not know of it
    while True:
        if counts:
            try:
                computed, waited = cpu(), timeline.waited
            except Exception as fault:  # noqa: BLE001  # recording must not break what it records
                failed("steps of tasks", fault)
                counts = False
        awaited = None
        try:
            awaited = steps.send(answer) if error is None else steps.throw(error)
        except StopIteration as stop:
            return stop.value
        finally:
            answer, error = None, None  # an error that is raised must not be kept by the frame that it names
            if counts:
                try:
                    call.computed += max(0, cpu() - computed)
                    call.waited += timeline.waited - waited
                    if hidden and awaited is not None:  # a bare yield comes back at once: there is nothing to see
                        timeline.stepped = timeline.now()
                    suspended = monotonic()
                except Exception as fault:  # noqa: BLE001  # as above
                    failed("steps of tasks", fault)
                    counts = False
        try:
            answer = yield awaited
        except GeneratorExit:
            steps.close()
            raise
        except BaseException as thrown:  # noqa: BLE001  # what is thrown in goes to the innermost await
            error = thrown
        # A bare yield, as of `sleep(0)`, lets others run and waits for nothing.
        if counts and awaited is not None:
            try:
                _resume(session, call, suspended, hidden=hidden)
            except Exception as fault:  # noqa: BLE001  # as above
                failed("steps of tasks", fault)
                counts = False


def _resume(session: Session, call: Call, suspended: int, *, hidden: bool) -> None:
    """What its call was waiting for is there, since when that can be told."""
    timeline, waits = call.timeline, session.waits
    assert timeline is not None  # noqa: S101  # as above
    if hidden:
        timeline.resumed(running_loop())
    resumed = time.monotonic_ns()
    ready = timeline.ready_at(suspended, resumed, call.arrived)
    if call.elsewhere:
        ready -= call.take_jobs(ready - suspended)
    call.waited += ready - suspended
    call.arrived = 0
    if ready - suspended > SHORTEST and current.get() is call and len(waits) < _MOST and not session.ended:
        kind = call.phase if call.phase >= 0 else NUMBERS[call.description.waits_for]
        waits.extend((kind, suspended, ready, resumed, timeline.number, call.number, call.computed - call.told))
        call.told = call.computed
