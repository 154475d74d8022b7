"""What pyproject.toml may say."""

from __future__ import annotations

import pytest

from meantime.tools.check.errors import CheckError
from meantime.tools.check.settings import Settings, read_settings


def test_everything_that_can_be_set_is_read(tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        """
        [tool.meantime.check]
        select = ["MT2"]
        ignore = ["MT205"]
        exclude = ["legacy/"]
        warnings = true
        all = true
        levels = { MT701 = "warning" }
        per-file-ignores = { "tests/**" = ["MT2", "MT301"] }
        """,
        encoding="utf-8",
    )
    assert read_settings(tmp_path) == Settings(
        select=("MT2",),
        ignore=("MT205",),
        exclude=("legacy/",),
        warnings=True,
        all=True,
        levels={"MT701": "warning"},
        per_file_ignores=(("tests/**", ("MT2", "MT301")),),
        file=tmp_path / "pyproject.toml",
        folder=tmp_path,
    )


def test_the_nearest_file_with_such_a_table_counts(tmp_path):
    inner = tmp_path / "functions/orders"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[tool.meantime.check]\nwarnings = true\n", encoding="utf-8")
    (tmp_path / "functions/pyproject.toml").write_text("[tool.ruff]\n", encoding="utf-8")
    assert read_settings(inner).warnings
    (inner / "pyproject.toml").write_text("[tool.meantime.check]\n", encoding="utf-8")
    assert not read_settings(inner).warnings


def test_nothing_said_is_everything_by_default(tmp_path):
    assert read_settings(tmp_path) == Settings()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("selct = ['MT2']", "unknown key 'selct'; did you mean select?"),
        ("colour = true", "unknown key 'colour'; known are select, ignore, per-file-ignores, exclude"),
        ("select = 'MT2'", "select of .* must be a list of strings"),
        ("ignore = [2]", "ignore of .* must be a list of strings"),
        ("warnings = 'yes'", "warnings of .* must be true or false"),
        ("levels = { MT2 = 'fatal' }", 'must be a table of "error" or "warning"'),
        ("levels = ['MT2']", 'must be a table of "error" or "warning"'),
        ("per-file-ignores = ['MT2']", "must be a table of lists"),
        ("per-file-ignores = { a = 'MT2' }", "'a', must be a list of strings"),
        ("select = [", "is no TOML"),
    ],
)
def test_what_is_not_known_is_an_error_that_says_what_is(tmp_path, text, message):
    (tmp_path / "pyproject.toml").write_text(f"[tool.meantime.check]\n{text}\n", encoding="utf-8")
    with pytest.raises(CheckError, match=message):
        read_settings(tmp_path)


def test_a_table_that_is_none_is_refused(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.meantime]\ncheck = true\n", encoding="utf-8")
    with pytest.raises(CheckError, match="must be a table"):
        read_settings(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.meantime.chek]\nselect = []", r"\[tool.meantime\] has an unknown key 'chek'; did you mean check\?"),
        ("[tool.meantime]\nselect = []", r"has an unknown key 'select'; settings stand in \[tool.meantime.check\]"),
        ("[tool.meantime.check]\n[tool.meantime.other]", "has an unknown key 'other'"),
    ],
)
def test_what_stands_beside_the_table_is_an_error(tmp_path, text, message):
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CheckError, match=message):
        read_settings(tmp_path)


@pytest.mark.parametrize("text", ["tool = 'meantime'", "[tool]\nmeantime = 1", "[tool.meantime]", "# meantime"])
def test_a_file_without_our_table_says_nothing(tmp_path, text):
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    assert read_settings(tmp_path) == Settings()


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(CheckError, match="cannot be read"):
        read_settings(tmp_path)
