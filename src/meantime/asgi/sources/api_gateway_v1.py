"""REST APIs of API Gateway, and its HTTP APIs with payload format 1.0, whose events are nearly the same.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

from meantime.asgi.response import body_for
from meantime.asgi.sources import paths, query
from meantime.asgi.sources.addresses import client_of, scheme_of, server_of
from meantime.asgi.sources.api_gateway_v2 import http_api_paths
from meantime.asgi.sources.headers import first, of_both, one_cookie_header, single_and_repeated, with_length
from meantime.asgi.sources.source import HTTP_VERSIONS, EventSource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from meantime.asgi.response import Response


class APIGatewayV1(EventSource):
    """REST APIs."""

    name = "API Gateway REST API (v1)"
    can_stream = True

    def recognises(self, event: dict[str, Any]) -> bool:
        """By `httpMethod` and a request context that is no load balancer's; what asks an authorizer has a methodArn."""
        if "httpMethod" not in event or "methodArn" in event:
            return False
        context = event.get("requestContext")
        return isinstance(context, dict) and "elb" not in context

    def scope(self, event: dict[str, Any], base_path: str) -> dict[str, Any]:
        """The scope of a request."""
        context = event["requestContext"]
        headers = one_cookie_header(of_both(event.get("multiValueHeaders"), event.get("headers")))
        scheme = scheme_of(first(headers, b"x-forwarded-proto"))
        path, raw_path, root_path = self.paths(event.get("path") or "/", context, base_path)
        if body := event.get("body"):
            headers = with_length(headers, body, is_base64=event.get("isBase64Encoded"))
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.5"},
            "http_version": HTTP_VERSIONS.get(context.get("protocol"), "1.1"),
            "method": event["httpMethod"].upper(),
            "scheme": scheme,
            "path": path,
            "raw_path": raw_path,
            "root_path": root_path,
            "query_string": query.of_decoded(
                event.get("multiValueQueryStringParameters") or event.get("queryStringParameters")
            ),
            "headers": headers,
            "client": client_of((context.get("identity") or {}).get("sourceIp")),
            "server": server_of(
                first(headers, b"host") or context.get("domainName") or "", first(headers, b"x-forwarded-port"), scheme
            ),
        }

    def paths(self, given: str, context: dict[str, Any], base_path: str) -> tuple[str, bytes, str]:
        """`path`, `raw_path` and `root_path`.

        A REST API gives its path as sent. At its own domain the stage is in front of `requestContext.path` only; at a
        custom domain the two are alike, and begin with the base path of its mapping.
        """
        whole = context.get("path") or given
        prefix = ""
        if len(whole) > len(given) and whole.endswith(given):
            prefix = whole[: -len(given)]
        elif whole != given and paths.begins_with(whole, stage := f"/{context.get('stage')}"):
            prefix = stage
        path, raw_path = paths.of_sent(prefix + given)
        root_path = paths.of_sent(prefix)[0] if prefix else ""
        if base_path and paths.begins_with(path[len(root_path) :], base_path):
            root_path += base_path
        return path, raw_path, root_path

    def answer(self, event: dict[str, Any], response: Response) -> dict[str, Any]:
        """Repeated headers in a list; any key beyond these makes API Gateway answer 502."""
        single, repeated = single_and_repeated(response.headers)
        body, is_base64 = body_for(event.get("httpMethod"), response)
        return {
            "statusCode": response.status,
            "headers": single,
            "multiValueHeaders": repeated,
            "body": body,
            "isBase64Encoded": is_base64,
        }


class HTTPAPIPayloadV1(APIGatewayV1):
    """HTTP APIs with payload format 1.0."""

    name = "API Gateway HTTP API (payload 1.0)"
    can_stream = False

    def recognises(self, event: dict[str, Any]) -> bool:
        """As a REST API, and by its version, which those do not have."""
        return event.get("version") == "1.0" and super().recognises(event)

    def paths(self, given: str, context: dict[str, Any], base_path: str) -> tuple[str, bytes, str]:
        """`path`, `raw_path` and `root_path`."""
        return http_api_paths(given, context, base_path)
