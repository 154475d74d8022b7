"""The shortest ways over which functions are reached from where something begins."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.tools.check.model.call_graph import CallGraph, Edge
    from meantime.tools.check.model.functions import Function


class Way(NamedTuple):
    """How a function is reached: over this edge, or it is where the way begins."""

    edge: Edge | None
    is_proved: bool
    length: int


def ways_from(
    graph: CallGraph, roots: Iterable[tuple[Function, Edge | None]], follows: frozenset[str], *, only_plain: bool
) -> dict[str, Way]:
    """The shortest way to each function that is reached; proved ones first.

    Args:
        graph: The edges.
        roots: Where ways begin, with the edge that hands it over, if there is one.
        follows: The kinds of edges that are followed.
        only_plain: Whether a decorator whose doing is not known ends what is proved, and coroutine functions end a way.
    """
    found: dict[str, Way] = {}
    begun = [
        (function, Way(edge, edge is None or (edge.is_sure and (edge.is_plain or not only_plain)), 0))
        for function, edge in roots
    ]
    for proved in (True, False):
        waiting: deque[str] = deque()
        for function, way in begun:
            if way.is_proved == proved and function.qualified not in found:
                found[function.qualified] = way
                waiting.append(function.qualified)
        if not proved:
            waiting = deque(found)
        while waiting:
            name = waiting.popleft()
            way = found[name]
            for edge in graph.callees.get(name, ()):
                if edge.where not in follows or edge.callee.qualified in found:
                    continue
                if only_plain and edge.callee.is_async:
                    continue
                is_proved = way.is_proved and edge.is_sure and (edge.is_plain or not only_plain)
                if is_proved or not proved:
                    found[edge.callee.qualified] = Way(edge, is_proved, way.length + 1)
                    waiting.append(edge.callee.qualified)
    return found
