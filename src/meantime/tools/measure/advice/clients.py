"""Clients and TLS contexts that are made within an invocation: each costs CPU, and its connections are opened again."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.measure.advice.for_one_request import KEPT, is_for_one_request, made_for, opened_again
from meantime.tools.measure.advice.situation import in_words, listed, ms
from meantime.tools.report.advice import Advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.measure.advice.situation import Situation
    from meantime.tools.report.recording import Observation

_SETTING_UP = {"name_resolution", "connect", "tls"}
# What makes each once and keeps it; tasks share a loop, so theirs are warm resources.
_KEPT = {"boto3.client": "clients.boto3({})", "requests.Session": "clients.requests()"}
_ON_A_LOOP = (
    "httpx.AsyncClient",
    "httpx2.AsyncClient",
    "aiohttp.ClientSession",
    "asyncpg.create_pool",
    "asyncpg.connect",
)


def advise(situation: Situation) -> Iterator[Advice]:
    """Advise to make clients once, where a warm invocation made some."""
    made = made_in(situation)
    if not made:
        return
    computed = sum(seen.duration_ms for seen in made)
    connected = _connecting_ms(situation, made)
    duration = situation.without(computed + connected)
    names = listed(_in_words(seen) for seen in made)
    also = f", and opening their connections {ms(connected)} more" if connected >= 1 else ""
    yield Advice(
        code="client-outside",
        title=f"Make {names} once, not in each invocation: saves {situation.saved(duration)}",
        text=(
            f"A warm invocation made {len(made)} ({names}), which took {ms(computed)}{also}. Made once, they are "
            f"kept with their connections: {in_words(duration)} instead of {ms(situation.median_ms)}."
        ),
        lines=tuple(dict.fromkeys(seen.line for seen in made if seen.line)),
        memory_mb=situation.memory_mb,
        duration_ms=duration,
        cost_per_million_usd=situation.cost(duration),
        change=_change(situation, made),
        verify=situation.verify("client_outside"),
    )


def made_in(situation: Situation) -> list[Observation]:
    """What a warm invocation made, where it would win something to make it once.

    A client for each of several requests to one target is left to the advice to keep its connections.
    """
    several = [each for ids in opened_again(situation).values() for each in made_for(situation, ids)]
    made = [
        seen
        for seen in situation.recording.observations
        if seen.kind in ("client_made", "tls_context") and seen not in several
    ]
    if not made or situation.recording.cold:
        return []
    spent = sum(seen.duration_ms for seen in made) + _connecting_ms(situation, made)
    return made if situation.is_worth_it(situation.without(spent)) else []


def _connecting_ms(situation: Situation, made: list[Observation]) -> float:
    """How long the invocation waited for connections to be opened, but for those that making a client opened."""
    within = [(seen.start_ms, seen.start_ms + seen.duration_ms) for seen in made]
    return sum(
        wait.end_ms - wait.start_ms
        for wait in situation.recording.waits
        if wait.kind in _SETTING_UP and not any(start <= wait.start_ms <= end for start, end in within)
    )


def _in_words(seen: Observation) -> str:
    return f"the client of {seen.text}" if is_for_one_request(seen) else seen.text


def _change(situation: Situation, made: list[Observation]) -> str:
    first = made[0]
    name, _, rest = first.text.partition("(")
    before = _source(situation, first.line)
    if is_for_one_request(first):
        return _on_the_client(situation, before, first)
    if name.startswith(_ON_A_LOOP) or ".asyncio." in name:
        return _on_the_loop(situation, before, first)
    kept = _KEPT.get(name)
    if kept is None or _has_arguments(situation, first):
        if before.startswith("return "):
            return ""  # what it is given may be of the call
        return f"- {before}    # in the handler: {first.line}\n+ {before}    # at module level" if before else ""
    made_once = kept.format(rest.rstrip(")"))
    lines = [
        f"- {before or first.text}    # {first.line}",
        "+ from meantime import clients",
        f"+ client = {made_once}    # at module level",
    ]
    return "\n".join(lines)


def _on_the_client(situation: Situation, before: str, made: Observation) -> str:
    """The request, made with a client that is kept instead of one of its own."""
    library, _, function = made.text.partition(".")
    if library not in KEPT:
        return _on_the_loop(situation, before, made)
    kept = KEPT[library]
    name = kept.partition(" ")[0]
    return "\n".join(
        [
            *(["+ from meantime import clients"] if "clients." in kept else []),
            f"+ {kept}    # at module level",
            f"- {before or made.text}    # {made.line}",
            f"+ {before.replace(made.text, f'{name}.{function}') if made.text in before else f'{name}.{function}(…)'}",
        ]
    )


def _on_the_loop(situation: Situation, before: str, made: Observation) -> str:
    """An async client is of one loop: it is kept on the environment's, which an async handler of Meantime's runs on."""
    handler = (situation.handler or situation.recording.handler).rpartition(".")[2] or "lambda_handler"
    return "\n".join(
        [
            "# a sketch, no patch: where the client is used, it comes from here",
            f"- {before or made.text}    # {made.line}",
            "+ import meantime",
            "+",
            "+ @meantime.warm    # made once, on the environment's loop, and closed with it",
            "+ async def client():",
            f"+     async with {_made_by(situation, made)} as made:",
            "+         yield made",
            "",
            "  @meantime.handler    # instead of asyncio.run, which makes a loop for each invocation",
            f"  async def {handler}(event, context):",
            "+     made = await client()",
        ]
    )


def _made_by(situation: Situation, made: Observation) -> str:
    """The call that makes it, as the source has it."""
    if made.text == "aiohttp.request":
        return "aiohttp.ClientSession()"
    name, _, number = made.line.rpartition(":")
    file = situation.files.read(name) if name else None
    calls = file.calls_at(int(number)) if file is not None and number.isdigit() else []
    return next((ast.unparse(call) for call in calls if ast.unparse(call.func) == made.text), f"{made.text}(…)")


def _has_arguments(situation: Situation, made: Observation) -> bool:
    """Whether a client was given more than its service's name, which a kept one would have to be given as well."""
    name, _, number = made.line.rpartition(":")
    file = situation.files.read(name) if name else None
    calls = file.calls_at(int(number)) if file is not None and number.isdigit() else []
    return any(
        len(call.args) > 1 or call.keywords for call in calls if ast.unparse(call.func).endswith(("client", "Session"))
    )


def _source(situation: Situation, line: str) -> str:
    name, _, number = line.rpartition(":")
    file = situation.files.read(name) if name else None
    if file is None or not number.isdigit() or not 0 < int(number) <= len(file.lines):
        return ""
    return file.lines[int(number) - 1].strip()
