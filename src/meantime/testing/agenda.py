"""What is still to come on a held clock, in the order of its moments: calls on event loops, and threads that wait."""

from __future__ import annotations

from contextvars import copy_context
from heapq import heappop, heappush
from itertools import count
from threading import Lock, current_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable
    from contextvars import Context

    from meantime.clock import Clock, Gate

# The order of what happens at one moment: timers and timeouts first, so that what takes exactly as long as it may has
# taken too long, as in asyncio; then sleeps are over; `advance` returns last, when all of that has happened.
TIMER, SLEEP, ADVANCE = range(3)


class Entry:
    """Something that is to happen at its moment.

    Args:
        kind: One of the above.
        drives: Whether time passes for its sake; else it happens when time passes by.

    Attributes:
        over: Whether it has happened, or was called off.
    """

    __slots__ = ("drives", "kind", "over")

    def __init__(self, kind: int, *, drives: bool) -> None:
        self.kind = kind
        self.drives = drives
        self.over = False

    def cancel(self) -> None:
        """Let it not happen."""
        self.over = True

    def happen(self) -> None:
        """Its moment has come."""
        self.over = True


class LoopCall(Entry):
    """A call on an event loop, in the context of whoever asked for it.

    Args:
        loop: Where to call.
        callback: What to call.
        kind: As for every entry.
        drives: As for every entry.
    """

    __slots__ = ("_callback", "_context", "_loop")

    def __init__(
        self, loop: AbstractEventLoop, callback: Callable[[], object], kind: int = TIMER, *, drives: bool = False
    ) -> None:
        super().__init__(kind, drives=drives)
        self._loop = loop
        self._callback: Callable[[], object] | None = callback
        self._context: Context | None = copy_context()

    def cancel(self) -> None:
        """Let it not happen, even if its loop has been told already."""
        super().cancel()
        self._callback = self._context = None  # it stays on the agenda until its moment: keep nothing alive

    def happen(self) -> None:
        """Tell the loop."""
        super().happen()
        try:
            self._loop.call_soon_threadsafe(self._call, context=self._context)
        except RuntimeError:
            return  # it has been closed: nobody waits any more

    def hand_over(self, when: float, clock: Clock) -> None:
        """Leave it to another clock."""
        try:
            self._loop.call_soon_threadsafe(clock.call_at, self._loop, when, self._call, context=self._context)
        except RuntimeError:
            return  # as above

    def _call(self) -> None:
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class ThreadWait(Entry):
    """This thread waits: for its moment, or for a gate until then.

    Args:
        kind: As for every entry.
        gate: What it waits for besides.
        drives: As for every entry.
    """

    __slots__ = ("_door", "gate", "thread")

    def __init__(self, kind: int, gate: Gate | None = None, *, drives: bool = False) -> None:
        super().__init__(kind, drives=drives)
        self.thread = current_thread()
        self.gate = gate
        self._door = Lock()
        self._door.acquire()

    def block(self) -> None:
        """Wait until it has happened."""
        with self._door:  # not acquire(): a coroutine may let time pass, and what guards its loop objects to that
            return

    def block_for(self, seconds: float) -> None:
        """Wait until it has happened, until `nudge`, or so many real seconds."""
        self._door.acquire(True, seconds)

    def nudge(self) -> None:
        """Let the thread look at its gate; whoever calls holds the lock of the clock."""
        if self._door.locked():
            self._door.release()

    def happen(self) -> None:
        """Let the thread go on."""
        super().happen()
        self.nudge()

    def is_blocked(self) -> bool:
        """Whether the thread can do nothing but wait."""
        return not (self.over or (self.gate is not None and _is_open(self.gate)))


def _is_open(gate: Gate) -> bool:
    locked = getattr(gate, "locked", None)  # a semaphore has it from Python 3.14 on
    return not locked() if locked is not None else getattr(gate, "_value", 1) > 0


class Agenda:
    """The entries that are not over, by their moments and then in the order they came; used under the clock's lock."""

    def __init__(self) -> None:
        self._numbers = count()
        self._entries: list[tuple[float, int, int, Entry]] = []

    def add(self, when: float, entry: Entry) -> None:
        """Note what is to happen then."""
        heappush(self._entries, (when, entry.kind, next(self._numbers), entry))

    def drives(self) -> bool:
        """Whether there is anything that time passes for."""
        return any(entry.drives and not entry.over for *_, entry in self._entries)

    def next_moment(self) -> float | None:
        """When the next of them is to happen."""
        while self._entries and self._entries[0][3].over:
            heappop(self._entries)
        return self._entries[0][0] if self._entries else None

    def take(self, moment: float) -> list[Entry]:
        """What is to happen next at this moment: one thread goes on, or all calls on loops before the next thread."""
        taken: list[Entry] = []
        while self.next_moment() == moment:
            is_thread = isinstance(self._entries[0][3], ThreadWait)
            if not (is_thread and taken):
                taken.append(heappop(self._entries)[3])
            if is_thread:
                break
        return taken

    def clear(self) -> list[tuple[float, Entry]]:
        """Take out all that is not over."""
        entries, self._entries = self._entries, []
        return [(when, entry) for when, *_, entry in entries if not entry.over]
