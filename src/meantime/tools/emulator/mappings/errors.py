"""Every exception that a mapping itself can raise; a function's own failures are counted, not raised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.emulator.errors import EmulatorError

if TYPE_CHECKING:
    from meantime.tools.emulator.mappings.statistics import Statistics


class SourceError(EmulatorError):
    """The queue, stream or destination cannot be used: it is not there, or the endpoint refuses."""


class NotDrainedError(EmulatorError, TimeoutError):
    """The event source was not empty in time.

    Attributes:
        timeout: Seconds it was given.
        left: What was still there, in words.
        statistics: What was done until then.
    """

    def __init__(self, source: str, timeout: float, left: str, statistics: Statistics) -> None:
        super().__init__(
            f"{source} was not empty after {timeout:g} s: {left}. Give drain() more time, or look at "
            "statistics(): what keeps failing comes back until its queue or its mapping gives it up"
        )
        self.timeout = timeout
        self.left = left
        self.statistics = statistics
