"""A warm resource of async code: one thing for each loop, made, held open and closed by a task of its own."""

from __future__ import annotations

import sys
from contextvars import copy_context
from weakref import WeakKeyDictionary

from meantime import clock
from meantime.callables import is_async_generator
from meantime.deadline import deadline_variable
from meantime.environment import current_environment
from meantime.leftovers import being_made, staying_tasks
from meantime.resources.made import CLOSING_WAITED_FOR, Resource, Thing, invocation_of, log_failure
from meantime.resources.patience import ended

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
    from typing import Any

    from meantime.resources.freshness import Freshness

# What was discarded and is not closed by then is cancelled: nobody waits for it, and it must not stay for ever.
CLOSING_LIMIT = 2.0

# The checks under way: nobody else may hold one that was given up, and what is not held Python may collect at any time.
_asking: set[asyncio.Task[Any]] = set()


class LoopResource(Resource):
    """Gives, on each loop, the thing that its function has made there."""

    form_of_use = "client = await {0}()` in an async handler, then `client.{1}"

    def __init__(self, function: Callable[[], Any], freshness: Freshness | None) -> None:
        super().__init__(function, freshness)
        self._lives: WeakKeyDictionary[asyncio.AbstractEventLoop, _Life] = WeakKeyDictionary()

    async def __call__(self) -> Any:
        """The thing itself."""
        asyncio = sys.modules["asyncio"]  # loaded: somebody awaits this
        loop = asyncio.get_running_loop()
        life = self._lives.get(loop)
        if life is not None and life.is_settled:  # what nearly every call finds
            return life.value
        if life is not None and life.made.done():
            await self._look(life)
            life = self._lives.get(loop)
        if life is None or life.closed:
            life = self._begin(loop, life)
        if not life.made.done():
            self.check_circle()
            await asyncio.shield(life.made)
        value = life.made.result()
        if life.may_be_remade:
            life.note_use()
        return value

    def forget(self, life: _Life) -> None:
        """Make another for whoever asks next."""
        if self._lives.get(life.loop) is life:
            del self._lives[life.loop]

    def _begin(self, loop: asyncio.AbstractEventLoop, before: _Life | None) -> _Life:
        life = self._lives[loop] = _Life(self, loop)
        life.start(before)
        return life

    async def _look(self, life: _Life) -> None:
        """Look whether it can be given; if not, it is closed now. Only the first who asks in an invocation does so."""
        invocation = invocation_of(current_environment())
        freshness = self.freshness
        while not life.closed and not (invocation and life.looked_in == invocation):
            if life.verdict is None:
                if freshness is not None and freshness.is_over(life):
                    life.discard()
                    return
                check, limit = None, 0.0
                if freshness is not None and freshness.is_check_due(life):
                    check, limit = freshness.check, freshness.check_limit()
                if check is None and not life.needs:
                    life.looked_in = invocation
                    return
                # In a task of its own: who asks may be cancelled, and others may wait for the same.
                life.verdict = life.in_its_context(life.examine(check, limit, invocation))
            self.check_circle()
            await sys.modules["asyncio"].shield(life.verdict)
            if not invocation:
                return


