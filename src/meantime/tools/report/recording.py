"""A recording: one invocation as the wait clock saw it, every call with what it waited for and what it computed.

`meantime.measure` writes it inside the function's process; this is how the tools read it. Times are milliseconds since
the invocation's start, in names that end in `_ms`.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  # decoding reads the hints at run time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from meantime.tools.report.decoding import decode, decoded_file

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = "meantime-recording"
VERSION = 1


class RecordingError(ValueError):
    """A file is no recording, or a damaged one; the text names the file and the place in it."""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """One stretch in which a thread, or a task on a loop, waited for one thing.

    Args:
        kind: `name_resolution`, `connect`, `tls`, `send`, `receive`, `loop` (an event loop with nothing to run),
            `sleep`, `lock`, `pool`, `file`, `process`, or `other` (blocked in code that tells nothing, as a C driver).
        start_ms: When it began.
        end_ms: When it ended.
        thread: Number of the thread, an index into `Recording.threads`.
        call: Identifier of the call that waited; None where no call is known.
        computed_before_ms: CPU time that the call used since its last wait, or since its start.
    """

    kind: str
    start_ms: float
    end_ms: float
    thread: int = 0
    call: int | None = None
    computed_before_ms: float = 0.0


@dataclass(frozen=True, kw_only=True)
class RecordedCall:
    """One call of the invocation.

    Args:
        id: Its number in this recording.
        name: What was called: `dynamodb Query`, `GET /orders`, `SELECT readings`, `redis GET`, `sleep`.
        kind: `aws`, `http`, `sql`, `redis`, `socket`, `sleep`, `lock`, `pool`, `file`, `process`, or `item`: a function
            given to a verb of Meantime's or to a pool, which holds other calls or computes.
        start_ms: When it began.
        end_ms: When its answer was there.
        waiting_ms: The part in which it waited.
        computing_ms: CPU time of its own thread or task.
        held_up_ms: The rest: for a share of the CPU, for the interpreter's lock, or because its event loop was busy.
        overlapped_ms: The part of its waiting during which something else of the invocation waited or computed.
        parent: The call that it is a part of.
        library: What made it: `boto3`, `requests`, `httpx`, `psycopg`, `asyncio`, ...
        target: What it talked to: a host with its port, a table, a bucket; empty where unknown.
        parameters: Names of what it was given, never values.
        is_async: Whether an event loop ran it.
        thread: Number of its thread.
        task: Name of its task.
        line: `app.py:31`, in the function's own code, relative to its folder; empty where none is on the stack.
        function: Name of the function that line stands in.
        stack: Own code from the handler to that line, each `app.py:31 in fetch`.
        sent_bytes: Bytes that it sent, TLS and all.
        received_bytes: Bytes that it received.
        new_connection: Whether it had to open one; None where unknown.
        attempts: How often it was tried, by the library or by `Retry`.
        timeout_s: The longest it would have waited for one answer; None where there is no such limit, or none known.
        has_timeout: Whether it has such a limit; None where unknown.
        error: Type of the exception it ended with.
    """

    id: int
    name: str
    kind: str
    start_ms: float
    end_ms: float
    waiting_ms: float
    computing_ms: float
    held_up_ms: float = 0.0
    overlapped_ms: float = 0.0
    parent: int | None = None
    library: str = ""
    target: str = ""
    parameters: tuple[str, ...] = ()
    is_async: bool = False
    thread: int = 0
    task: str | None = None
    line: str = ""
    function: str = ""
    stack: tuple[str, ...] = ()
    sent_bytes: int = 0
    received_bytes: int = 0
    new_connection: bool | None = None
    attempts: int = 1
    timeout_s: float | None = None
    has_timeout: bool | None = None
    error: str | None = None

    def __post_init__(self) -> None:
        if self.end_ms < self.start_ms:
            raise ValueError(f"call {self.id}, {self.name!r}, ends before it starts")

    @property
    def duration_ms(self) -> float:
        """Its length."""
        return self.end_ms - self.start_ms


@dataclass(frozen=True, kw_only=True)
class RecordedThread:
    """One thread of the invocation: how long it computed, and how long it was ready to but had no core."""

    name: str
    computing_ms: float
    held_up_ms: float
    loop: str | None = None


@dataclass(frozen=True, kw_only=True)
class Accounting:
    """Where the invocation's wall time went; the parts add up to its duration.

    Args:
        waiting_alone_ms: One call waited and nothing else happened: what concurrency can win.
        waiting_together_ms: Several waited at once, and nothing computed.
        computing_ms: Some thread was on a CPU.
        lock_ms: Threads stood in line for the interpreter's lock.
        throttled_ms: Something was ready to compute, but had no core: the CPU share, or other processes.
        unexplained_ms: The rest.
    """

    waiting_alone_ms: float
    waiting_together_ms: float
    computing_ms: float
    lock_ms: float
    throttled_ms: float
    unexplained_ms: float


@dataclass(frozen=True, kw_only=True)
class Observation:
    """Something seen at run time that is worth a word.

    Args:
        kind: `client_made`, `loop_blocked`, `pool_full`, `fan_out`, `limiter`, `leftover`, `tls_context`.
        text: What it was, such as `httpx.AsyncClient` or the name of a limiter.
        line: Where in the function's own code.
        start_ms: When.
        duration_ms: How long it took.
        numbers: What else is known: `max_concurrency`, `items`, `pool_size`, `waiting`, `count`.
    """

    kind: str
    text: str
    line: str = ""
    start_ms: float = 0.0
    duration_ms: float = 0.0
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One invocation.

    Args:
        function: Name of the Lambda function.
        handler: `app.handler`.
        memory_mb: Its memory size; None where it ran outside Lambda.
        python: Version that ran it.
        cold: Whether it was the first of its environment.
        request_id: The invocation's own identifier.
        date: When it began, ISO 8601.
        duration_ms: How long the handler took.
        cpu_ms: CPU time of the process meanwhile.
        code: The function's folder, to which lines are relative.
        calls: In the order they began.
        waits: In the order they began.
        threads: The first is the one that ran the handler.
        observations: What else was seen.
        dropped_calls: Calls beyond the most that a recording holds; they are in the sums.
    """

    function: str
    handler: str
    memory_mb: int | None
    python: str
    cold: bool
    request_id: str
    date: str
    duration_ms: float
    cpu_ms: float
    accounting: Accounting
    code: str = ""
    calls: tuple[RecordedCall, ...] = ()
    waits: tuple[Wait, ...] = ()
    threads: tuple[RecordedThread, ...] = ()
    observations: tuple[Observation, ...] = ()
    dropped_calls: int = 0
    format: str = FORMAT
    version: int = VERSION

    def __post_init__(self) -> None:
        if self.format != FORMAT:
            raise ValueError(f"format is {self.format!r}, not {FORMAT!r}")
        if self.version != VERSION:
            raise ValueError(f"version {self.version} of the format is not known here, {VERSION} is")
        self._check_parents()

    def _check_parents(self) -> None:
        """Refuse a call that is a part of itself, over however many others: going up from it would never end."""
        parents = {call.id: call.parent for call in self.calls}
        ends: set[int | None] = {None}  # from here it is known to end
        for call in self.calls:
            path: set[int | None] = set()
            at: int | None = call.id
            while at not in ends:
                if at in path:
                    raise ValueError(f"call {at} is a part of itself: see the `parent` of each call")
                path.add(at)
                at = parents.get(at) if at is not None else None
            ends |= path

    @property
    def explained(self) -> float:
        """The part of the duration that is explained, 0 to 1."""
        return 1.0 - self.accounting.unexplained_ms / self.duration_ms if self.duration_ms else 1.0

    @classmethod
    def of(cls, document: Any, where: str = "") -> Self:
        """Make one of parsed JSON.

        Raises:
            DecodingError: Something is missing or wrong; the text names the place.
        """
        recording: Self = decode(cls, document, where)
        return recording

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file that `meantime.measure` wrote.

        Raises:
            RecordingError: There is no such file, or it is no recording.
        """
        return decoded_file(path, cls.of, RecordingError, written_by="`Recorder.write`")
