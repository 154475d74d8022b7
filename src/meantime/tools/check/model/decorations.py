"""What decorators make of a function: whether a call of it still runs it, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.model.expressions import Call
from meantime.tools.check.model.hand_offs import hand_off

if TYPE_CHECKING:
    from meantime.tools.check.model.expressions import Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.values import Values

_TO_THREADS = frozenset({"asgiref.sync.sync_to_async", "meantime.in_thread"})
_PLAIN = (
    "builtins.",
    "functools.",
    "contextlib.",
    "abc.",
    "typing.",
    "typing_extensions.",
    "tenacity.",
    "backoff.",
    "stamina.",
    "retry.",
    "retrying.",
    "aws_xray_sdk.",
    "aws_lambda_powertools.",
    "opentelemetry.",
    "ddtrace.",
    "sentry_sdk.",
    "fastapi.",
    "starlette.",
    "flask.",
    "cachetools.",
    "meantime.retry",
    "meantime.handler",
    "meantime.warm",
    "meantime.batch.",
    "pydantic.",
    "numpy.",
    "pytest.",
    "unittest.",
    "mock.",
    "moto.",
)


class Decorations:
    """Answers it.

    Args:
        values: What expressions may hold.
    """

    def __init__(self, values: Values) -> None:
        self.values = values
        self._plain: dict[str, bool] = {}
        self._threaded: dict[str, bool] = {}

    def are_plain(self, function: Function) -> bool:
        """Whether a call of the function runs it right there: no decorator is before it whose doing is not known."""
        known = self._plain.get(function.qualified)
        if known is None:
            paths = self.values.decorator_paths(function)
            known = self._plain[function.qualified] = not function.decorators or (
                bool(paths) and all(path.startswith(_PLAIN) or "()" in path for path in paths)
            )
        return known

    def make_threaded(self, function: Function) -> bool:
        """Whether a call of the function runs it on a thread."""
        known = self._threaded.get(function.qualified)
        if known is None:
            decorators = self.values.decorator_paths(function) if function.decorators else frozenset()
            known = self._threaded[function.qualified] = not decorators.isdisjoint(_TO_THREADS) or any(
                self._hands_to_threads(self.values.functions[each])
                for each in decorators
                if each in self.values.functions
            )
        return known

    def _hands_to_threads(self, decorator: Function) -> bool:
        """Whether an own decorator makes a function run on threads: what is defined in it hands a parameter to them."""
        given = {each.name for each in decorator.parameters}
        within = f"{decorator.qualified}."
        for inner in self.values.modules[decorator.file].functions.values():
            if inner is not decorator and not inner.qualified.startswith(within):
                continue
            given |= {each.name for each in inner.parameters}
            for call in inner.calls:
                for value in self.values.values(call.function, inner):
                    handed = hand_off(value.path, call)
                    if (
                        handed is not None
                        and handed.where == "thread"
                        and any(_names(each) & given for each in handed.functions)
                    ):
                        return True
        return False


def is_partial(argument: Expression) -> bool:
    """Whether an argument is a `partial`, by its name."""
    return isinstance(argument, Call) and argument.function.name in {"partial", "partialmethod"}


def _names(handed: Expression) -> set[str]:
    """The name that is handed over, by itself or in a `partial`."""
    if isinstance(handed, Call):
        return {each.name for each in handed.arguments[:1]} if is_partial(handed) else set()
    return {handed.name} if handed.kind == "name" else set()
