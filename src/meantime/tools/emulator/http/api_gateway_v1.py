"""A REST API of API Gateway with a Lambda proxy integration at /{proxy+}.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html; details from the
events and answers that LocalStack recorded from AWS (`tests/aws/services/apigateway`, `header_utils.py`).
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, ClassVar, Final

from meantime.tools.emulator.http.api_gateway_v2 import ACCOUNT, API_ID, domain_of
from meantime.tools.emulator.http.bodies import answered_body, compact
from meantime.tools.emulator.http.headers import answered_headers, answered_status, gathered, remapped, with_type
from meantime.tools.emulator.http.response import Fault, MalformedAnswerError, Response
from meantime.tools.emulator.http.source import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meantime.tools.emulator.function import Function
    from meantime.tools.emulator.http.request import Request

# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
_REQUEST_MAX_BYTES: Final = 10 * 1024 * 1024
_LONGEST_TIMEOUT: Final = 29.0

_FIELDS: Final = {"isBase64Encoded", "statusCode", "headers", "multiValueHeaders", "body"}
_DROPPED: Final = frozenset(
    {
        "connection",
        "content-length",
        "content-md5",
        "expect",
        "max-forwards",
        "proxy-authenticate",
        "server",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "www-authenticate",
        "x-amzn-trace-id",
        "x-forwarded-for",
        "x-forwarded-port",
        "x-forwarded-proto",
    }
)
_CAPITALISED: Final = {"authorization": "Authorization", "host": "Host", "user-agent": "User-Agent"}
_IDENTITY: Final = (
    "accessKey",
    "accountId",
    "caller",
    "cognitoAuthenticationProvider",
    "cognitoAuthenticationType",
    "cognitoIdentityId",
    "cognitoIdentityPoolId",
    "principalOrgId",
    "user",
    "userArn",
)
# https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html; that a throttled
# function is 500 and a failed one 502: https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html
_REFUSALS: Final = {
    Fault.SOURCE_TIMED_OUT: (504, "Endpoint request timed out", "INTEGRATION_TIMEOUT"),
    Fault.THROTTLED: (500, "Internal server error", "InternalServerErrorException"),
    Fault.EMULATOR_FAILED: (500, "Internal server error", "InternalServerErrorException"),
    Fault.CLOSED: (500, "Internal server error", "InternalServerErrorException"),
    Fault.REQUEST_TOO_LARGE: (413, "Request Too Long", "RequestTooLongException"),
    Fault.OUTSIDE_STAGE: (403, "Forbidden", "ForbiddenException"),
    Fault.UPGRADE: (400, "WebSocket is not supported", "BadRequestException"),
}
_FAILED: Final = (502, "Internal server error", "InternalServerErrorException")


class ApiGatewayV1(Source):
    """A REST API.

    Args:
        stage: With one, paths begin with its name, as at the API's own address; without, as at a custom domain.
        binary_media_types: Bodies of these types are Base64 in events, and Base64 in answers is decoded for clients
            whose Accept header has one of them in the first place. `*/*`, and `image/*`, are types, too.
        timeout: Seconds it waits for the function, at most 29.
        streaming: Whether the integration's response transfer mode is STREAM, else BUFFERED.
    """

    name: ClassVar = "api-gateway-v1"
    title: ClassVar = "a REST API (API Gateway)"
    how_to_stream: ClassVar = "give --streaming"
    request_max_bytes = _REQUEST_MAX_BYTES

    def __init__(
        self,
        *,
        stage: str = "",
        binary_media_types: Sequence[str] = (),
        timeout: float = _LONGEST_TIMEOUT,
        streaming: bool = False,
    ) -> None:
        if not 0 < timeout <= _LONGEST_TIMEOUT:
            raise ValueError(f"a REST API waits above 0 and at most {_LONGEST_TIMEOUT:g} seconds, not {timeout:g}")
        self.timeout = timeout
        self.stage = stage
        self.can_stream = streaming
        self._binary = frozenset(each.lower() for each in binary_media_types)

    def event(self, request: Request, function: Function) -> dict[str, Any]:
        """Return the event: parameters are decoded, the path is not."""
        path = (request.path.removeprefix(f"/{self.stage}") or "/") if self.stage else request.path
        headers = gathered(_headers(request))
        parameters = request.parameters()
        proxied = path.strip("/")
        resource = "/{proxy+}" if proxied else "/"
        domain = domain_of(request, function, self.stage)
        body, is_base64 = self._body(request)
        return {
            "resource": resource,
            "path": path,
            "httpMethod": request.method,
            "headers": {name: values[-1] for name, values in headers.items()},
            "multiValueHeaders": headers,
            "queryStringParameters": {name: values[-1] for name, values in parameters.items()} or None,
            "multiValueQueryStringParameters": parameters or None,
            "pathParameters": {"proxy": proxied} if proxied else None,
            "stageVariables": None,
            "requestContext": {
                "resourceId": "meantime",
                "resourcePath": resource,
                "httpMethod": request.method,
                "extendedRequestId": f"{request.id[:15]}=",
                "requestTime": request.written_time,
                "path": request.path,
                "accountId": ACCOUNT,
                "protocol": request.protocol,
                "stage": self.stage or "prod",
                "domainPrefix": domain.partition(".")[0],
                "requestTimeEpoch": int(request.time * 1000),
                "requestId": request.id,
                "identity": identity(request),
                "domainName": domain,
                "deploymentId": "meantime",
                "apiId": API_ID,
            },
            "body": body,
            "isBase64Encoded": is_base64,
        }

    def response(self, request: Request, payload: Any) -> Response:
        """Return the response; a field too many is as wrong as a bad one."""
        if not isinstance(payload, dict):
            raise MalformedAnswerError(f"it is no object but {type(payload).__name__}")
        if unknown := payload.keys() - _FIELDS:
            raise MalformedAnswerError(f"it has the unknown field {', '.join(sorted(unknown))}")
        status = answered_status(payload.get("statusCode", 200))
        multi = answered_headers(payload.get("multiValueHeaders"), "multiValueHeaders")
        repeated = {name.lower() for name, _ in multi}
        single = [pair for pair in answered_headers(payload.get("headers")) if pair[0].lower() not in repeated]
        headers = with_type([*remapped(single), *remapped(multi)], "application/json", status)
        decode = bool(payload.get("isBase64Encoded")) and self._is_binary(_accepted(request))
        body = answered_body(payload.get("body"), is_base64=decode)
        return Response(status, (*headers, *_ids(request)), body)

    def opened(self, request: Request, status: int, headers: list[tuple[str, str]]) -> Response:
        """Return how a streamed response begins."""
        return Response(status, (*with_type(remapped(headers), "application/json", status), *_ids(request)))

    def refusal(self, fault: Fault, request: Request) -> Response:
        """Return the gateway response."""
        status, message, kind = _REFUSALS.get(fault, _FAILED)
        headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", kind), *_ids(request))
        return Response(status, headers, compact({"message": message}))

    def warning(self, request: Request) -> str:
        """Say that a binary body is spoilt."""
        body, is_base64 = self._body(request)
        if is_base64 or body is None or body.encode(errors="surrogatepass") == request.body:
            return ""
        return "a binary body was read as text, which spoils it; give --binary-media-type '*/*'"

    def _body(self, request: Request) -> tuple[str | None, bool]:
        if not request.body:
            return None, False
        if self._is_binary(request.header("content-type") or "application/json"):
            return base64.b64encode(request.body).decode(), True
        return request.body.decode(errors="replace"), False  # as AWS spoils it

    def _is_binary(self, content_type: str) -> bool:
        kind = content_type.partition(";")[0].strip().lower()
        return not self._binary.isdisjoint((kind, f"{kind.partition('/')[0]}/*", "*/*"))


def identity(request: Request) -> dict[str, str | None]:
    """Return who makes the request, of whom nothing is known but the address and the user agent."""
    return {**dict.fromkeys(_IDENTITY), "sourceIp": request.client, "userAgent": request.user_agent}


def _accepted(request: Request) -> str:
    return (request.header("accept") or "application/json").partition(",")[0]


def _headers(request: Request) -> list[tuple[str, str]]:
    """Return the headers in the case they were sent in, but for those that API Gateway writes its own way."""
    headers = [
        (_CAPITALISED.get(name.lower(), name), value) for name, value in request.headers if name.lower() not in _DROPPED
    ]
    return [
        *headers,
        ("X-Amzn-Trace-Id", request.trace),
        ("X-Forwarded-For", request.forwarded_for),
        ("X-Forwarded-Port", str(request.port)),
        ("X-Forwarded-Proto", "http"),
    ]


def _ids(request: Request) -> tuple[tuple[str, str], ...]:
    return (
        ("x-amzn-RequestId", request.id),
        ("x-amz-apigw-id", f"{request.id[:15]}="),
        ("X-Amzn-Trace-Id", request.trace),
    )
