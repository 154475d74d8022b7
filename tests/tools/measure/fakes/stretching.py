"""Recordings of services that answered at once, as if they had taken their time: each call waits so much longer."""

from __future__ import annotations

from dataclasses import replace

from meantime.tools.report.recording import Wait


def waiting(recording, milliseconds, *, computing_ms=1.0):
    """The recording as if each call of a library had waited so long; what holds calls, as long as they."""
    now = 0.0
    calls, waits = {}, []
    inner = {call.parent for call in recording.calls if call.parent is not None}
    by_id = {call.id: call for call in recording.calls}

    def is_of_a_library(call):
        above = by_id.get(call.parent)
        return call.kind != "item" and (above is None or above.kind == "item")

    leaves = [call for call in recording.calls if is_of_a_library(call)]
    for call in sorted(leaves, key=lambda each: each.start_ms):
        start, now = now, now + milliseconds + computing_ms
        calls[call.id] = replace(
            call, start_ms=start, end_ms=now, waiting_ms=milliseconds, computing_ms=computing_ms, held_up_ms=0.0
        )
        waits.append(
            Wait(kind="receive", start_ms=start + computing_ms, end_ms=now, call=call.id, computed_before_ms=1.0)
        )
    for call in recording.calls:
        if call.kind == "item" and call.id in inner:
            held = [calls[each.id] for each in leaves if each.parent == call.id]
            calls[call.id] = replace(
                call,
                start_ms=min(each.start_ms for each in held),
                end_ms=max(each.end_ms for each in held),
                waiting_ms=0.0,
                computing_ms=0.0,
            )
    total = milliseconds * len(leaves)
    return replace(
        recording,
        memory_mb=1769,
        duration_ms=now,
        cpu_ms=computing_ms * len(leaves),
        calls=tuple(sorted(calls.values(), key=lambda call: (call.start_ms, call.id))),
        waits=tuple(waits),
        observations=(),
        accounting=replace(
            recording.accounting,
            waiting_alone_ms=total,
            waiting_together_ms=0.0,
            computing_ms=now - total,
            lock_ms=0.0,
            throttled_ms=0.0,
            unexplained_ms=0.0,
        ),
    )
