"""Findings as GitHub's workflow commands: each becomes an annotation in the pull request's diff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.rule import all_rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from meantime.tools.check.checking import Checked


def workflow_commands(checked: Checked, shown: Callable[[Path], str]) -> str:
    """One workflow command a finding.

    Args:
        checked: What a check came to.
        shown: Gives a file's path as GitHub knows it: from the workspace, or absolute.
    """
    lines = []
    for finding in checked.findings:
        place = finding.place
        values = {
            "file": shown(checked.root / place.path),
            "line": place.line,
            "endLine": place.end_line or place.line,
            "col": place.column,
            "title": f"{finding.code} {all_rules()[finding.code].name}",
        }
        if place.end_line in {0, place.line} and place.end_column:  # GitHub takes columns for one line only
            values["endColumn"] = place.end_column
        properties = ",".join(f"{key}={_escaped(str(value), in_property=True)}" for key, value in values.items())
        steps = [f"{shown(checked.root / step.place.path)}:{step.place.line}: {step.text}" for step in finding.chain]
        message = "\n".join([finding.message, *steps])
        lines.append(f"::{finding.level} {properties}::{_escaped(message)}")
    return "\n".join(lines)


def _escaped(text: str, *, in_property: bool = False) -> str:
    """A text as workflow commands take it."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if in_property else text
