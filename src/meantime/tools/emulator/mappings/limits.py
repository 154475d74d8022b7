"""What AWS fixes for event source mappings: sizes, times and numbers, each with its source."""

from __future__ import annotations

from typing import Final

QUEUE_BATCH_DEFAULT: Final = 10
STREAM_BATCH_DEFAULT: Final = 100
BATCH_MAX: Final = 10_000
FIFO_BATCH_MAX: Final = 10
BATCH_WITHOUT_WINDOW_MAX: Final = 10
"""Of a queue; above it a batch window is needed.
https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html"""

WINDOW_MAX: Final = 300
"""Seconds. https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html"""

FIRST_CONCURRENCY: Final = 5
GROWTH_PER_MINUTE: Final = 300
CONCURRENCY_MAX: Final = 1_000
"""Batches at once. The page also says 1,250, for accounts with a raised quota.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"""

MAXIMUM_CONCURRENCY_MIN: Final = 2
MAXIMUM_CONCURRENCY_MAX: Final = 1_000
"""https://docs.aws.amazon.com/lambda/latest/api/API_ScalingConfig.html"""

VISIBILITY_ADVISED_TIMES: Final = 6
RECEIVES_ADVISED: Final = 5
WINDOW_VISIBILITY_EXTRA: Final = 30
"""Seconds. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""

RECEIVE_MAX: Final = 10
"""Messages of one call. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html"""

PARALLELIZATION_MAX: Final = 10
RETRIES_MAX: Final = 10_000
RECORD_AGE_MIN: Final = 60
RECORD_AGE_MAX: Final = 604_800
TUMBLING_WINDOW_MAX: Final = 900
"""https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html"""

WINDOW_STATE_MAX_BYTES: Final = 1_048_576
"""https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html"""
