"""A whole check: reads the files, lets the rules go over them, and takes out what is not to be shown."""

from __future__ import annotations

import os
import traceback
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from meantime.tools.check.cache import Cache
from meantime.tools.check.errors import CheckError
from meantime.tools.check.handlers.template_files import looks_like_template
from meantime.tools.check.project_folder import Around
from meantime.tools.check.rule import all_rules
from meantime.tools.check.selection import chosen_codes, idle_patterns, shown
from meantime.tools.check.settings import Settings
from meantime.tools.check.source_files import MOST_AROUND, PYTHON_ENDINGS, TEMPLATE_ENDINGS, files_around, source_files
from meantime.tools.check.suppressions import sifted, suppressions_in
from meantime.tools.check.unreadable import decoded

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from meantime.tools.check.finding import Finding
    from meantime.tools.check.rule import Rule
    from meantime.tools.check.suppressions import Suppression


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check came to.

    Args:
        root: The folder that places are relative to.
        findings: What is shown, in the order of places.
        files: How many Python files were checked.
        likely: How many findings are not shown because they are only likely.
        repeated: How many are not shown because ruff is set to report the same line.
        quiet: How many a comment keeps quiet.
        failures: What went wrong in rules, by their codes: defects of this package. The other rules' findings stand.
        templates: How many templates were checked.
        alone: Why the project around what is named was not read; empty if it was, or there is none.
        idle: Patterns of `per-file-ignores` that no file of the project matches.
    """

    root: Path
    findings: tuple[Finding, ...]
    files: int
    likely: int = 0
    repeated: int = 0
    quiet: int = 0
    failures: tuple[tuple[str, str], ...] = ()
    templates: int = 0
    alone: str = ""
    idle: tuple[str, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether anything that is shown is proved."""
        return any(finding.level == "error" for finding in self.findings)


def check(
    paths: Iterable[Path],
    *,
    root: Path,
    settings: Settings | None = None,
    cache_in: Path | None = None,
    around: Around | None = None,
) -> Checked:
    """Check files and folders.

    Args:
        paths: Which.
        root: The folder that places are relative to.
        settings: What is checked and shown; None: everything that is proved.
        cache_in: The folder to keep what was read and found in, and to use what is kept there; None: nothing is kept.
        around: The project that they are a part of, in the root: it is read for what it says of them, and nothing in it
            is told that is not named. None: they stand for themselves.

    Raises:
        CheckError: A path is not there, or the settings name no known rule.
    """
    settings = settings or Settings()
    named = [Path(root, path) for path in paths]
    for path in named:
        if not os.path.lexists(path):
            raise CheckError(f"there is no file or folder {path}")
        is_file = os.path.isfile(path)  # noqa: PTH113  # raises none where one may not look
        if is_file and not path.name.endswith((*PYTHON_ENDINGS, *TEMPLATE_ENDINGS)):
            raise CheckError(f"{path} is neither Python (.py) nor a template ({', '.join(TEMPLATE_ENDINGS)})")
    chosen = chosen_codes(settings)
    around = around or Around(None)
    files, problems, is_whole, alone = _Files.of(named, root, settings, around)
    is_named = _Named(named, root)
    contents = _Contents.of(files, root, is_named)
    with Cache(cache_in) as cache:
        key = cache.key(*sorted(code.encode() for code in chosen), *contents.parts, repr(problems).encode())
        raw = cache.get(key)
        if raw is None:
            raw, failures = _found(files, problems, root, settings, chosen, cache)
            if not failures:
                cache.put(key, raw)
        else:
            failures = ()
    ours = [finding for finding in raw if is_named(finding.place.path)]
    names = {code: rule.name for code, rule in all_rules().items()}
    rest = sifted(ours, contents.suppressions, known=names, judged=chosen - {code for code, _ in failures})
    chosen_ones = shown((*rest.findings, *rest.unused), settings, root)
    return Checked(
        root,
        chosen_ones.findings,
        contents.files,
        chosen_ones.likely,
        chosen_ones.repeated,
        rest.quiet,
        failures,
        contents.templates,
        alone,
        idle_patterns(settings, root, files) if is_whole and settings.folder == around.folder else (),
    )


