"""MT702: a timeout that cannot fire, since Lambda kills the function before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.catalogue.network import goes_to_network
from meantime.tools.check.catalogue.timeouts import LIMITS, WAITS_FOR
from meantime.tools.check.finding import Finding
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._attempts import behaviour
from meantime.tools.check.rules._clients import uses_of
from meantime.tools.check.rules._on_lambda import is_meantimes, way_in
from meantime.tools.check.rules._sameness import arguments_of
from meantime.tools.check.rules._spelling import spelled
from meantime.tools.check.rules._timeouts import is_limited_around

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.finding import Level
    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Chain, Project

_IN_CONFIG = ", all attempts together: `config=Config(read_timeout=…, retries={'total_max_attempts': …})`"


def _check(project: Project) -> Iterator[Finding]:
    yield from _numbers(project)
    yield from _boto3(project)


def _numbers(project: Project) -> Iterator[Finding]:
    """Where a call is given its timeout."""
    for call in project.calls_to(*WAITS_FOR):
        chain, limit = _limit_of(project, call)
        if chain is None:
            continue
        seconds = max(_given(project, call), default=0.0)
        if seconds >= limit:
            text = f"`{spelled(call.function)}` may wait {seconds:g} s"
            yield _finding(project, call, chain, text, "error" if chain.is_proved else "warning", "")


def _boto3(project: Project) -> Iterator[Finding]:
    """Where a boto3 client is made that a handler calls."""
    seen: set[int] = set()
    for call in project.calls_to("boto3.client().*", "boto3.resource().Table().*"):
        chain, limit = _limit(project, call.within)
        if chain is None or is_limited_around(project, call):
            continue
        for value in project.values(call.function, call.within):
            found = behaviour(project, value) if goes_to_network(value.path) else None
            if found is None or id(found.made) in seen or found.read_timeout * found.attempts < limit:
                continue
            seen.add(id(found.made))
            is_longer = found.read_timeout >= limit
            text = f"The client of `{spelled(call.function)}` may wait {found.read_timeout:g} s"
            if not is_longer:
                text += f", {found.attempts} times"
            is_proved = chain.is_proved and found.says_timeout and is_longer
            yield _finding(project, found.made, chain, text, "error" if is_proved else "warning", _IN_CONFIG)


def _limit(project: Project, function: Function) -> tuple[Chain | None, float]:
    """The way from a handler whose timeout is known, and that; None if there is none, or Meantime ends it in time."""
    chain = way_in(project, function)
    if chain is None or chain.handler is None or chain.handler.timeout is None or is_meantimes(chain):
        return None, 0.0
    return chain, chain.handler.timeout


def _limit_of(project: Project, call: Call) -> tuple[Chain | None, float]:
    """The same of a call, or, where it makes a client, of a use that leaves the timeout to the client."""
    uses = uses_of(project, call)
    for use in uses or [call]:
        if use is not call and "timeout" in use.keywords:
            continue
        chain, limit = _limit(project, use.within)
        if chain is not None and not is_limited_around(project, use):
            return chain, limit
    return None, 0.0


def _given(project: Project, call: Call) -> Iterator[float]:
    for path in project.targets(call) & WAITS_FOR.keys():
        timeout = WAITS_FOR[path]
        for keyword in timeout.keywords:
            if keyword in call.keywords:
                yield from _seconds(project, call.keywords[keyword], call.within)
        if timeout.position is not None and len(call.arguments) > timeout.position:
            yield from _seconds(project, call.arguments[timeout.position], call.within)


def _seconds(project: Project, expression: Expression, within: Function) -> Iterator[float]:
    number = project.constant(expression, within)
    expression = _named(project, expression, within)
    if isinstance(number, int | float):
        yield number
    elif expression.kind == "list":
        for part in expression.parts:
            yield from _seconds(project, part, within)
    else:
        for value in project.values(expression, within):
            if value.path.removesuffix("()") in LIMITS and value.origin is not None:
                for each in _parts(project, value.origin):
                    yield from _seconds(project, each, value.origin.within)


def _parts(project: Project, made: Call) -> tuple[Expression, ...]:
    """The seconds that a group of timeouts is made of; aiohttp's total, where it is a number, bounds the others."""
    total = made.keywords.get("total")
    has_total = total is not None and isinstance(project.constant(total, made.within), int | float)
    return (total,) if total is not None and has_total else tuple(arguments_of(made))


def _named(project: Project, expression: Expression, within: Function) -> Expression:
    """What a name of the module is given, if it is given one thing."""
    given = project.functions[f"{within.module}.<module>"].assigned.get(expression.name, ())
    return given[0] if expression.kind == "name" and len(given) == 1 else expression


def _finding(  # noqa: PLR0917  # what a finding is made of
    project: Project, call: Call, chain: Chain, text: str, level: Level, how: str
) -> Finding:
    handler = chain.handler
    assert handler is not None  # noqa: S101  # as _limit saw to
    configuration = min(
        (each for each in handler.configurations if each.timeout is not None), key=lambda each: each.timeout or 0.0
    )
    place = configuration.timeout_place or configuration.place
    name = handler.function.rpartition(".")[2]
    limit = f"{handler.timeout:g} s"
    return Finding(
        "MT702",
        f"{text}, but Lambda kills `{name}` after {limit} ({place.path}:{place.line}): the timeout never fires. "
        f"Choose less than {limit}{how}.",
        project.place(call, call.within),
        level,
        chain.steps,
    )


RULE = Rule(
    code="MT702",
    name="timeout-longer-than-function",
    summary="A timeout that cannot fire, since Lambda kills the function before",
    check=_check,
    levels=("error", "warning"),
)
