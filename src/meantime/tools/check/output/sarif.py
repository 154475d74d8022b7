"""Findings as SARIF 2.1.0: for GitHub code scanning and the viewers of editors.

What GitHub makes of it: https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
"""

from __future__ import annotations

import json
import os
from collections import Counter
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import meantime
from meantime.tools.check.excerpts import Excerpts
from meantime.tools.check.output.line_hash import line_hashes
from meantime.tools.check.project_folder import repository_of
from meantime.tools.check.rule import all_rules

if TYPE_CHECKING:
    from meantime.tools.check.checking import Checked
    from meantime.tools.check.finding import Finding, Fix, Place
    from meantime.tools.check.rule import Rule

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_BASE = "SRCROOT"
_PRECISION = {"error": "very-high", "warning": "medium"}


def log(checked: Checked) -> str:
    """Everything that was found, as a SARIF log."""
    codes = sorted({finding.code for finding in checked.findings})
    writer = _Writer(checked, codes)
    run = {
        "tool": {
            "driver": {
                "name": "meantime check",
                "version": meantime.__version__,
                "semanticVersion": meantime.__version__,
                "rules": [_descriptor(all_rules()[code]) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_BASE: {"uri": f"{writer.base.as_uri()}/"}},
        "invocations": [
            {
                "executionSuccessful": not checked.failures,
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": f"The rule {code} failed: {failure}"}}
                    for code, failure in checked.failures
                ],
            }
        ],
        "results": [writer.result(finding) for finding in checked.findings],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _descriptor(rule: Rule) -> dict[str, Any]:
    """A rule with its page."""
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": f"{rule.summary}."},
        "fullDescription": {"text": f"{rule.summary}."},
        "help": {"text": rule.page, "markdown": rule.page},
        "defaultConfiguration": {"level": rule.levels[0]},
        "properties": {
            "precision": _PRECISION[rule.levels[0]],
            "problem.severity": rule.levels[0],
            "tags": ["aws-lambda", "concurrency"],
        },
    }


class _Writer:
    """Writes results whose paths are relative to the repository, as GitHub wants them."""

    def __init__(self, checked: Checked, codes: list[str]) -> None:
        self.base = repository_of(checked.root) or checked.root
        self._root = checked.root
        self._codes = codes
        self._excerpts = Excerpts(checked.root)
        self._hashes: dict[str, list[str]] = {}
        self._seen: Counter[str] = Counter()

    def result(self, finding: Finding) -> dict[str, Any]:
        """One finding."""
        result: dict[str, Any] = {
            "ruleId": finding.code,
            "ruleIndex": self._codes.index(finding.code),
            "level": finding.level,
            "message": {"text": finding.message},
            "locations": [self._location(finding.place)],
            "partialFingerprints": self._fingerprints(finding),
        }
        if finding.chain:
            steps = [*((step.place, step.text) for step in finding.chain), (finding.place, finding.message)]
            locations = [{"location": self._location(place, text)} for place, text in steps]
            result["codeFlows"] = [{"threadFlows": [{"locations": locations}]}]
        if finding.fix is not None:
            result["fixes"] = [self._fix(finding.fix)]
        return result

    def _location(self, place: Place, text: str = "") -> dict[str, Any]:
        physical = {"artifactLocation": self._artifact(place.path), "region": _region(place)}
        return {"physicalLocation": physical} | ({"message": {"text": text}} if text else {})

    def _artifact(self, file: str) -> dict[str, str]:
        path = Path(self._root, file).relative_to(self.base)
        return {"uri": quote(os.fsencode(path.as_posix())), "uriBaseId": _BASE}

    def _fix(self, fix: Fix) -> dict[str, Any]:
        files = dict.fromkeys(edit.place.path for edit in fix.edits)
        return {
            "description": {"text": fix.title},
            "artifactChanges": [
                {
                    "artifactLocation": self._artifact(file),
                    "replacements": [
                        {"deletedRegion": _region(edit.place), "insertedContent": {"text": edit.text}}
                        for edit in fix.edits
                        if edit.place.path == file
                    ],
                }
                for file in files
            ],
        }

    def _fingerprints(self, finding: Finding) -> dict[str, str]:
        """What stays the same while lines above change: ours, and the one that GitHub compares."""
        place = finding.place
        line = self._excerpts.line(place.path, place.line)
        same = f"{finding.code}\0{place.path}\0{line.strip()}"
        self._seen[same] += 1
        digest = blake2b(same.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        fingerprints = {"meantimeCheck/v1": f"{digest}:{self._seen[same]}"}
        if place.path not in self._hashes:
            self._hashes[place.path] = line_hashes("\n".join(self._excerpts.lines(place.path)))
        hashes = self._hashes[place.path]
        if 0 < place.line <= len(hashes):
            fingerprints["primaryLocationLineHash"] = hashes[place.line - 1]
        return fingerprints


def _region(place: Place) -> dict[str, int]:
    if not place.end_line:
        return {"startLine": place.line, "startColumn": place.column, "endColumn": place.column}
    return {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }
