"""The library's own tests on every other Python that is here; the tools' tests run on one, from the Makefile."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nox
from nox.command import CommandFailed

nox.needs_version = ">=2025.2.9"
nox.options.reuse_venv = "yes"
nox.options.default_venv_backend = "venv"

SUPPORTED = ("3.11", "3.12", "3.13", "3.14")
OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
NEEDED = ("pytest", "pytest-timeout", "pytest-xdist", "hypothesis", "blockbuster", "httpx")
FRAMEWORKS = ("anyio", "fastapi", "starlette")  # whose inner workings the ASGI adapter knows: anyio's worker threads


def interpreter(version: str) -> str | None:
    """A Python of this version that starts: on the path, or installed beside the one that runs this, as pyenv does."""
    beside = Path(sys.base_prefix).parent.glob(f"{version}*/bin/python")
    for candidate in (f"python{version}", *map(str, sorted(beside, reverse=True))):
        try:
            found = subprocess.run([candidate, "-c", ""], capture_output=True, check=False)  # noqa: S603  # a Python's name
        except OSError:
            continue
        if found.returncode == 0:
            return candidate
    return None


OTHERS = [version for version in SUPPORTED if version != OWN]
FOUND = {version: found for version in OTHERS if (found := interpreter(version))}


def library(session: nox.Session) -> None:
    """The library's tests, without the tools."""
    session.install("--quiet", "--constraint", "constraints.txt", ".", *NEEDED, *FRAMEWORKS)
    ignored = ("tools", "examples", "on_the_emulator", "servers")
    folder = f"cache_dir=.nox/cache-of-{session.name}"
    tests = ("python", "-m", "pytest", "-q", "-o", folder, *(f"--ignore=tests/{name}" for name in ignored))
    try:
        session.run(*tests, "-n2", "--dist=loadfile")
    except CommandFailed:  # as in the Makefile: once more, by itself
        session.run(*tests, "--last-failed", "--last-failed-no-failures", "none")


for found_version, found_python in FOUND.items():
    nox.session(python=found_python, name=f"library-{found_version}")(library)

if not FOUND:

    @nox.session(python=False)
    def nothing(session: nox.Session) -> None:
        """There is nothing to run."""
        session.log("no other supported Python is here")


def every_session() -> int:
    """Run all sessions at the same time, since each waits for most of it; the first exit status that is not 0."""

    def run(session: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "nox", "--noxfile", __file__, "--session", session]
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)  # noqa: S603  # ourselves

    with ThreadPoolExecutor() as threads:
        runs = list(threads.map(run, [f"library-{version}" for version in FOUND]))
    for each in runs:
        print(each.stdout)  # noqa: T201  # the reader must know
    for absent in sorted(set(OTHERS) - set(FOUND)):
        print(f"Python {absent} is not here: the library's tests did not run on it")  # noqa: T201  # likewise
    return next((each.returncode for each in runs if each.returncode), 0)


if __name__ == "__main__":
    sys.exit(every_session())
