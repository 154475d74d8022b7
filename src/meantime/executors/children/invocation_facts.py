"""What a child process must know of the invocation that it works for, since context variables cannot travel."""

from __future__ import annotations

import os
import sys

from meantime.deadline import Deadline, deadline_variable

TYPE_CHECKING = False
if TYPE_CHECKING:
    Facts = tuple[float | None, float, str | None, tuple[object, object] | None]

_TRACE = "_X_AMZN_TRACE_ID"  # set anew by the runtime client for each invocation; the X-Ray SDK reads it
_BOOTSTRAP = "awslambdaric.bootstrap"  # its log filter takes the request's id from these two
_REQUEST = ("_GLOBAL_AWS_REQUEST_ID", "_GLOBAL_TENANT_ID")


def facts_of_now(deadline: Deadline | None) -> Facts:
    """In the parent: seconds left and reserve, the trace header, and by what the log knows the request."""
    left, reserve = (None, 0.0) if deadline is None else (deadline.remaining(), deadline.reserve)
    bootstrap = sys.modules.get(_BOOTSTRAP)
    request = None if bootstrap is None else tuple(getattr(bootstrap, name, None) for name in _REQUEST)
    return left, reserve, os.environ.get(_TRACE), request  # type: ignore[return-value]  # two names make a pair


def take_on(facts: Facts) -> None:
    """In the child: go by them. A kept child still has those of the invocation before."""
    left, reserve, trace, request = facts
    deadline_variable.set(None if left is None else Deadline(left, reserve))
    if trace is None:
        os.environ.pop(_TRACE, None)
    elif os.environ.get(_TRACE) != trace:
        os.environ[_TRACE] = trace
    bootstrap = sys.modules.get(_BOOTSTRAP)
    if bootstrap is not None and request is not None:
        for name, value in zip(_REQUEST, request, strict=True):
            setattr(bootstrap, name, value)
