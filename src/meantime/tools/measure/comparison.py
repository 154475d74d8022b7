"""Runs one variant of a function at one memory size on the emulator: a cold start, warm invocations, one recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

from meantime.tools.emulator import AsyncEmulator, Function
from meantime.tools.measure import recorder
from meantime.tools.measure.chain import longest_chain
from meantime.tools.measure.pricing import cost_per_million
from meantime.tools.report.results import Call, Run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from meantime.tools.downstream import RequestRecord
    from meantime.tools.emulator import Invocation
    from meantime.tools.emulator.mechanisms import Mechanisms
    from meantime.tools.report.results import Prices

# A recording's clock and a downstream's are one, but who writes first is not settled.
_CLOCK_SLACK = 0.002


class MeasurementError(Exception):
    """A function failed where it was to be measured; the text has its error and its log."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One way to do the work: a handler with its event.

    Args:
        example: The name of the work, the same for all its variants.
        variant: How its calls are run: `sequential`, `threads`, `tasks`.
        handler: `module.function`, found in `code`.
        code: The code folder.
        event: What it is invoked with.
        environment: Variables it sees.
        timeout: Seconds one invocation may take.
    """

    example: str
    variant: str
    handler: str
    code: Path
    event: Any
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 60.0


async def measure(
    candidate: Candidate,
    *,
    memory_mb: int,
    invocations: int,
    prices: Prices,
    requests: Callable[[], Sequence[RequestRecord]] = tuple,
    init_cpu: str = "full",
    progress: Callable[[], None] = lambda: None,
) -> tuple[Run, Mechanisms]:
    """Run a candidate and sum up what was seen.

    Args:
        candidate: What to run.
        memory_mb: Memory size, which decides the CPU share.
        invocations: Warm invocations, at least 2, after the cold one.
        prices: What the bill is made from.
        requests: Gives what the downstreams have seen so far; without it `ideal_ms` stays unknown.
        init_cpu: `full` or `limited`: the CPU that initialisation gets.
        progress: Called after each invocation.

    Returns:
        The run, and how the emulator limited it.

    Raises:
        MeasurementError: An invocation failed.
        ValueError: Fewer than 2 invocations.
    """
    if invocations < 2:  # noqa: PLR2004  # a percentile of one value says nothing
        raise ValueError(f"invocations must be at least 2, got {invocations}")
    function = _function(candidate, memory_mb)
    async with AsyncEmulator(function, init_cpu=init_cpu) as emulator:  # type: ignore[arg-type]  # the emulator checks it
        first = await _invoke(emulator, candidate, memory_mb)
        progress()
        warm = []
        for _ in range(invocations):
            warm.append(await _invoke(emulator, candidate, memory_mb))
            progress()
        recorded = await _invoke(emulator, candidate, memory_mb, recorder.REQUEST)
        progress()
        mechanisms = emulator.mechanisms
    return _run(candidate, memory_mb, prices, first=first, warm=warm, recorded=recorded, seen=requests()), mechanisms


def _function(candidate: Candidate, memory_mb: int) -> Function:
    return Function(
        handler=recorder.HANDLER,
        code=candidate.code,
        memory_mb=memory_mb,
        timeout=candidate.timeout,
        name=f"{candidate.example}-{candidate.variant}",
        environment={**candidate.environment, recorder.HANDLER_VARIABLE: candidate.handler},
    )


async def _invoke(
    emulator: AsyncEmulator, candidate: Candidate, memory_mb: int, client_context: Mapping[str, Any] | None = None
) -> Invocation:
    invocation = await emulator.invoke(candidate.event, client_context=client_context)
    if invocation.error is not None:
        raise MeasurementError(
            f"{candidate.example}, {candidate.variant} at {memory_mb} MB: {invocation.error.error_type}: "
            f"{invocation.error.message}\n{invocation.log}"
        )
    return invocation


def _run(
    candidate: Candidate,
    memory_mb: int,
    prices: Prices,
    *,
    first: Invocation,
    warm: list[Invocation],
    recorded: Invocation,
    seen: Sequence[RequestRecord],
) -> Run:
    durations = [invocation.duration_ms for invocation in warm]
    chains = [longest_chain((one.started, one.finished) for one in _within(seen, invocation)) for invocation in warm]
    billed_ms = median(invocation.billed_ms for invocation in warm)
    ideal = median(chains) * 1000
    return Run(
        example=candidate.example,
        variant=candidate.variant,
        memory_mb=memory_mb,
        durations_ms=tuple(round(duration, 3) for duration in durations),
        cold_ms=round(first.init_ms or 0.0, 3),
        first_ms=round(first.duration_ms, 3),
        p50_ms=round(median(durations), 3),
        p95_ms=round(quantiles(durations, n=20, method="inclusive")[-1], 3),
        ideal_ms=round(ideal, 3) if ideal else None,
        billed_ms=billed_ms,
        cost_per_million_usd=round(cost_per_million(prices, billed_ms, memory_mb), 4),
        cpu_ms=round(median(invocation.cpu_ms for invocation in warm), 3),
        calls=_calls(recorded.payload, recorded, _within(seen, recorded)),
        calls_duration_ms=round(recorded.duration_ms, 3),
    )


def _within(seen: Sequence[RequestRecord], invocation: Invocation) -> list[RequestRecord]:
    """The requests that an invocation made: it ran alone."""
    return [one for one in seen if one.started >= invocation.started and one.finished <= invocation.finished]


def _calls(calls: list[dict[str, Any]], invocation: Invocation, requests: list[RequestRecord]) -> tuple[Call, ...]:
    """The recorded calls, with the waiting that the downstream caused each of them."""
    unmatched = sorted(requests, key=lambda one: one.started)
    lanes: dict[str, int] = {}
    found = []
    for call in sorted(calls, key=lambda each: each["started"]):
        length = call["ended"] - call["started"]
        waited = min(_take_waiting(call, unmatched), max(0.0, length - call["computing"]))
        found.append(
            Call(
                name=call["name"],
                start_ms=round(max(0.0, call["started"] - invocation.started) * 1000, 3),
                end_ms=round((call["ended"] - invocation.started) * 1000, 3),
                waiting_ms=round(waited * 1000, 3),
                computing_ms=round(min(call["computing"], length) * 1000, 3),
                lane=lanes.setdefault(call["lane"], len(lanes)),
            )
        )
    return tuple(found)


def _take_waiting(call: dict[str, Any], unmatched: list[RequestRecord]) -> float:
    """How long the downstream kept this call: its request is the first of that name within its time."""
    for request in unmatched:
        if (
            _is_for(request, call["name"])
            and call["started"] - _CLOCK_SLACK <= request.started
            and request.finished <= call["ended"] + _CLOCK_SLACK
        ):
            unmatched.remove(request)
            return request.duration
    return 0.0


def _is_for(request: RequestRecord, name: str) -> bool:
    if request.service == "http":
        return name == f"{request.operation} {request.path.partition('?')[0]}"
    return name == f"{request.service} {request.operation}"
