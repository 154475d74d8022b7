"""What a rule is: a code, a name, and a function that goes over a project and gives its findings."""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from meantime.tools.check import rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from meantime.tools.check.finding import Finding, Level
    from meantime.tools.check.model.project import Project

_PAGES = Path(__file__).parent / "pages"


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of mistake.

    Args:
        code: Stable: `MT101`.
        name: Stable, with hyphens: `async-handler`.
        summary: What it finds, in one line without an end stop.
        check: Goes over the project and gives each finding.
        levels: The levels its findings may have.
        companions: Codes of ruff's rules that find neighbouring mistakes; worth switching on beside it.
        can_fix: Whether some of its findings come with a fix.
    """

    code: str
    name: str
    summary: str
    check: Callable[[Project], Iterable[Finding]]
    levels: tuple[Level, ...] = ("error",)
    companions: tuple[str, ...] = ()
    can_fix: bool = False

    @property
    def page(self) -> str:
        """Its page, in Markdown: what, why it hurts on Lambda, bad, good, when to ignore, source."""
        return (_PAGES / f"{self.code}.md").read_text(encoding="utf-8")


@cache
def all_rules() -> dict[str, Rule]:
    """Every rule by its code, in the order of codes: each module of `rules` that does not begin with `_` has one."""
    names = [each.name for each in pkgutil.iter_modules(rules.__path__) if not each.name.startswith("_")]
    found: list[Rule] = [import_module(f"{rules.__name__}.{name}").RULE for name in names]
    return {rule.code: rule for rule in sorted(found, key=lambda rule: rule.code)}
