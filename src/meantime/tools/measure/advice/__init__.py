"""What to change about a function, by the numbers of its runs: each kind of advice in a file of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.measure.advice import (
    clients,
    connections,
    hand_over,
    keep_sequential,
    leftovers,
    loop_blocked,
    memory,
    more_at_once,
    pools,
    processes,
    retrying,
    side_by_side,
    timeouts,
    together,
)
from meantime.tools.measure.advice.situation import Situation
from meantime.tools.measure.memory_sizes import memory_points
from meantime.tools.measure.prediction import predict as predict_by_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from meantime.tools.measure.memory_sizes import Predict
    from meantime.tools.report.advice import Advice, MemoryPoint
    from meantime.tools.report.recording import Recording
    from meantime.tools.report.results import Prices, Run


def _memory(situation: Situation) -> Iterable[Advice]:
    """More memory with calls side by side where both are needed; else another size by itself."""
    return tuple(together.advise(situation)) or memory.advise(situation)


_KINDS: tuple[Callable[[Situation], Iterable[Advice]], ...] = (
    side_by_side.advise,
    more_at_once.advise,
    processes.advise,
    hand_over.advise,
    clients.advise,
    connections.advise,
    pools.advise,
    loop_blocked.advise,
    retrying.advise,
    _memory,
    leftovers.advise,
    timeouts.advise,
)


_MUCH = 0.2  # of the duration


def advise(
    runs: Sequence[Run],
    code: Path | None = None,
    *,
    prices: Prices,
    recordings: Sequence[Recording] = (),
    points: Sequence[MemoryPoint] = (),
    predict: Predict = predict_by_model,
    handler: str = "",
    options: str = "--event event.json",
) -> tuple[Advice, ...]:
    """Say what to change, the most worthwhile first, and what to leave alone.

    Args:
        runs: The runs of the function as it is, one a memory size. The largest with a recording is advised about.
        code: The function's folder; the recording's own unless said.
        prices: What a GB-second and a request cost.
        recordings: More recordings of the same work, for better predictions.
        points: Speed and cost by memory size; worked out here unless given.
        predict: The model.
        handler: `app.lambda_handler`; the recording's own unless said.
        options: What else the command that verifies an advice needs.
    """
    recorded = [run for run in runs if run.recording is not None]
    if not recorded:
        return ()
    run = max(recorded, key=lambda each: each.memory_mb)
    assert run.recording is not None  # noqa: S101  # as chosen
    known = list(recordings) or [each.recording for each in recorded if each.recording is not None]
    situation = Situation(
        run=run,
        recording=run.recording,
        prices=prices,
        predict=predict,
        others=[each for each in runs if each is not run],
        recordings=known,
        points=points or memory_points(list(runs), prices, predict=predict, recordings=known),
        folder=code,
        handler=handler,
        options=options,
    )
    found = [advice for kind in _KINDS for advice in kind(situation)]
    found.sort(key=lambda advice: -_worth(advice, situation))
    if not any(advice.code == "more-at-once" or advice.executor in ("threads", "tasks") for advice in found):
        # That comes first, unless something else makes the invocation much shorter.
        first = 1 if found and _worth(found[0], situation) >= _MUCH * situation.median_ms else 0
        found[first:first] = keep_sequential.advise(situation)
    return tuple(found)


def _worth(advice: Advice, situation: Situation) -> float:
    """The milliseconds that an advice wins; for one that wins money, what that is as a part of the duration."""
    before = advice.before_ms if advice.before_ms is not None else situation.median_ms
    won = before - advice.duration_ms.value if advice.duration_ms is not None else 0.0
    if won <= 0 and advice.cost_per_million_usd is not None:
        now = situation.run.cost_per_million_usd
        won = situation.median_ms * max(0.0, (now - advice.cost_per_million_usd.value) / now) / 10 if now else 0.0
    return won
