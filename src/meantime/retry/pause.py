"""The wait of a thread before its next attempt: over at once when the work that it belongs to is stopped.

Else a thread that nobody waits for any more would hold up the end of its invocation, and try again in the next one.
"""

from __future__ import annotations

from threading import current_thread

from meantime import clock
from meantime.callables import place_text
from meantime.errors import Waiting
from meantime.executors.underway import FanOut, registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_LOOK_EVERY = 0.05  # seconds between two looks whether it was stopped


class Pause(FanOut):
    """One wait, which the end of the invocation finds among the calls under way.

    Args:
        name: What is waited for, for messages.
        is_stopped: Tells whether the work it belongs to was stopped.
    """

    __slots__ = ("_is_stopped", "_name", "_started")

    def __init__(self, name: str, is_stopped: Callable[[], bool] | None) -> None:
        super().__init__("Retry", self.wait, None)
        self._name = name
        self._is_stopped = is_stopped
        self._started = clock.monotonic()

    def wait(self, seconds: float) -> bool:
        """Wait; whether it was stopped."""
        ends = self._started + seconds
        registry.add(self)
        try:
            while True:
                if self._work_is_stopped():
                    return True
                left = ends - clock.monotonic()
                if left <= 0:
                    return False
                clock.sleep(min(left, _LOOK_EVERY))
        finally:
            registry.discard(self)

    def _work_is_stopped(self) -> bool:
        if self.stopped:
            return True
        if self._is_stopped is not None:
            return self._is_stopped()
        # A decorated function inside a verb knows nothing of the verb. But on a kept thread it is inside one, which is
        # under way as long as this thread is: when all are stopped, then so is that.
        if not current_thread().name.startswith("meantime-"):
            return False
        return all(each.stopped for each in registry.fan_outs(self.deadline) if not isinstance(each, Pause))

    def waiting(self) -> list[Waiting]:
        """The wait itself."""
        return [Waiting(self._name, None, clock.monotonic() - self._started, place_text(self.place))]
