"""Patches are applied whole, where they fit, and refused in words where they do not."""

from __future__ import annotations

import difflib
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meantime.tools.measure.patch import PatchError, applied, parsed

PATCH = """Any words may stand above.

--- a/app.py
+++ b/app.py
@@ -1,3 +1,4 @@
 import os
+import sys
 zero = 0
 one = 1
"""


def patched(patch: str, **files: str) -> dict[str, str | None]:
    def read(name: str) -> str:
        try:
            return files[name.replace(".", "_")]
        except KeyError:
            raise FileNotFoundError(name) from None

    return applied(parsed(patch), read)


def test_a_patch_changes_its_file():
    text = "import os\nzero = 0\none = 1\n"

    assert patched(PATCH, app_py=text) == {"app.py": text.replace("os\n", "os\nimport sys\n")}


def test_a_file_that_grew_above_is_found_again():
    text = "# new\n# lines\nimport os\nzero = 0\none = 1\n"

    assert patched(PATCH, app_py=text) == {"app.py": "# new\n# lines\nimport os\nimport sys\nzero = 0\none = 1\n"}


def test_a_file_with_the_line_ends_of_windows_keeps_them():
    assert patched(PATCH, app_py="import os\r\nzero = 0\r\none = 1\r\n") == {
        "app.py": "import os\r\nimport sys\r\nzero = 0\r\none = 1\r\n"
    }


def test_files_are_made_and_removed():
    patch = (
        "--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+new = 1\n--- a/old.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-old = 1\n"
    )

    found = patched(patch, old_py="old = 1\n")

    assert found["old.py"] is None
    assert (found["new.py"] or "").strip() == "new = 1"


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        (PATCH, "does not fit app.py at line 1"),
        (PATCH.replace("app.py", "other.py"), "other.py, which cannot be read"),
        ("threads.map(get, keys)", "holds no change"),
        ("\n".join(PATCH.splitlines()[:6]), "ends too soon"),
    ],
)
def test_what_does_not_fit_is_refused(patch, words):
    with pytest.raises(PatchError, match=words):
        patched(patch, app_py="import os\nimport sys\nzero = 0\none = 1\n")


LINES = st.lists(st.sampled_from(["a", "b", "", "    c", "--- d", "+++ e", "@@ f"]), max_size=12)


@given(LINES, LINES)
def test_what_difflib_tells_apart_is_put_back_together(before, after):
    diff = list(difflib.unified_diff(before, after, "a/app.py", "b/app.py", lineterm=""))
    if not diff:
        return

    found = patched("\n".join([*diff, ""]), app_py="".join(f"{line}\n" for line in before))

    assert found == {"app.py": "".join(f"{line}\n" for line in after)}


def test_a_diff_of_git_is_understood(tmp_path):
    (tmp_path / "app.py").write_text("one = 1\ntwo = 2")
    (tmp_path / "new.py").write_text("one = 1\ntwo = 3")
    diff = subprocess.run(
        ["git", "diff", "--no-index", "app.py", "new.py"],  # noqa: S607  # whichever git there is
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.replace("b/new.py", "b/app.py")

    assert patched(diff, app_py="one = 1\ntwo = 2") == {"app.py": "one = 1\ntwo = 3"}
