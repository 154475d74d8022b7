"""The code of others that `meantime check` is judged on: fetched from PyPI as its authors packed it, never run."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

PACKAGES = Path(__file__).with_name("packages.txt")
FOLDER = Path(__file__).parents[2] / ".venv" / "foreign-code"
_FETCHED = "fetched"  # holds the digest of the list that was fetched
_PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9-]*)==(?P<version>\S+)", re.MULTILINE)
# What may be a template of functions stays beside the sources; data and the wheels' own records do not.
_KEPT = (".py", ".yaml", ".yml", ".toml", "template.json", "cdk.json")


def pins() -> dict[str, str]:
    """The version of each package."""
    return {pin["name"]: pin["version"] for pin in _PIN.finditer(PACKAGES.read_text(encoding="utf-8"))}


def fetched() -> dict[str, Path]:
    """The folder of each package's sources; fetched if the list is new."""
    digest = hashlib.sha256(PACKAGES.read_bytes()).hexdigest()
    folders = {name: FOLDER / name for name in pins()}
    done = FOLDER / _FETCHED
    if done.exists() and done.read_text(encoding="utf-8") == digest:
        return folders
    shutil.rmtree(FOLDER, ignore_errors=True)
    wheels = FOLDER / "wheels"
    wheels.mkdir(parents=True)
    subprocess.run(  # noqa: S603  # pip, asked for our own list
        [
            *(sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check"),
            # Only wheels: to unpack one runs nothing of it. Their code is read, so any Python's will do.
            *("--only-binary=:all:", "--no-deps", "--ignore-requires-python"),
            *("--require-hashes", "--requirement", str(PACKAGES), "--dest", str(wheels)),
        ],
        check=True,
    )
    by_name = {_normal(wheel.name.split("-")[0]): wheel for wheel in wheels.glob("*.whl")}
    for name, folder in folders.items():
        _unpack(by_name[name], folder)
    shutil.rmtree(wheels)
    done.write_text(digest, encoding="utf-8")
    return folders


def lines_of(folder: Path) -> int:
    """The lines of Python in a folder."""
    return sum(file.read_bytes().count(b"\n") for file in folder.rglob("*.py"))


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
