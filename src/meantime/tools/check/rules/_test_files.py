"""Which files hold tests: a loop that waits there keeps nobody waiting."""

from __future__ import annotations

_FOLDERS = frozenset({"test", "tests", "testing"})


def is_test_file(file: str) -> bool:
    """Whether a file is one of a test suite, by its name or its folder's."""
    *folders, name = file.split("/")
    return not _FOLDERS.isdisjoint(folders) or name.startswith(("test_", "conftest.")) or name.endswith("_test.py")
