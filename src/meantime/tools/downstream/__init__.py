"""What functions call, on this machine: a delayed API, a server with AWS's protocols, a delay proxy and a relay."""

from __future__ import annotations

from meantime.tools.downstream.api import DelayedAPI
from meantime.tools.downstream.aws import AWSServer, AWSServerError
from meantime.tools.downstream.latency import Latency
from meantime.tools.downstream.proxy import DelayProxy
from meantime.tools.downstream.relay import DelayRelay, RelayedAnswer
from meantime.tools.downstream.statistics import Durations, RequestRecord, Statistics
from meantime.tools.downstream.throttle import Throttle

__all__ = [
    "AWSServer",
    "AWSServerError",
    "DelayProxy",
    "DelayRelay",
    "DelayedAPI",
    "Durations",
    "Latency",
    "RelayedAnswer",
    "RequestRecord",
    "Statistics",
    "Throttle",
]
