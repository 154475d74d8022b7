"""What all clients have in common: their defaults, the check of their keywords, the library that must be there."""

from __future__ import annotations

import socket

from meantime.executors.arguments import check_limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

# A connection inside a region is there in milliseconds; 2 s leave room for one lost packet and the one after.
CONNECT_TIMEOUT = 2.0

# As long as API Gateway itself waits by default, so that no answer that somebody may still wait for is given up.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
READ_TIMEOUT = 30.0

# Below the 60 s after which AWS's load balancers close an idle connection.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html
MAX_IDLE = 55.0

# A NAT gateway forgets a connection that was silent for 350 s, and Linux first asks after two hours.
# https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html
KEEP_ALIVE = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
if hasattr(socket, "TCP_KEEPIDLE"):
    KEEP_ALIVE.append((socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60))
    KEEP_ALIVE.append((socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 30))


def check(max_concurrency: int, connect_timeout: float, read_timeout: float) -> None:
    """Raise TypeError or ValueError unless all three are usable."""
    check_limits(max_concurrency, None)
    for name, seconds in (("connect_timeout", connect_timeout), ("read_timeout", read_timeout)):
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
            raise TypeError(f"{name} must be a number of seconds, got {seconds!r}")
        if not seconds > 0:
            raise ValueError(f"{name} must be above 0 seconds, got {seconds}: no call could ever succeed")


def library(name: str) -> ModuleType:
    """The library of this name, loaded.

    Raises:
        ModuleNotFoundError: It is not installed; says what to install.
    """
    from importlib import import_module  # noqa: PLC0415  # loaded with the library at the latest

    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise  # it is installed, and lacks something itself
        raise ModuleNotFoundError(
            f"clients.{name}: {name} is not installed; pip install {name}", name=name, path=error.path
        ) from None
