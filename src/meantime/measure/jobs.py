"""Jobs that a thread does for a task, which waits for them: what such a job computes is computed by the task's call."""

from __future__ import annotations

from functools import wraps

from meantime.measure.session import Active, current
from meantime.measure.timeline import timeline_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def for_task(job: Callable[..., Any]) -> Callable[..., Any]:
    """This job, to be done by a thread while a task waits for it: that is no waiting of the call that runs now."""
    call = current.get()
    origin = Active.session
    if call is None or not call.is_async:
        return job

    @wraps(job)
    def run(*args: Any, **keywords: Any) -> Any:
        session = Active.session
        if session is None or session is not origin or call.ended:
            return job(*args, **keywords)
        timeline = timeline_of(session)
        waited, began = timeline.waited, timeline.now()
        try:
            return job(*args, **keywords)
        finally:
            now = timeline.now()
            call.add_job(now[0] - began[0], now[1] - began[1], timeline.waited - waited)

    return run
