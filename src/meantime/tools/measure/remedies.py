"""What to do about a function that fails where it is measured, in the words of the command's options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from meantime.tools.emulator.hints import hint
from meantime.tools.measure.errors import MeasurementError

if TYPE_CHECKING:
    from meantime.tools.emulator import Function, Invocation

_TIMED_OUT: Final = "Sandbox.Timedout"
_MOST_OF_THE_MEMORY: Final = 0.9
_NO_SUCH_FUNCTION: Final = "Runtime.HandlerNotFound"
_LIKELY: Final = {
    "EndpointConnectionError": "it calls something that is not there",
    "ConnectError": "it calls something that is not there",
    "ConnectionError": "it calls something that is not there",
    "ConnectionRefusedError": "it calls something that is not there",
    "ClientConnectorError": "it calls something that is not there",
    "KeyError": "it misses an entry of the event or of its environment",
}
_TRY_IT: Final = "see what it does with one event first: meantime emulator invoke, with the same options"


def failed(function: Function, invocation: Invocation, where: str) -> MeasurementError:
    """Give the error for an invocation that failed, with what to do about it."""
    error = invocation.error
    assert error is not None  # noqa: S101  # it failed
    return MeasurementError(
        where,
        error_type=error.error_type,
        message=error.message,
        log=invocation.log,
        remedy=_remedy(function, invocation, error.error_type),
    )


def _remedy(function: Function, invocation: Invocation, error_type: str) -> str:
    if error_type == _TIMED_OUT:
        return (
            f"At {function.memory_mb} MB it has {function.cpu_share:.0%} of a core. Give it longer with --timeout "
            f"(it had {function.timeout:g} s), or leave that size out of --memory."
        )
    if error_type == _NO_SUCH_FUNCTION:
        return f"Name a function of it: package.module.function, found in {function.code}."
    used = invocation.max_memory_used_mb
    if error_type.startswith("Runtime.") and used >= _MOST_OF_THE_MEMORY * function.memory_mb:
        return f"It used {used} of {function.memory_mb} MB: leave that size out of --memory."
    known = hint(function, invocation)
    if known is not None:
        return known
    kind = error_type.rpartition(".")[2]
    if kind in _LIKELY:
        return f"{_LIKELY[kind][0].upper()}{_LIKELY[kind][1:]}: set what it needs with --env; or {_TRY_IT}."
    return f"{_TRY_IT[0].upper()}{_TRY_IT[1:]}."


def complaint(payload: object) -> str | None:
    """Say what is odd about an answer of a function that did not fail, if anything: it may be the wrong path."""
    if not isinstance(payload, dict):
        return None
    status = payload.get("statusCode")
    if isinstance(status, int) and not isinstance(status, bool) and status >= 400:  # noqa: PLR2004  # HTTP's own
        return f"answered with status {status}"
    failures = payload.get("batchItemFailures")
    if isinstance(failures, list) and failures:
        return f"reported {len(failures)} batch item failure{'s' if len(failures) > 1 else ''}"
    return None
