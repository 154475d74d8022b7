"""`# noqa: MT201`: which findings a line keeps quiet, and which of these comments keep nothing quiet: MT002."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from meantime.tools.check.finding import Edit, Finding, Fix, Place

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

CODE = "MT002"
_NOQA = re.compile(r"#\s*noqa(?P<codes>:\s*[A-Z]+[0-9]+(?:[\s,]+[A-Z]+[0-9]+)*)?(?![\w-])", re.IGNORECASE)
_EACH_CODE = re.compile(r"[A-Z]+[0-9]+")
_OURS = re.compile(r"MT[0-9]+\Z")


class Suppression(NamedTuple):
    """One comment that keeps findings quiet.

    Args:
        column: Its first column, from 1.
        end_column: The column after it: after the last code.
        codes: The codes it names; none: it keeps everything quiet.
    """

    column: int
    end_column: int
    codes: tuple[str, ...]


def suppressions_in(text: str) -> dict[int, Suppression]:
    """The suppressions of a file by their lines. A `noqa` within a string counts, too, as it does for flake8."""
    if "noqa" not in text and "NOQA" not in text:  # most files, at once
        return {}
    found = {}
    for number, line in enumerate(text.split("\n"), 1):
        if ("noqa" in line or "NOQA" in line) and (mark := _NOQA.search(line)) is not None:
            codes = tuple(_EACH_CODE.findall((mark["codes"] or "").upper()))
            found[number] = Suppression(mark.start() + 1, mark.end() + 1, codes)
    return found


class Sifted(NamedTuple):
    """Findings without those that are kept quiet.

    Args:
        findings: What remains.
        quiet: How many were kept quiet.
        unused: What is found of suppressions that keep nothing quiet.
    """

    findings: tuple[Finding, ...]
    quiet: int
    unused: tuple[Finding, ...]


def sifted(
    findings: Iterable[Finding],
    suppressions: Mapping[str, Mapping[int, Suppression]],
    *,
    known: Collection[str],
    judged: Collection[str],
) -> Sifted:
    """Take out what comments keep quiet, and find the comments that keep nothing quiet.

    A comment stands on the first or the last line of what is found.

    Args:
        findings: All that was found, likely ones too.
        suppressions: By file and line.
        known: Every rule's code.
        judged: The codes of the rules that ran: of others nobody knows whether there is something to keep quiet.
    """
    remaining: list[Finding] = []
    used: dict[tuple[str, int], set[str]] = defaultdict(set)
    quiet = 0
    for finding in findings:
        lines = suppressions.get(finding.place.path, {})
        by = [
            line
            for line in {finding.place.line, finding.place.end_line}
            if line in lines and finding.code in (lines[line].codes or (finding.code,))
        ]
        for line in by:
            used[finding.place.path, line].add(finding.code)
        quiet += bool(by)
        if not by:
            remaining.append(finding)
    unused = [
        found
        for file, lines in suppressions.items()
        for line, suppression in lines.items()
        if (found := _unused(file, line, suppression, used[file, line], known, judged)) is not None
    ]
    return Sifted(tuple(remaining), quiet, tuple(unused))


def _unused(  # noqa: PLR0917  # one sentence's parts
    file: str, line: int, suppression: Suppression, used: set[str], known: Collection[str], judged: Collection[str]
) -> Finding | None:
    """What is found of one suppression."""
    ours = [code for code in suppression.codes if _OURS.match(code)]
    unknown = [code for code in ours if code not in known]
    idle = [code for code in ours if code in judged and code not in used]
    if CODE in suppression.codes or not (unknown or idle):
        return None
    parts = []
    if idle:
        parts.append(f"{', '.join(idle)} {'are' if len(idle) > 1 else 'is'} not found here")
    if unknown:
        parts.append(f"there is no rule {', '.join(unknown)}")
    place = Place(file, line, suppression.column, line, suppression.end_column)
    kept = [code for code in suppression.codes if code not in {*idle, *unknown}]
    edit = Edit(place, f"# noqa: {', '.join(kept)}" if kept else "")
    return Finding(
        CODE,
        f"This comment keeps nothing quiet: {'; '.join(parts)}. Remove {'it' if not kept else 'what is not needed'}.",
        place,
        fix=Fix("Remove the unused suppression", (edit,)),
    )
