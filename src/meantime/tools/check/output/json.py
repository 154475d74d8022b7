"""Findings as JSON, for programs; what stays the same is said in docs/check.md, its schema lies beside this file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meantime.tools.check.output.text import counted
from meantime.tools.check.rule import all_rules

if TYPE_CHECKING:
    from meantime.tools.check.checking import Checked
    from meantime.tools.check.finding import Finding, Fix, Place

FORMAT = "meantime-findings"
VERSION = 1


def document(checked: Checked) -> str:
    """Everything that was found, as a JSON document."""
    return json.dumps(
        {
            "format": FORMAT,
            "version": VERSION,
            "root": str(checked.root),
            "files": checked.files,
            "templates": checked.templates,
            "findings": [_finding(finding) for finding in checked.findings],
            "not_shown": {
                "likely": checked.likely,
                "also_found_by_ruff": checked.repeated,
                "suppressed": checked.quiet,
            },
        },
        indent=2,
    )


def statistics(checked: Checked, names: dict[str, str]) -> str:
    """How often each rule found something, the most frequent first, as a JSON list."""
    counts = counted(checked)
    return json.dumps([{"code": code, "name": names.get(code, ""), "count": counts[code]} for code in counts], indent=2)


def schema() -> dict[str, Any]:
    """The JSON Schema of such a document."""
    text = Path(__file__).with_name("findings.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "name": all_rules()[finding.code].name,
        "level": finding.level,
        "message": finding.message,
        **_place(finding.place),
        "chain": [{**_place(step.place), "text": step.text} for step in finding.chain],
        "also_found_by": list(finding.also_found_by),
        "fix": _fix(finding.fix),
    }


def _fix(fix: Fix | None) -> dict[str, Any] | None:
    if fix is None:
        return None
    return {"title": fix.title, "edits": [{**_place(edit.place), "text": edit.text} for edit in fix.edits]}


def _place(place: Place) -> dict[str, Any]:
    return {
        "path": place.path,
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line or place.line,
        "end_column": place.end_column if place.end_line else place.column,
    }
