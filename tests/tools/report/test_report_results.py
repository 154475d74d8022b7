from __future__ import annotations

import json
from dataclasses import replace
from math import inf, nan
from typing import TYPE_CHECKING, Any

import pytest

from meantime.tools.report.results import Example, Results, ResultsError, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


CALLS = ("recording", "calls")


@pytest.fixture
def document(results: Results) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(results.to_json())
    return document


def read(document: dict[str, Any], tmp_path: Path) -> Results:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(document))
    return Results.read(path)


def test_what_is_written_is_read_again_the_same(results: Results, tmp_path: Path) -> None:
    path = tmp_path / "build" / "demo" / "results.json"

    results.write(path)

    assert Results.read(path) == results


def test_the_file_has_the_keys_that_others_rely_on(document: dict[str, Any]) -> None:
    run = document["runs"][0]

    assert document["machine"]["python"]
    assert document["prices"]["date"] == "2026-01-02"
    assert {
        "example", "variant", "memory_mb", "durations_ms", "cold_ms", "p50_ms", "p95_ms", "ideal_ms", "billed_ms",
        "cost_per_million_usd", "cpu_ms", "calls",
    } <= run.keys()  # fmt: skip
    assert run["calls"][0].keys() == {
        "name", "start_ms", "end_ms", "waiting_ms", "computing_ms", "throttled_ms", "lane",
    }  # fmt: skip


def test_keys_of_a_newer_file_are_passed_over(results: Results, document: dict[str, Any], tmp_path: Path) -> None:
    document["weather"] = "fine"
    document["runs"][0]["mood"] = 3

    assert read(document, tmp_path) == results


def test_a_file_of_runs_alone_names_its_examples_after_them(
    results: Results, document: dict[str, Any], tmp_path: Path
) -> None:
    del document["examples"]

    examples = read(document, tmp_path).examples

    assert examples[0] == Example(name="apis", title="apis")
    assert [example.name for example in examples] == [e.name for e in results.examples]


@pytest.mark.parametrize("name", [["a"], {}, None, 7])
def test_a_file_of_runs_alone_is_refused_where_an_example_has_no_name(
    document: dict[str, Any], tmp_path: Path, name: Any
) -> None:
    del document["examples"]
    document["runs"][2]["example"] = name

    with pytest.raises(ResultsError, match=r"runs\[2\]\.example must be a text"):
        read(document, tmp_path)


def test_a_file_that_is_nested_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text("[" * 100_000)

    with pytest.raises(ResultsError, match="nested too deep"):
        Results.read(path)


def test_a_name_that_no_encoding_takes_is_written_and_read_again(results: Results, tmp_path: Path) -> None:
    run = results.runs[0]
    assert run.recording is not None
    calls = (replace(run.recording.calls[0], name="GET /\ud800"), *run.recording.calls[1:])
    odd = replace(results, runs=(replace(run, recording=replace(run.recording, calls=calls)), *results.runs[1:]))

    odd.write(tmp_path / "results.json")

    assert Results.read(tmp_path / "results.json") == odd


def test_whole_numbers_are_as_good_as_fractions(document: dict[str, Any], tmp_path: Path) -> None:
    document["runs"][0]["cold_ms"] = 180

    assert read(document, tmp_path).runs[0].cold_ms == 180.0


def test_an_unknown_ideal_is_null(document: dict[str, Any], tmp_path: Path) -> None:
    document["runs"][0]["ideal_ms"] = None

    assert read(document, tmp_path).runs[0].ideal_ms is None


