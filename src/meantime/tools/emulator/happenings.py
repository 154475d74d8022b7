"""What a runtime does, in the order in which the emulator hears of it."""

from __future__ import annotations

from dataclasses import dataclass

from meantime.tools.emulator.limits import RESPONSE_MAX_BYTES


@dataclass(frozen=True)
class Ready:
    """The runtime asks for an event."""

    at: float


@dataclass(frozen=True)
class Initialised:
    """The runtime of a SnapStart function has run its hooks, and waits to be restored from its snapshot."""

    at: float


@dataclass(frozen=True)
class InitFailed:
    """The runtime could not load the function, or a hook failed; `body` is the error it reports."""

    body: bytes


@dataclass(frozen=True)
class Answered:
    """The runtime sent the function's answer (`failed`: its error); no body if that went to a channel as it came."""

    at: float
    body: bytes | None
    content_type: str
    failed: bool
    size: int
    size_max: int = RESPONSE_MAX_BYTES


@dataclass(frozen=True)
class Exited:
    """The runtime's process ended; `status` as `subprocess` counts return codes."""

    status: int


Happening = Ready | Initialised | InitFailed | Answered | Exited
