"""A DynamoDB stream as an event source: its shards, and its records as Lambda hands them to a function.

https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from meantime.tools.emulator.mappings.gathering import size_of
from meantime.tools.emulator.mappings.source import Page, Record, Shard, Source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from meantime.tools.emulator.mappings.endpoint import Endpoint
    from meantime.tools.emulator.mappings.source import IteratorType


class DynamoDBSource(Source):
    """The stream with this ARN."""

    batch_info: ClassVar[str] = "DDBStreamBatchInfo"
    timespec: ClassVar[Literal["seconds", "milliseconds"]] = "seconds"
    read_max: ClassVar[int] = 1_000

    def __init__(self, endpoint: Endpoint, arn: str) -> None:
        super().__init__(arn)
        self._client = endpoint.client("dynamodbstreams")

    def shards(self) -> list[Shard]:
        """Return all shards there are, closed ones too."""
        found: list[Shard] = []
        after: dict[str, Any] = {}
        while True:
            page = self._client.describe_stream(StreamArn=self.arn, **after)["StreamDescription"]
            found += map(_shard, page["Shards"])
            if not page.get("LastEvaluatedShardId"):
                return found
            after = {"ExclusiveStartShardId": page["LastEvaluatedShardId"]}

    def iterator(
        self,
        shard_id: str,
        kind: IteratorType,
        *,
        sequence_number: str | None = None,
        at: datetime | None = None,  # noqa: ARG002  # DynamoDB has no AT_TIMESTAMP, which is refused before
    ) -> str | None:
        """Return where to read a shard from."""
        more = {} if sequence_number is None else {"SequenceNumber": sequence_number}
        answer = self._client.get_shard_iterator(StreamArn=self.arn, ShardId=shard_id, ShardIteratorType=kind, **more)
        iterator: str | None = answer.get("ShardIterator")
        return iterator

    def read(self, shard_id: str, iterator: str, most: int) -> Page:  # noqa: ARG002  # its records do not tell the shard
        """Read up to so many records."""
        page = self._client.get_records(ShardIterator=iterator, Limit=min(most, self.read_max))
        records = tuple(self._record(record) for record in page["Records"])
        return Page(records, page.get("NextShardIterator"), behind=False)

    def _record(self, record: Mapping[str, Any]) -> Record:
        change = dict(record["dynamodb"])
        arrived = change["ApproximateCreationDateTime"].timestamp()
        change["ApproximateCreationDateTime"] = int(arrived) if arrived == int(arrived) else arrived
        for name in ("Keys", "NewImage", "OldImage"):
            if name in change:
                change[name] = {attribute: _value(value) for attribute, value in change[name].items()}
        event = {
            **{name: record[name] for name in ("eventID", "eventName", "eventVersion", "eventSource", "awsRegion")},
            "dynamodb": change,
            "eventSourceARN": self.arn,
        }
        if identity := record.get("userIdentity"):
            event["userIdentity"] = {"type": identity.get("Type"), "principalId": identity.get("PrincipalId")}
        key = json.dumps(change["Keys"], sort_keys=True)
        return Record(event, size_of(event), change["SequenceNumber"], arrived, key)


def _value(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return an attribute's value as JSON has it: bytes become base64."""
    ((kind, content),) = value.items()
    match kind:
        case "B":
            content = base64.b64encode(content).decode()
        case "BS":
            content = [base64.b64encode(each).decode() for each in content]
        case "L":
            content = [_value(each) for each in content]
        case "M":
            content = {name: _value(each) for name, each in content.items()}
    return {kind: content}


def _shard(shard: Mapping[str, Any]) -> Shard:
    parent = shard.get("ParentShardId")
    closed = "EndingSequenceNumber" in shard.get("SequenceNumberRange", {})
    return Shard(shard["ShardId"], (parent,) if parent else (), closed)
