"""What is named is checked as a part of the project around it."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from meantime.tools.check import source_files
from meantime.tools.check.project_folder import Around, project_around
from meantime.tools.check.settings import Settings
from meantime.tools.cli import cli

HANDLER = """import asyncio

from shared.users import load_user


async def main(event):
    return await asyncio.gather(one(event), one(event))


async def one(event):
    return load_user(event["id"])


def work(event, context):
    return asyncio.run(main(event))
"""
HELPER = """import boto3

table = boto3.client("dynamodb")


def load_user(key):
    return table.get_item(TableName="users", Key={"id": {"S": key}})
"""
TEMPLATE = """Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: src/, Handler: app.work, Timeout: 10}
"""
SLEEPER = """import time


def work(event, context):
    time.sleep(1)
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Writes a project of three files, and gives what the command prints and exits with."""
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    texts = {"src/app.py": HANDLER, "src/shared/users.py": HELPER, "template.yaml": TEMPLATE}
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / ".git").mkdir()

    def command(*arguments, within="."):
        monkeypatch.chdir(tmp_path / within)
        result = CliRunner().invoke(cli, ["check", "--format", "concise", *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.stdout

    return command


@pytest.mark.parametrize(
    ("named", "within"),
    [((), "."), (("src",), "."), (("src/shared/users.py",), "."), ((), "src/shared"), (("users.py",), "src/shared")],
    ids=str,
)
def test_the_same_is_found_of_a_file_whichever_way_it_is_named(run, named, within):
    code, out = run(*named, within=within)
    assert code == 1
    assert "users.py:7:12: MT202" in out
    assert "`load_user`" in out


def test_nothing_is_told_of_what_is_not_named(run):
    assert run("src/app.py") == (0, "1 file checked: nothing found.\n")


def test_a_file_above_is_named_so_that_it_can_be_opened(run, tmp_path):
    (tmp_path / "docs").mkdir()
    assert run("../src", within="docs")[1].startswith("../src/shared/users.py:7:12: MT202")


def test_templates_around_say_what_is_a_handler(run, tmp_path):
    (tmp_path / "src/app.py").write_text(SLEEPER, encoding="utf-8")
    assert "MT205" in run("src/app.py")[1]
    (tmp_path / "template.yaml").unlink()
    assert "MT205" not in run("src/app.py")[1]


@pytest.mark.parametrize(
    ("folder", "name", "text"),
    [
        ("env/lib", "env/pyvenv.cfg", ""),
        ("made/here", ".gitignore", "made/\n"),
        ("old", "pyproject.toml", '[tool.meantime.check]\nexclude = ["old/"]\n'),
        ("vendor/node_modules/here", "", ""),
    ],
    ids=["a virtual environment", "ignored by git", "excluded", "filled by a tool"],
)
def test_what_the_project_passes_over_is_no_part_of_it(run, tmp_path, folder, name, text):
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "app.py").write_text(SLEEPER, encoding="utf-8")
    (tmp_path / "template.yaml").write_text(TEMPLATE.replace("src/", folder), encoding="utf-8")
    if name:
        assert "MT205" in run(folder)[1]
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert run(folder) == run(f"{folder}/app.py") == (0, "1 file checked: nothing found.\n")


def test_comments_around_are_not_judged(run, tmp_path):
    (tmp_path / "other.py").write_text("x = 1  # noqa: MT201\n", encoding="utf-8")
    assert "MT002" not in run("src")[1]
    assert "MT002" in run()[1]


def test_files_around_that_cannot_be_read_are_not_told(run, tmp_path):
    (tmp_path / "other.py").write_text("def (:\n", encoding="utf-8")
    assert "MT001" not in run("src")[1]
    assert "MT001" in run()[1]


def test_a_folder_whose_name_begins_alike_is_not_named(run, tmp_path):
    (tmp_path / "src2").mkdir()
    (tmp_path / "src2/other.py").write_text("def (:\n", encoding="utf-8")
    assert "MT001" not in run("src")[1]


def test_how_much_was_checked_is_how_much_was_named(run):
    assert "2 files and 1 template checked: 1 error." in run()[1]
    assert "2 files checked: 1 error." in run("src")[1]
    assert run("template.yaml") == (0, "1 template checked: nothing found.\n")


def test_nothing_to_check_is_said(run, tmp_path):
    (tmp_path / "empty").mkdir()
    assert run("empty") == (
        0,
        "Nothing was checked: there is no Python file and no template but for what is excluded or ignored.\n",
    )


def test_a_changed_file_around_counts_at_once(run, tmp_path):
    assert "MT202" in run("src/shared")[1]
    (tmp_path / "src/app.py").write_text("", encoding="utf-8")
    assert "MT202" not in run("src/shared")[1]
    (tmp_path / "src/app.py").write_text(HANDLER, encoding="utf-8")
    assert "MT202" in run("src/shared")[1]


def test_what_was_found_once_is_not_sought_again_for_another_part(run, monkeypatch):
    assert "MT202" in run()[1]
    monkeypatch.setattr("meantime.tools.check.reading.read_project", None)
    assert "MT202" in run("src/shared")[1]


def test_what_is_kept_is_at_the_projects_folder_wherever_it_is_called(run, tmp_path):
    run(within="src/shared")
    assert [path.parent for path in tmp_path.rglob(".meantime_cache")] == [tmp_path]


def test_a_project_of_very_many_files_is_not_read_for_one_of_them_and_that_is_said(run, tmp_path, monkeypatch):
    monkeypatch.setattr(source_files, "MOST_AROUND", 3)
    monkeypatch.setattr("meantime.tools.check.checking.MOST_AROUND", 3)
    code, out = run("src/shared")
    assert code == 0
    assert out == (
        f"1 file checked: nothing found. What is around it was not read, since {tmp_path} has more than 3 other files "
        "and folders: calls from there and to there are not known.\n"
    )
    code, out = run()
    assert code == 1, "what is named is read, however much it is"
    assert "What is around" not in out


def test_the_project_is_the_nearest_repository_or_folder_with_settings(tmp_path):
    inner = tmp_path / "functions/orders"
    (inner / "src").mkdir(parents=True)
    assert project_around(inner / "src", Settings()) == Around(None)
    (tmp_path / ".git").mkdir()
    assert project_around(inner / "src", Settings()) == Around(tmp_path)
    assert project_around(inner / "src", Settings(folder=inner)) == Around(inner)
    (inner / "src/.git").write_text("gitdir: elsewhere", encoding="utf-8")  # a worktree, or a submodule
    assert project_around(inner / "src", Settings(folder=inner)) == Around(inner / "src")


def test_a_home_folder_is_no_project_unless_it_is_named_itself(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".git").mkdir()
    (tmp_path / "scripts").mkdir()
    assert project_around(tmp_path / "scripts", Settings()) == Around(None, f"{tmp_path} is a home folder")
    assert project_around(tmp_path, Settings()) == Around(tmp_path)


@pytest.mark.parametrize(
    ("folder", "why"),
    [("/", "the whole disk"), ("/home/other", "a home folder"), ("/tmp", "for temporary files")],  # noqa: S108  # nothing is written there
)
def test_folders_that_hold_everything_are_no_projects(tmp_path, folder, why):
    settings = Settings(folder=type(tmp_path)(folder))
    assert project_around(type(tmp_path)(folder) / "x/y", settings) == Around(None, f"{folder} is {why}")


def test_a_change_can_be_shown_and_made_from_within(run, tmp_path):
    (tmp_path / "src/shared/users.py").write_text("x = 1  # noqa: MT201\n", encoding="utf-8")
    run("--fix", within="src/shared")
    assert (tmp_path / "src/shared/users.py").read_text(encoding="utf-8") == "x = 1\n"


def test_a_pattern_that_no_file_of_the_project_matches_is_told(run, tmp_path):
    lines = '[tool.meantime.check.per-file-ignores]\n"src/**" = ["MT2"]\n"test/**" = ["MT2"]\n'
    (tmp_path / "pyproject.toml").write_text(lines, encoding="utf-8")
    said = "No file matches test/** (per-file-ignores).\n"
    assert run()[1].endswith(said)
    assert run("src/app.py")[1].endswith(f"1 file checked: nothing found. {said}")
    (tmp_path / "dist").mkdir()
    assert "No file matches" not in run("dist")[1], "which is no part of the project"
    (tmp_path / "test").mkdir()
    (tmp_path / "test/test_app.py").touch()
    assert "No file matches" not in run("src/app.py")[1]


def test_a_repository_within_is_not_all_that_patterns_above_may_match(run, tmp_path):
    lines = '[tool.meantime.check.per-file-ignores]\n"test/**" = ["MT2"]\n'
    (tmp_path / "pyproject.toml").write_text(lines, encoding="utf-8")
    (tmp_path / "src/.git").mkdir()
    assert "No file matches" not in run("src")[1]


def test_parts_of_several_projects_stand_for_themselves_and_that_is_said(run, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name / ".git").mkdir(parents=True)
        (tmp_path / name / "app.py").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / ".git").rmdir()
    code, out = run("a/app.py", "b/app.py")
    assert code == 0
    assert "not read, since it belongs to 2 projects, which are best checked one by one" in out
