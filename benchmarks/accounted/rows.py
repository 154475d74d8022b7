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
# Beside a thread that computes without a pause the end of one wait is known to a switch interval, 5 ms of these 30: the
# kernel tells how often a thread got a core, not when its data came.
BESIDE_WITHIN = 5 / 30
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
        has_constant_delays: Whether a server that is late shows that the machine is busy with something else.
        calls_within: How far off the waits of a single call may be.
        rounds: All of them.
    """

    name: str
    has_limit_on_wall: bool = True
    has_constant_delays: bool = True
    calls_within: float = WAITS_WITHIN
    rounds: list[Round] = field(default_factory=list)

    @property
    def quiet_rounds(self) -> list[Round]:
        """The half in which the servers were least late: what the clock is told late there, it cannot know."""
        if not self.has_constant_delays:
            return self.rounds
        ordered = sorted(self.rounds, key=lambda each: sum(finished - started for started, finished in each.answers))
        return ordered[: (len(ordered) + 1) // 2]

    @property
    def sum_error(self) -> float:
        """How far the waits of all calls are from the delays of all answers."""
        return median(_sum_error(each) for each in self.quiet_rounds)

    @property
    def call_errors(self) -> list[float]:
        """How far each call's waits are from the delays of its own answers, in the median of the rounds."""
        found = [_call_errors(each) for each in self.quiet_rounds]
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
        return median(each.recording.explained for each in self.quiet_rounds)

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
        elif abs(self.worst_call) > self.calls_within:
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


@dataclass(frozen=True)
class _Span:
    """One call of a server, or one wait where no call is known; milliseconds since the recording began."""

    start: float
    end: float
    waiting: float
    not_waiting: float = 0.0
    begins: tuple[float, ...] = ()  # of its waits

    def truth(self, answer: tuple[float, float]) -> float:
        """How long it did wait for this answer.

        The server holds its answer back while the call may not have begun to wait: its thread is held up after it has
        sent, or its loop is busy. That much less is right, and no more than it was computing and held up in all.
        """
        asked, given = answer
        begin = min((begin for begin in self.begins if begin < given), default=asked)
        return given - min(max(asked, begin), asked + self.not_waiting)


def _spans(recording: Recording) -> list[_Span]:
    """In the order they ended."""
    by_id = {call.id: call for call in recording.calls}
    calls = {call.id: call for call in server_calls(recording)}
    begins: dict[int, list[float]] = {number: [] for number in calls}
    for wait in recording.waits:
        number = wait.call
        while number is not None and number not in calls:
            number = by_id[number].parent if number in by_id else None
        if number is not None:
            begins[number].append(wait.start_ms)
    spans = [
        _Span(call.start_ms, call.end_ms, call.waiting_ms, call.computing_ms + call.held_up_ms, tuple(begins[call.id]))
        for call in calls.values()
    ] or [
        _Span(wait.start_ms, wait.end_ms, wait.end_ms - wait.start_ms)
        for wait in recording.waits
        if wait.end_ms - wait.start_ms >= _SHORTEST_MS
    ]
    return sorted(spans, key=lambda span: span.end)


def _matched(each: Round) -> list[tuple[_Span, float]]:
    """Each call and how long it did wait; empty where calls and answers do not match."""
    spans = _spans(each.recording)
    answers = [((started - each.began) * 1000, (finished - each.began) * 1000) for started, finished in each.answers]
    if len(spans) == len(answers):  # both in the order they ended
        return [(span, span.truth(answer)) for span, answer in zip(spans, answers, strict=True)]
    truths = dict.fromkeys(range(len(spans)), 0.0)
    for begin, end in answers:
        within = [
            number
            for number, span in enumerate(spans)
            if span.start - _SLACK_MS <= begin and end <= span.end + _SLACK_MS
        ]
        if len(within) != 1:
            return []
        truths[within[0]] += spans[within[0]].truth((begin, end))
    return [(span, truths[number]) for number, span in enumerate(spans)]


def _sum_error(each: Round) -> float:
    matched = _matched(each)
    if not matched:
        waits = sum(span.waiting for span in _spans(each.recording))
        return waits / (sum(finished - started for started, finished in each.answers) * 1000) - 1
    return sum(span.waiting for span, _ in matched) / sum(truth for _, truth in matched) - 1


def _call_errors(each: Round) -> list[float]:
    # What waited for no answer, to send say, must not have waited.
    return [span.waiting / truth - 1 if truth else span.waiting / _SHORTEST_MS for span, truth in _matched(each)]
