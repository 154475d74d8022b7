"""The order in which records may begin: side by side across keys, one after another within a key.

No worker ever waits for a record to become ready. A record that is done with makes one other ready at most, the next of
its key, and whoever has done it is free for that. So a worker that finds nothing may end.
"""

from __future__ import annotations

from heapq import heappop, heappush
from threading import Lock

from meantime.executors.underway import NothingReady

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from meantime.batch.records import Record


class Order:
    """Gives out the records that may begin, the earliest first; an iterator for the workers of one fan-out.

    The rest of a key is held back once one of its records has failed. Where the source goes back to the first failure,
    nothing behind that is begun any more: it would only be done again.

    Args:
        records: All of them, in the batch's order.
        keys: The key of each.
        goes_back: Whether the source goes back to the first failure.

    Attributes:
        keys: The key of each record.
        width: How many keys there are: more records can never be under way.
        taken: The positions of the records that were given out, in that order.
    """

    def __init__(self, records: Sequence[Record], keys: Sequence[Hashable], *, goes_back: bool) -> None:
        self.keys = keys
        self._records = records
        self._goes_back = goes_back
        self._followers, self._ready = _chained(keys)  # those ready are a heap, since their positions ascend
        self.width = len(self._ready)
        self.taken: list[int] = []
        self._under_way = 0
        self._end = len(records)  # from this position on nothing is begun
        self._lock = Lock()

    def __iter__(self) -> Order:
        return self

    def __next__(self) -> Record:
        with self._lock:
            if self._ready and self._ready[0] < self._end:
                position = heappop(self._ready)
                self.taken.append(position)
                self._under_way += 1
                return self._records[position]
            if self._under_way and self._end:
                raise NothingReady
            raise StopIteration

    def done(self, index: int, *, failed: bool) -> None:
        """Note what became of the record that was given out as number `index`."""
        position = self.taken[index]
        with self._lock:
            self._under_way -= 1
            if not failed:
                follower = self._followers[position]
                if follower:
                    heappush(self._ready, follower)
            elif self._goes_back and position < self._end:
                self._end = position

    def stop(self) -> None:
        """Give out no further record."""
        with self._lock:
            self._end = 0

    def forget_cut_off(self) -> None:
        """What was given out and not done never will be."""
        with self._lock:
            self._under_way = 0


def _chained(keys: Sequence[Hashable]) -> tuple[list[int], list[int]]:
    """The position of the next record of the same key for each, 0 for none; and the first position of each key."""
    followers = [0] * len(keys)
    last: dict[Hashable, int] = {}
    first = []
    for position, key in enumerate(keys):
        before = last.get(key)
        if before is None:
            first.append(position)
        else:
            followers[before] = position
        last[key] = position
    return followers, first
