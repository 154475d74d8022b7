"""Durations on a machine that others use, too: any single one may be longer there, or begin late, but not all."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_TRIES = 5


def patient(test: Callable[..., None]) -> Callable[..., None]:
    """This test of a duration, up to five times; servers that it was given forget what they have seen between."""

    @wraps(test)
    def tried(*args: Any, **keywords: Any) -> None:
        for _ in range(_TRIES - 1):
            try:
                return test(*args, **keywords)
            except AssertionError:
                for each in (*args, *keywords.values()):
                    if callable(reset := getattr(each, "reset", None)):
                        reset()
        return test(*args, **keywords)

    return tried
