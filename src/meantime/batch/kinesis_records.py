"""Records of Kinesis data streams, and the decorator for a function of one record.

https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
"""

from __future__ import annotations

from meantime.batch.decorator import BatchDecorator
from meantime.batch.records import Record
from meantime.batch.sources import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from typing import Any


class KinesisRecord(Record):
    """One record of a data stream. What the producer library has put together in one record stays together."""

    __slots__ = ("_data",)

    _data: bytes

    @property
    def data(self) -> bytes:
        """What the producer put in."""
        try:
            return self._data
        except AttributeError:
            from binascii import a2b_base64  # noqa: PLC0415  # only where it is asked for

            self._data = a2b_base64(self.raw["kinesis"]["data"])
            return self._data

    @property
    def payload(self) -> bytes:
        """The data."""
        return self.data

    @property
    def text(self) -> str:
        """The data as UTF-8."""
        return self.data.decode()

    def json(self) -> Any:
        """The data, decoded from JSON."""
        import json  # noqa: PLC0415  # only where it is asked for

        return json.loads(self.data)

    @property
    def partition_key(self) -> str:
        """What the producer gave it; the records of one key come in order."""
        return self.raw["kinesis"]["partitionKey"]  # type: ignore[no-any-return]  # as AWS hands it over

    @property
    def sequence_number(self) -> str:
        """Its number in the shard, which is a large one, as text."""
        return self.raw["kinesis"]["sequenceNumber"]  # type: ignore[no-any-return]  # as AWS hands it over

    identifier = sequence_number

    @property
    def shard_id(self) -> str:
        """The shard that it comes from."""
        return str(self.raw.get("eventID", "")).partition(":")[0]

    @property
    def arrived_at(self) -> float:
        """When the stream got it, in seconds since 1970."""
        return float(self.raw["kinesis"]["approximateArrivalTimestamp"])


class _Stream(Source):
    """Kinesis: one after another within a partition key."""

    name = "kinesis"
    service = "Kinesis"
    record = KinesisRecord
    markers = ("aws:kinesis",)
    identified_by = "kinesis.sequenceNumber"
    goes_back = True
    has_windows = True

    def identifier_of(self, raw: dict[str, Any]) -> str:
        return raw["kinesis"]["sequenceNumber"]  # type: ignore[no-any-return]  # as AWS hands it over

    def keys(self, records: Sequence[KinesisRecord]) -> list[Hashable]:
        return [record.raw["kinesis"].get("partitionKey") for record in records]


kinesis: BatchDecorator[KinesisRecord] = BatchDecorator(_Stream())
