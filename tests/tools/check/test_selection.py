"""Which rules run, and which findings are shown."""

from __future__ import annotations

import pytest

from meantime.tools.check.errors import CheckError
from meantime.tools.check.finding import Finding, Place
from meantime.tools.check.rule import all_rules
from meantime.tools.check.selection import chosen_codes, rule_named, shown
from meantime.tools.check.settings import Settings

BROKEN = Finding("MT001", "It cannot be read.", Place("app.py", 1))
LIKELY = Finding("MT001", "It may be so.", Place("app.py", 2), level="warning")
REPEATED = Finding("MT002", "ruff knows it, too.", Place("lib/app.py", 3), also_found_by=("RUF100",))


@pytest.fixture(autouse=True)
def ruff(tmp_path):
    """Is set to report everything."""
    (tmp_path / "ruff.toml").write_text('lint.select = ["ALL"]\n', encoding="utf-8")


def codes(**settings):
    return sorted(chosen_codes(Settings(**settings)))


def test_every_rule_runs_unless_told_otherwise():
    assert codes() == codes(select=("ALL",)) == list(all_rules())


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"select": ("MT001",)}, ["MT001"]),
        ({"select": ("mt001",)}, ["MT001"]),
        ({"select": ("unused-suppression",)}, ["MT002"]),
        ({"select": ("MT00",)}, ["MT001", "MT002"]),
        ({"select": ("MT00",), "ignore": ("MT001",)}, ["MT002"]),
        ({"select": ("MT001",), "ignore": ("MT0",)}, ["MT001"]),
        ({"select": ("MT001",), "ignore": ("MT001",)}, []),
        ({"ignore": ("ALL",), "select": ("MT002",)}, ["MT002"]),
    ],
    ids=str,
)
def test_of_being_selected_and_ignored_the_more_exact_counts(settings, expected):
    assert codes(**settings) == expected


@pytest.mark.parametrize("word", ["MT99", "F401", "", "unused-supression"])
def test_a_code_that_no_rule_has_is_refused(word):
    with pytest.raises(CheckError, match="there is no rule"):
        codes(select=(word,))


def test_a_rule_is_found_by_code_and_by_name():
    assert rule_named("mt002") is rule_named("unused-suppression") is all_rules()["MT002"]
    with pytest.raises(CheckError, match="did you mean MT002"):
        rule_named("MT0002")


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("MT777", "those of MT7 are MT701, MT702, MT703"),
        ("MT0002", "did you mean MT002?"),
        ("unused-supression", "did you mean unused-suppression?"),
        ("MT001 MT002", "give each by itself: 'MT001', 'MT002'"),
        ("MT001;MT002", "give each by itself: 'MT001', 'MT002'"),
        ("F401", "codes of Meantime are MT and three digits; meantime check --rules lists all"),
        ("nonsense", "meantime check --rules lists all"),
        ("", "meantime check --rules lists all"),
    ],
)
def test_what_may_have_been_meant_is_said(word, hint):
    with pytest.raises(CheckError) as raised:
        codes(select=(word,))
    assert str(raised.value).endswith(hint)


def test_the_beginning_of_several_codes_is_no_one_rule():
    with pytest.raises(CheckError, match="'MT00' is the beginning of several rules' codes: MT001, MT002; name one"):
        rule_named("MT00")


def test_what_is_proved_is_shown_and_the_rest_counted(tmp_path):
    result = shown([LIKELY, REPEATED, BROKEN], Settings(), tmp_path)
    assert result == ((BROKEN,), 1, 1)


def test_what_is_likely_is_shown_when_asked_for(tmp_path):
    assert shown([LIKELY, BROKEN], Settings(warnings=True), tmp_path) == ((BROKEN, LIKELY), 0, 0)


def test_what_ruff_is_set_to_find_is_shown_when_asked_for(tmp_path):
    assert shown([REPEATED, BROKEN], Settings(all=True), tmp_path) == ((BROKEN, REPEATED), 0, 0)


def test_a_level_that_is_set_decides_what_is_shown(tmp_path):
    raised = shown([LIKELY], Settings(levels={"MT001": "error"}), tmp_path)
    lowered = shown([BROKEN], Settings(levels={"MT0": "warning"}), tmp_path)
    assert [each.level for each in raised.findings] == ["error"]
    assert (lowered.findings, lowered.likely) == ((), 1)


def test_of_two_levels_the_more_exact_word_counts(tmp_path):
    settings = Settings(levels={"MT001": "error", "MT0": "warning"})
    assert [each.level for each in shown([BROKEN], settings, tmp_path).findings] == ["error"]


def test_a_level_for_an_unknown_rule_is_refused(tmp_path):
    with pytest.raises(CheckError, match="there is no rule 'MT999'"):
        shown([], Settings(levels={"MT999": "error"}), tmp_path)


@pytest.mark.parametrize(
    ("pattern", "remain"), [("lib/**", [BROKEN]), ("*.py", []), ("/app.py", [REPEATED]), ("b/", [BROKEN, REPEATED])]
)
def test_files_have_ignores_of_their_own(tmp_path, pattern, remain):
    settings = Settings(per_file_ignores=((pattern, ("MT0",)),), all=True)
    assert list(shown([BROKEN, REPEATED], settings, tmp_path).findings) == remain


def test_in_a_file_only_what_is_named_is_ignored(tmp_path):
    settings = Settings(per_file_ignores=(("*.py", ("MT001",)),), all=True)
    assert shown([BROKEN, REPEATED], settings, tmp_path).findings == (REPEATED,)


def test_what_no_rule_that_runs_finds_is_neither_shown_nor_counted(tmp_path):
    assert shown([BROKEN, LIKELY], Settings(ignore=("MT001",)), tmp_path) == ((), 0, 0)


def test_where_an_unknown_rule_is_named_is_told(tmp_path):
    with pytest.raises(CheckError, match=r"there is no rule 'MT99' \(.*pyproject.toml\)"):
        chosen_codes(Settings(select=("MT99",), file=tmp_path / "pyproject.toml"))
    with pytest.raises(CheckError, match="there is no rule 'MT99';"):
        chosen_codes(Settings(select=("MT99",)))


def test_patterns_are_relative_to_the_folder_of_the_settings(tmp_path):
    settings = Settings(per_file_ignores=(("functions/app.py", ("MT001",)),), folder=tmp_path)
    assert shown([BROKEN], settings, tmp_path / "functions").findings == ()
    assert shown([BROKEN], settings, tmp_path.parent).findings == (BROKEN,)


def test_the_same_finding_is_shown_once(tmp_path):
    assert shown([BROKEN, BROKEN], Settings(), tmp_path).findings == (BROKEN,)


def test_a_pattern_that_is_none_is_refused(tmp_path):
    with pytest.raises(CheckError, match=r"'!' of per-file-ignores is no pattern as in \.gitignore"):
        shown([], Settings(per_file_ignores=(("!", ("MT001",)),)), tmp_path)
