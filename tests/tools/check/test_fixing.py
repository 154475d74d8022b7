"""Fixes change what they say, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meantime.tools.check.checking import check
from meantime.tools.check.finding import Edit, Finding, Fix, Place
from meantime.tools.check.fixing import prepared, write


def fix(*edits, line=1):
    return Finding("MT002", "It is so.", Place("app.py", line), fix=Fix("Mend it", tuple(edits)))


def replace(line, column, end_column, text, end_line=0):
    return Edit(Place("app.py", line, column, end_line or line, end_column), text)


def insert(line, column, text):
    return Edit(Place("app.py", line, column), text)


@pytest.fixture
def fixed(tmp_path):
    """Gives a file after fixes, written and read again as bytes."""

    def mended(data, *findings):
        (tmp_path / "app.py").write_bytes(data)
        fixes = prepared(findings, tmp_path)
        write(fixes.changes, tmp_path)
        return (tmp_path / "app.py").read_bytes()

    return mended


def test_a_stretch_is_replaced(fixed):
    assert fixed(b"x = old\n", fix(replace(1, 5, 8, "new"))) == b"x = new\n"


def test_of_what_is_taken_out_only_a_comment_takes_the_blanks_before_it(fixed):
    assert fixed(b"x = [1, 2]\n", fix(replace(1, 9, 10, ""))) == b"x = [1, ]\n"


def test_an_empty_stretch_inserts(fixed):
    assert fixed(b"x = 1\ny = 2\n", fix(insert(2, 1, "import z\n"))) == b"x = 1\nimport z\ny = 2\n"


def test_a_stretch_over_lines_is_replaced(fixed):
    assert fixed(b"x = [\n  1,\n]\ny = 2\n", fix(replace(1, 5, 2, "[]", end_line=3))) == b"x = []\ny = 2\n"


def test_fixes_of_several_findings_are_all_carried_out(fixed):
    assert fixed(
        b"a = 1; b = 2\nc = 3\n",
        fix(replace(1, 12, 13, "22")),
        fix(replace(1, 5, 6, "11")),
        fix(replace(2, 5, 6, "33")),
    ) == (b"a = 11; b = 22\nc = 33\n")


def test_columns_are_characters(fixed):
    assert fixed("x = 'ü𝄞', old\n".encode(), fix(replace(1, 11, 14, "new"))) == "x = 'ü𝄞', new\n".encode()


@pytest.mark.parametrize(
    "data",
    [
        b"x = 1\r\n# c\r\ny = old\r\n",
        b"x = 1\n\x0c\ny = old",
        b"\xef\xbb\xbfx = 1\n\ty = 2\ny = old\n".replace(b"\ty", b"z"),
    ],
    ids=["Windows' line ends", "a form feed and no last line end", "a byte order mark"],
)
def test_formatting_stays_as_it_is(fixed, data):
    assert fixed(data, fix(replace(3, 5, 8, "new"))) == data.replace(b"old", b"new")


def test_a_declared_encoding_stays(fixed):
    data = "# -*- coding: latin-1 -*-\nx = 'é', old\n".encode("latin-1")
    assert fixed(data, fix(replace(2, 10, 13, "new"))) == data.replace(b"old", b"new")


def test_two_fixes_of_one_place_are_not_both_carried_out(tmp_path):
    (tmp_path / "app.py").write_text("x = old\n", encoding="utf-8")
    first, second = fix(replace(1, 5, 8, "new")), fix(replace(1, 6, 9, "wrong"))
    fixes = prepared([first, second], tmp_path)
    assert (fixes.fixed, fixes.refused) == ([first], [second])
    assert fixes.changes[0].after == "x = new\n"


def test_two_fixes_that_insert_different_things_at_one_place_are_not_both_carried_out(tmp_path):
    (tmp_path / "app.py").write_text("x = 1\n", encoding="utf-8")
    first, second = fix(insert(1, 1, "import y\n")), fix(insert(1, 1, "import z\n"))
    assert prepared([first, second], tmp_path).refused == [second]


def test_fixes_side_by_side_are_both_carried_out(fixed):
    assert fixed(b"x = ab\n", fix(replace(1, 6, 7, "2")), fix(replace(1, 5, 6, "1"))) == b"x = 12\n"
    assert fixed(b"x = ab\n", fix(replace(1, 5, 6, "1")), fix(replace(1, 6, 7, "2"))) == b"x = 12\n"


def test_a_fix_with_one_edit_refused_is_refused_whole(tmp_path):
    (tmp_path / "app.py").write_text("x = old\ny = 1\n", encoding="utf-8")
    fixes = prepared([fix(replace(1, 5, 8, "new")), fix(replace(2, 5, 6, "2"), replace(1, 5, 8, "wrong"))], tmp_path)
    assert fixes.changes[0].after == "x = new\ny = 1\n"


def test_two_fixes_that_add_the_same_import_add_it_once(fixed):
    one, two = (
        fix(insert(1, 1, "import z\n"), replace(1, 5, 6, "z")),
        fix(insert(1, 1, "import z\n"), replace(2, 5, 6, "z")),
    )
    assert fixed(b"a = 1\nb = 2\n", one, two) == b"import z\na = z\nb = z\n"


def test_one_fix_may_insert_twice_at_one_place(fixed):
    found = fix(insert(1, 1, "import z\n"), insert(1, 1, "@z.z\n"))
    assert fixed(b"def f(): ...\n", found) == b"import z\n@z.z\ndef f(): ...\n"


def test_new_lines_end_as_the_others_do(fixed):
    assert fixed(b"x = 1\r\ny = 2\r\n", fix(insert(2, 1, "import z\n"))) == b"x = 1\r\nimport z\r\ny = 2\r\n"


def test_what_could_not_be_parsed_afterwards_is_not_written(tmp_path):
    (tmp_path / "app.py").write_text("x = old\n", encoding="utf-8")
    fixes = prepared([fix(replace(1, 5, 8, "("))], tmp_path)
    assert (fixes.changes, fixes.fixed, len(fixes.refused)) == ([], [], 1)


def test_a_finding_without_a_fix_is_passed_over(tmp_path):
    assert prepared([Finding("MT001", "x", Place("app.py", 1))], tmp_path).changes == []


def test_the_diff_shows_the_change(tmp_path):
    (tmp_path / "app.py").write_text("x = 1\ny = old", encoding="utf-8")
    (change,) = prepared([fix(replace(2, 5, 8, "new"))], tmp_path).changes
    assert change.diff() == (
        "--- a/app.py\n+++ b/app.py\n@@ -1,2 +1,2 @@\n x = 1\n"
        "-y = old\n\\ No newline at end of file\n+y = new\n\\ No newline at end of file\n"
    )


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("x = 1  # noqa: MT205", "x = 1"),
        ("x = 1  # noqa: MT205  # kept", "x = 1  # kept"),
        ("x = 1  # kept  # noqa: MT205", "x = 1  # kept"),
        ("x = 1  # noqa: MT205 - 4 times", "x = 1"),
        ("x = 1  # noqa: MT205, E501", "x = 1  # noqa: E501"),
        ("x = 1\n    # noqa: MT205\ny = 2", "x = 1\ny = 2"),
        ("# noqa: MT205  # kept", "  # kept"),
    ],
)
def test_an_unused_suppression_is_taken_out(tmp_path, line, after):
    (tmp_path / "app.py").write_text(f"{line}\n", encoding="utf-8")
    (change,) = prepared(check([tmp_path], root=tmp_path).findings, tmp_path).changes
    assert change.after == f"{after}\n"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30), st.data())
def test_an_edit_touches_nothing_beside_its_stretch(tmp_path_factory, text, data):
    folder = tmp_path_factory.mktemp("any")
    (folder / "notes.yaml").write_bytes(f"a\n{text}\nb\n".encode())
    line = text.replace("\r", "\n").split("\n")[0]
    column = data.draw(st.integers(0, len(line)))
    edit = Edit(Place("notes.yaml", 2, column + 1), "!")
    finding = Finding("MT002", "x", Place("notes.yaml", 2), fix=Fix("Mend it", (edit,)))
    (change,) = prepared([finding], folder).changes
    assert change.after == f"a\n{text[:column]}!{text[column:]}\nb\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"\xef\xbb\xbfx = 1  # noqa: MT201\ny = 2  # noqa: MT201\n", b"\xef\xbb\xbfx = 1\ny = 2\n"),
        (
            "# coding: shift_jis\nx = '日本語'  # noqa: MT201\ny = 2\n".encode("shift_jis"),
            "# coding: shift_jis\nx = '日本語'\ny = 2\n".encode("shift_jis"),
        ),
    ],
    ids=["a byte order mark", "Shift_JIS"],
)
def test_a_comment_goes_and_nothing_else_whatever_the_encoding(tmp_path, before, after):
    (tmp_path / "app.py").write_bytes(before)
    write(prepared(check([tmp_path], root=tmp_path).findings, tmp_path).changes, tmp_path)
    assert (tmp_path / "app.py").read_bytes() == after


@pytest.mark.parametrize("name", ["app.py", "template.yaml"])
def test_a_file_that_cannot_be_decoded_stays_as_it_is(tmp_path, name):
    (tmp_path / name).write_bytes(b"Resources: {A: {Type: AWS::Serverless::Function}}  # noqa: MT201\n# caf\xe9\n")
    fixes = prepared(check([tmp_path], root=tmp_path).findings, tmp_path)
    assert (fixes.changes, fixes.fixed, len(fixes.refused)) == ([], [], 1)


def test_a_fix_that_changes_nothing_is_none(tmp_path):
    (tmp_path / "app.py").write_text("x = 1\n", encoding="utf-8")
    fixes = prepared([fix(replace(1, 5, 6, "1"))], tmp_path)
    assert (fixes.changes, fixes.fixed) == ([], [])
