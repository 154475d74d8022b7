"""The line of a request, for what seldom happens to one."""

from __future__ import annotations

import pytest

from meantime.tools.emulator.http import Exchange, Fault, FunctionUrl, Request
from meantime.tools.emulator.http.access_log import AccessLog


@pytest.fixture
def exchange() -> Exchange:
    return Exchange(Request("GET", "/", "", (), b"", "127.0.0.1", 3000, "HTTP/1.1", id="1-2-3-4-5", time=0.0))


def shown(exchange: Exchange, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("FORCE_COLOR", "1")
    AccessLog().exchange(exchange)
    return capsys.readouterr().out


def test_a_request_that_was_cut_off_by_stopping_is_no_failure(exchange, capsys, monkeypatch) -> None:
    exchange.refuse(FunctionUrl(), Fault.CLOSED)
    line = shown(exchange, capsys, monkeypatch)
    assert "cut off: serving was stopped" in line
    assert "\x1b[31m" not in line  # red

    exchange.refuse(FunctionUrl(), Fault.FUNCTION_FAILED, "ValueError: no")
    assert "\x1b[31m" in shown(exchange, capsys, monkeypatch)


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (
            "Error: no table\n\nTraceback (most recent call last):\n  x\nOSError: no disk\n\n",
            "no table … OSError: no disk",
        ),
        ("Error: it is OSError: no\nTraceback (most recent call last):\nOSError: no\n", "it is OSError: no"),
        ("\n", "the function failed:"),
        ("x" * 1000, "x" * 179 + "…"),
    ],
)
def test_an_error_is_one_line_that_says_the_most(exchange, capsys, monkeypatch, said, line) -> None:
    exchange.refuse(FunctionUrl(), Fault.FUNCTION_FAILED, said)
    monkeypatch.setenv("NO_COLOR", "1")
    text = shown(exchange, capsys, monkeypatch)
    assert text.count("\n") == 1
    assert text.rstrip("\n").replace("\x1b[0m", "").endswith(line)


def test_what_to_do_about_it_stands_behind_it(exchange, capsys, monkeypatch) -> None:
    exchange.refuse(FunctionUrl(), Fault.REQUEST_TOO_LARGE, "too much")
    exchange.hint = "send less"
    assert "send less" in shown(exchange, capsys, monkeypatch)
