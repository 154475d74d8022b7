"""What makes the calls of an aiohttp session end at the deadline of the invocation: a middleware."""

from __future__ import annotations

import asyncio
import socket
from functools import partial

from meantime import clock
from meantime.clients.ending import cut_off, described
from meantime.clients.scope import UntilDeadline
from meantime.clients.settings import KEEP_ALIVE
from meantime.deadline import current_deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse


async def within_deadline(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Send one request, and begin to read the answer; its body has until the deadline, too."""
    async with UntilDeadline(lambda: described(request.method, str(request.url))):
        response = await handler(request)
    deadline = current_deadline()
    connection = response.connection  # None: all of the answer is here
    if deadline is not None and connection is not None:
        end = partial(_end, response, clock.monotonic())
        connection.add_callback(clock.call_at(asyncio.get_running_loop(), deadline.at, end).cancel)
    return response


def _end(response: ClientResponse, started: float) -> None:
    """Tell whoever reads the body that the time is used up."""
    call = f"the body of {described(response.method, str(response.url))}"
    response.content.set_exception(cut_off(call, started))


def keep_alive_socket(address: tuple[Any, Any, Any, Any, Any]) -> socket.socket:
    """A socket that asks, now and then, whether the other side is still there."""
    family, kind, protocol = address[:3]
    made = socket.socket(family, kind, protocol)
    for option in KEEP_ALIVE:
        made.setsockopt(*option)
    return made
