"""MT301: a client that is made anew in each invocation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._clients import (
    clients_made,
    is_for_one_caller,
    is_for_one_connection,
    is_made_somebodys,
    sessions_of,
)
from meantime.tools.check.rules._custom_resources import is_custom_resource
from meantime.tools.check.rules._keeping import is_decorated_strangely, made_each_time
from meantime.tools.check.rules._on_lambda import way_in
from meantime.tools.check.rules._per_item import per_item
from meantime.tools.check.rules._sameness import arguments_of, is_same
from meantime.tools.check.rules._seldom import is_conditional, is_exceptional
from meantime.tools.check.rules._spelling import spelled
from meantime.tools.check.rules._test_files import is_test_file
from meantime.tools.check.rules.client_per_item import how_per_item

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.catalogue.clients import Client
    from meantime.tools.check.finding import Level
    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.project import Chain, Project


def _check(project: Project) -> Iterator[Finding]:
    for call, client in clients_made(project):
        chain = way_in(project, call.within)
        if client.kind == "single" and _is_a_threads_own(project, call):
            continue
        if is_for_one_connection(project, call) or _has_a_loop_of_its_own(project, call, client):
            continue
        if chain is None or is_for_one_caller(project, call) or how_per_item(project, call, client)[0]:
            continue
        if all(each.within.is_module for each in sessions_of(project, call)) and made_each_time(project, call):
            where = " that gets there" if is_conditional(project, call) else ""
            yield Finding(
                "MT301",
                f"`{spelled(call.function)}` makes {client.noun} in each invocation{where}, which costs {client.cost} "
                f"each time. Make it once: {client.keep}.",
                project.place(call, call.within),
                _level(project, call, client, chain),
                chain.steps,
            )


def _is_a_threads_own(project: Project, call: Call) -> bool:
    """Whether it is made on a thread that the code itself starts: each needs its own."""
    thread = project.runs(call.within).in_thread
    return thread is not None and thread.call is not None


def _has_a_loop_of_its_own(project: Project, call: Call, client: Client) -> bool:
    """Whether each item has an event loop, and so must have its own client; that loop is another rule's."""
    way = per_item(project, call.within) if client.is_async else None
    return way is not None and not way.begins_on_loop


def _level(project: Project, call: Call, client: Client, chain: Chain) -> Level:
    is_proved = (
        chain.is_proved
        and client.kind != "connection"
        and not is_made_somebodys(call)
        and not is_decorated_strangely(project, call.within)
        and not is_exceptional(project, call)
        and not is_test_file(call.within.file)
        and not is_custom_resource(project, chain)
        and all(is_same(project, each, call.within) for each in arguments_of(call))
    )
    return "error" if is_proved else "warning"


RULE = Rule(
    code="MT301",
    name="client-per-invocation",
    summary="A client, session, SSL context or connection made anew in each invocation",
    check=_check,
    levels=("error", "warning"),
)
