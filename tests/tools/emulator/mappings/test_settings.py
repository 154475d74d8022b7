"""What AWS would not take is refused before anything is read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from meantime.tools.emulator.mappings import SQSMapping, StreamMapping
from meantime.tools.emulator.mappings.settings import QueueSettings, StreamSettings

if TYPE_CHECKING:
    from tests.tools.emulator.conftest import Deploy

QUEUE = "http://127.0.0.1:1/000000000000/queue"
STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
TABLE_STREAM = "arn:aws:dynamodb:us-east-1:000000000000:table/orders/stream/2026-01-01T00:00:00.000"


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"batch_size": 0}, r"batch_size 0 is not in 1\.\.10000"),
        ({"batch_size": 10_001, "batch_window": 1}, "batch_size 10001 is not in"),
        ({"batch_window": 301}, r"batch_window 301 is not in 0\.\.300"),
        ({"batch_window": 0.5}, "batch_window 0.5 is no whole number"),
        ({"maximum_concurrency": 1}, r"maximum_concurrency 1 is not in 2\.\.1000"),
        ({"maximum_concurrency": 1_001}, "maximum_concurrency 1001"),
    ],
)
def test_a_queue_mapping_refuses_what_aws_refuses(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        QueueSettings(**settings)


@pytest.mark.parametrize(
    ("settings", "queue", "complaint"),
    [
        ({"batch_size": 11}, {}, "batch_size 11 needs a batch_window of at least 1 second"),
        ({"batch_size": 11, "batch_window": 1}, {"fifo": True}, "batch_size 11 is above 10, the most of a FIFO queue"),
        ({"batch_window": 1}, {"fifo": True}, "batch_window is not supported for FIFO queues"),
        (
            {},
            {"visibility_timeout": 29, "function_timeout": 30},
            "Queue visibility timeout: 29 seconds is less than Function timeout: 30 seconds",
        ),
    ],
)
def test_some_of_it_depends_on_the_queue(settings: dict[str, Any], queue: dict[str, Any], complaint: str) -> None:
    facts = {"fifo": False, "visibility_timeout": 30, "function_timeout": 3, **queue}

    with pytest.raises(ValueError, match=complaint):
        QueueSettings(**settings).check_queue(**facts)


def test_a_window_that_the_visibility_timeout_does_not_cover_lengthens_it_as_on_aws() -> None:
    def visibility(batch_window: int) -> float:
        return QueueSettings(batch_window=batch_window).visibility(visibility_timeout=30, function_timeout=20)

    assert visibility(0) == 30
    assert visibility(10) == 30
    assert visibility(11) == 11 + 20 + 30


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"batch_size": 10_001}, "batch_size 10001"),
        ({"batch_window": -1}, "batch_window -1"),
        ({"parallelization_factor": 11}, r"parallelization_factor 11 is not in 1\.\.10"),
        ({"maximum_retry_attempts": -2}, "maximum_retry_attempts -2 .* -1 means no limit"),
        ({"maximum_record_age": 59}, r"maximum_record_age 59 is not in 60\.\.604800; -1 means no limit"),
        ({"tumbling_window": 901}, "tumbling_window 901"),
        ({"tumbling_window": 1, "parallelization_factor": 2}, "not emulated together"),
        ({"starting_position": "EARLIEST"}, "neither TRIM_HORIZON nor LATEST nor a datetime"),
        ({"starting_position": datetime(2026, 1, 1)}, "has no time zone"),  # noqa: DTZ001  # just that
        ({"on_failure": "arn:aws:s3:::bucket"}, "the ARN neither of an SQS queue nor of an SNS topic"),
        ({"on_failure": "arn:aws:sqs:us-east-1:000000000000:dead.fifo"}, "standard queues only"),
    ],
)
def test_a_stream_mapping_refuses_what_aws_refuses(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        StreamSettings(**settings)


def test_the_limits_themselves_are_taken() -> None:
    QueueSettings(batch_size=10_000, batch_window=300, maximum_concurrency=2)
    StreamSettings(
        batch_size=10_000,
        batch_window=300,
        parallelization_factor=10,
        maximum_retry_attempts=0,
        maximum_record_age=604_800,
        on_failure="arn:aws:sns:eu-west-1:123456789012:discarded",
        starting_position=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_a_mapping_names_a_stream_that_is_none(deploy: Deploy) -> None:
    function = deploy("def handler(event, context): pass")

    with pytest.raises(ValueError, match="the ARN neither of a Kinesis data stream nor of a table's stream"):
        StreamMapping(function, stream_arn="arn:aws:dynamodb:us-east-1:000000000000:table/orders")
    with pytest.raises(ValueError, match="AT_TIMESTAMP is for Kinesis only"):
        StreamMapping(function, stream_arn=TABLE_STREAM, starting_position=datetime(2026, 1, 1, tzinfo=UTC))


def test_a_mapping_invokes_functions_only() -> None:
    with pytest.raises(TypeError, match=r"a Function or an Emulator, not 'app\.handler'"):
        SQSMapping("app.handler", queue_url=QUEUE)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a Function or an Emulator"):
        StreamMapping(None, stream_arn=STREAM)  # type: ignore[arg-type]
