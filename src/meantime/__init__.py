"""Meantime: the concurrency toolkit for Python on AWS Lambda.

Importing this package loads nothing else: each public name is loaded when it is first used (PEP 562), so that a
function pays for what it uses and for no more.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from meantime import asgi, batch, clients, measure, testing
    from meantime.asgi.adapter import ASGIAdapter
    from meantime.deadline import Deadline, current_deadline
    from meantime.environment import Environment, current_environment
    from meantime.errors import (
        ASGIProtocolError,
        BatchFailed,
        CallCancelled,
        CallTimeout,
        ChildDied,
        DeadlineExceeded,
        HeldBack,
        InvocationCancelled,
        InvocationEnded,
        Leftover,
        LifespanFailed,
        LoopRunning,
        MalformedBody,
        MeantimeError,
        NotFinished,
        NotPicklable,
        ResponseFailed,
        SettleFailed,
        StreamBroken,
        StreamingUnavailable,
        Waiting,
        WorkLeftOver,
        WrongEvent,
    )
    from meantime.executors import processes, sequential, tasks, threads
    from meantime.executors.in_threads import in_thread
    from meantime.invocation import handler
    from meantime.limiter import Limiter
    from meantime.outcomes import Completion, CompletionReason, Outcome, Outcomes, Status
    from meantime.resources import warm
    from meantime.retry import Retry, RetryBudget

__version__ = "0.1.0"

__all__ = [
    "ASGIAdapter",
    "ASGIProtocolError",
    "BatchFailed",
    "CallCancelled",
    "CallTimeout",
    "ChildDied",
    "Completion",
    "CompletionReason",
    "Deadline",
    "DeadlineExceeded",
    "Environment",
    "HeldBack",
    "InvocationCancelled",
    "InvocationEnded",
    "Leftover",
    "LifespanFailed",
    "Limiter",
    "LoopRunning",
    "MalformedBody",
    "MeantimeError",
    "NotFinished",
    "NotPicklable",
    "Outcome",
    "Outcomes",
    "ResponseFailed",
    "Retry",
    "RetryBudget",
    "SettleFailed",
    "Status",
    "StreamBroken",
    "StreamingUnavailable",
    "Waiting",
    "WorkLeftOver",
    "WrongEvent",
    "asgi",
    "batch",
    "clients",
    "current_deadline",
    "current_environment",
    "handler",
    "in_thread",
    "measure",
    "processes",
    "sequential",
    "tasks",
    "testing",
    "threads",
    "warm",
]

# Where each public name lives; None: the name is the module itself.
_HOMES = {
    "ASGIAdapter": ("meantime.asgi.adapter", "ASGIAdapter"),
    "ASGIProtocolError": ("meantime.errors", "ASGIProtocolError"),
    "BatchFailed": ("meantime.errors", "BatchFailed"),
    "CallCancelled": ("meantime.errors", "CallCancelled"),
    "CallTimeout": ("meantime.errors", "CallTimeout"),
    "ChildDied": ("meantime.errors", "ChildDied"),
    "Completion": ("meantime.outcomes", "Completion"),
    "CompletionReason": ("meantime.outcomes", "CompletionReason"),
    "Deadline": ("meantime.deadline", "Deadline"),
    "DeadlineExceeded": ("meantime.errors", "DeadlineExceeded"),
    "Environment": ("meantime.environment", "Environment"),
    "HeldBack": ("meantime.errors", "HeldBack"),
    "InvocationCancelled": ("meantime.errors", "InvocationCancelled"),
    "InvocationEnded": ("meantime.errors", "InvocationEnded"),
    "Leftover": ("meantime.errors", "Leftover"),
    "LifespanFailed": ("meantime.errors", "LifespanFailed"),
    "Limiter": ("meantime.limiter", "Limiter"),
    "LoopRunning": ("meantime.errors", "LoopRunning"),
    "MalformedBody": ("meantime.errors", "MalformedBody"),
    "MeantimeError": ("meantime.errors", "MeantimeError"),
    "NotFinished": ("meantime.errors", "NotFinished"),
    "NotPicklable": ("meantime.errors", "NotPicklable"),
    "Outcome": ("meantime.outcomes", "Outcome"),
    "Outcomes": ("meantime.outcomes", "Outcomes"),
    "ResponseFailed": ("meantime.errors", "ResponseFailed"),
    "Retry": ("meantime.retry", "Retry"),
    "RetryBudget": ("meantime.retry", "RetryBudget"),
    "SettleFailed": ("meantime.errors", "SettleFailed"),
    "Status": ("meantime.outcomes", "Status"),
    "StreamBroken": ("meantime.errors", "StreamBroken"),
    "StreamingUnavailable": ("meantime.errors", "StreamingUnavailable"),
    "Waiting": ("meantime.errors", "Waiting"),
    "WorkLeftOver": ("meantime.errors", "WorkLeftOver"),
    "WrongEvent": ("meantime.errors", "WrongEvent"),
    "asgi": ("meantime.asgi", None),
    "batch": ("meantime.batch", None),
    "clients": ("meantime.clients", None),
    "current_deadline": ("meantime.deadline", "current_deadline"),
    "current_environment": ("meantime.environment", "current_environment"),
    "handler": ("meantime.invocation", "handler"),
    "in_thread": ("meantime.executors.in_threads", "in_thread"),
    "measure": ("meantime.measure", None),
    "processes": ("meantime.executors.processes", None),
    "sequential": ("meantime.executors.sequential", None),
    "tasks": ("meantime.executors.tasks", None),
    "testing": ("meantime.testing", None),
    "threads": ("meantime.executors.threads", None),
    "warm": ("meantime.resources", "warm"),
}


def __getattr__(name: str) -> object:
    try:
        module_name, attribute = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module 'meantime' has no attribute {name!r}") from None
    from importlib import import_module  # noqa: PLC0415  # an import of meantime alone must not pay for it

    value: object = import_module(module_name)
    if attribute is not None:
        value = getattr(value, attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
