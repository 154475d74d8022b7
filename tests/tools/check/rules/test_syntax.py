"""Where a call stands in its file's syntax tree."""

from __future__ import annotations

import ast

import pytest

from meantime.tools.check.reading import read_project
from meantime.tools.check.rules._syntax import around


@pytest.fixture
def path_to(tmp_path):
    """Gives the kinds of the nodes around the one call of `wanted` in a source."""

    def found(source: str) -> list[type[ast.AST]]:
        (tmp_path / "app.py").write_text(source, encoding="utf-8")
        project = read_project([tmp_path], root=tmp_path)
        (call,) = (
            each for function in project.functions.values() for each in function.calls if each.function.name == "wanted"
        )
        return [type(node) for node in around(project, call)]

    return found


@pytest.mark.parametrize(
    ("source", "kinds"),
    [
        ("wanted()", [ast.Module, ast.Expr, ast.Call]),
        ("@wanted(1)\n@other\ndef load():\n    pass", [ast.FunctionDef, ast.Call]),
        ("@other\n@wanted(1)\nclass Store:\n    pass", [ast.Module, ast.ClassDef, ast.Call]),
        ("def load():\n    return wanted()", [ast.FunctionDef, ast.Return, ast.Call]),
        ("async def load():\n    if a:\n        wanted()", [ast.AsyncFunctionDef, ast.If, ast.Expr, ast.Call]),
        ("def load():\n    return lambda: wanted()", [ast.Lambda, ast.Call]),
        ("def one():\n    def two():\n        wanted()\n", [ast.FunctionDef, ast.Expr, ast.Call]),
        ('x = "äöü" if wanted() else "ß"', [ast.Module, ast.Assign, ast.IfExp, ast.Call]),
        (
            "x = [\n    1,\n    other(\n        wanted(\n        )\n    ),\n]",
            [ast.Module, ast.Assign, ast.List, ast.Call, ast.Call],
        ),
    ],
    ids=[
        "in the module",
        "in a function's decorator",
        "in a class's decorator",
        "in a function",
        "in a branch of a coroutine function",
        "in a lambda",
        "in a function in a function",
        "after letters of several bytes",
        "over several lines",
    ],
)
def test_the_nodes_begin_with_the_function_and_end_with_the_call(path_to, source, kinds):
    assert path_to(source) == kinds
