"""What can go wrong while measuring."""

from __future__ import annotations


class MeasurementError(Exception):
    """A function failed where it was to be measured.

    Args:
        where: Which handler, at which memory size, with which event.
        error_type: The error's type, as Lambda names it.
        message: The error's text.
        log: What the function printed and logged meanwhile.
        remedy: What to do about it; empty where the log says it all.
    """

    def __init__(self, where: str, *, error_type: str, message: str, log: str, remedy: str = "") -> None:
        self.where = where
        self.error_type = error_type
        self.message = message
        self.log = log
        self.remedy = remedy
        super().__init__(where, error_type, message, log, remedy)

    def __str__(self) -> str:
        return "\n".join(part for part in (self.log.rstrip("\n"), self.failure, self.remedy) if part)

    @property
    def failure(self) -> str:
        """What failed and how, in a line."""
        return f"{self.where} failed: {self.error_type}: {self.message}"


class NothingMeasuredError(Exception):
    """It was stopped before there was anything to report."""
