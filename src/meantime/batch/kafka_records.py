"""Records of Kafka topics, on Amazon MSK or one's own cluster, and the decorator for a function of one record.

https://docs.aws.amazon.com/lambda/latest/dg/with-kafka.html. What an answer names a record by, and that any other name
is a failure of the whole batch: https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html. An older
text of that page has `topic-partition` where it has `partition` today, as Powertools has.
"""

from __future__ import annotations

from meantime.batch.decorator import BatchDecorator
from meantime.batch.records import Record
from meantime.batch.sources import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from typing import Any


class KafkaRecord(Record):
    """One record of a topic."""

    __slots__ = ()

    @property
    def value(self) -> bytes | None:
        """What the producer put in; None for a tombstone."""
        return _decoded(self.raw.get("value"))

    @property
    def payload(self) -> bytes:
        """The value."""
        return self.value or b""

    @property
    def text(self) -> str:
        """The value as UTF-8."""
        return self.payload.decode()

    def json(self) -> Any:
        """The value, decoded from JSON."""
        import json  # noqa: PLC0415  # only where it is asked for

        return json.loads(self.payload)

    @property
    def key(self) -> bytes | None:
        """What the producer gave it; the records of one key come in order."""
        return _decoded(self.raw.get("key"))

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """The headers, in their order; a name may be there more than once."""
        given = self.raw.get("headers") or ()
        # A byte is a signed number there.
        return [(name, bytes(byte & 0xFF for byte in value)) for header in given for name, value in header.items()]

    @property
    def topic(self) -> str:
        """The topic."""
        return self.raw["topic"]  # type: ignore[no-any-return]  # as AWS hands it over

    @property
    def partition(self) -> int:
        """The topic's partition."""
        return int(self.raw["partition"])

    @property
    def offset(self) -> int:
        """Its place in the partition."""
        return int(self.raw["offset"])

    @property
    def created_at(self) -> float:
        """Its timestamp, in seconds since 1970: the producer's, or the time at which the broker got it."""
        return int(self.raw["timestamp"]) / 1000

    @property
    def topic_partition(self) -> str:
        """Topic and partition, as AWS writes them: `orders-0`."""
        return f"{self.raw['topic']}-{self.raw['partition']}"

    @property
    def identifier(self) -> str:
        """Topic, partition and offset, as `orders-0@42`."""
        return f"{self.topic_partition}@{self.raw['offset']}"


class _Topics(Source):
    """Kafka: one after another within a key of a partition, and those without a key within their partition."""

    name = "kafka"
    service = "Kafka"
    record = KafkaRecord
    markers = ("aws:kafka", "SelfManagedKafka")
    identified_by = "topic, partition and offset"

    def identifier_of(self, raw: dict[str, Any]) -> str:
        return f"{raw['topic']}-{int(raw['partition'])}@{int(raw['offset'])}"

    def keys(self, records: Sequence[KafkaRecord]) -> list[Hashable]:
        return [(record.topic_partition, record.raw.get("key")) for record in records]

    def named(self, record: KafkaRecord) -> dict[str, str | int]:
        return {"partition": record.topic_partition, "offset": record.offset}

    def raw_records(self, event: Any) -> list[dict[str, Any]]:
        found = event.get("records") if isinstance(event, dict) else None
        if not isinstance(found, dict) or event.get("eventSource") not in (*self.markers, None):
            raise self.wrong(event)
        return [raw for raws in found.values() for raw in raws]


def _decoded(text: str | None) -> bytes | None:
    if text is None:
        return None
    from binascii import a2b_base64  # noqa: PLC0415  # only where it is asked for

    return a2b_base64(text)


kafka: BatchDecorator[KafkaRecord] = BatchDecorator(_Topics())
