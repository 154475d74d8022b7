"""The changes of the advice as patch files, and the commands that verify them: each is one to paste."""

from __future__ import annotations

import shlex
import shutil
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from meantime.tools.measure.promised import Promised
from meantime.tools.report.promises import advised_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meantime.tools.report.advice import Advice
    from meantime.tools.report.results import Example, Results

PROGRAM = "meantime"  # how a command of the advice begins
_NAMES = "advice-*.patch"
_COPY = " --with-change ../changed"


def with_patches(results: Results, folder: Path, *, program: str = PROGRAM, in_use: Sequence[Path] = ()) -> Results:
    """Write a patch for each change that is one, and name it in the advice; older patches there go.

    Args:
        results: What was measured.
        folder: Where the patches go; it is there.
        program: How `meantime` was called.
        in_use: Patches that were measured: they stay as they are.
    """
    kept = {path.resolve() for path in in_use}
    for old in folder.glob(_NAMES):
        if old.resolve() not in kept:
            old.unlink()
    examples = []
    for example in results.examples:
        found = []
        for advice in example.advice:
            path = None
            if is_patch(advice.change):
                with suppress(OSError):  # a full disk: the report shows the change all the same
                    path = _written(folder, _text(results, example, advice), advice.change, in_use)
            found.append(_told(advice, path, program))
        examples.append(replace(example, advice=tuple(found)))
    return replace(results, examples=tuple(examples))


def _written(folder: Path, text: str, change: str, in_use: Sequence[Path]) -> Path:
    """Write a patch under the next name that is free; one with this change that is in use is that one already."""
    for path in in_use:
        if path.is_file() and change.strip() in path.read_text(encoding="utf-8", errors="replace"):
            return path
    number = 1
    while (path := folder / f"advice-{number}.patch").exists():
        number += 1
    path.write_bytes(text.encode())
    return path


def is_patch(change: str) -> bool:
    """Whether a change is a diff of a file, and no snippet."""
    return change.startswith("--- a/") and "\n@@ " in change


def called_as() -> str:
    """How this program was called, so that a command that is printed can be pasted."""
    first = sys.argv[0] if sys.argv else ""
    path = Path(first)
    if path.name == "__main__.py":
        return f"{shlex.quote(_as_typed(sys.executable))} -m meantime"
    if path.name != PROGRAM:
        return PROGRAM
    return PROGRAM if _is_found(path) else shlex.quote(_as_typed(first))


def _as_typed(path: str) -> str:
    """A path below the folder one is in, from there."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path


def _is_found(path: Path) -> bool:
    """Whether the shell finds just this program by its name alone."""
    found = shutil.which(PROGRAM)
    return found is not None and Path(found).absolute() == path.absolute()


def _told(advice: Advice, path: Path | None, program: str) -> Advice:
    verify = advice.verify
    if verify.startswith(f"{PROGRAM} "):
        verify = program + verify.removeprefix(PROGRAM)
    if path is None:
        by_hand = " To verify it, make the change in a copy of the code folder, ../changed."
        return replace(advice, verify=verify, text=advice.text + (by_hand if verify.endswith(_COPY) else ""))
    if verify:
        verify = f"{verify.partition(' --with-change ')[0]} --with-change {shlex.quote(str(path))}"
    return replace(advice, patch=str(path), verify=verify)


def _text(results: Results, example: Example, advice: Advice) -> str:
    """The patch, below what it is for and what it promises."""
    run = advised_run(results, example, advice)
    promised = Promised.of(advice, run.p50_ms) if run is not None else None
    head = [advice.title, *([promised.line] if promised is not None else []), ""]
    return "\n".join([*head, advice.change.rstrip("\n"), ""])
