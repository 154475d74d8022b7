"""`@recorded` records some invocations of a function where it runs, and never breaks it."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.measure.patience import patient

import meantime
from meantime import measure
from meantime.alarm import Interrupted
from meantime.measure.log_lines import documents_in, lines_of
from meantime.testing import LambdaContext
from meantime.tools.report.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def nap(_event: Any, _context: Any) -> str:
    time.sleep(0.002)
    return "rested"


async def nap_async(_event: Any, _context: Any) -> str:
    await asyncio.sleep(0.002)
    return "rested"


def invoked(handler: Callable[[Any, Any], Any], times: int) -> list[Any]:
    return [handler({}, LambdaContext()) for _ in range(times)]


def test_the_first_warm_invocation_is_written_to_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    """Once, however many follow, and it is found again."""
    assert invoked(measure.recorded(nap), 4) == ["rested"] * 4

    (document,) = documents_in(capsys.readouterr().out)
    recording = Recording.of(document)
    assert [call.name for call in recording.calls] == ["sleep"]
    assert not recording.cold


@pytest.mark.parametrize(
    ("options", "expected"),
    [({"first": 2}, 2), ({"every": 3}, 3), ({"cold": True}, 1), ({"first": 10, "cold": True}, 8)],
)
def test_which_are_recorded_can_be_chosen(
    options: dict[str, Any], expected: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first so many, or one in so many, with the cold one or without."""
    invoked(measure.recorded(**options)(nap), 8)

    assert capsys.readouterr().out.count("MEANTIME-RECORDING") == expected


def test_a_file_is_written(tmp_path: Path) -> None:
    """It is what the tools read."""
    invoked(measure.recorded(nap, to=tmp_path / "recording.json"), 2)

    assert len(Recording.read(tmp_path / "recording.json").calls) == 1


def test_a_folder_gets_a_file_for_each(tmp_path: Path) -> None:
    """Named by the request."""
    invoked(measure.recorded(to=tmp_path, first=2)(nap), 3)

    assert len(list(tmp_path.glob("*.json"))) == 2


def above(function: Any) -> Any:
    return measure.recorded(meantime.handler(function), cold=True)


def below(function: Any) -> Any:
    return meantime.handler(measure.recorded(function, cold=True))


@patient
@pytest.mark.parametrize("decorate", [above, below])
@pytest.mark.parametrize("function", [nap, nap_async])
def test_it_stands_above_or_below_the_handler(
    decorate: Callable[[Any], Any], function: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a blocking and of an async function."""
    assert invoked(decorate(function), 2) == ["rested"] * 2

    (document,) = documents_in(capsys.readouterr().out)
    assert [call["name"] for call in document["calls"]] == ["sleep"]
    assert document["calls"][0]["waiting_ms"] >= 1


def test_what_the_function_raises_is_raised_and_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    """An invocation that fails is worth a recording, too."""

    def fail(_event: Any, _context: Any) -> None:
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        measure.recorded(fail, cold=True)({}, LambdaContext())

    assert len(documents_in(capsys.readouterr().out)) == 1


def test_a_recording_that_cannot_be_written_breaks_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and the answer is the function's."""
    handler = measure.recorded(nap, to=tmp_path / "missing" / "recording.json", cold=True)

    with caplog.at_level(logging.WARNING, "meantime"):
        assert handler({}, LambdaContext()) == "rested"

    assert "is lost: FileNotFoundError" in caplog.text


def test_a_recording_that_cannot_begin_breaks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Another is under way, say."""
    with measure.recording():
        assert measure.recorded(nap, cold=True)({}, LambdaContext()) == "rested"

    assert "is not recorded: RuntimeError" in caplog.text


def test_it_is_not_written_when_the_time_is_nearly_over(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """The invocation's answer comes first."""
    assert measure.recorded(nap, cold=True)({}, LambdaContext(timeout=0.05)) == "rested"

    assert "writing may take" in caplog.text
    assert "MEANTIME-RECORDING" not in capsys.readouterr().out


def test_the_deadline_while_it_is_written_costs_the_recording_not_the_answer(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What interrupts the function then is no Exception, so that nobody swallows it."""

    def interrupted(*_: Any) -> None:
        raise Interrupted("write", "")

    monkeypatch.setattr(measure.Recorder, "write", interrupted)

    assert invoked(measure.recorded(nap, to="file", cold=True), 1) == ["rested"]
    assert "is lost: Interrupted" in caplog.text


@pytest.mark.parametrize("options", [{"first": 0}, {"every": -1}])
def test_an_option_out_of_range_is_told_at_once(options: dict[str, Any]) -> None:
    """Before anything runs."""
    with pytest.raises(ValueError, match="1 or more"):
        measure.recorded(**options)


def test_a_large_recording_goes_into_several_lines_and_comes_back_whole() -> None:
    """Each short enough for one event of CloudWatch's, and found in JSON as well as in plain text."""
    document = {"text": [str(hash(str(number))) for number in range(60_000)]}

    lines = list(lines_of(document, "some-request"))
    wrapped = json.dumps([{"message": line} for line in reversed(lines)])

    assert len(lines) > 1
    assert max(map(len, lines)) < 250_000
    assert documents_in(wrapped) == [document]


def test_a_recording_of_which_a_line_is_missing_is_left_out() -> None:
    """Half of one tells nothing."""
    lines = list(lines_of({"text": [str(hash(str(number))) for number in range(60_000)]}, "some-request"))

    assert documents_in("\n".join(lines[1:])) == []
