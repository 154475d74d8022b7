"""An HTTP port before the emulator, which stands for a function URL, an API Gateway, a load balancer or VPC Lattice."""

from __future__ import annotations

from meantime.tools.emulator.http.alb import Alb, AlbMultiValue
from meantime.tools.emulator.http.api_gateway_v1 import ApiGatewayV1
from meantime.tools.emulator.http.api_gateway_v2 import ApiGatewayV2
from meantime.tools.emulator.http.exchange import Exchange
from meantime.tools.emulator.http.front import HttpFront
from meantime.tools.emulator.http.function_url import FunctionUrl
from meantime.tools.emulator.http.http_api_payload_v1 import HttpApiPayloadV1
from meantime.tools.emulator.http.request import Request
from meantime.tools.emulator.http.response import Fault, MalformedAnswerError, Response
from meantime.tools.emulator.http.source import Source
from meantime.tools.emulator.http.vpc_lattice import VpcLatticeV1, VpcLatticeV2

__all__ = [
    "Alb",
    "AlbMultiValue",
    "ApiGatewayV1",
    "ApiGatewayV2",
    "Exchange",
    "Fault",
    "FunctionUrl",
    "HttpApiPayloadV1",
    "HttpFront",
    "MalformedAnswerError",
    "Request",
    "Response",
    "Source",
    "VpcLatticeV1",
    "VpcLatticeV2",
]
