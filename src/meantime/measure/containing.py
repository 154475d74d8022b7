"""What fails in the recording stays in it: the function that is recorded is called once, and knows nothing of it."""

from __future__ import annotations

import time
from functools import wraps

from meantime.measure.session import OBSERVATIONS, Active

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def failed(what: str, error: Exception) -> None:
    """Note once that this is not recorded any longer, and why."""
    session = Active.session
    if session is None or what in session.left_out:
        return
    session.left_out.add(what)
    if len(session.observations) < OBSERVATIONS:
        text = f"{what}: recording it failed: {type(error).__name__}{_line_of(error)}"
        session.observations.append(
            {
                "kind": "not_recorded",
                "text": text,
                "place": (),
                "at": time.monotonic_ns(),
                "duration_ms": 0.0,
                "numbers": {},
            }
        )


def _line_of(error: Exception) -> str:
    """Where it was raised; not its words, which may hold a value."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    if step is None:
        return ""
    return f" at {step.tb_frame.f_code.co_filename.rpartition('/')[2]}:{step.tb_lineno}"


def contained(step: Callable[..., Any]) -> Callable[..., Any]:
    """This step of the recording, which gives None where it fails, and from then on."""
    what = f"{step.__module__.rpartition('.')[2]}.{step.__qualname__}"

    @wraps(step)
    def run(*args: Any, **keywords: Any) -> Any:
        session = Active.session
        if session is not None and what in session.left_out:
            return None
        try:
            return step(*args, **keywords)
        except Exception as error:  # noqa: BLE001  # recording must not break what it records
            failed(what, error)
            return None

    return run
