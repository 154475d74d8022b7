"""How the steps of a batch's course are taken: called in a blocking handler, awaited in an async one."""

from __future__ import annotations

import sys

from meantime.errors import CallCancelled
from meantime.executors.collecting import is_outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from meantime.batch.course import Steps


def drive(steps: Steps) -> None:
    """Call one step after another.

    Raises:
        Exception: Whatever the course itself raises.
    """
    step = next(steps, None)
    while step is not None:
        try:
            value = step()
        except BaseException as error:  # noqa: BLE001  # what it is, the next function says
            step = _thrown(steps, error)
        else:
            step = _sent(steps, value)


async def drive_async(steps: Steps) -> None:
    """Await one step after another.

    Raises:
        Exception: Whatever the course itself raises.
    """
    step = next(steps, None)
    while step is not None:
        try:
            value = await step()
        except BaseException as error:
            if _is_being_cancelled():
                raise
            step = _thrown(steps, error)
        else:
            step = _sent(steps, value)


def _sent(steps: Steps, value: object) -> Callable[[], Any] | None:
    try:
        return steps.send(value)
    except StopIteration:
        return None


def _thrown(steps: Steps, error: BaseException) -> Callable[[], Any] | None:
    """Tell the course what a step raised, if that is the step's own; the alarm at the deadline and Ctrl-C are not."""
    if not is_outcome(error):
        raise error
    if not isinstance(error, Exception):
        stray, error = error, CallCancelled(f"a function beside the batch's own raised {type(error).__name__}")
        error.__cause__ = stray
    try:
        return steps.throw(error)
    except StopIteration:
        return None


def _is_being_cancelled() -> bool:
    """Whether somebody has cancelled this task, as is done at the deadline."""
    asyncio = sys.modules["asyncio"]
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
