"""MT102: several event loops in one invocation, made in functions below the handler."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from meantime.tools.check.finding import Finding
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._branches import exclude_each_other
from meantime.tools.check.rules._deployed import deployed_way_in
from meantime.tools.check.rules._event_loops import is_per_item, loops_made, loops_taken
from meantime.tools.check.rules._spelling import name_of, spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.finding import Place
    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.project import Chain, Project

_CODE = "MT102"


class _Site(NamedTuple):
    call: Call
    chain: Chain
    way: tuple[Place, ...]  # each call on the way to it, and itself
    is_made: bool  # the loop; else it is the one that the thread has

    @property
    def is_in_handler(self) -> bool:
        return not self.chain.steps


def _check(project: Project) -> Iterator[Finding]:
    for sites in _by_handler(project).values():
        for site in sites:
            beside = [each for each in sites if each.is_made and each is not site and _both_run(project, site, each)]
            if site.is_in_handler and site.is_made:
                beside = [each for each in beside if each.is_in_handler and each.way < site.way]
            if beside or not site.is_in_handler:
                yield _finding(project, site, beside)


def _by_handler(project: Project) -> dict[str, list[_Site]]:
    found: dict[str, list[_Site]] = defaultdict(list)
    made = loops_made(project)
    for call in (*made, *loops_taken(project)):
        chain = deployed_way_in(project, call.within)
        runs = project.runs(call.within)
        if chain is None or is_per_item(call, chain) or runs.on_loop is not None or runs.in_thread is not None:
            continue
        place = project.place(call, call.within)
        found[chain.begins].append(_Site(call, chain, (*(step.place for step in chain.steps), place), call in made))
    return found


def _both_run(project: Project, one: _Site, other: _Site) -> bool:
    """Whether one invocation may make both: where their ways part, not only one of two branches is taken."""
    for first, second in zip(one.way, other.way, strict=False):
        if first != second:
            return not exclude_each_other(project.tree(first.path), first.line, second.line)
    return True


def _finding(project: Project, site: _Site, beside: list[_Site]) -> Finding:
    is_proved = site.chain.is_proved and any(each.chain.is_proved for each in beside)
    return Finding(
        _CODE,
        f"`{spelled(site.call.function)}` in {name_of(site.call.within)} "
        + (_of_made(bool(beside)) if site.is_made else _of_taken(site, beside))
        + " Make the helpers `async def`, and run them on one loop, in the handler.",
        project.place(site.call, site.call.within),
        "error" if is_proved else "warning",
        site.chain.steps,
    )


def _of_made(is_one_of_several: bool) -> str:  # noqa: FBT001  # private
    count = "one of several that an invocation makes" if is_one_of_several else "deep below the handler"
    return (
        f"makes an event loop, {count}: no client or connection can be shared between loops, and what they wait for "
        "does not overlap."
    )


def _of_taken(site: _Site, beside: list[_Site]) -> str:
    if not beside:
        return "takes the event loop that the thread happens to have; Python 3.14 makes none."
    other = beside[0].call
    return (
        f"takes the event loop that the thread has; `{spelled(other.function)}` in "
        f"{name_of(other.within, site.call.within)} leaves it none, "
        'and the next invocation ends in "There is no current event loop".'
    )


RULE = Rule(
    _CODE,
    "loop-in-helper",
    "Several event loops in one invocation, made in functions below the handler",
    _check,
    ("error", "warning"),
)
