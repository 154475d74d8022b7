"""The ASGI adapter: serves an application, as FastAPI, Starlette, Django and Litestar make one, on Lambda."""

from __future__ import annotations

from asyncio import get_running_loop

from meantime.asgi import options
from meantime.asgi.answering import Answering, log, request_of, unfinished
from meantime.asgi.exchange import Exchange
from meantime.asgi.lifespan import Lifespan
from meantime.asgi.refusals import BAD_REQUEST, refusal, serving
from meantime.asgi.sources import source_of
from meantime.deadline import deadline_of
from meantime.errors import DeadlineExceeded, LifespanFailed, MalformedBody, WrongEvent
from meantime.invocation import DEFAULT_RESERVE, handler
from meantime.own_code import from_own_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Literal, NoReturn

    from meantime.asgi.conversation import Application
    from meantime.asgi.lifespan import Mode
    from meantime.asgi.other import Other
    from meantime.asgi.response import Response
    from meantime.asgi.sources.source import EventSource


class ASGIAdapter:
    """Make an ASGI 3 application a Lambda handler: a callable of (event, context).

    It runs on the one event loop of this execution environment, as a function of `meantime.handler` does. At the
    deadline the application is cancelled, and the client gets `deadline_status`; the environment lives on.

    Args:
        app: The application.
        lifespan: `auto`: one that raises or returns on its lifespan has none. `on`: that is a failed startup. `off`: it
            is not called for one. The startup belongs to the initialisation; there a failure fails it.
        base_path: Where the client finds the application, if that is not the root: the API mapping of a custom domain.
        reserve: Seconds kept for answering and cleaning up; at most half of the time there is.
        deadline_status: What the client gets if the application has no response by the deadline.
        streaming: Send the response piece by piece, where the event's source can; that has to be set there, too.
        other: A function of (event, context) for events that are no HTTP requests: one of Meantime's, or any.
        raise_errors: Let an exception that leaves the application fail the invocation, even where it has answered.
        fail_on: Statuses that fail the invocation, so that Lambda's metric Errors counts it; the client gets a 502 or
            the like from the event's source then.
        leftovers: What becomes of tasks and threads that the application leaves under way, as in `meantime.handler`.
        blocked_after: Log what blocks the event loop for longer than this many seconds, likewise.
        metrics: Print one line of metrics for each invocation, likewise.

    Raises:
        TypeError: `app` is no ASGI application, or an option is of the wrong type.
        ValueError: An option is out of range.
        LifespanFailed: This is the initialisation in Lambda, and the application could not start.
    """

    def __init__(
        self,
        app: Application,
        *,
        lifespan: Mode = "auto",
        base_path: str = "",
        reserve: float = DEFAULT_RESERVE,
        deadline_status: int = 504,
        streaming: bool = False,
        other: Callable[[Any, Any], Any] | None = None,
        raise_errors: bool = False,
        fail_on: Iterable[int] = (),
        leftovers: Literal["end", "wait", "fail"] = "end",
        blocked_after: float | None = None,
        metrics: bool | str | None = None,
    ) -> None:
        options.check_application(app)
        options.check_lifespan(lifespan)
        options.check_deadline_status(deadline_status)
        options.check_flag("streaming", streaming)
        options.check_flag("raise_errors", raise_errors)
        self.__name__ = type(self).__name__  # as a function has one: Powertools' Tracer, for one, asks for it
        self._app = app
        self._base_path = options.checked_base_path(base_path)
        self._reserve = reserve
        self._answering = Answering(deadline_status, options.checked_statuses(fail_on), raise_errors=raise_errors)
        self._handler = handler(
            reserve=reserve,
            on_deadline=self._at_deadline,
            leftovers=leftovers,
            blocked_after=blocked_after,
            metrics=metrics,
        )(self.main)
        self._other: Other | None = None
        if other is not None:
            from meantime.asgi.other import other_handler  # noqa: PLC0415  # most serve HTTP only

            self._other = other_handler(other, reserve, leftovers, blocked_after, metrics)
        self._streams = False
        if streaming:
            from meantime.asgi.streaming import check_runtime  # noqa: PLC0415  # who does not stream does not pay

            self._streams = check_runtime()
        self._exchange: Exchange | None = None  # of the request under way
        self._lifespan = Lifespan(app, lifespan)
        try:
            self._lifespan.begin_at_init()
        except LifespanFailed as error:
            raise error.with_traceback(None) from error.__cause__

    def __call__(self, event: Any, context: Any) -> Any:
        """Run one invocation.

        Raises:
            LoopRunning: Called on a running loop: await `main` there.
            WrongEvent: The event is no HTTP request, and there is no `other` to take it.
            Exception: What `raise_errors`, `fail_on` and `other` let out.
        """
        if self._other is not None and source_of(event) is None:
            return self._hand_on(self._other, event, context)
        try:
            return self._handler(event, context)
        except (DeadlineExceeded, LifespanFailed) as error:
            raise error.with_traceback(from_own_code(error.__traceback__)) from error.__cause__

    async def main(self, event: Any, context: Any) -> Any:
        """One request, for other async code and for tests: without the deadline and all that a handler sees to."""
        source = source_of(event)
        if source is None:
            return await self._not_http(event, context)
        answering, lifespan = self._answering, self._lifespan
        if lifespan.loop is not get_running_loop():
            self._exchange = None
            await lifespan.begin()
        scope = self._scope(source, event)
        scope["state"] = lifespan.state.copy()
        scope["aws.event"] = event
        scope["aws.context"] = context
        request = {"method": scope["method"], "path": scope["path"]}  # the scope is the application's, to change it
        app = self._app
        try:
            body = source.body(event)
        except MalformedBody as error:
            log().warning("%s: the client gets %d: %s", request_of(request), BAD_REQUEST, error)
            app, body = serving(refusal(BAD_REQUEST)), b""
        if self._streams and source.can_stream:
            from meantime.asgi.streamed import StreamedExchange, stream  # noqa: PLC0415  # who does not stream does not pay

            streamed = self._exchange = StreamedExchange(scope["method"], body, context, answering.fail_on)
            return await stream(app, streamed, scope, request, answering)
        exchange = self._exchange = Exchange(body)
        try:
            await app(scope, exchange.receive, exchange.send)
        except Exception as error:  # noqa: BLE001  # whatever it is, the client is to get an answer
            return answering.answer(source, event, request, answering.after_error(error, exchange, request))
        response = exchange.response
        if response is None:
            response = answering.after_error(unfinished(exchange), exchange, request)
        return answering.answer(source, event, request, response)

    def __reduce__(self) -> NoReturn:
        """A copy would have the loop, the lifespan and the options of another."""
        raise TypeError(
            "an ASGIAdapter cannot be copied or pickled: it belongs to the event loop and the lifespan of its process; "
            "make another of the application there"
        )

    def _scope(self, source: EventSource, event: Any) -> dict[str, Any]:
        try:
            return source.scope(event, self._base_path)
        except Exception as error:
            from meantime.asgi.other import unreadable_event  # noqa: PLC0415  # the good path must not pay for it

            raise unreadable_event(source, error) from error

    def _at_deadline(self, event: Any, context: Any, error: DeadlineExceeded) -> Any:
        exchange, self._exchange = self._exchange, None
        source = source_of(event)
        if source is None:  # it was another's
            raise error
        scope = self._scope(source, event)
        send = None
        if self._streams and source.can_stream:

            def send(response: Response) -> object:
                from meantime.asgi.streamed import stream_at_once  # noqa: PLC0415  # who does not stream does not pay

                return stream_at_once(response, scope["method"], context)

        return self._answering.at_deadline(source, event, scope, exchange, error, send=send)

    def _hand_on(self, other: Other, event: Any, context: Any) -> Any:
        """Let the other function take what is no request."""
        self._lifespan.begin_and_wait(deadline_of(context, self._reserve).remaining())
        try:
            return other(event, context)
        except WrongEvent as error:
            from meantime.asgi.other import handed_on  # noqa: PLC0415  # the good path must not pay for it

            raise handed_on(error) from None

    async def _not_http(self, event: Any, context: Any) -> Any:
        if self._other is None:
            from meantime.asgi.other import wrong_event  # noqa: PLC0415  # the good path must not pay for it

            raise wrong_event(event)
        await self._lifespan.begin()
        answer = self._other.main(event, context)
        return await answer if hasattr(answer, "__await__") else answer
