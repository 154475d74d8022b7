"""Attributes are replaced for the time of a recording, and put back as they were."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import math
import pickle
import sys
import zipfile
from functools import update_wrapper
from types import BuiltinFunctionType, ModuleType
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from meantime.measure.patching import Patches

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Base:
    def greet(self) -> str:
        return "base"

    @staticmethod
    def still() -> str:
        return "still"

    @classmethod
    def kind(cls) -> str:
        return cls.__name__


class Child(Base):
    pass


def test_what_was_replaced_is_put_back() -> None:
    """The very same object is there again."""
    before = vars(Base)["greet"]
    patches = Patches()

    patches.wrap(Base, "greet", lambda greet: lambda self: greet(self) + "!")
    assert Base().greet() == "base!"
    patches.undo()

    assert vars(Base)["greet"] is before


def test_what_was_inherited_is_inherited_again() -> None:
    """Undoing takes the attribute from the subclass."""
    patches = Patches()

    patches.wrap(Child, "greet", lambda greet: lambda self: greet(self) + "?")
    assert Child().greet() == "base?"
    assert Base().greet() == "base"
    patches.undo()

    assert "greet" not in vars(Child)


def test_static_and_class_methods_stay_what_they_are() -> None:
    """They are called on the class and on an instance as before."""
    patches = Patches()

    patches.wrap(Base, "still", lambda still: lambda: still() + "!")
    patches.wrap(Base, "kind", lambda kind: lambda cls: kind(cls) + "!")

    assert (Base.still(), Base().still(), Child.kind()) == ("still!", "still!", "Child!")
    patches.undo()


def test_what_is_not_there_is_left_alone() -> None:
    """Another version of a library may lack it."""
    patches = Patches()

    patches.wrap(Base, "missing", lambda _: pytest.fail("made"))
    patches.undo()

    assert not hasattr(Base, "missing")


def test_somebody_elses_replacement_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who replaced it since may call what was there before."""
    patches = Patches()
    patches.wrap(Base, "greet", lambda greet: lambda self: greet(self))

    monkeypatch.setattr(Base, "greet", lambda _: "theirs")
    patches.undo()

    assert Base().greet() == "theirs"


class Traced:
    """What a tracer puts in a method's place: a descriptor that has to be bound, as wrapt's are."""

    def __init__(self, method: Any) -> None:
        self._method = method

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return lambda *args: f"traced {self._method(instance, *args)}"

    def __call__(self, *args: Any) -> Any:
        return self._method(*args)


def test_a_method_that_others_have_wrapped_is_called_with_its_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is bound, as Python itself does it."""
    monkeypatch.setattr(Base, "greet", Traced(Base.greet))
    patches = Patches()

    patches.wrap(Base, "greet", lambda function: lambda self: f"noted {function(self)}")

    assert Base().greet() == "noted traced base"
    patches.undo()


def test_a_mock_stays_what_it_is() -> None:
    """It is called as Python calls it: without the object, and nothing is there that could wait."""
    with mock.patch.object(Base, "greet", return_value="mocked") as greet:
        patches = Patches()
        patches.wrap(Base, "greet", lambda function: lambda self: function(self))

        assert Base().greet() == "mocked"
        patches.undo()

    greet.assert_called_once_with()


def test_a_mock_in_a_modules_place_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has none of a module's attributes, and all names."""
    monkeypatch.setitem(sys.modules, "mocked_module", mock.MagicMock())
    patches = Patches()

    patches.when_imported("mocked_module", lambda _: pytest.fail("seen"))

    patches.undo()


def test_a_function_in_c_does_not_become_a_method() -> None:
    """As the one that it stands for: a class may hold it. It is pickled by its name, too."""
    patches = Patches()
    patches.wrap(math, "sqrt", lambda sqrt: update_wrapper(lambda number: -sqrt(number), sqrt))

    class Calculator:
        root: Any = math.sqrt

    assert Calculator().root(4) == -2.0
    pickled = pickle.dumps(math.sqrt)
    patches.undo()
    assert pickled == pickle.dumps(math.sqrt)
    assert isinstance(math.sqrt, BuiltinFunctionType)


