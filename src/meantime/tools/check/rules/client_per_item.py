"""MT302: a client that is made anew for each item of a loop or fan-out."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.check.catalogue.clients import CONFIGURATIONS
from meantime.tools.check.finding import Finding
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._clients import clients_made, is_for_one_caller, is_made_somebodys
from meantime.tools.check.rules._keeping import is_for_here_only
from meantime.tools.check.rules._sameness import arguments_of, is_same
from meantime.tools.check.rules._spelling import spelled
from meantime.tools.check.rules._syntax import around

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.catalogue.clients import Client
    from meantime.tools.check.finding import Level
    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Loop
    from meantime.tools.check.model.project import Chain, Project

_CODE = "MT302"
_COUNTING = frozenset({"range", "count", "repeat"})  # what loops go over that try again, or make a pool
_KEPT_APART = frozenset({"element", "returned", "other"})  # uses of a value that may make a collection of clients
_LOOPS = (ast.For, ast.AsyncFor, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _check(project: Project) -> Iterator[Finding]:
    for call, client in clients_made(project):
        level, chain = _in_loop(project, call), None
        if level is None:
            level, chain = _in_fan_out(project, call, client)
        if level is not None:
            yield Finding(
                _CODE,
                f"`{spelled(call.function)}` makes {client.noun} for each item, which costs {client.cost} each time. "
                "Make one before, and use it for all of them.",
                project.place(call, call.within),
                level,
                chain.steps if chain is not None else (),
            )


def is_per_item(project: Project, call: Call, client: Client) -> bool:
    """Whether a client is made for each item, so that this rule says more than that it is made in each invocation."""
    return _in_loop(project, call) is not None or _in_fan_out(project, call, client)[0] is not None


def _in_loop(project: Project, call: Call) -> Level | None:
    loops = {each.line for each in call.loops if each.kind != "while" and not _is_counting(each)}
    if not loops or call.use in _KEPT_APART or is_for_one_caller(project, call):
        return None
    path = around(project, call)
    node = next((each for each in path if isinstance(each, _LOOPS) and each.lineno in loops), None)
    if node is None or _is_left_early(node) or not is_for_here_only(project, call):
        return None
    changing = _changed_in(node)
    receiver = call.function.parts
    if not all(_is_unchanged(project, each, call, changing) for each in (*receiver, *arguments_of(call))):
        return None
    return "warning" if is_made_somebodys(call) else "error"


def _is_counting(loop: Loop) -> bool:
    over = loop.over
    return over is not None and over.kind == "call" and over.function.name in _COUNTING  # type: ignore[attr-defined]  # a Call


def _is_left_early(loop: ast.AST) -> bool:
    return any(isinstance(each, ast.Break | ast.Return) for each in ast.walk(loop))


def _changed_in(loop: ast.AST) -> set[str]:
    """The names and attributes that a loop gives a value to."""
    return {
        node.id if isinstance(node, ast.Name) else node.attr
        for node in ast.walk(loop)
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store)
    }


def _is_unchanged(project: Project, expression: Expression, call: Call, changing: set[str]) -> bool:
    if expression.kind in ("name", "attribute") and expression.name in changing:
        return False
    parts = expression.parts
    if expression.kind == "call":
        inner: Call = expression  # type: ignore[assignment]  # its kind says so
        if not project.targets(inner) <= CONFIGURATIONS:
            return False
        parts = arguments_of(inner)
    return all(_is_unchanged(project, each, call, changing) for each in parts)


def _in_fan_out(project: Project, call: Call, client: Client) -> tuple[Level | None, Chain | None]:
    runs = project.runs(call.within)
    chains = [each for each in (runs.in_thread, runs.on_loop) if each is not None and each.is_per_item]
    if not chains or is_for_one_caller(project, call) or not is_for_here_only(project, call):
        return None, None
    if not all(is_same(project, each, call.within) for each in (*call.function.parts, *arguments_of(call))):
        return None, None
    chain = chains[0]
    is_proved = (
        chain.is_proved
        and not chain.is_bounded
        and not (client.kind == "single" and runs.in_thread is not None)
        and not is_made_somebodys(call)
    )
    return ("error" if is_proved else "warning"), chain


RULE = Rule(
    _CODE,
    "client-per-item",
    "A client, session, SSL context or connection made anew for each item of a loop or fan-out",
    _check,
    ("error", "warning"),
)
