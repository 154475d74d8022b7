"""Calls that would wait for ever: the function's own timeout ends them, and the environment with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.measure.advice.situation import lines_of, listed
from meantime.tools.measure.source.places import frames_of
from meantime.tools.report.advice import Advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.measure.advice.situation import Situation
    from meantime.tools.report.recording import RecordedCall

_WITH_A_SERVER = {"aws", "http", "sql", "redis", "socket"}
# What ends an awaited call from outside.
_ENDING = ("wait_for(", ".timeout(", ".timeout_at(", "fail_after(", "move_on_after(")


def advise(situation: Situation) -> Iterator[Advice]:
    """Advise a timeout for the calls that are known to have none."""
    calls = [
        call
        for call in situation.library_calls
        if call.has_timeout is False and call.kind in _WITH_A_SERVER and not _may_have_one(situation, call)
    ]
    if not calls:
        return
    lines = lines_of(calls)
    libraries = {call.library for call in calls}
    change = ""
    if libraries & {"requests"}:
        change = "session.get(url, timeout=5)    # or once for all: session = clients.requests(read_timeout=5)"
    yield Advice(
        code="timeout",
        title=f"Give the calls at {listed(lines)} a timeout",
        text=(
            f"{len(calls)} calls of {listed(sorted(libraries))} have no limit for how long they wait. If "
            "whom they call hangs, "
            "the invocation lasts until Lambda's own timeout, is billed for it, and takes the environment with it."
        ),
        calls=tuple(call.id for call in calls),
        lines=lines,
        memory_mb=situation.memory_mb,
        change=change,
    )


def _may_have_one(situation: Situation, call: RecordedCall) -> bool:
    """Whether the source has a timeout round it, or a session with one, which a library's call does not tell of."""
    for frame in frames_of(call):
        file = situation.files.read(frame.file)
        if file is None:
            continue
        if "meantime" in file.text or ("HTTPAdapter" in file.text and "timeout" in file.text):
            return True
        if call.is_async and any(ending in file.text for ending in _ENDING):
            return True
    return False
