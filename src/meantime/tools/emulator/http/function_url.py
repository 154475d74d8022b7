"""A function's own URL (https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

from meantime.tools.emulator.errors import TooManyRequestsError
from meantime.tools.emulator.http import payload_v2
from meantime.tools.emulator.http.bodies import compact
from meantime.tools.emulator.http.headers import remapped, with_type
from meantime.tools.emulator.http.response import Fault, Response
from meantime.tools.emulator.http.source import Source

if TYPE_CHECKING:
    from meantime.tools.emulator.function import Function
    from meantime.tools.emulator.http.request import Request

_URL_ID: Final = "meantimeurl"


class FunctionUrl(Source):
    """A function URL with the auth type NONE.

    Args:
        streaming: Whether its invoke mode is RESPONSE_STREAM, else BUFFERED.
    """

    name: ClassVar = "function-url"
    title: ClassVar = "a function URL"
    how_to_stream: ClassVar = "give --streaming"

    def __init__(self, *, streaming: bool = False) -> None:
        self.can_stream = streaming

    def event(self, request: Request, function: Function) -> dict[str, Any]:
        """Return the event; the path stays percent-encoded, the stage is $default.

        By its domain alone it is told from an HTTP API's. There the client asks for that very host; here it keeps the
        one it asked for in its headers, of which applications make their links.
        """
        event = payload_v2.event(request, path=request.path, api_id=_URL_ID, account="anonymous", stage="$default")
        context = event["requestContext"]
        context["domainName"], context["domainPrefix"] = f"{_URL_ID}.lambda-url.{function.region}.on.aws", _URL_ID
        return event

    def response(self, request: Request, payload: Any) -> Response:
        """Return the response; the type is JSON unless the answer says another."""
        status, headers, body = payload_v2.answer(payload)
        return replace(self.opened(request, status, headers), body=body)

    def opened(self, request: Request, status: int, headers: list[tuple[str, str]]) -> Response:
        """Return how a response begins, also a streamed one."""
        ours = [("x-amzn-RequestId", request.id), ("X-Amzn-Trace-Id", request.trace)]
        return Response(status, (*with_type(remapped(headers), "application/json", status), *ours))

    def opened_raw(self, request: Request, content_type: str) -> Response:
        """Return how a streamed response begins that has no status of its own: all of it is the body."""
        return self.opened(request, 200, [("Content-Type", content_type)])

    def refusal(self, fault: Fault, request: Request) -> Response:
        """Return 429 and 413 as Lambda's own API words them, and 502 with a plain text for what the function did."""
        match fault:
            case Fault.THROTTLED:
                kind, status, error = "TooManyRequestsException", 429, {"message": "Rate Exceeded."}
                error |= {"Reason": TooManyRequestsError.reason, "Type": "User"}
            case Fault.REQUEST_TOO_LARGE:
                kind, status = "RequestEntityTooLargeException", 413
                error = {"Message": "Request must be smaller than 6291456 bytes for the InvokeFunction operation"}
            case Fault.UPGRADE:
                kind, status, error = "BadRequestException", 400, {"Message": "WebSocket is not supported"}
            case Fault.EMULATOR_FAILED | Fault.CLOSED:
                kind, status, error = "ServiceException", 500, {"Message": "Internal server error"}
            case _:
                return Response(502, (("x-amzn-RequestId", request.id),), b"Internal Server Error")
        headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", kind), ("x-amzn-RequestId", request.id))
        return Response(status, headers, compact(error))
