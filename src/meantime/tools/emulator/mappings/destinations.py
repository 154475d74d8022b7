"""Where the records go that a stream's mapping gives up: the document about them, as AWS sends it, and its sending.

https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html and
https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html. The document names the records; it does
not hold them.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from meantime import clock
from meantime.tools.emulator.function import VERSION
from meantime.tools.emulator.mappings.endpoint import CALL_ERRORS, source_error
from meantime.tools.emulator.mappings.queue import queue_url
from meantime.tools.emulator.mappings.settings import QUEUE_ARN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from meantime.tools.emulator.invocation import Invocation
    from meantime.tools.emulator.mappings.endpoint import Endpoint
    from meantime.tools.emulator.mappings.source import Record, Source


class Condition(StrEnum):
    """Why records were given up."""

    RETRIES_EXHAUSTED = "RetryAttemptsExhausted"
    TOO_OLD = "RecordAgeExceeded"


class Destination:
    """A queue or a topic. Blocks; may be called from several threads.

    Raises:
        SourceError: There is no such queue or topic.
    """

    def __init__(self, endpoint: Endpoint, arn: str) -> None:
        self.arn = arn
        self._sqs = endpoint.client("sqs") if QUEUE_ARN.fullmatch(arn) else None
        self._url = queue_url(self._sqs, arn) if self._sqs else ""
        if self._sqs is None:
            self._sns = endpoint.client("sns")
            try:
                self._sns.get_topic_attributes(TopicArn=arn)
            except CALL_ERRORS as error:
                raise source_error(f"topic {arn} cannot be found", error) from error

    def send(self, document: Mapping[str, Any]) -> None:
        """Send one document."""
        text = json.dumps(document)
        if self._sqs is not None:
            self._sqs.send_message(QueueUrl=self._url, MessageBody=text)
        else:
            self._sns.publish(TopicArn=self.arn, Message=text)


def document(
    source: Source,
    shard_id: str,
    records: Sequence[Record],
    *,
    function_arn: str,
    condition: Condition,
    invocation: Invocation | None,
    invocations: int,
) -> dict[str, Any]:
    """Return what AWS tells about records that were given up.

    Args:
        source: The stream they are of.
        shard_id: And the shard.
        records: The records, in order.
        function_arn: The function that they were for.
        condition: Why they were given up.
        invocation: The last invocation with them, if there was one.
        invocations: How many there were.
    """
    about: dict[str, Any] = {
        "requestContext": {
            "requestId": invocation.request_id if invocation else str(uuid.uuid4()),
            "functionArn": function_arn,
            "condition": condition.value,
            "approximateInvokeCount": invocations,
        }
    }
    if invocation:
        about["responseContext"] = {
            "statusCode": 200,
            "executedVersion": VERSION,
            "functionError": invocation.error.status if invocation.error else None,
        }
    now = datetime.fromtimestamp(clock.wall(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        **about,
        "version": "1.0",
        "timestamp": now,
        source.batch_info: {
            "shardId": shard_id,
            "startSequenceNumber": records[0].sequence_number,
            "endSequenceNumber": records[-1].sequence_number,
            "approximateArrivalOfFirstRecord": source.when(records[0].arrived),
            "approximateArrivalOfLastRecord": source.when(records[-1].arrived),
            "batchSize": len(records),
            "streamArn": source.arn,
        },
    }