class _Files(NamedTuple):
    """The files to read, what is found of those that cannot be, whether it is a whole project, and why it is not."""

    files: tuple[Path, ...]
    problems: tuple[Finding, ...]
    is_whole: bool
    alone: str

    @classmethod
    def of(cls, named: list[Path], root: Path, settings: Settings, around: Around) -> _Files:
        """The files that are named, and where it can be had the project around them."""
        if around.folder is None:
            return cls(*source_files(named, root, settings), is_whole=False, alone=around.refused)
        whole = files_around(around.folder, named, root, settings)
        if whole is None:
            why = f"{around.folder} has more than {MOST_AROUND:,} other files and folders"
            return cls(*source_files(named, root, settings), is_whole=False, alone=why)
        return cls(*whole, alone="")


class _Named:
    """Whether a file is named on the command line, or in a folder that is."""

    def __init__(self, named: list[Path], root: Path) -> None:
        self._names = [path.relative_to(root).as_posix() for path in named]
        self._is_all = "." in self._names

    def __call__(self, file: str) -> bool:
        return self._is_all or any(file == name or file.startswith(f"{name}/") for name in self._names)


class _Contents(NamedTuple):
    """What the files hold, as far as it decides whether anything has changed.

    Args:
        parts: Names and digests, one after another.
        suppressions: By file and line, of what is named.
        files: How many Python files are named.
        templates: How many templates are.
    """

    parts: list[bytes]
    suppressions: dict[str, dict[int, Suppression]]
    files: int
    templates: int

    @classmethod
    def of(cls, files: Collection[Path], root: Path, is_named: Callable[[str], bool]) -> _Contents:
        """What these files hold; what cannot be opened holds nothing, and is told when it is to be read."""
        parts = []
        suppressions = {}
        python = templates = 0
        for file in files:
            name = file.relative_to(root).as_posix()
            try:
                data = file.read_bytes()
            except OSError as error:
                data = str(error).encode()
            parts += [name.encode("utf-8", "surrogateescape"), blake2b(data, digest_size=16).digest()]
            if not is_named(name):
                continue
            is_python = name.endswith(PYTHON_ENDINGS)
            python += is_python
            is_template = not is_python and looks_like_template(file.name, data)
            templates += is_template
            has_comments = is_python or (is_template and not name.endswith(".json"))
            if has_comments and b"noqa" in data.lower():
                suppressions[name] = suppressions_in(decoded(data), is_python=is_python)
        for folder in sorted({file.parent for file in files} | {root}):
            parts += _names_in(folder)
        return cls(parts, suppressions, python, templates)


def _names_in(folder: Path) -> list[bytes]:
    """What lies beside the files: a handler may be in a compiled module, which is not read but looked for."""
    try:
        names = sorted(each.name for each in folder.iterdir() if not each.name.startswith((".", "__pycache__")))
    except OSError:
        return []
    return [os.fsencode(name) for name in names]


def _found(  # noqa: PLR0917  # what a run is made of
    files: tuple[Path, ...],
    problems: tuple[Finding, ...],
    root: Path,
    settings: Settings,
    chosen: Collection[str],
    cache: Cache,
) -> tuple[tuple[Finding, ...], tuple[tuple[str, str], ...]]:
    """What the rules find, and what went wrong in them."""
    from meantime.tools.check.reading import read_project  # noqa: PLC0415  # not where nothing has changed

    project = read_project(files, root=root, settings=settings, load=cache.load)
    found = [*problems, *project.problems]
    failures = []
    for code in sorted(chosen):
        rule: Rule = all_rules()[code]
        try:
            found += rule.check(project)
        except Exception:  # noqa: BLE001  # one rule's defect must not hide what the others find
            failures.append((code, traceback.format_exc()))
    return tuple(found), tuple(failures)
