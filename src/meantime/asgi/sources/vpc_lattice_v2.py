"""VPC Lattice, with the event structure of version 2.0.

https://docs.aws.amazon.com/vpc-lattice/latest/ug/lambda-functions.html
"""

from __future__ import annotations

from meantime.asgi.response import body_for
from meantime.asgi.sources import paths, query
from meantime.asgi.sources.addresses import forwarded_client_of, scheme_of, server_of
from meantime.asgi.sources.headers import first, from_lists, one_cookie_header, single_by_casing, with_length
from meantime.asgi.sources.source import EventSource, status_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from meantime.asgi.response import Response


class VPCLatticeV2(EventSource):
    """VPC Lattice with version 2.0."""

    name = "VPC Lattice (v2)"

    def recognises(self, event: dict[str, Any]) -> bool:
        """By the service network in its request context."""
        context = event.get("requestContext")
        return isinstance(context, dict) and "serviceNetworkArn" in context and "method" in event

    def scope(self, event: dict[str, Any], base_path: str) -> dict[str, Any]:
        """The scope of a request."""
        headers = one_cookie_header(from_lists(event.get("headers") or {}))
        scheme = scheme_of(first(headers, b"x-forwarded-proto"))
        sent, has_query, query_sent = self.path_sent(event).partition("?")
        path, raw_path = paths.of_sent(sent or "/")
        if has_query:
            query_string = query.encode(query_sent)
        else:  # in either spelling: AWS's examples have both
            query_string = query.of_decoded(event.get("queryStringParameters") or event.get("query_string_parameters"))
        if body := event.get("body"):
            headers = with_length(headers, body, is_base64=event.get("isBase64Encoded", event.get("is_base64_encoded")))
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.5"},
            "http_version": "1.1",
            "method": event["method"].upper(),
            "scheme": scheme,
            "path": path,
            "raw_path": raw_path,
            "root_path": base_path if paths.begins_with(path, base_path) else "",
            "query_string": query_string,
            "headers": headers,
            "client": forwarded_client_of(first(headers, b"x-forwarded-for")),
            "server": server_of(first(headers, b"host"), first(headers, b"x-forwarded-port"), scheme),
        }

    def path_sent(self, event: dict[str, Any]) -> str:
        """The path as the client sent it, which may have the query with it."""
        return event.get("path") or "/"

    def answer(self, event: dict[str, Any], response: Response) -> dict[str, Any]:
        """One value for each header; several cookies go by several spellings of their header."""
        body, is_base64 = body_for(event.get("method"), response)
        return {
            "statusCode": response.status,
            "statusDescription": status_line(response.status),
            "headers": single_by_casing(response.headers),
            "body": body,
            "isBase64Encoded": is_base64,
        }
