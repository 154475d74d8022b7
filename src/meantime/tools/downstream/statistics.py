"""What a downstream saw: one record a request, counters, peaks, and how long answers took."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RequestOutcome = Literal["served", "throttled", "failed", "unreachable", "abandoned"]

# Enough for every request of a demo or a test, and some 30 MB when full.
RECORDS_KEPT = 100_000


@dataclass(frozen=True)
class RequestRecord:
    """One request and what became of it.

    Attributes:
        service: `s3`, `dynamodb`, `sqs`, …, or `http`.
        operation: `GetItem`, `GetObject`, …, or the method.
        path: Path and query as they came, still percent-encoded.
        started: When its head had arrived, in seconds of `time.monotonic()`: on Linux one clock for all
            processes.
        finished: When its answer was on its way, on the same clock.
        status: The status answered; None if nobody was there to be answered.
        delay: Seconds that were added so that the answer came no sooner than the latency.
        outcome: `served`; `throttled` by a limit; `failed` by the failure rate; `unreachable`: nobody behind
            the proxy answered; `abandoned`: cut off by the client or by closing.
    """

    service: str
    operation: str
    path: str
    started: float
    finished: float
    status: int | None
    delay: float
    outcome: RequestOutcome

    @property
    def duration(self) -> float:
        """Seconds from arrival to answer."""
        return self.finished - self.started


@dataclass(frozen=True)
class Durations:
    """How long served requests took, in seconds, from arrival to answer."""

    mean: float
    p50: float
    p95: float
    p99: float
    longest: float


@dataclass(frozen=True)
class Statistics:
    """Counters since the start or the last reset.

    Attributes:
        elapsed: Seconds since then.
        requests: Requests that are over; the sum of the next five.
        served: Answered by the downstream, whatever the status.
        throttled: Refused, being above `max_concurrency` or `rate`.
        failed: Failed on purpose, by `failure_rate`.
        unreachable: Unanswered behind the proxy.
        abandoned: Cut off by the client or by closing.
        in_flight: Requests under way now.
        peak_concurrency: The most requests under way at once.
        connections: Connections open now.
        peak_connections: The most connections open at once.
        refused_connections: Connections closed at once, being above `max_connections`.
        durations: How long the served ones took, over the newest 100,000 requests; None if none was.
        operations: Requests that are over, by service and operation.
    """

    elapsed: float
    requests: int
    served: int
    throttled: int
    failed: int
    unreachable: int
    abandoned: int
    in_flight: int
    peak_concurrency: int
    connections: int
    peak_connections: int
    refused_connections: int
    durations: Durations | None
    operations: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """The same as plain data, for JSON."""
        return dataclasses.asdict(self)


class Book:
    """The records and counters of one server: written on its event loop, read from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._in_flight = 0
        self._connections = 0
        self._start()

    def _start(self) -> None:
        self._since = time.monotonic()
        self._records: deque[RequestRecord] = deque(maxlen=RECORDS_KEPT)
        self._outcomes: Counter[RequestOutcome] = Counter()
        self._operations: Counter[str] = Counter()
        self._refused_connections = 0
        self._peak_concurrency = self._in_flight
        self._peak_connections = self._connections

    def reset(self, *, connections: int) -> None:
        """Forget all but what is under way, and the connections that are open."""
        with self._lock:
            self._connections = connections
            self._start()

    def entered(self) -> None:
        """Count a request that is now under way."""
        with self._lock:
            self._in_flight += 1
            self._peak_concurrency = max(self._peak_concurrency, self._in_flight)

    def left(self) -> None:
        """Count a request that is under way no longer."""
        with self._lock:
            self._in_flight -= 1

    def connected(self, connections: int) -> None:
        """Note how many connections are open."""
        with self._lock:
            self._connections = connections
            self._peak_connections = max(self._peak_connections, connections)

    def refused_connection(self) -> None:
        """Count a connection that was closed at once."""
        with self._lock:
            self._refused_connections += 1

    def write(self, record: RequestRecord) -> None:
        """Count and keep a request that is over."""
        with self._lock:
            self._records.append(record)
            self._outcomes[record.outcome] += 1
            self._operations[f"{record.service} {record.operation}"] += 1

    def requests(self) -> tuple[RequestRecord, ...]:
        """The newest requests that are over, in the order they ended."""
        with self._lock:
            return tuple(self._records)

    def statistics(self, *, connections: int) -> Statistics:
        """The counters as they are now, with so many connections open."""
        with self._lock:
            self._connections = connections
            records = tuple(self._records)
            outcomes = self._outcomes
            statistics = Statistics(
                elapsed=time.monotonic() - self._since,
                requests=outcomes.total(),
                served=outcomes["served"],
                throttled=outcomes["throttled"],
                failed=outcomes["failed"],
                unreachable=outcomes["unreachable"],
                abandoned=outcomes["abandoned"],
                in_flight=self._in_flight,
                peak_concurrency=self._peak_concurrency,
                connections=self._connections,
                peak_connections=self._peak_connections,
                refused_connections=self._refused_connections,
                durations=None,
                operations=dict(self._operations.most_common()),
            )
        # The sorting happens outside the lock: the server need not wait for it.
        return dataclasses.replace(statistics, durations=_durations(records))


def _durations(records: Sequence[RequestRecord]) -> Durations | None:
    durations = sorted(record.duration for record in records if record.outcome == "served")
    if not durations:
        return None
    return Durations(
        mean=sum(durations) / len(durations),
        p50=_percentile(durations, 50),
        p95=_percentile(durations, 95),
        p99=_percentile(durations, 99),
        longest=durations[-1],
    )


def _percentile(durations: Sequence[float], percent: int) -> float:
    """The nearest-rank percentile: a duration that was really seen."""
    rank = -(-len(durations) * percent // 100)
    return durations[max(rank, 1) - 1]
