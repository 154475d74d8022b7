"""The application's lifespan: startup once for each event loop, and shutdown when that is retired or the process ends.

Source: https://asgi.readthedocs.io/en/latest/specs/lifespan.html, version 2.0.
"""

from __future__ import annotations

import asyncio
import os
from threading import current_thread, main_thread

from meantime import clock
from meantime.asgi.root_task import hold_root_task
from meantime.callables import name_of
from meantime.environment import current_environment
from meantime.errors import LifespanFailed
from meantime.loop import hear, kept_loop_of
from meantime.resources.made import Thing
from meantime.resources.on_loop import LoopResource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from typing import Any, Literal

    from meantime.asgi.conversation import Application, Conversation

    Mode = Literal["auto", "on", "off"]

MODES = ("auto", "on", "off")

# Lambda ends an initialisation that takes longer than 10 seconds, and begins it anew within the first invocation and
# its timeout. So a startup that is not over by then is no failure: it goes on with the first request. The other kinds
# of initialisation have minutes. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
INIT_LIMIT = 9.0
_LIMITED = "on-demand"
# Why an application that raises on its lifespan, or returns, is not served without one.
_ON = 'lifespan="on" says that it has one: with "auto" such an application is taken for one without'
_HAD_ONE = "it has had a lifespan before"

_RETIRE_LIMIT = 1.0  # seconds, for what else there is on the loop of a startup that has failed


class Lifespan:
    """Starts the application on each loop that it is to serve requests on.

    Attributes:
        loop: The loop on which the application has started, and has not ended.
        state: What the application has put into the `state` of the lifespan's scope; each request gets a copy.

    Args:
        app: The application.
        mode: One of `MODES`.
    """

    __slots__ = ("_app", "_has_begun", "_mode", "_required", "_resource", "loop", "state")

    def __init__(self, app: Application, mode: Mode) -> None:
        self._app = app
        self._mode = mode
        self._has_begun = False  # once, as far as that goes
        self._required = _ON if mode == "on" else None  # why the application has to have a lifespan
        self.loop: asyncio.AbstractEventLoop | None = None
        self.state: dict[str, Any] = {}
        self._resource = LoopResource(self._live, None)
        self._resource.__name__ = f"lifespan of {name_of(app)}"

    async def begin(self) -> None:
        """See to it that the application has started on the running loop.

        Raises:
            LifespanFailed: It could not start.
            SystemExit: Likewise, and in Lambda nothing but a new environment may help.
        """
        hold_root_task(asyncio.get_running_loop())
        has_begun, self._has_begun = self._has_begun, True
        try:
            await self._resource()
        except LifespanFailed as error:
            if has_begun and _in_lambda():
                from meantime.asgi.ending import end_for_good  # noqa: PLC0415  # the good path must not pay for it

                end_for_good(error)
            raise

    def begin_at_init(self) -> None:
        """Start the application now, if this is the initialisation of an environment in Lambda.

        Raises:
            LifespanFailed: It could not start.
        """
        if not _in_lambda() or current_thread() is not main_thread():
            return
        limited = os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", _LIMITED) == _LIMITED
        limit = INIT_LIMIT - _age_of_process() if limited else None
        if not self.begin_and_wait(limit):
            from logging import getLogger  # noqa: PLC0415  # the good path must not pay for it

            getLogger("meantime").warning(
                "The startup of %s takes longer than an initialisation may: it goes on with the first request",
                name_of(self._app),
            )

    def begin_and_wait(self, limit: float | None) -> bool:
        """Start the application on the kept loop, if it has not; whether it has within `limit` seconds.

        On a running loop it cannot be waited for: nothing is done there.

        Raises:
            LifespanFailed: It could not start.
        """
        if asyncio._get_running_loop() is not None:  # noqa: SLF001  # public, but for its name: get_running_loop raises
            return True
        kept_loop = kept_loop_of(current_environment())
        loop = kept_loop.ready()
        if self.loop is loop:
            return True
        waits = True

        def stop(_task: object) -> None:
            if waits:  # after SystemExit it comes late, and would stop what the loop runs for then
                loop.stop()

        beginning = loop.create_task(self.begin())
        beginning.add_done_callback(stop)
        timer = None if limit is None else clock.call_at(loop, clock.monotonic() + limit, loop.stop)
        try:
            loop.run_forever()
        finally:
            waits = False
            if timer is not None:
                timer.cancel()
            hear(beginning)  # SystemExit leaves the loop before anybody could
        if not beginning.done():
            beginning.cancel()  # it only waits: what it waits for goes on
            return False
        if beginning.exception() is not None:
            kept_loop.retire(_RETIRE_LIMIT, keep_adopted=True)
        beginning.result()
        return True

    async def _live(self) -> AsyncGenerator[None, None]:
        loop = asyncio.get_running_loop()
        state: dict[str, Any] = {}
        conversation: Conversation | None = None
        if self._mode != "off":
            from meantime.asgi.conversation import Conversation  # noqa: PLC0415  # without a lifespan it costs nothing
            from meantime.asgi.ending import end_with_the_process  # noqa: PLC0415  # likewise

            conversation = Conversation(self._app, state, self._renew)
            if await conversation.start(required=self._required):
                self._required = self._required or _HAD_ONE
                end_with_the_process(self._resource)
            else:
                conversation = None
        self.state = state
        self.loop = loop
        try:
            yield
        except BaseException:
            if conversation is not None:
                conversation.cancel()
            raise
        finally:
            if self.loop is loop:
                self.loop = None
        if conversation is not None:
            await conversation.end()

    def _renew(self) -> None:
        """Let the next request start the application again: it has ended by itself."""
        loop = self.loop
        self.loop = None
        for made in current_environment().resources[:]:
            if isinstance(made, Thing) and made.resource is self._resource and made.loop is loop:
                made.discard()


def _in_lambda() -> bool:
    return "AWS_LAMBDA_RUNTIME_API" in os.environ


def _age_of_process() -> float:
    """Seconds since the process was started: what the initialisation has used up, at the most."""
    try:
        with open("/proc/self/stat") as file:  # noqa: PTH123  # pathlib would have to be imported
            started = int(file.read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
        from time import CLOCK_BOOTTIME, clock_gettime  # noqa: PLC0415  # only Linux has it

        return max(0.0, clock_gettime(CLOCK_BOOTTIME) - started)
    except (ImportError, OSError, ValueError, IndexError):
        return 0.0
