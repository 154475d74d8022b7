"""Whether two handlers answer alike: a faster one that answers otherwise is no gain."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LONGEST_PATH = 60


def difference(answers: Sequence[Any], others: Sequence[Any]) -> str | None:
    """Say where one handler's answers differ from another's, without what they hold; None where they do not.

    What differs from one invocation to the next by itself, an identifier or a time, does not count.

    Args:
        answers: What the one answered to an event, invocation by invocation.
        others: What the other one did, to the same.
    """
    if not answers or not others:
        return None
    restless = {path for each in answers[1:] for path, _ in _differences(_parsed(answers[0]), _parsed(each), "")}
    restless |= {path for each in others[1:] for path, _ in _differences(_parsed(others[0]), _parsed(each), "")}
    for path, how in _differences(_parsed(answers[-1]), _parsed(others[-1]), ""):
        if not any(path == known or path.startswith((f"{known}.", f"{known}[")) for known in restless):
            place = path if len(path) <= _LONGEST_PATH else f"{path[:_LONGEST_PATH]}…"
            return f"{place}: {how}" if place else how
    return None


def _parsed(value: Any) -> Any:
    """An answer, or the JSON within an HTTP answer's body, so that the order of names does not count."""
    if isinstance(value, dict) and isinstance(value.get("body"), str):
        try:
            return {**value, "body": json.loads(value["body"])}
        except (ValueError, RecursionError):
            return value
    return value


def _differences(one: Any, other: Any, path: str) -> Iterator[tuple[str, str]]:
    """The places where two differ, each with what is otherwise there in the other one; never what they hold."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in dict.fromkeys([*one, *other]):
            place = f"{path}.{name}" if path else str(name)
            if name not in other:
                yield place, "is missing"
            elif name not in one:
                yield place, "is there, too"
            else:
                yield from _differences(one[name], other[name], place)
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            yield path, f"{_length(other)} instead of {len(one):,}"
            return
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _differences(left, right, f"{path}[{index}]")
    elif _kind(one) != _kind(other):
        yield path, f"{_kind(other)} instead of {_kind(one)}"
    elif one != other:
        yield path, f"another {_kind(one).partition(' ')[2]}"


def _length(items: Sequence[Any]) -> str:
    return f"{len(items):,} item{'' if len(items) == 1 else 's'}"


def _kind(value: Any) -> str:
    if value is None:
        return "no value"
    if isinstance(value, bool):
        return "a truth value"
    named = {int: "a number", float: "a number", str: "a text", bytes: "a text", list: "a list", dict: "an object"}
    return named.get(type(value), "a value")
