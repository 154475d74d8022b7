"""`--fail-if "p95 > 400ms at 512MB"`: conditions that make a measurement fail, for a build that is to notice.

A condition is a metric, a comparison and a number with its unit; behind it may stand `at` with a memory size and `for`
with a handler. Without these it holds for every memory size and handler that was measured.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from meantime.tools.measure import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from meantime.tools.report.results import Results, Run

_COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    ">": (lambda found, limit: found > limit, "over"),
    ">=": (lambda found, limit: found >= limit, "at or over"),
    "<": (lambda found, limit: found < limit, "under"),
    "<=": (lambda found, limit: found <= limit, "at or under"),
}
_PATTERN = re.compile(
    r"\s*(?P<metric>[A-Za-z][\w-]*)\s*(?P<comparison>>=|<=|>|<)\s*(?P<dollar>\$?)\s*(?P<number>\d+(?:\.\d+)?)"
    r"\s*(?P<unit>%|\$(?:\s*(?:/|per\s+)million)?|[A-Za-z]*)(?P<rest>(?:\s+(?:at|for)\s.*)?)"
)
_AT = re.compile(r"\s+at\s+(\d+)\s*(?:MB)?(?=\s|$)", re.IGNORECASE)
_FOR = re.compile(r"\s+for\s+(\S+)(?=\s|$)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What became of a condition for one run: whether it makes the measurement fail, and a line that says so."""

    failed: bool
    text: str


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One `--fail-if`.

    Args:
        text: As it was written.
        metric: What is looked at.
        comparison: `>`, `>=`, `<` or `<=`.
        limit: The number, in the metric's own unit or in percent.
        percent: Whether the metric is taken as a part of the duration.
        memory_mb: The memory size it is about; None for all.
        handler: The handler it is about; None for all.
    """

    text: str
    metric: metrics.Metric
    comparison: str
    limit: float
    percent: bool = False
    memory_mb: int | None = None
    handler: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read one.

        Raises:
            ValueError: It is not understood; the text says what is.
        """
        found = _PATTERN.fullmatch(text.strip())
        if found is None:
            raise _not_understood(text, "it is not a metric, a comparison and a number")
        metric = metrics.BY_NAME.get(found["metric"].lower())
        if metric is None:
            raise _not_understood(text, f"there is no metric {found['metric']!r}")
        limit, percent = _limit(text, metric, found)
        memory_mb, handler = _scope(text, found["rest"])
        return cls(
            text=" ".join(text.split()),
            metric=metric,
            comparison=found["comparison"],
            limit=limit,
            percent=percent,
            memory_mb=memory_mb,
            handler=handler,
        )

    def require(
        self, handlers: Collection[str], memory_sizes: Collection[int], *, recorded: bool = True, rated: bool = True
    ) -> None:
        """Refuse the condition before any work where it would say nothing about what is to be measured.

        Args:
            handlers: What will be measured.
            memory_sizes: At which sizes.
            recorded: Whether it will be recorded.
            rated: Whether it was said how often it is invoked.

        Raises:
            ValueError: Its handler or its memory size is not among those, or its metric will not be known.
        """
        if self.metric.needs == "rate" and not rated:
            raise ValueError(f"--fail-if {self.text!r}: {self.metric.unknown}, as in --rate '50 per second'")
        if self.metric.needs == "recording" and not recorded:
            raise ValueError(
                f"--fail-if {self.text!r}: {self.metric.name} is known of a recording, and there will be "
                "none with --no-record"
            )
        if self.memory_mb is not None and self.memory_mb not in memory_sizes:
            known = ", ".join(f"{size} MB" for size in sorted(memory_sizes))
            raise ValueError(f"--fail-if {self.text!r}: {self.memory_mb} MB is not measured; {known} will be")
        if self.handler is not None and self.handler not in handlers:
            raise ValueError(f"--fail-if {self.text!r}: {self.handler} is not measured; {', '.join(handlers)} will be")

    def check(self, results: Results) -> tuple[Finding, ...]:
        """Say for each run that the condition is about what was found. What cannot be judged fails."""
        runs = [run for run in results.runs if self._is_about(run)]
        if not runs:
            return (Finding(failed=True, text=f"{self.text}: nothing was measured that this is about"),)
        handlers = {run.variant for run in results.runs}
        return tuple(self._finding(run, results, named=len(handlers) > 1) for run in runs)

    def _is_about(self, run: Run) -> bool:
        return self.memory_mb in (None, run.memory_mb) and self.handler in (None, run.variant)

    def _finding(self, run: Run, results: Results, *, named: bool) -> Finding:
        where = f" at {run.memory_mb} MB" + (f" for {run.variant}" if named else "")
        value = self.metric.value(run, results)
        if value is None or (self.percent and not self.metric.is_share and not metrics.whole_ms(run)):
            return Finding(failed=True, text=f"{self.metric.name} is not known{where}: {self.metric.unknown}")
        if self.percent and not self.metric.is_share:
            value = 100 * value / metrics.whole_ms(run)
        compare, words = _COMPARISONS[self.comparison]
        failed = compare(value, self.limit)
        shown, limit = self._show(value), self._show(self.limit)
        relation = words if failed else f"not {words}"
        return Finding(failed=failed, text=f"{self.metric.name} is {shown}{where}, {relation} {limit}")

    def _show(self, value: float) -> str:
        return f"{value:,.4g} %" if self.percent else self.metric.show(value)


