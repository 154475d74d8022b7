"""The calls that one fan-out makes in children: sent, answered one by one, and cut off when they must stop.

No call is made twice: where a child dies, the one under way has failed, and those that had not begun go to another.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from threading import Condition, Lock

from meantime.errors import CallTimeout, ChildDied, ChildTraceback, InvocationEnded, NotPicklable
from meantime.executors.children.child import Gone
from meantime.executors.children.invocation_facts import facts_of_now
from meantime.executors.children.main import FUNCTION_LOST, ITEM_LOST, NOT_BEGUN, RAISED, RESULT, request
from meantime.executors.children.pickling import brief, pack, size_of, unpack, unpack_error
from meantime.executors.children.pool import CLOSED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from typing import Any

    from meantime.deadline import Deadline
    from meantime.executors.children.child import Child
    from meantime.executors.children.pool import ChildPool
    from meantime.executors.children.wire import Part

    Answer = tuple["ChildCall", Any, BaseException | None]

# How a message ended: all its calls are answered; no more of it will be; the child is too old for it; it broke off.
_DONE, _STOPPED, _OUTDATED, _BROKEN = "done", "stopped", "outdated", "broken"

_TRIES = 3  # children in a row that die before they have read a message: a third is no accident
_AGAIN_IN = 0.01  # seconds until the machine is asked once more for a process that it had not
_LARGE = (
    64 * 1024
)  # bytes: of this size, no item is kept once it was sent, and no function (a partial) in an idle child


class CutOff(BaseException):
    """The call was ended together with its fan-out, and whoever waited has gone on. No Exception: nobody retries it."""


class ChildCall:
    """One call to be made in a child: the item's place in the input, the item, and the item packed."""

    __slots__ = ("index", "item", "parts", "size")

    def __init__(self, index: int, item: object, parts: list[Part]) -> None:
        self.index = index
        self.item = item
        self.parts = parts
        self.size = size_of(parts)

    def let_go(self) -> None:
        """It was sent: memory is scarcer than the time to pack a large one anew, should it have to be sent again."""
        if self.size > _LARGE:
            self.parts = []


