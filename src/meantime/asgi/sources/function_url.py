"""Lambda function URLs: the events of HTTP APIs with payload format 2.0, told by their domain.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

from __future__ import annotations

from meantime.asgi.sources import paths
from meantime.asgi.sources.api_gateway_v2 import APIGatewayV2

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class FunctionURL(APIGatewayV2):
    """Lambda function URLs."""

    name = "Lambda function URL"
    can_stream = True

    def recognises(self, event: dict[str, Any]) -> bool:
        """By its domain, `….lambda-url.<region>.on.aws`."""
        if event.get("version") != "2.0":
            return False
        context = event.get("requestContext")
        return isinstance(context, dict) and ".lambda-url." in str(context.get("domainName")) and "http" in context

    def paths(self, given: str, context: dict[str, Any], base_path: str) -> tuple[str, bytes, str]:  # noqa: ARG002  # no stages here
        """`path`, `raw_path` and `root_path`: it gives the path as sent, and has no stages."""
        path, raw_path = paths.of_sent(given)
        return path, raw_path, base_path if paths.begins_with(path, base_path) else ""
