"""Whole projects: places, what is read of vast ones, and that nothing depends on what it must not."""

from __future__ import annotations

import ast
import pickle
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meantime.tools.check import reading
from meantime.tools.check.model.expressions import Call
from meantime.tools.check.model.project import Project
from meantime.tools.check.model.reader import read_module
from meantime.tools.check.model.relevance import matters
from meantime.tools.check.reading import read_project

if TYPE_CHECKING:
    import random

    from meantime.tools.check.model.expressions import Expression
    from meantime.tools.check.model.functions import Function, Module

_LIBRARY = Path(sysconfig.get_path("stdlib"))


# Places


def texts_of_calls(project: Project, file: str) -> list[str]:
    """The text of each call, cut out of its file by its place."""
    lines = project.lines(file)
    found = []
    for function in project.functions.values():
        for call in function.calls:
            place = project.place(call, function)
            assert place.line == place.end_line
            found.append(lines[place.line - 1][place.column - 1 : place.end_column - 1])
    return sorted(found)


def test_places_are_counted_in_characters(project_of):
    project = project_of('x = load("größe", save("日本語"))  # 😀\ny = "😀" + send("é")\n')
    assert texts_of_calls(project, "app.py") == ['load("größe", save("日本語"))', 'save("日本語")', 'send("é")']


def test_places_are_those_of_the_line_whatever_ends_it(project_of, tmp_path):
    (tmp_path / "app.py").write_bytes(b"a = 1\r\nb = '\\x0c'\r\n\x0cload(1)\r\n")
    project = read_project([tmp_path], root=tmp_path)
    (call,) = project.functions["app.<module>"].calls
    assert project.lines("app.py")[call.line - 1] == "\x0cload(1)"


@pytest.mark.parametrize("line", ["def load(): ...", "async def load(): ...", "async  def   load(): ..."])
def test_the_place_of_a_function_is_that_of_its_name(project_of, line):
    project = project_of(line)
    place = project.place_of(project.functions["app.load"])
    assert line[place.column - 1 : place.end_column - 1] == "load"


def test_the_place_of_a_decorated_method_is_that_of_its_name(project_of):
    project = project_of("class Größe:\n    @property\n    def load(self): ...\n")
    place = project.place_of(project.functions["app.Größe.load"])
    assert (place.line, place.column) == (3, 9)


# Vast projects

WAITING = "import boto3\ndef load(): return boto3.client('s3')\n"
COMPUTING = "def add(a, b): return a + b\n"


def test_of_a_vast_project_only_what_may_wait_is_kept(project_of, monkeypatch):
    monkeypatch.setattr(reading, "_VAST_BYTES", 10)
    project = project_of({"waits.py": WAITING, "computes.py": COMPUTING})
    assert set(project.modules) == {"waits.py"}


def test_of_a_vast_project_broken_files_are_told_all_the_same(project_of, monkeypatch):
    monkeypatch.setattr(reading, "_VAST_BYTES", 10)
    project = project_of({"waits.py": WAITING, "broken.py": "def ("})
    assert [each.place.path for each in project.problems] == ["broken.py"]


def test_all_of_a_project_that_is_not_vast_is_kept(project_of):
    assert set(project_of({"waits.py": WAITING, "computes.py": COMPUTING}).modules) == {"waits.py", "computes.py"}


@pytest.mark.parametrize(
    "source",
    [
        "import boto3",
        "import os, boto3",
        "import os, boto3.session as session",
        "from boto3.dynamodb import conditions",
        "    import requests",
        "async def main(): ...",
        "from time import sleep\nsleep(1)",
        "def lambda_handler(event, context): ...",
        "def load():\n\tfrom concurrent.futures import ThreadPoolExecutor",
    ],
)
def test_a_file_matters_that_may_wait(source):
    assert matters(source.encode())


@pytest.mark.parametrize(
    "source", ["import boto3_types", "x = 'import boto3'", "import os", "from mine import requests"]
)
def test_a_file_does_not_matter_that_only_computes(source):
    assert not matters(source.encode())


# What holds of any source


def asked_for_everything(project: Project) -> dict[str, object]:
    """What the project answers, of each call and each function."""
    found: dict[str, object] = {}
    for function in project.functions.values():
        found[function.qualified] = project.runs(function)._replace(in_invocation=None)
        for call in function.calls:
            key = f"{function.qualified} {project.place(call, function)} {call.end_line}:{call.end_column}"
            found[key] = (
                project.targets(call),
                frozenset(each.qualified for each in project.callees(call)),
                [(project.paths(each, function), project.length(each, function)) for each in call.arguments],
                [project.comes_from_event(each, function) for each in call.arguments],
            )
    return {key: repr_of(value) for key, value in found.items()}


