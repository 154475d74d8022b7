"""`# noqa: MT201`: which findings a line keeps quiet, and which of these comments keep nothing quiet: MT002."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from io import StringIO
from tokenize import COMMENT, TokenError, generate_tokens
from typing import TYPE_CHECKING, NamedTuple

from meantime.tools.check.finding import Edit, Finding, Fix, Place

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

CODE = "MT002"
_NOQA = re.compile(r"#\s*noqa(?:(?P<codes>:\s*[A-Z]+[0-9]+(?:[\s,]+[A-Z]+[0-9]+)*)|(?![\w-]))", re.IGNORECASE)
# What somebody writes who takes a name for a code, or forgets the colon.
_WORDS = re.compile(r":?\s*(?:MT\d+|[A-Z]+(?:-[A-Z]+)+)(?![\w-])(?:[\s,]+[A-Z][\w-]*)*", re.IGNORECASE)
_WORD = re.compile(r"[\w-]+")
_LINE_END = re.compile(r"\r\n|\r|\n")
_EACH_CODE = re.compile(r"[A-Z]+[0-9]+")
_OURS = re.compile(r"MT[0-9]+\Z")


class Suppression(NamedTuple):
    """One comment that keeps findings quiet.

    Args:
        column: Its first column, from 1.
        end_column: The column after it: after the last code.
        words_end: The column after the words that give its reason, where such follow.
        codes: The codes it names; none: it keeps everything quiet.
        words: What follows a `noqa` without codes, if it looks like a name of ours, with the column after each word.
    """

    column: int
    end_column: int
    words_end: int
    codes: tuple[str, ...]
    words: tuple[tuple[str, int], ...] = ()


def suppressions_in(text: str, *, is_python: bool = True) -> dict[int, Suppression]:
    """The suppressions of a file by their lines.

    Args:
        text: The file's text.
        is_python: Whether it is Python; else it is YAML. What stands in a string is no comment.
    """
    found = {}
    for number, line in enumerate(_LINE_END.split(text), 1):
        if "noqa" in line.lower() and (mark := _NOQA.search(line)) is not None:
            codes = tuple(_EACH_CODE.findall((mark["codes"] or "").upper()))
            rest = line[mark.end() :].strip()
            words_end = mark.end() if not rest or rest.startswith("#") else len(line.rstrip())
            words = () if codes else _words(line, mark.end())
            found[number] = Suppression(mark.start() + 1, mark.end() + 1, words_end + 1, codes, words)
    if not is_python:
        of_yaml = _comment_lines_of_yaml(text, found)
        return {line: each for line, each in found.items() if line in of_yaml}
    if any(each.words or any(map(_OURS.match, each.codes)) for each in found.values()):
        comments = _comment_lines(text)
        return {line: each for line, each in found.items() if comments is None or line in comments}
    return found


def _words(line: str, start: int) -> tuple[tuple[str, int], ...]:
    """What follows a `noqa` directly, and the column after each word."""
    mark = _WORDS.match(line, start)
    if mark is None:
        return ()
    return tuple((word[0], word.end() + 1) for word in _WORD.finditer(line, start, mark.end()))


def _comment_lines(text: str) -> set[int] | None:
    """The lines that end in a comment; None if that cannot be told."""
    try:
        return {token.start[0] for token in generate_tokens(StringIO(text).readline) if token.type == COMMENT}
    except (SyntaxError, TokenError):
        return None


def _comment_lines_of_yaml(text: str, suppressions: Mapping[int, Suppression]) -> set[int]:
    """The lines whose suppression is a comment: within no scalar, and behind a blank."""
    if not suppressions:
        return set()
    import yaml  # noqa: PLC0415  # few templates have any

    lines = _LINE_END.split(text)
    found = {
        number
        for number, each in suppressions.items()
        if each.column == 1 or lines[number - 1][each.column - 2].isspace()
    }
    try:
        for token in yaml.scan(text):
            if isinstance(token, yaml.ScalarToken):
                start, end = token.start_mark, token.end_mark
                within = ((start.line + 1, start.column), (end.line + 1, end.column))
                found -= {line for line in found if within[0] <= (line, suppressions[line].column - 1) < within[1]}
    except (yaml.YAMLError, RecursionError):
        pass  # it is told that it cannot be parsed
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
    known: Mapping[str, str],
    judged: Collection[str],
) -> Sifted:
    """Take out what comments keep quiet, and find the comments that keep nothing quiet.

    A comment stands on the first or the last line of what is found, and may name the rule of ruff that finds the same.

    Args:
        findings: All that was found, likely ones too.
        suppressions: By file and line.
        known: Every rule's name, by its code.
        judged: The codes of the rules that ran: of others nobody knows whether there is something to keep quiet.
    """
    misspelt = {
        (file, line): codes
        for file, lines in suppressions.items()
        for line, suppression in lines.items()
        if (codes := _meant(suppression.words, known))
    }
    remaining: list[Finding] = []
    used: dict[tuple[str, int], set[str]] = defaultdict(set)
    quiet = 0
    for finding in findings:
        lines = suppressions.get(finding.place.path, {})
        by = [
            line
            for line in {finding.place.line, finding.place.end_line}
            if line in lines
            and not {finding.code, *finding.also_found_by}.isdisjoint(
                misspelt.get((finding.place.path, line)) or lines[line].codes or (finding.code,)
            )
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
    unused += [_misspelt(file, line, suppressions[file][line], codes) for (file, line), codes in misspelt.items()]
    return Sifted(tuple(remaining), quiet, tuple(unused))


def _meant(words: Iterable[tuple[str, int]], known: Mapping[str, str]) -> tuple[str, ...]:
    """The codes that are meant by words instead; none if the first is neither a rule's code nor its name."""
    by_word = {name: code for code, name in known.items()} | {code.lower(): code for code in known}
    codes: list[str] = []
    for word, _ in words:
        code = by_word.get(word.lower()) or (word if _EACH_CODE.fullmatch(word) else None)
        if code is None:
            break
        codes.append(code)
    return tuple(codes)


def _misspelt(file: str, line: int, suppression: Suppression, codes: tuple[str, ...]) -> Finding:
    """What is found of a suppression that names its rules in another way than by codes after a colon."""
    right = f"# noqa: {', '.join(codes)}"
    place = Place(file, line, suppression.column, line, suppression.words[len(codes) - 1][1])
    return Finding(
        CODE,
        f"A `# noqa` names rules by their codes, after a colon; others take this for something else. Write `{right}`.",
        place,
        fix=Fix("Name the rule by its code", (Edit(place, right),)),
    )


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
    whole = replace(place, end_column=suppression.words_end)
    edit = Edit(place, f"# noqa: {', '.join(kept)}") if kept else Edit(whole, "")
    return Finding(
        CODE,
        f"This comment keeps nothing quiet: {'; '.join(parts)}. Remove {'it' if not kept else 'what is not needed'}.",
        place,
        fix=Fix("Remove the unused suppression", (edit,)),
    )
