"""MT002: a `# noqa: MT…` that keeps nothing quiet. That is known once every rule has run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.rule import Rule

if TYPE_CHECKING:
    from meantime.tools.check.finding import Finding
    from meantime.tools.check.model.project import Project


def _check(_: Project) -> tuple[Finding, ...]:
    """Nothing: see `suppressions.sifted`."""
    return ()


RULE = Rule(
    code="MT002",
    name="unused-suppression",
    summary="A `# noqa` comment names a rule of Meantime that finds nothing on its line",
    check=_check,
    companions=("RUF100",),
    can_fix=True,
)
