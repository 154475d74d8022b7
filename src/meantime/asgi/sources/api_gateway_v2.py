"""HTTP APIs of API Gateway, with payload format 2.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

from meantime.asgi.response import NO_BODY_STATUS, encoded
from meantime.asgi.sources import paths
from meantime.asgi.sources.addresses import client_of, scheme_of, server_of
from meantime.asgi.sources.headers import joined, to_bytes, to_pairs
from meantime.asgi.sources.source import ASGI, EventSource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from meantime.asgi.response import Response

DEFAULT_STAGE = "$default"
_HTTP_VERSIONS = {"HTTP/1.0": "1.0", "HTTP/1.1": "1.1", "HTTP/2": "2", "HTTP/2.0": "2"}


class APIGatewayV2(EventSource):
    """HTTP APIs with payload format 2.0."""

    name = "API Gateway HTTP API (payload 2.0)"

    def recognises(self, event: dict[str, Any]) -> bool:
        """By its version, and `requestContext.http`, which no other source has."""
        if event.get("version") != "2.0":
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
            headers = [header for header in headers if header[0] != b"cookie"]
            headers.append((b"cookie", to_bytes("; ".join(cookies))))
        scheme = scheme_of(given.get("x-forwarded-proto") or "https")
        path, raw_path, root_path = self.paths(event, context, base_path)
        return {
            "type": "http",
            "asgi": ASGI,
            "http_version": _HTTP_VERSIONS.get(http.get("protocol"), "1.1"),
            "method": http["method"].upper(),
            "scheme": scheme,
            "path": path,
            "raw_path": raw_path,
            "root_path": root_path,
            "query_string": to_bytes(event.get("rawQueryString") or ""),
            "headers": headers,
            "client": client_of(http.get("sourceIp")),
            "server": server_of(
                given.get("host") or context.get("domainName") or "", given.get("x-forwarded-port") or "", scheme
            ),
        }

    def paths(self, event: dict[str, Any], context: dict[str, Any], base_path: str) -> tuple[str, bytes, str]:
        """`path`, `raw_path` and `root_path`.

        An HTTP API gives its path decoded, with a named stage in front of it even where the client's URL, of a custom
        domain, has the API mapping's key there, which is not in the event at all.
        https://github.com/CodeGenieApp/serverless-express/issues/465
        """
        path, raw_path = paths.of_decoded(event.get("rawPath") or context["http"].get("path"))
        stage = context.get("stage")
        root_path = ""
        if stage and stage != DEFAULT_STAGE and paths.begins_with(path, f"/{stage}"):
            root_path = f"/{stage}"
        if base_path:
            rest = path[len(root_path) :]
            if paths.begins_with(rest, base_path):
                root_path += base_path
            elif ".execute-api." not in (context.get("domainName") or ""):
                root_path = base_path
                path = base_path + (rest or "/")
                raw_path = paths.encode(path)
        return path, raw_path, root_path

    def answer(self, event: dict[str, Any], response: Response) -> dict[str, Any]:
        """Cookies in a list of their own; of other headers one each, as this format knows no more."""
        headers, cookies = joined(response.headers)
        if response.status in NO_BODY_STATUS or event["requestContext"]["http"].get("method") == "HEAD":
            body, is_base64 = "", False
        else:
            body, is_base64 = encoded(response)
        answer = {"statusCode": response.status, "headers": headers, "body": body, "isBase64Encoded": is_base64}
        if cookies:
            answer["cookies"] = cookies
        return answer
