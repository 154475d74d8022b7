"""The decorators themselves: what they take, and the handler that they make of a function of one record."""

from __future__ import annotations

from functools import wraps

from meantime.batch.course import course
from meantime.batch.driving import drive, drive_async
from meantime.batch.invocations import Invocations
from meantime.batch.plan import Plan
from meantime.batch.running import run
from meantime.invocation import DEFAULT_RESERVE, handler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any, Generic, Literal, Protocol, TypeVar, overload

    from meantime.batch.calling import RecordFunction
    from meantime.batch.records import Record
    from meantime.batch.sources import Source
    from meantime.batch.windows import Window
    from meantime.limiter import Limiter
    from meantime.outcomes import Outcome, Outcomes
    from meantime.retry import Retry

    RecordType = TypeVar("RecordType", bound=Record)

    class BatchHandler(Protocol):
        """What Lambda sees: a plain function of event and context.

        Attributes:
            function: The function of one record, as it was decorated; for tests.
            main: The function of event and context that it runs, to be awaited where a loop runs already.
        """

        function: Callable[..., Any]
        main: Callable[..., Any]
        record_function: RecordFunction

        def __call__(self, event: Any, context: Any) -> dict[str, Any]:
            """Answer one batch."""
            ...

    Executor = Literal["sequential", "threads", "tasks", "processes"] | ModuleType
else:  # for type checkers only; importing typing would cost every cold start 2 ms
    RecordType = None

    class Generic:
        def __class_getitem__(cls, _):  # noqa: ANN001, ANN204
            return cls

    def overload(function):  # noqa: ANN001, ANN201
        return function


class BatchDecorator(Generic[RecordType]):
    """Makes a function of one record a correct Lambda handler of whole batches.

    Args:
        source: Where the batches come from.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.__name__ = source.name

    @overload
    def __call__(self, function: Callable[..., Any]) -> BatchHandler: ...
    @overload
    def __call__(
        self,
        *,
        max_concurrency: int | None = ...,
        timeout: float | None = ...,
        limiter: Limiter | None = ...,
        retry: Retry | None = ...,
        executor: Executor | None = ...,
        parse: Any = ...,
        prepare: Callable[[list[RecordType]], Any] | None = ...,
        finish: Callable[[Outcomes[RecordType, Any]], Any] | None = ...,
        window: Callable[[Window, tuple[Outcome[RecordType, Any], ...]], Any] | None = ...,
        on_failure: Callable[[RecordType, BaseException], Any] | None = ...,
        fail_when: Callable[[Outcomes[RecordType, Any]], bool] | None = ...,
        reserve: float = ...,
        leftovers: Literal["end", "wait", "fail"] = ...,
        blocked_after: float | None = ...,
        metrics: bool | str | None = ...,
    ) -> Callable[[Callable[..., Any]], BatchHandler]: ...

    def __call__(
        self,
        function: Callable[..., Any] | None = None,
        *,
        max_concurrency: int | None = None,
        timeout: float | None = None,
        limiter: Limiter | None = None,
        retry: Retry | None = None,
        executor: Executor | None = None,
        parse: Any = None,
        prepare: Callable[[list[RecordType]], Any] | None = None,
        finish: Callable[[Outcomes[RecordType, Any]], Any] | None = None,
        window: Callable[[Window, tuple[Outcome[RecordType, Any], ...]], Any] | None = None,
        on_failure: Callable[[RecordType, BaseException], Any] | None = None,
        fail_when: Callable[[Outcomes[RecordType, Any]], bool] | None = None,
        reserve: float = DEFAULT_RESERVE,
        leftovers: Literal["end", "wait", "fail"] = "end",
        blocked_after: float | None = None,
        metrics: bool | str | None = None,
    ) -> Any:
        """Decorate a function of one record, blocking or async.

        It is called with every record: blocking ones on threads, async ones on tasks. Beside the record it is given
        what it has a parameter for: `record` (with `parse`, the record itself), `prepared` (what `prepare` gave) and
        `context` (Lambda's). A record for which it raises comes again, and so does one that was not begun, or not done,
        at the deadline.

        Args:
            function: The function.
            max_concurrency: The most records under way at once; by default 10, on processes one for each core.
            timeout: Seconds that each record may take; one that takes longer has failed.
            limiter: What every call has to pass, shared with whatever else uses that downstream.
            retry: How a failed call is made again, within this invocation.
            executor: "threads", "sequential" or "processes" for blocking functions, "tasks" or "sequential" for async
                ones, by name or as meantime's module.
            parse: What the function is given instead of the record: a pydantic model, which validates what the record
                carries; a data class of Powertools; or a function of the record. If it raises, the record has failed.
            prepare: A function of the list of all records, called first: one bulk read, say. If it raises, all of them
                have failed.
            finish: A function of the outcomes, called when the records are done: one bulk write, say. It may return the
                records, or outcomes, that it could not finish. If it raises, all of them have failed.
            window: Of streams with a tumbling window: a function of the window and the outcomes of the records that are
                done with, which returns the window's new state.
            on_failure: A function of a record and its error, called for each that has failed. If it returns True, it
                has taken care of the record, which need not come again. If it raises, that is logged.
            fail_when: A function of the outcomes that tells whether the batch fails as a whole; by default it never
                does.
            reserve: As `meantime.handler` has it; it is also what `finish`, `on_failure` and `window` have left at the
                deadline, half of it.
            leftovers: As `meantime.handler` has it.
            blocked_after: Likewise.
            metrics: Likewise.

        Returns:
            A plain function of event and context, which answers with the batch item failures.

        Raises:
            TypeError: `function` is no function of one record, or a keyword is of a wrong kind.
            ValueError: A keyword is out of range.
        """

        def decorated(function: Callable[..., Any]) -> BatchHandler:
            plan = Plan(
                self._source,
                function,
                max_concurrency=max_concurrency,
                timeout=timeout,
                limiter=limiter,
                retry=retry,
                executor=executor,
                parse=parse,
                prepare=prepare,
                finish=finish,
                window=window,
                on_failure=on_failure,
                fail_when=fail_when,
            )
            return _handler(plan, reserve=reserve, leftovers=leftovers, blocked_after=blocked_after, metrics=metrics)

        return decorated if function is None else decorated(function)

    def __repr__(self) -> str:
        return f"<meantime.batch.{self._source.name}>"


def _handler(plan: Plan, **options: Any) -> BatchHandler:
    invocations = Invocations(plan)
    function = plan.record_function.function
    if plan.is_async:

        @wraps(function)
        async def main(event: Any, context: Any) -> Any:
            batch = invocations.begin(event)
            if plan.has_hooks:
                await drive_async(course(batch, context))
            elif batch.records:
                await run(batch, context, None)  # type: ignore[misc]  # on tasks it gives something to await
            return invocations.answer(batch)

    else:

        @wraps(function)
        def main(event: Any, context: Any) -> Any:
            batch = invocations.begin(event)
            if plan.has_hooks:
                drive(course(batch, context))
            elif batch.records:
                run(batch, context, None)
            return invocations.answer(batch)

    lambda_handler: Any = handler(on_deadline=invocations.answer_at_deadline, **options)(main)
    lambda_handler.function = function
    lambda_handler.record_function = plan.record_function
    return lambda_handler  # type: ignore[no-any-return]  # now it is one
