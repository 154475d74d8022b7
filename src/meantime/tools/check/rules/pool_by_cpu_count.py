"""MT902: a pool that is as wide as the machine has processors, which on Lambda says nothing about the function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
from meantime.tools.check.model.functions import MODULE
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._on_lambda import is_loaded_on_lambda, way_in
from meantime.tools.check.rules._spelling import spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project

_CODE = "MT902"
_THREADS = ("concurrent.futures.ThreadPoolExecutor", "concurrent.futures.thread.ThreadPoolExecutor")
_POOLS = (*_THREADS, "lambda_multiprocessing.Pool")  # the others of processes do not work there at all: MT901
_WIDTHS = frozenset({"max_workers", "processes"})
_COUNTS = frozenset({
    "os.cpu_count()", "os.process_cpu_count()", "multiprocessing.cpu_count()", "psutil.cpu_count()",
    "os.sched_getaffinity()",
})  # fmt: skip
_VERBS = tuple(f"meantime.{on}.{verb}" for on in ("threads", "tasks") for verb in ("map", "settle", "as_completed"))
_DEPTH = 6  # how deep expressions and names are followed


def _check(project: Project) -> Iterator[Finding]:
    for call in project.calls_to(*_POOLS, *_VERBS):
        chain = way_in(project, call.within)
        if chain is None and not is_loaded_on_lambda(project, call.within):
            continue
        width = _width(project, call)
        pool = spelled(call.function)
        if width is not None and _counts_processors(project, width, call.within):
            message = (
                f"The width of `{pool}` is made of the number of processors: on Lambda 2 up to 3,008 MB, even "
                "where the function gets a fraction of one. Choose it by what the work waits for, such as 10."
            )
            yield Finding(_CODE, message, project.place(call, call.within), "error", chain.steps if chain else ())
        elif width is None and "**" not in call.keywords and not project.targets(call).isdisjoint(_THREADS):
            message = (
                f"`{pool}()` has 6 threads on Lambda for all memory up to 3,008 MB: four more than processors. Say "
                "`max_workers`, by what the work waits for."
            )
            yield Finding(_CODE, message, project.place(call, call.within), "warning", chain.steps if chain else ())


def _width(project: Project, call: Call) -> Expression | None:
    if not project.targets(call).isdisjoint(_VERBS):
        return call.keywords.get("max_concurrency")
    for name in _WIDTHS:
        if name in call.keywords:
            return call.keywords[name]
    return call.arguments[0] if call.arguments else None


def _counts_processors(project: Project, expression: Expression, within: Function, depth: int = 0) -> bool:
    """Whether a number is, or is made of, the number of processors: `os.cpu_count() * 4`, `min(32, workers)`."""
    if depth > _DEPTH:
        return False
    if not _COUNTS.isdisjoint(project.paths(expression, within)):
        return True
    parts = list(expression.parts)
    if expression.kind == "call":
        parts += expression.arguments  # type: ignore[attr-defined]  # a Call
    if any(_counts_processors(project, each, within, depth + 1) for each in parts):
        return True
    if expression.kind != "name":
        return False
    scope = within if expression.name in within.assigned else project.functions[f"{within.module}.{MODULE}"]
    return any(_counts_processors(project, each, scope, depth + 1) for each in scope.assigned.get(expression.name, ()))


RULE = Rule(
    _CODE,
    "pool-by-cpu-count",
    "A pool as wide as the machine has processors, a number that on Lambda says little of the function",
    _check,
    ("error", "warning"),
)
