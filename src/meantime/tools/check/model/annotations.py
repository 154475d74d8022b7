"""What an annotation says that a name or a result is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.model.canonical import canonical
from meantime.tools.check.model.value import Value

if TYPE_CHECKING:
    from meantime.tools.check.model.expressions import Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.values import Values

_ANNOTATED = frozenset({"typing.Annotated", "typing_extensions.Annotated"})
_SEEN_THROUGH = _ANNOTATED | {"typing.Optional", "typing.Union", "typing.Final", "typing.ClassVar"}
_YIELDING = frozenset(
    f"{module}.{name}"
    for module in ("typing", "collections.abc")
    for name in ("Iterator", "Generator", "Iterable", "AsyncIterator", "AsyncGenerator", "AsyncIterable")
)
_SAYS_NOTHING = ("builtins.", "typing.", "typing_extensions.", "collections.abc.")


def annotated(  # noqa: PLR0911  # one a kind
    values: Values, annotation: Expression, scope: Function, *, yields: bool = False
) -> list[Value]:
    """What something with this annotation may hold.

    Args:
        values: What expressions may hold.
        annotation: The annotation.
        scope: Where it stands.
        yields: Whether it is that of a generator, and what it yields is asked.
    """
    if annotation.kind == "item":
        held = {each.path for each in values.values(annotation.parts[0], scope)}
        inner = annotation.parts[1]
        parts = inner.parts if inner.kind == "list" else (inner,)
        if yields and held & _YIELDING:
            return annotated(values, parts[0], scope) if parts else []
        if not held & _SEEN_THROUGH:
            return []
        return [each for part in parts[: 1 if held & _ANNOTATED else None] for each in annotated(values, part, scope)]
    if yields:
        return []
    if annotation.kind == "other" and annotation.name == "BitOr":
        return [each for part in annotation.parts for each in annotated(values, part, scope)]
    if annotation.kind not in {"name", "attribute"}:
        return []
    return [
        Value(canonical(f"{each.path}()"), None)
        for each in values.values(annotation, scope)
        if not each.path.startswith(_SAYS_NOTHING) and "#" not in each.path and not each.path.endswith("()")
    ]
