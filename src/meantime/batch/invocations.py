"""The invocations of one handler: the batch that is under way, and the answer to it, whenever that is asked for."""

from __future__ import annotations

from meantime.batch.state import Batch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from meantime.batch.plan import Plan
    from meantime.errors import DeadlineExceeded


class Invocations:
    """Keeps the batch under way: the deadline may come in the middle of anything, and what is known then is the answer.

    Args:
        plan: Of the decorated function.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._batch: Batch | None = None

    def begin(self, event: Any) -> Batch:
        """The batch of this event.

        Raises:
            WrongEvent: It is none that the function was decorated for.
        """
        self._batch = None  # an earlier one may have failed
        batch = self._batch = Batch(self._plan, event)
        return batch

    def answer(self, batch: Batch) -> dict[str, Any]:
        """Which of its records come again; the log says why."""
        self._batch = None
        if batch.is_plain_success:
            return {"batchItemFailures": []}
        answer = batch.answer()
        if answer["batchItemFailures"] or batch.taken_care_of:
            from meantime.batch.reporting import report  # noqa: PLC0415  # the good path must not pay for it

            report(batch)
        return answer

    def answer_at_deadline(self, event: Any, _: Any, error: DeadlineExceeded) -> dict[str, Any]:
        """What is known at this moment; of a batch that was not even begun, all records come again."""
        batch = self._batch
        if batch is None or batch.event is not event:
            batch = Batch(self._plan, event)
        batch.cut_off(error)
        return self.answer(batch)
