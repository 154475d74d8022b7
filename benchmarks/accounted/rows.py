"""What a recording says held against what the servers say, as one row of the table."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meantime.tools.report.recording import RecordedCall, Recording

    Answers = Sequence[tuple[float, float]]

WAITS_WITHIN = 0.03
EXPLAINED = 0.97
OVERHEAD = 0.03

_OF_SERVERS = {"aws", "http", "sql", "redis", "socket"}
_SLACK_MS = 1.0  # a recording begins a little before the clock was read
_SHORTEST_MS = 5.0  # no answer of these servers comes sooner


@dataclass(frozen=True)
class Round:
    """One recorded run: what it recorded and what the servers saw, and what it took beside one without a recording.

    Args:
        recording: What was recorded.
        answers: When each answer was asked for and when it went, in seconds of the clock that `began` is on.
        began: When the recording began.
        wall: How much longer it took than the run beside it, as a part of that.
        around_ms: How long it took to begin the recording and to end it, which is in neither.
        cpu: How much more CPU time it took, as a part of that run's wall time.
    """

    recording: Recording
    answers: Answers
    began: float
    wall: float
    cpu: float
    around_ms: float


@dataclass(frozen=True)
class Summary:
    """A row of the table: parts of one, and what does not hold, in words."""

    name: str
    sum_error: float
    worst_call: float | None
    explained: float
    wall: float | None
    cpu: float
    around_ms: float
    failures: tuple[str, ...]


@dataclass
class Row:
    """What came out for one library.

    Args:
        name: What was done.
        has_limit_on_wall: Whether the runs are alike, so that their wall times can be compared.
        rounds: All of them.
    """

    name: str
    has_limit_on_wall: bool = True
    rounds: list[Round] = field(default_factory=list)

    @property
    def sum_error(self) -> float:
        """How far the waits of all calls are from the delays of all answers."""
        return median(_error(sum(_waits(each)), sum(_delays(each.answers))) for each in self.rounds)

    @property
    def call_errors(self) -> list[float]:
        """How far each call's waits are from the delays of its own answers, in the median of the rounds."""
        found = [_errors_of_calls(each) for each in self.rounds]
        numbers = {len(errors) for errors in found}
        if len(numbers) != 1 or 0 in numbers:
            return []
        return [median(errors) for errors in zip(*found, strict=True)]

    @property
    def worst_call(self) -> float | None:
        """The call that is furthest off; None where calls and answers could not be matched."""
        return max(self.call_errors, key=abs, default=None)

    @property
    def explained(self) -> float:
        """The part of the wall time that is explained."""
        return median(each.recording.explained for each in self.rounds)

    @property
    def wall(self) -> float:
        """How much longer a recorded run takes."""
        return median(each.wall for each in self.rounds)

    @property
    def cpu(self) -> float:
        """How much more CPU time it takes, as a part of the wall time."""
        return median(each.cpu for each in self.rounds)

    def summary(self) -> Summary:
        """The row."""
        return Summary(
            name=self.name,
            sum_error=self.sum_error,
            worst_call=self.worst_call,
            explained=self.explained,
            wall=self.wall if self.has_limit_on_wall else None,
            cpu=self.cpu,
            around_ms=median(each.around_ms for each in self.rounds),
            failures=self._failures(),
        )

    def _failures(self) -> tuple[str, ...]:
        """What does not hold, in words."""
        failed = []
        if abs(self.sum_error) > WAITS_WITHIN:
            failed.append(f"the waits add up to {self.sum_error:+.1%} of the delays")
        if self.worst_call is None:
            failed.append(f"calls and answers do not match: {self._numbers()}")
        elif abs(self.worst_call) > WAITS_WITHIN:
            failed.append(f"the waits of one call are {self.worst_call:+.1%} off its delay")
        if self.explained < EXPLAINED:
            failed.append(f"{self.explained:.1%} of the time are explained")
        if self.has_limit_on_wall and self.wall > OVERHEAD:
            failed.append(f"a recorded run takes {self.wall:+.1%}")
        if self.cpu > OVERHEAD:
            failed.append(f"a recorded run takes CPU time of {self.cpu:+.1%} of its length more")
        return tuple(f"{self.name}: {each}" for each in failed)

    def _numbers(self) -> str:
        last = self.rounds[-1]
        return f"{len(server_calls(last.recording))} calls, {len(last.answers)} answers"


def server_calls(recording: Recording) -> list[RecordedCall]:
    """The calls of servers, without those within another."""
    by_id = {call.id: call for call in recording.calls}

    def is_within_another(call: RecordedCall) -> bool:
        parent = by_id.get(call.parent) if call.parent is not None else None
        return parent is not None and (parent.kind in _OF_SERVERS or is_within_another(parent))

    return [call for call in recording.calls if call.kind in _OF_SERVERS and not is_within_another(call)]


def _spans(each: Round) -> list[tuple[float, float, float]]:
    """Begin, end and waits of each call of a server, in the order they ended; of each wait, where no call is known."""
    calls = server_calls(each.recording)
    if calls:
        return sorted(((one.start_ms, one.end_ms, one.waiting_ms) for one in calls), key=lambda span: span[1])
    return sorted(
        (
            (one.start_ms, one.end_ms, one.end_ms - one.start_ms)
            for one in each.recording.waits
            if one.end_ms - one.start_ms >= _SHORTEST_MS
        ),
        key=lambda span: span[1],
    )


def _waits(each: Round) -> list[float]:
    return [waiting for _, _, waiting in _spans(each)]


def _delays(answers: Answers) -> list[float]:
    return [(finished - started) * 1000 for started, finished in answers]


def _errors_of_calls(each: Round) -> list[float]:
    """Of each answer's call; empty where one has none."""
    spans, answers = _spans(each), each.answers
    if len(spans) == len(answers):  # both in the order they ended
        return [_error(waits, delay) for (_, _, waits), delay in zip(spans, _delays(answers), strict=True)]
    delays = dict.fromkeys(range(len(spans)), 0.0)
    for (started, finished), delay in zip(answers, _delays(answers), strict=True):
        begin, end = (started - each.began) * 1000, (finished - each.began) * 1000
        within = [
            number for number, span in enumerate(spans) if span[0] - _SLACK_MS <= begin and end <= span[1] + _SLACK_MS
        ]
        if len(within) != 1:
            return []
        delays[within[0]] += delay
    # What waited for no answer, to send say, must not have waited.
    return [
        _error(span[2], delay) if delay else span[2] / _SHORTEST_MS
        for span, delay in zip(spans, delays.values(), strict=True)
    ]


def _error(is_: float, should_be: float) -> float:
    return is_ / should_be - 1 if should_be else float("inf")
