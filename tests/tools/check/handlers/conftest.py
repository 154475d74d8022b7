"""Reads templates as they lie in a user's project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from meantime.tools.check.handlers.configurations import find_configurations

if TYPE_CHECKING:
    from collections.abc import Callable

    from meantime.tools.check.handlers.handler import Configuration


@pytest.fixture
def configurations_of(tmp_path) -> Callable[..., tuple[Configuration, ...]]:
    """Gives what one template describes, by its text and its name."""

    def found(text: str, name: str = "template.yaml") -> tuple[Configuration, ...]:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return find_configurations(tmp_path, [file])

    return found
