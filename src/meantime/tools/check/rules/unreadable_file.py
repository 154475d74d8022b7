"""MT001: a file that was not checked. It is found while files are read, so nothing is left to look for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.rule import Rule

if TYPE_CHECKING:
    from meantime.tools.check.finding import Finding
    from meantime.tools.check.model.project import Project


def _check(_: Project) -> tuple[Finding, ...]:
    """Nothing: see `unreadable.unreadable`."""
    return ()


RULE = Rule(
    code="MT001",
    name="unreadable-file",
    summary="A file cannot be read or parsed, so nothing in it was checked",
    check=_check,
    levels=("error", "warning"),
)
