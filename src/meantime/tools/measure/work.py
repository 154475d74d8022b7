"""What is to be measured, and how much of it: checked before anything starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from meantime.tools.emulator import Function

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from meantime.tools.measure.changed_code import Change

MEMORY_SIZES = (128, 512, 1024, 1769)
INVOCATIONS = 15  # the interval of their median leaves out three on each side: one that was unlucky does not count
COLD_STARTS = 3
RECORDINGS = 3
TIMEOUT = 60.0
AGAIN = "--event event.json"  # how a function is usually measured again
_A_PERCENTILE = 2  # of one value says nothing


@dataclass(frozen=True, kw_only=True)
class Work:
    """Something to do, and the handlers that do it, each in its own way.

    Args:
        name: A short name.
        handlers: `package.module.function`, by the name of the variant; the first is what the others are compared with.
        code: The code folder of all of them.
        events: What they are invoked with, by name.
        title: A few words for a heading; the name where empty.
        description: One line.
        environment: Variables they see.
        timeout: Seconds one invocation may take.
        options: What `meantime measure` needs beside the handler to run it again, for the commands that verify advice.
        changes: What is changed in the code of a variant, by its name.
    """

    name: str
    handlers: Mapping[str, str]
    code: Path
    events: Mapping[str, Any]
    title: str = ""
    description: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout: float = TIMEOUT
    options: str = AGAIN
    changes: Mapping[str, Change] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.handlers:
            raise ValueError(f"{self.name} has no handler to measure")
        if not self.events:
            raise ValueError(f"{self.name} has no event to measure it with")

    def function(self, variant: str, memory_mb: int) -> Function:
        """Give one of the functions as the emulator runs it.

        Raises:
            ValueError: There is none like that.
        """
        return Function(
            handler=self.handlers[variant],
            code=self.changes[variant].code if variant in self.changes else self.code,
            memory_mb=memory_mb,
            timeout=self.timeout,
            environment=self.environment,
        )


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How much is run of each handler at each memory size.

    Args:
        memory_mb: The memory sizes.
        invocations: Warm invocations with each event, at least 2.
        cold_starts: Environments that are started, at least 1; the first of them is kept for the warm invocations.
        recordings: Further warm invocations with each event that are recorded, in an environment of their own.
        init_cpu: `full` or `limited`: the CPU that initialisation gets.
    """

    memory_mb: tuple[int, ...] = MEMORY_SIZES
    invocations: int = INVOCATIONS
    cold_starts: int = COLD_STARTS
    recordings: int = RECORDINGS
    init_cpu: Literal["full", "limited"] = "full"

    def __post_init__(self) -> None:
        if not self.memory_mb:
            raise ValueError("there is no memory size to measure at")
        if len(set(self.memory_mb)) != len(self.memory_mb):
            raise ValueError(f"a memory size is named twice in {', '.join(map(str, self.memory_mb))}")
        for name, lowest in (("invocations", _A_PERCENTILE), ("cold_starts", 1), ("recordings", 0)):
            if getattr(self, name) < lowest:
                raise ValueError(f"{name} must be at least {lowest}, got {getattr(self, name)}")

    def invocations_of(self, work: Work) -> int:
        """Count what is run of a work, in all."""
        events = len(work.events)
        warm = events * (1 + self.invocations)  # the first with each event is not counted
        recorded = events * (1 + self.recordings) if self.recordings else 0
        return len(work.handlers) * len(self.memory_mb) * (warm + recorded + self.cold_starts - 1)
