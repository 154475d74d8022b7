"""What an event source is: whose records, by what they are known, in which order, and what an answer to it names."""

from __future__ import annotations

from meantime.callables import shown
from meantime.errors import WrongEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from typing import Any

    from meantime.batch.records import Record


class Source:
    """One event source; each has a class of its own.

    Attributes:
        name: That of its decorator.
        service: AWS's name for it.
        noun: What its records are called.
        record: Their class.
        markers: What such records have for `eventSource`.
        identified_by: Where in a raw record its identifier is.
        goes_back: Whether AWS takes back everything from the first record on that is named, as streams do.
        has_windows: Whether there can be tumbling windows.
    """

    name: str
    service: str
    noun = "record"
    record: type[Record]
    markers: tuple[str, ...]
    identified_by: str
    goes_back = False
    has_windows = False

    def identifier_of(self, raw: dict[str, Any]) -> str:
        """By what AWS knows this raw record.

        Raises:
            KeyError: It has none.
            TypeError: It is no such record.
        """
        raise NotImplementedError  # every source has its own

    def keys(self, records: Sequence[Any]) -> list[Hashable] | None:
        """What the order of each record is bound to; those of one key go one after another. None: nothing is."""
        raise NotImplementedError  # likewise

    def named(self, record: Any) -> Any:
        """What an answer names the record by."""
        return record.identifier

    def raw_records(self, event: Any) -> list[dict[str, Any]]:
        """The records that the event holds, as they are.

        Raises:
            WrongEvent: It is no event of this source.
        """
        found = event.get("Records") if isinstance(event, dict) else None
        if not isinstance(found, list):
            raise self.wrong(event)
        try:
            sources = {raw.get("eventSource") for raw in found}
        except AttributeError:
            raise self.wrong(event) from None
        if not sources.issubset((*self.markers, None)):  # made by hand for a test, one may have none
            raise self.wrong(event)
        return found

    def records(self, event: Any) -> list[Record]:
        """The records of the batch. What is in it twice is taken to be one record.

        Raises:
            WrongEvent: It is no batch of this source, or one of the records has no identifier.
        """
        raws = self.raw_records(event)
        try:
            identifiers = [self.identifier_of(raw) for raw in raws]
        except (KeyError, TypeError):
            raise self._without_identifier(event, raws) from None
        if not all(identifiers) or not {str}.issuperset(map(type, identifiers)):
            raise self._without_identifier(event, raws)
        if len(set(identifiers)) < len(raws):
            raws = self._once(raws, identifiers)
        make = self.record
        return [make(raw) for raw in raws]

    def wrong(self, event: Any) -> WrongEvent:
        """The error for an event that is none of this source."""
        from meantime.event_kinds import advice, looks_like  # noqa: PLC0415  # the good path must not pay for it

        words, taker = looks_like(event)
        if taker == f"batch.{self.name}":  # it says that it is one
            return WrongEvent(
                f"meantime.batch.{self.name} takes a batch of {self.service}, and {self._misfit(event)}. AWS "
                "hands over no such event: in a test, meantime.testing makes true ones.",
                words,
            )
        return WrongEvent(
            f"meantime.batch.{self.name} takes a batch of {self.service}, and this event is {words}: {advice(taker)}",
            words,
        )

    def _misfit(self, event: Any) -> str:
        """What is wrong with an event that seems to be of this source."""
        records = event.get("Records")
        for position, raw in enumerate(records if isinstance(records, list) else ()):
            source = raw.get("eventSource") if isinstance(raw, dict) else None
            if source not in self.markers:
                what = shown(raw) if source is None else f"of {source}"
                return f"Records[{position}] of this one is {what}, beside others that are of {self.markers[0]}"
        return f"of this one the records are not as {self.service} has them"

    def _without_identifier(self, event: Any, raws: list[dict[str, Any]]) -> WrongEvent:
        for position, raw in enumerate(raws):
            try:
                identifier: object = self.identifier_of(raw)
            except (KeyError, TypeError):
                identifier = None
            if isinstance(identifier, str) and identifier:
                continue
            if hasattr(raw, "get") and raw.get("eventSource") in self.markers:
                return WrongEvent(
                    f"Records[{position}] has no {self.identified_by}, and by nothing else can an answer name it. In a "
                    f"test, give every {self.noun} one of its own."
                )
            break
        return self.wrong(event)

    def _once(self, raws: list[dict[str, Any]], identifiers: list[str]) -> list[dict[str, Any]]:
        """An answer cannot tell apart what has the same identifier: one that fails would take the other with it."""
        from logging import getLogger  # noqa: PLC0415  # the good path must not pay for it

        unique = dict(zip(reversed(identifiers), reversed(raws), strict=True))  # of each the first
        once = [unique[identifier] for identifier in dict.fromkeys(identifiers)]
        getLogger("meantime").warning(
            "batch.%s: %d of %d %ss have the %s of another in the same batch, and are taken to be the same",
            self.name,
            len(raws) - len(once),
            len(raws),
            self.noun,
            self.identified_by,
        )
        return once

    def __repr__(self) -> str:
        return f"<the event source {self.service}>"
