"""Which coroutines have their event loop to themselves: a blocking call there keeps no other task waiting."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from meantime.tools.check.rules._event_loops import ENTRIES, runs_on_new_loops
from meantime.tools.check.rules._interfaces import ENTERING, Interfaces
from meantime.tools.check.rules._reach import reached_from
from meantime.tools.check.rules._test_files import is_of_tests

if TYPE_CHECKING:
    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project

_GOING_ON = frozenset(
    {
        "create_task",
        "ensure_future",
        "start_soon",
        "as_completed",
        "run_coroutine_threadsafe",
        "start_server",
        "start_unix_server",
        "create_server",
        "serve",
        "serve_forever",
    }
)
"""What starts work that goes on while its caller does something else, under whatever name the loop or group has."""
_WAITED_FOR = ("asyncio.gather", "meantime.tasks.")
"""What runs tasks side by side, and has ended where it is awaited."""
_LEAVING = "asyncio.wait"
_HANDING_THROUGH = frozenset({"asyncio.wait_for", "asyncio.shield"})
_TAKEN = "asyncio.get_event_loop().run_until_complete"


def is_alone(project: Project, coroutine: Function) -> bool:
    """Whether every way to a coroutine is plain awaits from what a new loop runs, and nothing else is started there."""
    return _Loops.of(project).is_alone(coroutine)


class _Loops:
    def __init__(self, project: Project) -> None:
        self._project = project
        self._runs = list(runs_on_new_loops(project))
        taken = project.calls_to(_TAKEN)
        for call in taken:
            for argument in call.arguments[:1]:
                self._runs += [(call, function) for function in project.functions_of(argument, call.within)]
        self._entries = {*taken, *project.calls_to(*ENTRIES), *(call for call, _ in self._runs)}
        self._runners = {
            entry.within
            for entry in self._entries
            if entry.arguments and entry.arguments[0].name in {each.name for each in entry.within.parameters}
        }
        self._interfaces = Interfaces(project)
        self._given: dict[int, Call] = {}  # what each argument is given to
        self._named: dict[str, list[Call]] = {}  # the calls that are given something of that name
        for function in project.functions.values():
            for call in function.calls:
                for argument in (*call.arguments, *call.keywords.values()):
                    self._given[id(argument)] = call
                    self._named.setdefault(argument.name, []).append(call)
        self._is_busy: dict[Function, bool] = {}

    @staticmethod
    @lru_cache(maxsize=1)  # one project is checked at a time
    def of(project: Project) -> _Loops:
        return _Loops(project)

    def is_alone(self, coroutine: Function) -> bool:
        mains: list[Function] = []
        waiting = [coroutine]
        for each in waiting:
            calls = [
                call
                for call in dict.fromkeys(
                    (*self._project.callers(each), *self._handing_on(each), *self._interfaces.callers(each))
                )
                if not is_of_tests(self._project, call.within)
            ]
            if not calls:
                return False
            above = {self._above(call, each) for call in calls}
            if None in above:
                return False
            mains += [each] if each in above else []
            waiting += [other for other in above if other is not None and other not in waiting]
        return bool(mains) and not any(self._starts_more(main) for main in mains)

    def _handing_on(self, function: Function) -> list[Call]:
        """The calls that are given the function itself."""
        return [
            call
            for call in self._named.get(function.name, ())
            if any(
                argument.kind != "call"
                and argument.name == function.name
                and function in self._project.functions_of(argument, call.within)
                for argument in (*call.arguments, *call.keywords.values())
            )
        ]

    def _above(self, call: Call, coroutine: Function) -> Function | None:
        """Who waits for a call of a coroutine, itself where that is a loop of its own; None: it may be one of many."""
        if call in self._entries or self._is_own_runner(call):
            return coroutine
        if call.use in {"awaited", "iterated", "entered", "returned"}:
            return call.within
        outer = self._given.get(id(call))
        if outer is None:
            return None
        if outer in self._entries or self._is_own_runner(outer):
            return coroutine
        return self._above(outer, coroutine) if self._hands_through(outer) else None

    def _is_own_runner(self, call: Call) -> bool:
        """Whether a function of the project is called that runs the coroutine which it is given."""
        return not self._runners.isdisjoint(self._project.callees(call))

    def _hands_through(self, call: Call) -> bool:
        return call.function.name == ENTERING or not self._project.targets(call).isdisjoint(_HANDING_THROUGH)

    def _starts_more(self, main: Function) -> bool:
        if main not in self._is_busy:
            self._is_busy[main] = any(
                self._goes_on(call) for reached in reached_from(self._project, main) for call in reached.function.calls
            )
        return self._is_busy[main]

    def _goes_on(self, call: Call) -> bool:
        if call.function.name in _GOING_ON:
            return True
        paths = self._project.targets(call)
        return _LEAVING in paths or (call.use != "awaited" and any(path.startswith(_WAITED_FOR) for path in paths))
