"""What a mapping has done so far: counted while it runs, read from any thread."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from meantime import clock

if TYPE_CHECKING:
    from meantime.tools.emulator.invocation import Invocation


@dataclass(frozen=True)
class Statistics:
    """One moment's counters.

    Args:
        received: Records read from the source; a message counts each time it is received.
        redelivered: Those of a queue that had been received before.
        done: Records that are done with: deleted from the queue, or behind the checkpoint.
        failed: Records that were to come again after an invocation; each time they were.
        ignored: Records that answers named as failed, and that are done with since ReportBatchItemFailures is off.
        invocations: Batches the function was invoked with and that have ended.
        successes: Those that were complete successes.
        partials: Those that were reported as failed in part.
        failures: Those that failed as a whole.
        throttles: Invocations refused for the function's reserved concurrency, and tried again.
        dropped: Messages whose visibility timeout ended before they could be processed; they come again.
        released: Messages that were made visible again without having been processed.
        discarded: Records of a stream that were given up.
        in_flight: Batches under way now.
        records_in_flight: Records in them.
        peak_concurrency: The most batches that were under way at once.
        concurrency: How many batches may be under way now.
        environments: Execution environments that were seen.
        cold_starts: Invocations that began with a cold start.
        source_errors: Calls to the event source that failed; they are tried again.
        errors: Function errors and unusable answers, by their kind.
        messages: Of each kind of function error, what the last one said.
        waiting: Messages in the queue that are to be received, when last looked at; None for streams.
        invisible: Messages received and not deleted, likewise.
        dead_letters: Messages in the dead-letter queue, likewise; None without one.
        elapsed: Seconds since the mapping began.
    """

    received: int = 0
    redelivered: int = 0
    done: int = 0
    failed: int = 0
    ignored: int = 0
    invocations: int = 0
    successes: int = 0
    partials: int = 0
    failures: int = 0
    throttles: int = 0
    dropped: int = 0
    released: int = 0
    discarded: int = 0
    in_flight: int = 0
    records_in_flight: int = 0
    peak_concurrency: int = 0
    concurrency: int = 0
    environments: int = 0
    cold_starts: int = 0
    source_errors: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    waiting: int | None = None
    invisible: int | None = None
    dead_letters: int | None = None
    elapsed: float = 0.0

    @property
    def per_second(self) -> float:
        """Records done with, a second."""
        return self.done / self.elapsed if self.elapsed > 0 else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return all of it, as JSON has it."""
        return {**asdict(self), "per_second": round(self.per_second, 2), "elapsed": round(self.elapsed, 3)}


_NAMES = frozenset(each.name for each in fields(Statistics))


class Counters:
    """Counts what happens; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began: float | None = None
        self._ended: float | None = None
        self._environments: set[str] = set()
        self._errors: dict[str, int] = {}
        self._messages: dict[str, str] = {}
        self._values: dict[str, Any] = {}

    def begin(self) -> None:
        """Time counts from now on."""
        self._began = clock.monotonic()

    def end(self) -> None:
        """It counts no more."""
        self._ended = clock.monotonic()

    def add(self, **amounts: int) -> None:
        """Raise counters, or lower them, by these amounts."""
        with self._lock:
            for name, amount in amounts.items():
                assert name in _NAMES, name  # noqa: S101  # a name that nobody would see
                self._values[name] = self._values.get(name, 0) + amount

    def set(self, **values: int | None) -> None:
        """Set what is looked at now and then."""
        with self._lock:
            self._values.update(values)

    def began_batch(self, records: int) -> None:
        """A batch is under way."""
        self.add(in_flight=1, records_in_flight=records)
        with self._lock:
            self._values["peak_concurrency"] = max(
                self._values.get("peak_concurrency", 0), self._values.get("in_flight", 0)
            )

    def ended_batch(self, records: int) -> None:
        """It is over."""
        self.add(in_flight=-1, records_in_flight=-records)

    def invoked(self, invocation: Invocation) -> None:
        """The function gave an answer, or failed."""
        self.add(invocations=1, cold_starts=int(invocation.cold))
        with self._lock:
            self._environments.add(invocation.environment_id)

    def error(self, kind: str, message: str = "") -> None:
        """A batch failed for this kind of reason."""
        with self._lock:
            self._errors[kind] = self._errors.get(kind, 0) + 1
            if message:
                self._messages[kind] = message

    def statistics(self) -> Statistics:
        """Return the counters as they are now."""
        with self._lock:
            return Statistics(
                **self._values,
                environments=len(self._environments),
                errors=dict(sorted(self._errors.items())),
                messages=dict(sorted(self._messages.items())),
                elapsed=self._elapsed(),
            )

    def _elapsed(self) -> float:
        if self._began is None:
            return 0.0
        return (clock.monotonic() if self._ended is None else self._ended) - self._began
