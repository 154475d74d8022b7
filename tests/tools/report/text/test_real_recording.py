"""What the wait clock really writes: valid by the published schema, and shown and drawn as it is."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from meantime import measure, threads
from meantime.tools.report.chrome_trace import chrome_trace
from meantime.tools.report.recording import Recording
from meantime.tools.report.recording_report import print_recording
from meantime.tools.report.schema import schema


def rest(seconds: float) -> None:
    time.sleep(seconds)  # what the recording is of


@pytest.fixture(scope="module")
def document() -> Any:
    with measure.recording(handler="app.handler") as recorder:
        rest(0.01)
        threads.map(rest, [0.01] * 4, max_concurrency=2)
    return json.loads(json.dumps(recorder.document))


def undocumented(value: Any, described: Any, definitions: Any, path: str = "") -> list[str]:
    """The paths of what a document holds and its schema does not name."""
    described = definitions.get(described.get("$ref", "").rpartition("/")[2], described)
    if isinstance(value, list) and "items" in described:
        return [found for item in value for found in undocumented(item, described["items"], definitions, f"{path}[]")]
    if not isinstance(value, dict) or "properties" not in described:
        return []
    found = [f"{path}.{key}" for key in value if key not in described["properties"]]
    for key in value.keys() & described["properties"].keys():
        found += undocumented(value[key], described["properties"][key], definitions, f"{path}.{key}")
    return found


def test_a_recording_is_valid_by_the_published_schema(document):
    Draft202012Validator(schema("recording")).validate(document)


def test_nothing_in_it_is_undocumented(document):
    described = schema("recording")

    assert undocumented(document, described, described["$defs"]) == []


def test_it_is_shown(shown, document):
    text = shown(print_recording, Recording.of(document))

    assert text.startswith("app.handler: ")
    assert "rest" in text


def test_it_is_drawn(document):
    events = chrome_trace({"app.handler": Recording.of(document)})["traceEvents"]

    assert sum(event["ph"] == "X" and event["name"] == "sleep" for event in events) >= 1
