"""Calls that need nothing of each other are found in however they are written, and a chain is never taken for such."""

import ast
import asyncio
import importlib
import sys
from pathlib import Path

import pytest

from meantime.measure import recording
from meantime.tools.measure.dependence import IF_INDEPENDENT, PROVED, independent_groups
from meantime.tools.report.recording import Recording

STYLES = Path(__file__).parent / "styles"
ASSUMED = {"until_the_list_is_empty", "first_that_is_there", "guarded", "queries"}
SOME = {  # how many go side by side, where not all do
    "notifies_all": 3,
    "found_then_read": 4,
}


def names_in(module):
    tree = ast.parse((STYLES / f"{module}.py").read_text())
    return [
        each.name
        for each in tree.body
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)) and not each.name.startswith("_")
    ]


def record(module, name, monkeypatch):
    monkeypatch.syspath_prepend(STYLES.parent)
    monkeypatch.syspath_prepend(STYLES)
    for each in (module, "services"):
        sys.modules.pop(each, None)
    handler = getattr(importlib.import_module(module), name)
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(STYLES))
    with recording(handler=f"{module}.{name}") as recorder:
        answer = handler({}, None)
        if asyncio.iscoroutine(answer):
            asyncio.run(answer)
    return Recording.of(recorder.document)


def library_calls(recorded):
    return {call.id for call in recorded.calls if call.kind in ("aws", "http", "sql")}


@pytest.mark.parametrize("name", names_in("independent"))
def test_calls_that_need_nothing_of_each_other_are_found(name, monkeypatch):
    recorded = record("independent", name, monkeypatch)

    found = independent_groups(recorded, STYLES)

    assert len(found.groups) == 1, found
    (group,) = found.groups
    assert group.certainty == (IF_INDEPENDENT if name in ASSUMED else PROVED), group
    assert bool(group.assumption) == (name in ASSUMED)
    tops = {call.parent if call.parent is not None else call.id for call in recorded.calls if call.id in library_calls(recorded)}
    assert len(group.calls) == SOME.get(name, len(tops))


@pytest.mark.parametrize("name", names_in("dependent"))
def test_calls_that_need_an_earlier_one_stay_in_line(name, monkeypatch):
    recorded = record("dependent", name, monkeypatch)

    found = independent_groups(recorded, STYLES)

    assert found.groups == ()
    assert len(library_calls(recorded)) > 1
    assert found.chains
    assert all(chain.reason for chain in found.chains)
