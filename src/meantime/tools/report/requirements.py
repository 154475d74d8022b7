"""What records ask of their values: refused are those that no measurement can give."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any


def require(condition: bool, text: str) -> None:  # noqa: FBT001  # reads as `assert`
    """Refuse a record where the condition does not hold."""
    if not condition:
        raise ValueError(text)


def is_length(value: float) -> bool:
    """Whether it is a number, 0 or above."""
    return math.isfinite(value) and value >= 0


def check_numbers(record: Any, where: str = "") -> None:
    """Refuse a number below zero, or none at all, in any time or price of a record."""
    for each in fields(record):
        value = getattr(record, each.name)
        if isinstance(value, (int, float)):
            prefix = f"{where}: " if where else ""
            require(is_length(value), f"{prefix}{each.name} must be a finite number, 0 or above, not {value}")
