"""The functions that a `serverless.yml` describes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from meantime.tools.check.handlers.code_folders import folder
from meantime.tools.check.handlers.handler import Configuration, EventSource
from meantime.tools.check.handlers.includes import included
from meantime.tools.check.handlers.intrinsics import Literals
from meantime.tools.check.handlers.nodes import number
from meantime.tools.check.handlers.queues import source_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from meantime.tools.check.handlers.handler import SourceKind
    from meantime.tools.check.handlers.nodes import Node

DEFAULT_TIMEOUT = 6.0
"""Seconds that a function of the Serverless Framework has where its file says nothing."""

DEFAULT_MEMORY_MB = 1024
"""Its memory then."""

_OWN = re.compile(r"\$\{self:([\w.-]+)(?:,\s*'?([^}']*)'?)?\}")
_KINDS: dict[str, SourceKind] = {
    "sqs": "sqs",
    "stream": "kinesis",  # unless it says otherwise
    "kafka": "kafka",
    "msk": "kafka",
    "http": "http",
    "httpApi": "http",
    "alb": "http",
    "sns": "sns",
    "s3": "s3",
    "schedule": "schedule",
    "eventBridge": "events",
    "cloudwatchEvent": "events",
}
_MAPPINGS = frozenset({"sqs", "stream", "kafka", "msk"})


def functions_of_service(root: Node, read: Callable[[str], Node | None]) -> Iterator[Configuration]:
    """Each function of a service on AWS, with its events.

    Args:
        root: The service.
        read: Gives the root of another file, named as findings name it; None: it is not there, or cannot be read.
    """
    provider = root.get("provider")
    name = provider.text or (provider.get("name") or provider).text if provider is not None else None
    if provider is None or name != "aws":
        return
    functions = included(root.get("functions"), root.file, read)
    parts = [functions, *functions.elements()] if functions is not None else []
    for part in parts:
        entries = included(part, root.file, read)
        for function, described in entries.entries() if entries is not None else ():
            details = included(described, root.file, read)
            if details is not None and details.get("handler") is not None:
                yield _Service(root).configuration(function, details)


class _Service:
    """One service, with what its variables of its own (`${self:custom.timeout}`) stand for."""

    __slots__ = ("_literals", "_root")

    def __init__(self, root: Node) -> None:
        self._root = root
        resources = root.get("resources")
        self._literals = Literals(resources if resources is not None else root)

    def configuration(self, name: str, details: Node) -> Configuration:
        timeout = details.get("timeout") or self._root.get("provider", "timeout")
        memory = details.get("memorySize") or self._root.get("provider", "memorySize")
        runtime = details.get("runtime") or self._root.get("provider", "runtime")
        size = self._number(memory) if memory is not None else DEFAULT_MEMORY_MB
        reserved = self._number(details.get("reservedConcurrency"))
        events = details.get("events")
        handler = details.get("handler")
        packed = details.get("package", "artifact") or self._root.get("package", "artifact")
        return Configuration(
            name=name,
            place=details.place,
            handler=self._text(handler) or "",
            code=folder(self._root.file, self._text(details.get("module")) or ""),
            timeout=self._number(timeout) if timeout is not None else DEFAULT_TIMEOUT,
            memory_mb=int(size) if size is not None else None,
            reserved_concurrency=int(reserved) if reserved is not None else None,
            sources=tuple(
                self._source(kind, event, entry)
                for event in (events.elements() if events is not None else ())
                for kind, entry in [*event.entries(), *([(event.text, event)] if event.text else [])]
            ),
            timeout_place=timeout.place if timeout is not None else None,
            runtime=self._text(runtime) or "",
            handler_place=handler.place if handler is not None else None,
            has_code=packed is None,
        )

    def _source(self, written: str, event: Node, entry: Node) -> EventSource:
        kind = _KINDS.get(written, "other")
        if written not in _MAPPINGS:
            return EventSource(kind, event.place, written)
        arn = entry.get("arn") or entry
        source = source_of(arn, self._resources(), self._literals)
        stream = self._text(entry.get("type"))
        if written == "stream":
            kind = "dynamodb" if stream == "dynamodb" else source.kind or "kinesis"
        size, most = self._number(entry.get("batchSize")), self._number(entry.get("maximumConcurrency"))
        window = entry.get("maximumBatchingWindow") or entry.get("batchWindow")
        reports = entry.get("functionResponseType")
        return EventSource(
            kind=kind,
            place=event.place,
            name=written,
            is_fifo=source.is_fifo,
            batch_size=int(size) if size is not None else None,
            reports_batch_item_failures=False if reports is None else self._reports(reports),
            visibility_timeout=source.visibility_timeout,
            visibility_place=source.visibility_place,
            max_receive_count=source.max_receive_count,
            maximum_concurrency=int(most) if most is not None else None,
            batch_window=self._number(window),
            answer_setting="functionResponseType: ReportBatchItemFailures",
        )

    def _reports(self, node: Node) -> bool | None:
        text = self._text(node)
        return None if text is None else text == "ReportBatchItemFailures"

    def _resources(self) -> Node | None:
        return self._root.get("resources", "Resources")

    def _number(self, node: Node | None) -> float | None:
        return number(self._text(node))

    def _text(self, node: Node | None) -> str | None:
        """A text with the service's own variables in their places; None if others remain."""
        text = node.text if node is not None else None
        for _ in range(4):  # a variable may stand for a text with variables
            if text is None or "${" not in text:
                break
            text = _OWN.sub(self._variable, text)
        return None if text is None or "${" in text else text

    def _variable(self, match: re.Match[str]) -> str:
        found = self._root.get(*match[1].split("."))
        if found is None or found.text is None:
            return match[2] if match[2] is not None else "${?}"
        return found.text
