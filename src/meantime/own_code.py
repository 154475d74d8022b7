"""Which code is the function's own, and which a library's: only its own is worth naming in a report.

On Lambda both lie in one folder: `pip install --target` puts packages beside the function's modules, and what it notes
of them (https://packaging.python.org/en/latest/specifications/recording-installed-packages/) tells which they are.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

_HERE = __file__.removesuffix("own_code.py")
_FOREIGN = (os.__file__.removesuffix("os.py"), _HERE, "/var/runtime/", "<frozen")
_LAYERS = "/opt/"
_NOTES = ".dist-info"

_known: dict[str, bool] = {}
_packages: dict[tuple[str, str], bool] = {}
_notes: dict[str, dict[str, str]] = {}


def is_own_code(filename: str) -> bool:
    """Whether this file is the function's own: no installed package, not Python, not Meantime.

    The first question about a package may read some files, all others are answered by a dict.
    """
    own = _known.get(filename)
    if own is None:
        own = _known[filename] = _is_own(filename)
    return own


def from_own_code(traceback: TracebackType | None) -> TracebackType | None:
    """This traceback from the first line of the function's own code on; nothing if it has none."""
    while traceback is not None and not is_own_code(traceback.tb_frame.f_code.co_filename):
        traceback = traceback.tb_next
    return traceback


def _is_own(filename: str) -> bool:
    if filename.startswith(_FOREIGN) or "site-packages" in filename:
        return False
    if "AWS_LAMBDA_RUNTIME_API" not in os.environ:  # elsewhere packages have a folder of their own
        return True
    for entry in sys.path:
        folder = os.path.join(entry or os.getcwd(), "")  # noqa: PTH109, PTH118  # pathlib would have to be imported
        if filename.startswith(folder):
            top = filename[len(folder) :].partition(os.sep)[0]
            installed = _packages.get((folder, top))
            if installed is None:
                installed = _packages[folder, top] = _is_installed(folder, top)
            if installed:
                return False
    return True


def _is_installed(folder: str, top: str) -> bool:
    """Whether a distribution in this folder has brought this package or module."""
    name = top.removesuffix(".py")
    if name == _name_of_handler() and not folder.startswith(_LAYERS):  # a layer's is an agent's, round the function's
        return False
    notes = _notes.get(folder)
    if notes is None:
        notes = _notes[folder] = _notes_in(folder)
    likely = notes.get(name.lower())
    if likely is not None and _brings(folder + likely, top):
        return True
    return any(_brings(folder + each, top) for each in notes.values() if each != likely)


def _name_of_handler() -> str:
    """The package or module of the function that Lambda calls: its own, even where it is installed as another."""
    return os.environ.get("_HANDLER", "").partition(".")[0].partition("/")[0]


def _notes_in(folder: str) -> dict[str, str]:
    """The folders with notes of what is installed here, by what it is called."""
    try:
        names = os.listdir(folder)  # noqa: PTH208  # as above
    except OSError:
        return {}
    return {each.partition("-")[0].lower(): each for each in names if each.endswith(_NOTES)}


def _brings(notes: str, top: str) -> bool:
    """Whether these are the notes of a distribution that has brought this; not if that is of a folder or wheel here."""
    wanted = os.fsencode(top)
    record = b"\n" + _read(f"{notes}/RECORD")
    if b"\n" + wanted + b"/" in record or b"\n" + wanted + b"," in record:
        return b'"file:' not in _read(f"{notes}/direct_url.json")
    return False


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # as above
            return file.read()
    except OSError:
        return b""
