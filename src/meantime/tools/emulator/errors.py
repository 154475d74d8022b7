"""Every exception that the emulator itself can raise; a function's own failures are answers, not exceptions."""

from __future__ import annotations

from typing import Final


class EmulatorError(Exception):
    """The emulator could not do what was asked of it."""


class ClosedError(EmulatorError):
    """The emulator is closed, or was closed while the invocation was under way."""


class MechanismUnavailableError(EmulatorError):
    """A way to freeze, or to limit CPU or memory, was asked for by name and this machine lacks it."""


class TooManyRequestsError(EmulatorError):
    """The function is at its reserved concurrency; AWS answers HTTP 429 `TooManyRequestsException`.

    Source: the answer recorded from AWS for a function whose reserved concurrency is used up.
    """

    status_code: Final = 429
    code: Final = "TooManyRequestsException"
    reason: Final = "ReservedFunctionConcurrentInvocationLimitExceeded"

    def __init__(self, function_name: str, reserved_concurrency: int) -> None:
        super().__init__(
            f"Rate Exceeded. {function_name} already runs {reserved_concurrency} invocation(s), its reserved "
            f"concurrency; retry later or reserve more ({self.code}, {self.reason})"
        )
        self.function_name = function_name
        self.reserved_concurrency = reserved_concurrency


class RequestTooLargeError(EmulatorError):
    """The event is larger than AWS takes; it answers HTTP 413 `RequestTooLargeException`."""

    status_code: Final = 413
    code: Final = "RequestEntityTooLargeException"

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"the event has {size} bytes of JSON and AWS takes at most {limit} ({self.code})")
        self.size = size
        self.limit = limit
