"""The command `meantime measure`, as its user meets it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from meantime.measure import recorded, recording
from meantime.testing import LambdaContext
from meantime.tools.cli import cli
from meantime.tools.report.results import Results

if TYPE_CHECKING:
    from typer.testing import Result

pytestmark = pytest.mark.blocks_the_loop  # it reads its files on the loop; nothing else is to run meanwhile

FUNCTION = """
    import os
    from time import sleep

    def handler(event, context):
        sleep(event.get("seconds", 0.02))
        return os.environ.get("TABLE")

    def quick(event, context):
        return "at once"

    def failing(event, context):
        print("about to fail")
        raise KeyError("TABLE")

    def lost(event, context):
        raise ConnectionRefusedError("nobody there")

    def endless(event, context):
        sleep(60)

    def greedy(event, context):
        return len(bytearray(400_000_000))
"""


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "app.py").write_text(textwrap.dedent(FUNCTION))
    return folder


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "new" / "out"


@pytest.fixture
def measure(code: Path, output: Path):
    def run(*arguments: str, text: str | None = None) -> Result:
        options = ["--code", str(code), "--output", str(output)]
        return CliRunner().invoke(cli, ["measure", *arguments, *options], input=text, env={"COLUMNS": "100"})

    return run


QUICKLY = ("--memory", "1769", "--invocations", "2")


def test_it_prints_a_report_and_writes_the_numbers_and_the_page(measure, output):
    result = measure("app.handler", "--event", "{}", "--memory", "512,1769", "--invocations", "3")

    assert result.exit_code == 0, result.output
    assert "app.handler" in result.stdout
    assert "1769" in result.stdout
    assert str(output / "index.html").replace("\n", "") in result.stdout.replace("\n", "")
    results = Results.read(output / "results.json")
    assert [run.memory_mb for run in results.runs] == [512, 1769]
    assert all(run.recording is not None for run in results.runs)
    assert "app.handler" in (output / "index.html").read_text()


def test_handlers_are_compared(measure, output):
    result = measure("app.handler", "--against", "app.quick", "--event", "{}", *QUICKLY, "--no-record")

    assert result.exit_code == 0, result.output
    results = Results.read(output / "results.json")
    assert [run.variant for run in results.runs] == ["app.handler", "app.quick"]
    assert "app.quick answers in" in " ".join(result.stdout.split())


def test_events_come_from_a_folder_from_files_and_from_the_command_line(measure, output, tmp_path):
    folder = tmp_path / "events"
    folder.mkdir()
    (folder / "small.json").write_text('{"seconds": 0.001}')
    (folder / "large.json").write_text('{"seconds": 0.03}')
    (folder / "README.md").write_text("no event")

    result = measure("app.handler", "--events", str(folder), "--event", "{}", *QUICKLY, "--no-record")

    assert result.exit_code == 0, result.output
    names = [example.name for example in Results.read(output / "results.json").examples]
    assert names == ["app.handler", "app.handler, event", "app.handler, large", "app.handler, small"]


def test_how_often_it_is_invoked_makes_the_bill_of_a_month(measure, output):
    often = ("--rate", "2 million per month", "--cold-starts", "1%", "--architecture", "arm64")

    assert measure("app.quick", "--event", "{}", *QUICKLY, "--no-record", *often).exit_code == 0
    results = Results.read(output / "results.json")
    (bill,) = results.bills
    assert bill.per_month_usd == pytest.approx(2 * bill.per_million_usd, abs=0.001)
    assert (results.rate, results.cold_share, results.prices.architecture) == ("2 million per month", 0.01, "arm64")


def test_an_event_is_read_from_standard_input(measure):
    assert measure("app.handler", "--event", "-", *QUICKLY, "--no-record", text="{}").exit_code == 0


def test_json_is_the_whole_result_and_nothing_else(measure, output):
    result = measure("app.quick", "--event", "{}", *QUICKLY, "--no-record", "--format", "json")

    assert json.loads(result.stdout) == json.loads((output / "results.json").read_text())


def test_markdown_is_for_a_pull_request(measure):
    result = measure("app.quick", "--event", "{}", *QUICKLY, "--no-record", "--format", "markdown")

    assert result.exit_code == 0
    assert "| ---" in result.stdout or "|---" in result.stdout or "-: |" in result.stdout


def test_a_condition_that_is_so_makes_it_fail_after_the_report(measure, output):
    conditions = ("--fail-if", "p95 > 1ms", "--fail-if", "p50 > 10s")

    result = measure("app.handler", "--event", "{}", *QUICKLY, "--no-record", *conditions)

    assert result.exit_code == 1
    assert (output / "results.json").exists()
    *_, failed, passed = result.stderr.splitlines()
    assert failed.startswith("FAILED: p95 is")
    assert passed.startswith("passed: p50 is")
    assert passed.endswith("not over 10,000 ms")


def test_a_condition_that_is_not_so_does_not(measure):
    assert measure("app.quick", "--event", "{}", *QUICKLY, "--no-record", "--fail-if", "p50 > 10s").exit_code == 0


def test_a_failing_function_is_shown_with_its_log_and_leaves_nothing_half_written(measure, output):
    result = measure("app.failing", "--event", "{}")

    assert result.exit_code == 1
    assert "about to fail" in result.stderr
    assert "app.failing at 128 MB failed: KeyError: 'TABLE'" in result.stderr
    assert "Is TABLE a variable of its environment? Set it with --env TABLE=..." in result.stderr
    assert not output.parent.exists()


def test_what_is_set_in_the_shell_only_is_told_with_the_option_that_hands_it_on(measure, monkeypatch):
    monkeypatch.setenv("TABLE", "orders")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")

    missing = measure("app.failing", "--event", "{}")
    unreachable = measure("app.lost", "--event", "{}")

    told = "set in your shell, of which a function gets nothing: add --env"
    assert f'TABLE is {told} TABLE="$TABLE"' in missing.stderr
    assert f'AWS_ENDPOINT_URL is {told} AWS_ENDPOINT_URL="$AWS_ENDPOINT_URL"' in unreachable.stderr


def test_a_function_that_is_not_there_is_told_with_those_that_are(measure):
    result = measure("app.handle", "--event", "{}", *QUICKLY, "--no-record")

    assert "LAMBDA_WARNING" not in result.stderr
    assert "app has handler, quick, failing, lost" in result.stderr


def test_one_that_takes_too_long_is_told_how_to_get_longer(measure):
    result = measure("app.endless", "--event", "{}", "--timeout", "0.3", "--memory", "512")

    assert result.exit_code == 1
    assert "Give it longer with --timeout (it had 0.3 s), or leave that size out of --memory" in result.stderr


def test_one_that_needs_more_memory_is_told_which_size_to_leave_out(measure):
    result = measure("app.greedy", "--event", "{}", "--memory", "256")

    assert result.exit_code == 1
    assert "256 MB: leave that size out of --memory" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["app.handler"], "there is no event"),
        (["app.handler", "--event", "no.json"], "there is no event file 'no.json'"),
        (["app.handler", "--events", "/no/such"], "--events /no/such is no folder"),
        (["app.handler", "--event", "{}", "--memory", "128,64"], "--memory 64 is not in 128..10240 MB"),
        (["app.handler", "--event", "{}", "--memory", "much"], "'much' is no size in MB"),
        (["app.handler", "--event", "{}", "--fail-if", "fast"], "--fail-if 'fast' is not understood"),
        (["app.handler", "--event", "{}", "--fail-if", "p95 > 1s at 333MB"], "333 MB is not measured"),
        (["app.handler", "--event", "{}", "--rate", "often"], "the rate 'often' is not understood"),
        (["app.handler", "--event", "{}", "--architecture", "mips"], "no price for the architecture 'mips'"),
        (["app.handler", "--event", "{}", "--env", "TABLE"], "is not of the form NAME=VALUE"),
        (["app.handler", "--event", "{}", "--against", "other.handler"], "there is no other.py"),
        (["app.handler", "--event", "{}", "--timeout", "901"], "timeout 901.0 is not above 0 and at most 900"),
        (["handler", "--event", "{}"], "is not of the form package.module.function"),
    ],
)
def test_bad_input_is_refused_before_any_work(measure, output, arguments, complaint):
    result = measure(*arguments)

    assert result.exit_code == 2
    assert complaint in " ".join(result.stderr.split())
    assert not output.exists()


def test_a_folder_that_cannot_be_is_refused_before_any_work(code):
    arguments = ["measure", "app.failing", "--code", str(code), "--event", "{}", "--output", "/dev/null"]

    result = CliRunner().invoke(cli, arguments)

    assert result.exit_code == 2
    assert "/dev/null cannot be the folder for the results" in result.stderr


def test_a_size_may_be_named_in_a_list_or_again_and_counts_once(measure, output):
    sizes = ("--memory", "1769, 512", "--memory", "512MB")

    assert measure("app.quick", "--event", "{}", *sizes, "--invocations", "2", "--no-record").exit_code == 0
    assert [run.memory_mb for run in Results.read(output / "results.json").runs] == [512, 1769]


def test_ctrl_c_gives_what_there_is(code, output, tmp_path):
    diary = tmp_path / "diary"
    (code / "app.py").write_text(
        f"def handler(event, context):\n    open({str(diary)!r}, 'a').write('x')\n"  # how far it is
    )
    command = [sys.executable, "-m", "meantime", "measure", "app.handler", "--event", "{}", "--no-record"]
    process = subprocess.Popen(
        [*command, "--code", str(code), "--output", str(output), "--memory", "1769", "--invocations", "100000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    deadline = time.monotonic() + 60
    while (not diary.exists() or diary.stat().st_size < 10) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    printed, errors = process.communicate(timeout=60)

    assert process.returncode == 130, errors
    (run,) = Results.read(output / "results.json").runs
    assert len(run.durations_ms) >= 5
    assert "app.handler" in printed


def test_what_was_measured_is_shown_again(measure, output):
    measure("app.quick", "--event", "{}", *QUICKLY, "--no-record")

    again = CliRunner().invoke(
        cli, ["measure", "show", str(output / "results.json"), "--output", str(output), "--format", "json"]
    )

    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout)["runs"][0]["variant"] == "app.quick"


def test_recordings_of_one_function_are_shown_together(tmp_path, output):
    files = []
    for number in range(3):
        with recording(handler="app.handler", memory_mb=512) as recorder:
            time.sleep(0.01)
        files.append(str(tmp_path / f"{number}.json"))
        recorder.write(files[-1])

    result = CliRunner().invoke(cli, ["measure", "show", *files, "--output", str(output)])

    assert result.exit_code == 0, result.output
    (run,) = Results.read(output / "results.json").runs
    assert (run.variant, run.memory_mb, len(run.durations_ms)) == ("app.handler", 512, 3)
    assert run.recording.duration_ms == run.p50_ms
    assert (output / "index.html").exists()


def test_recordings_are_found_in_a_log_as_cloudwatch_gives_it(tmp_path, output, capsys):
    @recorded(first=2)
    def handler(event, context):
        time.sleep(0.01)

    for _ in range(4):
        handler({}, LambdaContext())
    lines = capsys.readouterr().out.splitlines()
    events = [{"timestamp": 1, "message": f"{line}\n"} for line in ["START RequestId: 1", *lines, "END"]]
    path = tmp_path / "log.json"
    path.write_text(json.dumps({"events": events}, indent=2))

    result = CliRunner().invoke(cli, ["measure", "show", str(path), "--output", str(output)])

    assert result.exit_code == 0, result.output
    (run,) = Results.read(output / "results.json").runs
    assert len(run.durations_ms) == 2
    assert [call.name for call in run.recording.calls] == ["sleep"]


def test_a_log_that_was_cut_off_is_told_as_such(tmp_path, output, capsys):
    @recorded(cold=True)
    def handler(event, context):
        pass

    handler({}, LambdaContext())
    path = tmp_path / "log.txt"
    path.write_text(capsys.readouterr().out.replace("1/1", "1/2"))

    result = CliRunner().invoke(cli, ["measure", "show", str(path), "--output", str(output)])

    assert result.exit_code == 2
    assert "cut off: save the whole log" in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    "content", ["", "{}", "[1, 2]", "START RequestId: 1\nhello\n", '{"format": "meantime-recording"}']
)
def test_a_file_that_holds_nothing_to_show_is_refused(tmp_path, output, content):
    path = tmp_path / "log.txt"
    path.write_text(content)

    result = CliRunner().invoke(cli, ["measure", "show", str(path), "--output", str(output)])

    assert result.exit_code == 2
    assert str(path) in result.stderr.replace("\n", "")
    assert not output.exists()


def test_a_file_that_is_not_there_is_refused(output):
    result = CliRunner().invoke(cli, ["measure", "show", "/no/such/file", "--output", str(output)])

    assert result.exit_code == 2
    assert "Error: /no/such/file cannot be read: No such file or directory" in result.stderr


def test_the_help_names_the_other_command():
    result = CliRunner().invoke(cli, ["measure", "--help"], env={"COLUMNS": "100"})

    assert result.exit_code == 0
    assert "meantime measure show FILE..." in " ".join(result.stdout.split())
    assert "recordings of meantime.measure" in CliRunner().invoke(cli, ["measure", "show", "--help"]).stdout


LOOP = """
    import os
    from time import sleep

    def get(item):
        sleep(0.05)
        return item

    def handler(event, context):
        found = []
        for item in [1, 2, 3, 4]:
            found.append(get(item))
        return found
