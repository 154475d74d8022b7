"""Which files are read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from meantime.tools.check.errors import CheckError
from meantime.tools.check.settings import Settings
from meantime.tools.check.source_files import source_files


@pytest.fixture
def found(tmp_path):
    """Gives the names of the files found under a folder, or under paths in it."""

    def names(*paths, exclude=()):
        settings = Settings(exclude=exclude)
        files, problems = source_files([tmp_path / path for path in paths or ("",)], tmp_path, settings)
        assert not problems
        return [file.relative_to(tmp_path).as_posix() for file in files]

    return names


@pytest.fixture
def write(tmp_path):
    """Writes files under a folder; each holds nothing unless it is told what."""

    def files(*names, **texts):
        for name in (*names, *texts):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(texts.get(name, ""), encoding="utf-8")

    return files


def test_python_files_and_templates_are_read_and_nothing_else(found, write):
    write(
        "app.py", "template.yaml", "serverless.yml", "stack.json", "stack.template", "README.md", "app.pyc", "lib/a.py"
    )
    assert found() == ["app.py", "lib/a.py", "serverless.yml", "stack.json", "stack.template", "template.yaml"]


@pytest.mark.parametrize("folder", [".git", ".venv", "node_modules", "build", ".aws-sam", "cdk.out", "__pycache__"])
def test_folders_that_tools_fill_are_passed_over(found, write, folder):
    write("app.py", f"{folder}/other.py", f"deep/{folder}/other.py")
    assert found() == ["app.py"]


def test_a_virtual_environment_is_known_by_its_file_whatever_its_name(found, write):
    write("app.py", "my-env/pyvenv.cfg", "my-env/lib/module.py")
    assert found() == ["app.py"]


def test_a_folder_that_is_named_is_read_whatever_its_name(found, write):
    write("build/app.py")
    assert found("build") == ["build/app.py"]


def test_a_file_that_is_named_is_read_though_excluded(found, write):
    write("old.py", "app.py")
    assert found("old.py", exclude=("old.py",)) == ["old.py"]


def test_a_folder_that_is_named_is_read_though_excluded(found, write):
    write("old/app.py", "old/lib/app.py", "app.py")
    assert found("old", exclude=("old/", "app.py")) == ["old/app.py", "old/lib/app.py"]
    assert found("old/lib", ".", exclude=("old/", "app.py")) == ["old/lib/app.py"]


def test_what_is_named_twice_is_read_once(found, write):
    write("lib/app.py")
    assert found("lib/app.py", "lib", ".") == ["lib/app.py"]


@pytest.mark.parametrize("pattern", ["old", "old/", "old/*.py", "**/legacy.py", "legacy.py", "/old/legacy.py"])
def test_excluded_files_are_not_read(found, write, pattern):
    write("app.py", "old/legacy.py")
    assert found(exclude=(pattern,)) == ["app.py"]


def test_exclusion_is_relative_to_the_folder_of_the_settings(tmp_path, write):
    write("functions/one/app.py", "functions/two/app.py")
    settings = Settings(exclude=("/functions/one",), folder=tmp_path)
    files, _ = source_files([tmp_path / "functions"], tmp_path / "functions", settings)
    assert files == (tmp_path / "functions/two/app.py",)


def test_what_git_ignores_is_not_read(found, write):
    write("app.py", "made.py", "out/made.py", **{".gitignore": "# made\nmade.py\nout/\n"})
    assert found() == ["app.py"]


def test_a_pattern_of_the_settings_that_is_none_is_refused(found):
    with pytest.raises(CheckError, match=r"'!' of exclude is no pattern as in \.gitignore"):
        found(exclude=("!",))


@pytest.mark.parametrize("line", ["!", "a\\", "[z-a]"])
def test_a_line_that_is_no_pattern_is_passed_over(found, write, line):
    write("app.py", "made.py", **{".gitignore": f"{line}\nmade.py\n"})
    assert found() == ["app.py"]


def test_what_a_later_pattern_takes_back_of_a_folder_is_read(found, write):
    write("app.py", "gen/made.py", "gen/keep.py", **{".gitignore": "gen/**\n!gen/keep.py\n"})
    assert found() == ["app.py", "gen/keep.py"]


def test_a_nearer_gitignore_counts_more(found, write):
    write("made.py", "lib/made.py", **{".gitignore": "made.py\n", "lib/.gitignore": "!made.py\n"})
    assert found() == ["lib/made.py"]


def test_a_gitignore_above_counts_within_a_repository(found, write):
    write("lib/made.py", "lib/app.py", ".git/HEAD", **{".gitignore": "made.py\n"})
    assert found("lib") == ["lib/app.py"]


def test_a_gitignore_above_counts_for_nothing_outside_a_repository(found, write):
    write("lib/made.py", **{".gitignore": "made.py\n"})
    assert found("lib") == ["lib/made.py"]


def test_a_folder_of_that_name_ignores_nothing(tmp_path, found, write):
    write("app.py")
    (tmp_path / ".gitignore").mkdir()
    assert found() == ["app.py"]


def test_a_gitignore_above_the_repository_counts_for_nothing(found, write):
    write("repository/lib/made.py", "repository/.git/HEAD", **{".gitignore": "made.py\n"})
    assert found("repository/lib") == ["repository/lib/made.py"]


def test_nothing_in_an_ignored_folder_is_taken_in_again_as_with_git(found, write):
    write("app.py", "old/keep.py", **{".gitignore": "old/\n!old/keep.py\n"})
    assert found() == ["app.py"]


def test_an_ignored_folder_that_is_named_is_read(found, write):
    write("made/app.py", ".git/HEAD", **{".gitignore": "made/\n"})
    assert found("made") == ["made/app.py"]


def test_links_to_folders_are_not_followed_so_that_loops_end(tmp_path, found, write):
    write("lib/app.py")
    (tmp_path / "lib/again").symlink_to(tmp_path / "lib", target_is_directory=True)
    (tmp_path / "lib/up").symlink_to(tmp_path, target_is_directory=True)
    assert found() == ["lib/app.py"]


def test_a_file_and_a_link_to_it_are_read_once(tmp_path, found, write):
    write("lib/shared.py")
    (tmp_path / "shared.py").symlink_to(tmp_path / "lib/shared.py")
    assert found() == ["lib/shared.py"]


def test_a_link_to_a_file_elsewhere_is_read(tmp_path, found, write):
    outside = tmp_path.parent / f"{tmp_path.name}-outside.py"
    outside.write_text("", encoding="utf-8")
    (tmp_path / "one.py").symlink_to(outside)
    (tmp_path / "two.py").symlink_to(outside)
    assert found() == ["one.py"]


@pytest.mark.parametrize("target", ["nowhere.py", "link.py"], ids=["to nowhere", "to itself"])
def test_a_link_that_leads_nowhere_is_told_and_the_rest_is_read(tmp_path, write, target):
    write("app.py")
    (tmp_path / "link.py").symlink_to(tmp_path / target)
    files, problems = source_files([tmp_path], tmp_path, Settings())
    assert [file.name for file in files] == ["app.py"]
    assert [(each.code, each.place.path) for each in problems] == [("MT001", "link.py")]


def test_a_template_that_leads_nowhere_is_passed_over(tmp_path, found, write):
    write("app.py")
    (tmp_path / "template.yaml").symlink_to(tmp_path / "nowhere.yaml")
    assert found() == ["app.py"]


def test_an_editors_lock_is_no_file(tmp_path, found, write):
    write("app.py")
    (tmp_path / ".#app.py").symlink_to("somebody@somewhere.1234")
    assert found() == ["app.py"]


def test_data_as_large_as_no_template_is_not_read(found, tmp_path, write):
    write("app.py")
    (tmp_path / "data.json").write_text("[" + "1," * 600_000 + "1]", encoding="utf-8")
    assert found() == ["app.py"]


def test_a_folder_that_may_not_be_opened_is_told(tmp_path, write, monkeypatch):
    write("app.py", "closed/other.py")
    real = os.scandir

    def scandir(folder):
        if Path(folder).name == "closed":
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(os, "scandir", scandir)  # the tests may run as root, whom nothing is closed to
    files, problems = source_files([tmp_path], tmp_path, Settings())
    assert [file.name for file in files] == ["app.py"]
    assert "closed" in problems[0].place.path
    assert "Permission denied" in problems[0].message


def test_a_folder_that_may_not_be_entered_does_not_end_the_walk(tmp_path, write, monkeypatch):
    write("app.py", "closed/other.py")
    real = os.stat

    def stat(path, *arguments, **options):
        if "closed" in str(path) and str(path).endswith("pyvenv.cfg"):
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "stat", stat)  # the tests may run as root, whom nothing is closed to
    files, _ = source_files([tmp_path], tmp_path, Settings())
    assert [file.name for file in files] == ["app.py", "other.py"]
