"""Attributes are replaced for the time of a recording, and put back as they were."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest

from meantime.measure.patching import Patches

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


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
