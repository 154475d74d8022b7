"""The commands' `--env`: environment variables as NAME=VALUE."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def parsed_variables(settings: Iterable[str]) -> dict[str, str]:
    """Return the variables by name.

    Raises:
        ValueError: One is not of that form.
    """
    variables = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise ValueError(f"--env {setting!r} is not of the form NAME=VALUE")
        variables[name] = value
    return variables