def test_an_alias_that_others_have_replaced_is_wrapped() -> None:
    """Where it was the same function it still is; where it was not, theirs is called."""
    one, same, other = ModuleType("one"), ModuleType("same"), ModuleType("other")
    vars(one)["act"] = vars(same)["act"] = lambda: "act"
    vars(other)["act"] = lambda: "theirs"

    for alias, answer in ((same, "noted act"), (other, "noted theirs")):
        patches = Patches()
        patches.wrap_alias(one, "act", alias, lambda function: lambda: f"noted {function()}")

        assert (one.act(), alias.act()) == ("noted act", answer)
        patches.undo()


def test_undoing_goes_on_where_it_was_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second time puts back what is left."""
    before = vars(Base)["greet"]
    patches = Patches()
    patches.replace(Base, "greet", lambda _: "replaced")
    patches._undone.append(mock.Mock(side_effect=[KeyboardInterrupt, None]))  # a signal, meanwhile

    with pytest.raises(KeyboardInterrupt):
        patches.undo()
    patches.undo()

    assert vars(Base)["greet"] is before


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "imported_later.py").write_text("answer = 42\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "imported_later", raising=False)
    return "imported_later"


def test_a_module_is_seen_right_after_its_import(module: str) -> None:
    """All of it is there by then."""
    seen: list[int] = []
    patches = Patches()

    patches.when_imported(module, lambda imported: seen.append(imported.answer))
    assert seen == []
    importlib.import_module(module)

    assert seen == [42]
    patches.undo()


def test_a_module_that_is_loaded_is_seen_now(module: str) -> None:
    """Nobody waits for it."""
    loaded = importlib.import_module(module)
    seen: list[ModuleType] = []
    patches = Patches()

    patches.when_imported(module, seen.append)

    assert seen == [loaded]
    patches.undo()


def test_nothing_is_seen_after_undoing(module: str) -> None:
    """And the import system is as it was."""
    before = list(sys.meta_path)
    patches = Patches()
    patches.when_imported(module, lambda _: pytest.fail("seen"))

    patches.undo()
    importlib.import_module(module)

    assert sys.meta_path == before


class ClassAsLoader:
    """As Python's own for what is built in: nobody may change it."""

    @staticmethod
    def create_module(spec: importlib.machinery.ModuleSpec) -> None:
        """Python makes it."""

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        vars(module)["answer"] = 42


class ClassAsLoaderFinder:
    def find_spec(self, name: str, path: Sequence[str] | None, target: object = None) -> Any:
        if name == "of_a_class":
            return importlib.machinery.ModuleSpec(name, ClassAsLoader)  # type: ignore[arg-type]  # as Python's own
        return None


def test_a_loader_that_is_a_class_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its module is seen, and the loader has lost nothing."""
    before = dict(vars(ClassAsLoader))
    monkeypatch.setattr(sys, "meta_path", [ClassAsLoaderFinder(), *sys.meta_path])
    seen: list[ModuleType] = []
    patches = Patches()

    patches.when_imported("of_a_class", seen.append)
    imported = importlib.import_module("of_a_class")

    assert (seen, imported.answer) == ([imported], 42)
    assert vars(imported)["__loader__"] is ClassAsLoader
    assert dict(vars(ClassAsLoader)) == before
    patches.undo()
    del sys.modules["of_a_class"]


def test_modules_of_one_archive_share_a_loader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Finding one of them does not spoil importing another."""
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("zipped_one.py", "")
        archive.writestr("zipped_other.py", "answer = 42")
    monkeypatch.syspath_prepend(tmp_path / "archive.zip")
    seen: list[str] = []
    patches = Patches()

    for name in ("zipped_one", "zipped_other"):
        patches.when_imported(name, lambda imported: seen.append(imported.__name__))
    importlib.util.find_spec("zipped_one")
    importlib.import_module("zipped_other")
    importlib.import_module("zipped_one")

    assert seen == ["zipped_other", "zipped_one"]
    patches.undo()
    for name in seen:
        del sys.modules[name]
