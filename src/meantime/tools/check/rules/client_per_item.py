"""MT302: a client that is made anew for each item of a loop or fan-out."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._clients import clients_made, is_for_one_connection, is_made_somebodys
from meantime.tools.check.rules._keeping import is_for_here_only, is_kept
from meantime.tools.check.rules._left_out import is_for_what_is_left_out
from meantime.tools.check.rules._made_once import may_be_made_once
from meantime.tools.check.rules._per_item import loop_of, per_item
from meantime.tools.check.rules._sameness import arguments_of, calls_a_configuration, is_same
from meantime.tools.check.rules._seldom import is_exceptional, is_one_of_many_ways
from meantime.tools.check.rules._spelling import spelled
from meantime.tools.check.rules._test_files import is_test_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.catalogue.clients import Client
    from meantime.tools.check.finding import Level, Step
    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project

_SHAPE = 2  # parameters of a handler
_COLLECTED = frozenset({"element", "other"})  # uses of a value that may make a collection of clients


def _check(project: Project) -> Iterator[Finding]:
    for call, client in clients_made(project):
        level, steps = how_per_item(project, call, client)
        if level is not None:
            yield Finding(
                "MT302",
                f"`{spelled(call.function)}` makes {client.noun} for each item, which costs {client.cost} each time. "
                f"{_advice(project, call, client)}",
                project.place(call, call.within),
                level,
                steps,
            )


def _advice(project: Project, call: Call, client: Client) -> str:
    if client.kind == "single" and project.runs(call.within).in_thread is not None:
        return "Make one for each thread, in a `threading.local()`: it must not be shared."
    return "Make one before, and use it for all of them."


def how_per_item(project: Project, call: Call, client: Client) -> tuple[Level | None, tuple[Step, ...]]:
    """Whether a client is made for each item, and the way to it."""
    level = _in_loop(project, call)
    found = (level, ()) if level is not None else _in_function(project, call, client)
    if found[0] is None or not is_for_here_only(project, call) or is_for_one_connection(project, call):
        return None, ()
    return ("warning", found[1]) if is_test_file(call.within.file) else found


def _in_loop(project: Project, call: Call) -> Level | None:
    loop = None if call.use in _COLLECTED else loop_of(project, call)
    if loop is None:
        return None
    changing = _changed_in(loop)
    if not all(_is_unchanged(project, each, changing) for each in (*call.function.parts, *arguments_of(call))):
        return None
    is_doubtful = is_made_somebodys(call) or is_exceptional(project, call) or is_one_of_many_ways(project, call)
    return "warning" if is_doubtful else "error"


def _changed_in(loop: ast.AST) -> set[str]:
    """The names and attributes that a loop gives a value to."""
    return {
        node.id if isinstance(node, ast.Name) else node.attr
        for node in ast.walk(loop)
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store)
    }


def _is_unchanged(project: Project, expression: Expression, changing: set[str]) -> bool:
    if expression.name in changing:
        return False
    parts = expression.parts
    if expression.kind == "call":
        inner: Call = expression  # type: ignore[assignment]  # its kind says so
        if not calls_a_configuration(project, inner):
            return False
        parts = arguments_of(inner)
    return all(_is_unchanged(project, each, changing) for each in parts)


def _in_function(project: Project, call: Call, client: Client) -> tuple[Level | None, tuple[Step, ...]]:
    way = per_item(project, call.within)
    if way is None or any(is_kept(project, each) for each in way.calls):
        return None, ()
    if client.is_async and not way.begins_on_loop:  # each item has a loop of its own, and so must have its own client
        return None, ()
    if any(may_be_made_once(project, each.within) for each in (*way.calls[1:], call)):
        return None, ()
    if not all(is_same(project, each, call.within) for each in (*call.function.parts, *arguments_of(call))):
        return None, ()
    is_for_a_thread = way.on_threads and client.kind == "single"
    is_meant = way.is_bounded or is_for_a_thread or is_made_somebodys(call) or is_exceptional(project, call)
    is_chosen = any(is_one_of_many_ways(project, each) for each in (*way.calls, call))
    is_imitation = any(_takes_an_event(each.within) for each in (*way.calls[1:], call))
    is_spared = is_for_what_is_left_out(project, (*way.calls, call))
    is_proved = way.is_proved and not (is_meant or is_chosen or is_imitation or is_spared)
    return ("error" if is_proved else "warning"), way.steps


def _takes_an_event(function: Function) -> bool:
    """Whether a function has a handler's shape: a loop around it plays invocations on one machine."""
    names = [each.name for each in function.parameters if each.name != "self"][:_SHAPE]
    return len(names) == _SHAPE and names[0] == "event" and names[1].startswith("context")


RULE = Rule(
    code="MT302",
    name="client-per-item",
    summary="A client, session, SSL context or connection made anew for each item of a loop or fan-out",
    check=_check,
    levels=("error", "warning"),
)
