"""What a mapping may be set to, checked as AWS checks it before anything is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from meantime.tools.emulator.mappings import limits

QUEUE_ARN: Final = re.compile(r"arn:[a-z0-9-]+:sqs:([a-z0-9-]+):(\d{12}):([A-Za-z0-9_-]{1,80}(?:\.fifo)?)")
TOPIC_ARN: Final = re.compile(r"arn:[a-z0-9-]+:sns:([a-z0-9-]+):(\d{12}):([A-Za-z0-9_-]{1,256})")


@dataclass(frozen=True, kw_only=True)
class QueueSettings:
    """The settings of a mapping that reads a queue, by AWS's names for them.

    Args:
        batch_size: BatchSize, the most messages of one invocation: 1 to 10,000; of a FIFO queue 1 to 10.
        batch_window: MaximumBatchingWindowInSeconds, whole seconds to gather a batch: 0 to 300.
        maximum_concurrency: MaximumConcurrency, the most batches at once: 2 to 1,000, or None.
        report_batch_item_failures: Whether FunctionResponseTypes has ReportBatchItemFailures.

    Raises:
        ValueError: AWS would not take it; the text says which and why.
    """

    batch_size: int = limits.QUEUE_BATCH_DEFAULT
    batch_window: int = 0
    maximum_concurrency: int | None = None
    report_batch_item_failures: bool = False

    def __post_init__(self) -> None:
        _whole("batch_size", self.batch_size, 1, limits.BATCH_MAX)
        _whole("batch_window", self.batch_window, 0, limits.WINDOW_MAX)
        if self.maximum_concurrency is not None:
            _whole(
                "maximum_concurrency",
                self.maximum_concurrency,
                limits.MAXIMUM_CONCURRENCY_MIN,
                limits.MAXIMUM_CONCURRENCY_MAX,
            )

    def check_queue(self, *, fifo: bool, visibility_timeout: int, function_timeout: float) -> None:
        """Refuse what AWS refuses of this queue and this function.

        Raises:
            ValueError: The text says what, and what to change.
        """
        if fifo and self.batch_size > limits.FIFO_BATCH_MAX:
            raise ValueError(f"batch_size {self.batch_size} is above {limits.FIFO_BATCH_MAX}, the most of a FIFO queue")
        if fifo and self.batch_window:
            raise ValueError("batch_window is not supported for FIFO queues; leave it out")
        if self.batch_size > limits.BATCH_WITHOUT_WINDOW_MAX and not self.batch_window:
            raise ValueError(
                f"batch_size {self.batch_size} needs a batch_window of at least 1 second, as every size above "
                f"{limits.BATCH_WITHOUT_WINDOW_MAX}"
            )
        if visibility_timeout < function_timeout:
            raise ValueError(
                f"Queue visibility timeout: {visibility_timeout} seconds is less than Function timeout: "
                f"{function_timeout:g} seconds. Raise the queue's (AWS advises "
                f"{limits.VISIBILITY_ADVISED_TIMES} times the function's) or lower the function's"
            )

    def visibility(self, *, visibility_timeout: int, function_timeout: float) -> float:
        """Return how many seconds a message is invisible once it is read.

        The queue's own, unless the window and the function's timeout together exceed it: then AWS takes these
        and 30 seconds. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
        """
        needed = self.batch_window + function_timeout
        if self.batch_window and needed > visibility_timeout:
            return needed + limits.WINDOW_VISIBILITY_EXTRA
        return visibility_timeout


@dataclass(frozen=True, kw_only=True)
class StreamSettings:
    """The settings of a mapping that reads a stream, by AWS's names for them.

    Args:
        starting_position: StartingPosition, TRIM_HORIZON or LATEST; a time zone's own datetime is AT_TIMESTAMP,
            which only Kinesis has.
        batch_size: BatchSize, the most records of one invocation: 1 to 10,000.
        batch_window: MaximumBatchingWindowInSeconds, whole seconds to gather a batch: 0 to 300.
        parallelization_factor: ParallelizationFactor, batches of one shard at once: 1 to 10.
        report_batch_item_failures: Whether FunctionResponseTypes has ReportBatchItemFailures.
        bisect_batch_on_function_error: BisectBatchOnFunctionError, whether a failed batch is halved.
        maximum_retry_attempts: MaximumRetryAttempts, 0 to 10,000; -1 for no limit.
        maximum_record_age: MaximumRecordAgeInSeconds, 60 to 604,800; -1 for no limit.
        on_failure: DestinationConfig's OnFailure, the ARN of a queue or topic for what is given up.
        tumbling_window: TumblingWindowInSeconds, 0 to 900; 0 for none.

    Raises:
        ValueError: AWS would not take it; the text says which and why.
    """

    starting_position: Literal["TRIM_HORIZON", "LATEST"] | datetime = "TRIM_HORIZON"
    batch_size: int = limits.STREAM_BATCH_DEFAULT
    batch_window: int = 0
    parallelization_factor: int = 1
    report_batch_item_failures: bool = False
    bisect_batch_on_function_error: bool = False
    maximum_retry_attempts: int = -1
    maximum_record_age: int = -1
    on_failure: str | None = None
    tumbling_window: int = 0

    def __post_init__(self) -> None:
        self._check_position()
        _whole("batch_size", self.batch_size, 1, limits.BATCH_MAX)
        _whole("batch_window", self.batch_window, 0, limits.WINDOW_MAX)
        _whole("parallelization_factor", self.parallelization_factor, 1, limits.PARALLELIZATION_MAX)
        _whole("tumbling_window", self.tumbling_window, 0, limits.TUMBLING_WINDOW_MAX)
        if self.maximum_retry_attempts != -1:
            _whole("maximum_retry_attempts", self.maximum_retry_attempts, 0, limits.RETRIES_MAX, "; -1 means no limit")
        if self.maximum_record_age != -1:
            _whole(
                "maximum_record_age",
                self.maximum_record_age,
                limits.RECORD_AGE_MIN,
                limits.RECORD_AGE_MAX,
                "; -1 means no limit",
            )
        if self.on_failure is not None:
            _check_destination(self.on_failure)
        if self.tumbling_window and self.parallelization_factor > 1:
            raise ValueError("a tumbling_window and a parallelization_factor above 1 are not emulated together")

    def _check_position(self) -> None:
        position = self.starting_position
        if isinstance(position, datetime):
            if position.tzinfo is None:
                raise ValueError(f"starting_position {position} has no time zone; give it one, such as datetime.UTC")
        elif position not in ("TRIM_HORIZON", "LATEST"):
            raise ValueError(f"starting_position {position!r} is neither TRIM_HORIZON nor LATEST nor a datetime")


def _whole(name: str, value: int, least: int, most: int, more: str = "") -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{name} {value!r} is no whole number")  # noqa: TRY004  # one type for all bad settings
    if not least <= value <= most:
        raise ValueError(f"{name} {value} is not in {least}..{most}{more}")


def _check_destination(arn: str) -> None:
    if queue := QUEUE_ARN.fullmatch(arn):
        if queue[3].endswith(".fifo"):
            raise ValueError(f"on_failure {arn} is a FIFO queue; AWS takes standard queues only")
    elif not TOPIC_ARN.fullmatch(arn):
        raise ValueError(f"on_failure {arn!r} is the ARN neither of an SQS queue nor of an SNS topic")
