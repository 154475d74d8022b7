"""The lines that Lambda itself writes into a function's log.

Formats as recorded from AWS; the `Status` and `Error Type` fields follow the page on the execution environment's
lifecycle (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html).
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import ceil

from meantime.tools.emulator.function import VERSION


def start_line(request_id: str) -> str:
    """Return the line before an invocation's own output."""
    return f"START RequestId: {request_id} Version: {VERSION}\n"


def end_line(request_id: str) -> str:
    """Return the line after an invocation's own output."""
    return f"END RequestId: {request_id}\n"


def whole_lines(text: str) -> str:
    """Return an invocation's own output with its last line ended."""
    return text if not text or text.endswith("\n") else text + "\n"


def report_line(
    request_id: str,
    *,
    duration_ms: float,
    billed_ms: int,
    memory_mb: int,
    max_memory_used_mb: int,
    init_ms: float | None,
    restored: bool = False,
    status: str | None = None,
    error_type: str | None = None,
) -> str:
    """Return the line that sums an invocation up."""
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {duration_ms:.2f} ms",
        f"Billed Duration: {billed_ms} ms",
        f"Memory Size: {memory_mb} MB",
        f"Max Memory Used: {max_memory_used_mb} MB",
    ]
    if init_ms is not None and restored:
        fields += [f"Restore Duration: {init_ms:.2f} ms", f"Billed Restore Duration: {ceil(init_ms)} ms"]
    elif init_ms is not None:
        fields.append(f"Init Duration: {init_ms:.2f} ms")
    if status is None:
        fields.append("")  # an ordinary report ends with a tab
    else:
        fields.append(f"Status: {status}")
        if error_type is not None:
            fields.append(f"Error Type: {error_type}")
    return "\t".join(fields) + "\n"


def init_report_line(seconds: float, *, phase: str, status: str, error_type: str | None = None) -> str:
    """Return the line about an initialisation that failed; one that succeeds has none."""
    line = f"INIT_REPORT Init Duration: {seconds * 1000:.2f} ms\tPhase: {phase}\tStatus: {status}"
    return line + (f"\tError Type: {error_type}\n" if error_type else "\n")


def timeout_lines(request_id: str, timeout: float) -> str:
    """Return the lines that say an invocation was cut off."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f"{now} {request_id} {timeout_message(timeout)}\n\n"


def timeout_message(timeout: float) -> str:
    """Return the words for an invocation that was cut off."""
    return f"Task timed out after {timeout:.2f} seconds"


def exit_lines(request_id: str, reason: str) -> str:
    """Return the lines that say the runtime's process ended."""
    return f"RequestId: {request_id} Error: {reason}\nRuntime.ExitError\n"


def exit_reason(status: int) -> str:
    """Return the words for a process that ended; `status` is a return code as `subprocess` counts them.

    The words are Go's for a process's end, as AWS's runtime supervisor passes them on.
    """
    if status == 0:
        return "Runtime exited without providing a reason"
    if status > 0:
        return f"Runtime exited with error: exit status {status}"
    return f"Runtime exited with error: signal: {_SIGNALS.get(-status, str(-status))}"


# Go's texts for the signals that end a process: syscall/zerrors_linux_amd64.go.
_SIGNALS = {
    1: "hangup",
    2: "interrupt",
    3: "quit",
    4: "illegal instruction",
    5: "trace/breakpoint trap",
    6: "aborted",
    7: "bus error",
    8: "floating point exception",
    9: "killed",
    10: "user defined signal 1",
    11: "segmentation fault",
    12: "user defined signal 2",
    13: "broken pipe",
    14: "alarm clock",
    15: "terminated",
}
