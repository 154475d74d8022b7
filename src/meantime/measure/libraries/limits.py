"""Meantime's limiters, retries and leftovers: who waited for a permit, how often a call was tried, what was left."""

from __future__ import annotations

import time
from functools import wraps
from math import isfinite

from meantime.measure.boundaries import Description, boundary, boundary_async, current_call, observe
from meantime.measure.libraries import wrap
from meantime.measure.libraries.sums import add

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from meantime.measure.patching import Patches


def record(module: ModuleType, patches: Patches) -> None:
    """Note them."""
    name = module.__name__.rpartition(".")[2]
    if name == "permits":
        wrap(patches, module.Permits, "wait", lambda function: boundary(_counting(function), _describe))
        wrap(
            patches, module.Permits, "wait_async", lambda function: boundary_async(_counting_async(function), _describe)
        )
    elif name == "retried_call":
        wrap(patches, module.RetriedCall, "begins", _counting_attempts)
    else:
        wrap(patches, module, "take_stock", _noting_leftovers)


def _describe(args: tuple[Any, ...], _: dict[str, Any]) -> Description:
    name = args[0].name
    return Description(f"limiter {name}", "lock", "meantime", name)


def _count(permits: Any, began: float) -> None:
    fixed = {"max_concurrency": float(permits.limit)} if isfinite(permits.limit) else {}
    waited = (time.monotonic() - began) * 1e3
    add("limiter", permits.name, permits, fixed=fixed, most={"longest_ms": waited}, count=1, waiting_ms=waited)


def _counting(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def wait(permits: Any, *args: Any, **keywords: Any) -> Any:
        began = time.monotonic()
        try:
            return function(permits, *args, **keywords)
        finally:
            _count(permits, began)

    return wait


def _counting_async(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    async def wait_async(permits: Any, *args: Any, **keywords: Any) -> Any:
        began = time.monotonic()
        try:
            return await function(permits, *args, **keywords)
        finally:
            _count(permits, began)

    return wait_async


def _counting_attempts(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def begins(retried: Any) -> Any:
        begun = function(retried)
        call = current_call()
        if begun and call is not None and call.description.kind == "item":
            call.attempts = max(call.attempts, retried.attempt)
        return begun

    return begins


def _noting_leftovers(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def take_stock(left: Any, *args: Any, **keywords: Any) -> Any:
        for each in left:
            where = f", started at {each.place}" if each.place else ""
            observe("leftover", f"{each.kind} {each.name}{where}".strip(), numbers={"count": 1.0})  # no arguments
        return function(left, *args, **keywords)

    return take_stock
