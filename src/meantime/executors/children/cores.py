"""How many processes can compute at once here: on Lambda the memory size decides, not the number of cores in sight."""

from __future__ import annotations

import os

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html: "at 1,769 MB, a function has the equivalent
# of one vCPU"; https://aws.amazon.com/blogs/aws/new-for-aws-lambda-functions-with-up-to-10-gb-of-memory-and-6-vcpus/
MEMORY_OF_ONE_CORE = 1769
MOST_CORES = 6

_told = False


def core_share() -> float | None:
    """How many cores' worth of computing the function's memory size buys; None outside Lambda.

    `os.cpu_count()` does not tell: it is 2 even at 128 MB, where there is a fourteenth of one.
    """
    memory = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "")
    return min(int(memory) / MEMORY_OF_ONE_CORE, MOST_CORES) if memory.isdecimal() else None


def default_width() -> int:
    """How many processes are worth starting. Where that is one, the log says so, once, and what to do instead."""
    share = core_share()
    if share is not None:
        width = max(1, -int(-share // 1))
    elif hasattr(os, "sched_getaffinity"):
        width = len(os.sched_getaffinity(0))
    else:
        width = os.cpu_count() or 1
    if width == 1:
        _tell(share)
    return width


def _tell(share: float | None) -> None:
    global _told  # noqa: PLW0603  # once for each execution environment
    if _told:
        return
    _told = True
    from logging import getLogger  # noqa: PLC0415  # where processes help nobody must pay for it

    if share is None:
        has = "This machine gives the process one core"
    else:
        has = f"At {share * MEMORY_OF_ONE_CORE:.0f} MB this function has {share:.2f} of a core"
    getLogger("meantime").warning(
        "%s, so processes gain nothing over a plain loop: with more than %d MB they begin to, and double the speed at "
        "%d MB. For work that waits, use threads or tasks.",
        has,
        MEMORY_OF_ONE_CORE,
        2 * MEMORY_OF_ONE_CORE,
    )
