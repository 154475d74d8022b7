"""The command `meantime check`."""

from __future__ import annotations

import gc
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from meantime.tools.check import fixing
from meantime.tools.check.checking import check as checked_files
from meantime.tools.check.errors import CheckError
from meantime.tools.check.printing import Format, name_here, prepare_output, print_page, print_parts, report
from meantime.tools.check.project_folder import of_several, project_around
from meantime.tools.check.rule import all_rules
from meantime.tools.check.selection import rule_named
from meantime.tools.check.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.tools.check.checking import Checked
    from meantime.tools.check.output.text import Part
    from meantime.tools.check.project_folder import Around
    from meantime.tools.check.settings import Settings

_FOUND = 1
_BAD_INPUT = 2


Paths = Annotated[list[Path] | None, typer.Argument(metavar="PATHS", help="Files and folders; else this folder.")]
Codes = Annotated[
    list[str] | None, typer.Option(metavar="CODES", help="Run only these rules: MT201, MT2 or ALL; comma-separated.")
]
Ignored = Annotated[list[str] | None, typer.Option(metavar="CODES", help="Do not run these rules.")]
Warnings = Annotated[bool, typer.Option("--warnings", help="Show what is only likely, too.")]
All = Annotated[bool, typer.Option("--all", help="Show what ruff is set to find, too.")]
Explain = Annotated[str, typer.Option(metavar="CODE", help="Show a rule's page, and check nothing.")]
Rules = Annotated[bool, typer.Option("--rules", help="List all rules, and check nothing.")]
Statistics = Annotated[bool, typer.Option("--statistics", help="Show only how often each rule finds something.")]
Form = Annotated[Format, typer.Option("--format", help="How findings are printed.")]
Output = Annotated[Path | None, typer.Option(metavar="FILE", help="Write findings to a file instead.")]
Fix = Annotated[bool, typer.Option("--fix", help="Mend what can be mended: shows the changes and writes them.")]
Diff = Annotated[bool, typer.Option("--diff", help="Show what --fix would change, and write nothing.")]
ExitZero = Annotated[bool, typer.Option("--exit-zero", help="Exit with 0 also if something was found.")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Read everything anew, and keep nothing.")]


def check(
    paths: Paths = None,
    *,
    select: Codes = None,
    ignore: Ignored = None,
    warnings: Warnings = False,
    show_all: All = False,
    explain: Explain = "",
    rules: Rules = False,
    statistics: Statistics = False,
    form: Form = Format.text,
    output: Output = None,
    fix: Fix = False,
    diff: Diff = False,
    exit_zero: ExitZero = False,
    no_cache: NoCache = False,
) -> None:
    """Find mistakes that only show on Lambda, in the source, before it ships.

    Reads Python files and templates (SAM, CloudFormation, serverless.yml), and
    runs nothing. Shows what is proved by the source; --warnings shows what is
    likely, too. # noqa: MT201 at the end of a line keeps a finding quiet;
    settings stand in pyproject.toml, under tool.meantime.check.

    Exits with 0; with 1 if there is an error; with 2 if it could not be checked.
    """
    prepare_output()
    collects = gc.isenabled()
    gc.disable()  # much is made and little let go; the process ends soon
    try:
        if explain:
            print_page(rule_named(explain).page.strip())
        elif rules:
            print_parts(_rule_lines())
        else:
            named = [Path(os.path.abspath(path)) for path in paths or [Path()]]  # noqa: PTH100  # links stay links
            settings = _settings(named, select, ignore, warnings=warnings, show_all=show_all)
            around = of_several(project_around(_common(named), settings), named)
            asked = _Asked(
                named,
                around.folder or _root(named),
                settings,
                around,
                cache_in=None if no_cache else around.folder or settings.folder or Path.cwd(),
                is_for_programs=form not in {Format.text, Format.concise},
            )
            if diff:
                raise typer.Exit(_FOUND if asked.changed(is_written=False) and not exit_zero else 0)
            if fix:
                asked.changed(is_written=True)
            checked = asked.checked()
            report(checked, form, output, is_counted=statistics)
            raise typer.Exit(_exit_code(checked) if not exit_zero or checked.failures else 0)
    except CheckError as error:
        typer.echo(f"meantime check: {error}", err=True)
        raise typer.Exit(_BAD_INPUT) from None
    except BrokenPipeError:  # nobody reads on: `| head`
        raise
    except OSError as error:  # the disk is full, a path is too long
        typer.echo(f"meantime check: {error}", err=True)
        raise typer.Exit(_BAD_INPUT) from None
    finally:
        if collects:
            gc.enable()


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked for on the command line."""

    named: list[Path]
    root: Path
    settings: Settings
    around: Around
    cache_in: Path | None
    is_for_programs: bool

    def checked(self) -> Checked:
        """What the check comes to."""
        return checked_files(
            self.named, root=self.root, settings=self.settings, cache_in=self.cache_in, around=self.around
        )

    def changed(self, *, is_written: bool) -> bool:
        """Show what can be mended, and write it if that is wanted; whether there is anything."""
        fixes = fixing.prepared(self.checked().findings, self.root)
        diff = "".join(change.diff(name_here(self.root, change.file)) for change in fixes.changes)
        if is_written and self.is_for_programs:  # standard output is theirs
            typer.echo(diff, err=True, nl=False)
        else:
            print_parts([(diff, "")])
        if is_written:
            fixing.write(fixes.changes, self.root)
        refused = (
            f"; {len(fixes.refused)} not, since others change the same (run it again) or the file cannot be decoded"
            if fixes.refused
            else ""
        )
        files = "1 file" if len(fixes.changes) == 1 else f"{len(fixes.changes)} files"
        what = "mended" if is_written else "would be mended"
        typer.echo(f"{len(fixes.fixed)} {what} in {files}{refused}", err=True)
        return bool(fixes.changes)


def _exit_code(checked: Checked) -> int:
    """What the process ends with; rules that failed are told."""
    for code, failure in checked.failures:
        typer.echo(f"meantime check: the rule {code} failed, which is a defect of Meantime:\n{failure}", err=True)
    if checked.failures:
        return _BAD_INPUT
    return _FOUND if checked.has_errors else 0


def _common(named: list[Path]) -> Path:
    """The folder that holds all that is named."""
    common = Path(os.path.commonpath(named))
    return common if common.is_dir() else common.parent


def _root(named: list[Path]) -> Path:
    """The folder that places are relative to outside a project: this one, or what holds all that is named."""
    here = Path.cwd()
    return here if all(path.is_relative_to(here) for path in named) else _common(named)


def _settings(
    named: list[Path], select: list[str] | None, ignore: list[str] | None, *, warnings: bool, show_all: bool
) -> Settings:
    """What pyproject.toml says, and what the command line says beyond it."""
    settings = read_settings(_common(named))
    return replace(
        settings,
        select=_words(select) or settings.select,
        ignore=(*settings.ignore, *_words(ignore)),
        warnings=settings.warnings or warnings,
        all=settings.all or show_all,
    )


def _words(texts: list[str] | None) -> tuple[str, ...]:
    return tuple(word for text in texts or () for word in text.replace(",", " ").split())


def _rule_lines() -> Iterable[Part]:
    for rule in all_rules().values():
        yield rule.code, "place"
        yield f"  {rule.name:<36} {rule.summary}\n", ""
