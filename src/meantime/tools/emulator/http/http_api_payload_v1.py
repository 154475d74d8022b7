"""An HTTP API of API Gateway, payload format 1.0: the event much like a REST API's, the path and the failures not.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html; which headers
are capitalised, and that a length is there: https://github.com/glassechidna/serverlessish/pull/4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from meantime.tools.emulator.http.api_gateway_v1 import identity
from meantime.tools.emulator.http.api_gateway_v2 import ACCOUNT, API_ID, ApiGatewayV2, decoded, domain_of
from meantime.tools.emulator.http.bodies import answered_body, event_body
from meantime.tools.emulator.http.headers import (
    HOP_BY_HOP,
    answered_headers,
    answered_status,
    event_headers,
    gathered,
    with_type,
    without,
)
from meantime.tools.emulator.http.response import MalformedAnswerError, Response

if TYPE_CHECKING:
    from meantime.tools.emulator.function import Function
    from meantime.tools.emulator.http.request import Request

_CAPITALISED: Final = {
    name.lower(): name
    for name in (
        "Content-Length",
        "Host",
        "User-Agent",
        "X-Amzn-Trace-Id",
        "X-Forwarded-For",
        "X-Forwarded-Port",
        "X-Forwarded-Proto",
    )
}


class HttpApiPayloadV1(ApiGatewayV2):
    """An HTTP API with the older format; the settings are those of `ApiGatewayV2`."""

    name: ClassVar = "http-api-payload-v1"
    title: ClassVar = "an HTTP API (API Gateway, payload 1.0)"

    def event(self, request: Request, function: Function) -> dict[str, Any]:
        """Return the event, whose path is decoded, and holds the stage."""
        path = decoded(request.path)
        domain = domain_of(request, function, self.stage)
        headers = gathered((_CAPITALISED.get(name, name), value) for name, value in event_headers(request))
        headers.setdefault("Content-Length", ["0"])
        parameters = request.parameters()
        body, is_base64 = event_body(request)
        return {
            "version": "1.0",
            "resource": "$default",
            "path": path,
            "httpMethod": request.method,
            "headers": {name: values[-1] for name, values in headers.items()},
            "multiValueHeaders": headers,
            "queryStringParameters": {name: values[-1] for name, values in parameters.items()} or None,
            "multiValueQueryStringParameters": parameters or None,
            "requestContext": {
                "accountId": ACCOUNT,
                "apiId": API_ID,
                "domainName": domain,
                "domainPrefix": domain.partition(".")[0],
                "extendedRequestId": f"{request.id[:15]}=",
                "httpMethod": request.method,
                "identity": identity(request),
                "path": path,
                "protocol": request.protocol,
                "requestId": f"{request.id[:15]}=",
                "requestTime": request.written_time,
                "requestTimeEpoch": int(request.time * 1000),
                "resourceId": "$default",
                "resourcePath": "$default",
                "stage": self.stage or "$default",
            },
            "pathParameters": None,
            "stageVariables": None,
            "body": body or None,
            "isBase64Encoded": is_base64,
        }

    def response(self, request: Request, payload: Any) -> Response:
        """Return the response; nothing is guessed in this format."""
        if not isinstance(payload, dict) or "statusCode" not in payload:
            raise MalformedAnswerError("it is no object with a statusCode")
        status = answered_status(payload["statusCode"])
        multi = answered_headers(payload.get("multiValueHeaders"), "multiValueHeaders")
        repeated = {name.lower() for name, _ in multi}
        single = [pair for pair in answered_headers(payload.get("headers")) if pair[0].lower() not in repeated]
        headers = with_type(without([*single, *multi], HOP_BY_HOP), "text/plain; charset=utf-8", status)
        body = answered_body(payload.get("body"), is_base64=bool(payload.get("isBase64Encoded")))
        return Response(status, (*headers, ("Apigw-Requestid", request.id)), body)
