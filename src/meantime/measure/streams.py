"""asyncio's streams: connecting and reading are calls of their own where no library's call holds them."""

from __future__ import annotations

from meantime.measure.boundaries import Description, boundary_async
from meantime.measure.session import Active, current
from meantime.measure.sockets import place_text
from meantime.measure.waiting import stands_alone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from meantime.measure.patching import Patches


def install(patches: Patches) -> None:
    """Note streams from now on."""
    patches.when_imported("asyncio.streams", lambda module: _install(patches, module))
    patches.when_imported("asyncio", lambda module: patches.wrap(module, "open_connection", _connecting))


def _install(patches: Patches, module: Any) -> None:
    for name in ("read", "readline", "readexactly", "readuntil"):
        patches.wrap(module.StreamReader, name, _wrapping(name))


def _wrapping(name: str) -> Callable[[Any], Any]:
    def describe(args: tuple[Any, ...], _keywords: dict[str, Any]) -> Description | None:
        session, reader = Active.session, args[0]
        if session is None or getattr(reader, "_buffer", None) or not stands_alone(session, current.get()):
            return None  # what is there already is not waited for
        transport = getattr(reader, "_transport", None)
        address = None if transport is None else transport.get_extra_info("peername")
        target = "" if address is None else place_text(address)
        return Description(f"{name} {target}".rstrip(), "socket", "asyncio", target, has_timeout=False)

    return lambda function: boundary_async(function, describe)


def _connecting(function: Callable[..., Any]) -> Callable[..., Any]:
    def describe(args: tuple[Any, ...], keywords: dict[str, Any]) -> Description | None:
        session = Active.session
        if session is None or not stands_alone(session, current.get()):
            return None
        host, port = (*args, None, None)[:2]
        target = place_text((keywords.get("host", host), keywords.get("port", port)))
        return Description(f"connect {target}", "socket", "asyncio", target, has_timeout=False, waits_for="connect")

    return boundary_async(function, describe)
