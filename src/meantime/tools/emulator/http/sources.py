"""The event sources by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from meantime.tools.emulator.http.api_gateway_v2 import ApiGatewayV2
from meantime.tools.emulator.http.function_url import FunctionUrl

if TYPE_CHECKING:
    from meantime.tools.emulator.http.source import Source

SOURCES: Final[dict[str, type[Source]]] = {each.name: each for each in (FunctionUrl, ApiGatewayV2)}
"""Each kind of source, by the name the command has for it."""


def made(name: str) -> Source:
    """Return a source with its usual settings.

    Raises:
        ValueError: There is none of that name.
    """
    if name not in SOURCES:
        raise ValueError(f"there is no event source {name!r}; there are {', '.join(SOURCES)}")
    return SOURCES[name]()
