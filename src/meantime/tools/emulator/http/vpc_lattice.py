"""A VPC Lattice service whose target is the function, with either version of the event.

https://docs.aws.amazon.com/vpc-lattice/latest/ug/lambda-functions.html. That the path has the query string in it, and
which fields of version 2 are lists, is how aws_lambda_powertools' data classes (3.37) read recorded events. What a
client gets when the function fails is not documented: here as with a load balancer, and without a page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from meantime.tools.emulator.http import target_answer
from meantime.tools.emulator.http.bodies import event_body
from meantime.tools.emulator.http.headers import event_headers, gathered, joined
from meantime.tools.emulator.http.response import Fault, Response
from meantime.tools.emulator.http.source import Source

if TYPE_CHECKING:
    from meantime.tools.emulator.function import Function
    from meantime.tools.emulator.http.request import Request

_STATUSES: Final = {
    Fault.REQUEST_TOO_LARGE: (413, b"Payload Too Large"),
    Fault.UPGRADE: (400, b"WebSocket is not supported"),
    Fault.THROTTLED: (503, b"Service Unavailable"),
    Fault.FUNCTION_TIMED_OUT: (504, b"Gateway Timeout"),
    Fault.EMULATOR_FAILED: (500, b"Internal Server Error"),
    Fault.CLOSED: (500, b"Internal Server Error"),
}


class VpcLatticeV1(Source):
    """A service with the first version of the event."""

    name: ClassVar = "vpc-lattice-v1"
    title: ClassVar = "a VPC Lattice service, event version 1"

    def event(self, request: Request, function: Function) -> dict[str, Any]:  # noqa: ARG002  # the same for all sources
        """Return the event; the values of what is repeated are joined."""
        body, is_base64 = event_body(request)
        return {
            "raw_path": _target(request),
            "method": request.method,
            "headers": joined(_headers(request)),
            "query_string_parameters": {name: ",".join(values) for name, values in request.parameters().items()},
            "body": body,
            "is_base64_encoded": is_base64,
        }

    def response(self, request: Request, payload: Any) -> Response:  # noqa: ARG002  # the same for all sources
        """Return the response."""
        return target_answer.response(payload, field="headers", default_type="application/octet-stream")

    def refusal(self, fault: Fault, request: Request) -> Response:  # noqa: ARG002  # the same for all sources
        """Return a plain text."""
        status, text = _STATUSES.get(fault, (502, b"Bad Gateway"))
        return Response(status, (("Content-Type", "text/plain"),), text)


class VpcLatticeV2(VpcLatticeV1):
    """A service with the second version of the event."""

    name: ClassVar = "vpc-lattice-v2"
    title: ClassVar = "a VPC Lattice service, event version 2"

    def event(self, request: Request, function: Function) -> dict[str, Any]:
        """Return the event; headers and parameters are lists of values."""
        body, is_base64 = event_body(request)
        region = function.region
        arn = f"arn:aws:vpc-lattice:{region}:123456789012"
        return {
            "version": "2.0",
            "path": _target(request),
            "method": request.method,
            "headers": gathered(_headers(request)),
            "queryStringParameters": request.parameters(),
            "body": body,
            "isBase64Encoded": is_base64,
            "requestContext": {
                "serviceNetworkArn": f"{arn}:servicenetwork/sn-0bf3f2882e9cc805a",
                "serviceArn": f"{arn}:service/svc-0a40eebed65f8d69c",
                "targetGroupArn": f"{arn}:targetgroup/tg-6d0ecf831eec9f09",
                "identity": {"sourceVpcArn": f"arn:aws:ec2:{region}:123456789012:vpc/vpc-0b8276c84697e7339"},
                "region": region,
                "timeEpoch": str(int(request.time * 1_000_000)),
            },
        }


def _target(request: Request) -> str:
    return f"{request.path}?{request.query}" if request.query else request.path


def _headers(request: Request) -> list[tuple[str, str]]:
    return [pair for pair in event_headers(request) if pair[0] != "x-amzn-trace-id"]
