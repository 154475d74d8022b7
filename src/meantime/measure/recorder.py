"""A recording: patches are installed when it begins, and taken back when it ends."""

from __future__ import annotations

import os
from importlib import import_module

from meantime.measure.patching import Patches
from meantime.measure.session import Active, Session
from meantime.measure.timeline import WIDTH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Any, Self

MAX_CALLS = 20_000

# What notes waits, each with its `install`; loaded only by who records.
_PARTS = ("files", "locks", "loops", "processes", "sleeping", "sockets", "starting", "streams", "tls", "libraries")

# The one under way, if there is one: `setdefault` takes the place or not, whatever a signal's handler raises.
_under_way: dict[str, Recorder] = {}


def recording(*, handler: str = "", memory_mb: int | None = None, max_calls: int = MAX_CALLS) -> Recorder:
    """Record what a block waits for and what it computes: `with measure.recording() as recorder:`.

    Args:
        handler: What is recorded, for the document: `app.handler`.
        memory_mb: The memory size that it has; on Lambda that is known.
        max_calls: The most calls that are kept; what comes beyond is counted, and in the sums.

    Raises:
        RuntimeError: On entering: another recording of this process is under way.
    """
    if max_calls < 0:
        raise ValueError(f"max_calls is the most calls that are kept, not {max_calls}")
    return Recorder(handler, memory_mb, max_calls)


class Recorder:
    """One recording, made by `recording`; what it has recorded is there when the block has ended."""

    def __init__(self, handler: str, memory_mb: int | None, max_calls: int) -> None:
        self._handler = handler
        self._memory_mb = memory_mb
        self._max_calls = max_calls
        self._patches = Patches()
        self._session: Session | None = None
        self._document: dict[str, Any] | None = None
        self._number_of_calls = 0
        self.cold = False
        self.request_id = ""
        self.code = ""  # the function's folder; else where the process is

    def __enter__(self) -> Self:
        if self._session is not None:
            raise RuntimeError("a recorder records one block: ask measure.recording() for another")
        try:
            if _under_way.setdefault("recorder", self) is not self:
                raise RuntimeError("another recording of this process is under way: one at a time, end that one first")  # noqa: TRY301  # what ends it below must not miss anything
            self._patches = Patches()
            _install(self._patches)
            from meantime.measure.stalling import watcher  # noqa: PLC0415  # loaded by now

            self._session = Active.session = Session(self._max_calls, watcher())
            import_module("meantime.measure.libraries").tell_absent()
        except BaseException:
            self._take_back()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if self._session is not None and not self._session.ended:
                self._session.end()
        finally:
            self._take_back()

    def _take_back(self) -> None:
        """Everything is as it was; a second time does what a signal's handler has kept the first one from."""
        try:
            if Active.session is self._session:
                Active.session = None
            self._patches.undo()
        except BaseException:
            self._patches.undo()
            raise
        finally:
            if _under_way.get("recorder") is self:
                del _under_way["recorder"]

    def forget(self) -> None:
        """Drop what was recorded, but for the document if that was asked for: threads that go on may keep the rest."""
        if self._session is not None:
            self._number_of_calls = len(self._session.calls) or self._number_of_calls
            self._session.forget()

    @property
    def document(self) -> dict[str, Any]:
        """The recording as JSON knows it, for `Recording.of` of the tools, or a file.

        Raises:
            RuntimeError: The block has not ended.
        """
        if self._document is None:
            if self._session is None or not self._session.ended:
                raise RuntimeError("there is a document when the block of `with recording()` has ended")
            from meantime.measure.document import document_of  # noqa: PLC0415  # not before it is asked for

            self._document = document_of(
                self._session,
                handler=self._handler or os.environ.get("_HANDLER", ""),
                memory_mb=self._memory_mb or _memory_of_lambda(),
                cold=self.cold,
                request_id=self.request_id,
                code=self.code,
            )
            self.forget()
        return self._document

    @property
    def number_of_calls(self) -> int:
        """How many calls it has kept until now."""
        return self._number_of_calls or (0 if self._session is None else len(self._session.calls))

    @property
    def number_of_samples(self) -> int:
        """How many states of threads and waits of tasks its document has to be made of."""
        session = self._session
        if session is None:
            return 0
        return (sum(len(timeline.samples) for timeline in session.timelines) + len(session.waits)) // WIDTH

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The calls, in the order they began."""
        calls: list[dict[str, Any]] = self.document["calls"]
        return calls

    @property
    def duration_ms(self) -> float:
        """How long the block took."""
        duration: float = self.document["duration_ms"]
        return duration

    @property
    def accounting(self) -> dict[str, float]:
        """Where its time went, by part; the parts add up to the duration."""
        accounting: dict[str, float] = self.document["accounting"]
        return accounting

    def write(self, path: str | Path) -> None:
        """Write the document to a file, which `meantime measure show` opens."""
        import json  # noqa: PLC0415  # only who writes pays for it

        with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123  # takes a str as well
            json.dump(self.document, file)


def _after_fork() -> None:
    """In a child process nothing is recorded, until it does so itself."""
    while _under_way:
        _under_way.popitem()[1]._patches.undo()  # noqa: SLF001  # of this class


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _memory_of_lambda() -> int | None:
    memory = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "")
    return int(memory) if memory.isdigit() else None


def _install(patches: Patches) -> None:
    """Wrap what waits and what calls."""
    for name in _PARTS:
        import_module(f"meantime.measure.{name}").install(patches)
