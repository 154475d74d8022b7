"""What is right to advise, written down before there was any advice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Expected:
    """What is right for one function at one memory size.

    Args:
        name: Its folder.
        memory_mb: The memory size that it has.
        diagnoses: How it spends its time; any of these is right.
        advice: Codes of which the first advice must have one.
        executor: On what its calls are to go side by side.
    """

    name: str
    memory_mb: int
    diagnoses: tuple[str, ...]
    advice: tuple[str, ...]
    executor: str | None = None


_SIDE_BY_SIDE, _KEEP, _MEMORY = ("side-by-side",), ("keep-sequential",), ("more-memory",)

EXPECTED = (
    Expected("several_apis", 1769, ("waits",), _SIDE_BY_SIDE, "threads"),
    Expected("s3_reads", 1769, ("waits",), _SIDE_BY_SIDE, "threads"),
    Expected("dynamodb_queries", 1769, ("waits",), _SIDE_BY_SIDE, "threads"),
    Expected("sqs_batch", 1769, ("waits",), _SIDE_BY_SIDE, "threads"),
    Expected("fetch_transform_store", 1769, ("waits",), _SIDE_BY_SIDE, "threads"),
    Expected("thumbnails", 1769, ("computes",), _KEEP),
    Expected("order_enrichment", 1769, ("waits",), _SIDE_BY_SIDE, "threads"),
    Expected("sales_report", 1769, ("waits",), _SIDE_BY_SIDE, "tasks"),
    Expected("tariff_pricing", 1769, ("computes",), _KEEP),
    # Where the CPU share is what limits it, concurrency helps only with more of it; for the thumbnails more memory is
    # faster, but dearer.
    Expected("s3_reads", 128, ("mixed", "computes"), _MEMORY, "threads"),
    Expected("thumbnails", 512, ("computes",), (*_KEEP, *_MEMORY)),
    Expected("tariff_pricing", 512, ("computes",), _MEMORY),
)
