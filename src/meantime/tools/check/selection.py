"""Which rules run, and which of their findings are shown."""

from __future__ import annotations

import re
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from meantime.tools.check.errors import CheckError
from meantime.tools.check.ruff_settings import RuffSettings
from meantime.tools.check.rule import all_rules
from meantime.tools.check.source_files import is_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from meantime.tools.check.finding import Finding
    from meantime.tools.check.rule import Rule
    from meantime.tools.check.settings import Settings

_EVERYTHING = "ALL"
_OURS = re.compile(r"MT\d{3}")
_FOREIGN = re.compile(r"[A-Z]+\d+")
_BETWEEN = re.compile(r"[\s,;]+")
_LISTED = "meantime check --rules lists all"


def chosen_codes(settings: Settings) -> frozenset[str]:
    """The codes of the rules that are asked for. Where one is both selected and ignored, the more exact word counts.

    Raises:
        CheckError: A word is the beginning of no code.
    """
    selected = [_beginning(word, settings) for word in settings.select] or [""]
    ignored = [_beginning(word, settings) for word in settings.ignore]
    return frozenset(code for code in all_rules() if _exactness(code, selected) > _exactness(code, ignored))


def rule_named(word: str) -> Rule:
    """The rule of this code or name, in any case.

    Raises:
        CheckError: There is none.
    """
    for rule in all_rules().values():
        if word.lower() in {rule.code.lower(), rule.name}:
            return rule
    beginning = [code for code in all_rules() if code.startswith(word.upper())] if word else []
    if beginning:
        raise CheckError(f"{word!r} is the beginning of several rules' codes: {', '.join(beginning)}; name one")
    raise CheckError(f"there is no rule {word!r}; {_meant(word)}")


class Shown(NamedTuple):
    """What is shown, and how many of what is not.

    Args:
        findings: In the order of places.
        likely: How many are not shown because they are only likely.
        repeated: How many are not shown because ruff is set to report the same line.
    """

    findings: tuple[Finding, ...]
    likely: int
    repeated: int


def shown(findings: Iterable[Finding], settings: Settings, root: Path) -> Shown:
    """Choose what is shown.

    Args:
        findings: All that was found and is not kept quiet.
        settings: What is asked for.
        root: The folder that places are relative to.
    """
    chosen = chosen_codes(settings)
    words = sorted(settings.levels, key=lambda word: len(_beginning(word, settings)))  # the more exact word counts
    levels = {code: settings.levels[word] for word in words for code in _codes(word, settings)}
    ignored = _PerFileIgnores(settings, root)
    ruff = RuffSettings(root)
    listed: dict[Finding, None] = {}
    likely = repeated = 0
    for each in findings:
        if each.code not in chosen or ignored.has(each):
            continue
        finding = replace(each, level=levels.get(each.code, each.level))
        if not settings.all and ruff.reports(finding.place.path, finding.also_found_by):
            repeated += 1
        elif finding.level == "warning" and not settings.warnings:
            likely += 1
        else:
            listed[finding] = None
    return Shown(tuple(sorted(listed, key=lambda each: (each.place, each.code, each.message))), likely, repeated)


def idle_patterns(settings: Settings, root: Path, files: Iterable[Path]) -> tuple[str, ...]:
    """The patterns of `per-file-ignores` that none of these files matches."""
    ignores = _PerFileIgnores(settings, root)
    idle = dict.fromkeys(pattern for pattern, _ in settings.per_file_ignores)
    for file in files if idle else ():
        for pattern in ignores.patterns_of(file):
            idle.pop(pattern, None)
    return tuple(idle)


def _beginning(word: str, settings: Settings) -> str:
    """The beginning of codes that a word of a selection is."""
    upper = word.strip().upper()
    if upper == _EVERYTHING:
        return ""
    rules = all_rules()
    if upper and any(code.startswith(upper) for code in rules):
        return upper
    for rule in rules.values():
        if rule.name.upper() == upper:
            return rule.code
    where = f" ({settings.file})" if settings.file is not None else ""
    raise CheckError(f"there is no rule {word!r}{where}; {_meant(word.strip())}")


def _meant(word: str) -> str:
    """The end of a message about a word that names no rule: which may have been meant."""
    upper, rules = word.upper(), all_rules()
    several = [each for each in _BETWEEN.split(word) if each]
    if len(several) > 1:
        return f"give each by itself: {', '.join(repr(each) for each in several)}"
    if _OURS.fullmatch(upper):  # one digit more or less says nothing of what another rule finds
        alike = [code for code in rules if code.startswith(upper[:3])]
        return f"those of {upper[:3]} are {', '.join(alike)}" if alike else _LISTED
    if _FOREIGN.fullmatch(upper) and not upper.startswith("MT"):
        return f"codes of Meantime are MT and three digits; {_LISTED}"
    near = get_close_matches(upper, rules, n=1) or get_close_matches(
        word.lower(), [each.name for each in rules.values()], n=1
    )
    return f"did you mean {near[0]}?" if near else _LISTED


def _codes(word: str, settings: Settings) -> list[str]:
    """The codes that a word stands for."""
    beginning = _beginning(word, settings)
    return [code for code in all_rules() if code.startswith(beginning)]


def _exactness(code: str, beginnings: list[str]) -> int:
    """How exactly a code is named; -1: it is not."""
    return max((len(each) for each in beginnings if code.startswith(each)), default=-1)


class _PerFileIgnores:
    """Which findings are not shown because of the file they are in."""

    def __init__(self, settings: Settings, root: Path) -> None:
        self._patterns = []
        self._root = root
        self._folder = settings.folder or root
        if settings.per_file_ignores:
            from pathspec import GitIgnoreSpec  # noqa: PLC0415  # it takes 30 ms to load; most projects need none

            for pattern, _ in settings.per_file_ignores:
                if not is_pattern(pattern):
                    raise CheckError(f"{settings.file}: {pattern!r} of per-file-ignores is no pattern as in .gitignore")
            self._patterns = [
                (
                    pattern,
                    GitIgnoreSpec.from_lines([pattern]),
                    {code for word in words for code in _codes(word, settings)},
                )
                for pattern, words in settings.per_file_ignores
            ]

    def has(self, finding: Finding) -> bool:
        """Whether a finding is one of them."""
        file = self._root / finding.place.path
        return any(finding.code in codes for _, codes in self._matching(file)) if self._patterns else False

    def patterns_of(self, file: Path) -> list[str]:
        """The patterns that a file matches."""
        return [pattern for pattern, _ in self._matching(file)]

    def _matching(self, file: Path) -> Iterator[tuple[str, set[str]]]:
        if file.is_relative_to(self._folder):
            name = file.relative_to(self._folder).as_posix()
            yield from ((pattern, codes) for pattern, spec, codes in self._patterns if spec.match_file(name))
