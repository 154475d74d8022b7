"""The command `meantime emulator serve`, as its user meets it."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import queue
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from typing import IO, TYPE_CHECKING, Any

import pytest
from tests.tools.emulator.conftest import descendants, wait_for
from tests.tools.emulator.test_emulator_cleanup import left_by
from typer.testing import CliRunner

from meantime.tools.emulator.command import app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.tools.emulator.conftest import Deploy

PROGRAM = "from meantime.tools.emulator.command import app; app()"
SOURCE = """
    import os, time
    print("loading")

    def handler(event, context):
        path = event.get("rawPath") or event["path"]
        print("handling\\t" + path)
        if path == "/raise":
            raise ValueError("nö")
        if path == "/lines":
            raise ValueError("one\\nwo")
        if path == "/sleep":
            time.sleep(60)
        return {"statusCode": 200, "body": os.environ.get("WORD", "none")}
"""


class Command:
    """The command while it runs: its lines as they come, and requests to it."""

    def __init__(self, code: Path, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "serve", "app.handler", "--code", str(code), "--port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": tempfile.gettempdir()},
            start_new_session=True,
        )
        self.out = self._lines(self.process.stdout)
        self.err = self._lines(self.process.stderr)
        self.url = self.said(r"app\.handler at (http://127\.0\.0\.1:\d+\S*) as")

    def said(self, pattern: str, *, on: str = "err") -> str:
        """Wait for a line that has this in it; return the first group, or the line."""
        lines: queue.Queue[str] = getattr(self, on)
        while True:
            line = lines.get(timeout=30)
            if found := re.search(pattern, line):
                return found[1] if found.groups() else line

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self.url + path, timeout=30) as response:  # noqa: S310  # its own address
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        family = descendants(self.process.pid)
        self.process.send_signal(number)
        status = self.process.wait(30)
        wait_for(lambda: left_by(self.process.pid, family) == [])
        return status

    def _lines(self, stream: IO[str] | None) -> queue.Queue[str]:
        assert stream is not None
        lines: queue.Queue[str] = queue.Queue()

        def read() -> None:
            with contextlib.closing(stream):
                for line in stream:
                    lines.put(line.rstrip("\n"))

        threading.Thread(target=read, daemon=True).start()
        return lines


@pytest.fixture
def run(deploy: Deploy) -> Iterator[Callable[..., Command]]:
    with contextlib.ExitStack() as stack:

        def start(*options: str, source: str = SOURCE) -> Command:
            command = Command(deploy(source).code, *options)
            stack.callback(lambda: command.process.poll() is None and command.stop(signal.SIGKILL))
            return command

        yield start


def test_it_serves_a_function_url_and_tells_of_each_request(run: Callable[..., Command]) -> None:
    command = run("--url", "--env", "WORD=hello", "--memory", "512", "--timeout", "7")
    assert "512 MB, 0.29 of a core, timeout 7 s; watching " in command.said("512 MB")
    assert command.get("/items?x=1") == (200, "hello")
    assert command.get("/items?x=2") == (200, "hello")
    lines = [command.said("GET", on="out") for _ in range(2)]
    request = r"\d\d:\d\d:\d\d 200 GET  /items\?x=\d +\d+\.\d ms  "
    assert re.fullmatch(request + r"cold init \d+ ms +billed +\d+ ms +5 B", lines[0])
    assert re.fullmatch(request + r"warm +billed +\d+ ms +5 B", lines[1])
    assert command.said("│") == "         │ loading"
    assert command.said("│") == "         │ handling\t/items"
    assert command.stop() == 0
    assert command.said("stopping")


def test_an_error_is_told_with_its_traceback(run: Callable[..., Command]) -> None:
    command = run()
    assert command.get("/raise")[0] == 502
    assert command.said("GET", on="out").endswith(" 21 B  the function failed: ValueError: nö")
    assert command.said(r'raise ValueError\("nö"\)')


def test_a_request_is_one_line_whatever_the_error_says(run: Callable[..., Command]) -> None:
    command = run("--log", "none")
    assert command.get("/lines")[0] == 502
    assert command.said("GET", on="out").endswith("the function failed: ValueError: one … wo")


def test_all_of_the_functions_log_is_shown_when_asked_for(run: Callable[..., Command]) -> None:
    command = run("--log", "all")
    command.get("/")
    for line in ("loading", "START RequestId: ", "handling", "END RequestId: ", "REPORT RequestId: "):
        assert command.said("│").startswith(f"         │ {line}")


def test_programs_get_json(run: Callable[..., Command]) -> None:
    command = run("--format", "json", "--source", "api-gateway-v1", "--stage", "prod")
    assert command.url.endswith("/prod")
    command.get("/raise")
    told: dict[str, Any] = json.loads(command.said("{", on="out"))
    assert (told["method"], told["path"], told["status"], told["cold"]) == ("GET", "/prod/raise", 502, True)
    assert (told["fault"], told["problem"]) == ("FUNCTION_FAILED", "ValueError: nö")
    assert told["billed_ms"] > 0
    assert told["response_bytes"] == len('{"message":"Internal server error"}')


def test_more_requests_than_environments_are_throttled(run: Callable[..., Command]) -> None:
    command = run("--max-environments", "1", "--source", "api-gateway-v2", "--timeout", "60")
    with socket.create_connection(("127.0.0.1", int(command.url.rpartition(":")[2]))) as busy:
        busy.sendall(b"GET /sleep HTTP/1.1\r\nHost: here\r\n\r\n")
        wait_for(lambda: command.get("/")[0] == 503)
    assert "throttled: Rate Exceeded." in command.said(" 503 ", on="out")


def test_a_change_of_the_code_is_served_by_new_environments(run: Callable[..., Command], tmp_path: Path) -> None:
    command = run()
    file = tmp_path / "code" / "app.py"
    assert command.get("/") == (200, "none")
    file.write_text("import nothing_of_the_kind\n")
    assert command.said(r"app\.py changed: later requests get new environments")
    assert command.get("/")[0] == 502
    assert "Unable to import module 'app': No module named 'nothing_of_the_kind'" in command.said(" 502 ", on="out")
    where = command.said(r"where it fails: (cd .*)")
    shown = subprocess.run(["/bin/sh", "-c", where], capture_output=True, text=True, check=False).stderr
    assert f'File "{file}", line 1' in shown
    file.write_text("def handler(event, context): return 'mended'\n")
    assert command.said(r"app\.py changed")
    assert command.get("/") == (200, "mended")


def test_what_the_function_writes_beside_its_code_changes_nothing(run: Callable[..., Command], tmp_path: Path) -> None:
    command = run()
    command.get("/")
    for name in ("app.log", "data.sqlite", "__pycache__/app.cpython-311.pyc"):
        file = tmp_path / "code" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("x")
    (tmp_path / "code" / "settings.toml").write_text("x = 1")
    assert command.said("changed").endswith("settings.toml changed: later requests get new environments")


def test_a_binary_body_that_is_spoilt_is_told_once(run: Callable[..., Command]) -> None:
    command = run("--source", "api-gateway-v1")
    for _ in range(2):
        urllib.request.urlopen(command.url, data=bytes(range(256)), timeout=30).close()  # noqa: S310  # its own address
    assert command.said("spoils").endswith("read as text, which spoils it; give --binary-media-type '*/*'")
    command.get("/")
    assert command.stop() == 0
    while "stopping" not in (line := command.said("")):
        assert "spoils" not in line


def test_without_reload_a_change_changes_nothing(run: Callable[..., Command], tmp_path: Path) -> None:
    command = run("--no-reload")
    assert "watching" not in command.said("128 MB")
    assert command.get("/") == (200, "none")
    (tmp_path / "code" / "app.py").write_text("def handler(event, context): return 'new'\n")
    assert command.get("/") == (200, "none")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_all_that_it_started_even_with_a_request_under_way(
    run: Callable[..., Command], number: signal.Signals
) -> None:
    command = run("--timeout", "60", "--log", "none")
    answers = []
    client = threading.Thread(target=lambda: answers.append(command.get("/sleep")))
    client.start()
    wait_for(lambda: len(descendants(command.process.pid)) >= 2)
    assert command.stop(number) == 0
    client.join(30)
    assert command.said(r"(cut off.*)", on="out") == "cut off: serving was stopped"
    assert not answers or answers[0][0] == 500
    while not command.err.empty():
        line = command.err.get()
        assert "Traceback" not in line
        assert "│" not in line  # no log, as asked


def test_on_a_terminal_it_has_colours(deploy: Deploy) -> None:
    terminal, end = pty.openpty()
    arguments = ["serve", "app.handler", "--code", str(deploy(SOURCE).code), "--port", "0"]
    environment = {**os.environ, "TMPDIR": tempfile.gettempdir(), "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments], stdout=end, stderr=end, env=environment, start_new_session=True
    ) as process:
        os.close(end)
        shown = ""
        while not (found := re.search(r"(http://127\.0\.0\.1:\d+)", shown)):
            shown += os.read(terminal, 65_536).decode()
        urllib.request.urlopen(found[1], timeout=30).close()  # noqa: S310  # its own address
        while "billed" not in shown:
            shown += os.read(terminal, 65_536).decode()
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):  # how Linux tells that the other end is closed
            while os.read(terminal, 65_536):
                pass
        os.close(terminal)
        assert process.wait(30) == 0
    assert "\x1b[32m200\x1b[0m" in shown


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--source", "cloudfront"), "Invalid value for '--source'"),
        (("--url", "--source", "alb"), "--url and --source alb are two event sources; give one"),
        (("--stage", "prod"), "--stage is for API Gateway, and function-url has none"),
        (("--source", "alb", "--streaming"), "--streaming is for function URLs and REST APIs, not for alb"),
        (("--binary-media-type", "*/*"), "--binary-media-type is for REST APIs (--source api-gateway-v1)"),
        (("--port", "70000"), "a port is a number from 1 to 65535"),
        (("--memory", "64"), "Invalid value for '--memory'"),
        (("--env", "WORD"), "--env 'WORD' is not of the form NAME=VALUE"),
        (("--code", "nowhere"), "nowhere is not there"),
        (("--host", "256.0.0.1"), "port 0 of 256.0.0.1 cannot be had"),
    ],
)
def test_bad_input_is_one_clear_line_and_exits_with_2(
    deploy: Deploy, arguments: tuple[str, ...], complaint: str
) -> None:
    code = deploy(SOURCE).code
    result = CliRunner().invoke(app, ["serve", "app.handler", "--code", str(code), "--port", "0", *arguments])
    assert result.exit_code == 2
    assert complaint in " ".join(result.stderr.replace("│", " ").split())
    assert "Traceback" not in result.output


def test_a_port_that_is_taken_exits_with_2(deploy: Deploy) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        arguments = ["serve", "app.handler", "--code", str(deploy(SOURCE).code), "--port", str(port)]
        result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert result.stderr == f"Error: port {port} of 127.0.0.1 cannot be had (Address already in use); name another\n"


def test_help_names_every_option_and_source(deploy: Deploy) -> None:
    text = " ".join(CliRunner().invoke(app, ["serve", "--help"]).stdout.replace("│", " ").split())
    for word in (
        "--url",
        "--source",
        "--stage",
        "--streaming",
        "--max-environments",
        "--host",
        "--port",
        "--no-reload",
        "128 to 10240",
        "at most 900",
    ):
        assert word in text
    for source in ("function-url", "api-gateway-v2", "alb-multi-value", "vpc-lattice-v2"):
        assert source in text
