"""What the server and the application say to each other over one lifespan, from startup to shutdown."""

from __future__ import annotations

import asyncio
from contextvars import copy_context

from meantime.callables import name_of
from meantime.errors import ASGIProtocolError, LifespanFailed
from meantime.leftovers import being_made, staying_tasks
from meantime.resources.made import CLOSING_WAITED_FOR
from meantime.resources.patience import ended

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from typing import Any

    Message = MutableMapping[str, Any]
    Application = Callable[
        [MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
        Awaitable[None],
    ]

STARTUP = "lifespan.startup"
SHUTDOWN = "lifespan.shutdown"


class Conversation:
    """One call of the application with a lifespan scope, in a task of its own from startup to shutdown.

    Args:
        app: The application.
        state: What it may fill for its requests.
        when_over: Called if it ends before anybody has asked it to, by an error or as it shuts down.
    """

    def __init__(self, app: Application, state: dict[str, Any], when_over: Callable[[], None]) -> None:
        self._app = app
        self._when_over = when_over
        self._has_shut_down = False  # unasked
        self._scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": state}
        self._untaken: list[Message] = []
        self._listening: list[asyncio.Future[None]] = []  # no Queue: its clean-up fails on a loop that was given up
        self._answer: asyncio.Future[Message | None]  # None: the application has ended without one
        self._phase = STARTUP
        self._task: asyncio.Task[None]

    async def start(self, *, required: str | None) -> bool:
        """Let the application start; whether it takes part in the lifespan at all.

        Args:
            required: Whether it has to, and why; if not, one that raises, or returns, does not.

        Raises:
            LifespanFailed: It could not start.
        """
        loop = asyncio.get_running_loop()
        self._answer = loop.create_future()
        # Until it has started it is cut off with the invocation, and what it starts is not: that belongs to it.
        plain = copy_context()
        plain.run(being_made.set, ())
        self._task = plain.run(loop.create_task, self._converse(), context=copy_context())
        self._task.add_done_callback(self._ended)
        answer = await self._ask(STARTUP)
        if answer is None:
            return self._takes_no_part(required=required)
        if answer["type"] != f"{STARTUP}.complete":
            await self._finish()
            raise self._failed(str(answer.get("message") or "")) from _error_of(self._task)
        staying_tasks.add(self._task)
        return True

    async def end(self) -> None:
        """Let the application shut down.

        Raises:
            LifespanFailed: It could not.
        """
        if self._task.done():
            return
        self._answer = asyncio.get_running_loop().create_future()
        self._phase = SHUTDOWN
        answer = await self._ask(SHUTDOWN)
        await self._finish()
        if answer is None and (error := _error_of(self._task)) is not None:
            raise self._failed(repr(error)) from error
        if answer is not None and answer["type"] != f"{SHUTDOWN}.complete":
            raise self._failed(str(answer.get("message") or ""))

    def cancel(self) -> None:
        """End it without a shutdown."""
        self._task.cancel()

    async def _converse(self) -> None:
        # Without a lifespan an application may raise anything, and `_ended` looks at what it was.
        await self._app(self._scope, self._hand_out, self._take)

    async def _hand_out(self) -> Message:
        while not self._untaken:
            told = asyncio.get_running_loop().create_future()
            self._listening.append(told)
            await told
        return self._untaken.pop(0)

    async def _take(self, message: Message) -> None:
        kind = message["type"]
        if self._phase == STARTUP and self._answer.done() and kind in (f"{SHUTDOWN}.complete", f"{SHUTDOWN}.failed"):
            self._has_shut_down = True  # it ends unasked: it was cancelled, or the loop was given up under it
            return
        if self._answer.done() or kind not in (f"{self._phase}.complete", f"{self._phase}.failed"):
            raise ASGIProtocolError(
                f"the application sent {kind!r:.80} in its lifespan, where one of {self._phase}.complete and "
                f"{self._phase}.failed may come, once"
            )
        self._answer.set_result(message)

    async def _ask(self, kind: str) -> Message | None:
        self._untaken.append({"type": kind})
        for told in self._listening:
            if not told.done():
                told.set_result(None)
        try:
            return await self._answer
        except BaseException:
            self._task.cancel()
            raise

    async def _finish(self) -> None:
        """The application has said all: its call may return now."""
        await ended([self._task], CLOSING_WAITED_FOR)
        self._task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = _error_of(task)  # also: Python need not say that nobody asked for it
        if not self._answer.done():
            self._answer.set_result(None)
        elif self._phase == STARTUP and task in staying_tasks and (error is not None or self._has_shut_down):
            if task.cancelled():
                return
            from logging import getLogger  # noqa: PLC0415  # the good path must not pay for it

            getLogger("meantime").error(
                "The lifespan of %s has ended long before its shutdown%s. It starts again with the next request",
                name_of(self._app),
                "" if error is None else f": {error!r}",
                exc_info=error,
            )
            self._when_over()

    def _takes_no_part(self, *, required: str | None) -> bool:
        error = _error_of(self._task)
        if required is not None:
            how = "returned from its lifespan without an answer" if error is None else f"raised {error!r}"
            raise LifespanFailed(
                f"{name_of(self._app)} {how}, and {required}",
                repr(error) if error is not None else "",
            ) from error
        if error is not None and not self._untaken:  # it had asked for the startup
            from logging import getLogger  # noqa: PLC0415  # the good path must not pay for it

            getLogger("meantime").warning(
                "%s raised %r at its startup, and so is taken for an application without a lifespan; with "
                'lifespan="on" that is a failure',
                name_of(self._app),
                error,
                exc_info=error,
            )
        return False

    def _failed(self, reason: str) -> LifespanFailed:
        error = _error_of(self._task)
        if not reason and error is not None:
            reason = repr(error)
        phase = "startup" if self._phase == STARTUP else "shutdown"
        told = _reason_first(reason, error) or "it does not say why"
        return LifespanFailed(f"The {phase} of {name_of(self._app)} has failed: {told}", reason)


def _reason_first(reason: str, error: BaseException | None) -> str:
    """The reason as a log's first line should have it: Starlette and Litestar give a traceback, which ends with it."""
    if not reason.startswith("Traceback "):
        return reason
    last = reason.rstrip().rpartition("\n")[2] if error is None else f"{type(error).__name__}: {error}"
    return f"{last}\n\n{reason}"


def _error_of(task: asyncio.Task[None]) -> BaseException | None:
    return task.exception() if task.done() and not task.cancelled() else None
