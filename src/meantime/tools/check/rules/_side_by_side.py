"""What runs several times at once, and what such runs share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from meantime.tools.check.finding import Step
from meantime.tools.check.model.fan_out import fan_outs
from meantime.tools.check.model.locks import is_locked
from meantime.tools.check.model.reach import reached
from meantime.tools.check.rules._keeping import is_cached, is_decorated_strangely
from meantime.tools.check.rules._spelling import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.fan_out import FanOut
    from meantime.tools.check.model.project import Project, Value
    from meantime.tools.check.model.reach import Reached
    from meantime.tools.check.model.started_work import On


class Use(NamedTuple):
    """That something which several threads share is used on one of them.

    Args:
        call: The use: a call of its method, or the call that hands its method over.
        value: What is used.
        spelling: The expression for it.
        is_proved: Whether the way from the thread to the use is sure.
        steps: That way, from where the threads are started.
    """

    call: Call
    value: Value
    spelling: Expression
    is_proved: bool
    steps: tuple[Step, ...]


def several(project: Project, on: On) -> Iterator[FanOut]:
    """The fan-outs that have more than one call under way at once."""
    for fan_out in fan_outs(project):
        if fan_out.on == on and fan_out.count != 1 and fan_out.width != 1:
            yield fan_out


def is_for_each_item(fan_out: FanOut) -> bool:
    """Whether the same is done for each of many items, rather than different things once."""
    return fan_out.over is not None or fan_out.count is None


def is_proved(project: Project, each: Reached) -> bool:
    """Whether a function surely runs so: no decorator on the way may hold a lock, or call it in another way."""
    on_the_way = (each.function, *(call.within for call in each.calls))
    return each.is_proved and not any(is_decorated_strangely(project, function) for function in on_the_way)


def steps_to(project: Project, fan_out: FanOut, each: Reached | None) -> tuple[Step, ...]:
    """The way from where a fan-out is started."""
    what = name_of(each.begins, fan_out.within) if each is not None else "it"
    start = Step(
        project.place(fan_out.call, fan_out.within), f"{name_of(fan_out.within)} runs {what} on several {fan_out.on}"
    )
    return (start, *(() if each is None else each.steps(project)))


def shared_uses(project: Project, paths: tuple[str, ...]) -> Iterator[Use]:
    """Each use, on several threads and without a lock, of a value that one call made for all of them.

    Args:
        project: Where.
        paths: What the paths of such values begin with.
    """
    seen: set[Call] = set()
    for fan_out in several(project, "threads"):
        found = [*_handed_methods(project, fan_out, paths), *_used_within(project, fan_out, paths)]
        for use, begins in found:
            users = {other_begins for other, other_begins in found if other.value.origin is use.value.origin}
            if use.call not in seen and (is_for_each_item(fan_out) or len(users) > 1 or _is_twice(fan_out, begins)):
                seen.add(use.call)
                yield use


def _is_twice(fan_out: FanOut, begins: object) -> bool:
    return sum(function is begins for function in fan_out.functions) > 1


def _handed_methods(project: Project, fan_out: FanOut, paths: tuple[str, ...]) -> Iterator[tuple[Use, object]]:
    """`executor.map(table.get_item, keys)`: the method of a shared value is what runs."""
    for work in fan_out.work:
        if work.kind == "attribute":
            for value in _of(project, work.parts[0], fan_out.call, paths):
                if not _is_made_for_each(fan_out, value):
                    steps = steps_to(project, fan_out, None)
                    yield Use(fan_out.call, value, work.parts[0], is_proved=True, steps=steps), work


def _used_within(project: Project, fan_out: FanOut, paths: tuple[str, ...]) -> Iterator[tuple[Use, object]]:
    if any(_is_of_own_instance(project, fan_out, work) for work in fan_out.work):
        return
    for begins in dict.fromkeys(fan_out.functions):
        found = tuple(reached(project, (begins,)))
        inside = {each.function for each in found}
        for each in found:
            for call in () if each.is_locked or is_cached(each.function) else each.function.calls:
                if call.function.kind != "attribute" or is_locked(project, call.guards, each.function):
                    continue
                receiver = call.function.parts[0]
                for value in _of(project, receiver, call, paths):
                    maker = value.origin
                    is_own = maker is not None and maker.within in inside and not _is_kept(maker)
                    if not is_own and not _is_made_for_each(fan_out, value):
                        steps = steps_to(project, fan_out, each)
                        yield Use(call, value, receiver, is_proved=is_proved(project, each), steps=steps), begins


def _of(project: Project, expression: Expression, call: Call, paths: tuple[str, ...]) -> list[Value]:
    """What an expression may hold of such values, if it surely holds one of them."""
    values = project.values(expression, call.within)
    found = [each for each in values if each.path.startswith(paths) and each.origin is not None]
    return found[:1] if len(found) == len(values) else []


def _is_kept(maker: Call) -> bool:
    """Whether what a call makes on a thread is kept for all of them."""
    return is_cached(maker.within) or any(name in maker.within.globals for name in maker.bound)


def _is_made_for_each(fan_out: FanOut, value: Value) -> bool:
    """Whether there is one for each: it is made in a loop or a display, or by a function that is called for each."""
    maker = value.origin
    if maker is None:
        return False
    if maker.use == "element" or (fan_out.is_called_for_each and maker.within is fan_out.within):
        return True
    return bool(maker.loops) and not maker.within.is_module


def _is_of_own_instance(project: Project, fan_out: FanOut, work: Expression) -> bool:
    """Whether each thread runs the method of an object of its own: `submit(Loader(key).load)`."""
    if work.kind != "attribute":
        return False
    base = work.parts[0]
    if base.kind == "call":
        return True
    return any(_is_made_for_each(fan_out, value) for value in project.values(base, fan_out.within))
