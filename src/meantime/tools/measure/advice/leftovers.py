"""Work that was still under way when the handler had its answer: it runs on in the next invocation, or is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.measure.advice.situation import listed
from meantime.tools.report.advice import Advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.measure.advice.situation import Situation


def advise(situation: Situation) -> Iterator[Advice]:
    """Tell what was left over."""
    left = [seen for seen in situation.recording.observations if seen.kind == "leftover"]
    if not left:
        return
    count = int(sum(seen.numbers.get("count", 1) for seen in left))
    yield Advice(
        code="leftovers",
        title=f"Wait for what was started: {count} left over when the handler had its answer",
        text=(
            f"{listed(seen.text for seen in left)}: still under way at the answer. The environment is "
            "frozen then; what is "
            "left runs on in the next invocation, fails there on dead connections, or is lost."
        ),
        lines=tuple(dict.fromkeys(seen.line for seen in left if seen.line)),
        memory_mb=situation.memory_mb,
        change="results = threads.map(work, items)    # gives its results, and leaves nothing behind",
    )
