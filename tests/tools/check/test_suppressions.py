"""`# noqa`: what it keeps quiet, and when it is told that it keeps nothing quiet."""

from __future__ import annotations

import pytest

from meantime.tools.check.finding import Finding, Place
from meantime.tools.check.suppressions import sifted, suppressions_in

KNOWN = {
    "MT001": "unreadable-file",
    "MT002": "unused-suppression",
    "MT201": "blocking-call",
    "MT205": "sleep-in-handler",
}


def sift(text, *findings, judged=KNOWN):
    return sifted(findings, {"app.py": suppressions_in(text)}, known=KNOWN, judged=judged)


def found(line, code="MT201", end_line=0):
    return Finding(code, "It waits.", Place("app.py", line, 1, end_line, 2))


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa: MT201",
        "#noqa:MT201",
        "# NOQA: mt201",
        "# NoQa: MT201",
        "# noqa:MT201reason",
        "# noqa: E501, MT201",
        "# noqa: E501 MT201",
        "# noqa: MT205,MT201  # both are meant",
        "# noqa: MT201 - it is wanted here",
        "# noqa",
        "# type: ignore[x]  # noqa: MT201",
    ],
)
def test_a_comment_keeps_a_finding_on_its_line_quiet(comment):
    result = sift(f"x = 1\nx = 2  {comment}\n", found(2))
    assert (result.findings, result.quiet) == ((), 1)


def test_a_comment_for_ruffs_rule_keeps_the_same_finding_quiet_here():
    repeated = Finding("MT201", "It waits.", Place("app.py", 1), also_found_by=("ASYNC210",))
    assert sift("x = 1  # noqa: ASYNC210\n", repeated).quiet == 1
    assert sift("x = 1  # noqa: ASYNC251\n", repeated).quiet == 0


@pytest.mark.parametrize("comment", ["# noqa: MT205", "# noqa: E501", "# a comment", "# noqapart", "# no qa"])
def test_another_comment_does_not(comment):
    assert sift(f"x = 1  {comment}\n", found(1)).findings == (found(1),)


def test_on_another_line_it_keeps_nothing_quiet():
    assert sift("x = 1  # noqa: MT201\nx = 2\n", found(2)).findings == (found(2),)


def test_it_may_stand_on_the_last_line_of_a_call():
    assert sift("x(\n    1,\n)  # noqa: MT201\n", found(1, end_line=3)).findings == ()


def test_a_form_feed_ends_no_line():
    assert sift("x = 1\n\x0c\nx = 2  # noqa: MT201\n", found(3)).findings == ()


def test_an_unused_comment_is_found_with_its_place():
    (unused,) = sift("x = 1\nx = 2  # noqa: MT201\n").unused
    assert (unused.code, unused.place) == ("MT002", Place("app.py", 2, 8, 2, 21))
    assert unused.message == "This comment keeps nothing quiet: MT201 is not found here. Remove it."


def test_a_code_that_no_rule_has_is_told():
    (unused,) = sift("x = 1  # noqa: MT999\n").unused
    assert "there is no rule MT999" in unused.message


def test_of_two_codes_only_the_unused_one_goes():
    (unused,) = sift("x = 1  # noqa: MT201, E501, MT205\n", found(1)).unused
    assert "MT205 is not found here" in unused.message
    assert [edit.text for edit in unused.fix.edits] == ["# noqa: MT201, E501"]


@pytest.mark.parametrize(
    "text",
    [
        "x = 1  # noqa",
        "x = 1  # noqa: E501",
        "x = '# noqa: MT201'",
        '"""Write `# noqa: MT201` at its end.\n"""',
        "x = 1  # noqa: MT201, MT002",
    ],
    ids=["without codes", "of another tool", "in a string", "in a docstring", "that is wanted all the same"],
)
def test_a_comment_is_not_judged(text):
    assert sift(text).unused == ()


def test_a_rule_that_did_not_run_is_not_judged():
    assert sift("x = 1  # noqa: MT201\n", judged=("MT205",)).unused == ()


def test_a_rule_that_found_something_only_likely_was_needed():
    likely = Finding("MT201", "It may wait.", Place("app.py", 1), level="warning")
    assert sift("x = 1  # noqa: MT201\n", likely).unused == ()


@pytest.mark.parametrize(
    ("comment", "right"),
    [
        ("# noqa MT201", "# noqa: MT201"),
        ("# noqa: blocking-call", "# noqa: MT201"),
        ("#noqa:Blocking-Call", "# noqa: MT201"),
        ("# noqa blocking-call, MT205 E501: both are meant", "# noqa: MT201, MT205, E501: both are meant"),
        ("# noqa MT201 since it is wanted (here)", "# noqa: MT201 since it is wanted (here)"),
    ],
)
def test_a_rule_that_is_named_in_another_way_is_taken_as_meant_and_told(comment, right):
    other = found(1, "MT001")
    result = sift(f"x = 1  {comment}\n", found(1), other)
    assert result.findings == (other,), "it keeps quiet only what is meant"
    (told,) = result.unused
    assert told.code == "MT002"
    assert f"Write `{right.partition(': both')[0].partition(' since')[0]}`." in told.message
    (edit,) = told.fix.edits
    assert comment[: edit.place.column - 8] + edit.text + comment[edit.place.end_column - 8 :] == right


@pytest.mark.parametrize(
    "comment",
    ["# noqa: the whole line", "# noqa because", "# noqa - blocking-call", "# noqa E501", "# noqa: 1", "# noqa:"],
)
def test_other_words_are_a_reason_to_keep_everything_quiet(comment):
    result = sift(f"x = 1  {comment}\n", found(1), found(1, "MT001"))
    assert (result.findings, result.unused) == ((), ())


def test_words_in_a_string_are_none():
    assert sift("x = '# noqa MT201'\n").unused == ()


def test_a_template_has_comments_of_the_same_kind():
    text = "Resources:\n  Timeout: 3  # noqa: MT205\n"
    lines = suppressions_in(text, is_python=False)
    finding = Finding("MT205", "Too short.", Place("template.yaml", 2))
    assert sifted([finding], {"template.yaml": lines}, known=KNOWN, judged=KNOWN).findings == ()


def test_what_would_be_a_string_in_python_is_none_in_a_template():
    text = 'Description: so """\nTimeout: 3  # noqa: MT205\nOther: so """\n'
    assert list(suppressions_in(text, is_python=False)) == [2]
    assert list(suppressions_in(text)) == []


def test_a_file_that_is_no_python_keeps_its_comments():
    assert 1 in suppressions_in("def (:  # noqa: MT001\n'''")


@pytest.mark.parametrize(
    "line",
    [
        'A: "# noqa: MT804"',
        "A: x# noqa: MT804",
        "A: |\n  # noqa: MT804\n  x",
        "'# noqa: MT804'",
        "A: [b, 'c # noqa: MT804']",
    ],
)
def test_what_is_no_comment_in_yaml_keeps_nothing_quiet(line):
    assert suppressions_in(line, is_python=False) == {}


@pytest.mark.parametrize(
    "line", ["A: x  # noqa: MT804", "# noqa: MT804", "A:  # noqa: MT804\n  B: 1", 'A: "x"  # noqa: MT804']
)
def test_what_is_a_comment_in_yaml_does(line):
    assert list(suppressions_in(line, is_python=False)) == [1]
