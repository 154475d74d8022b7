"""What one invocation came to: the answer or the error, and everything measured about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FunctionError:
    """Why the function gave no answer, in the words that AWS sends the caller.

    Args:
        error_type: `ValueError`, `Runtime.ExitError`, `Sandbox.Timedout` and so on.
        message: The error's text.
        stack_trace: One text a frame, outermost first; empty where there is none.
        status: The `X-Amz-Function-Error` header of the answer.
    """

    error_type: str
    message: str
    stack_trace: tuple[str, ...] = ()
    status: str = "Unhandled"


@dataclass(frozen=True)
class Invocation:
    """One invocation, from event to answer.

    Args:
        payload: The parsed JSON answer, or the error object; text or bytes if the answer was not JSON. None if it was
            read as a stream.
        error: What went wrong, or None.
        duration_ms: From handing out the event to the runtime's request for the next one: work behind a streamed answer
            is in it.
        billed_ms: Every millisecond begun, of the invocation and, on a cold start, of the initialisation.
        cold: Whether an environment was started for it.
        init_ms: Process start to the first request for an event; None when warm, and when the initialisation
            failed and was repeated inside the invocation, whose duration then holds it. Of a SnapStart function:
            restore to the first request.
        environment_id: Which execution environment ran it.
        request_id: The invocation's own identifier.
        log: What the function printed and logged, between the START, END and REPORT lines.
        max_memory_used_mb: The most the environment has used so far.
        cpu_ms: CPU time that the environment's processes used, over all cores.
        started: `time.monotonic()` seconds when the event was handed out.
        finished: `time.monotonic()` seconds when the answer arrived, all of it.
        streamed: Whether the function streamed its answer; an error may then have come after a part of it.
    """

    payload: Any
    error: FunctionError | None
    duration_ms: float
    billed_ms: int
    cold: bool
    init_ms: float | None
    environment_id: str
    request_id: str
    log: str
    max_memory_used_mb: int
    cpu_ms: float
    started: float
    finished: float
    streamed: bool = False
