"""An Application Load Balancer whose target is the function.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html, and for what it says when
the function does not answer https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Final

from meantime.tools.emulator.http import target_answer
from meantime.tools.emulator.http.bodies import compact, event_body
from meantime.tools.emulator.http.headers import event_headers, gathered
from meantime.tools.emulator.http.response import Fault, MalformedAnswerError, Response
from meantime.tools.emulator.http.source import Source

if TYPE_CHECKING:
    from meantime.tools.emulator.function import Function
    from meantime.tools.emulator.http.request import Request

_MAX_BYTES: Final = 1024 * 1024
_SERVER: Final = (("Server", "awselb/2.0"),)
_STATUSES: Final = {
    Fault.REQUEST_TOO_LARGE: 413,
    Fault.METHOD_REFUSED: 405,
    Fault.UPGRADE: 400,
    Fault.EMULATOR_FAILED: 500,
    Fault.CLOSED: 500,
}


class Alb(Source):
    """A load balancer; of a header or query parameter that is repeated, the last value counts."""

    name: ClassVar = "alb"
    title: ClassVar = "an Application Load Balancer"
    request_max_bytes = _MAX_BYTES
    multi_value: ClassVar = False

    def event(self, request: Request, function: Function) -> dict[str, Any]:
        """Return the event; neither path nor query is decoded."""
        # Recorded: it does pass `connection` on.
        headers = gathered(event_headers(request, dropped={"transfer-encoding"}))
        parameters = request.raw_parameters()
        body, is_base64 = event_body(request)
        group = f"arn:aws:elasticloadbalancing:{function.region}:123456789012:targetgroup/meantime/6d0ecf831eec9f09"
        return {
            "requestContext": {"elb": {"targetGroupArn": group}},
            "httpMethod": request.method,
            "path": request.path,
            **self._values(parameters, "queryStringParameters", "multiValueQueryStringParameters"),
            **self._values(headers, "headers", "multiValueHeaders"),
            "body": body,
            "isBase64Encoded": is_base64,
        }

    def response(self, request: Request, payload: Any) -> Response:  # noqa: ARG002  # the same for all sources
        """Return the response."""
        field = "multiValueHeaders" if self.multi_value else "headers"
        answer = target_answer.response(payload, field=field, default_type="application/octet-stream", server=_SERVER)
        if (size := len(compact(payload))) > _MAX_BYTES:
            raise MalformedAnswerError(f"its JSON has {size} bytes, and a load balancer takes 1 MB")
        return answer

    def objection(self, request: Request) -> Fault | None:
        """Return that the method is TRACE."""
        return Fault.METHOD_REFUSED if request.method == "TRACE" else None

    def refusal(self, fault: Fault, request: Request) -> Response:  # noqa: ARG002  # the same for all sources
        """Return a small page; 502 for all that the function does, or is kept from doing."""
        status = HTTPStatus(_STATUSES.get(fault, 502))
        title = f"{status.value} {status.phrase}"
        page = (
            f"<html>\r\n<head><title>{title}</title></head>\r\n"
            f"<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
        )
        return Response(status.value, (*_SERVER, ("Content-Type", "text/html")), page.encode())

    def _values(self, values: dict[str, list[str]], single: str, multi: str) -> dict[str, Any]:
        if self.multi_value:
            return {multi: values}
        return {single: {name: each[-1] for name, each in values.items()}}


class AlbMultiValue(Alb):
    """A load balancer whose target group has multi-value headers enabled."""

    name: ClassVar = "alb-multi-value"
    title: ClassVar = "an Application Load Balancer with multi-value headers"
    multi_value: ClassVar = True
