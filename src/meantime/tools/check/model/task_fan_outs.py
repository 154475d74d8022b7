"""Fan-outs over tasks: `gather` and its kin, tasks made in a loop; and the threads that those hand work to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.model.expressions import Expression
from meantime.tools.check.model.fan_out_items import elements_of, items_of
from meantime.tools.check.model.fan_out_width import gate_of
from meantime.tools.check.model.handed_over import CREATE_TASK, GROUP_TASKS, handed_over, maker_of, to_thread
from meantime.tools.check.model.reach import reached
from meantime.tools.check.model.started_work import FanOut
from meantime.tools.check.model.thread_fan_outs import executor_width

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.fan_out_items import Element
    from meantime.tools.check.model.handed_over import Handed
    from meantime.tools.check.model.project import Project
    from meantime.tools.check.model.started_work import On, Verb, Width

_GATHER = ("asyncio.gather",)
_WAIT = ("asyncio.wait", "asyncio.as_completed")


class TaskFanOuts:
    """Finds them.

    Args:
        project: Where.

    Attributes:
        together: The ids of the calls whose awaitables are awaited side by side.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self.together: set[int] = set()

    def all(self) -> Iterator[FanOut]:
        """Every one, with what its tasks hand to threads."""
        for fan_out in (*self._gathers(), *self._tasks()):
            yield fan_out
            if fan_out.on == "tasks":
                yield from self._on_threads(fan_out)

    def _gathers(self) -> Iterator[FanOut]:
        for call in self._project.calls_to(*_GATHER):
            yield from self._of_collection(call, call.arguments)
        for call in self._project.calls_to(*_WAIT):
            if call.arguments:
                yield from self._of_collection(call, call.arguments[:1], is_collection=True)

    def _of_collection(
        self, call: Call, arguments: tuple[Expression, ...], *, is_collection: bool = False
    ) -> Iterator[FanOut]:
        found: list[Element] = []
        for each in arguments:
            if each.kind == "star" or is_collection:
                found += elements_of(self._project, each, call.within, call)
            else:
                found += elements_of(self._project, _displayed(each), call.within, call)
        single: dict[On, list[Handed]] = {}
        for element in found:
            handed = handed_over(self._project, element.expression) if element.is_known else None
            if handed is not None:
                self.together.update(id(each) for each in handed.calls)
                if handed.work.kind == "call":
                    self.together.add(id(handed.work))
            if element.over is None and handed is not None:
                single.setdefault(handed.on, []).append(handed)
            elif handed is None:
                yield FanOut("gather", "tasks", call, (), (), element.over, element.number, element.number, None)
            else:
                yield self._made("gather", call, (handed,), element.over, element.number)
        for several in single.values():
            if len(several) > 1:
                yield self._made("gather", call, tuple(several), None, len(several))

    def _tasks(self) -> Iterator[FanOut]:
        for call in self._project.calls_to(*CREATE_TASK, *GROUP_TASKS):
            if call.loops and call.arguments and call.use != "awaited" and id(call) not in self.together:
                over, count = items_of(self._project, call.loops, call.within)
                handed = handed_over(self._project, call.arguments[0])
                self.together.update(id(each) for each in handed.calls)
                yield self._made("task", call, (handed,), over, count)

    def _made(
        self, verb: Verb, call: Call, several: tuple[Handed, ...], over: Expression | None, count: int | None
    ) -> FanOut:
        functions = tuple(
            function for each in several for function in self._project.functions_of(each.work, call.within)
        )
        on = several[0].on
        maker: Call | None = None
        width: Width = count or "input"
        if on != "tasks":
            executor = several[0].executor
            maker = None if executor is None else maker_of(self._project, executor, call.within)
            width = executor_width(self._project, maker)
        elif functions and (bound := gate_of(self._project, functions)) is not None:
            width, maker = bound
        return FanOut(verb, on, call, tuple(each.work for each in several), functions, over, count, width, maker)

    def _on_threads(self, fan_out: FanOut) -> Iterator[FanOut]:
        """What the tasks hand to threads: as many at once as there are tasks, or workers."""
        for each in reached(self._project, fan_out.functions, deepest=3):
            for call in each.function.calls:
                handed = to_thread(self._project, call) if call.use == "awaited" else None
                if handed is None:
                    continue
                maker = None if handed.executor is None else maker_of(self._project, handed.executor, call.within)
                functions = self._project.functions_of(handed.work, call.within)
                width = executor_width(self._project, maker) if maker is not None else _smaller(fan_out.width)
                yield FanOut(
                    "submit", handed.on, call, (handed.work,), functions, fan_out.over, fan_out.count, width, maker
                )


def _displayed(expression: Expression) -> Expression:
    """A display of one element."""
    return Expression("list", "Tuple", (expression,), 1, expression.line, expression.column)


def _smaller(width: Width) -> Width:
    return width if isinstance(width, int) else None  # the loop's own executor has a bound of its own
