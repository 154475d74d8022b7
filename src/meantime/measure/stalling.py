"""Steps of an event loop that take long: nothing else of its tasks can run meanwhile, so they are worth a word.

A thread looks now and then where each loop stands. If that is the same step for a while, and the loop does not come to
do what it is asked to, the line of the function's own code at which it stood longest is noted.
"""

from __future__ import annotations

import sys
import time
from _thread import allocate_lock, start_new_thread
from contextlib import suppress

from meantime.frames import current_frames
from meantime.measure.session import COROUTINE, Active
from meantime.own_code import is_own_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, FrameType
    from typing import Any

    from meantime.measure.session import Call, Place, Session
    from meantime.measure.timeline import Timeline

LONG_MS = 50.0

_PAUSE = 0.02  # seconds between two looks: a look costs some microseconds where the loop has nothing to do
_DEEPEST = 100


def watch(session: Session, timeline: Timeline, loop: Any) -> None:
    """Look after this loop, which runs on this timeline's thread, until the session ends."""
    if timeline.running is loop:
        return
    timeline.running = loop
    if session.watcher is None:
        session.watcher = Watcher()
    session.watcher.look_after(session)


class Watcher:
    """The thread that looks. Starting one takes longer than a call costs: it is there before the recording begins."""

    def __init__(self) -> None:
        self._session: Session | None = None
        self._gate = allocate_lock()
        self._gate.acquire()
        # Not by `threading`: to the function, and to who watches over what it leaves behind, this thread is none.
        start_new_thread(self._run, ())

    def look_after(self, session: Session) -> None:
        """From now on, as long as this session is under way."""
        if self._session is None:
            self._session = session
            with suppress(RuntimeError):  # another thread's loop has opened it at the same moment
                self._gate.release()

    def end(self) -> None:
        """There was nothing to look after."""
        if self._session is None and self._gate.locked():
            self._gate.release()

    def _run(self) -> None:
        self._gate.acquire()
        if self._session is not None:
            _serve(self._session)


def watcher() -> Watcher | None:
    """One that waits for a loop, where there may be one."""
    return Watcher() if "asyncio.events" in sys.modules else None


def blocking_calls(session: Session) -> list[dict[str, Any]]:
    """Observations of the blocking calls that were made on a running loop, and took long."""
    return [
        _observation(call.description.name, call.place, call.started, (call.ended - call.started) / 1e6)
        for call in session.calls
        if call.on_loop and call.ended - call.started >= LONG_MS * 1e6 and not _is_within_another(call)
    ]


def told(session: Session) -> list[dict[str, Any]]:
    """All observations of blocked loops: the calls, and what was seen to compute where there was no such call."""
    while session.suspects:  # steps that were under way when the session ended, or just before
        suspect = session.suspects.popitem()[1]
        _finish(session, suspect, suspect.ended or session.ended)
    calls = blocking_calls(session)
    return calls + [
        step for step in session.steps if not any(_overlap(step, call) > step["duration_ms"] / 2 for call in calls)
    ]


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> float:
    begin = max(one["at"], other["at"])
    end = min(each["at"] + each["duration_ms"] * 1e6 for each in (one, other))
    return float(end - begin) / 1e6


def _is_within_another(call: Call) -> bool:
    return call.parent is not None and call.parent.on_loop


def _observation(text: str, place: tuple[Any, ...], at: int, duration_ms: float) -> dict[str, Any]:
    return {
        "kind": "loop_blocked",
        "text": text,
        "place": place[:1],
        "at": at,
        "duration_ms": round(duration_ms, 4),
        "numbers": {},
    }


class _Suspect:
    """A step that was under way when somebody looked, until its loop gets to do something else."""

    def __init__(self, root: FrameType, frame: FrameType, timeline: Timeline) -> None:
        self.step = id(root)
        now = time.monotonic_ns()
        # It began since the look before, and since the loop looked for events.
        self.began = max(now - int(_PAUSE / 2 * 1e9), timeline.polled[2])
        self.ended = 0
        self._looked = self.began
        self._stood: dict[Place, int] = {}  # at which line of own code, and for how long: nanoseconds
        self.stands(frame)
        timeline.running.call_soon_threadsafe(self._answer)

    def stands(self, frame: FrameType) -> None:
        """Here it stands now, and so it did since the look before."""
        now = time.monotonic_ns()
        place = _place(frame)
        if place is not None:
            self._stood[place] = self._stood.get(place, 0) + now - self._looked
        self._looked = now

    def place(self) -> tuple[Place, ...]:
        """Where it stood longest: the line of the function that took most of it, not the one where the step ended."""
        of_code: dict[CodeType, int] = {}
        for (code, _), stood in self._stood.items():
            of_code[code] = of_code.get(code, 0) + stood
        if not of_code:
            return ()
        longest = max(of_code, key=of_code.__getitem__)
        lines = {place: stood for place, stood in self._stood.items() if place[0] is longest}
        return (max(lines, key=lines.__getitem__),)

    def _answer(self) -> None:
        self.ended = time.monotonic_ns()


def _serve(session: Session) -> None:
    suspects = session.suspects
    while Active.session is session:
        time_sleep(_PAUSE)
        for timeline in [each for each in session.timelines if each.running is not None]:
            try:
                suspect = _look(session, timeline, suspects.get(timeline.ident))
            except RuntimeError:  # the loop has just been closed
                suspect = None
            if suspect is None:
                suspects.pop(timeline.ident, None)
            else:
                suspects[timeline.ident] = suspect


def _look(session: Session, timeline: Timeline, suspect: _Suspect | None) -> _Suspect | None:
    if suspect is not None and suspect.ended:
        _finish(session, suspect, suspect.ended)
        suspect = None
    frame = None if timeline.is_waiting else current_frames().get(timeline.ident)
    root = None if frame is None else _root(frame)
    if suspect is None:
        return None if root is None or frame is None else _Suspect(root, frame, timeline)
    if root is not None and frame is not None and suspect.step == id(root):
        suspect.stands(frame)
        return suspect
    _finish(session, suspect, time.monotonic_ns() - int(_PAUSE / 2 * 1e9))
    return None


def _finish(session: Session, suspect: _Suspect, ended: int) -> None:
    duration_ms = (ended - suspect.began) / 1e6
    place = suspect.place() if duration_ms >= LONG_MS else ()
    if place:
        session.steps.append(_observation(place[0][0].co_qualname, place, suspect.began, duration_ms))


def _root(frame: FrameType) -> FrameType | None:
    """The outermost frame of the step that runs; None if the loop has nothing to do."""
    for _ in range(_DEEPEST):
        back = frame.f_back
        if back is None:
            return None
        below = back.f_code
        if below.co_name == "_run" and below.co_filename.endswith("events.py"):
            return frame
        if frame.f_code.co_flags & COROUTINE and not below.co_flags & COROUTINE:
            return frame
        frame = back
    return None


def _place(frame: FrameType | None) -> Place | None:
    while frame is not None:
        if is_own_code(frame.f_code.co_filename):
            return frame.f_code, frame.f_lineno or frame.f_code.co_firstlineno
        frame = frame.f_back
    return None


time_sleep = time.sleep  # bound before it is wrapped
