"""What limits a call's time besides its own timeout."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from meantime.tools.check.rules._adapters import adapters_of

if TYPE_CHECKING:
    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project

_SESSION = "requests.Session()."
_URLLIB3 = "urllib3.PoolManager()."
_OF_SOCKETS = ("urllib.", "http.", "socket.", "smtplib.", "ftplib.")  # whose timeout `socket.setdefaulttimeout` sets
_GUARDS = frozenset(
    {
        "asyncio.timeout()",
        "asyncio.timeout_at()",
        "async_timeout.timeout()",
        "anyio.fail_after()",
        "anyio.move_on_after()",
    }
)
_WAITS = {"wait_for": 1, "wait": 1, "as_completed": 1, "result": 0, "exception": 0}  # where each takes its timeout
_DEEPEST = 4  # callers; names, sums and requests that an address is made by
_LOCAL = ("http://localhost", "http://127.0.0.1", "http://[::1]", "http://169.254.", "file:", "data:")


def is_limited_otherwise(project: Project, call: Call) -> bool:
    """Whether something else than its own timeout limits a call, or may do so."""
    if is_limited_around(project, call):
        return True
    (path,) = project.targets(call)
    if path.startswith(_OF_SOCKETS):
        return _sets_default(project)
    if path.startswith(_URLLIB3):
        made = [each.origin for each in project.values(call.function, call.within)]
        return any(each is None or not each.keywords.keys().isdisjoint({"timeout", "**"}) for each in made)
    if path.startswith(_SESSION):
        return not _is_plain_session(project, call)
    return False


def is_limited_around(project: Project, call: Call) -> bool:
    """Whether a timeout stands around a call, or around what calls it: `asyncio.timeout(5)`, `wait_for(…, 5)`."""
    waiting, seen = [call], {call.within.qualified}
    for _ in range(_DEEPEST):
        if any(_is_limited_here(project, each) for each in waiting):
            return True
        waiting = [caller for each in waiting for caller in _new_callers(project, each.within, seen)]
    return False


def _new_callers(project: Project, function: Function, seen: set[str]) -> list[Call]:
    """The calls of a function in functions that were not seen before."""
    found = [each for each in project.callers(function) if each.within.qualified not in seen]
    seen.update(each.within.qualified for each in found)
    return found


def _is_limited_here(project: Project, call: Call) -> bool:
    if any(project.paths(guard, call.within) & _GUARDS for guard in call.guards):
        return True
    return _is_waited_for_elsewhere(project, call) and any(_waits_so_long(each) for each in call.within.calls)


def _is_waited_for_elsewhere(project: Project, call: Call) -> bool:
    """Whether a call only starts something, or makes a coroutine that something else awaits."""
    if call.use == "awaited":
        return False
    callees = project.callees(call)
    return any(each.is_async for each in callees) or any(
        project.functions_of(each, call.within) for each in call.arguments
    )


def _waits_so_long(call: Call) -> bool:
    """Whether a call waits for what was started, and no longer than it says."""
    position = _WAITS.get(call.function.name)
    return position is not None and ("timeout" in call.keywords or len(call.arguments) > position)


@lru_cache(maxsize=1)
def _sets_default(project: Project) -> bool:
    return bool(project.calls_to("socket.setdefaulttimeout"))


def _is_plain_session(project: Project, call: Call) -> bool:
    """Whether a session is surely one of requests' own, and nothing is mounted on it or patched into it."""
    made = [each.origin for each in project.values(call.function, call.within)]
    return all(each is not None and _is_plain(project, each) for each in made)


def _is_plain(project: Project, made: Call) -> bool:
    if project.targets(made) != {"requests.Session"}:
        return False
    return None not in adapters_of(project, made) and not _is_patched(made.within)


def _is_patched(function: Function) -> bool:
    """`session.request = partial(session.request, timeout=5)`."""
    return any(each.target.kind == "attribute" and each.target.name in ("request", "send") for each in function.changes)


def is_local(project: Project, call: Call) -> bool:
    """Whether a call goes to this machine, or to nowhere."""
    return any(_is_local(project, each, call.within, 0) for each in call.arguments[:2])


def _is_local(project: Project, expression: Expression, within: Function, depth: int) -> bool:
    address = project.constant(expression, within)
    if isinstance(address, str):
        return address.startswith(_LOCAL)
    made = [each.origin for each in project.values(expression, within) if each.path == "urllib.request.Request()"]
    begins = [(each.arguments[0], each.within) for each in made if each is not None and each.arguments]
    if expression.kind == "other":  # `BASE + path`
        begins += [(each, within) for each in expression.parts[:1]]
    elif expression.kind == "name":
        begins += [(each, within) for each in within.assigned.get(expression.name, ())]
    return depth < _DEEPEST and any(_is_local(project, each, scope, depth + 1) for each, scope in begins)
