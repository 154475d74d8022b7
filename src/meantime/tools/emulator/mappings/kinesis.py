"""A Kinesis data stream as an event source: its shards, and its records as Lambda hands them to a function.

https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from meantime.tools.emulator.mappings.gathering import size_of
from meantime.tools.emulator.mappings.source import Page, Record, Shard, Source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from meantime.tools.emulator.mappings.endpoint import Endpoint
    from meantime.tools.emulator.mappings.source import IteratorType


class KinesisSource(Source):
    """The stream with this ARN."""

    batch_info: ClassVar[str] = "KinesisBatchInfo"
    timespec: ClassVar[Literal["seconds", "milliseconds"]] = "milliseconds"
    read_max: ClassVar[int] = 10_000

    def __init__(self, endpoint: Endpoint, arn: str) -> None:
        super().__init__(arn)
        self._client = endpoint.client("kinesis")

    def shards(self) -> list[Shard]:
        """Return all shards there are, closed ones too."""
        found: list[Shard] = []
        question: dict[str, Any] = {"StreamARN": self.arn}
        while True:
            page = self._client.list_shards(**question)
            found += map(_shard, page["Shards"])
            if not page.get("NextToken"):
                return found
            question = {"NextToken": page["NextToken"]}

    def iterator(
        self, shard_id: str, kind: IteratorType, *, sequence_number: str | None = None, at: datetime | None = None
    ) -> str | None:
        """Return where to read a shard from."""
        more = {} if sequence_number is None else {"StartingSequenceNumber": sequence_number}
        moment = {} if at is None else {"Timestamp": at}
        answer = self._client.get_shard_iterator(
            StreamARN=self.arn, ShardId=shard_id, ShardIteratorType=kind, **more, **moment
        )
        iterator: str | None = answer.get("ShardIterator")
        return iterator

    def read(self, shard_id: str, iterator: str, most: int) -> Page:
        """Read up to so many records."""
        page = self._client.get_records(StreamARN=self.arn, ShardIterator=iterator, Limit=min(most, self.read_max))
        records = tuple(self._record(shard_id, record) for record in page["Records"])
        return Page(records, page.get("NextShardIterator"), behind=bool(page.get("MillisBehindLatest")))

    def _record(self, shard_id: str, record: Mapping[str, Any]) -> Record:
        arrived = round(record["ApproximateArrivalTimestamp"].timestamp(), 3)
        number = record["SequenceNumber"]
        event = {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": record["PartitionKey"],
                "sequenceNumber": number,
                "data": base64.b64encode(record["Data"]).decode(),
                "approximateArrivalTimestamp": arrived,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{shard_id}:{number}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": f"arn:aws:iam::{self.arn.split(':')[4]}:role/lambda-role",
            "awsRegion": self.region,
            "eventSourceARN": self.arn,
        }
        return Record(event, size_of(event), number, arrived, record["PartitionKey"])


def _shard(shard: Mapping[str, Any]) -> Shard:
    parents = tuple(shard[name] for name in ("ParentShardId", "AdjacentParentShardId") if shard.get(name))
    return Shard(shard["ShardId"], parents, closed="EndingSequenceNumber" in shard["SequenceNumberRange"])
