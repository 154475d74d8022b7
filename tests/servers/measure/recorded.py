"""What these tests ask of a recording: whether a call waited as long as its server says that it made it wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from meantime.measure.recorder import recording

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from meantime.measure.recorder import Recorder

_PART = 0.03  # of the wait
_SLACK_MS = 1.0
_SLOW_MACHINE_MS = 60.0  # what a busy machine may add to any single call, but not to all


def recorded(work: Callable[[], object]) -> Recorder:
    """The recording of a piece of work."""
    with recording() as recorder:
        work()
    return recorder


def named(recorder: Recorder, name: str) -> list[dict[str, Any]]:
    """Its calls of that name."""
    calls = [call for call in recorder.calls if call["name"] == name]
    assert calls, f"there is no {name!r} among {[call['name'] for call in recorder.calls]}"
    return calls


def observed(recorder: Recorder, kind: str) -> list[dict[str, Any]]:
    """What was observed of that kind."""
    return [each for each in recorder.document["observations"] if each["kind"] == kind]


def assert_waited(calls: Sequence[dict[str, Any]], seconds: Sequence[float], *, connecting_ms: float = 0.0) -> None:
    """Each call waited as long as its server says, within 3 % and a millisecond for the best of them.

    Args:
        calls: As recorded.
        seconds: As their servers say, of a request from its arrival on.
        connecting_ms: What the calls may have waited before that: for a connection that this process's server accepts.

    The server is a thread of this process: while it computes, a client that is about to wait stands in line for the
    interpreter's lock instead, and a busy machine lets it wait for its turn after the answer is there. Neither
    happens to every call.
    """
    told = sorted(each * 1000 for each in seconds)
    waited = sorted(call["waiting_ms"] for call in calls)
    at_most = sorted(call["waiting_ms"] + call["held_up_ms"] for call in calls)
    facts = f"waited {waited}, at most {at_most}, told {told}"
    assert len(waited) == len(told), facts
    allowed = _PART * min(told) + _SLACK_MS
    best = min(abs(one - other) for one, other in zip(waited, told, strict=True))
    assert best <= allowed + connecting_ms, facts
    assert all(one >= other - allowed for one, other in zip(at_most, told, strict=True)), facts
    assert all(one <= other + allowed + _SLOW_MACHINE_MS for one, other in zip(waited, told, strict=True)), facts
