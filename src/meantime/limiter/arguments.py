"""What a limiter asks of its arguments."""

from __future__ import annotations

from math import isfinite


def check_limits(
    name: object, *, max_concurrency: object, rate: object, per: object, burst: object, adaptive: object
) -> None:
    """Raise TypeError or ValueError unless these limit something, and let something through."""
    if callable(name):
        raise TypeError(
            f"a limiter's name comes first, got {name!r:.80}: as a decorator write `@Limiter('orders', "
            "max_concurrency=5)`, or better `@orders` for one that is made beforehand, and shared"
        )
    if not isinstance(name, str):
        raise TypeError(f"a limiter's name is a text that says what it protects, not {name!r:.80}")
    if not isinstance(adaptive, bool):
        raise TypeError(f"adaptive must be True or False, got {adaptive!r:.80}")
    if max_concurrency is not None:
        check_whole("max_concurrency", max_concurrency)
    _check_positive("per", per)
    if rate is not None:
        _check_positive("rate", rate)
    elif per != 1.0 or burst is not None:
        raise ValueError(f"the limiter {name!r} has per or burst, but no rate that they belong to")
    if burst is not None:
        check_whole("burst", burst)
    if max_concurrency is None and rate is None and not adaptive:
        raise ValueError(f"the limiter {name!r} limits nothing: give max_concurrency, rate or adaptive=True")


def check_whole(name: str, value: object) -> None:
    """Raise TypeError or ValueError unless this is a whole number from 1 on."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number, got {value!r:.80}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}: nothing could ever run")


def _check_positive(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number, got {value!r:.80}")
    if not (isfinite(value) and value > 0):
        raise ValueError(f"{name} must be a number above 0, got {value}")
