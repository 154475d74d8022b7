"""Observations that add up: one for each pool or limiter of a recording, however often it was full."""

from __future__ import annotations

from threading import RLock
from weakref import WeakKeyDictionary

from meantime.measure.boundaries import observe
from meantime.measure.session import Active

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_lock = RLock()  # a signal's handler may use a pool, too, while its thread is in here
_numbers: WeakKeyDictionary[Any, dict[str, dict[str, float]]] = WeakKeyDictionary()
_by_identity: dict[int, dict[str, dict[str, float]]] = {}
_session: Any = None


def add(
    kind: str,
    text: str,
    owner: Any,
    *,
    fixed: Mapping[str, float] | None = None,
    most: Mapping[str, float] | None = None,
    **numbers: float,
) -> None:
    """Add to what is observed of this owner.

    Args:
        kind: Of the observation.
        text: Of the observation.
        owner: The pool or limiter.
        fixed: Numbers that stay as they are.
        most: Numbers of which the largest counts.
        numbers: What is added.
    """
    global _session  # noqa: PLW0603  # sums belong to one recording
    session = Active.session
    if session is None:
        return
    with _lock:
        if _session is not session:
            _numbers.clear()
            _by_identity.clear()
            _session = session
        try:
            of_owner = _numbers.setdefault(owner, {})
        except TypeError:  # it has no room for a weak reference, as asyncpg's pools
            of_owner = _by_identity.setdefault(id(owner), {})
        sums = of_owner.get(kind)
        if sums is None:
            observe(kind, text, numbers={**(fixed or {}), **dict.fromkeys((*numbers, *(most or {})), 0.0)})
            told = reversed(session.observations)
            seen = (each["numbers"] for each in told if each["kind"] == kind and each["text"] == text)
            # There is none when a recording holds no more of them: then these sums are nobody's.
            sums = of_owner[kind] = next(seen, dict.fromkeys((*numbers, *(most or {})), 0.0))
        for name, number in numbers.items():
            sums[name] += number
        for name, number in (most or {}).items():
            sums[name] = max(sums[name], number)
