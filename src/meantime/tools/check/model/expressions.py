"""What is kept of a function's expressions: enough to say what they may be, small enough for thousands of files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from meantime.tools.check.model.functions import Function, Loop

Kind: TypeAlias = Literal[
    "name",  # .name
    "attribute",  # .parts[0] . name
    "call",  # a Call
    "constant",  # .value
    "list",  # .parts: the elements of a list, tuple or set display
    "dict",  # .keys beside .parts: the display's values; a key that is no constant is None
    "comprehension",  # .parts: (element, what it goes over); .name: list, set, dict or generator
    "star",  # .parts[0], unpacked
    "await",  # .parts[0]
    "item",  # of .parts[0]: a subscript with .value if constant, or what a loop over it binds
    "slice",  # of .parts[0]; .value: where it ends, if that is a constant
    "either",  # one of .parts: `a or b`, `a if c else b`
    "text",  # an f-string, .parts: what stands in it
    "lambda",  # .name: the function's qualified name
    "function",  # .name: the qualified name of a function or class defined here, as the value of its name
    "imported",  # .name: the dotted name that an import binds; .value: "own" if it is relative to the file's package
    "held",  # .parts[0], put into the list or dict whose name is given this: `clients["s3"] = …`; .value: its key
    "elsewhere",  # .parts[0], given by the function .name to a name that is not its own: `global x`
    "grown",  # .parts[0], added to what the name was: `count += 1`
    "other",  # made of .parts, in a way that is not followed
]


class Expression:
    """One expression.

    Args:
        kind: What it is.
        name: A name, where the kind has one.
        parts: What it is made of.
        value: A constant's value.
        line: From 1. Of names, attributes and constants that of the first place in the function, or the file: what
            stands in many places is kept once. Each call has its own.
        column: From 0, in characters.
    """

    __slots__ = ("column", "kind", "line", "name", "parts", "value")

    def __init__(  # noqa: PLR0917  # made some hundred thousand times
        self,
        kind: Kind,
        name: str = "",
        parts: tuple[Expression, ...] = (),
        value: object = None,
        line: int = 0,
        column: int = 0,
    ) -> None:
        self.kind: Kind = kind
        self.name = name
        self.parts = parts
        self.value = value
        self.line = line
        self.column = column


_NONE: dict[str, Expression] = {}  # what most calls are given by name


class Call(Expression):
    """One call: what the rules look at.

    Args:
        function: What is called.
        arguments: What it is given by place; `*x` is a `star`.
        keywords: What it is given by name; `**x` stands under `**`.
        within: The function it stands in; the body of a module is one.
        loops: The loops and comprehensions around it within that function, outermost first.
        guards: What the `with` blocks around it enter, outermost first.
        use: What becomes of its value.
        bound: The names that its value is assigned to.
        is_tried: Whether it stands in a `try` block that has an `except`.
        in_handler_of: `except` if it stands in an `except` block, `finally` likewise.
        end_line: The line of its end.
        end_column: The column after its end, from 0.
    """

    __slots__ = (
        "arguments",
        "bound",
        "end_column",
        "end_line",
        "function",
        "guards",
        "in_handler_of",
        "is_tried",
        "keywords",
        "loops",
        "use",
        "within",
    )

    def __init__(self, function: Expression, line: int, column: int) -> None:
        super().__init__("call", line=line, column=column)
        self.function = function
        self.arguments: tuple[Expression, ...] = ()
        self.keywords: dict[str, Expression] = _NONE
        self.within: Function
        self.loops: tuple[Loop, ...] = ()
        self.guards: tuple[Expression, ...] = ()
        self.use: Use = "other"
        self.bound: tuple[str, ...] = ()
        self.is_tried = False
        self.in_handler_of: Literal["", "except", "finally"] = ""
        self.end_line = line
        self.end_column = column


Use = Literal[
    "discarded",  # a statement of its own
    "awaited",
    "assigned",
    "returned",  # or yielded
    "entered",  # by `with`
    "argument",  # of another call
    "iterated",  # by `for`
    "receiver",  # of an attribute: `x().y`
    "element",  # of a list, a comprehension
    "other",
]
