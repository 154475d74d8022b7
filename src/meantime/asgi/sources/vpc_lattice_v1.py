"""VPC Lattice, with the event structure of version 1.0.

https://docs.aws.amazon.com/vpc-lattice/latest/ug/lambda-functions.html
"""

from __future__ import annotations

from meantime.asgi.sources.source import body_of
from meantime.asgi.sources.vpc_lattice_v2 import VPCLatticeV2

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class VPCLatticeV1(VPCLatticeV2):
    """VPC Lattice with version 1.0: one value for each header and parameter, and no request context."""

    name = "VPC Lattice (v1)"

    def recognises(self, event: dict[str, Any]) -> bool:
        """By its spelling of the path, and the method beside it."""
        return "raw_path" in event and "method" in event

    def path_sent(self, event: dict[str, Any]) -> str:
        """The path as the client sent it, which may have the query with it."""
        return event.get("raw_path") or "/"

    def body(self, event: dict[str, Any]) -> bytes:
        """The request's body."""
        return body_of(event.get("body"), is_base64=event.get("is_base64_encoded"))
