"""The decorator for a function on AWS: some of its invocations are recorded, and written to the log or a file."""

from __future__ import annotations

import os
import sys
from functools import wraps

from meantime.callables import is_async
from meantime.measure.document import folder_of_function
from meantime.measure.recorder import Recorder, recording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    Handler = Callable[..., Any]

# What it takes to write a recording, in seconds of one core: measured, and doubled.
_TO_WRITE = 0.1
_TO_WRITE_A_CALL = 0.00006
_TO_WRITE_A_SAMPLE = 0.00005
_MB_PER_CORE = 1769


def recorded(
    handler: Handler | None = None,
    *,
    to: str | Path = "log",
    first: int = 1,
    every: int | None = None,
    cold: bool = False,
) -> Any:
    """Record invocations of this function where it runs, on AWS: beside `@meantime.handler`, above or below it.

    By default it is the first warm invocation of each execution environment, once; the others run as they would
    without it. What goes wrong with the recording is logged, and the function goes on.

    Args:
        handler: A function of event and context, `def` or `async def`.
        to: `log`, from which `meantime measure show` reads it again; or a file; or a folder, which then gets a file for
            each, named by the request.
        first: How many warm invocations of each environment are recorded.
        every: Instead of the first ones, one in so many.
        cold: Whether the first of an environment may be one of them.

    Raises:
        TypeError: `handler` is no function, or an option is of the wrong type.
        ValueError: An option is out of range.
    """
    for name, value in (("first", first), ("every", every)):
        number: object = value
        if value is not None and (not isinstance(number, int) or isinstance(number, bool)):
            raise TypeError(f"{name} is a number of invocations, not {value!r}")
        if value is not None and value < 1:
            raise ValueError(f"{name} is a number of invocations, 1 or more, not {value}")
    if handler is None:
        return lambda function: _Recorded(function, to, first, every, cold=cold).wrapper()
    return _Recorded(handler, to, first, every, cold=cold).wrapper()


class _Recorded:
    """One function, and which of its invocations are recorded."""

    def __init__(self, function: Handler, to: str | Path, first: int, every: int | None, *, cold: bool) -> None:
        if not callable(function):
            raise TypeError(f"recorded takes a function of event and context, not {function!r}")
        self._function = function
        self._to = os.fspath(to)
        self._first = first
        self._every = every
        self._from = 1 if cold else 2
        self._invocations = 0
        self._code = folder_of_function()  # now: asking for it takes a system call, which a loop should be spared

    def wrapper(self) -> Handler:
        """The function, recorded now and then."""
        function = self._function
        if is_async(function):

            @wraps(function)
            async def record_async(event: Any, context: Any) -> Any:
                recorder = self._begun()
                if recorder is None:
                    return await function(event, context)
                try:
                    return await function(event, context)
                finally:
                    self._end(recorder, context)

            return record_async

        @wraps(function)
        def record(event: Any, context: Any) -> Any:
            recorder = self._begun()
            if recorder is None:
                return function(event, context)
            try:
                return function(event, context)
            finally:
                self._end(recorder, context)

        return record

    def _begun(self) -> Recorder | None:
        """A recording under way, if this invocation is to be recorded and can be."""
        self._invocations += 1
        number = self._invocations - self._from
        chosen = number % self._every == 0 if self._every else number < self._first
        if number < 0 or not chosen:
            return None
        try:
            recorder = recording()
            recorder.code = self._code
            recorder.cold = self._invocations == 1
            return recorder.__enter__()
        except Exception as error:  # noqa: BLE001  # a recording must not break the function
            _log("This invocation is not recorded", error)
            return None

    def _end(self, recorder: Recorder, context: Any) -> None:
        try:
            recorder.__exit__(None, None, None)
            recorder.request_id = str(getattr(context, "aws_request_id", ""))
            needed = _to_write(recorder.number_of_calls, recorder.number_of_samples)
            left = _seconds_left(context)
            if left is not None and left < needed:
                raise TimeoutError(f"{left:.1f} s are left of the invocation, and writing may take {needed:.1f} s")  # noqa: TRY301  # told in one place
            self._write(recorder)
        except BaseException as error:
            _log("The recording of this invocation is lost", error)
            if not isinstance(error, Exception) and not _is_interrupt(error):
                raise
        finally:
            recorder.__exit__(None, None, None)  # does what an interrupt has kept it from
            recorder.forget()

    def _write(self, recorder: Recorder) -> None:
        if self._to != "log":
            name = f"{recorder.request_id or 'recording'}.json"
            recorder.write(os.path.join(self._to, name) if os.path.isdir(self._to) else self._to)  # noqa: PTH112, PTH118  # pathlib would have to be imported
            return
        from meantime.measure.log_lines import lines_of  # noqa: PLC0415  # only who writes to the log pays for it

        for line in lines_of(recorder.document, recorder.request_id or "recording"):
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def _to_write(calls: int, samples: int) -> float:
    memory = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "")
    share = min(1.0, int(memory) / _MB_PER_CORE) if memory.isdigit() else 1.0
    return (_TO_WRITE + _TO_WRITE_A_CALL * calls + _TO_WRITE_A_SAMPLE * samples) / share


def _seconds_left(context: Any) -> float | None:
    tell = getattr(context, "get_remaining_time_in_millis", None)
    return None if tell is None else tell() / 1000


def _is_interrupt(error: BaseException) -> bool:
    """Whether the deadline has come: what the function answered is there in time, all the same."""
    alarm = sys.modules.get("meantime.alarm")
    return alarm is not None and isinstance(error, alarm.Interrupted)


def _log(what: str, error: BaseException) -> None:
    from logging import getLogger  # noqa: PLC0415  # only what goes wrong pays for it

    getLogger("meantime").warning("%s: %s: %s", what, type(error).__name__, error)
