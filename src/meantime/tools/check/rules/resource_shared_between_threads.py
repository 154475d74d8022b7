"""MT601: a boto3 resource or session that several threads use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
from meantime.tools.check.model.reach import reached
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._keeping import is_cached
from meantime.tools.check.rules._side_by_side import several, shared_uses, steps_to
from meantime.tools.check.rules._spelling import name_of, spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.project import Project
    from meantime.tools.check.model.reach import Reached

_SHARED = ("boto3.resource()", "boto3.Session()")
_MAKERS = frozenset({"boto3.client", "boto3.resource"})


def _check(project: Project) -> Iterator[Finding]:
    yield from _shared(project)
    yield from _default_session(project)


def _shared(project: Project) -> Iterator[Finding]:
    for use in shared_uses(project, _SHARED):
        if ".meta" in use.value.path:
            continue  # the client of a resource
        kind = "session" if use.value.path.startswith("boto3.Session") else "resource"
        yield Finding(
            code=RULE.code,
            message=(
                f"`{spelled(use.spelling)}` is a boto3 {kind}, and several threads use it at once: it is not thread-"
                f"safe. Share a client: {_remedy(kind)}."
            ),
            place=project.place(use.call, use.call.within),
            level="error" if use.is_proved else "warning",
            chain=use.steps,
        )


def _remedy(kind: str) -> str:
    if kind == "session":
        return "make it before the threads start"
    return "`boto3.client(…)`, `meantime.clients.boto3(…)`, or the resource's `meta.client`"


def _default_session(project: Project) -> Iterator[Finding]:
    """Clients made on threads, of the one session that `boto3.client` uses."""
    seen: set[Call] = set()
    for fan_out in several(project, "threads"):
        for each in reached(project, fan_out.functions):
            for call in () if each.is_locked or is_cached(each.function) else each.function.calls:
                if call not in seen and _is_of_default_session(project, call, each):
                    seen.add(call)
                    yield Finding(
                        code=RULE.code,
                        message=(
                            f"`{spelled(call.function)}` makes a client of boto3's one default session, and "
                            f"{name_of(each.function)} runs on several threads: making clients is not thread-safe. "
                            f"{_remedy_for_making(call)}"
                        ),
                        place=project.place(call, call.within),
                        level="warning",
                        chain=steps_to(project, fan_out, each),
                    )


def _remedy_for_making(call: Call) -> str:
    if call.function.name == "resource":  # which threads must not share either
        return "Make one client before they start, or a `boto3.Session()` for each thread."
    return "Make it once, before they start."


def _is_of_default_session(project: Project, call: Call, each: Reached) -> bool:
    if not project.targets(call) & _MAKERS or call.guards or not each.function.globals.isdisjoint(call.bound):
        return False
    receiver = call.function.parts[0] if call.function.kind == "attribute" else None
    return receiver is None or project.paths(receiver, call.within) == {"boto3"}


RULE = Rule(
    code="MT601",
    name="resource-shared-between-threads",
    summary="A boto3 resource or session that several threads use",
    check=_check,
    levels=("error", "warning"),
)