class _Life(Thing):
    """One loop's thing, made and closed in one task: anyio's `async with` blocks refuse anything else."""

    resource: LoopResource
    loop: asyncio.AbstractEventLoop

    def __init__(self, resource: LoopResource, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(resource)
        self.loop = loop
        self.task: asyncio.Task[None]
        self.made: asyncio.Future[Any] = loop.create_future()
        self.value: Any = None
        self.is_settled = False  # made, and nothing to look at before it is given
        self.verdict: asyncio.Task[None] | None = None  # while somebody looks whether it is still good
        self._close_asked: asyncio.Future[None] = loop.create_future()
        self._closes_after: list[asyncio.Task[None]] = []
        self._context = copy_context()
        self._context.run(being_made.set, (*being_made.get(), self))
        self._context.run(deadline_variable.set, None)  # it outlives the invocation that happens to make it

    def start(self, before: _Life | None) -> None:
        """Make it, in a task of its own, once the one before it is closed, or has been given a moment for that."""
        self.task = self.in_its_context(self._live(before))
        self.task.add_done_callback(self._task_ended)

    def in_its_context(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run this as what belongs to the resource, not to the invocation."""
        # Until it stays it is cut off with the invocation: if it hangs, the next invocation must not inherit that.
        plain = copy_context()
        plain.run(being_made.set, ())
        return plain.run(self.loop.create_task, coroutine, context=self._context)

    def close(self) -> None:
        """Ask the task to run what stands after the yield."""
        self.is_settled = False
        self.claim()
        if not self._close_asked.done() and not self.loop.is_closed():
            self._close_asked.set_result(None)

    def close_soon(self, dependents: list[Thing]) -> None:
        """The same from any thread, and cancelled if it takes too long."""
        self.is_settled = False
        self._closes_after = [each.task for each in dependents if each.loop is self.loop]
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._close_within_limit)

    async def examine(self, check: Callable[[Any], object] | None, limit: float, invocation: int) -> None:
        """Find out whether what it stands on is still good, and then, by the check, whether it is itself."""
        try:
            for need in self.needs:
                answer = need.resource()
                if need.loop is not None:
                    await answer
            if self.lost_its_ground() or (check is not None and not await self._passes_check(check, limit)):
                self.discard()
            self.looked_in = invocation
        finally:
            self.verdict = None

    def _task_ended(self, _task: object) -> None:
        self.is_settled = False
        self.claim()  # it may not have been asked to close: a task group of its own may have failed, say
        self.resource.forget(self)

    def _close_within_limit(self) -> None:
        self.close()

        def cut_off() -> None:
            if not self.task.done():
                log_failure(self.resource.__name__, f"cancelled after {CLOSING_LIMIT:g} seconds")
                self.task.cancel()

        timer = clock.call_at(self.loop, clock.monotonic() + CLOSING_LIMIT, cut_off)
        self.task.add_done_callback(lambda _: timer.cancel())

    async def _live(self, before: _Life | None) -> None:
        if before is not None:
            await ended([before.task], CLOSING_WAITED_FOR)
            before = None  # what it held is no longer needed
        generator: AsyncGenerator[Any, None] | None = None
        function = self.resource.function
        try:
            if is_async_generator(function):
                generator = function()
                value = await anext(generator)
            else:
                value = await function()
        except StopAsyncIteration:
            name = self.resource.__name__
            self._failed(RuntimeError(f"{name} ended without a yield: it must yield the resource once"))
        except Exception as error:  # noqa: BLE001  # it belongs to those who asked for the resource
            self._failed(error)
        except BaseException:
            self.claim()
            self.made.cancel()
            raise
        else:
            await self._stay(value, generator)

    def _failed(self, error: Exception) -> None:
        self.claim()
        if not self.made.done():
            self.made.set_exception(error)
            self.made.exception()  # those who asked may be gone; Python need not say that nobody looked

    async def _stay(self, value: Any, generator: AsyncGenerator[Any, None] | None) -> None:
        asyncio = sys.modules["asyncio"]
        environment = current_environment()
        resources = environment.resources
        staying_tasks.add(asyncio.current_task())
        resources.append(self)
        self.value = value
        self.was_made()
        self.looked_in = invocation_of(environment)
        self.is_settled = not (self.may_be_remade or self.closed)
        if not self.made.done():
            self.made.set_result(value)
        try:
            await self._close_asked
            await ended(self._closes_after, CLOSING_WAITED_FOR)
            if generator is not None:
                await self._finish(generator)
        except asyncio.CancelledError as cancelled:
            if generator is not None and self._close_asked.cancelled():  # by whoever cancelled the task
                await self._throw(generator, cancelled)
            raise
        finally:
            if self in resources:
                resources.remove(self)

    async def _passes_check(self, check: Callable[[Any], object], limit: float) -> bool:
        asyncio = sys.modules["asyncio"]
        verdict: object = False
        why: object = False
        try:
            verdict = check(self.value)
            if hasattr(verdict, "__await__"):
                verdict = await self._answer_of(verdict, limit)
        except asyncio.CancelledError as error:
            if asyncio.current_task().cancelling():
                raise
            why = error
        except Exception as error:  # noqa: BLE001  # whatever it is, the resource is not known to be good
            why = error
        if verdict is False or why is not False:
            self.resource.log_not_good(why)
            return False
        return True

    async def _answer_of(self, check: Awaitable[object], limit: float) -> object:
        """What it answers; TimeoutError after `limit` seconds, even if it does not let itself be cancelled."""

        async def ask() -> object:
            return await check

        asking = self.in_its_context(ask())
        _asking.add(asking)
        asking.add_done_callback(_asking.discard)
        asking.add_done_callback(lambda task: task.cancelled() or task.exception())  # nobody may be left to hear it
        try:
            await ended([asking], limit)
        finally:
            asking.cancel()
        if not asking.done():
            raise TimeoutError(f"no answer within {limit:g} seconds")
        return asking.result()

    async def _finish(self, generator: AsyncGenerator[Any, None]) -> None:
        try:
            await anext(generator)
        except StopAsyncIteration:
            return
        except Exception:  # noqa: BLE001  # the others must be closed all the same
            log_failure(self.resource.__name__)
            return
        await generator.aclose()
        log_failure(self.resource.__name__, "it yielded a second time, and must yield the resource once")

    async def _throw(self, generator: AsyncGenerator[Any, None], cancelled: BaseException) -> None:
        """Let the generator's own `async with` and `finally` see that its task is cancelled."""
        try:
            await generator.athrow(cancelled)
        except StopAsyncIteration:
            return
        except Exception:  # noqa: BLE001  # a task group's error, say: nobody else would hear of it
            log_failure(self.resource.__name__)
