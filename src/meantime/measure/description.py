"""What a call is, as far as it is known when it begins."""

from __future__ import annotations


class Description:
    """What a call is, as far as it is known when it begins.

    Args:
        name: What was called: `dynamodb Query`, `GET /orders`.
        kind: `aws`, `http`, `sql`, `redis`, `socket`, `sleep`, `lock`, `pool`, `file`, `process` or `item`.
        library: What made it.
        target: What it talks to.
        parameters: Names of what it is given, never values.
        timeout_s: The longest it waits for one answer.
        has_timeout: Whether it has such a limit; None where unknown.
        waits_for: The kind of wait a task is in while this call of its is suspended, if nothing within it says more.
    """

    __slots__ = ("has_timeout", "kind", "library", "name", "parameters", "target", "timeout_s", "waits_for")

    def __init__(  # noqa: PLR0917  # what nearly every call has
        self,
        name: str,
        kind: str,
        library: str = "",
        target: str = "",
        parameters: tuple[str, ...] = (),
        timeout_s: float | None = None,
        *,
        has_timeout: bool | None = None,
        waits_for: str = "",
    ) -> None:
        self.name = name
        self.kind = kind
        self.library = library
        self.target = target
        self.parameters = parameters
        self.timeout_s = timeout_s
        self.has_timeout = True if timeout_s is not None and has_timeout is None else has_timeout
        self.waits_for = waits_for or _WAITS_FOR.get(kind, "receive")


_WAITS_FOR = {"sleep": "sleep", "lock": "lock", "pool": "pool", "file": "file", "process": "process", "item": "other"}