def change(*path_and_value: Any) -> Callable[[dict[str, Any]], None]:
    """Give a function that sets the value at a path of a document."""
    *path, last, value = path_and_value

    def apply(document: Any) -> None:
        for key in path:
            document = document[key]
        if value is KeyError:
            del document[last]
        else:
            document[last] = value

    return apply


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (change("runs", 3, "p50_ms", "fast"), r"runs\[3\]\.p50_ms must be a finite number, not 'fast'"),
        (change("runs", 3, "p50_ms", nan), r"runs\[3\]\.p50_ms must be a finite number, not nan"),
        (change("runs", 3, "p50_ms", True), r"runs\[3\]\.p50_ms must be a finite number, not True"),
        (change("runs", 0, "memory_mb", 128.5), r"runs\[0\]\.memory_mb must be a whole number, not 128\.5"),
        (change("runs", 0, "memory_mb", inf), r"runs\[0\]\.memory_mb must be a whole number, not inf"),
        (change("runs", 0, "memory_mb", 10**400), r"runs\[0\]\.memory_mb must be a whole number, not 10{56}\.\.\."),
        (change("runs", 0, "memory_mb", 0), r"memory_mb must be above 0"),
        (change("runs", 0, "variant", KeyError), r"runs\[0\]\.variant is missing"),
        (change("runs", 0, *CALLS, 1, "end_ms", KeyError), r"runs\[0\]\.recording\.calls\[1\]\.end_ms is missing"),
        (change("runs", 0, *CALLS, 1, "end_ms", 0.0), r"runs\[0\]\.recording\.calls\[1\]: .* ends before it starts"),
        (change("runs", 0, *CALLS, 1, "name", []), r"runs\[0\]\.recording\.calls\[1\]\.name must be a text, not \[\]"),
        (change("runs", 0, *CALLS, {}), r"runs\[0\]\.recording\.calls must be a list, not \{\}"),
        (change("runs", 0, "durations_ms", []), r"durations_ms is empty"),
        (change("runs", 0, "durations_ms", [-1.0]), r"a duration is below 0"),
        (change("runs", 0, "p95_ms", 1.0), r"p50_ms is above p95_ms"),
        (change("runs", 0, "p95_ms", 1e6), r"lie outside the durations"),
        (change("runs", 0, "example", "nobody"), r"names the example 'nobody', which is not among examples"),
        (change("runs", 0, "memory_mb", 512), r"two runs of 'apis', 'sequential', 512 MB"),
        (change("prices", "date", 2026), r"prices\.date must be a text, not 2026"),
        (change("prices", KeyError), r"prices is missing"),
        (change("prices", "usd_per_request", -0.1), r"prices: usd_per_request must be .* 0 or above"),
        (change("machine", "versions", {"boto3": 1}), r"machine\.versions\.boto3 must be a text, not 1"),
        (change("machine", "versions", ["boto3"]), r"machine\.versions must be an object, not \['boto3'\]"),
        (change("machine", "x" * 100), r"machine must be an object, not 'x{56}\.\.\."),
        (change("examples", 1, "name", "apis"), r"two examples have the same name"),
        (change("examples", 1, "title", " "), r"examples\[1\]: example 's3' needs a title"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place_of_the_mistake(
    document: dict[str, Any], tmp_path: Path, wrong: Callable[[dict[str, Any]], None], message: str
) -> None:
    wrong(document)

    with pytest.raises(ResultsError, match=message) as caught:
        read(document, tmp_path)

    assert str(caught.value).startswith(str(tmp_path / "results.json"))


def test_a_missing_file_says_what_writes_one(results: Results, tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"results\.json: there is no such file; `make demo` writes one"):
        Results.read(tmp_path / "results.json")


def test_a_folder_is_no_results_file(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="cannot be read: Is a directory"):
        Results.read(tmp_path)


@pytest.mark.parametrize("content", [b'{"machine": ', b"\xff\xfe", b""])
def test_a_file_that_is_not_json_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(content)

    with pytest.raises(ResultsError, match="this is not JSON"):
        Results.read(path)


def test_a_list_is_no_results_file(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text("[]")

    with pytest.raises(ResultsError, match=r"the file must be an object, not \[\]"):
        Results.read(path)


def test_calls_in_brief_are_those_at_the_libraries_boundaries_and_items_that_make_none(results: Results) -> None:
    recording = results.runs[0].recording
    assert recording is not None
    call = recording.calls[0]
    calls = (
        replace(call, id=0, kind="item", name="fetch(1)"),
        replace(call, id=1, kind="http", name="GET /orders", parent=0, held_up_ms=25.0),
        replace(call, id=2, kind="socket", name="connect", parent=1),
        replace(call, id=3, kind="item", name="resize(2)"),
        replace(call, id=4, kind="lock", name="map"),
    )
    run = replace(results.runs[0], recording=replace(recording, calls=calls))

    written = json.loads(replace(results, runs=(run, *results.runs[1:])).to_json())["runs"][0]["calls"]

    assert [each["name"] for each in written] == ["GET /orders", "resize(2)"]
    assert written[0]["throttled_ms"] == 25.0


def test_without_a_recording_there_are_none(results: Results) -> None:
    bare = replace(results, runs=(replace(results.runs[0], recording=None),))

    assert json.loads(bare.to_json())["runs"][0]["calls"] == []


def test_runs_come_by_rising_memory(results: Results) -> None:
    shuffled = replace(results, runs=tuple(reversed(results.runs)))

    memories = [run.memory_mb for run in shuffled.runs_of("s3")]

    assert memories == [128, 128, 512, 512, 1769, 1769]


@pytest.mark.parametrize("value", [nan, inf, -1.0])
def test_a_run_is_checked_when_it_is_made(results: Results, value: float) -> None:
    run = results.runs[0]

    with pytest.raises(ValueError, match="run 'apis', 'sequential', 128 MB: cold_ms must be a finite number"):
        replace(run, cold_ms=value)


def test_an_empty_verdict_is_refused() -> None:
    with pytest.raises(ValueError, match="a verdict needs a text"):
        Verdict(text=" ")