class ChildCalls:
    """The calls of one fan-out.

    Args:
        pool: Where the children come from.
        function: What each item is given to, packed.
        start_method: How a child is started.
        timeout: Seconds for each call, or None.
        deadline: The invocation's, or None.
        named: Tells the name of the call with an item, and the item as text.
        stop_at_failure: Whether a child makes no further call of a message after one that failed.
    """

    __slots__ = (
        "_all_done",
        "_cut_off",
        "_deadline",
        "_function",
        "_guard",
        "_is_large",
        "_named",
        "_pool",
        "_start_method",
        "_stop_at_failure",
        "_timeout",
        "_under_way",
    )

    def __init__(
        self,
        pool: ChildPool,
        function: list[Part],
        start_method: str,
        *,
        timeout: float | None,
        deadline: Deadline | None,
        named: Callable[[Any], tuple[str, str]],
        stop_at_failure: bool,
    ) -> None:
        self._pool = pool
        self._function = function
        self._start_method = start_method
        self._timeout = timeout
        self._deadline = deadline
        self._named = named
        self._stop_at_failure = stop_at_failure
        self._is_large = size_of(function) > _LARGE
        self._guard = Lock()
        self._all_done = Condition(self._guard)
        self._under_way: set[Child] = set()
        self._cut_off = False

    def pack(self, index: int, item: object) -> ChildCall:
        """The call with this item.

        Raises:
            NotPicklable: The item cannot be sent.
        """
        try:
            return ChildCall(index, item, pack(item))
        except Exception as error:
            raise self._not_picklable(item, "item", brief(error)) from error

    def call(self, item: object) -> Any:
        """Make one call, and wait for its result; raises what it raised.

        Raises:
            CallTimeout: It took longer than the timeout, and was ended.
            ChildDied: Its child ended before it had an answer.
            NotPicklable: The item, the result or the exception cannot go between processes.
            CutOff: The fan-out was ended meanwhile.
            RuntimeError: The machine gives not a single process.
        """
        ((_, result, error),) = self.answers([self.pack(0, item)])
        if error is None:
            return result
        try:
            raise error
        finally:
            del error  # its traceback will hold this frame: keep no circle

    def answers(
        self, calls: Iterable[ChildCall], begins: Callable[[ChildCall], object] = lambda _: None
    ) -> Iterator[Answer]:
        """Make these calls one after another in a child; give each with its result or its error, as it comes.

        Where the deadline has come, or a failure stops them, it gives fewer: the others have not begun. Closing it ends
        the call under way.

        Args:
            calls: What to call.
            begins: Told of each call when it begins.

        Raises:
            CutOff, RuntimeError: As `call` does.
        """
        left = deque(calls)
        end = _DONE
        while left and end is not _STOPPED:
            child = self._lease(left, fresh=end is _OUTDATED)
            failure: Exception | None = None
            end = _BROKEN
            try:
                end = yield from self._exchange(child, left, begins)
            except TimeoutError:
                child.kill()
                failure = CallTimeout(*self._call_with(left[0].item), self._timeout or 0.0)
            except Gone:
                pass
            except GeneratorExit:
                child.kill()
                raise
            finally:
                self._finish(child, keep=end in (_DONE, _STOPPED))
            if end is _BROKEN:
                if self._cut_off:
                    raise CutOff
                if child.killed and failure is None:
                    failure = InvocationEnded(CLOSED)
                call = left.popleft()
                yield call, None, failure or self._died(call.item, child)

    def cut_off(self, timeout: float = 0.0) -> None:
        """End all calls under way, with their children, and let no other begin.

        Args:
            timeout: Seconds that those who wait for answers may take to read what their children said before.
        """
        with self._guard:
            self._cut_off = True
            for child in self._under_way:
                child.kill()
            if timeout:
                self._all_done.wait_for(lambda: not self._under_way, timeout)

    def _exchange(
        self, child: Child, left: deque[ChildCall], begins: Callable[[ChildCall], object]
    ) -> Generator[Answer, None, str]:
        """The answers to one message, which takes them off `left`; how it ended."""
        while True:
            begins(left[0])
            kind, parts = child.receive(self._timeout)
            if kind == NOT_BEGUN:
                return _STOPPED
            lost = kind in (FUNCTION_LOST, ITEM_LOST)  # either ends the message
            if lost and not child.fresh:  # what it lacks was defined since it was started
                return _OUTDATED
            if kind == FUNCTION_LOST:
                child.function = ()
            call = left.popleft()
            result, error = self._read(call, kind, parts)
            del parts  # the consumer may take its time
            yield call, result, error
            if error is not None and self._stop_at_failure:
                return _STOPPED
            if lost or not left:
                return _DONE

    def _lease(self, calls: deque[ChildCall], *, fresh: bool) -> Child:
        """A child that has been sent these calls."""
        tries = 0
        while True:
            child = self._start(fresh=fresh)
            with self._guard:
                self._under_way.add(child)
                cut_off = self._cut_off
            if cut_off:
                self._finish(child, keep=True)
                raise CutOff
            function = [] if child.function is self._function else self._function
            items = [call.parts or pack(call.item) for call in calls]
            tries += 1
            try:
                child.send(
                    request(facts_of_now(self._deadline), function, items, stop_at_failure=self._stop_at_failure)
                )
                child.function = self._function
            except Gone:  # it was dying, and none of them has begun
                self._finish(child, keep=False)
                if tries == _TRIES:
                    raise self._died(calls[0].item, child) from None
                continue
            del items
            for call in calls:
                call.let_go()
            return child

    def _start(self, *, fresh: bool) -> Child:
        while True:
            try:
                return self._pool.lease(self._start_method, fresh=fresh)
            except OSError as error:
                if self._cut_off:
                    raise CutOff from error
                if not self._pool.has_any(self._start_method):
                    raise RuntimeError(f"no child process can be started for this work: {error}") from error
            time.sleep(_AGAIN_IN)  # until one of those there are is free

    def _finish(self, child: Child, *, keep: bool) -> None:
        with self._guard:
            self._under_way.discard(child)
            self._all_done.notify_all()
            keep = keep and not child.killed
        if keep and self._is_large:
            child.function = ()
            with suppress(Gone):  # who leases it next notices
                child.send(request(None, pack(None), [], stop_at_failure=False))
        if keep:
            self._pool.give_back(child)
        else:
            self._pool.discard(child)

    def _read(self, call: ChildCall, kind: bytes, parts: list[bytearray]) -> tuple[Any, BaseException | None]:
        """What an answer tells: a result, or an error."""
        try:
            told = unpack(parts)
        except Exception as error:  # noqa: BLE001  # the result's own code may raise anything
            return None, self._not_picklable(call.item, "result", brief(error))
        if kind == RESULT:
            return told, None
        if kind == RAISED:
            data, text, traceback = told
            raised = unpack_error(data) or self._not_picklable(call.item, "error", text)
            raised.__cause__ = ChildTraceback(traceback)
            return None, raised
        what = {ITEM_LOST: "item", FUNCTION_LOST: "function"}.get(kind, "result")
        return None, self._not_picklable(call.item, what, told)

    def _died(self, item: object, child: Child) -> ChildDied:
        return ChildDied(*self._call_with(item), child.pid, child.exit_code)

    def _not_picklable(self, item: object, what: str, reason: str) -> NotPicklable:
        return NotPicklable(*self._call_with(item), what, reason)

    def _call_with(self, item: object) -> tuple[str, object, str]:
        function, text = self._named(item)
        return function, item, text
