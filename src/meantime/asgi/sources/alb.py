"""Application Load Balancers, whose target group has multi-value headers enabled or not.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

from __future__ import annotations

from meantime.asgi.response import body_for
from meantime.asgi.sources import paths, query
from meantime.asgi.sources.addresses import forwarded_client_of, scheme_of, server_of
from meantime.asgi.sources.headers import first, lists, of_both, one_cookie_header, single_by_casing, with_length
from meantime.asgi.sources.source import EventSource, status_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from meantime.asgi.response import Response


class ALB(EventSource):
    """Application Load Balancers."""

    name = "Application Load Balancer"
    max_response_bytes = 1024 * 1024  # the maximum size of the response JSON is 1 MB

    def recognises(self, event: dict[str, Any]) -> bool:
        """By `requestContext.elb`."""
        context = event.get("requestContext")
        return isinstance(context, dict) and "elb" in context and "httpMethod" in event

    def scope(self, event: dict[str, Any], base_path: str) -> dict[str, Any]:
        """The scope of a request."""
        headers = one_cookie_header(of_both(event.get("multiValueHeaders"), event.get("headers")))
        scheme = scheme_of(first(headers, b"x-forwarded-proto"), "http")
        path, raw_path = paths.of_sent(event.get("path") or "/")
        if body := event.get("body"):
            headers = with_length(headers, body, is_base64=event.get("isBase64Encoded"))
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.5"},
            "http_version": "1.1",
            "method": event["httpMethod"].upper(),
            "scheme": scheme,
            "path": path,
            "raw_path": raw_path,
            "root_path": base_path if paths.begins_with(path, base_path) else "",
            "query_string": query.of_sent(
                event.get("multiValueQueryStringParameters") or event.get("queryStringParameters")
            ),
            "headers": headers,
            "client": forwarded_client_of(first(headers, b"x-forwarded-for")),
            "server": server_of(first(headers, b"host"), first(headers, b"x-forwarded-port"), scheme),
        }

    def answer(self, event: dict[str, Any], response: Response) -> dict[str, Any]:
        """Headers in the form in which the request had them, as the load balancer takes no other."""
        body, is_base64 = body_for(event.get("httpMethod"), response)
        answer: dict[str, Any] = {
            "statusCode": response.status,
            "statusDescription": status_line(response.status),
            "body": body,
            "isBase64Encoded": is_base64,
        }
        if event.get("multiValueHeaders") is None:
            answer["headers"] = single_by_casing(response.headers)
        else:
            answer["multiValueHeaders"] = lists(response.headers)
        return answer
