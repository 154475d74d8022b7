"""Runs a Lambda function on this machine the way Lambda would: cold, warm, frozen, limited, cut off."""

from __future__ import annotations

from meantime.tools.emulator.emulator import AsyncEmulator, Emulator
from meantime.tools.emulator.errors import (
    ClosedError,
    EmulatorError,
    MechanismUnavailableError,
    RequestTooLargeError,
    TooManyRequestsError,
)
from meantime.tools.emulator.function import Function
from meantime.tools.emulator.invocation import FunctionError, Invocation
from meantime.tools.emulator.mechanisms import Mechanisms
from meantime.tools.emulator.streaming import AsyncResponseStream, Piece, ResponseStream

__all__ = [
    "AsyncEmulator",
    "AsyncResponseStream",
    "ClosedError",
    "Emulator",
    "EmulatorError",
    "Function",
    "FunctionError",
    "Invocation",
    "MechanismUnavailableError",
    "Mechanisms",
    "Piece",
    "RequestTooLargeError",
    "ResponseStream",
    "TooManyRequestsError",
]
