"""One request from its arrival to its response: the event, the invocation, and what the event source makes of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from meantime import clock
from meantime.tools.emulator.errors import ClosedError, EmulatorError, RequestTooLargeError, TooManyRequestsError
from meantime.tools.emulator.http.response import Fault, MalformedAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from meantime.tools.emulator.http.environments import Environments
    from meantime.tools.emulator.http.request import Request
    from meantime.tools.emulator.http.response import Response
    from meantime.tools.emulator.http.source import Source
    from meantime.tools.emulator.invocation import FunctionError, Invocation

_TIMED_OUT: Final = "Sandbox.Timedout"
_TOO_LARGE: Final = "Function.ResponseSizeTooLarge"


@dataclass
class Exchange:
    """What came of one request.

    Args:
        request: The request.
        response: What the client got.
        invocation: What the function did; None if it was not invoked, or still runs.
        fault: Why the event source answered for the function, if it did.
        problem: The same in words, with what the function said.
        hint: What else there is to say of it.
        seconds: From the request's last byte to the response.
        client_left: Whether the client was gone before the response.
        sent: Bytes of the response's body.
    """

    request: Request
    response: Response | None = None
    invocation: Invocation | None = None
    fault: Fault | None = None
    problem: str = ""
    hint: str = ""
    seconds: float = 0.0
    client_left: bool = False
    sent: int = 0
    _began: float = field(default_factory=clock.monotonic)

    def respond(self, response: Response) -> None:
        """Note the response."""
        self.response, self.seconds = response, clock.monotonic() - self._began
        self.sent = 0 if self.request.method == "HEAD" or self.client_left else len(response.body)

    def complete(self) -> None:
        """Note that the end of a streamed response has been sent."""
        self.seconds = clock.monotonic() - self._began

    def end(self, invocation: Invocation | None) -> None:
        """Note what came of the function behind a response that was passed on as it came."""
        self.invocation = invocation
        if invocation is not None and invocation.error is None and not invocation.streamed:
            self.hint = "the function did not stream; give ASGIAdapter(streaming=True)"

    def break_off(self, fault: Fault, problem: str) -> None:
        """Note that a streamed response was cut off."""
        self.complete()
        self.fault, self.problem = fault, f"{fault.value} after {self.sent:,} bytes: {problem}"

    def break_off_failed(self, error: FunctionError) -> None:
        """Note that a streamed response was cut off by what the function did."""
        self.break_off(_fault(error), f"{error.error_type}: {error.message}")

    def give_up(self, source: Source) -> None:
        """Let the event source wait no longer."""
        self.refuse(source, Fault.SOURCE_TIMED_OUT, f"after {source.timeout:g} s {Fault.SOURCE_TIMED_OUT.value}")

    def refuse(self, source: Source, fault: Fault, problem: str = "") -> None:
        """Let the event source answer for the function."""
        self.fault, self.problem = fault, problem or fault.value
        self.respond(source.refusal(fault, self.request))


async def carry(
    exchange: Exchange, source: Source, environments: Environments, invoked: Callable[[Invocation], None]
) -> None:
    """Invoke the function with a request until there is a response.

    Args:
        exchange: The request, which then has its response.
        source: What makes events of requests.
        environments: Where the function runs.
        invoked: Called when the invocation is over, which may be long after the source has given up on it.
    """
    event = source.event(exchange.request, environments.function)
    invoking = asyncio.ensure_future(environments.invoke(event))

    def tell(done: asyncio.Task[Invocation]) -> None:
        if not done.cancelled() and done.exception() is None:
            invoked(done.result())

    invoking.add_done_callback(tell)
    done, _ = await asyncio.wait([invoking], timeout=source.timeout)
    if not done:
        exchange.give_up(source)
        return
    try:
        exchange.invocation = invocation = invoking.result()
    except EmulatorError as error:
        failed(exchange, source, error)
    else:
        concluded(exchange, source, invocation)


def failed(exchange: Exchange, source: Source, error: EmulatorError) -> None:
    """Give a request whose event was not taken its response."""
    fault = fault_of(error)
    exchange.refuse(source, fault, "" if fault is Fault.CLOSED else str(error))
    if fault is Fault.REQUEST_TOO_LARGE:
        exchange.hint = source.warning(exchange.request)


def fault_of(error: EmulatorError) -> Fault:
    """Return what an error of the emulator's is to an event source."""
    if isinstance(error, TooManyRequestsError):
        return Fault.THROTTLED
    if isinstance(error, RequestTooLargeError):
        return Fault.REQUEST_TOO_LARGE
    return Fault.CLOSED if isinstance(error, ClosedError) else Fault.EMULATOR_FAILED


def concluded(exchange: Exchange, source: Source, invocation: Invocation) -> None:
    """Give a request whose invocation is over its response."""
    if invocation.error is not None:
        said = invocation.error.message.removeprefix(f"RequestId: {invocation.request_id} Error: ")
        exchange.refuse(source, _fault(invocation.error), f"{invocation.error.error_type}: {said}")
        return
    if invocation.streamed and not source.can_stream:
        problem = f"it was streamed, and {source.title} as set here buffers; {source.how_to_stream}"
        exchange.refuse(source, Fault.MALFORMED_ANSWER, problem)
        return
    try:
        exchange.respond(source.response(exchange.request, invocation.payload))
    except MalformedAnswerError as error:
        exchange.refuse(source, Fault.MALFORMED_ANSWER, str(error))


def _fault(error: FunctionError) -> Fault:
    if error.error_type == _TIMED_OUT:
        return Fault.FUNCTION_TIMED_OUT
    return Fault.ANSWER_TOO_LARGE if error.error_type == _TOO_LARGE else Fault.FUNCTION_FAILED
