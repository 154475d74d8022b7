"""What programs get."""

from __future__ import annotations

import json

import jsonschema
import pytest

from meantime.tools.check.checking import Checked
from meantime.tools.check.output.json import document, schema


def test_it_keeps_to_its_published_schema(checked):
    jsonschema.validate(json.loads(document(checked)), schema(), jsonschema.Draft202012Validator)


def test_nothing_found_keeps_to_it_too(tmp_path):
    jsonschema.validate(json.loads(document(Checked(tmp_path, (), 0))), schema())


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("key", ["code", "level", "path", "line", "message", "chain", "fix"])
def test_a_finding_without_something_breaks_it(checked, key):
    whole = json.loads(document(checked))
    del whole["findings"][0][key]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(whole, schema())


def test_a_finding_is_all_there(checked):
    whole = json.loads(document(checked))
    assert (whole["format"], whole["version"], whole["files"]) == ("meantime-findings", 1, 2)
    assert whole["not_shown"] == {"likely": 3, "also_found_by_ruff": 1, "suppressed": 4}
    first, second, third = whole["findings"]
    assert first["fix"]["edits"][0]["text"] == "@meantime.handler\n"
    assert (first["code"], first["name"], first["level"]) == ("MT001", "unreadable-file", "error")
    assert second["chain"] == [
        {
            "path": "app.py",
            "line": 5,
            "column": 13,
            "end_line": 5,
            "end_column": 43,
            "text": "lambda_handler calls load_user",
        }
    ]
    assert (third["line"], third["end_line"], third["end_column"]) == (1, 1, 1)
    assert third["also_found_by"] == ["RUF100", "F401"]
