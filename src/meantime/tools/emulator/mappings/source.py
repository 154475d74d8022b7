"""What the pollers of streams ask of a stream, whichever service it is of: its shards, and their records."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

IteratorType = Literal["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP", "AFTER_SEQUENCE_NUMBER"]


@dataclass(frozen=True)
class Shard:
    """One shard.

    Args:
        shard_id: Its name.
        parents: The shards that it came from, by a split or a merge.
        closed: Whether it takes no more records.
    """

    shard_id: str
    parents: tuple[str, ...] = ()
    closed: bool = False


@dataclass(frozen=True)
class Record:
    """One record.

    Args:
        event: What the function finds in `Records`.
        size: Bytes that takes of the event.
        sequence_number: What the function names it by.
        arrived: When it came into the stream, in seconds since 1970.
        key: What its order is bound to: the partition key, or the item's key.
    """

    event: Mapping[str, Any]
    size: int
    sequence_number: str
    arrived: float
    key: str


@dataclass(frozen=True)
class Page:
    """What one read gave.

    Args:
        records: In the shard's order.
        next_iterator: Where to read on; None at the end of a closed shard.
        behind: Whether the service says that there is more to be read now.
    """

    records: tuple[Record, ...]
    next_iterator: str | None
    behind: bool


class Source(ABC):
    """One stream. Its methods block, and may be called from several threads.

    Attributes:
        batch_info: What the document of a discarded batch calls its part about the stream.
        timespec: How exactly that document tells times.
        read_max: The most records of one read.
    """

    batch_info: ClassVar[str]
    timespec: ClassVar[Literal["seconds", "milliseconds"]]
    read_max: ClassVar[int]

    def __init__(self, arn: str) -> None:
        self.arn = arn
        self.region = arn.split(":")[3]

    @abstractmethod
    def shards(self) -> list[Shard]:
        """Return all shards there are."""

    @abstractmethod
    def iterator(
        self, shard_id: str, kind: IteratorType, *, sequence_number: str | None = None, at: datetime | None = None
    ) -> str | None:
        """Return where to read a shard from; None if there is nothing to be read."""

    @abstractmethod
    def read(self, shard_id: str, iterator: str, most: int) -> Page:
        """Read up to so many records."""

    def when(self, arrived: float) -> str:
        """Return a record's time as the document of a discarded batch tells it."""
        return datetime.fromtimestamp(arrived, UTC).isoformat(timespec=self.timespec).replace("+00:00", "Z")
