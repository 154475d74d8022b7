"""From what happened to an invocation, to the answer and the status that AWS would give."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from meantime.tools.emulator import log
from meantime.tools.emulator.invocation import FunctionError

if TYPE_CHECKING:
    from meantime.tools.emulator.happenings import Answered

EXIT_ERROR: Final = "Runtime.ExitError"
OUT_OF_MEMORY: Final = "Runtime.OutOfMemory"


@dataclass(frozen=True)
class Conclusion:
    """How an invocation ended.

    Args:
        payload: The answer, or the error object.
        error: What went wrong, or None.
        lines: What Lambda itself writes into the log about it, before the END line.
        status: The REPORT line's `Status`, for ends that were not the function's own doing.
        error_type: The REPORT line's `Error Type`.
    """

    payload: Any
    error: FunctionError | None = None
    lines: str = ""
    status: str | None = None
    error_type: str | None = None


def answered(answer: Answered) -> Conclusion:
    """Return the end of an invocation whose runtime sent an answer or an error."""
    if answer.size > answer.size_max:
        message = f"Response payload size exceeded maximum allowed payload size ({answer.size_max} bytes)."
        return _failed({"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"})
    payload = None if answer.body is None else _parsed(answer.body)
    return _failed(payload) if answer.failed else Conclusion(payload)


def init_failed(body: bytes) -> Conclusion:
    """Return the end of an invocation whose runtime could not load the function."""
    payload = _parsed(body)
    error = _error_of(payload)
    return Conclusion(payload, error, status="error", error_type=error.error_type)


def exited(request_id: str, status: int, *, out_of_memory: bool) -> Conclusion:
    """Return the end of an invocation whose runtime's process ended without an answer."""
    reason = log.exit_reason(status)
    payload = {"errorType": EXIT_ERROR, "errorMessage": f"RequestId: {request_id} Error: {reason}"}
    return Conclusion(
        payload,
        _error_of(payload),
        lines=log.exit_lines(request_id, reason),
        status="error",
        error_type=OUT_OF_MEMORY if out_of_memory else EXIT_ERROR,
    )


def timed_out(request_id: str, timeout: float) -> Conclusion:
    """Return the end of an invocation that took longer than the function's timeout."""
    payload = {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {request_id} Error: {log.timeout_message(timeout)}",
    }
    return Conclusion(payload, _error_of(payload), lines=log.timeout_lines(request_id, timeout), status="timeout")


def _failed(payload: Any) -> Conclusion:
    return Conclusion(payload, _error_of(payload))


def _error_of(payload: Any) -> FunctionError:
    fields = payload if isinstance(payload, dict) else {"errorMessage": payload}
    trace = fields.get("stackTrace")
    return FunctionError(
        error_type=str(fields.get("errorType") or "Runtime.Unknown"),
        message=str(fields.get("errorMessage") or ""),
        stack_trace=tuple(map(str, trace)) if isinstance(trace, list) else (),
    )


def _parsed(body: bytes) -> Any:
    """Return the answer's JSON; bytes that a function returned need not be any, and some is nested too deeply."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        pass
    try:
        return body.decode()
    except ValueError:
        return body
