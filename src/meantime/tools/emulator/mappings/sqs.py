"""The mapping of a queue: `SQSMapping`."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from meantime.tools.emulator.mappings import limits
from meantime.tools.emulator.mappings.endpoint import CALL_ERRORS, place_of
from meantime.tools.emulator.mappings.mapping import Mapping
from meantime.tools.emulator.mappings.queue import Queue
from meantime.tools.emulator.mappings.settings import QueueSettings
from meantime.tools.emulator.mappings.sqs_poller import QueuePoller

if TYPE_CHECKING:
    from collections.abc import Callable

    from meantime.tools.emulator.emulator import Emulator
    from meantime.tools.emulator.function import Function
    from meantime.tools.emulator.invocation import Invocation
    from meantime.tools.emulator.mappings.endpoint import Endpoint


class SQSMapping(Mapping):
    """Reads an SQS queue, standard or FIFO, and invokes a function with its messages, as Lambda's poller does.

    Args:
        function: The function, which then gets an emulator of its own, or a running emulator of it.
        queue_url: The queue's URL, or its ARN.
        endpoint_url: Where SQS is served; by default where the URL points to, or what the machine's AWS settings say.
        region: By default the URL's or the ARN's own.
        batch_size: The most messages of one invocation.
        batch_window: Seconds to gather a batch.
        maximum_concurrency: The most batches at once.
        report_batch_item_failures: Whether the function's answer may list failed messages.
        on_invocation: Called with each invocation when it has ended, on another thread; it must be quick.

    Raises:
        TypeError: The function is none.
        ValueError: A setting that AWS would not take, here or, if the queue must be known for that, on entering.
        SourceError: On entering: there is no such queue, or it cannot be read.
        EmulatorError: On entering: the function cannot be run on this machine.

    Attributes:
        warnings: What AWS advises against, in words, known once it is entered; and records that answers named as failed
            in vain.
    """

    settings: QueueSettings

    def __init__(
        self,
        function: Function | Emulator,
        *,
        queue_url: str,
        endpoint_url: str | None = None,
        region: str | None = None,
        batch_size: int = limits.QUEUE_BATCH_DEFAULT,
        batch_window: int = 0,
        maximum_concurrency: int | None = None,
        report_batch_item_failures: bool = False,
        on_invocation: Callable[[Invocation], None] | None = None,
    ) -> None:
        self.settings = QueueSettings(
            batch_size=batch_size,
            batch_window=batch_window,
            maximum_concurrency=maximum_concurrency,
            report_batch_item_failures=report_batch_item_failures,
        )
        endpoint, place = place_of(queue_url, endpoint_url, region)
        super().__init__(
            function, name=f"queue {queue_url}", endpoint=endpoint, region=place, on_invocation=on_invocation
        )
        self._queue_url = queue_url
        self._queue: Queue | None = None

    def _open(self, endpoint: Endpoint) -> None:
        self._queue = queue = Queue(endpoint, self._queue_url)
        self.settings.check_queue(
            fifo=queue.fifo, visibility_timeout=queue.visibility_timeout, function_timeout=self.function.timeout
        )
        self._advice = tuple(self._advice_on(queue))
        self._counters.set(waiting=0, invisible=0)

    def _make_poller(self, endpoint: Endpoint) -> QueuePoller:
        return QueuePoller(
            self._opened,
            self.settings,
            invoke=self._invoke,
            function_timeout=self.function.timeout,
            endpoint=endpoint,
            counters=self._counters,
        )

    async def _prepare(self) -> None:
        with contextlib.suppress(*CALL_ERRORS):  # it will be looked at again
            await self._look(0)

    async def _look(self, since: float) -> str:  # noqa: ARG002  # the queue itself is asked, each time
        assert self._endpoint is not None  # noqa: S101  # it is open
        depth = await self._endpoint.write(self._opened.depth)
        self._counters.set(
            waiting=depth.visible + depth.delayed,
            invisible=depth.invisible,
            dead_letters=await self._endpoint.write(self._opened.dead_letters),
        )
        if not depth.total:
            return ""
        return f"{depth.visible} messages are visible, {depth.invisible} invisible, {depth.delayed} delayed"

    def _give_back(self) -> int:
        return self._opened.release()

    @property
    def _opened(self) -> Queue:
        assert self._queue is not None, "not opened"  # noqa: S101  # called after _open only
        return self._queue

    def _advice_on(self, queue: Queue) -> list[str]:
        advice = []
        advised = limits.VISIBILITY_ADVISED_TIMES * self.function.timeout + self.settings.batch_window
        if queue.visibility_timeout < advised:
            advice.append(
                f"the queue's visibility timeout of {queue.visibility_timeout} s is below the {advised:g} s that AWS "
                f"advises: {limits.VISIBILITY_ADVISED_TIMES} times the function's timeout, plus the batch window"
            )
        if queue.max_receive_count is None:
            advice.append(
                "the queue has no dead-letter queue: a message that keeps failing comes back until it expires"
            )
        elif queue.max_receive_count < limits.RECEIVES_ADVISED:
            advice.append(
                f"the queue's maxReceiveCount of {queue.max_receive_count} is below the {limits.RECEIVES_ADVISED} that "
                "AWS advises: throttled messages go to the dead-letter queue, too"
            )
        return advice