"""


def test_a_change_is_verified_by_one_paste_wherever_its_file_is(measure, code, output):
    (code / "shop").mkdir()
    (code / "shop" / "reads.py").write_text(textwrap.dedent(LOOP))
    (code / "shop" / "__init__.py").touch()
    (code / "app.py").write_text(
        "from shop.reads import handler as read\n\ndef handler(event, context):\n    return read(event, context)\n"
    )
    secret = ("--env", "API_KEY=sesame")
    first = measure("app.handler", "--event", '{"customer": "c-1"}', *secret, *QUICKLY)
    assert first.exit_code == 0, first.output
    before = Results.read(output / "results.json")
    (advice,) = [each for each in before.examples[0].advice if each.code == "side-by-side"]

    assert advice.patch == str(output / "advice-1.patch")
    assert advice.verify.endswith(f" --with-change {advice.patch}")
    assert '--event "${EVENT?}" ' in advice.verify
    assert '--env API_KEY="${API_KEY?}" ' in advice.verify
    for path in output.iterdir():
        assert "sesame" not in path.read_text()

    verified = measure("app.handler", "--event", "{}", "--with-change", advice.patch, *QUICKLY)

    assert verified.exit_code == 0, verified.output
    results = Results.read(output / "results.json")
    assert [run.variant for run in results.runs] == ["app.handler", "advice-1"]
    said = [verdict.text for verdict in results.examples[0].verdicts if "promised" in verdict.text]
    assert len(said) == 1
    assert said[0].startswith("advice-1: promised ")
    width = next(each.max_concurrency for each in before.examples[0].advice if each.code == "side-by-side")
    measured = [each.max_concurrency for each in results.examples[0].predictions if each.measured_ms is not None]
    assert measured == [1, width]
    told = [each for each in results.examples[0].advice if each.change == advice.change]
    assert all(each.text.startswith("Measured beside it, as advice-1: ") and not each.verify for each in told)
    assert (output / "advice-1.patch").read_text().count("@@ -") >= 1


def test_a_change_that_does_not_fit_is_refused_before_any_work(measure, tmp_path):
    patch = tmp_path / "wrong.patch"
    patch.write_text("--- a/app.py\n+++ b/app.py\n@@ -1 +1 @@\n-never there\n+now\n")

    result = measure("app.handler", "--event", "{}", "--with-change", str(patch))

    assert result.exit_code == 2
    assert "it does not fit app.py at line 1" in result.stderr


def test_handlers_that_answer_otherwise_are_told(measure, output):
    result = measure("app.handler", "--against", "app.quick", "--event", "{}", *QUICKLY, "--no-record")

    assert result.exit_code == 0
    said = [verdict.text for verdict in Results.read(output / "results.json").examples[0].verdicts]
    assert any("app.quick answers otherwise than app.handler: a text instead of no value" in text for text in said)


def test_what_cannot_be_written_does_not_lose_what_was_measured(measure, output):
    (output / "results.json").mkdir(parents=True)

    result = measure("app.quick", "--event", "{}", *QUICKLY, "--no-record")

    assert result.exit_code == 2
    assert "p50 ms" in result.stdout
    assert f"Error: {output / 'results.json'} could not be written: Is a directory" in result.stderr


def test_where_nothing_can_be_printed_the_files_are_there(measure, output, tmp_path):
    assert measure("app.quick", "--event", "{}", *QUICKLY, "--no-record").exit_code == 0
    command = [sys.executable, "-m", "meantime", "measure", "show", str(output / "results.json")]

    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*command, "--output", str(tmp_path / "again")], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )

    assert (tmp_path / "again" / "index.html").exists()
    told = f"Error: the report could not be printed: No space left on device; it is in {tmp_path / 'again'}"
    assert (done.returncode, done.stderr.strip()) == (2, told)


def test_without_a_terminal_progress_is_told_in_lines_and_so_is_what_will_be_replaced(measure, output):
    first = measure("app.quick", "--event", "{}", *QUICKLY, "--no-record")
    again = measure("app.quick", "--event", "{}", *QUICKLY, "--no-record")

    assert first.stderr.splitlines()[0].startswith("measuring app.quick: ")
    assert first.stderr.splitlines()[0].endswith(" invocations")
    assert " of " in first.stderr.splitlines()[1]
    assert "an earlier measurement" not in first.stderr
    assert f"{output} holds an earlier measurement, which this one replaces: see --output" in again.stderr
