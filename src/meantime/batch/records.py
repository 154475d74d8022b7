"""What every record has: its part of the event, decoded only where it is asked for."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Record:
    """One record of a batch.

    Args:
        raw: The record as it stands in the event; it stays there as it is, as `raw`.
    """

    __slots__ = ("raw",)

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw

    @property
    def identifier(self) -> str:
        """By what AWS knows it, as text."""
        raise NotImplementedError  # every kind of record has its own

    @property
    def payload(self) -> Any:
        """What it carries, as a model is given it: JSON as text or bytes, or plain Python values."""
        raise NotImplementedError  # likewise

    @property
    def source_arn(self) -> str:
        """The queue or stream that it comes from."""
        return str(self.raw.get("eventSourceARN", ""))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.identifier!r})"  # not what it carries: logs are no place for that
