"""What a client's call raises when the deadline of the invocation ends it, and how it is named there."""

from __future__ import annotations

from meantime import clock
from meantime.errors import DeadlineExceeded, Waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from meantime.deadline import Deadline

_CLOCK_GRAIN = 0.002  # uvloop counts whole milliseconds, and may be early


def has_come(deadline: Deadline) -> bool:
    """Whether an error that was met now is owed to the deadline."""
    return deadline.remaining() <= _CLOCK_GRAIN


def not_begun(call: str) -> DeadlineExceeded:
    """The error for a call that came too late to be made."""
    return DeadlineExceeded(f"{call} was not begun: the deadline of the invocation has passed.")


def cut_off(call: str, started: float) -> DeadlineExceeded:
    """The error for a call that was under way at the deadline."""
    waiting = Waiting(call, None, clock.monotonic() - started)
    return DeadlineExceeded("The deadline of the invocation passed while a client was waiting.", [waiting])


def described(method: str, url: str) -> str:
    """A request as text, without what may be secret in its address: the query, the user's name and password."""
    address = url.partition("?")[0].partition("#")[0]
    scheme, mark, rest = address.partition("://")
    if not mark:
        return f"{method} {address}"
    host, slash, path = rest.partition("/")
    return f"{method} {scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"
