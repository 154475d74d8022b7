"""What code scanning gets."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from meantime.tools.check.checking import Checked
from meantime.tools.check.output.sarif import log

SCHEMA = json.loads(Path(__file__).with_name("sarif-schema-2.1.0.json").read_text(encoding="utf-8"))


def run_of(checked):
    whole = json.loads(log(checked))
    jsonschema.validate(whole, SCHEMA, format_checker=jsonschema.FormatChecker())
    (run,) = whole["runs"]
    return run


def test_it_keeps_to_the_official_schema(checked):
    assert len(run_of(checked)["results"]) == 3


@pytest.mark.parametrize("failures", [(), (("MT001", "KeyError: 'x'"),)], ids=["nothing found", "a rule failed"])
def test_it_keeps_to_it_whatever_happened(tmp_path, failures):
    run = run_of(Checked(tmp_path, (), 0, failures=failures))
    assert run["results"] == []
    assert run["invocations"][0]["executionSuccessful"] == (not failures)


def test_a_rule_brings_its_page(checked):
    rules = run_of(checked)["tool"]["driver"]["rules"]
    assert [(rule["id"], rule["name"]) for rule in rules] == [
        ("MT001", "unreadable-file"),
        ("MT002", "unused-suppression"),
    ]
    assert "## Why it hurts on Lambda" in rules[0]["help"]["markdown"]
    assert rules[0]["defaultConfiguration"] == {"level": "error"}


def test_a_result_points_at_its_rule_and_its_place(checked):
    result = run_of(checked)["results"][1]
    assert (result["ruleId"], result["ruleIndex"], result["level"]) == ("MT002", 1, "error")
    (location,) = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "my%20lib/helpers.py", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 5, "startColumn": 9, "endLine": 5, "endColumn": 50},
    }


def test_the_way_there_is_a_code_flow_that_ends_at_the_finding(checked):
    first, second, _ = run_of(checked)["results"]
    assert "codeFlows" not in first
    (thread,) = second["codeFlows"][0]["threadFlows"]
    lines = [each["location"]["physicalLocation"]["region"]["startLine"] for each in thread["locations"]]
    texts = [each["location"]["message"]["text"] for each in thread["locations"]]
    assert lines == [5, 5]
    assert texts == ["lambda_handler calls load_user", second["message"]["text"]]


def test_a_fix_is_a_change_of_the_file(checked):
    (fix,) = run_of(checked)["results"][0]["fixes"]
    (change,) = fix["artifactChanges"]
    (replacement,) = change["replacements"]
    assert replacement["insertedContent"]["text"] == "@meantime.handler\n"
    assert replacement["deletedRegion"] == {"startLine": 4, "startColumn": 1, "endColumn": 1}


def test_a_fingerprint_stays_while_lines_above_come_and_go(checked):
    before = run_of(checked)["results"][0]["partialFingerprints"]
    file = checked.root / "app.py"
    file.write_text(f"\n\n{file.read_text(encoding='utf-8')}", encoding="utf-8")
    first = checked.findings[0]
    moved = replace(first, place=replace(first.place, line=6, end_line=6))
    assert run_of(Checked(checked.root, (moved,), 2))["results"][0]["partialFingerprints"] == before


def test_two_findings_on_equal_lines_have_fingerprints_of_their_own(checked):
    twice = Checked(checked.root, (*checked.findings, *checked.findings), 2)
    prints = [each["partialFingerprints"]["meantimeCheck/v1"] for each in run_of(twice)["results"]]
    assert len(set(prints)) == 6


def test_paths_are_relative_to_the_repository(checked):
    (checked.root / ".git").mkdir()
    inner = Checked(checked.root / "my lib", (), 1)
    assert run_of(inner)["originalUriBaseIds"]["SRCROOT"]["uri"] == f"{checked.root.as_uri()}/"