def repr_of(value: object) -> object:
    """Chains by what they say, not by the calls themselves."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: repr_of(part) for name, part in value._asdict().items() if name not in {"call", "handler"}}
    return value


def a_project(files: dict[str, str]) -> Project:
    modules = {
        file: read_module(text, name=reading.module_name(file), file=file, is_package=file.endswith("__init__.py"))
        for file, text in files.items()
    }
    return Project(Path(), modules)


PARTS = st.sampled_from(
    [
        "def {0}({1}={2}):\n    return {1}\n",
        "async def {0}({1}):\n    return await {2}({1})\n",
        "class {0}({1}):\n    {2} = {3}\n    def {1}(self):\n        self.{2} = {3}()\n        return self.{2}.{0}()\n",
        "{0} = {1}\n",
        "{0}, {1} = {2}, {3}\n",
        "{0} = {1}({2}, {3})\n",
        "{0} = {1}.{2}[{3}]\n",
        "{0}[{1}] = {2}.append({3})\n",
        "for {0} in {1}({2}):\n    {3}({0})\n",
        "with {0}() as {1}:\n    {2}({1})\n",
        "def {0}():\n    global {1}\n    {1} = {2}\n    return {1}\n",
        "def {0}({1}):\n    def {2}():\n        nonlocal {1}\n        {1} = {3}()\n    return {2}\n",
        "from first import {1} as {2}\n",
        "from .second import *\n",
        "from .third import *\n",
        "from .second import {1}\n",
        "from . import second as {0}\n",
        "from first import *\n",
        "from package import *\n",
        "import package.second, first\n{0} = package.second.{1}\n{2} = first.{3}\n",
        "{0} = [*{1}, {2}]\nfor {3}, {1} in enumerate({0}):\n    {1}()\n",
        "{0} = dict(a={1})\n{0}['b'] = {2}\n{3} = {0}.get('b')\n",
        "{0} = lambda {1}: {2}({1})\n",
        "@{0}\n@{1}({2})\ndef {3}(): yield {1}\n",
        "{0} = [{1} for {1} in {2} if {3}]\n",
        "import asyncio\nasyncio.run({0}({1}))\n",
        "from functools import partial\n{0} = partial({1}, {2})\n{3} = {0}()\n",
        "{0} = {0}\n{1} = {0}.{1}\n",
        "super().{0}({1}).{2}()\n",
        "import threading\nthreading.Thread(target={0}, args=({1}, *{2})).start()\n",
    ]
)
NAMES = st.sampled_from(["a", "b", "c", "self", "handler"])
SOURCES = st.lists(
    st.tuples(PARTS, NAMES, NAMES, NAMES, NAMES).map(lambda given: given[0].format(*given[1:])), max_size=8
).map("".join)
FILES = st.dictionaries(
    st.sampled_from(["first.py", "other.py", "package/__init__.py", "package/second.py", "package/third.py"]),
    SOURCES,
    min_size=1,
)


def compiles(files: dict[str, str]) -> dict[str, str]:
    kept = {}
    for file, text in files.items():
        try:
            ast.parse(text)
        except SyntaxError:
            continue
        kept[file] = text
    return kept


@given(FILES)
def test_nothing_raises_and_it_is_the_same_twice(files):
    files = compiles(files)
    assert asked_for_everything(a_project(files)) == asked_for_everything(a_project(files))


@given(FILES, st.randoms(use_true_random=False))
def test_the_order_of_files_does_not_matter(files, chance: random.Random):
    files = compiles(files)
    shuffled = list(files.items())
    chance.shuffle(shuffled)
    assert asked_for_everything(a_project(files)) == asked_for_everything(a_project(dict(shuffled)))


@given(FILES, st.randoms(use_true_random=False))
def test_the_order_of_questions_does_not_matter(files, chance: random.Random):
    files = compiles(files)
    project = a_project(files)
    calls = [call for function in project.functions.values() for call in function.calls]
    chance.shuffle(calls)
    for call in calls:
        project.targets(call)
    assert asked_for_everything(project) == asked_for_everything(a_project(files))


def expressions_of(module: Module) -> list[tuple[Function, Expression]]:
    found: dict[Expression, Function] = {}
    for function in module.functions.values():
        waiting = [
            *function.calls,
            *function.returns,
            *(each for values in function.assigned.values() for each in values),
        ]
        while waiting:
            each = waiting.pop()
            if each not in found:
                found[each] = function
                waiting += each.parts
                if isinstance(each, Call):
                    waiting += [each.function, *each.arguments, *each.keywords.values()]
    return [(function, each) for each, function in found.items()]


@pytest.mark.parametrize("folder", ["asyncio", "concurrent", "multiprocessing", "email", "unittest", "importlib"])
def test_a_package_of_the_standard_library_is_read_and_answered_for(folder):
    project = read_project([_LIBRARY / folder], root=_LIBRARY)
    assert project.modules
    assert not project.problems
    assert asked_for_everything(project)
    for module in project.modules.values():
        for function, each in expressions_of(module):
            project.values(each, function)
            project.constant(each, function)


def test_what_is_kept_of_a_file_can_be_put_away_and_read_again(project_of):
    module = project_of(WAITING).modules["app.py"]
    again = pickle.loads(pickle.dumps(module))  # noqa: S301  # what it wrote itself
    project = Project(Path(), {"app.py": again})
    (call,) = project.functions["app.load"].calls
    assert project.targets(call) == {"boto3.client"}


def test_what_runs_where_is_the_same_however_few_answers_are_kept(monkeypatch):
    def told() -> list[object]:
        project = read_project([_LIBRARY / "concurrent"], root=_LIBRARY)
        return [
            way and (way.steps, way.is_proved, way.is_per_item)
            for function in project.functions.values()
            for way in project.runs(function)
        ]

    plenty = told()
    assert any(plenty)
    monkeypatch.setattr("meantime.tools.check.model.values._MOST_KEPT", 0)
    assert told() == plenty


def test_what_callers_give_is_known_however_few_answers_are_kept(project_of, monkeypatch):
    monkeypatch.setattr("meantime.tools.check.model.values._MOST_KEPT", 0)
    project = project_of(
        """
        import boto3
        def load(client, key):
            return client.get_object(Key=key)
        def lambda_handler(event, context):
            return load(boto3.client("s3"), event["key"])
        """
    )
    assert [call.line for call in project.calls_to("boto3.client().get_object")] == [4]
