"""MT901: pools, locks and queues of processes, which need the shared memory that Lambda does not have."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from meantime.tools.check.catalogue.shared_memory import NEEDS_SHARED_MEMORY, OF_THREADS
from meantime.tools.check.finding import Finding
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._on_lambda import is_loaded_on_lambda, way_in
from meantime.tools.check.rules._spelling import spelled
from meantime.tools.check.rules._syntax import around

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.finding import Place
    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.project import Project

_CODE = "MT901"
_ON_LAMBDA = ("AWS_LAMBDA_", "AWS_EXECUTION_ENV", "LAMBDA_TASK_ROOT")
_WHERE = re.compile(
    r"__name__|environ|getenv|platform|lambda|shm|exists|unix|posix|linux|windows|os\.name", re.IGNORECASE
)
"""What a condition speaks of that asks where the code runs."""

_CAUGHT = frozenset({"OSError", "Exception", "BaseException", "ImportError", "PermissionError", "FileNotFoundError"})


def _check(project: Project) -> Iterator[Finding]:
    for call in project.calls_to(*NEEDS_SHARED_MEMORY):
        chain = way_in(project, call.within)
        if chain is None and not is_loaded_on_lambda(project, call.within):
            continue
        path = around(project, call)
        steps = chain.steps if chain is not None else ()
        if (
            _has_no_lock(call)
            or _knows_lambda(project, call)
            or _is_prepared(path)
            or any(_depends_on_where(project, each.place) for each in steps)
        ):
            continue
        what = spelled(call.function)
        instead = (
            "Use `concurrent.futures.ThreadPoolExecutor`, which needs none"
            if not OF_THREADS.isdisjoint(project.targets(call))
            else "Use `meantime.processes`, or `multiprocessing.Process` with `Pipe`"
        )
        yield Finding(
            _CODE,
            f"`{what}` raises `OSError` on Lambda, which has no shared memory (/dev/shm). {instead}.",
            project.place(call, call.within),
            "error" if (chain is None or chain.is_proved) and not _is_optional(path) else "warning",
            steps,
        )


def _has_no_lock(call: Call) -> bool:
    lock = call.keywords.get("lock")
    return lock is not None and lock.value is False


def _knows_lambda(project: Project, call: Call) -> bool:
    """Whether the file asks whether it is on Lambda: it may import another `Pool` there."""
    return any(word in line for line in project.lines(call.within.file) for word in _ON_LAMBDA)


def _is_prepared(path: tuple[ast.AST, ...]) -> bool:
    """Whether the code around it is ready for the failure, or asks where it runs."""
    for node, inner in pairwise(path):
        if isinstance(node, ast.Try) and inner in node.body and any(_is_caught(each) for each in node.handlers):
            return True
        if isinstance(node, ast.If) and _WHERE.search(ast.unparse(node.test)):
            return True
    return False


def _depends_on_where(project: Project, place: Place) -> bool:
    """Whether a step on the way there is taken only where a condition about the platform says so."""
    return any(
        isinstance(node, ast.If)
        and node.test.lineno < place.line <= (node.end_lineno or 0)
        and _WHERE.search(ast.unparse(node.test))
        for node in ast.walk(project.tree(place.path))
    )


def _is_optional(path: tuple[ast.AST, ...]) -> bool:
    """Whether a condition is around it: it may be one that does not hold on Lambda."""
    return any(isinstance(node, ast.If | ast.IfExp | ast.Match) for node in path)


def _is_caught(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    return any(isinstance(each, ast.Name) and each.id in _CAUGHT for each in ast.walk(handler.type))


RULE = Rule(
    _CODE,
    "no-shared-memory",
    "A pool, lock or queue of processes, which needs the shared memory that Lambda does not have",
    _check,
    ("error", "warning"),
)
