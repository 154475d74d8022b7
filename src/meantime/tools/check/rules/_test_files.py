"""Which files hold tests: a loop that waits there keeps nobody waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project

_FOLDERS = frozenset({"test", "tests", "testing"})


def is_test_file(file: str) -> bool:
    """Whether a file is one of a test suite, by its name or its folder's."""
    *folders, name = file.split("/")
    return not _FOLDERS.isdisjoint(folders) or name.startswith(("test_", "conftest.")) or name.endswith("_test.py")


def is_of_tests(project: Project, function: Function) -> bool:
    """Whether a function is a test or a fixture: by its file, or by what the file imports."""
    return is_test_file(function.file) or any(
        name.partition(".")[0] in {"pytest", "pytest_asyncio"} for name in project.imports(function.file)
    )
