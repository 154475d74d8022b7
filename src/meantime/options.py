"""What a handler was told: its keywords, checked, and the environment variables that stand in for some of them."""

from __future__ import annotations

import os
from functools import partial
from math import isfinite
from types import FunctionType, MethodType

from meantime.callables import is_async, is_async_generator, is_generator, name_of
from meantime.leftovers import POLICIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from meantime.metrics import MetricLine
    from meantime.stalls import StallWatch

BLOCKED_AFTER = "MEANTIME_BLOCKED_AFTER"
METRICS = "MEANTIME_METRICS"

_TAKES_ANY = 0x04  # inspect.CO_VARARGS
_OFF = ("", "0", "false", "off", "no")
_ON = ("1", "true", "on", "yes")
_LONGEST_NAMESPACE = 255


class Options:
    """The keywords of one `handler`, as it documents them.

    Raises:
        TypeError: One is of the wrong type.
        ValueError: One is out of range.
    """

    __slots__ = ("blocked_after", "leftovers", "metrics", "on_deadline", "reserve")

    def __init__(self, reserve: float, on_deadline: Any, leftovers: str, blocked_after: Any, metrics: Any) -> None:
        _check_seconds("reserve", reserve)
        if on_deadline is not None and (not callable(on_deadline) or is_async(on_deadline)):
            raise TypeError(
                "on_deadline must be a blocking function of (event, context, error): at the deadline there is no time "
                "to await"
            )
        if on_deadline is not None and not may_take(on_deadline, 3):
            raise TypeError(
                f"on_deadline must take three arguments, (event, context, error), and {name_of(on_deadline)} does not"
            )
        if leftovers not in POLICIES:
            raise ValueError(f'leftovers must be "end", "wait" or "fail", got {leftovers!r}')
        if blocked_after is not None:
            _check_seconds("blocked_after", blocked_after)
            if blocked_after == 0:
                raise ValueError("blocked_after must be above 0 seconds: every step of the loop takes longer than that")
        if metrics is not None and not isinstance(metrics, (bool, str)):
            raise TypeError(f"metrics must be True, False or the namespace as a text, got {metrics!r}")
        if isinstance(metrics, str):
            _check_namespace(metrics)
        self.reserve = reserve
        self.on_deadline = on_deadline
        self.leftovers = leftovers
        self.blocked_after = blocked_after
        self.metrics = metrics

    def stall_watch(self, function: Callable[..., object]) -> StallWatch | None:
        """What watches the loop of this function, if it is to be watched."""
        seconds = self.blocked_after
        if not is_async(function):
            if seconds is None:
                return None
            raise TypeError(
                f"blocked_after watches the event loop, and {name_of(function)} is a blocking function: it has none"
            )
        if seconds is None:
            seconds = _seconds_of_variable()
        if seconds is None:
            return None
        from meantime.stalls import StallWatch  # noqa: PLC0415  # who does not watch must not pay for it

        return StallWatch(seconds)

    def metric_line(self, *, watches: bool) -> MetricLine | None:
        """What prints the metrics of an invocation, if they are to be printed; `watches`: with the loop's stalls."""
        variable = os.environ.get(METRICS, "").strip()
        named = variable.lower() not in (*_OFF, *_ON)
        if self.metrics is False or (self.metrics is None and variable.lower() in _OFF):
            return None
        from meantime.metrics import NAMESPACE, MetricLine  # noqa: PLC0415  # who prints none must not pay for it

        if isinstance(self.metrics, str):
            return MetricLine(self.metrics, watches=watches)
        return MetricLine(variable if named else NAMESPACE, watches=watches)


def check_function(function: Any) -> None:
    """TypeError unless this is a function that can give an answer."""
    if not callable(function) or isinstance(function, type):
        raise TypeError(f"handler takes a function of (event, context), got {function!r:.80}")
    if is_generator(function) or is_async_generator(function):
        raise TypeError(
            f"{name_of(function)} yields, and Lambda's Python runtime cannot stream answers: return the answer instead"
        )
    if not may_take(function, 2):
        raise TypeError(
            f"handler takes a function of (event, context), and {name_of(function)} is not one of two arguments"
        )


def may_take(function: Any, count: int) -> bool:
    """Whether it can be called with this many arguments; also where only a call would tell."""
    while isinstance(function, partial):
        if function.keywords:
            return True
        count += len(function.args)
        function = function.func
    if isinstance(function, MethodType):
        count += 1
        function = function.__func__
    elif not isinstance(function, (FunctionType, type)):
        count += 1
        function = type(function).__call__
    if not isinstance(function, FunctionType):
        return True
    code = function.__code__
    names = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    if set(names) - (function.__kwdefaults__ or {}).keys():
        return False
    least = code.co_argcount - len(function.__defaults__ or ())
    return least <= count and (count <= code.co_argcount or bool(code.co_flags & _TAKES_ANY))


def _check_seconds(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number of seconds, got {value!r}")
    if not isfinite(value) or value < 0:
        raise ValueError(f"{name} must be 0 or more seconds, got {value}")


def _check_namespace(namespace: str) -> None:
    if not 1 <= len(namespace) <= _LONGEST_NAMESPACE or namespace.startswith("AWS/"):
        raise ValueError(
            f"metrics must be a namespace of 1 to {_LONGEST_NAMESPACE} characters that does not begin with AWS/, got "
            f"{namespace[:80]!r}"
        )


def _seconds_of_variable() -> float | None:
    """What the environment variable says. A slip there must not cost the function its start: it is logged."""
    text = os.environ.get(BLOCKED_AFTER, "").strip()
    if text.lower() in _OFF:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if seconds > 0 and isfinite(seconds):
        return seconds
    from logging import getLogger  # noqa: PLC0415  # only a slip needs it

    getLogger("meantime").warning(
        "%s must be a number of seconds above 0, got %r: nothing watches the event loop", BLOCKED_AFTER, text
    )
    return None
