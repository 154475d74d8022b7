"""What an expression may hold, by the name that rules know it under."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from meantime.tools.check.model.expressions import Expression

if TYPE_CHECKING:
    from meantime.tools.check.model.expressions import Call


class Value(NamedTuple):
    """What an expression may hold.

    Args:
        path: Its canonical dotted path from an import, with `()` for what a call gives: `boto3.client()`,
            `boto3.resource().Table()`, `httpx.AsyncClient().get`, `app.load_user` (an own function), `app.Service()`
            (an instance of an own class), `asyncio.Lock()`. `await` adds nothing.
            A parameter that nothing is known of is `app.load_user#client`.
        origin: The call that made it, for paths with `()`: the last one. Its own receiver is `origin.function`.
    """

    path: str
    origin: Call | None


class Caller(NamedTuple):
    """A call that gives a function its arguments.

    Args:
        call: The call.
        shift: The position of the argument for the function's first parameter; -1 for a bound method's.
        goes_over: Whether the function is given each item of an argument, as `map` does.
        packed: What it is given by place, where that is not the call's own arguments: `args=(…)` of a thread.
    """

    call: Call
    shift: int
    goes_over: bool = False
    packed: tuple[Expression, ...] | None = None

    def given(self, index: int, name: str) -> Expression | None:
        """What the function is given for a parameter, by its position and name; None if that is not known."""
        call = self.call
        arguments = call.arguments
        if self.packed is not None:
            arguments = self.packed
        elif name in call.keywords and not self.goes_over:
            return call.keywords[name]
        position = index + self.shift
        if not 0 <= position < len(arguments) or any(each.kind == "star" for each in arguments[: position + 1]):
            return None
        argument = arguments[position]
        return _item_of(argument) if self.goes_over else argument


@cache
def _item_of(argument: Expression) -> Expression:
    """The same one each time: what it may hold is kept by its identity."""
    return Expression("item", "", (argument,), None, argument.line, argument.column)
