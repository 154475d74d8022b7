"""The command `meantime check`."""

from __future__ import annotations

import gc
import os
import sys
from dataclasses import replace
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated

import typer

from meantime.tools.check import fixing
from meantime.tools.check.checking import check as checked_files
from meantime.tools.check.errors import CheckError
from meantime.tools.check.output import text as texts
from meantime.tools.check.rule import all_rules
from meantime.tools.check.selection import rule_named
from meantime.tools.check.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.tools.check.checking import Checked
    from meantime.tools.check.settings import Settings

_FOUND = 1
_BAD_INPUT = 2
_PAGE_WIDTH = 110


class Format(StrEnum):
    """How findings are printed."""

    text = "text"
    concise = "concise"
    json = "json"
    sarif = "sarif"
    github = "github"


Paths = Annotated[list[Path] | None, typer.Argument(metavar="PATHS", help="Files and folders; else this folder.")]
Codes = Annotated[
    list[str] | None, typer.Option(metavar="CODES", help="Run only these rules: MT201, MT2 or ALL; comma-separated.")
]
Ignored = Annotated[list[str] | None, typer.Option(metavar="CODES", help="Do not run these rules.")]
Warnings = Annotated[bool, typer.Option("--warnings", help="Show what is only likely, too.")]
All = Annotated[bool, typer.Option("--all", help="Show what ruff's own rules also find.")]
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
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a source may hold what a terminal cannot show
    collects = gc.isenabled()
    gc.disable()  # much is made and little let go; the process ends soon
    try:
        if explain:
            _print_page(rule_named(explain).page.strip())
            return
        if rules:
            _print(_rule_lines())
            return
        if fix and diff:
            raise CheckError("--fix writes what --diff only shows: give one of them")  # noqa: TRY301  # one place tells
        named = [Path(os.path.abspath(path)) for path in paths or [Path()]]  # noqa: PTH100  # links stay links
        root = _root(named)
        settings = _settings(root, select, ignore, warnings=warnings, show_all=show_all)
        checked = checked_files(named, root=root, settings=settings, is_cached=not no_cache)
        if fix or diff:
            fixes = fixing.prepared(checked.findings, root)
            _print([("".join(change.diff for change in fixes.changes), "")])
            if diff:
                _tell_fixes(fixes, "would be mended")
                raise typer.Exit(_FOUND if fixes.changes and not exit_zero else 0)
            fixing.write(fixes.changes, root)
            _tell_fixes(fixes, "mended")
            checked = checked_files(named, root=root, settings=settings, is_cached=not no_cache)
        _report(checked, form, output, is_counted=statistics)
    except CheckError as error:
        typer.echo(f"meantime check: {error}", err=True)
        raise typer.Exit(_BAD_INPUT) from None
    finally:
        if collects:
            gc.enable()
    for code, failure in checked.failures:
        typer.echo(f"meantime check: the rule {code} failed, which is a defect of Meantime:\n{failure}", err=True)
    if checked.failures:
        raise typer.Exit(_BAD_INPUT)
    raise typer.Exit(_FOUND if checked.has_errors and not exit_zero else 0)


def _root(named: list[Path]) -> Path:
    """The folder that places are relative to: this one, or the one that holds all that is named."""
    here = Path.cwd()
    if all(path.is_relative_to(here) for path in named):
        return here
    common = Path(os.path.commonpath(named))
    return common if common.is_dir() else common.parent


def _settings(
    root: Path, select: list[str] | None, ignore: list[str] | None, *, warnings: bool, show_all: bool
) -> Settings:
    """What pyproject.toml says, and what the command line says beyond it."""
    settings = read_settings(root)
    return replace(
        settings,
        select=_words(select) or settings.select,
        ignore=(*settings.ignore, *_words(ignore)),
        warnings=settings.warnings or warnings,
        all=settings.all or show_all,
    )


def _words(texts: list[str] | None) -> tuple[str, ...]:
    return tuple(word.strip() for text in texts or () for word in text.split(",") if word.strip())


def _report(checked: Checked, form: Format, output: Path | None, *, is_counted: bool) -> None:
    """Print what was found, or write it to a file."""
    parts: Iterable[texts.Part]
    if is_counted:
        parts = texts.statistics(checked, {code: rule.name for code, rule in all_rules().items()})
    elif form is Format.text:
        parts = texts.text(checked, _shown, _width() if output is None else 0)
    elif form is Format.concise:
        parts = texts.concise(checked, _shown)
    else:
        parts = [(_document(checked, form), "")]
    if output is None:
        _print(parts)
        return
    try:
        output.write_text("".join(text for text, _ in parts), encoding="utf-8")
    except OSError as error:
        raise CheckError(f"{output} cannot be written: {error.strerror}") from None


def _document(checked: Checked, form: Format) -> str:
    """What was found, in a format for programs."""
    if form is Format.json:
        from meantime.tools.check.output.json import document  # noqa: PLC0415  # only where it is asked for

        return f"{document(checked)}\n"
    if form is Format.sarif:
        from meantime.tools.check.output.sarif import log  # noqa: PLC0415  # likewise

        return f"{log(checked)}\n"
    from meantime.tools.check.output.github import workflow_commands  # noqa: PLC0415  # likewise

    lines = workflow_commands(checked, _shown)
    return f"{lines}\n" if lines else ""


def _shown(path: Path) -> str:
    """A path as it can be opened from here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _tell_fixes(fixes: fixing.Fixes, what: str) -> None:
    """Say on standard error what fixes came to: standard output holds the diff."""
    refused = f"; {len(fixes.refused)} change what others change, too: run it again" if fixes.refused else ""
    files = "1 file" if len(fixes.changes) == 1 else f"{len(fixes.changes)} files"
    typer.echo(f"{len(fixes.fixed)} {what} in {files}{refused}", err=True)


def _rule_lines() -> Iterable[texts.Part]:
    for rule in all_rules().values():
        yield rule.code, "place"
        yield f"  {rule.name:<36} {rule.summary}\n", ""


def _print_page(page: str) -> None:
    """Print a page; for a terminal, as Markdown is meant to look."""
    if not _is_for_eyes():
        sys.stdout.write(f"{page}\n")
        return
    from rich.console import Console  # noqa: PLC0415  # only where it is shown
    from rich.markdown import Markdown  # noqa: PLC0415  # likewise

    console = Console()
    console.width = min(console.width, _PAGE_WIDTH)
    console.print(Markdown(page))


def _width() -> int:
    """In how many columns messages are wrapped: those of a terminal, as long as they can be read with ease."""
    return min(get_terminal_size().columns, _PAGE_WIDTH) if sys.stdout.isatty() else 0


def _is_for_eyes() -> bool:
    """Whether standard output is a terminal, or is to be taken for one."""
    return sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))


def _print(parts: Iterable[texts.Part]) -> None:
    """Print, with colours where they are wanted: rich, which knows where that is, takes its time to load."""
    if not _is_for_eyes():
        sys.stdout.write("".join(text for text, _ in parts))
        return
    from rich.console import Console  # noqa: PLC0415  # see above
    from rich.text import Text  # noqa: PLC0415  # likewise

    line = Text()
    for text, style in parts:
        line.append(text, texts.STYLES.get(style, ""))
    Console(soft_wrap=True, highlight=False).print(line, end="")
