"""What rules about clients share: which call made one, and for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.catalogue.clients import CREDENTIALS, MADE_BY
from meantime.tools.check.rules._sameness import arguments_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.catalogue.clients import Client
    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.project import Project, Value

_OF_ONE_CALLER = frozenset({"auth", "cert", "cookies", "headers", "params", "verify"})
"""Attributes by which a client is made somebody's."""


def clients_made(project: Project) -> Iterator[tuple[Call, Client]]:
    """Every call that surely makes a client, and what it makes."""
    for call in project.calls_to(*MADE_BY):
        kinds = [MADE_BY.get(path) for path in project.targets(call)]
        if len(kinds) == 1 and kinds[0] is not None and not _keeps_nothing(project, call):
            yield call, kinds[0]


def _keeps_nothing(project: Project, call: Call) -> bool:
    """Whether an engine is told to keep no connection: keeping the engine then saves none."""
    pool = call.keywords.get("poolclass")
    return pool is not None and any(each.endswith(".NullPool") for each in project.paths(pool, call.within))


def maker(project: Project, value: Value) -> Call | None:
    """The call that made the client that a value is, or is made from: of a table, that of the resource."""
    origin = value.origin
    while origin is not None and not project.targets(origin) & MADE_BY.keys():
        receiver = origin.function.parts[0] if origin.function.parts else None
        found = project.values(receiver, origin.within) if receiver is not None else ()
        origin = found[0].origin if len(found) == 1 else None
    return origin


def sessions_of(project: Project, call: Call) -> tuple[Call, ...]:
    """The calls that made the boto3 session that a client is made from; none for the default session."""
    if call.function.kind != "attribute":
        return ()
    found = project.values(call.function.parts[0], call.within)
    return tuple(each.origin for each in found if each.path == "boto3.Session()" and each.origin is not None)


def uses_of(project: Project, made: Call) -> list[Call]:
    """The calls of the client that a call makes."""
    paths = project.targets(made) & MADE_BY.keys()
    return [
        use
        for use in project.calls_to(*(f"{path}().*" for path in paths))
        if any(each.origin is made for each in project.values(use.function, use.within))
    ]


def is_for_one_connection(project: Project, made: Call) -> bool:
    """Whether a client only opens a websocket: a connection that each has for itself."""
    names = {each.function.name for each in uses_of(project, made)}
    return "ws_connect" in names and names <= {"ws_connect", "detach", "close"}


def is_for_one_caller(project: Project, call: Call) -> bool:
    """Whether a client carries somebody's credentials or identity, or is made of the event."""
    return not CREDENTIALS.isdisjoint(call.keywords) or any(
        project.comes_from_event(each, call.within) for each in arguments_of(call)
    )


def is_made_somebodys(call: Call) -> bool:
    """Whether the function that makes a client sets its headers, credentials or cookies afterwards."""
    within = call.within
    touched = [each.target for each in within.changes] + [each.function for each in within.calls]
    return any(
        part.kind == "attribute"
        and part.name in _OF_ONE_CALLER
        and part.parts[0].kind == "name"
        and part.parts[0].name in call.bound
        for target in touched
        for part in (target, *target.parts)
    )
