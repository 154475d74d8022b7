"""The functions of `styles`, recorded as they call services that answer at once."""

from __future__ import annotations

import ast
import asyncio
import importlib
import sys
from pathlib import Path

from meantime.measure import recording
from meantime.tools.report.recording import Recording

STYLES = Path(__file__).parents[1] / "styles"


def names_in(module):
    tree = ast.parse((STYLES / f"{module}.py").read_text())
    return [
        each.name
        for each in tree.body
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)) and not each.name.startswith("_")
    ]


def imported(module, name, monkeypatch, folder=STYLES):
    monkeypatch.syspath_prepend(folder)
    for each in (module, "services"):
        sys.modules.pop(each, None)
    importlib.invalidate_caches()
    return getattr(importlib.import_module(module), name)


def called(handler):
    answer = handler({}, None)
    return asyncio.run(answer) if asyncio.iscoroutine(answer) else answer


def record(module, name, monkeypatch, folder=STYLES):
    handler = imported(module, name, monkeypatch, folder)
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(folder))
    with recording(handler=f"{module}.{name}") as recorder:
        called(handler)
    return Recording.of(recorder.document)


def library_calls(recorded):
    return {call.id for call in recorded.calls if call.kind in ("aws", "http", "sql")}
