"""A Lambda handler and its configuration, as templates, decorators and signatures tell them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from meantime.tools.check.finding import Place

SourceKind = Literal["sqs", "kinesis", "dynamodb", "kafka", "http", "sns", "s3", "events", "schedule", "other"]


@dataclass(frozen=True, slots=True)
class EventSource:
    """What invokes a function.

    Args:
        kind: Which service.
        place: Where the template says so.
        name: Its logical name.
        is_fifo: Whether it is a FIFO queue, if that is known.
        batch_size: Records an invocation gets at most, if that is known.
        reports_batch_item_failures: Whether `ReportBatchItemFailures` is set; None: not known.
        visibility_timeout: Of the queue, seconds, if the queue's own definition is in sight.
        visibility_place: Where the queue says so, or the queue itself where it leaves it at 30 s.
        max_receive_count: Of the queue's redrive policy, if that is in sight.
        maximum_concurrency: Of the mapping, if set.
        batch_window: Seconds that the mapping gathers records for, if that is known.
        answer_setting: What its tool takes for that Lambda looks at the records that an answer names.
    """

    kind: SourceKind
    place: Place
    name: str = ""
    is_fifo: bool | None = None
    batch_size: int | None = None
    reports_batch_item_failures: bool | None = None
    visibility_timeout: float | None = None
    visibility_place: Place | None = None
    max_receive_count: int | None = None
    maximum_concurrency: int | None = None
    batch_window: float | None = None
    answer_setting: str = "FunctionResponseTypes: [ReportBatchItemFailures]"


@dataclass(frozen=True, slots=True)
class Configuration:
    """A function as a template describes it.

    Args:
        name: Its logical name.
        place: Where the template describes it.
        handler: `app.lambda_handler`, `src/app.lambda_handler`.
        code: The folder its code lies in, relative to the folder that is checked from; `.` for that one.
        timeout: Seconds, with the template's or tool's default where it says nothing; None: not a literal.
        memory_mb: MB, likewise.
        reserved_concurrency: If set.
        sources: What invokes it, as far as templates say.
        timeout_place: Where the timeout stands, if it does.
        runtime: `python3.13`; empty if that is not known, as of a container image.
        handler_place: Where the template names the handler.
        has_code: Whether what lies in `code` is surely what Lambda gets: no archive, no image, nothing that is built.
    """

    name: str
    place: Place
    handler: str
    code: str = "."
    timeout: float | None = None
    memory_mb: int | None = None
    reserved_concurrency: int | None = None
    sources: tuple[EventSource, ...] = ()
    timeout_place: Place | None = None
    runtime: str = ""
    handler_place: Place | None = None
    has_code: bool = False


@dataclass(frozen=True, slots=True)
class Handler:
    """A handler.

    Args:
        function: The qualified name of the function that is called with (event, context), where it is the project's
            own; else the name the handler has: `app.handler` for `handler = Mangum(app)`.
        by: How it is known.
        is_sure: Whether it is surely one: configured, decorated, or named and shaped as only handlers are.
        adapter: The canonical path of what makes it: `mangum.Mangum`, `meantime.handler`, `meantime.batch.sqs`, a
            decorator of Powertools; `?` for a wrapper that is not known; empty for a plain function.
        configurations: How templates configure it; several stages or functions may share one handler.
    """

    function: str
    by: Literal["template", "decorator", "adapter", "signature"]
    is_sure: bool = True
    adapter: str = ""
    configurations: tuple[Configuration, ...] = ()

    @property
    def timeout(self) -> float | None:
        """The shortest timeout that it is configured with, seconds."""
        return min((each.timeout for each in self.configurations if each.timeout is not None), default=None)

    @property
    def sources(self) -> tuple[EventSource, ...]:
        """What invokes it, over all configurations."""
        return tuple(source for each in self.configurations for source in each.sources)
