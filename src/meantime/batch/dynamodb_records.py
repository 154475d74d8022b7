"""Records of DynamoDB streams, and the decorator for a function of one record.

https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
"""

from __future__ import annotations

from meantime.batch.decorator import BatchDecorator
from meantime.batch.records import Record
from meantime.batch.sources import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from typing import Any, Literal

_MISSING: Any = object()

# Who deletes what has expired: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
_TIME_TO_LIVE = "dynamodb.amazonaws.com"


class DynamoDBRecord(Record):
    """One change of an item. The attributes are plain Python values, by the rules of boto3's deserializer."""

    __slots__ = ("_keys", "_new_image", "_old_image")

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self._keys = self._new_image = self._old_image = _MISSING

    @property
    def event_name(self) -> Literal["INSERT", "MODIFY", "REMOVE"]:
        """What happened to the item."""
        return self.raw["eventName"]  # type: ignore[no-any-return]  # as AWS hands it over

    @property
    def keys(self) -> dict[str, Any]:
        """The item's primary key."""
        if self._keys is _MISSING:
            self._keys = self._decoded("Keys") or {}
        return self._keys  # type: ignore[no-any-return]  # decoded

    @property
    def new_image(self) -> dict[str, Any] | None:
        """The item as it is now; None if it was removed, or the stream does not carry it."""
        if self._new_image is _MISSING:
            self._new_image = self._decoded("NewImage")
        return self._new_image  # type: ignore[no-any-return]  # decoded

    @property
    def old_image(self) -> dict[str, Any] | None:
        """The item as it was; None if it is new, or the stream does not carry it."""
        if self._old_image is _MISSING:
            self._old_image = self._decoded("OldImage")
        return self._old_image  # type: ignore[no-any-return]  # decoded

    @property
    def payload(self) -> dict[str, Any] | None:
        """The item as it is now, or as it was if it was removed."""
        return self.new_image if self.new_image is not None else self.old_image

    @property
    def sequence_number(self) -> str:
        """Its number in the shard, which is a large one, as text."""
        return self.raw["dynamodb"]["SequenceNumber"]  # type: ignore[no-any-return]  # as AWS hands it over

    identifier = sequence_number

    @property
    def arrived_at(self) -> float:
        """When the item was changed, in seconds since 1970; to the second, as the stream has it."""
        return float(self.raw["dynamodb"]["ApproximateCreationDateTime"])

    @property
    def has_expired(self) -> bool:
        """Whether the item was removed by its time to live, and not by somebody."""
        identity = self.raw.get("userIdentity") or {}
        return identity.get("principalId") == _TIME_TO_LIVE

    def _decoded(self, part: str) -> dict[str, Any] | None:
        from meantime.batch.dynamodb_values import plain_item  # noqa: PLC0415  # only where it is asked for

        item = self.raw["dynamodb"].get(part)
        return None if item is None else plain_item(item)

    def __reduce__(self) -> tuple[type[DynamoDBRecord], tuple[dict[str, Any]]]:
        return DynamoDBRecord, (self.raw,)  # what was decoded, a child process decodes for itself


class _Stream(Source):
    """DynamoDB streams: one after another for an item."""

    name = "dynamodb"
    service = "a DynamoDB stream"
    record = DynamoDBRecord
    markers = ("aws:dynamodb",)
    identified_by = "dynamodb.SequenceNumber"
    goes_back = True
    has_windows = True

    def identifier_of(self, raw: dict[str, Any]) -> str:
        return raw["dynamodb"]["SequenceNumber"]  # type: ignore[no-any-return]  # as AWS hands it over

    def keys(self, records: Sequence[DynamoDBRecord]) -> list[Hashable]:
        return [_item_key(record.raw["dynamodb"].get("Keys") or {}) for record in records]


def _item_key(keys: dict[str, Any]) -> Hashable:
    """The item's primary key as it stands in the event, where DynamoDB writes equal values alike."""
    return tuple(sorted((name, *value.items()) for name, value in keys.items()))


dynamodb: BatchDecorator[DynamoDBRecord] = BatchDecorator(_Stream())
