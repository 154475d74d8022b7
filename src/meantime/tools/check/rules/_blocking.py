"""The blocking calls of a function: what they wait for, how sure that is, what to do, and what ruff says."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from meantime.tools.check.catalogue import blocking
from meantime.tools.check.model.handed_over import RUN_IN_EXECUTOR, TO_THREAD
from meantime.tools.check.model.project import UNKNOWN
from meantime.tools.check.rules._conditions import conditions
from meantime.tools.check.rules._spelling import spelled
from meantime.tools.check.rules._syntax import around

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project

_NOT_WAITING = {"block": False, "blocking": False, "wait": False, "timeout": 0}
"""The keywords with which a method that may wait does not."""
_OWN_WORK = ("threading.", "multiprocessing.", "concurrent.", "asyncio.", "queue.")
"""Whose methods take one of these, by name or as their first argument."""
_LAZY = (".paginate", "Executor().map")
_BODY = "()[].read"
"""Of what a call gives, as `answer["Body"].read`: boto3 gives a stream for what is long."""
_SHORTEST_SLEEP = 0.01
_ADVICE = {
    blocking.HTTP: "Use `httpx.AsyncClient` or aiohttp, or",
    blocking.SLEEP: "Use `await asyncio.sleep(…)`, or",
    blocking.SUBPROCESS: "Use `await asyncio.create_subprocess_exec(…)`, or",
    blocking.DATABASE: "Use an async driver, or",
    blocking.REDIS: "Use `redis.asyncio`, or",
    blocking.MODEL: "Use the library's async client, or",
    blocking.NAME: "Use `await loop.getaddrinfo(…)`, or",
    blocking.CONNECTION: "Use `asyncio.open_connection` or an async library, or",
}


class Blocked(NamedTuple):
    """A blocking call."""

    call: Call
    what: str
    is_sure: bool

    @property
    def advice(self) -> str:
        """What to do instead."""
        name = spelled(self.call.function)
        if self.what == blocking.VERB:
            return f"Use `await meantime.tasks.{self.call.function.name}(…)`."
        if self.call.function.name == "paginate":
            return "Go over the pages, which are asked for one by one, in a function that `asyncio.to_thread` runs."
        if self.what == blocking.BODY:
            return "Read it where it is asked for, in the function that the thread runs."
        return f"{_ADVICE.get(self.what, 'Use')} `await asyncio.to_thread({name}, …)`."


def who_waits(*, is_one: bool) -> str:
    """What a blocked loop does to others, for a message."""
    return "no other task is seen on it, but its timeouts wait" if is_one else "every other task waits"


@lru_cache(maxsize=1)  # one project is checked at a time
def functions_that_block(project: Project) -> tuple[Function, ...]:
    """Every function that a call stands in which may block: few of all there are."""
    calls = project.calls_to(
        *(path for path in project.called if blocking.blocks(path) or blocking.may_block(path) or path.endswith(_BODY))
    )
    return tuple(dict.fromkeys(call.within for call in calls))


def is_of_another_loop(project: Project, function: Function) -> bool:
    """Whether a function runs on the loop of Trio or Curio, where what is advised here fails."""
    roots = {name.partition(".")[0] for name in project.imports(function.file)}
    return not roots.isdisjoint({"trio", "curio"}) and "asyncio" not in roots


def blocking_calls(project: Project, function: Function) -> Iterator[Blocked]:
    """The calls of a function that block, by what is known of libraries; not those that are told not to wait."""
    for call in function.calls:
        if call.use == "awaited":
            continue
        paths = project.targets(call)
        surely = [what for path in paths if (what := blocking.blocks(path))]
        possibly = [what for path in paths if (what := blocking.may_block(path))]
        if not surely and not possibly:
            if _reads_body(project, call):
                yield Blocked(call, blocking.BODY, is_sure=True)
            continue
        path = min(paths)
        if not _waits(project, call, path):
            continue
        is_sure = len(surely) == len(paths) or (
            path.endswith("Executor().map") and call.use in {"argument", "iterated"}
        )
        yield Blocked(call, (surely or possibly)[0], is_sure and not _may_be_over(project, call, path))


def _reads_body(project: Project, call: Call) -> bool:
    """Whether it reads the stream of an answer from AWS that another thread waited for: the stream is still open."""
    return call.function.name == "read" and any(
        value.origin is not None and value.path.endswith("()[]") and _is_asked_on_thread(project, value.origin)
        for value in project.values(call.function.parts[0], call.within)
    )


def _is_asked_on_thread(project: Project, asked: Call) -> bool:
    """Whether a call has boto3, or a function that gives on what boto3 gives, called on another thread."""
    return not project.targets(asked).isdisjoint({*TO_THREAD, *RUN_IN_EXECUTOR}) and any(
        _is_of_aws(project.paths(argument, asked.within)) or _gives_on(project, argument, asked.within)
        for argument in asked.arguments
    )


def _gives_on(project: Project, argument: Expression, within: Function) -> bool:
    return any(
        returned.kind == "call" and _is_of_aws(project.targets(returned))  # type: ignore[arg-type]  # a Call
        for function in project.functions_of(argument, within)
        for returned in function.returns
    )


def _is_of_aws(paths: frozenset[str]) -> bool:
    return any(blocking.blocks(path) == blocking.AWS for path in paths)


def _waits(project: Project, call: Call, path: str) -> bool:  # noqa: PLR0911  # one a way not to wait
    """Whether nothing in the call says that it does not wait."""
    if path == "time.sleep":
        seconds = _given(project, call, call.arguments[0]) if call.arguments else UNKNOWN
        return not isinstance(seconds, int | float) or seconds > 0
    if path == "urllib.request.urlopen" and _is_data(project, call):
        return False
    if path.endswith(_LAZY) and call.use == "returned":
        return False
    if path.startswith("subprocess.Popen().") and _has_ended(project, call):
        return False
    if path.endswith(".submit().result") and any(
        "asyncio.wrap_future" in _all_paths(project, each) for each in call.within.calls
    ):
        return False
    if path.startswith("os.wait"):
        return not any(_mentions(each, "WNOHANG") for each in call.arguments)
    return not path.startswith(_OWN_WORK) or not (
        (path.startswith("queue.") and _is_filled(project, call))
        or any(_given(project, call, each) == 0 for each in call.arguments[:1])
        or any(
            name in call.keywords and _given(project, call, call.keywords[name]) == value
            for name, value in _NOT_WAITING.items()
        )
    )


def _is_data(project: Project, call: Call) -> bool:
    """Whether what is opened was found to begin with `data:`: it holds all there is to read."""
    return bool(call.arguments) and any(
        is_true and ast.unparse(test) == f"{spelled(call.arguments[0])}.startswith('data:')"
        for test, is_true in conditions(project, call)
    )


def _is_filled(project: Project, call: Call) -> bool:
    """Whether a call stands in `while not queue.empty()` of the same queue."""
    return call.function.kind == "attribute" and any(
        isinstance(node, ast.While)
        and isinstance(node.test, ast.UnaryOp)
        and ast.unparse(node.test.operand) == f"{spelled(call.function.parts[0])}.empty()"
        for node in around(project, call)
    )


def _has_ended(project: Project, call: Call) -> bool:
    """Whether a call stands below `if process.poll() is not None` or the like."""
    return any(
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Compare)
        and isinstance(node.test.ops[0], ast.IsNot)
        and ast.unparse(node.test.left).endswith((".poll()", ".returncode"))
        and any(each.lineno <= call.line <= (each.end_lineno or each.lineno) for each in node.body)
        for node in around(project, call)
    )


def _all_paths(project: Project, call: Call) -> frozenset[str]:
    """What is called and what it is given."""
    return project.targets(call).union(*(project.paths(each, call.within) for each in call.arguments))


def _mentions(expression: Expression, name: str) -> bool:
    return expression.name == name or any(_mentions(part, name) for part in expression.parts)


def _may_be_over(project: Project, call: Call, path: str) -> bool:
    """Whether what is waited for may have come already, as far as the function shows, or comes in a moment."""
    receiver = call.function.parts[0] if call.function.kind == "attribute" else None
    if path.endswith((".submit().result", ".submit().exception", ".run_coroutine_threadsafe().result")):
        return receiver is None or receiver.kind != "call"
    if path.startswith(("threading.", "multiprocessing.", "concurrent.")):
        return _is_after_await(project, call)
    if path.startswith("queue."):
        return receiver is None or _is_looked_at(call, receiver)
    return (
        (path == "time.sleep" and _is_moment(project, call))
        or (path == "socket.getaddrinfo" and "flags" in call.keywords)  # such as AI_NUMERICHOST, which asks nobody
        or (path.startswith("os.spawn") and "os.P_NOWAIT" in _paths_of_first(project, call))
    )


def _is_moment(project: Project, call: Call) -> bool:
    seconds = _given(project, call, call.arguments[0]) if call.arguments else UNKNOWN
    return isinstance(seconds, int | float) and seconds < _SHORTEST_SLEEP


def _paths_of_first(project: Project, call: Call) -> frozenset[str]:
    return project.paths(call.arguments[0], call.within) if call.arguments else frozenset()


def _is_after_await(project: Project, call: Call) -> bool:
    """Whether the function has waited before: then a thread or future may have ended."""
    function = call.within
    return any(
        isinstance(node, ast.Await) and function.line <= node.lineno < call.line
        for node in ast.walk(project.tree(function.file))
    )


def _is_looked_at(call: Call, receiver: Expression) -> bool:
    name = spelled(receiver)
    return any(spelled(each.function) in {f"{name}.empty", f"{name}.qsize"} for each in call.within.calls)


def _given(project: Project, call: Call, argument: Expression) -> object:
    return project.constant(argument, call.within)
