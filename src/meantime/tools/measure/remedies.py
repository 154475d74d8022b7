"""What to do about a function that fails where it is measured, in the words of the command's options."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from meantime.tools.emulator.handler_file import functions_in
from meantime.tools.emulator.hints import hint
from meantime.tools.measure.errors import MeasurementError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meantime.tools.emulator import Function, Invocation

_TIMED_OUT: Final = "Sandbox.Timedout"
_MOST_OF_THE_MEMORY: Final = 0.9
_NO_SUCH_FUNCTION: Final = "Runtime.HandlerNotFound"
_NOT_THERE: Final = "it calls something that is not there"
_TRY_IT: Final = (
    "see what it does with one event at one size first: meantime emulator invoke, which takes --event, --code, --env "
    "and --timeout as well"
)
_LIKELY: Final = {
    "EndpointConnectionError": _NOT_THERE,
    "ConnectError": _NOT_THERE,
    "ConnectionError": _NOT_THERE,
    "ConnectionRefusedError": _NOT_THERE,
    "ClientConnectorError": _NOT_THERE,
    "KeyError": "it misses an entry of the event or of its environment",
}
_SHELL_S: Final = re.compile(r"AWS_ENDPOINT_URL\w*")
_VARIABLE: Final = re.compile(r"'([A-Z][A-Z0-9_]*)'")


def failed(function: Function, invocation: Invocation, where: str) -> MeasurementError:
    """Give the error for an invocation that failed, with what to do about it."""
    error = invocation.error
    assert error is not None  # noqa: S101  # it failed
    return MeasurementError(
        where,
        error_type=error.error_type,
        message=error.message,
        log=_without_warning(invocation.log) if error.error_type == _NO_SUCH_FUNCTION else invocation.log,
        remedy=_remedy(function, invocation, error.error_type),
    )


def _without_warning(log: str) -> str:
    """The log without the runtime's own warning, a document of JSON that says no more than the error."""
    return "".join(line for line in log.splitlines(keepends=True) if "LAMBDA_WARNING" not in line)


def _remedy(function: Function, invocation: Invocation, error_type: str) -> str:
    if error_type == _TIMED_OUT:
        return (
            f"At {function.memory_mb} MB it has {function.cpu_share:.0%} of a core. Give it longer with --timeout "
            f"(it had {function.timeout:g} s), or leave that size out of --memory."
        )
    if error_type == _NO_SUCH_FUNCTION:
        module = function.handler.rpartition(".")[0]
        there = functions_in(function.code / f"{module.replace('.', '/')}.py")
        named = f"; {module} has {', '.join(there)}" if there else ""
        return f"Name a function of it: package.module.function, found in {function.code}{named}."
    used = invocation.max_memory_used_mb
    if error_type.startswith("Runtime.") and used >= _MOST_OF_THE_MEMORY * function.memory_mb:
        return f"It used {used} of {function.memory_mb} MB: leave that size out of --memory."
    known = hint(function, invocation)
    if known is not None:
        return known
    kind = error_type.rpartition(".")[2]
    forgotten = _forgotten(function, kind, invocation.error.message if invocation.error else "")
    likely = f"{_LIKELY[kind]}: set what it needs with --env; or " if kind in _LIKELY else ""
    sentence = f"{likely}{_TRY_IT}."
    return forgotten or sentence[0].upper() + sentence[1:]


def _forgotten(function: Function, kind: str, message: str) -> str:
    """Name the variables that are likely missed; a function gets nothing of the shell that it was started from."""
    named = _VARIABLE.fullmatch(message) if kind == "KeyError" else None
    if named is not None:
        wanted = [named[1]]
    elif _LIKELY.get(kind) == _NOT_THERE:
        wanted = sorted(name for name in os.environ if _SHELL_S.fullmatch(name))
    else:
        return ""
    wanted = [name for name in wanted if name not in function.environment]
    if not wanted:
        return ""
    of_shell = [name for name in wanted if name in os.environ]
    if not of_shell:
        return f"Is {wanted[0]} a variable of its environment? Set it with --env {wanted[0]}=..."
    options = " ".join(f'--env {name}="${name}"' for name in of_shell)
    is_set = "is" if len(of_shell) == 1 else "are"
    return f"{' and '.join(of_shell)} {is_set} set in your shell, of which a function gets nothing: add {options}"


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


def errors_among(payloads: Sequence[object]) -> str:
    """Say how many answers of a function that did not fail are errors all the same, and which; empty for none."""
    found = [odd for odd in map(complaint, payloads) if odd is not None]
    if not found:
        return ""
    which = ", ".join(dict.fromkeys(odd.removeprefix("answered with ").removeprefix("reported ") for odd in found))
    some = "" if len(found) == len(payloads) else f"{len(found)} of {len(payloads)} "
    return f"{some}answers were errors: {which}"
