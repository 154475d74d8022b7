"""The code of others that `meantime check` is judged on: fetched from PyPI as its authors packed it, never run.

There are three sets: one that the rules were tuned on, one that was held out until they were written, and one that was
held out until what was false in that was mended.
"""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Packages:
    """A list of packages, and the folder that they are fetched into."""

    title: str
    listed: Path
    folder: Path


_UNPACKED = Path(__file__).parents[2] / ".venv"
TUNED_ON = Packages("tuned on", Path(__file__).with_name("packages.txt"), _UNPACKED / "foreign-code")
HELD_OUT = Packages("held out", Path(__file__).with_name("held_out.txt"), _UNPACKED / "foreign-code-held-out")
HELD_OUT_AGAIN = Packages(
    "held out again", Path(__file__).with_name("held_out_again.txt"), _UNPACKED / "foreign-code-held-out-again"
)
SETS = (TUNED_ON, HELD_OUT, HELD_OUT_AGAIN)
_FETCHED = "fetched"  # holds the digest of the list that was fetched
_PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9-]*)==(?P<version>\S+)", re.MULTILINE)
# What may be a template of functions stays beside the sources; data and the wheels' own records do not.
_KEPT = (".py", ".yaml", ".yml", ".toml", "template.json", "cdk.json")


def pins(packages: Packages = TUNED_ON) -> dict[str, str]:
    """The version of each package."""
    return {pin["name"]: pin["version"] for pin in _PIN.finditer(packages.listed.read_text(encoding="utf-8"))}


def fetched(packages: Packages = TUNED_ON) -> dict[str, Path]:
    """The folder of each package's sources; fetched if the list is new."""
    digest = hashlib.sha256(packages.listed.read_bytes()).hexdigest()
    folders = {name: packages.folder / name for name in pins(packages)}
    done = packages.folder / _FETCHED
    if done.exists() and done.read_text(encoding="utf-8") == digest:
        _apart(packages)
        return folders
    shutil.rmtree(packages.folder, ignore_errors=True)
    wheels = packages.folder / "wheels"
    wheels.mkdir(parents=True)
    subprocess.run(  # noqa: S603  # pip, asked for our own list
        [
            *(sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check"),
            # Only wheels: to unpack one runs nothing of it. Their code is read, so any Python's will do.
            *("--only-binary=:all:", "--no-deps", "--ignore-requires-python"),
            *("--require-hashes", "--requirement", str(packages.listed), "--dest", str(wheels)),
        ],
        check=True,
    )
    by_name = {_normal(wheel.name.split("-")[0]): wheel for wheel in wheels.glob("*.whl")}
    for name, folder in folders.items():
        _unpack(by_name[name], folder)
    shutil.rmtree(wheels)
    done.write_text(digest, encoding="utf-8")
    _apart(packages)
    return folders


def lines_of(folder: Path) -> int:
    """The lines of Python in a folder."""
    return sum(file.read_bytes().count(b"\n") for file in folder.rglob("*.py"))


def _apart(packages: Packages) -> None:
    """Ends the search for ruff's settings at the packages: what this repository's say must hide nothing of theirs."""
    Path(packages.folder, "ruff.toml").touch()


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _unpack(wheel: Path, folder: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        # Constructs for the CDK: the functions that they deploy lie in an archive of their own, beside what jsii made.
        nested = [name for name in names if name.endswith(".tgz")]
        for name in nested:
            with tarfile.open(fileobj=io.BytesIO(archive.read(name))) as inner:
                inner.extractall(
                    folder, [each for each in inner if each.isfile() and each.name.endswith(_KEPT)], filter="data"
                )
        for name in names:
            if not nested and name.endswith(_KEPT) and not name.split("/")[0].endswith(".dist-info"):
                archive.extract(name, folder)
