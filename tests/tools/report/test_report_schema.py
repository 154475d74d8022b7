"""The published schemas: in step with the dataclasses, and true of what is written."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import asdict, dataclass
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from meantime.tools.report.recording import Recording
from meantime.tools.report.schema import MODELS, schema, schema_of, schema_text, write_schemas


def validate(name: str, document) -> None:
    Draft202012Validator(schema(name)).validate(document)


@pytest.fixture
def recording(results) -> Recording:
    return next(run.recording for run in results.runs if run.recording is not None)


@pytest.mark.parametrize("name", MODELS)
def test_the_shipped_schema_is_the_dataclasses_own(name):
    assert json.loads(schema_text(name)) == schema(name), "run: python -m meantime.tools.report.schema"


@pytest.mark.parametrize("name", MODELS)
def test_it_is_a_schema(name):
    Draft202012Validator.check_schema(schema(name))


def test_results_as_written_are_valid(results):
    validate("results", json.loads(results.to_json()))


def test_a_recording_as_written_is_valid(recording):
    validate("recording", json.loads(json.dumps(asdict(recording))))


def test_what_the_schema_takes_is_read(recording):
    document = json.loads(json.dumps(asdict(recording)))
    validate("recording", document)

    assert Recording.of(document) == recording


def test_nothing_that_is_written_is_undocumented(results):
    described = schema("results")

    def undocumented(value: Any, kind: Any, path: str = "") -> list[str]:
        kind = next((one for one in kind.get("anyOf", ()) if "$ref" in one), kind)
        kind = described["$defs"].get(kind.get("$ref", "").rpartition("/")[2], kind)
        if isinstance(value, list):
            return [found for item in value for found in undocumented(item, kind.get("items", {}), f"{path}[]")]
        if not isinstance(value, dict) or "properties" not in kind:
            return []
        found = [f"{path}.{key}" for key in value if key not in kind["properties"]]
        return found + [
            each
            for key in value.keys() & kind["properties"].keys()
            for each in undocumented(value[key], kind["properties"][key], f"{path}.{key}")
        ]

    assert undocumented(json.loads(results.to_json()), described) == []


@pytest.mark.parametrize("missing", ["duration_ms", "accounting", "format", "version"])
def test_what_is_missing_is_noticed(recording, missing):
    document = json.loads(json.dumps(asdict(recording)))
    del document[missing]

    with pytest.raises(ValidationError, match=f"'{missing}' is a required property"):
        validate("recording", document)


@pytest.mark.parametrize(("key", "value"), [("duration_ms", "long"), ("cold", 1), ("memory_mb", 0.5), ("version", 2)])
def test_what_is_of_another_kind_is_noticed(recording, key, value):
    document = {**json.loads(json.dumps(asdict(recording))), key: value}

    with pytest.raises(ValidationError):
        validate("recording", document)


def test_what_a_newer_writer_adds_is_allowed(recording):
    document = json.loads(json.dumps(asdict(recording)))
    document["added_later"] = {"by": "a newer writer"}
    document["calls"][0]["added_later"] = 1

    validate("recording", document)


@pytest.mark.parametrize("model", MODELS.values())
def test_every_object_says_what_it_is(model):
    document = schema_of(model)

    assert all(each["description"] for each in (document, *document["$defs"].values()))


def test_a_property_says_what_the_docstring_says_of_it_to_the_end_of_its_last_line():
    kind = schema("recording")["$defs"]["RecordedCall"]["properties"]["kind"]

    assert kind["description"].startswith("`aws`, `http`, `sql`")
    assert kind["description"].endswith("which holds other calls or computes.")


def test_the_command_writes_every_schema(tmp_path):
    paths = write_schemas(tmp_path)

    assert sorted(path.name for path in paths) == ["recording.schema.json", "results.schema.json"]
    assert {json.loads(path.read_text())["title"] for path in paths} == {"Recording", "Results"}


def test_a_change_of_a_file_is_noticed(results):
    document = json.loads(results.to_json())
    changed = deepcopy(document)
    changed["runs"][0]["p50_ms"] = None

    with pytest.raises(ValidationError):
        validate("results", changed)


def test_a_kind_that_json_has_no_name_for_is_refused():
    @dataclass
    class Odd:
        """Odd."""

        value: complex

    with pytest.raises(TypeError, match="no JSON Schema is known for <class 'complex'>"):
        schema_of(Odd)
