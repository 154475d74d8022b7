"""What the client gets: the function's answer as HTTP, or what the event source says in its stead."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class Response:
    """One response.

    Args:
        status: The status code.
        headers: Names and values, in order; repeated ones are sent as often.
        body: Sent as it is.
        reason: The text beside the status; None for the usual one.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    reason: str | None = None


class Fault(Enum):
    """Why an event source answers for the function."""

    FUNCTION_FAILED = "the function failed"
    FUNCTION_TIMED_OUT = "the function timed out"
    MALFORMED_ANSWER = "the function's answer is not what this event source takes"
    SOURCE_TIMED_OUT = "the event source waits no longer; the function runs on"
    THROTTLED = "throttled"
    REQUEST_TOO_LARGE = "the request is too large"
    ANSWER_TOO_LARGE = "the function's answer is too large"
    UPGRADE = "a WebSocket cannot be opened here"
    OUTSIDE_STAGE = "the path does not begin with the stage's name"
    METHOD_REFUSED = "the event source does not take this method"
    EMULATOR_FAILED = "the emulator failed"
    CLOSED = "cut off: serving was stopped"


class MalformedAnswerError(Exception):
    """The function's answer cannot become HTTP; the text says what is wrong with it."""
