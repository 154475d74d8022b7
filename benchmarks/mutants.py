"""Whether the tests of the rules of `meantime check` notice when a rule is wrong.

Each rule is spoilt in every small way (a comparison turned, a condition left out, a name misspelt), and its tests are
run: a mutant that they do not notice survives, and is printed. Names of rules or codes limit it to those; `-n2` runs
two at once. The number of survivors is the exit status: some mean nothing, so a person reads them.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import io
import os
import re
import signal
import sys
import time
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from mutation.operators import Mutant, mutants

import meantime.tools.check.reading  # noqa: F401  # loaded here, once, for every fork
from meantime.tools.check import rule, rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType

ROOT = Path(__file__).parents[1]
RULES = ROOT / "src" / "meantime" / "tools" / "check" / "rules"
TESTS = ROOT / "tests" / "tools" / "check" / "rules"
AS_IT_IS = "as it is"
LONGEST = 60  # seconds that the tests of one mutant may take: it may loop for ever, and is noticed then
# No plugins, and no rewriting of assertions: it would load the rules themselves in place of the mutant.
_PLAIN = (
    *("-x", "-q", "-c", os.devnull, "--rootdir", str(ROOT), "--import-mode=importlib", "--assert=plain"),
    *("-p", "no:cacheprovider", "-p", "meantime.pytest_plugin"),
)
_CODE = re.compile(r'(?:code=|_CODE = )"(MT\d+)"')


class Trial(NamedTuple):
    """A mutant, the module that it stands for, and the tests that must notice it."""

    file: Path
    mutant: Mutant
    tests: tuple[str, ...]


class Instead(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Gives a mutant where its module is imported."""

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self.source = source

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002  # its signature is Python's
        """The mutant's own."""
        return importlib.util.spec_from_loader(fullname, self) if fullname == self.name else None

    def get_source(self, fullname: str) -> str:
        """The mutant."""
        assert fullname == self.name  # noqa: S101  # it is asked for nothing else
        return self.source

    def get_code(self, fullname: str) -> CodeType:
        """The mutant, compiled."""
        return self.source_to_code(self.get_source(fullname), f"<mutant of {fullname}>")


def trials(names: set[str]) -> Iterator[Trial]:
    """Every mutant of the rules named, or of all."""
    for file in sorted(RULES.glob("*.py")):
        source = file.read_text(encoding="utf-8")
        codes = set(_CODE.findall(source))
        if file.name == "__init__.py" or (names and file.stem not in names and not codes & names):
            continue
        # What several rules share is noticed by the tests of any.
        tests = [str(test) for code in codes for test in sorted(TESTS.glob(f"test_{code.lower()}_*.py"))]
        # What is right must pass: a test that fails anyhow would notice every mutant.
        yield Trial(file, Mutant(0, "", AS_IT_IS, source), tuple(tests) or (str(TESTS),))
        for mutant in mutants(source):
            yield Trial(file, mutant, tuple(tests) or (str(TESTS),))


def notices(trial: Trial) -> bool:
    """Whether a test fails; in this process, which has to be one of its own."""
    name = f"{rules.__name__}.{trial.file.stem}"
    for loaded in [each for each in sys.modules if each.startswith(f"{rules.__name__}.")]:
        del sys.modules[loaded]
    rule.all_rules.cache_clear()
    sys.meta_path.insert(0, Instead(name, trial.mutant.source))
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        return pytest.main([*_PLAIN, *trial.tests]) != 0


def start(trial: Trial) -> int:
    """Try one in a fork of this process, which has loaded everything; gives its process id."""
    if pid := os.fork():
        return pid
    noticed = True  # what breaks the import of a rule, too
    try:
        signal.alarm(LONGEST)  # which ends the process
        noticed = notices(trial)
    except BaseException:  # noqa: BLE001, S110  # however it goes wrong, it is noticed
        pass
    finally:
        os._exit(int(noticed))


def survivors(every: Iterator[Trial], at_once: int) -> Iterator[Trial]:
    """Those that no test notices, as they are known."""
    running: dict[int, Trial] = {}
    for trial in every:
        running[start(trial)] = trial
        if len(running) >= at_once:
            yield from _ended(running)
    while running:
        yield from _ended(running)


def _ended(running: dict[int, Trial]) -> Iterator[Trial]:
    pid, status = os.wait()
    trial = running.pop(pid)
    if os.waitstatus_to_exitcode(status) == 0:
        yield trial


def main() -> int:
    """Try the mutants of the rules named, print the survivors, and count both."""
    at_once = 2 if "-n2" in sys.argv else 1
    names = {each for each in sys.argv[1:] if not each.startswith("-")}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    rule.all_rules()
    began = time.monotonic()
    every = list(trials(names))
    count = 0
    sound = {trial.file for trial in every}
    for trial in survivors(iter(every), at_once):
        if trial.mutant.after == AS_IT_IS:
            sound.remove(trial.file)
            continue
        count += 1
        mutant = trial.mutant
        sys.stdout.write(f"{trial.file.name}:{mutant.line}: survives: {mutant.before} -> {mutant.after}\n")
        sys.stdout.flush()
    for file in sorted(sound):
        count += 1
        sys.stdout.write(f"{file.name}: its tests fail as it is, so they say nothing about its mutants\n")
    taken = time.monotonic() - began
    sys.stdout.write(f"{len(every) - len({trial.file for trial in every})} mutants, {count} survive, {taken:.0f} s\n")
    return min(count, 100)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
