"""What an event source is to the front: a request becomes its event, the function's answer becomes a response."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from meantime.tools.emulator.http.response import Fault, MalformedAnswerError
from meantime.tools.emulator.limits import REQUEST_MAX_BYTES

if TYPE_CHECKING:
    from meantime.tools.emulator.function import Function
    from meantime.tools.emulator.http.request import Request
    from meantime.tools.emulator.http.response import Response


class Source(ABC):
    """One event source. It has no state but its settings, and serves any number of requests at once."""

    name: ClassVar[str]
    """As the command calls it."""
    title: ClassVar[str]
    """As people call it, with its article."""

    request_max_bytes: int = REQUEST_MAX_BYTES
    """The largest body it takes."""
    timeout: float | None = None
    """Seconds it waits for the function; None: as long as the function may run."""
    stage: str = ""
    """The stage whose name begins every path; empty if none does."""
    can_stream: bool = False
    """Whether it passes a streamed answer on."""
    how_to_stream: ClassVar[str] = "it never streams: leave streaming=True out"
    """What to do about a streamed answer that it does not pass on."""

    @abstractmethod
    def event(self, request: Request, function: Function) -> dict[str, Any]:
        """Return the event that AWS would send."""

    @abstractmethod
    def response(self, request: Request, payload: Any) -> Response:
        """Return what the client gets for the function's answer.

        Raises:
            MalformedAnswerError: The source does not take that answer.
        """

    def opened(self, request: Request, status: int, headers: list[tuple[str, str]]) -> Response:
        """Return how a streamed response begins; only of a source that can stream."""
        raise NotImplementedError  # every front has its own

    def opened_raw(self, request: Request, content_type: str) -> Response:  # noqa: ARG002  # of those that override it
        """Return how a streamed response begins whose answer has no status and headers.

        Raises:
            MalformedAnswerError: The source takes none of that kind.
        """
        raise MalformedAnswerError(
            f"it was not streamed as an HTTP response but as {content_type}; give ASGIAdapter(streaming=True)"
        )

    def warning(self, request: Request) -> str:  # noqa: ARG002  # of those that override it
        """Return what the source does to a request that its sender will hardly have wanted; empty if nothing."""
        return ""

    def objection(self, request: Request) -> Fault | None:
        """Return why a request does not even reach the function, if so."""
        begins = f"/{self.stage}"
        if self.stage and request.path != begins and not request.path.startswith(begins + "/"):
            return Fault.OUTSIDE_STAGE
        return None

    @abstractmethod
    def refusal(self, fault: Fault, request: Request) -> Response:
        """Return what the client gets when there is no answer."""
