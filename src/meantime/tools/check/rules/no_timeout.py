"""MT701: a call or client that waits for ever, or as good as that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.catalogue.timeouts import HTTP_VERBS, SWITCHED_OFF, UNSET
from meantime.tools.check.finding import Finding
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._clients import uses_of
from meantime.tools.check.rules._on_lambda import is_loaded_on_lambda, is_meantimes, way_in
from meantime.tools.check.rules._spelling import spelled
from meantime.tools.check.rules._test_files import is_test_file
from meantime.tools.check.rules._timeouts import is_limited_otherwise, is_local

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.catalogue.timeouts import Timeout
    from meantime.tools.check.finding import Level
    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.project import Chain, Project

_ADDRESSES = ("dsn", "conninfo", "url")


def _check(project: Project) -> Iterator[Finding]:
    for call in project.calls_to(*UNSET, *SWITCHED_OFF.keys() - UNSET.keys()):
        paths = project.targets(call)
        if len(paths) != 1 or "**" in call.keywords or any(each.kind == "star" for each in call.arguments):
            continue
        (path,) = paths
        timeout = UNSET.get(path) or SWITCHED_OFF[path]
        is_off = _is_switched_off(project, call, timeout)
        if not is_off and (path not in UNSET or _is_set(call, timeout) or _is_in_address(project, call, timeout)):
            continue
        if is_limited_otherwise(project, call) or is_local(project, call) or _each_has_its_own(project, call):
            continue
        chain = way_in(project, call.within)
        yield Finding(
            "MT701",
            _message(call, timeout, is_off=is_off, is_on_lambda=chain is not None),
            project.place(call, call.within),
            _level(project, call, timeout, chain, is_off=is_off),
            chain.steps if chain is not None else (),
            (timeout.ruff,) if timeout.ruff else (),
        )


def _each_has_its_own(project: Project, call: Call) -> bool:
    """Whether a session is made whose requests all have timeouts of their own."""
    if project.targets(call) != {"aiohttp.ClientSession"}:
        return False
    requests = [each for each in uses_of(project, call) if each.function.name in HTTP_VERBS]
    return bool(requests) and all("timeout" in each.keywords for each in requests)


def _streams(project: Project, call: Call) -> bool:
    """Whether a call follows a stream, or makes a client that does: that may be meant to wait for ever."""
    return any(each.function.name == "stream" for each in (call, *uses_of(project, call)))


def _given(call: Call, timeout: Timeout) -> list[object]:
    found: list[object] = [call.keywords[each] for each in timeout.keywords if each in call.keywords]
    if timeout.position is not None and len(call.arguments) > timeout.position:
        found.append(call.arguments[timeout.position])
    return found


def _is_set(call: Call, timeout: Timeout) -> bool:
    return bool(_given(call, timeout))


def _is_switched_off(project: Project, call: Call, timeout: Timeout) -> bool:
    given = _given(call, timeout)
    return bool(given) and all(project.constant(each, call.within) is None for each in given)  # type: ignore[arg-type]  # expressions


def _addresses(project: Project, call: Call) -> list[object]:
    """The addresses that a call is given, where they are constants; else UNKNOWN."""
    given = [*call.arguments[:1], *(call.keywords[each] for each in _ADDRESSES if each in call.keywords)]
    return [project.constant(each, call.within) for each in given]


def _is_in_address(project: Project, call: Call, timeout: Timeout) -> bool:
    """Whether the address says the timeout, or is made where the file says it."""
    if not timeout.in_address:
        return False
    return any(
        timeout.in_address in each
        if isinstance(each, str)
        else any(timeout.in_address in line for line in project.lines(call.within.file))
        for each in _addresses(project, call)
    )


def _is_known(project: Project, call: Call, timeout: Timeout) -> bool:
    """Whether the timeout can only stand where we look."""
    return not timeout.in_address or all(isinstance(each, str) for each in _addresses(project, call))


def _message(call: Call, timeout: Timeout, *, is_off: bool, is_on_lambda: bool) -> str:
    name = spelled(call.function)
    what_happens = ": Lambda kills the function without a word" if is_on_lambda else ""
    if timeout.default is not None and not is_off:
        return f"`{name}` waits up to {timeout.default:g} s {timeout.waits}. Give it {timeout.needs}."
    return f"`{name}` waits {timeout.waits} for ever{what_happens}. Give it {timeout.needs}."


def _level(project: Project, call: Call, timeout: Timeout, chain: Chain | None, *, is_off: bool) -> Level:
    if is_test_file(call.within.file) or (is_off and _streams(project, call)):
        return "warning"
    if timeout.ruff:
        return "error"
    if not (timeout.is_sure or is_off) or not _is_known(project, call, timeout):
        return "warning"
    if chain is not None:
        return "error" if chain.is_proved and not is_meantimes(chain) else "warning"
    return "error" if is_loaded_on_lambda(project, call.within) else "warning"


RULE = Rule(
    code="MT701",
    name="no-timeout",
    summary="A call or client that waits for ever",
    check=_check,
    levels=("error", "warning"),
    companions=("S113",),
)