def check(conditions: Iterable[Condition], results: Results) -> tuple[Finding, ...]:
    """Judge a measurement by all conditions; any finding that failed makes the command fail.

    Where answers were errors, that fails before any condition: how long an error takes is not what they are about.
    """
    conditions = tuple(conditions)
    if not conditions:
        return ()
    told = [(run, f" at {run.memory_mb} MB for {run.variant}") for run in results.runs if run.errors]
    errors = tuple(Finding(failed=True, text=f"{run.errors}{where}") for run, where in told)
    return errors + tuple(finding for condition in conditions for finding in condition.check(results))


def _limit(text: str, metric: metrics.Metric, found: re.Match[str]) -> tuple[float, bool]:
    number = float(found["number"])
    unit = "$" if found["dollar"] or found["unit"].startswith("$") else found["unit"].lower()
    if found["dollar"] and found["unit"]:
        raise _not_understood(text, f"{found['unit']!r} behind a number of dollars")
    if unit == "%":
        if not (metric.is_share or metric.is_part):
            raise _not_understood(text, f"{metric.name} has no percentage")
        return number, True
    factor = metrics.FACTORS[metric.unit].get(unit)
    if factor is None:
        wanted = " or ".join(filter(None, metrics.FACTORS[metric.unit]))
        told = f"the unit {unit!r}" if unit else "no unit"
        raise _not_understood(text, f"{metric.name} needs {wanted}, and there is {told}")
    return number * factor, False


def _scope(text: str, rest: str) -> tuple[int | None, str | None]:
    at, of = _AT.findall(rest), _FOR.findall(rest)
    if len(at) > 1 or len(of) > 1 or _FOR.sub("", _AT.sub("", rest)).strip():
        raise _not_understood(text, f"{rest.strip()!r} is no memory size and no handler")
    return (int(at[0]) if at else None), (of[0] if of else None)


def _not_understood(text: str, reason: str) -> ValueError:
    known = ", ".join(metrics.BY_NAME)
    return ValueError(
        f"--fail-if {text!r} is not understood: {reason}. Write a metric ({known}), then >, >=, < or <=, then a number "
        f"with its unit (ms, s, $, %), perhaps followed by 'at 512MB' and 'for app.handler': 'p95 > 400ms at 512MB', "
        f"'cost > $5', 'waiting > 60%'"
    )
