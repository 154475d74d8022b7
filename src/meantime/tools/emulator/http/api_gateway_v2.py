"""An HTTP API of API Gateway, payload format 2.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import unquote

from meantime.tools.emulator.http import payload_v2
from meantime.tools.emulator.http.bodies import compact
from meantime.tools.emulator.http.headers import HOP_BY_HOP, with_type, without
from meantime.tools.emulator.http.response import Fault, Response
from meantime.tools.emulator.http.source import Source

if TYPE_CHECKING:
    from meantime.tools.emulator.function import Function
    from meantime.tools.emulator.http.request import Request

API_ID: Final = "meantimeapi"
ACCOUNT: Final = "123456789012"

# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
_REQUEST_MAX_BYTES: Final = 10 * 1024 * 1024
_LONGEST_TIMEOUT: Final = 30.0

_REFUSALS: Final = {
    Fault.THROTTLED: (503, "Service Unavailable"),
    Fault.SOURCE_TIMED_OUT: (503, "Service Unavailable"),
    Fault.REQUEST_TOO_LARGE: (413, "Request Entity Too Large"),
    Fault.OUTSIDE_STAGE: (404, "Not Found"),
    Fault.UPGRADE: (400, "WebSocket is not supported"),
}


class ApiGatewayV2(Source):
    """An HTTP API whose $default route is the function.

    Args:
        stage: The stage; its name begins every path unless it is $default.
        timeout: Seconds it waits for the function, at most 30.
    """

    name: ClassVar = "api-gateway-v2"
    title: ClassVar = "an HTTP API (API Gateway, payload 2.0)"
    request_max_bytes = _REQUEST_MAX_BYTES

    def __init__(self, *, stage: str = "$default", timeout: float = _LONGEST_TIMEOUT) -> None:
        if not 0 < timeout <= _LONGEST_TIMEOUT:
            raise ValueError(f"an HTTP API waits above 0 and at most {_LONGEST_TIMEOUT:g} seconds, not {timeout:g}")
        self.timeout = timeout
        self.stage = "" if stage == "$default" else stage

    def event(self, request: Request, function: Function) -> dict[str, Any]:
        """Return the event, whose path is decoded, and holds the stage."""
        path = decoded(request.path)
        stage = self.stage or "$default"
        event = payload_v2.event(request, path=path, api_id=API_ID, account=ACCOUNT, stage=stage)
        # Recorded: an HTTP API says so even where the client sent no length.
        event["headers"].setdefault("content-length", "0")
        domain = domain_of(request, function, self.stage)
        event["requestContext"] |= {"domainName": domain, "domainPrefix": domain.partition(".")[0]}
        return event

    def response(self, request: Request, payload: Any) -> Response:
        """Return the response; the type is plain text unless the answer says another."""
        status, headers, body = payload_v2.answer(payload)
        headers = without(headers, HOP_BY_HOP)
        return Response(
            status, (*with_type(headers, "text/plain; charset=utf-8", status), ("Apigw-Requestid", request.id)), body
        )

    def refusal(self, fault: Fault, request: Request) -> Response:
        """Return the message; a function that fails is 500 here."""
        status, message = _REFUSALS.get(fault, (500, "Internal Server Error"))
        headers = (("Content-Type", "application/json"), ("Apigw-Requestid", request.id))
        return Response(status, headers, compact({"message": message}))


def domain_of(request: Request, function: Function, stage: str) -> str:
    """Return the API's own domain if the path begins with a stage, else, as at a custom domain, what was asked for."""
    return f"{API_ID}.execute-api.{function.region}.amazonaws.com" if stage else request.host


def decoded(path: str) -> str:
    """Return a path as an HTTP API gives it: percent-decoded, and cut off at a question mark that was encoded.

    Measured: https://github.com/middleapi/standard-server/pull/93.
    """
    return unquote(path).partition("?")[0]
