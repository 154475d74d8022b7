"""The project as rules see it: every function of every file, what its expressions may hold, and where it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable
    from pathlib import Path

    from meantime.tools.check.finding import Place, Step
    from meantime.tools.check.handlers.handler import Handler
    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Class, Function, Module


class Value(NamedTuple):
    """What an expression may hold.

    Args:
        path: Its canonical dotted path from an import, with `()` for what a call gives: `boto3.client()`,
            `boto3.resource().Table()`, `httpx.AsyncClient().get`, `app.load_user` (an own function), `app.Service()`
            (an instance of an own class), `asyncio.Lock()`. `await` adds nothing: `asyncpg.connect()` is the connection.
        origin: The call that made it, for paths with `()`: the last one. Its own receiver is `origin.function`.
    """

    path: str
    origin: Call | None


class Unknown:
    """What `constant` gives for what is no constant."""


UNKNOWN = Unknown()


class Chain(NamedTuple):
    """One way in which a function comes to run.

    Args:
        steps: The calls on the way, outermost first; empty for the one that it begins with.
        begins: The qualified name of the function that it begins with: a handler, a coroutine function, what is handed to a thread.
        is_proved: Whether every step of it is sure: no decorator in between whose doing is not known, one callee only.
        is_per_item: Whether a step of it is in a loop, or hands the function to a verb for many items.
        is_bounded: Whether such a loop or fan-out goes over a literal of known length.
        call: The call that hands it over, where it begins with one.
        handler: The handler, where it begins with one.
    """

    steps: tuple[Step, ...]
    begins: str
    is_proved: bool
    is_per_item: bool
    is_bounded: bool
    call: Call | None
    handler: Handler | None


class Runs(NamedTuple):
    """Where a function runs, with the shortest way to each; None: not seen to.

    Args:
        in_invocation: From a handler, on whichever thread or loop: it runs in each invocation.
        on_loop: On an event loop: a coroutine function, and what such a function calls directly.
        in_thread: Handed to a thread.
        in_process: Handed to another process.
        at_import: Called by a module's body.
    """

    in_invocation: Chain | None
    on_loop: Chain | None
    in_thread: Chain | None
    in_process: Chain | None
    at_import: Chain | None


class Project:
    """Everything that was read, linked.

    Args:
        root: The folder that is checked from; files are named relative to it.
        modules: What was read of each file, by the name of the file.
        handlers: The Lambda handlers found.
    """

    root: Path
    modules: dict[str, Module]
    handlers: tuple[Handler, ...]
    functions: dict[str, Function]
    classes: dict[str, Class]

    def values(self, expression: Expression, within: Function) -> tuple[Value, ...]:
        """What an expression in a function may hold: names, attributes, own functions' results and parameters followed."""
        raise NotImplementedError

    def paths(self, expression: Expression, within: Function) -> frozenset[str]:
        """The paths of what an expression may hold."""
        raise NotImplementedError

    def targets(self, call: Call) -> frozenset[str]:
        """The paths of what is called: `asyncio.run`, `boto3.client().get_object`, `app.load_user`, `app.Service.load`."""
        raise NotImplementedError

    def calls_to(self, *paths: str) -> list[Call]:
        """Every call of one of these, in the order of files and lines; a path may end in `.*`: any one name after it."""
        raise NotImplementedError

    def callees(self, call: Call) -> tuple[Function, ...]:
        """The own functions that are called; for a class its `__init__`."""
        raise NotImplementedError

    def functions_of(self, expression: Expression, within: Function) -> tuple[Function, ...]:
        """The own functions that an expression is: a name, a method, a lambda, `partial(function, …)` of one, a coroutine `function(…)`."""
        raise NotImplementedError

    def constant(self, expression: Expression, within: Function) -> object:
        """The constant that an expression is, over names and modules; `UNKNOWN` if it is none or may be several."""
        raise NotImplementedError

    def length(self, expression: Expression, within: Function) -> int | None:
        """How many items an expression has, where the source says so: a literal, `range(5)`, a name for one, a map over one."""
        raise NotImplementedError

    def comes_from_event(self, expression: Expression, within: Function) -> bool:
        """Whether it is, or is made of, what a handler was given: as long as the caller likes."""
        raise NotImplementedError

    def runs(self, function: Function) -> Runs:
        """Where a function runs."""
        raise NotImplementedError

    def handler_of(self, function: Function) -> Handler | None:
        """The handler that a function is itself."""
        raise NotImplementedError

    def place(self, of: Call | Expression, within: Function) -> Place:
        """The place of a call or an expression, for a finding."""
        raise NotImplementedError

    def tree(self, file: str) -> ast.Module:
        """A file's syntax tree, parsed anew: for what is not kept of it. Few are held at once; ask for one file at a time."""
        raise NotImplementedError

    def lines(self, file: str) -> list[str]:
        """A file's lines, without their ends."""
        raise NotImplementedError

    def imports(self, file: str) -> Iterable[str]:
        """The dotted names that a file imports."""
        raise NotImplementedError
