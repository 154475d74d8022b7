"""How long a downstream takes to answer: a fixed time or a distribution, written as a number or as text."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

FORMS = (
    'a number of seconds, or text such as "20ms", "0.3s", "uniform:10ms-30ms", '
    '"normal:mean=20ms,deviation=5ms" or "lognormal:p50=20ms,p99=200ms"'
)

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "": 1.0}
_TIME = re.compile(r"(?P<number>\d+(?:\.\d*)?(?:e-?\d+)?|\.\d+)\s*(?P<unit>us|ms|s|)", re.IGNORECASE)
# The standard normal's 99th percentile: how far p99 lies from the median, in deviations.
_P99 = NormalDist().inv_cdf(0.99)


@dataclass(frozen=True)
class Latency:
    """How long an answer takes; make one with `Latency.parse`.

    Attributes:
        text: The latency as it was written, seconds with their unit; `str()` gives it back.
        sample: Draws one latency in seconds, never below zero, with the random source it is given.
    """

    text: str
    sample: Callable[[Random], float]

    def __str__(self) -> str:
        return self.text

    @classmethod
    def parse(cls, value: float | str | Latency) -> Latency:
        """Read a latency.

        Args:
            value: Seconds as a number; or text: `20ms`, `0.3s`, `300us`, `0.3` (seconds),
                `uniform:10ms-30ms`, `normal:mean=20ms,deviation=5ms` (cut off at zero),
                `lognormal:p50=20ms,p99=200ms`.

        Raises:
            ValueError: The value is none of these; the message says what is wrong with it.
            TypeError: The value is neither a number nor text.
        """
        if isinstance(value, Latency):
            return value
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise TypeError(f"A latency is {FORMS}, not {value!r}.")
        if isinstance(value, int | float):
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"A latency is a number of seconds, zero or more, not {value!r}.")
            return _fixed(f"{value:g}s", float(value))
        name, colon, parameters = value.strip().partition(":")
        if not colon:
            seconds, text = _seconds(name, value), value.strip()
            return _fixed(text if text[-1].isalpha() else f"{text} s", seconds)
        try:
            distribution = _DISTRIBUTIONS[name.strip().lower()]
        except KeyError:
            raise ValueError(f"There is no latency distribution {name!r}: a latency is {FORMS}.") from None
        return distribution(value.strip(), parameters)


def _fixed(text: str, seconds: float) -> Latency:
    return Latency(text, lambda _random: seconds)


def _uniform(text: str, parameters: str) -> Latency:
    low_text, dash, high_text = parameters.partition("-")
    if not dash:
        raise ValueError(f'A uniform latency has a low and a high end, as in "uniform:10ms-30ms", not {text!r}.')
    low, high = _seconds(low_text, text), _seconds(high_text, text)
    if low > high:
        raise ValueError(f"The low end of the latency {text!r} is above its high end.")
    return Latency(text, lambda random: random.uniform(low, high))


def _normal(text: str, parameters: str) -> Latency:
    mean, deviation = _named(text, parameters, "mean", "deviation")
    return Latency(text, lambda random: max(0.0, random.gauss(mean, deviation)))


def _lognormal(text: str, parameters: str) -> Latency:
    p50, p99 = _named(text, parameters, "p50", "p99")
    if not 0 < p50 <= p99:
        raise ValueError(f"The latency {text!r} needs 0 < p50 <= p99.")
    mu, sigma = math.log(p50), math.log(p99 / p50) / _P99
    return Latency(text, lambda random: random.lognormvariate(mu, sigma))


_DISTRIBUTIONS: dict[str, Callable[[str, str], Latency]] = {
    "uniform": _uniform,
    "normal": _normal,
    "lognormal": _lognormal,
}


def _named(text: str, parameters: str, *names: str) -> list[float]:
    given = {}
    for parameter in parameters.split(","):
        name, _, time = parameter.partition("=")
        given[name.strip().lower()] = time
    if set(given) != set(names):
        example = ",".join(f"{name}=20ms" for name in names)
        kind = text.partition(":")[0]
        raise ValueError(f'The latency {text!r} needs {" and ".join(names)}, as in "{kind}:{example}".')
    return [_seconds(given[name], text) for name in names]


def _seconds(time: str, text: str) -> float:
    match = _TIME.fullmatch(time.strip())
    if match is None:
        where = "" if time == text else f" in the latency {text!r}"
        raise ValueError(f"{time!r} is no time{where}: a latency is {FORMS}.")
    seconds = float(match["number"]) * _UNITS[match["unit"].lower()]
    if not math.isfinite(seconds):
        raise ValueError(f"The time {time!r} of the latency {text!r} is too long.")
    return seconds
