"""`--with-change`: the function with a change beside the function as it is, from a patch or from a changed copy."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from meantime.tools.measure.patch import PatchError, applied, parsed
from meantime.tools.measure.promised import Promised

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import TracebackType

_COMPILED = "__pycache__"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change: the name of what is measured with it, its code folder, and what was promised of it.

    Args:
        name: The patch's or the folder's.
        code: A folder that has the change.
        diff: The patch's text; empty for a folder.
        promised: What the patch says of itself; None where that is nothing.
    """

    name: str
    code: Path
    diff: str = ""
    promised: Promised | None = None


class ChangedCode:
    """The changes that are to be measured, while they are: `with ChangedCode(paths, code) as changes:`."""

    def __init__(self, paths: Sequence[Path], code: Path, taken: Iterable[str] = ()) -> None:
        """Note them.

        Args:
            paths: Patches, and changed copies of the code folder.
            code: The code folder.
            taken: Names that are not to be used.
        """
        self._paths = paths
        self._code = code
        self._taken = set(taken)
        self._stack = ExitStack()

    def __enter__(self) -> tuple[Change, ...]:
        """Make the folders.

        Raises:
            ValueError: There is no such patch or folder, or a patch does not fit.
        """
        try:
            return tuple(map(self._change, self._paths))
        except BaseException:
            self._stack.close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def _change(self, path: Path) -> Change:
        name = self._unused(path.stem if path.is_file() else path.resolve().name)
        if path.is_dir():
            return Change(name=name, code=path)
        try:
            diff = path.read_bytes().decode()
        except OSError as error:
            raise ValueError(
                f"--with-change {path}: there is no such patch, nor a folder, a copy of {self._code} with the change "
                f"in it ({error.strerror})"
            ) from None
        except UnicodeDecodeError:
            raise ValueError(f"--with-change {path} is no patch: it is not UTF-8") from None
        folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="meantime-change-"))) / "code"
        try:
            changed_copy(self._code, folder, diff)
        except PatchError as error:
            raise ValueError(f"--with-change {path}: {error}") from None
        return Change(name=name, code=folder, diff=diff, promised=Promised.read(diff))

    def _unused(self, name: str) -> str:
        name = "-".join(name.split()) or "change"
        number, unused = 2, name
        while unused in self._taken:
            unused, number = f"{name}-{number}", number + 1
        self._taken.add(unused)
        return unused


def changed_copy(code: Path, folder: Path, diff: str) -> None:
    """Make a folder like `code`, with the change: what is not changed is the original, by a link.

    Raises:
        PatchError: The patch does not fit.
    """

    def read(name: str) -> str:
        return _inside(code, name).read_bytes().decode()

    texts = applied(parsed(diff), read)
    real = {parent for name in texts for parent in Path(name).parents}
    _link(code.resolve(), folder, Path(), real)
    for name, text in texts.items():
        path = _inside(folder, name)
        if path.is_symlink():
            path.unlink()
        if text is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())


def _inside(folder: Path, name: str) -> Path:
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise PatchError(f"it is for {name}, which is outside the code folder")
    return folder / name


def _link(original: Path, folder: Path, inner: Path, real: set[Path]) -> None:
    """Make the folders on the way to what is changed, and links to all beside it; no bytecode, which is of the old."""
    folder.mkdir(parents=True)
    for each in (original / inner).iterdir():
        place = inner / each.name
        if each.name == _COMPILED:
            continue
        if place in real and each.is_dir():
            _link(original, folder / each.name, place, real)
        else:
            (folder / each.name).symlink_to(each)
