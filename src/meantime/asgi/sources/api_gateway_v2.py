"""HTTP APIs of API Gateway, with payload format 2.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

from meantime.asgi.response import body_for
from meantime.asgi.sources import paths, query
from meantime.asgi.sources.addresses import client_of, scheme_of, server_of
from meantime.asgi.sources.headers import joined, to_bytes, to_pairs, with_length
from meantime.asgi.sources.source import HTTP_VERSIONS, EventSource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from meantime.asgi.response import Response

_DEFAULT_STAGE = "$default"


class APIGatewayV2(EventSource):
    """HTTP APIs with payload format 2.0."""

    name = "API Gateway HTTP API (payload 2.0)"

    def recognises(self, event: dict[str, Any]) -> bool:
        """By its version, and `requestContext.http`, which no other has; what asks an authorizer has a routeArn."""
        if event.get("version") != "2.0" or "routeArn" in event:
            return False
        context = event.get("requestContext")
        return isinstance(context, dict) and "http" in context

    def scope(self, event: dict[str, Any], base_path: str) -> dict[str, Any]:
        """The scope of a request."""
        context = event["requestContext"]
        http = context["http"]
        given = event.get("headers") or {}
        headers = to_pairs(given)
        if cookies := event.get("cookies"):
            if "cookie" in given:
                headers = [header for header in headers if header[0] != b"cookie"]
            headers.append((b"cookie", to_bytes("; ".join(cookies))))
        scheme = scheme_of(given.get("x-forwarded-proto"))
        path, raw_path, root_path = self.paths(event.get("rawPath") or http.get("path") or "/", context, base_path)
        host = given.get("host") or context.get("domainName")
        if body := event.get("body"):
            headers = with_length(headers, body, is_base64=event.get("isBase64Encoded"))
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.5"},
            "http_version": HTTP_VERSIONS.get(http.get("protocol"), "1.1"),
            "method": http["method"].upper(),
            "scheme": scheme,
            "path": path,
            "raw_path": raw_path,
            "root_path": root_path,
            "query_string": query.encode(sent) if (sent := event.get("rawQueryString")) else b"",
            "headers": headers,
            "client": client_of(http.get("sourceIp")),
            "server": server_of(host, given.get("x-forwarded-port"), scheme),
        }

    def paths(self, given: str, context: dict[str, Any], base_path: str) -> tuple[str, bytes, str]:
        """`path`, `raw_path` and `root_path`."""
        return http_api_paths(given, context, base_path)

    def answer(self, event: dict[str, Any], response: Response) -> dict[str, Any]:
        """Cookies in a list of their own; of other headers one each, as this format knows no more."""
        headers, cookies = joined(response.headers)
        body, is_base64 = body_for(event["requestContext"]["http"].get("method"), response)
        answer = {"statusCode": response.status, "headers": headers, "body": body, "isBase64Encoded": is_base64}
        if cookies:
            answer["cookies"] = cookies
        return answer


def http_api_paths(given: str, context: dict[str, Any], base_path: str) -> tuple[str, bytes, str]:
    """`path`, `raw_path` and `root_path` of an HTTP API, which gives its path decoded.

    A named stage is in front of it, even where the client's URL, of a custom domain, has the key of an API mapping
    there, which is not in the event at all. https://github.com/CodeGenieApp/serverless-express/issues/465
    """
    stage = context.get("stage")
    root_path = ""
    if stage and stage != _DEFAULT_STAGE and paths.begins_with(given, f"/{stage}"):
        root_path = f"/{stage}"
    if base_path:
        rest = given[len(root_path) :]
        if paths.begins_with(rest, base_path):
            root_path += base_path
        elif ".execute-api." not in (context.get("domainName") or ""):
            root_path = base_path
            given = base_path + (rest or "/")
    return given, paths.encode(given), root_path
