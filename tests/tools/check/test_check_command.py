"""`meantime check`, as it is typed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from meantime.tools.check.finding import Finding, Place
from meantime.tools.check.rule import all_rules
from meantime.tools.cli import cli

BROKEN = "def (:\n"
UNUSED = "x = 1  # noqa: MT201\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project to be in: writes files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)

    def files(**texts):
        for name, text in texts.items():
            path = tmp_path / name.replace("__", "/")
            path = path.with_suffix(".py") if not path.suffix else path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return files


@pytest.fixture
def run(project):
    """Runs the command; gives its exit code, standard output and standard error."""

    def command(*arguments):
        result = CliRunner().invoke(cli, ["check", *map(str, arguments)])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout, result.stderr

    return command


def test_nothing_found_exits_with_0(project, run):
    project(app="x = 1\n")
    assert run() == (0, "1 file checked: nothing found.\n", "")


def test_an_error_exits_with_1(project, run):
    project(app=BROKEN)
    code, out, err = run()
    assert (code, err) == (1, "")
    assert out.startswith("error[MT001]: This file cannot be parsed")
    assert " --> app.py:1:5\n" in out


def test_only_warnings_exit_with_0(project, run):
    project(app=BROKEN, **{"pyproject.toml": '[tool.meantime.check]\nlevels = { MT001 = "warning" }\n'})
    code, out, _ = run("--warnings")
    assert code == 0
    assert out.startswith("warning[MT001]")


def test_exit_zero_exits_with_0(project, run):
    project(app=BROKEN)
    assert run("--exit-zero")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "there is no file or folder"),
        (["--select", "MT999"], "there is no rule 'MT999'"),
        (["--ignore", "nonsense"], "there is no rule 'nonsense'"),
        (["--explain", "MT0002"], "there is no rule 'MT0002'; did you mean MT002?"),
        (["notes.txt"], "is neither Python (.py) nor a template"),
        (["--output", "nowhere/findings.json"], "nowhere/findings.json cannot be written: No such file or directory"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_exits_with_2_and_says_why(project, run, arguments, message):
    project(app="x = 1\n", **{"notes.txt": ""})
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("meantime check: ")
    assert message in err


def test_a_path_that_no_file_can_have_exits_with_2(project, run):
    project(app="x = 1\n")
    code, _, err = run("x" * 300)
    assert code == 2
    assert "File name too long" in err


def test_a_full_disk_exits_with_2(tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    command = [sys.executable, "-m", "meantime", "check", "--no-cache"]
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode in {2, 120}, done.stderr  # 120: Python could not flush either
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_mistake_in_the_settings_exits_with_2(project, run):
    project(app="x = 1\n", **{"pyproject.toml": "[tool.meantime.check]\nselct = []\n"})
    code, _, err = run()
    assert code == 2
    assert "unknown key 'selct'; did you mean select?" in err


def test_the_settings_nearest_to_what_is_named_count(project, run):
    project(
        functions__app=BROKEN,
        **{
            "functions__pyproject.toml": '[tool.meantime.check]\nignore = ["MT001"]\n',
            "pyproject.toml": "[tool.meantime.check]\n",
        },
    )
    assert run("functions")[0] == run("functions/app.py")[0] == 0
    assert run()[0] == 1


def test_select_and_ignore_take_several_codes(project, run):
    project(app=UNUSED, bad=BROKEN)
    assert "MT002" not in run("--select", "MT001,MT2")[1]
    assert "MT002" not in run("--select", "MT001 MT2")[1]
    assert "MT001" not in run("--ignore", "MT001", "--ignore", "MT205,MT301")[1]


def test_a_path_elsewhere_is_shown_so_that_it_can_be_opened(project, run, tmp_path, monkeypatch):
    project(functions__app=BROKEN)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert f" --> {tmp_path}/functions/app.py:1:5\n" in run("../functions")[1]


@pytest.mark.parametrize("form", ["concise", "text"])
def test_a_file_name_does_not_speak_to_the_terminal(project, run, form):
    project(**{"new\n::error::x\x1b[31m.py": BROKEN})
    out = run("--format", form)[1]
    assert "\x1b" not in out
    assert "new␊::error::x␛[31m.py:1:5" in out


def test_concise_is_one_line_a_finding(project, run):
    project(app=BROKEN)
    assert run("--format", "concise")[1].startswith("app.py:1:5: MT001 This file cannot be parsed")


@pytest.mark.parametrize(("form", "key"), [("json", "findings"), ("sarif", "runs")])
def test_formats_for_programs_are_documents_on_their_own(project, run, form, key):
    project(app=BROKEN)
    code, out, _ = run("--format", form)
    assert code == 1
    assert json.loads(out)[key]


def test_github_gets_commands_and_nothing_else(project, run):
    project(app=BROKEN)
    (line,) = run("--format", "github")[1].splitlines()
    assert line.startswith("::error file=app.py,line=1,")


@pytest.mark.parametrize("workspace", ["", "."], ids=["the repository", "the workspace"])
def test_github_gets_paths_from_its_workspace_wherever_it_is_called(project, run, monkeypatch, workspace):
    folder = project(services__orders__app=BROKEN)
    if workspace:
        monkeypatch.setenv("GITHUB_WORKSPACE", str(folder))
    else:
        (folder / ".git").mkdir()
    monkeypatch.chdir(folder / "services")
    assert run("--format", "github")[1].startswith("::error file=services/orders/app.py,line=1,")
    assert run("orders", "--format", "github")[1].startswith("::error file=services/orders/app.py,line=1,")


def test_findings_can_be_written_to_a_file(project, run):
    folder = project(app=BROKEN)
    code, out, _ = run("--format", "sarif", "--output", "found.sarif")
    assert (code, out) == (1, "")
    assert json.loads((folder / "found.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"


def test_statistics_count(project, run):
    project(app=UNUSED, bad=BROKEN)
    assert run("--statistics")[1].splitlines()[:2] == ["1  MT001  unreadable-file", "1  MT002  unused-suppression"]


def test_statistics_can_be_json(project, run):
    project(app=UNUSED, bad=BROKEN, **{"worse.py": BROKEN})
    assert json.loads(run("--statistics", "--format", "json")[1]) == [
        {"code": "MT001", "name": "unreadable-file", "count": 2},
        {"code": "MT002", "name": "unused-suppression", "count": 1},
    ]


@pytest.mark.parametrize("form", ["sarif", "github"])
def test_statistics_in_other_formats_are_refused(project, run, form):
    project(app=UNUSED)
    code, out, err = run("--statistics", "--format", form)
    assert (code, out) == (2, "")
    assert f"no statistics in the format {form}; take --format text or json" in err


@pytest.mark.parametrize("within", ["", "lib", "other folder"])
def test_git_applies_the_diff_where_it_was_made(project, run, monkeypatch, within):
    folder = project(app="", **{"lib/my app.py": UNUSED, "other folder/helpers.py": UNUSED})
    subprocess.run(["/usr/bin/env", "git", "init", "-q"], cwd=folder, check=True)
    monkeypatch.chdir(folder / within)
    diff = run("--diff")[1]
    subprocess.run(["/usr/bin/env", "git", "apply", "-"], input=diff, text=True, check=True)
    assert run("--diff")[:2] == (0, "")


def test_patch_applies_the_diff(project, run):
    folder = project(**{"lib/my app.py": UNUSED})
    if shutil.which("patch") is None:
        pytest.skip("there is no patch here")
    subprocess.run(["/usr/bin/env", "patch", "-p1"], input=run("--diff")[1], cwd=folder, text=True, check=True)
    assert (folder / "lib/my app.py").read_text(encoding="utf-8") == "x = 1\n"


def test_a_diff_is_shown_and_nothing_written(project, run):
    folder = project(app=UNUSED)
    code, out, err = run("--diff")
    assert (code, err) == (1, "1 would be mended in 1 file\n")
    assert out.startswith("--- a/app.py\n+++ b/app.py\n")
    assert "-x = 1  # noqa: MT201\n+x = 1\n" in out
    assert (folder / "app.py").read_text(encoding="utf-8") == UNUSED


def test_nothing_to_mend_is_an_empty_diff_and_exits_with_0(project, run):
    project(app=BROKEN)
    assert run("--diff")[:2] == (0, "")


def test_fixes_are_shown_and_written_and_the_rest_is_reported(project, run):
    folder = project(app=UNUSED, bad=BROKEN)
    code, out, err = run("--fix")
    assert (code, err) == (1, "1 mended in 1 file\n")
    assert out.startswith("--- a/app.py\n+++ b/app.py\n")
    assert "error[MT001]" in out
    assert "error[MT002]" not in out
    assert (folder / "app.py").read_text(encoding="utf-8") == "x = 1\n"


@pytest.mark.parametrize("form", ["json", "sarif", "github"])
def test_a_program_gets_its_document_without_the_diff(project, run, form):
    folder = project(app=UNUSED, bad=BROKEN)
    _, out, err = run("--fix", "--format", form)
    assert err.startswith("--- a/app.py\n+++ b/app.py\n")
    assert "+++" not in out
    assert (folder / "app.py").read_text(encoding="utf-8") == "x = 1\n"


def test_a_file_that_cannot_be_written_exits_with_2(project, run, monkeypatch):
    project(app=UNUSED)

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.write_bytes", refuse)  # the tests may run as root, whom nothing is refused
    code, _, err = run("--fix")
    assert code == 2
    assert "app.py cannot be written: Permission denied" in err


def test_with_everything_mended_it_exits_with_0(project, run):
    project(app=UNUSED)
    assert run("--fix")[0] == 0


@pytest.mark.parametrize("word", ["MT002", "mt002", "unused-suppression"])
def test_a_rule_is_explained(run, word):
    code, out, _ = run("--explain", word)
    assert code == 0
    assert out.startswith("# MT002 unused-suppression\n")


def test_a_page_is_set_for_the_eye(run, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    out = run("--explain", "MT002")[1]
    assert "MT002 unused-suppression" in out
    assert "## What it finds" not in out


def test_all_rules_are_listed(run):
    lines = run("--rules")[1].splitlines()
    assert [line.split()[0] for line in lines] == list(all_rules())


def test_what_is_read_is_kept_unless_it_is_not_to_be(project, run):
    folder = project(app="x = 1\n")
    run("--no-cache")
    assert not (folder / ".meantime_cache").exists()
    run()
    assert (folder / ".meantime_cache").exists()


def test_what_is_kept_is_beside_the_settings(project, run, tmp_path, monkeypatch):
    folder = project(functions__app="x = 1\n", **{"pyproject.toml": "[tool.meantime.check]\n"})
    monkeypatch.chdir(folder / "functions")
    run()
    assert (folder / ".meantime_cache").exists()
    assert not (folder / "functions/.meantime_cache").exists()


def test_a_rule_that_fails_is_told_and_hides_nothing(project, run, monkeypatch):
    project(app=UNUSED)

    def fail(_):
        raise KeyError("something")

    replaced = replace(all_rules()["MT001"], check=fail)
    monkeypatch.setitem(all_rules(), "MT001", replaced)
    code, out, err = run("--select", "MT001,MT002", "--no-cache")
    assert code == 2
    assert "the rule MT001 failed, which is a defect of Meantime" in err
    assert "KeyError: 'something'" in err
    assert "1 file checked" in out


def test_colours_are_for_terminals(project, run, monkeypatch):
    project(app=BROKEN)
    assert "\x1b" not in run()[1]
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" in run()[1]


def test_what_rules_find_is_shown(project, run, monkeypatch):
    project(app="x = 1\n")
    found = Finding("MT001", "It is [bold]so[/bold].", Place("app.py", 1, 1, 1, 2))
    replaced = replace(all_rules()["MT001"], check=lambda _: [found])
    monkeypatch.setitem(all_rules(), "MT001", replaced)
    assert "error[MT001]: It is [bold]so[/bold].\n" in run("--no-cache")[1]
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "It is [bold]so[/bold]." in run("--no-cache")[1]


def test_what_a_terminal_cannot_show_is_replaced(tmp_path):
    (tmp_path / "app.py").write_text("x = 'é漢'  # noqa: MT999\n", encoding="utf-8")
    command = [sys.executable, "-m", "meantime", "check", "--no-cache"]
    variables = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert "x = '??'" in done.stdout


@pytest.mark.parametrize("form", ["text", "concise", "github", "json", "sarif"])
def test_a_name_that_is_no_text_is_no_obstacle(project, run, form):
    folder = project(app="x = 1\n")
    try:
        (folder / os.fsdecode(b"caf\xe9.py")).write_text(BROKEN, encoding="utf-8")
    except OSError:
        pytest.skip("there can be no such name here")
    assert run("--format", form)[0] == 1
    assert run("--format", form, "--output", "found")[0] == 1


def test_it_loads_no_other_tool(tmp_path):
    source = (
        "import sys; sys.argv[1:] = ['check', '--no-cache']\n"
        "from meantime.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print({'aiohttp', 'botocore', 'rich.markdown', 'asyncio', 'jinja2', 'pathspec'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", source], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"
