"""What is kept of a file: its functions, classes, names and where they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from meantime.tools.check.model.expressions import Call, Expression

MODULE = "<module>"
"""The name of the function that is a module's body."""
MAIN = "<main>"
"""The name of what stands under `if __name__ == "__main__":`; it does not run on Lambda."""


class Loop:
    """A loop or comprehension in a function.

    Args:
        kind: What it is.
        over: What it goes over; None for `while`.
        line: Where it stands.
        column: From 0.
    """

    __slots__ = ("column", "kind", "line", "over")

    def __init__(
        self, kind: Literal["for", "while", "comprehension"], over: Expression | None, line: int, column: int
    ) -> None:
        self.kind: Literal["for", "while", "comprehension"] = kind
        self.over = over
        self.line = line
        self.column = column


class Parameter:
    """A parameter: its name, its annotation and its default, where it has them."""

    __slots__ = ("annotation", "default", "kind", "name")

    def __init__(
        self,
        name: str,
        kind: Literal["positional", "keyword", "*", "**"],
        annotation: Expression | None,
        default: Expression | None,
    ) -> None:
        self.name = name
        self.kind: Literal["positional", "keyword", "*", "**"] = kind
        self.annotation = annotation
        self.default = default


_NONE: dict[str, Expression] = {}
_NOTHING: dict[str, tuple[Expression, ...]] = {}


class Function:
    """A function, a method, a lambda, or the body of a module.

    Args:
        module: The dotted name of its module.
        name: `lambda_handler`; `<lambda>`; `<module>`.
        qualified: `app.Service.load`, `app.main.inner`; `app.<module>`; `app.main.<lambda 12:8>`.
        file: The file, as findings name it.
        line: Of its `def`.
        column: From 0.
    """

    __slots__ = (
        "annotated",
        "assigned",
        "calls",
        "changes",
        "class_name",
        "column",
        "decorators",
        "end_line",
        "entered",
        "file",
        "globals",
        "is_async",
        "is_generator",
        "line",
        "module",
        "name",
        "name_column",
        "parameters",
        "parent",
        "qualified",
        "raises",
        "returned",
        "returns",
    )

    def __init__(self, module: str, name: str, qualified: str, file: str, line: int, column: int) -> None:  # noqa: PLR0917  # made by the thousand
        self.module = module
        self.name = name
        self.qualified = qualified
        self.file = file
        self.line = line
        self.column = column
        self.name_column = column
        self.end_line = line
        self.class_name = ""  # the qualified name of the class it is a method of
        self.parent = ""  # the qualified name of the function it is defined in
        self.is_async = False
        self.is_generator = False
        self.raises = False  # whether a `raise` stands in it
        self.parameters: tuple[Parameter, ...] = ()
        self.decorators: tuple[Expression, ...] = ()
        self.calls: tuple[Call, ...] = ()  # in the order of the source
        self.assigned: dict[str, tuple[Expression, ...]] = (
            _NOTHING  # what each local name is given; in a module, each global
        )
        self.annotated: dict[str, Expression] = _NONE
        self.returns: tuple[Expression, ...] = ()
        self.returned: Expression | None = None  # the annotation of what it returns
        self.globals: frozenset[str] = frozenset()  # declared `global` or `nonlocal`
        self.changes: tuple[Change, ...] = ()
        self.entered: tuple[Expression, ...] = ()  # by `with`, wherever in it

    @property
    def is_module(self) -> bool:
        """Whether it is the body of a module."""
        return self.name == MODULE

    @property
    def spoken(self) -> str:
        """What messages call it: `load`, `Service.load`, a lambda."""
        of_class = self.class_name.rpartition(".")[2]
        return _SPOKEN.get(self.name) or (f"`{of_class}.{self.name}`" if of_class else f"`{self.name}`")


_SPOKEN = {MODULE: "the module", MAIN: "the script", "<lambda>": "a lambda"}


class Change:
    """What a function changes in place: `count += 1`, `self.total += x`, `seen[key] = x`.

    Args:
        target: A name, attribute or item.
        operator: `=` or the augmented one: `+=`.
        reads: Whether the new value is made of the old: `x = x + 1`, `x += 1`.
        guards: What the `with` blocks around it enter.
        line: From 1.
        column: From 0.
    """

    __slots__ = ("column", "end_column", "end_line", "guards", "line", "operator", "reads", "target")

    def __init__(self, target: Expression, operator: str, *, reads: bool, guards: tuple[Expression, ...]) -> None:
        self.target = target
        self.operator = operator
        self.reads = reads
        self.guards = guards
        self.line = target.line
        self.column = target.column
        self.end_line = target.line
        self.end_column = target.column


class Class:
    """A class: its bases, its methods, and what its attributes are given."""

    __slots__ = ("annotated", "attributes", "bases", "decorators", "file", "line", "methods", "name", "qualified")

    def __init__(self, name: str, qualified: str, file: str, line: int) -> None:
        self.name = name
        self.qualified = qualified
        self.file = file
        self.line = line
        self.bases: tuple[Expression, ...] = ()
        self.decorators: tuple[Expression, ...] = ()
        self.methods: dict[str, str] = {}  # name → qualified name of the function
        self.attributes: dict[str, tuple[tuple[str, Expression], ...]] = {}  # name → (function it is given in, value)
        self.annotated: dict[str, Expression] = {}


class Module:
    """One file, read.

    Args:
        name: Its dotted name, from the folder it is imported from.
        file: The file, as findings name it.
    """

    __slots__ = (
        "classes",
        "digest",
        "file",
        "functions",
        "imported",
        "imports",
        "lines",
        "name",
        "stars",
    )

    def __init__(self, name: str, file: str) -> None:
        self.name = name
        self.file = file
        self.digest = b""
        self.lines = 0
        self.imports: dict[str, str] = {}  # local name → dotted name; function-level imports, too
        self.imported: set[str] = set()  # every dotted name it imports
        self.stars: tuple[
            str, ...
        ] = ()  # modules whose names are all imported; one of the file's own package begins with a dot
        self.functions: dict[str, Function] = {}  # by qualified name; the module's body among them
        self.classes: dict[str, Class] = {}  # by qualified name
