"""How long a warm resource is good for: by the time it was idle, by its age, and by a check of the user's own."""

from __future__ import annotations

from math import isfinite

from meantime import clock
from meantime.deadline import current_deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from meantime.resources.made import Thing

# A check that takes longer has failed: to connect anew takes less, and a dead peer never answers.
CHECK_LIMIT = 2.0

# But that leaves at least this share of the invocation's time for making the resource anew, and for using it.
_SHARE = 0.5


class Freshness:
    """The options of `warm`, checked."""

    __slots__ = ("check", "check_after", "max_age", "max_idle")

    def __init__(
        self,
        *,
        max_idle: float | None,
        max_age: float | None,
        check: Callable[[Any], object] | None,
        check_after: float,
    ) -> None:
        _check_seconds("max_idle", max_idle)
        _check_seconds("max_age", max_age)
        _check_seconds("check_after", check_after)
        if check is not None and not callable(check):
            raise TypeError(f"check must be a function of the resource, got {check!r:.80}")
        if check is None and check_after:
            raise TypeError("check_after says when `check` is called: give that, too")
        self.max_idle = max_idle
        self.max_age = max_age
        self.check = check
        self.check_after = check_after

    def is_over(self, thing: Thing) -> bool:
        """Whether it is too old, or was idle for too long."""
        now = clock.wall()
        return (self.max_idle is not None and now - thing.used_at > self.max_idle) or (
            self.max_age is not None and now - thing.made_at > self.max_age
        )

    def is_check_due(self, thing: Thing) -> bool:
        """Whether it is to be checked before it is used."""
        return self.check is not None and clock.wall() - thing.used_at >= self.check_after

    def check_limit(self) -> float:
        """Seconds that a check may take now."""
        deadline = current_deadline()
        return CHECK_LIMIT if deadline is None else min(CHECK_LIMIT, max(0.0, _SHARE * deadline.remaining()))


def _check_seconds(name: str, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number of seconds, got {value!r}")
    if not isfinite(value) or value < 0:
        raise ValueError(f"{name} must be 0 or more seconds, got {value}")
