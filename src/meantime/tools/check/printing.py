"""Puts what a check came to where it is wanted: on the terminal, in a pipe, in a file."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from meantime.tools.check.errors import CheckError
from meantime.tools.check.output import text as texts
from meantime.tools.check.project_folder import repository_of
from meantime.tools.check.rule import all_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from meantime.tools.check.checking import Checked

_PAGE_WIDTH = 110


class Format(StrEnum):
    """How findings are printed."""

    text = "text"
    concise = "concise"
    json = "json"
    sarif = "sarif"
    github = "github"


def report(checked: Checked, form: Format, output: Path | None, *, is_counted: bool) -> None:
    """Print what was found, or write it to a file."""
    parts: Iterable[texts.Part]
    if is_counted:
        parts = _statistics(checked, form)
    elif form is Format.text:
        parts = texts.text(checked, _from_here(checked.root), _width() if output is None else 0)
    elif form is Format.concise:
        parts = texts.concise(checked, _from_here(checked.root))
    else:
        parts = [(_document(checked, form), "")]
    if output is None:
        print_parts(parts)
        return
    try:
        output.write_text("".join(text for text, _ in parts), encoding="utf-8", errors="replace")
    except OSError as error:
        raise CheckError(f"{output} cannot be written: {error.strerror}") from None


def _statistics(checked: Checked, form: Format) -> Iterable[texts.Part]:
    """How often each rule found something."""
    names = {code: rule.name for code, rule in all_rules().items()}
    if form is Format.json:
        from meantime.tools.check.output.json import statistics  # noqa: PLC0415  # only where it is asked for

        return [(f"{statistics(checked, names)}\n", "")]
    if form in {Format.sarif, Format.github}:
        raise CheckError(f"there are no statistics in the format {form}; take --format text or json")
    return texts.statistics(checked, names)


def _document(checked: Checked, form: Format) -> str:
    """What was found, in a format for programs."""
    if form is Format.json:
        from meantime.tools.check.output.json import document  # noqa: PLC0415  # only where it is asked for

        return f"{document(checked)}\n"
    if form is Format.sarif:
        from meantime.tools.check.output.sarif import log  # noqa: PLC0415  # likewise

        return f"{log(checked)}\n"
    from meantime.tools.check.output.github import workflow_commands  # noqa: PLC0415  # likewise

    lines = workflow_commands(checked, _from_workspace(checked.root))
    return f"{lines}\n" if lines else ""


def _from_workspace(root: Path) -> Callable[[Path], str]:
    """Gives a path as GitHub knows it: from the workspace, or at least from the repository."""
    workspace = os.environ.get("GITHUB_WORKSPACE")
    bases = [Path(workspace) if workspace else None, repository_of(root), Path.cwd()]

    def shown(path: Path) -> str:
        base = next((each for each in bases if each is not None and path.is_relative_to(each)), None)
        return str(path if base is None else path.relative_to(base))

    return shown


def _from_here(root: Path) -> Callable[[Path], str]:
    """Gives a path as it can be opened from here: relative in a project that this folder is in, else absolute."""
    here = Path.cwd()

    def shown(path: Path) -> str:
        if path.is_relative_to(here):
            return str(path.relative_to(here))
        return os.path.relpath(path, here) if here.is_relative_to(root) else str(path)

    return shown


def name_here(root: Path, file: str) -> str:
    """A file as it is named from this folder; one that is not below it as findings name it."""
    here, path = Path.cwd(), root / file
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else file


def prepare_output() -> None:
    """A source may hold what a terminal cannot show: it is replaced, and no error. Nor is it one if nobody listens."""
    if sys.stdout is None:  # closed: `>&-`
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # until the process ends
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def print_page(page: str) -> None:
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


def print_parts(parts: Iterable[texts.Part]) -> None:
    """Print, with colours where they are wanted: rich, which knows where that is, takes its time to load."""
    if not _is_for_eyes():
        sys.stdout.write("".join(text for text, _ in parts))
        sys.stdout.flush()  # what goes wrong is told here
        return
    from rich.console import Console  # noqa: PLC0415  # see above
    from rich.text import Text  # noqa: PLC0415  # likewise

    line = Text()
    for text, style in parts:
        line.append(text, texts.STYLES.get(style, ""))
    Console(soft_wrap=True, highlight=False).print(line, end="")
