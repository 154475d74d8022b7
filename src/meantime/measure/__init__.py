"""The wait clock: what an invocation waits for and what it computes, call by call, in the function's own process."""

from __future__ import annotations

from meantime.lazy_names import lazy_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from meantime.measure.recorder import Recorder, recording
    from meantime.measure.writing import recorded

__all__ = ["Recorder", "recorded", "recording"]

__getattr__, __dir__ = lazy_names(
    __name__,
    globals(),
    {
        "Recorder": "meantime.measure.recorder",
        "recorded": "meantime.measure.writing",
        "recording": "meantime.measure.recorder",
    },
)
