"""Which calls are given a function to run elsewhere or for each item: threads, tasks, processes, callbacks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from meantime.tools.check.model.expressions import Call, Expression

Where = Literal["thread", "process", "task", "loop", "callback"]
"""On a thread, in a process, as a task of the loop, as a callback of the loop, or right here."""


class HandOff(NamedTuple):
    """That a call is given functions to run.

    Args:
        where: Where they run.
        functions: What is given: functions, or coroutines.
        shift: The position of the argument that becomes the function's first; -1 if it gets none of the call's.
        per_item: Whether each is run for every item of what else is given.
        packed: The tuple of what the function is given, where it is given so: `args=(…)` of a thread.
        awaits: Whether a coroutine function is awaited instead, on the loop.
    """

    where: Where
    functions: tuple[Expression, ...]
    shift: int = -1
    per_item: bool = False
    packed: Expression | None = None
    awaits: bool = False


class _Form(NamedTuple):
    where: Where
    position: int | None  # None: every argument is one
    keyword: str
    shift: int | None  # from the function's own position; None: it gets nothing of it
    per_item: bool = False
    packed: int | None = None  # where `args` stands
    awaits: bool = False


_FORMS: dict[str, _Form] = {
    "asyncio.to_thread": _Form("thread", 0, "func", 1),
    "anyio.to_thread.run_sync": _Form("thread", 0, "func", 1),
    "starlette.concurrency.run_in_threadpool": _Form("thread", 0, "func", 1),
    "fastapi.BackgroundTasks().add_task": _Form("thread", 0, "func", 1, awaits=True),
    "starlette.background.BackgroundTasks().add_task": _Form("thread", 0, "func", 1, awaits=True),
    "starlette.background.BackgroundTask": _Form("thread", 0, "func", 1, awaits=True),
    "asgiref.sync.sync_to_async": _Form("thread", 0, "func", None),
    "meantime.in_thread": _Form("thread", 0, "function", None),
    "concurrent.futures.ThreadPoolExecutor().submit": _Form("thread", 0, "fn", 1),
    "concurrent.futures.ThreadPoolExecutor().map": _Form("thread", 0, "fn", 1, per_item=True),
    "concurrent.futures.ProcessPoolExecutor().submit": _Form("process", 0, "fn", 1),
    "concurrent.futures.ProcessPoolExecutor().map": _Form("process", 0, "fn", 1, per_item=True),
    "concurrent.futures.Executor().submit": _Form("thread", 0, "fn", 1),
    "concurrent.futures.Executor().map": _Form("thread", 0, "fn", 1, per_item=True),
    "threading.Thread": _Form("thread", 1, "target", None, packed=3),
    "threading.Timer": _Form("thread", 1, "function", None, packed=2),
    "_thread.start_new_thread": _Form("thread", 0, "function", None, packed=1),
    "multiprocessing.Process": _Form("process", 1, "target", None, packed=3),
    "asyncio.run": _Form("task", 0, "main", None),
    "asyncio.Runner().run": _Form("task", 0, "coro", None),
    "anyio.run": _Form("task", 0, "func", 1),
    "trio.run": _Form("task", 0, "async_fn", 1),
    "asyncio.create_task": _Form("task", 0, "coro", None),
    "asyncio.ensure_future": _Form("task", 0, "coro_or_future", None),
    "asyncio.TaskGroup().create_task": _Form("task", 0, "coro", None),
    "anyio.create_task_group().start_soon": _Form("task", 0, "func", 1),
    "anyio.create_task_group().start": _Form("task", 0, "func", 1),
    "trio.open_nursery().start_soon": _Form("task", 0, "async_fn", 1),
    "trio.to_thread.run_sync": _Form("thread", 0, "sync_fn", 1),
    "asyncio.wait_for": _Form("task", 0, "fut", None),
    "asyncio.shield": _Form("task", 0, "arg", None),
    "asyncio.gather": _Form("task", None, "", None),
    "asyncio.run_coroutine_threadsafe": _Form("task", 0, "coro", None),
    "asgiref.sync.async_to_sync": _Form("task", 0, "awaitable", None),
    "meantime.tasks.gather": _Form("task", None, "", None),
    "meantime.threads.gather": _Form("thread", None, "", None),
    "meantime.processes.gather": _Form("process", None, "", None),
    "meantime.sequential.gather": _Form("callback", None, "", None),
    "builtins.map": _Form("callback", 0, "", 1, per_item=True),
    "builtins.filter": _Form("callback", 0, "", 1, per_item=True),
    "functools.reduce": _Form("callback", 0, "", None, per_item=True),
    "itertools.starmap": _Form("callback", 0, "", None, per_item=True),
    "aws_lambda_powertools.utilities.batch.process_partial_response": _Form(
        "callback", 1, "record_handler", None, per_item=True
    ),
    "aws_lambda_powertools.utilities.batch.async_process_partial_response": _Form(
        "task", 1, "record_handler", None, per_item=True
    ),
    "aws_lambda_powertools.utilities.batch.batch_processor": _Form(
        "callback", 0, "record_handler", None, per_item=True
    ),
    "aws_lambda_powertools.utilities.batch.async_batch_processor": _Form(
        "task", 0, "record_handler", None, per_item=True
    ),
}
for _verb in ("map", "settle", "as_completed"):
    _FORMS[f"meantime.tasks.{_verb}"] = _Form("task", 0, "function", 1, per_item=True)
    _FORMS[f"meantime.threads.{_verb}"] = _Form("thread", 0, "function", 1, per_item=True)
    _FORMS[f"meantime.processes.{_verb}"] = _Form("process", 0, "function", 1, per_item=True)
    _FORMS[f"meantime.sequential.{_verb}"] = _Form("callback", 0, "function", 1, per_item=True)
for _pool, _where in (
    ("multiprocessing.Pool()", "process"),
    ("multiprocessing.pool.ThreadPool()", "thread"),
    ("multiprocessing.dummy.Pool()", "thread"),
):
    for _verb in ("map", "map_async", "imap", "imap_unordered", "starmap", "starmap_async"):
        _FORMS[f"{_pool}.{_verb}"] = _Form(_where, 0, "func", 1, per_item=True)  # type: ignore[arg-type]  # one of the two
    for _verb in ("apply", "apply_async"):
        _FORMS[f"{_pool}.{_verb}"] = _Form(_where, 0, "func", None, packed=1)  # type: ignore[arg-type]  # likewise

_LOOP = re.compile(
    r"asyncio\.(?:get_event_loop|get_running_loop|new_event_loop|AbstractEventLoop|BaseEventLoop|"
    r"Runner\(\)\.get_loop|get_event_loop_policy\(\)\.(?:get|new)_event_loop)\(\)\.(\w+)$"
    r"|uvloop\.new_event_loop\(\)\.(\w+)$"
)
_ON_A_LOOP: dict[str, _Form] = {
    "run_in_executor": _Form("thread", 1, "func", 1),
    "run_until_complete": _Form("task", 0, "future", None),
    "create_task": _Form("task", 0, "coro", None),
    "call_soon": _Form("loop", 0, "callback", 1),
    "call_soon_threadsafe": _Form("loop", 0, "callback", 1),
    "call_later": _Form("loop", 1, "callback", 1),
    "call_at": _Form("loop", 1, "callback", 1),
    "add_signal_handler": _Form("loop", 1, "callback", 1),
}


def loop_method(path: str) -> str:
    """The name of the method of an event loop that a path is; empty if it is none."""
    found = _LOOP.match(path)
    return (found[1] or found[2] or "") if found else ""


def hand_off(path: str, call: Call) -> HandOff | None:
    """What a call of this path is given to run; None if it runs nothing that it is given."""
    form = _FORMS.get(path)
    if form is None:
        form = _ON_A_LOOP.get(loop_method(path))
        if form is None:
            return None
    if form.position is None:
        return HandOff(form.where, call.arguments)
    given = call.keywords.get(form.keyword)
    if given is None:
        if len(call.arguments) <= form.position or call.arguments[form.position].kind == "star":
            return None
        given = call.arguments[form.position]
    shift = -1 if form.shift is None else form.position + form.shift
    return HandOff(form.where, (given,), shift, form.per_item, _packed(form, call), form.awaits)


def _packed(form: _Form, call: Call) -> Expression | None:
    """The tuple display that the function gets its arguments from."""
    if form.packed is None:
        return None
    given = call.keywords.get("args") or (call.arguments[form.packed] if len(call.arguments) > form.packed else None)
    return given if given is not None and given.kind == "list" else None
