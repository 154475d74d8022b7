"""What AWS fixes for every function: sizes, times and shares, each with its source."""

from __future__ import annotations

from typing import Final

MEMORY_MIN_MB: Final = 128
MEMORY_MAX_MB: Final = 10_240
"""https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"""

TIMEOUT_MAX: Final = 900.0
"""Seconds. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

INIT_TIMEOUT: Final = 10.0
"""Seconds. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""

RESTORE_TIMEOUT: Final = 10.0
"""Seconds. https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html"""

MEMORY_MB_PER_CORE: Final = 1_769
"""One vCPU's worth of memory. https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"""

VARIABLES_MAX_BYTES: Final = 4_096
"""Of all environment variables, as JSON. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

REQUEST_MAX_BYTES: Final = 6_291_456
"""Of one synchronous event. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

RESPONSE_MAX_BYTES: Final = 6_291_556
"""Of one buffered answer: `interop.MaxPayloadSize` in aws/aws-lambda-runtime-interface-emulator."""

STREAM_MAX_BYTES: Final = 200 * 1024 * 1024
"""Of one streamed answer. https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html"""

STREAM_UNCAPPED_BYTES: Final = 6 * 1024 * 1024
"""Of one streamed answer, sent as fast as it comes: same page."""

STREAM_BYTES_PER_SECOND: Final = 2 * 1024 * 1024
"""At which the rest of it is sent: same page."""


def cpu_share(memory_mb: int) -> float:
    """Return how many cores a function with this much memory gets; 1.0 is one whole core."""
    return memory_mb / MEMORY_MB_PER_CORE
