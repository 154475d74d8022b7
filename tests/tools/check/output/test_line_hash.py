"""The hashes are those of GitHub's upload action: the values are its own tests'."""

from __future__ import annotations

import pytest

from meantime.tools.check.output.line_hash import line_hashes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["c129715d7a2bc9a3:1"]),
        (" a\nb\n  \t\tc\n d", ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"]),
    ],
)
def test_it_is_githubs(text, expected):
    assert line_hashes(text) == expected


def test_blanks_and_line_ends_do_not_count():
    assert line_hashes("a = 1\r\n\tb=2\r") == line_hashes("a=1\nb = 2\n")


def test_the_same_lines_are_numbered():
    hashes = line_hashes("pass\n" * 300)
    assert hashes[1] == hashes[0].replace(":1", ":2")
