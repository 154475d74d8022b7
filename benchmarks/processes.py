"""What processes gain, and what they cost: on the emulator at two cores' memory, and against the pools there are."""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import lambda_multiprocessing
from timing import Comparison, Requirement, compare

import meantime
from meantime import processes
from meantime.testing import fresh_environment
from meantime.tools.emulator import Emulator, Function

if TYPE_CHECKING:
    from collections.abc import Iterator

TWO_CORES_MB = 3538
FASTER = 1.7  # than a plain loop, on two cores
WAYS = ("processes.map", "sequential.map", "lambda_multiprocessing.Pool(2).map")
ROUNDS = 25
MEGABYTE = 1 << 20

FUNCTION = """
import lambda_multiprocessing
import meantime
from meantime import processes, sequential


def compute(number):
    total = 0
    for each in range(number):
        total += each * each
    return total


def with_lambda_multiprocessing(function, items):
    with lambda_multiprocessing.Pool(2) as pool:
        return pool.map(function, items)


WAYS = {
    "processes.map": processes.map,
    "sequential.map": sequential.map,
    "lambda_multiprocessing.Pool(2).map": with_lambda_multiprocessing,
}


@meantime.handler
def lambda_handler(event, context):
    return sum(WAYS[event](compute, [150_000] * 32)) % 1000
"""


def add_one(number: int) -> int:
    """A call that costs nothing."""
    return number + 1


def grow(data: bytes) -> bytes:
    """A call whose item and result are large."""
    return data[::-1]


def on_the_emulator() -> Comparison:
    """Computing, warm. The best round of each counts: two processes can show what they gain only on two free cores."""
    seconds = dict.fromkeys(WAYS, float("inf"))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "app.py").write_text(FUNCTION, encoding="utf-8")
        function = Function("app.lambda_handler", code=Path(folder), memory_mb=TWO_CORES_MB, timeout=60.0)
        with Emulator(function) as emulator:
            for number in range(ROUNDS + 1):
                for way in WAYS:
                    invocation = emulator.invoke(way)
                    if invocation.error is not None:
                        raise RuntimeError(f"{way}: {invocation.error.message}")
                    if number:
                        seconds[way] = min(seconds[way], invocation.duration_ms / 1000)
    return Comparison(
        f"32 calls that compute, at {TWO_CORES_MB:,} MB on the emulator, best of {ROUNDS}",
        "invocation",
        seconds,
        {way: seconds["processes.map"] / seconds[way] for way in WAYS},
        (Requirement("sequential.map", 1 / FASTER), Requirement("lambda_multiprocessing.Pool(2).map", 0.999)),
    )


def warm_pools() -> Iterator[Comparison]:
    """Against pools of the standard library that are kept; they need /dev/shm, and so are not to be had on Lambda."""
    context = get_context("fork")  # as ours
    numbers, large = range(2000), [bytes(MEGABYTE) for _ in range(20)]
    with ProcessPoolExecutor(2, mp_context=context) as executor, context.Pool(2) as pool:
        yield compare(
            f"{len(numbers):,} calls that do nothing, on 2 kept processes",
            "item",
            {
                "processes.map": lambda: processes.map(add_one, numbers, max_concurrency=2),
                "Pool.map": lambda: pool.map(add_one, numbers),
                "ProcessPoolExecutor.map": lambda: list(executor.map(add_one, numbers)),
                "ProcessPoolExecutor.map(chunksize=64)": lambda: list(executor.map(add_one, numbers, chunksize=64)),
            },
            Requirement("ProcessPoolExecutor.map", 0.4),
            units=len(numbers),
        )
        yield compare(
            f"{len(numbers):,} of them one by one, on 2 kept processes",
            "item",
            {
                "processes.map(chunk_size=1)": lambda: processes.map(add_one, numbers, max_concurrency=2, chunk_size=1),
                "ProcessPoolExecutor.map": lambda: list(executor.map(add_one, numbers)),
            },
            Requirement("ProcessPoolExecutor.map", 0.999),
            units=len(numbers),
        )
        yield compare(
            "20 items of 1 MB, there and back, on 2 kept processes",
            "fan-out",
            {
                "processes.map": lambda: processes.map(grow, large, max_concurrency=2),
                "ProcessPoolExecutor.map": lambda: list(executor.map(grow, large)),
            },
            Requirement("ProcessPoolExecutor.map", 1.05),
        )


def first_use() -> Comparison:
    """The first fan-out of an environment, and the end of its processes."""

    def ours() -> None:
        with fresh_environment():
            processes.map(add_one, range(2), max_concurrency=2)

    def executor() -> None:
        with ProcessPoolExecutor(2, mp_context=get_context("fork")) as fresh:
            list(fresh.map(add_one, range(2)))

    def pipes() -> None:
        with lambda_multiprocessing.Pool(2) as pool:  # type: ignore[no-untyped-call]  # it has no type hints
            pool.map(add_one, range(2))

    return compare(
        "2 processes started, used once and ended",
        "fan-out",
        {"processes.map": ours, "ProcessPoolExecutor": executor, "lambda_multiprocessing.Pool": pipes},
        Requirement("ProcessPoolExecutor", 1.5),
        Requirement("lambda_multiprocessing.Pool", 1.2),
        repeat=5,
    )


def benchmark() -> list[Comparison]:
    """All of them."""
    try:
        return [on_the_emulator(), *warm_pools(), first_use()]
    finally:
        meantime.current_environment().close()


if __name__ == "__main__":
    for each in benchmark():
        for name, seconds in each.seconds.items():
            sys.stdout.write(
                f"{each.title}: {name}: {seconds * 1e6:,.1f} µs per {each.unit}, {each.ratios[name]:.3f}\n"
            )
