"""Lets X-Ray's current segment go where context variables go: to threads, to tasks, and to each of them by itself.

aws-xray-sdk keeps it with the thread, where tasks that run side by side take each other's subsegments for parents
(https://github.com/aws/aws-xray-sdk-python/issues/310) and other threads find none (issues 342, 446). Its AsyncContext
keeps it with the task, does not know Lambda's segment (203, 349), and in a thread takes that of whichever task runs.
"""

from __future__ import annotations

from contextvars import ContextVar
from sys import modules
from threading import local

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, SupportsIndex

SDK = "aws_xray_sdk.core"


def let_travel() -> None:
    """From here on X-Ray's segment is a context variable; where X-Ray is not loaded, nothing happens.

    A context of somebody's own making, which does not keep its state as the SDK's two do, is left alone.
    """
    context = getattr(getattr(modules.get(SDK), "xray_recorder", None), "context", None)
    kept = getattr(context, "_local", None)
    if type(kept) is not _Travelling and _is_the_sdks(kept):
        context._local = _Travelling(kept)  # type: ignore[union-attr]  # noqa: SLF001  # the SDK has no other way in


def _is_the_sdks(kept: object) -> bool:
    return type(kept) is local or type(kept).__module__ == "aws_xray_sdk.core.async_context"


class _Travelling:
    """What the SDK keeps for each thread or task, as one context variable."""

    __slots__ = ("_state",)

    _state: ContextVar[dict[str, Any]]

    def __init__(self, kept: object) -> None:
        object.__setattr__(self, "_state", ContextVar("meantime.segments"))
        for name in ("segment", "entities"):  # of the thread, or the task, that asks
            if (value := getattr(kept, name, None)) is not None:
                setattr(self, name, value)

    def __getattr__(self, name: str) -> Any:
        try:
            return self._state.get({})[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "entities":
            value = _Entities(self, value)
        self._state.set({**self._state.get({}), name: value})

    def clear(self) -> None:
        """Forget it all, as AsyncContext asks for."""
        self._state.set({})

    @property
    def __dict__(self) -> _Travelling:  # type: ignore[override]  # for `__dict__.clear()`, as Context asks for
        return self


class _Entities(list):  # type: ignore[type-arg]  # not worth an import
    """The open segment and subsegments: a change makes a new list, and so reaches no other thread or task."""

    __slots__ = ("_kept",)

    def __init__(self, kept: _Travelling, entities: Iterable[Any]) -> None:
        super().__init__(entities)
        self._kept = kept

    def append(self, entity: Any) -> None:
        self._kept.entities = [*self, entity]

    def pop(self, index: SupportsIndex = -1) -> Any:
        rest = list(self)
        entity = rest.pop(index)
        self._kept.entities = rest
        return entity
