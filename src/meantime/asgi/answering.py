"""What becomes of a response, or of its absence: an answer for Lambda, a line in the log, or a failed invocation."""

from __future__ import annotations

from meantime.asgi.refusals import FAILED, failure, refusal
from meantime.asgi.response import size_above
from meantime.deadline import current_deadline
from meantime.errors import NO_ANSWER, ASGIProtocolError, DeadlineExceeded, ResponseFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from meantime.asgi.exchange import Exchange
    from meantime.asgi.response import Response
    from meantime.asgi.sources.source import EventSource

    Scope = Mapping[str, Any]  # of which method and path are needed


class Answering:
    """How an adapter answers.

    Args:
        deadline_status: What the client gets if there is no response by the deadline.
        raise_errors: Whether an exception of the application fails the invocation.
        fail_on: The statuses that fail it.
    """

    __slots__ = ("deadline_status", "fail_on", "raise_errors")

    def __init__(self, deadline_status: int, fail_on: frozenset[int], *, raise_errors: bool) -> None:
        self.deadline_status = deadline_status
        self.fail_on = fail_on
        self.raise_errors = raise_errors

    def answer(self, source: EventSource, event: Any, scope: Scope, response: Response) -> Any:
        """What Lambda is to return for this response.

        Raises:
            ResponseFailed: Its status is one of those that fail the invocation.
        """
        if response.status in self.fail_on:
            raise self.failed(scope, response.status)
        answer = source.answer(event, response)
        if (size := size_above(answer, source.max_response_bytes)) is None:
            return answer
        log().error(
            "%s: the response is %d bytes as JSON, and %s takes %d at most. Compress it, answer in pages, or hand "
            "out a presigned URL of S3%s",
            request_of(scope),
            size,
            source.name,
            source.max_response_bytes,
            "; or stream it with streaming=True" if source.can_stream else "",
        )
        if FAILED in self.fail_on:
            raise self.failed(scope, FAILED)
        return source.answer(event, refusal(FAILED, "The response is too large"))

    def failed(self, scope: Scope, status: int) -> ResponseFailed:
        """The error for a status that fails the invocation."""
        request = request_of(scope)
        return ResponseFailed(
            f"{request}: the response is {status}, which fail_on counts as a failure", status, request
        )

    def after_error(self, error: Exception, exchange: Exchange, scope: Scope) -> Response:
        """The response after the application has raised this; it is logged.

        Raises:
            DeadlineExceeded: The deadline has passed, and there is no response.
            Exception: The error itself, where it fails the invocation.
        """
        response = exchange.response
        if is_over(error):
            if isinstance(error, DeadlineExceeded):
                if response is not None and response.status == FAILED:
                    exchange.response = None  # what a framework answers for any error that it does not know
                raise error
            if response is None:
                raise DeadlineExceeded(f"{NO_ANSWER} The application then raised {_told(error)}.") from error
        status = FAILED if response is None else response.status
        if self.raise_errors or status in self.fail_on or (response is None and exchange.is_under_way):
            raise error
        own = response is not None and status >= FAILED  # a framework answers, and raises again what it does not know
        log().error(
            "%s: the application raised %s%s; the client gets %s%d",
            request_of(scope),
            _told(error),
            "" if own else f" {exchange.state}",
            "its " if own else "",
            status,
            exc_info=error,
        )
        return failure() if response is None else response

    def at_deadline(
        self,
        source: EventSource,
        event: Any,
        scope: Scope,
        exchange: Exchange | None,
        error: DeadlineExceeded,
        *,
        send: Callable[[Response], Any] | None = None,
    ) -> Any:
        """What Lambda is to return when the deadline has passed; it is logged, with what was waiting.

        Args:
            source: Of the event.
            event: The event.
            scope: Of the request.
            exchange: The request, if it came to that.
            error: The deadline's.
            send: Sends a response, where the client waits for a stream, and gives what Lambda is to return then.

        Raises:
            DeadlineExceeded: The error itself, where it fails the invocation.
        """
        response = None if exchange is None else exchange.response
        if exchange is not None and exchange.is_under_way:
            if response is None:
                raise _of_request(error, scope, "the response was cut off. ")  # the runtime client tells the client
            answer = exchange.answer
        elif response is not None:
            if response.status in self.fail_on:
                raise _of_request(error, scope, f"the response is {response.status}, which fail_on names. ")
            answer = self.answer(source, event, scope, response)
        elif self.deadline_status in self.fail_on:
            raise _of_request(error, scope)
        else:
            instead = refusal(self.deadline_status)
            answer = source.answer(event, instead) if send is None else send(instead)
        if response is None or response.status == self.deadline_status:
            log().error("%s: the client gets %d. %s", request_of(scope), self.deadline_status, error)
        else:
            log().warning(
                "%s: the response was complete, and what the application went on to do was cut off. %s",
                request_of(scope),
                error,
            )
        return answer


def unfinished(exchange: Exchange) -> ASGIProtocolError:
    """The error for an application that has returned, and not answered."""
    if exchange.status is None:
        return ASGIProtocolError("the application returned without a response: it sent no http.response.start")
    return ASGIProtocolError(
        "the application returned in the middle of its response: it sent no http.response.body without more_body"
    )


def is_over(error: Exception | None = None) -> bool:
    """Whether the deadline has passed, or, as this error says, will have before anything can be done."""
    deadline = current_deadline()
    if deadline is None:
        return False
    return deadline.remaining() <= 0 or (isinstance(error, DeadlineExceeded) and error.foreseen)


def request_of(scope: Scope) -> str:
    """The request in words, for a log line: without its query, which may hold secrets."""
    words = f"{scope['method']} {scope['path']}"[:200]
    if words.isprintable():
        return words
    # The client has chosen the path: a line's end in it, sent as %0A, would make a line of the log of its own.
    return "".join([each if each.isprintable() else each.encode("unicode_escape").decode() for each in words])


def _of_request(error: DeadlineExceeded, scope: Scope, what: str = "") -> DeadlineExceeded:
    """The same error, with the request in front: the log has nothing else that would tell it."""
    error.args = (f"{request_of(scope)}: {what}{error}",)
    return error


def _told(error: Exception) -> str:
    """The error on one line, which the traceback follows: not all that it may hold, and whatever its `repr` does."""
    try:
        return f"{error!r:.300}"
    except Exception:  # noqa: BLE001  # the client is to get an answer all the same
        return f"<{type(error).__name__}>"


def log() -> Any:
    """The logger of Meantime."""
    from logging import getLogger  # noqa: PLC0415  # the good path must not pay for it

    return getLogger("meantime")
