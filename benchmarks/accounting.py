"""The wait clock held against servers that say how long they held their answers back, library by library.

For each: the waits that are recorded and the delays that there were, the part of the wall time that is explained, and
what recording costs beside the same run without. As a program, `--write` puts the table into docs/recording.md, and
names of rows choose some of them.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accounted import awaiting, beside, blocking, lambdas_run, mixed
from accounted.databases import databases
from accounted.rows import BESIDE_WITHIN, EXPLAINED, OVERHEAD, WAITS_WITHIN, Summary
from accounted.running import ROUNDS, in_turn
from accounted.servers import serving
from rich import box
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from accounted.servers import Servers

    Case = Callable[[Servers], AbstractContextManager[Callable[[], object]]]

PAGE = Path(__file__).parents[1] / "docs" / "recording.md"
BEGIN, END = "<!-- accounting -->", "<!-- end of accounting -->"


def _loop(opened: Any) -> Case:
    return lambda servers: awaiting.on_a_loop(servers, opened)


CASES: dict[str, Case] = {
    "boto3": blocking.with_boto3,
    "boto3, TLS": partial(blocking.with_boto3, server="tls"),
    "requests": blocking.with_requests,
    "requests, TLS": partial(blocking.with_requests, server="tls"),
    "requests, heavy-tailed": partial(blocking.with_requests, server="heavy_tailed"),
    "urllib3": blocking.with_urllib3,
    "urllib, new connections": blocking.with_urllib,
    "httpx, blocking": blocking.with_httpx,
    "httpx": _loop(awaiting.httpx_client),
    "httpx, TLS": _loop(awaiting.httpx_over_tls),
    "httpx2, blocking": blocking.with_httpx2,
    "httpx2": _loop(awaiting.httpx2_client),
    "aiohttp": _loop(awaiting.aiohttp_session),
    "aiohttp, TLS": _loop(awaiting.aiohttp_over_tls),
    "aiohttp, heavy-tailed": _loop(awaiting.aiohttp_heavy_tailed),
    "psycopg, blocking": blocking.with_psycopg,
    "psycopg": _loop(awaiting.psycopg_connection),
    "asyncpg": _loop(awaiting.asyncpg_connection),
    "redis, blocking": blocking.with_redis,
    "redis": _loop(awaiting.redis_client),
    "plain sockets": blocking.with_sockets,
    "uvloop, httpx": lambda servers: awaiting.on_uvloop(servers, awaiting.httpx_client),
    "uvloop, aiohttp": lambda servers: awaiting.on_uvloop(servers, awaiting.aiohttp_session),
    "uvloop, asyncpg": lambda servers: awaiting.on_uvloop(servers, awaiting.asyncpg_connection),
    "8 threads of an executor": mixed.executor,
    "8 of Meantime's threads": mixed.verbs,
    "8 tasks, aiohttp": lambda servers: awaiting.side_by_side(servers, awaiting.aiohttp_session),
    "8 tasks, httpx on uvloop": lambda servers: awaiting.side_by_side_on_uvloop(servers, awaiting.httpx_client),
    "computing between calls": mixed.computing_between,
    "a thread computes beside": mixed.computing_beside,
    "the loop is blocked": mixed.blocked_loop,
}
# Of these no two runs are alike, even without what their servers took.
BESIDE = "a thread computes beside"
UNLIKE = {BESIDE}
AIOBOTOCORE = "aiobotocore"
EMULATED = "requests at 128 MB"
NAMES = (*CASES, AIOBOTOCORE, EMULATED)


def accounted(names: Iterable[str] = NAMES, rounds: int = ROUNDS) -> tuple[list[Summary], list[str]]:
    """Measure.

    Args:
        names: Which rows.
        rounds: How many times each with a recording and without.

    Returns:
        The rows, and what does not hold, in words.
    """
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE"):
        os.environ.pop(variable, None)  # they would win over the authority of these servers
    rows: list[Summary] = []
    failed: list[str] = []
    with ExitStack() as stack:
        servers = stack.enter_context(serving(stack.enter_context(databases())))
        for name in names:
            try:
                summary = _summary(name, servers, rounds)
            except Exception as error:  # noqa: BLE001  # the other rows are worth having
                failed.append(f"{name} could not be measured: {type(error).__name__}: {error}")
            else:
                rows.append(summary)
                failed += summary.failures
    return rows, failed


def _summary(name: str, servers: Servers, rounds: int) -> Summary:
    if name == AIOBOTOCORE:
        return beside.summary(rounds)
    if name == EMULATED:
        return lambdas_run.row(name, servers, rounds).summary()
    with CASES[name](servers) as run:
        row = in_turn(
            name,
            run,
            servers,
            rounds=rounds,
            has_limit_on_wall=name not in UNLIKE,
            has_constant_delays=not name.endswith("heavy-tailed"),
            calls_within=BESIDE_WITHIN if name == BESIDE else WAITS_WITHIN,
        )
    return row.summary()


def table(rows: Iterable[Summary]) -> Table:
    """For the terminal."""
    made = Table(box=box.SIMPLE_HEAD, title="The wait clock", title_justify="left", pad_edge=False)
    for number, heading in enumerate(_HEADINGS):
        made.add_column(heading, justify="right" if number else "left")
    for row in rows:
        made.add_row(*_cells(row), style="red" if row.failures else "")
    return made


_HEADINGS = ("", "sum of waits", "worst call", "explained", "longer", "more CPU", "around, ms")


def _cells(row: Summary) -> tuple[str, ...]:
    worst = "?" if row.worst_call is None else f"{row.worst_call:+.1%}"
    wall = "" if row.wall is None else f"{row.wall:+.1%}"
    return (
        row.name,
        f"{row.sum_error:+.1%}",
        worst,
        f"{row.explained:.1%}",
        wall,
        f"{row.cpu:+.2%}",
        f"{row.around_ms:.1f}",
    )


def write(rows: Iterable[Summary], failed: Iterable[str]) -> None:
    """Put the table into the page, between its markers, or at its end, and what does not hold."""
    lines = [f"| {' | '.join(cells)} |" for cells in (_HEADINGS, ("---", *["--:"] * 6), *map(_cells, rows))]
    told = [f"- {each}" for each in failed] or ["- nothing: all limits hold"]
    block = "\n".join((BEGIN, "", *_explanation(), "", *lines, "", "What does not hold:", "", *told, "", END))
    text = PAGE.read_text(encoding="utf-8")
    before, found, after = text.partition(BEGIN)
    if found:
        after = after.partition(END)[2]
    PAGE.write_text(f"{before.rstrip()}\n\n{block}\n{after.lstrip()}", encoding="utf-8")


def _explanation() -> tuple[str, ...]:
    return (
        "## How well it keeps its accounts",
        "",
        "`make bench BENCH=accounting` holds the wait clock against servers that say how long they held each answer",
        "back: 8 calls of 30 ms in a run (*heavy-tailed*: 20 ms in the median, 120 ms for one in a hundred),",
        f"{ROUNDS} runs with a recording and as many without, in turn, of which the medians count; for the waits,",
        "those of the half of the runs in which the servers were least late.",
        "",
        "- *Sum of waits*: how far all recorded waits are from all delays, less the part of a delay that was over when",
        "  the call began to wait for it.",
        "- *Worst call*: the same for the call that is furthest off.",
        "- *Explained*: the part of the wall time that the accounting explains.",
        "- *Longer*, *more CPU*: what recording adds, both as a part of the run's length; what the servers took is",
        "  not compared.",
        "- *Around*: how long it takes to begin the recording and to end it, before and after what is recorded.",
        "",
        f"It fails where waits are more than {WAITS_WITHIN:.0%} off, less than {EXPLAINED:.0%} is explained, or a",
        f"recording adds more than {OVERHEAD:.0%} of time or of CPU. A single call beside a",
        f"thread that computes without a pause may be {BESIDE_WITHIN:.0%} off, one switch interval of 5 ms, since the",
        "end of its wait is an estimate. Measured on",
        f"{time.strftime('%Y-%m-%d')} with Python {platform.python_version()};",
        "`python benchmarks/accounting.py --write` wrote this.",
    )


def main() -> int:
    """Measure what is named, print it, and write it if that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="ROW", help=f"one of: {'; '.join(NAMES)}")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--write", action="store_true", help="put the table into docs/recording.md")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(NAMES):
        parser.error(f"there is no row {', '.join(sorted(unknown))}")
    console = Console(width=100)
    rows, failed = accounted(arguments.names or NAMES, arguments.rounds)
    console.print(table(rows))
    for failure in failed:
        console.print(f"does not hold: {failure}", style="bold red")
    if arguments.write:
        write(rows, failed)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
