"""In which order the shards of a stream are read: a shard that came from others, after them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meantime.tools.emulator.mappings.source import Shard


class Shards:
    """The shards known so far, and how far each is.

    Args:
        latest: Whether only what comes from now on is to be read: shards that are closed already are not.
    """

    def __init__(self, *, latest: bool) -> None:
        self._latest = latest
        self._known: dict[str, Shard] = {}
        self._first: frozenset[str] | None = None
        self._begun: set[str] = set()
        self._done: set[str] = set()

    def found(self, shards: Sequence[Shard]) -> None:
        """Learn which shards there are now; those that are no longer among them were trimmed away."""
        if self._first is None:
            self._first = frozenset(shard.shard_id for shard in shards)
            if self._latest:
                self._done |= {shard.shard_id for shard in shards if shard.closed}
        self._known.update({shard.shard_id: shard for shard in shards})
        there = {shard.shard_id for shard in shards}
        self._done |= {shard_id for shard_id in self._known if shard_id not in there | self._begun}

    def ready(self) -> list[Shard]:
        """Return the shards that may be read now and are not yet."""
        return [
            shard
            for shard in self._known.values()
            if shard.shard_id not in self._begun | self._done
            and all(parent in self._done or parent not in self._known for parent in shard.parents)
        ]

    def begun(self, shard: Shard) -> None:
        """This shard is being read."""
        self._begun.add(shard.shard_id)

    def done(self, shard: Shard) -> None:
        """This shard was read and processed to its end."""
        self._done.add(shard.shard_id)

    def from_the_start(self, shard: Shard) -> bool:
        """Whether a shard came into being only after the mapping, so that all of it is new."""
        return self._first is not None and shard.shard_id not in self._first

    @property
    def all_begun(self) -> bool:
        """Whether there is no shard left that is not being read or done."""
        return self._begun | self._done >= self._known.keys()
