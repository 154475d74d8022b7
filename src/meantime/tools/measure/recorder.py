"""The handler of a recorded function: it hands every invocation to the real one, and records those it is asked to.

It is loaded in the function's own process, and writes the recording to the log, as `meantime.measure.recorded` does on
AWS: the answer stays the function's own.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

from meantime.measure import recording
from meantime.measure.boundaries import observe
from meantime.measure.document import document_of
from meantime.measure.log_lines import lines_of
from meantime.measure.recorder import MAX_CALLS
from meantime.measure.session import Active, Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

HANDLER = "meantime.tools.measure.recorder.lambda_handler"
HANDLER_VARIABLE = "MEANTIME_RECORDED_HANDLER"  # the real handler, as `package.module.function`
REQUEST = {"custom": {"meantime": "record"}}  # the client context that asks for a recording

_is_cold = True
_not_recorded: list[str] = []  # boundaries that the versions of the libraries here do not have


def lambda_handler(event: Any, context: Any) -> Any:
    """Hand the invocation to the real handler; record it if the client context asks for that."""
    global _is_cold
    cold, _is_cold = _is_cold, False
    asked = getattr(context.client_context, "custom", None)
    context.client_context = None  # as the function would find it
    if asked != REQUEST["custom"]:
        return _handler(event, context)
    session = Active.session = Session(MAX_CALLS)
    for name in _not_recorded:
        observe("not_recorded", name)
    try:
        answer = _handler(event, context)
    finally:
        Active.session = None
        session.end()
    document = document_of(
        session,
        handler=os.environ["_HANDLER"],
        memory_mb=int(context.memory_limit_in_mb),
        cold=cold,
        request_id=context.aws_request_id,
    )
    sys.stdout.write("".join(f"{line}\n" for line in lines_of(document, context.aws_request_id)))
    sys.stdout.flush()
    return answer


def _load_handler() -> Callable[[Any, Any], Any]:
    """Import the real handler under a recording's patches: what it binds then, by `from time import sleep`, is seen.

    They are never taken back: at a small share of CPU, installing them again would use up what a recorded invocation
    has for its first milliseconds.
    """
    os.environ["_HANDLER"] = os.environ.pop(HANDLER_VARIABLE)
    module, _, function = os.environ["_HANDLER"].rpartition(".")
    recording().__enter__()
    handler: Callable[[Any, Any], Any] = getattr(import_module(module.replace("/", ".")), function)
    loading, Active.session = Active.session, None
    if loading is not None:
        loading.end()
        _not_recorded.extend(each["text"] for each in loading.observations if each["kind"] == "not_recorded")
    return handler


if HANDLER_VARIABLE in os.environ:
    _handler = _load_handler()
