"""What a retry policy asks of its arguments, checked before any work starts."""

from __future__ import annotations

from meantime.callables import is_async, name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any


def check_attempts(attempts: int) -> int:
    """How often a call is tried."""
    if callable(attempts):
        raise TypeError(f"attempts must be a whole number, got {attempts!r:.80}: as a decorator write `@Retry()`")
    if isinstance(attempts, bool) or not isinstance(attempts, int):
        raise TypeError(f"attempts must be a whole number, got {attempts!r}")
    if attempts < 1:
        raise ValueError(f"attempts must be at least 1, got {attempts}: the first attempt counts")
    return attempts


def check_seconds(name: str, seconds: float, *, above_zero: bool = False) -> float:
    """A finite length of time."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"{name} must be a number of seconds, got {seconds!r}")
    if not 0 <= seconds < float("inf") or (above_zero and seconds == 0):
        raise ValueError(f"{name} must be {'above' if above_zero else 'at least'} 0 seconds and finite, got {seconds}")
    return seconds


def check_on(
    on: type[Exception] | Iterable[type[Exception]] | Callable[[Exception], bool] | None,
) -> tuple[type[Exception], ...] | Callable[[Exception], bool] | None:
    """Which errors are retried, types as a tuple."""
    if on is None:
        return None
    if isinstance(on, type):
        on = (on,)
    elif callable(on):
        return _check_predicate("on", on)
    _refuse_text(on)
    try:
        types = tuple(on)
    except TypeError:
        raise TypeError(
            f"on must be exception types, or a function that tells of an error, got {type(on).__name__}: {on!r:.80}"
        ) from None
    for each in types:
        _refuse_text(each)
        if Exception not in getattr(each, "__mro__", ()):
            raise TypeError(
                f"on must be types of Exception, got {each!r:.80}; KeyboardInterrupt, SystemExit and CancelledError "
                "ask for an end, and are never retried"
            )
    if not types:
        raise ValueError("on names no exception type: nothing could ever be retried; leave it out for the usual ones")
    return types


def check_on_result(on_result: Callable[[Any], bool] | None) -> Callable[[Any], bool] | None:
    """Which answers are retried."""
    if on_result is None:
        return None
    if isinstance(on_result, type) or not callable(on_result):
        raise TypeError(f"on_result must be a function that tells of an answer, got {on_result!r:.80}")
    return _check_predicate("on_result", on_result)


def _refuse_text(on: object) -> None:
    if isinstance(on, str):
        raise TypeError(f"on must be exception types, and {on!r:.80} is a text: leave the quotation marks out")


def _check_predicate(name: str, predicate: Callable[[Any], bool]) -> Callable[[Any], bool]:
    if is_async(predicate):
        raise TypeError(f"{name} must be a plain function, got the async function {name_of(predicate)}")
    return predicate
