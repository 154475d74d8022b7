"""One line of metrics for each invocation, in CloudWatch's embedded metric format.

The format: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import os
import sys

from meantime import clock
from meantime.executors.gauge import Gauge
from meantime.executors.underway import registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from meantime.deadline import Deadline
    from meantime.environment import Environment

NAMESPACE = "Meantime"
_encode = json.JSONEncoder(separators=(",", ":")).encode
SERVICE_VARIABLES = ("MEANTIME_SERVICE", "POWERTOOLS_SERVICE_NAME")


class MetricLine:
    """Prints the metrics of one handler's invocations.

    Args:
        namespace: CloudWatch's name for where they belong.
        watches: Whether the handler's loop is watched, so that stalls are counted.
    """

    def __init__(self, namespace: str = NAMESPACE, *, watches: bool = False) -> None:
        self._namespace = namespace
        self._watches = watches
        self._service = next((found for name in SERVICE_VARIABLES if (found := os.environ.get(name))), None)

    def begin(self, environment: Environment, deadline: Deadline) -> Account:
        """Note how things stand at the beginning of an invocation."""
        return Account(self, environment, deadline)

    def document(self, account: Account, context: Any) -> dict[str, Any]:
        """What is printed at the end of an invocation."""
        metrics = account.metrics(watches=self._watches)
        name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME") or str(getattr(context, "function_name", None) or "unknown")
        dimensions = {"FunctionName": name}
        if self._service is not None:
            dimensions["Service"] = self._service
        directive = {
            "Namespace": self._namespace,
            "Dimensions": [list(dimensions)],
            "Metrics": [{"Name": metric, "Unit": _unit(metric)} for metric in metrics],
        }
        return {
            "_aws": {"Timestamp": int(clock.wall() * 1000), "CloudWatchMetrics": [directive]},
            **dimensions,
            **metrics,
            "FunctionVersion": str(getattr(context, "function_version", "")),
            "RequestId": str(getattr(context, "aws_request_id", "")),
            "Limiters": account.limiters(),
        }


class Account:
    """One invocation, from how things stood at its beginning."""

    def __init__(self, line: MetricLine, environment: Environment, deadline: Deadline) -> None:
        self._line = line
        self._environment = environment
        self._deadline = deadline
        self._before = environment.statistics()
        self._limiters_before = _limiters()
        self._retries_before = _retries()
        self._gauges = registry.gauges = (Gauge(), Gauge())
        self._began = clock.monotonic()

    def print(self, context: Any) -> None:
        """Print the line. What goes wrong with that is logged, and costs no invocation."""
        registry.gauges = None
        try:
            text = _encode(self._line.document(self, context))
            sys.stdout.write(f"{text}\n")  # in one piece, so that no other thread's output comes between
            sys.stdout.flush()
        except Exception:
            from logging import getLogger  # noqa: PLC0415  # the good path must not pay for it

            getLogger("meantime").exception("The metrics of this invocation could not be printed")

    def metrics(self, *, watches: bool) -> dict[str, float]:
        """The metrics by their names."""
        before, after = self._before, self._environment.counted
        kinds = ("leftover_tasks", "leftover_threads", "leftover_processes")
        # `in_thread` is mostly used inside a verb's call: that is one call, not two.
        metrics = {
            "Duration": _milliseconds(clock.monotonic() - self._began),
            "TimeLeft": _milliseconds(max(0.0, self._deadline.remaining() + self._deadline.reserve)),
            "PeakConcurrency": max(gauge.peak for gauge in self._gauges),
            "CallTime": _milliseconds(max(gauge.seconds() for gauge in self._gauges)),
            "Leftovers": sum(getattr(after, kind) - getattr(before, kind) for kind in kinds),
            "DeadlineExceeded": after.deadlines_exceeded - before.deadlines_exceeded,
            "ColdStart": int(before.invocations <= 1),
        }
        if watches:
            metrics["LoopStalls"] = after.loop_stalls - before.loop_stalls
        if limiters := self.limiters():
            metrics["LimiterWaits"] = sum(each["waits"] for each in limiters.values())
            metrics["LimiterWaitTime"] = round(sum(each["milliseconds"] for each in limiters.values()), 3)
            metrics["Throttles"] = sum(each["throttles"] for each in limiters.values())
        if retries := _retries():
            before_each = self._retries_before
            metrics["Retries"] = sum(count - before_each.get(policy, 0) for policy, count in retries.items())
        return metrics

    def limiters(self) -> dict[str, dict[str, float]]:
        """What the limiters of each name did in this invocation."""
        found: dict[str, dict[str, float]] = {}
        for limiter, (waits, seconds, throttles) in _limiters().items():
            before = self._limiters_before.get(limiter, (0, 0.0, 0))
            named = found.setdefault(limiter.name, {"waits": 0, "milliseconds": 0.0, "throttles": 0})
            named["waits"] += waits - before[0]
            named["milliseconds"] += _milliseconds(seconds - before[1])
            named["throttles"] += throttles - before[2]
        return found


def _unit(metric: str) -> str:
    return "Milliseconds" if metric in ("Duration", "TimeLeft", "CallTime", "LimiterWaitTime") else "Count"


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)


def _made(module: str, name: str) -> Iterable[Any]:
    """The objects of a kind that there are; none where its module is not even loaded."""
    return tuple(getattr(sys.modules.get(module), name, ()))


def _limiters() -> dict[Any, tuple[int, float, int]]:
    counted = {}
    for limiter in _made("meantime.limiter", "limiters"):
        now = limiter.statistics()
        counted[limiter] = (now.waits, now.wait_time, now.throttled)
    return counted


def _retries() -> dict[Any, int]:
    return {policy: policy.counted.retries for policy in _made("meantime.retry.policy", "policies")}
