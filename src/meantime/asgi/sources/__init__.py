"""The HTTP event sources there are, and those that a user has added."""

from __future__ import annotations

from meantime.asgi.sources.api_gateway_v2 import APIGatewayV2
from meantime.asgi.sources.function_url import FunctionURL
from meantime.asgi.sources.source import EventSource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["register", "source_of"]


def source_of(event: Any) -> EventSource | None:
    """The source that this event comes from; None: it is no HTTP request that anybody knows."""
    if isinstance(event, dict):
        for source in _sources:
            if source.recognises(event):
                return source
        for source in _others or _load_others():
            if source.recognises(event):
                return source
    return None


def register(source: EventSource) -> EventSource:
    """Add an event source of your own. It is asked before all others, so it may also replace one of them.

    Args:
        source: An instance of a subclass of EventSource.

    Returns:
        The same.

    Raises:
        TypeError: It is no instance of EventSource.
    """
    if not isinstance(source, EventSource):
        raise TypeError(f"register takes an instance of a subclass of meantime.asgi.EventSource; got {source!r:.80}")
    _sources.insert(0, source)
    return source


# In this order: a function URL is an HTTP API but for its domain.
_sources: list[EventSource] = [FunctionURL(), APIGatewayV2()]
_others: tuple[EventSource, ...] = ()  # until the first event that is not of those


def _load_others() -> tuple[EventSource, ...]:
    """The sources that most functions never see; they are not to be part of everybody's cold start."""
    global _others  # noqa: PLW0603  # loaded once
    from meantime.asgi.sources.alb import ALB  # noqa: PLC0415  # as said
    from meantime.asgi.sources.api_gateway_v1 import APIGatewayV1, HTTPAPIPayloadV1  # noqa: PLC0415  # as said
    from meantime.asgi.sources.vpc_lattice_v1 import VPCLatticeV1  # noqa: PLC0415  # as said
    from meantime.asgi.sources.vpc_lattice_v2 import VPCLatticeV2  # noqa: PLC0415  # as said

    # Payload 1.0 is a REST API but for its version.
    _others = (HTTPAPIPayloadV1(), APIGatewayV1(), ALB(), VPCLatticeV2(), VPCLatticeV1())
    return _others
