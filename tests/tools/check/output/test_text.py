"""What the eye gets."""

from __future__ import annotations

import pytest

from meantime.tools.check.checking import Checked
from meantime.tools.check.finding import Finding, Place
from meantime.tools.check.output.text import concise, statistics, summary, text


def plain(parts):
    return "".join(part for part, _ in parts)


def excerpt(tmp_path, line, place):
    (tmp_path / "app.py").write_text(f"{line}\n", encoding="utf-8")
    shown = plain(text(Checked(tmp_path, (Finding("MT001", "It is so.", place),), 1), lambda path: path.name))
    return shown.splitlines()[3:5]


def test_a_finding_is_shown_with_its_lines_its_way_and_what_to_do(checked):
    shown = plain(text(checked, lambda path: path.relative_to(checked.root).as_posix()))
    assert shown == (
        "error[MT001]: This is so. Do that.\n"
        " --> app.py:4:5\n"
        "  |\n"
        "4 | def lambda_handler(event, context):\n"
        "  |     ^^^^^^^^^^^^^^\n"
        "  = fix: Put it on (--fix)\n"
        "  = why: meantime check --explain MT001\n"
        "\n"
        "error[MT002]: `requests.get` waits: 100 % of the time, 5 s.\n"
        " --> my lib/helpers.py:5:9\n"
        "  |\n"
        "4 | def load_user(key):\n"
        '5 |     return requests.get(f"https://example.org/{key}")\n'
        "  |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "  = app.py:5: lambda_handler calls load_user\n"
        "  = why: meantime check --explain MT002\n"
        "\n"
        "warning[MT002]: Likely.\n"
        " --> my lib/helpers.py:1:1\n"
        "  |\n"
        "1 | import requests\n"
        "  | ^\n"
        "  = ruff has a rule for it, too: RUF100, F401\n"
        "  = why: meantime check --explain MT002\n"
        "\n"
        "2 files checked: 2 errors and 1 warning. 1 can be mended with --fix; --diff shows how."
        " Not shown: 3 that are only likely (--warnings), 1 that ruff is set to find, too (--all).\n"
    )


def test_a_message_is_wrapped_to_a_width(checked):
    lines = plain(text(checked, str, 30)).splitlines()
    assert lines[:2] == ["error[MT001]: This is so. Do", "that."]


def test_a_finding_can_be_shown_in_one_line(checked):
    lines = plain(concise(checked, str)).splitlines()
    assert lines[1] == f"{checked.root}/my lib/helpers.py:5:9: MT002 `requests.get` waits: 100 % of the time, 5 s."


def test_statistics_count_by_rule(checked):
    lines = plain(statistics(checked, {"MT001": "unreadable-file", "MT002": "unused-suppression"})).splitlines()
    assert lines[:2] == ["2  MT002  unused-suppression", "1  MT001  unreadable-file"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {"files": 0},
            "Nothing was checked: there is no Python file and no template but for what is excluded or ignored.\n",
        ),
        ({"files": 0, "templates": 1}, "1 template checked: nothing found.\n"),
        ({"files": 3, "templates": 2}, "3 files and 2 templates checked: nothing found.\n"),
        ({"files": 1}, "1 file checked: nothing found.\n"),
        (
            {"files": 1200, "likely": 1},
            "1,200 files checked: nothing found. Not shown: 1 that is only likely (--warnings).\n",
        ),
        (
            {"files": 2, "repeated": 2},
            "2 files checked: nothing found. Not shown: 2 that ruff is set to find, too (--all).\n",
        ),
    ],
    ids=str,
)
def test_the_last_line_counts(tmp_path, values, expected):
    assert plain(summary(Checked(tmp_path, (), **values))) == expected


def test_a_call_over_several_lines_is_marked_to_the_end_of_its_first(tmp_path):
    assert excerpt(tmp_path, "x = call(  ", Place("app.py", 1, 5, 3, 2)) == ["1 | x = call(", "  |     ^^^^^"]


def test_marks_stand_under_wide_characters(tmp_path):
    assert excerpt(tmp_path, "x = '漢字', y", Place("app.py", 1, 11, 1, 12)) == [
        "1 | x = '漢字', y",
        "  |             ^",
    ]


def test_a_line_without_end_is_cut_around_what_is_meant(tmp_path):
    line = "a" * 500 + "HERE" + "b" * 500
    shown, marks = excerpt(tmp_path, line, Place("app.py", 1, 501, 1, 505))
    assert len(shown) < 200
    assert shown[marks.index("^") : marks.rindex("^") + 1] == "HERE"
    assert shown.startswith("1 | …")
    assert shown.endswith("…")


def test_a_source_does_not_speak_to_the_terminal(tmp_path):
    shown, marks = excerpt(tmp_path, "x = '\x1b[2J\x07\x7f' + y", Place("app.py", 1, 16, 1, 17))
    assert shown == "1 | x = '␛[2J␇␡' + y"
    assert shown[marks.index("^")] == "y"


def test_a_place_that_is_not_in_the_file_has_no_lines(tmp_path):
    (tmp_path / "app.py").write_text("x", encoding="utf-8")
    found = Finding("MT001", "It is so.", Place("app.py", 7, 3))
    assert " | " not in plain(text(Checked(tmp_path, (found,), 1), str))


def test_a_file_that_is_no_text_is_shown_as_well_as_it_can_be(tmp_path):
    (tmp_path / "app.py").write_bytes(b"x = 'caf\xe9'\n")
    found = Finding("MT001", "It is so.", Place("app.py", 1, 9))
    assert "1 | x = 'caf\ufffd'\n" in plain(text(Checked(tmp_path, (found,), 1), str))


def test_a_file_that_is_gone_has_no_lines(tmp_path):
    found = Finding("MT001", "It is so.", Place("gone.py", 3))
    assert "gone.py:3:1" in plain(text(Checked(tmp_path, (found,), 1), str))
