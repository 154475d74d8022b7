"""A warm resource of blocking code: made under a lock, so once, even if two threads ask at once."""

from __future__ import annotations

from contextvars import copy_context
from threading import Lock, RLock, Thread
from weakref import WeakKeyDictionary

from meantime import clock
from meantime.callables import is_coroutine, is_generator, name_of
from meantime.deadline import deadline_variable
from meantime.environment import current_environment
from meantime.leftovers import being_made
from meantime.resources.made import CLOSING_WAITED_FOR, Resource, Thing, invocation_of, log_failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from meantime.environment import Environment
    from meantime.resources.freshness import Freshness


class BlockingResource(Resource):
    """Gives, for each environment, the thing that its function has made there."""

    def __init__(self, function: Callable[[], Any], freshness: Freshness | None) -> None:
        super().__init__(function, freshness)
        self._lock = RLock()
        self._kept: WeakKeyDictionary[Environment, _Kept] = WeakKeyDictionary()
        self._newest: tuple[Environment | None, Any] = (None, None)  # what nearly every call asks for

    def __call__(self) -> Any:
        """The thing itself."""
        environment = current_environment()
        owner, value = self._newest
        if owner is environment:
            return value
        self.check_circle()
        with self._lock:
            kept = self._kept.get(environment)
            if kept is None or not self._is_still_good(kept, environment):
                kept = self._kept[environment] = self._make(environment)
            if kept.may_be_remade:
                kept.note_use()
            else:
                self._newest = (environment, kept.value)
            return kept.value

    def forget(self, kept: _Kept) -> None:
        """Make another for whoever asks next."""
        self._newest = (None, None)
        if self._kept.get(kept.environment) is kept:
            del self._kept[kept.environment]

    def _make(self, environment: Environment) -> _Kept:
        kept = _Kept(self, environment)
        token = being_made.set((*being_made.get(), kept))
        try:
            kept.make()
        except BaseException:
            kept.claim()  # what it was to stand on need not know of it
            raise
        finally:
            being_made.reset(token)
        kept.was_made()
        kept.looked_in = invocation_of(environment)
        environment.resources.append(kept)
        return kept

    def _is_still_good(self, kept: _Kept, environment: Environment) -> bool:
        """Whether it can be given; if not, it is closed now. Only the first who asks in an invocation looks."""
        invocation = invocation_of(environment)
        if kept.closed or (invocation and kept.looked_in == invocation):
            return not kept.closed
        for need in kept.needs:
            need.resource()
        freshness = self.freshness
        if kept.lost_its_ground() or (
            freshness is not None and (freshness.is_over(kept) or not self._passes_check(freshness, kept))
        ):
            kept.discard()
            return False
        kept.looked_in = invocation
        return True

    def _passes_check(self, freshness: Freshness, kept: _Kept) -> bool:
        if freshness.check is None or not freshness.is_check_due(kept):
            return True
        token = being_made.set((*being_made.get(), kept))
        try:
            verdict = freshness.check(kept.value)
        except Exception as error:  # noqa: BLE001  # whatever it is, the resource is not known to be good
            self.log_not_good(error)
            return False
        finally:
            being_made.reset(token)
        if is_coroutine(verdict):
            verdict.close()
            raise TypeError(
                f"{self.__name__} is blocking, so its check must be: {name_of(freshness.check)} returned a coroutine, "
                "which nobody awaits"
            )
        if verdict is False:
            self.log_not_good(verdict)
        return verdict is not False


class _Kept(Thing):
    """What one environment has of a blocking resource."""

    resource: BlockingResource

    def __init__(self, resource: BlockingResource, environment: Environment) -> None:
        super().__init__(resource)
        self.environment = environment
        self.value: Any = None
        self._generator: Generator[Any, None, None] | None = None

    def make(self) -> None:
        """Call the function; if it is a generator, as far as its yield."""
        function = self.resource.function
        if not is_generator(function):
            self.value = function()
            return
        generator: Generator[Any, None, None] = function()
        try:
            self.value = next(generator)
        except StopIteration:
            raise RuntimeError(
                f"{self.resource.__name__} ended without a yield: it must yield the resource once"
            ) from None
        self._generator = generator

    def close(self) -> None:
        """Run what stands after the yield; a failure is logged."""
        if self.claim():
            self.resource.forget(self)
            self._finish()

    def close_soon(self, dependents: list[Thing]) -> None:  # noqa: ARG002  # a thread's turn comes when theirs is over
        """The same on a thread, waited for a moment: a peer that is gone must not take the invocation's time."""
        self.resource.forget(self)
        if self in self.environment.resources:
            self.environment.resources.remove(self)
        if self._generator is None:
            return
        closed = Lock()
        closed.acquire()

        def finish() -> None:
            deadline_variable.set(None)  # it may outlive this invocation
            try:
                self._finish()
            finally:
                closed.release()

        Thread(target=copy_context().run, args=(finish,), name="meantime-closing", daemon=True).start()
        clock.acquire(closed, CLOSING_WAITED_FOR)

    def _finish(self) -> None:
        generator, self._generator = self._generator, None
        if generator is None:
            return
        token = being_made.set((*being_made.get(), self))  # the threads that it starts are no leftovers
        try:
            next(generator)
        except StopIteration:
            return
        except Exception:  # noqa: BLE001  # the others must be closed all the same
            log_failure(self.resource.__name__)
            return
        finally:
            being_made.reset(token)
        log_failure(self.resource.__name__, "it yielded a second time, and must yield the resource once")
