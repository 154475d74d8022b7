"""The event sources by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from meantime.tools.emulator.http.alb import Alb, AlbMultiValue
from meantime.tools.emulator.http.api_gateway_v1 import ApiGatewayV1
from meantime.tools.emulator.http.api_gateway_v2 import ApiGatewayV2
from meantime.tools.emulator.http.function_url import FunctionUrl
from meantime.tools.emulator.http.http_api_payload_v1 import HttpApiPayloadV1
from meantime.tools.emulator.http.vpc_lattice import VpcLatticeV1, VpcLatticeV2

if TYPE_CHECKING:
    from meantime.tools.emulator.http.source import Source

_KINDS: Final[tuple[type[Source], ...]] = (
    FunctionUrl,
    ApiGatewayV2,
    HttpApiPayloadV1,
    ApiGatewayV1,
    Alb,
    AlbMultiValue,
    VpcLatticeV1,
    VpcLatticeV2,
)
SOURCES: Final = {each.name: each for each in _KINDS}
"""Each kind of source, by the name the command has for it."""


def made(name: str) -> Source:
    """Return a source with its usual settings.

    Raises:
        ValueError: There is none of that name.
    """
    if name not in SOURCES:
        raise ValueError(f"there is no event source {name!r}; there are {', '.join(SOURCES)}")
    return SOURCES[name]()
