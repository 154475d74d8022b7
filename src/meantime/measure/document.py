"""The recording as JSON: what `meantime measure` and its reports read."""

from __future__ import annotations

import os
import sys
import time

from meantime.measure.accounting import Account
from meantime.measure.stalling import told
from meantime.measure.timeline import KINDS, NO_CALL, WIDTH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from meantime.measure.session import Call, Place, Session

FORMAT = "meantime-recording"
VERSION = 1

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
_MB_PER_CORE = 1769


def document_of(
    session: Session, *, handler: str, memory_mb: int | None, cold: bool, request_id: str = "", code: str = ""
) -> dict[str, Any]:
    """The session, which has ended, as the tools' `Recording.of` takes it."""
    code = code or folder_of_function()
    for timeline in session.timelines:
        timeline.end_at(session.ended)
    account = Account(session, _cores(memory_mb))
    began = session.began
    return {
        "format": FORMAT,
        "version": VERSION,
        "function": os.environ.get("AWS_LAMBDA_FUNCTION_NAME", ""),
        "handler": handler,
        "memory_mb": memory_mb,
        "python": ".".join(map(str, sys.version_info[:3])),
        "cold": cold,
        "request_id": request_id,
        "date": _date(session.wall),
        "duration_ms": _ms(session.ended - began),
        "cpu_ms": _ms(session.cpu),
        "accounting": {f"{name}_ms": _ms(part) for name, part in account.parts.items()},
        "code": code,
        "calls": [_call(call, session, account, code, handler) for call in session.calls],
        "waits": [
            {
                "kind": KINDS[wait.kind],
                "start_ms": _ms(wait.begin - began),
                "end_ms": _ms(wait.end - began),
                "thread": wait.thread,
                "call": None if wait.call == NO_CALL else wait.call,
                "computed_before_ms": _ms(wait.computed_before),
            }
            for wait in account.waits
        ],
        "threads": [
            {
                "name": timeline.name,
                "computing_ms": _ms(timeline.samples[1 - WIDTH] - timeline.samples[1]),
                "held_up_ms": _ms(timeline.samples[2 - WIDTH] - timeline.samples[2]),
                "loop": timeline.loop,
            }
            for timeline in session.timelines
        ],
        "observations": [
            {
                "kind": seen["kind"],
                "text": seen["text"],
                "line": _line(seen["place"], code),
                "start_ms": _ms(seen["at"] - began),
                "duration_ms": seen["duration_ms"],
                "numbers": seen["numbers"],
            }
            for seen in sorted([*session.observations, *told(session)], key=lambda seen: seen["at"])
        ],
        "dropped_calls": session.dropped,
    }


def folder_of_function() -> str:
    """Where the function's code is, to which lines are relative."""
    return os.environ.get("LAMBDA_TASK_ROOT") or os.getcwd()  # noqa: PTH109  # pathlib would have to be imported


def _call(call: Call, session: Session, account: Account, code: str, handler: str) -> dict[str, Any]:
    described = call.description
    ended = min(call.ended or session.ended, session.ended)
    if not call.ended:  # still under way when the recording ended: it was waiting
        call.waited = max(0, ended - call.started - call.computed - call.held)
    elif call.ended > ended:  # it has ended since, on another thread
        lasted = max(0, ended - call.started)
        call.ended, call.computed = ended, min(call.computed, lasted)
        call.waited = min(call.waited, lasted - call.computed)
        call.held = lasted - call.computed - call.waited
    return {
        "id": call.number,
        "name": described.name,
        "kind": described.kind,
        "start_ms": _ms(call.started - session.began),
        "end_ms": max(_ms(call.started - session.began), _ms(ended - session.began)),
        "waiting_ms": _ms(call.waited),
        "computing_ms": _ms(call.computed),
        "held_up_ms": _ms(call.held),
        "overlapped_ms": _ms(min(account.overlapped.get(call.number, 0.0), call.waited)),
        "parent": None if call.parent is None or call.parent.number == NO_CALL else call.parent.number,
        "library": described.library,
        "target": described.target,
        "parameters": list(described.parameters),
        "is_async": call.is_async,
        "thread": call.timeline.number if call.timeline is not None else 0,
        "task": call.task,
        "line": _line(call.place, code),
        "function": call.place[0][0].co_qualname if call.place else "",
        "stack": [
            f"{_line((place,), code)} in {place[0].co_qualname}" for place in reversed(_within(handler, call.place))
        ],
        "sent_bytes": call.sent,
        "received_bytes": call.received,
        "new_connection": call.new_connection,
        "attempts": call.attempts,
        "timeout_s": described.timeout_s,
        "has_timeout": described.has_timeout,
        "error": call.error,
    }


def _within(handler: str, place: tuple[Place, ...]) -> tuple[Place, ...]:
    """The frames from the handler on, where it is among them: what called it, a test say, is not the function's."""
    module, _, function = handler.rpartition(".")
    if not module:
        return place
    file = f"{os.sep}{module.replace('.', os.sep)}.py"
    named = [depth for depth, (code, _) in enumerate(place) if code.co_qualname == function]
    own = [depth for depth in named if place[depth][0].co_filename.endswith(file)]
    return place[: max(own or named) + 1] if named else place


def _ms(nanoseconds: float) -> float:
    return round(nanoseconds / 1e6, 4)


def _line(place: tuple[Place, ...], code: str) -> str:
    if not place:
        return ""
    filename = place[0][0].co_filename
    folder = code.rstrip(os.sep) + os.sep
    return f"{filename.removeprefix(folder)}:{place[0][1]}"


def _date(seconds: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03d}Z"


def _cores(memory_mb: int | None) -> float:
    cores = float(os.cpu_count() or 1)
    return cores if memory_mb is None else min(cores, max(1.0, memory_mb / _MB_PER_CORE))
