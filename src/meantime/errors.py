"""Every exception that a user of the library can meet. Each carries its facts as attributes, not only as words."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from meantime.outcomes import Outcomes


class Waiting:
    """One call that was still under way when time was up. A call that had not begun is not among them.

    Attributes:
        function: The name of what was called.
        item: What it was called with, itself; None where it is no call of a verb.
        seconds: For how long it had been waiting; None where nobody noted when it began.
        place: The line that started it or that it stands at, as `file:line`.
        text: The item as a short text; None where it is no call of a verb.
    """

    __slots__ = ("function", "item", "place", "seconds", "text")

    def __init__(
        self, function: str, item: object, seconds: float | None, place: str = "", text: str | None = None
    ) -> None:
        self.function = function
        self.item = item
        self.seconds = seconds
        self.place = place
        self.text = text

    def __str__(self) -> str:
        call = self.function if self.text is None else f"{self.function}({self.text})"
        time = "" if self.seconds is None else f" for {self.seconds:.3f} s"
        place = f", at {self.place}" if self.place else ""
        return f"{call}{time}{place}"

    def __repr__(self) -> str:
        return f"Waiting({str(self)!r})"

    def __reduce__(self) -> tuple[type[Waiting], tuple[str, None, float | None, str, str | None]]:
        return Waiting, (self.function, None, self.seconds, self.place, self.text)  # an item need not be picklable


class Leftover:
    """Work still under way when the handler had its answer.

    Attributes:
        kind: `task`, `call` (of a verb, on a thread), `thread` (of the function's own), `process`, or `loop`.
        name: The name of what runs.
        state: What became of it: `cancelled`, `still running`, `not to be cancelled`…
        place: The line that started it, as `file:line`; empty where nobody noted it.
        text: It in words, without its place.
    """

    __slots__ = ("kind", "name", "place", "state", "text")

    def __init__(self, kind: str, name: str, state: str, place: str = "", text: str = "") -> None:
        self.kind = kind
        self.name = name
        self.state = state
        self.place = place
        self.text = text or f"{kind} {name}"

    def __str__(self) -> str:
        return f"{self.text}, started at {self.place}" if self.place else self.text

    def __repr__(self) -> str:
        return f"Leftover({str(self)!r}, {self.state!r})"

    def __reduce__(self) -> tuple[type[Leftover], tuple[str, str, str, str, str]]:
        return Leftover, (self.kind, self.name, self.state, self.place, self.text)


class MeantimeError(Exception):
    """The base of every error that Meantime raises of its own."""


class DeadlineExceeded(MeantimeError, TimeoutError):
    """The invocation's time, less its reserve, is used up.

    Attributes:
        waiting: What was still waiting at that moment, longest first.
        foreseen: Whether it has not come yet: what was asked for can only be had after it.
    """

    def __init__(self, message: str, waiting: Sequence[Waiting] = (), *, foreseen: bool = False) -> None:
        self.foreseen = foreseen
        self.waiting = tuple(sorted(waiting, key=lambda one: (one.seconds is not None, -(one.seconds or 0.0))))
        super().__init__(_with_waiting(message, self.waiting))


class CallTimeout(MeantimeError, TimeoutError):
    """One call took longer than the `timeout` given for each call.

    Attributes:
        function: The name of what was called.
        item: What it was called with, itself.
        timeout: The time it was given, in seconds.
    """

    def __init__(self, function: str, item: object, text: str, timeout: float) -> None:
        self.function = function
        self.item = item
        self.timeout = timeout
        self._text = text
        super().__init__(f"{function}({text}) took longer than its timeout of {timeout:g} s")

    def __reduce__(self) -> tuple[type[CallTimeout], tuple[str, None, str, float]]:
        return CallTimeout, (self.function, None, self._text, self.timeout)  # an item need not be picklable


class ChildDied(MeantimeError):
    """The child process that made a call ended before it had an answer. The call may have had its effect.

    Attributes:
        function: The name of what was called.
        item: What it was called with, itself.
        pid: The child's process number.
        exit_code: With what it ended; None for a signal, or where that cannot be told.
        signal: The name of the signal that ended it, as `SIGKILL`; None for an exit code.
    """

    def __init__(self, function: str, item: object, text: str, pid: int, status: int | None) -> None:
        self.function = function
        self.item = item
        self.pid = pid
        self.exit_code = None if status is None or status < 0 else status
        self.signal = None if status is None or status >= 0 else _name_of_signal(-status)
        self._text = text
        self._status = status  # as `Process.exitcode` has it: negative for a signal
        end = _end_of_child(self.exit_code, self.signal)
        super().__init__(f"{function}({text}) has no answer: its child process {pid} {end}")

    def __reduce__(self) -> tuple[type[ChildDied], tuple[str, None, str, int, int | None]]:
        return ChildDied, (self.function, None, self._text, self.pid, self._status)


class ChildTraceback(MeantimeError):
    """Where an exception was raised in a child process, as text: the `__cause__` of what the caller gets."""

    def __str__(self) -> str:
        return f'\n"""\n{self.args[0] if self.args else ""}"""'


class NotPicklable(MeantimeError):
    """An item, a result or an exception cannot go between processes.

    Attributes:
        function: The name of what was called.
        item: What it was called with, itself.
        what: `item`, `result`, `error` or `function`.
        reason: Why it cannot.
    """

    def __init__(self, function: str, item: object, text: str, what: str, reason: str) -> None:
        self.function = function
        self.item = item
        self.what = what
        self.reason = reason
        self._text = text
        super().__init__(f"{function}({text}): {_NOT_PICKLABLE[what].format(reason)}")

    def __reduce__(self) -> tuple[type[NotPicklable], tuple[str, None, str, str, str]]:
        return NotPicklable, (self.function, None, self._text, self.what, self.reason)


class CallCancelled(MeantimeError):
    """One call ended with CancelledError although nobody cancelled the work it belongs to.

    Raised in its place, because a stray CancelledError would look like the cancellation of the caller.
    """


class SettleFailed(MeantimeError):
    """A `settle` could not go on, since its input raised, say; what it met is the `__cause__`.

    Attributes:
        outcomes: What became of the items until then.
    """

    def __init__(self, message: str, outcomes: Outcomes[Any, Any]) -> None:
        self.outcomes = outcomes
        super().__init__(message)


class InvocationCancelled(MeantimeError):
    """The handler itself ended with CancelledError although its deadline had not passed.

    awslambdaric does not catch CancelledError: it would end the whole execution environment.
    """


class InvocationEnded(MeantimeError):
    """The invocation that this work belongs to has ended, and what had not begun was dropped."""


class WorkLeftOver(MeantimeError):
    """The handler left work under way, and was told by `leftovers="fail"` to count that as a failure.

    Attributes:
        leftovers: What was left, each with where it was started and what became of it.
        answer: What the handler answered, and Lambda did not get.
    """

    def __init__(self, message: str, leftovers: Sequence[Leftover] = (), answer: object = None) -> None:
        self.leftovers = tuple(leftovers)
        self.answer = answer
        super().__init__(message)

    def __reduce__(self) -> tuple[type[WorkLeftOver], tuple[str, tuple[Leftover, ...]]]:
        return WorkLeftOver, (str(self), self.leftovers)  # an answer need not be picklable


class LoopRunning(MeantimeError, RuntimeError):
    """A blocking call of Meantime was made where it would block a running event loop."""


class WrongEvent(MeantimeError, ValueError):
    """The event is none of the kind that the function is for, a batch or an HTTP request; nothing of it was touched.

    Attributes:
        looks_like: What it seems to be, in words.
    """

    def __init__(self, message: str, looks_like: str = "") -> None:
        self.looks_like = looks_like
        super().__init__(message)


class HeldBack(MeantimeError):
    """A record was not begun, since one that goes before it has failed; it comes again with that one.

    Attributes:
        behind: The identifier of the record that has failed.
    """

    def __init__(self, message: str, behind: str = "") -> None:
        self.behind = behind
        super().__init__(message)


class NotFinished(MeantimeError):
    """A record was worked on, and the batch's `finish` says that it could not finish it."""


class BatchFailed(MeantimeError):
    """The batch has failed as a whole, by its `fail_when`: every record comes again.

    Attributes:
        outcomes: What became of each record.
    """

    def __init__(self, message: str, outcomes: Outcomes[Any, Any] | None = None) -> None:
        self.outcomes = outcomes
        super().__init__(message)


class StreamingUnavailable(MeantimeError):
    """Responses cannot be streamed here: the process is not run by a version of awslambdaric that Meantime knows.

    Attributes:
        version: The version of awslambdaric; empty where another runtime client runs the process.
    """

    def __init__(self, message: str, version: str = "") -> None:
        self.version = version
        super().__init__(message)


class StreamBroken(MeantimeError, OSError):
    """A streamed response could not be sent on.

    Attributes:
        sent: How many bytes of its body were sent before.
        status: With which HTTP status Lambda's Runtime API has refused it; None where it did not.
    """

    def __init__(self, message: str, sent: int = 0, status: int | None = None) -> None:
        self.sent = sent
        self.status = status
        super().__init__(message)


class MalformedBody(MeantimeError, ValueError):
    """The body of an HTTP request cannot be read as its event says: the client's error, answered with 400."""


class ASGIProtocolError(MeantimeError, RuntimeError):
    """The application has not kept to ASGI: it sent what may not come now, or it ended without a whole response."""


class LifespanFailed(MeantimeError):
    """The application could not start: its lifespan has said so, or it has raised.

    Attributes:
        reason: What the application says of it.
    """

    def __init__(self, message: str, reason: str = "") -> None:
        self.reason = reason
        super().__init__(message)


class ResponseFailed(MeantimeError):
    """The application's response has a status that the adapter's `fail_on` names; the client did not get it.

    Attributes:
        status: The HTTP status.
        request: The method and the path of the request.
    """

    def __init__(self, message: str, status: int = 0, request: str = "") -> None:
        self.status = status
        self.request = request
        super().__init__(message)


NO_ANSWER = "The deadline of the invocation passed before the handler had its answer."
_SHOWN = 5


def _with_waiting(message: str, waiting: Sequence[Waiting]) -> str:
    if not waiting:
        return message
    lines = "; ".join(str(one) for one in waiting[:_SHOWN])
    more = f"; and {len(waiting) - _SHOWN} more" if len(waiting) > _SHOWN else ""
    return f"{message} Still waiting: {lines}{more}."


_NOT_PICKLABLE = {
    "item": "the item cannot be sent to a child process ({}): send plain data, and make clients and open files there",
    "function": "the function cannot be found in a child process ({}): define it at the top level of a module",
    "result": "the call was made, and its result cannot be sent back ({}): return plain data",
    "error": "the call raised what cannot be sent back as it is: {}",
}


def _end_of_child(exit_code: int | None, signal: str | None) -> str:
    if signal == "SIGKILL":
        return (
            "was killed by SIGKILL, most likely since memory ran out: give the function more, or lower max_concurrency"
        )
    if signal is not None:
        return f"was killed by {signal}: a crash in an extension module, or a signal that somebody sent"
    if exit_code is not None:
        return f"ended with exit code {exit_code}: something in it called os._exit"
    return "has ended, and the kernel does not say how"


def _name_of_signal(number: int) -> str:
    from signal import Signals  # noqa: PLC0415  # only a child that died needs it

    try:
        return Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
