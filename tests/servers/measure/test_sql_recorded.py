"""Statements on a real PostgreSQL: what each is called, how long it waited, and what it was for."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import asyncpg
import psycopg
import psycopg_pool
import pytest
from tests.measure.patience import patient
from tests.servers.measure.recorded import assert_waited, named, observed, recorded

from meantime import tasks, threads
from meantime.tools.downstream import DelayRelay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.servers.conftest import Server

# Its second column is how long the server took for it, in seconds.
SLEEP = "SELECT pg_sleep(0.1), extract(epoch FROM clock_timestamp() - statement_timestamp())::float"


@pytest.fixture(autouse=True)
def _no_password_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """asyncpg looks for one on the loop, which the guard of these tests would refuse."""
    monkeypatch.setenv("PGPASSWORD", "none")


@pytest.fixture(scope="module")
def database(postgresql: Server) -> str:
    """Where it is, with two tables."""
    # Without asyncpg looking for certificates on the loop, which the guard of these tests would refuse.
    url = f"{postgresql.variables['DATABASE_URL']}?sslmode=disable"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS readings (sensor int, value float)")
    return url


@pytest.fixture
def relay(postgresql: Server) -> Iterator[DelayRelay]:
    with DelayRelay(f"127.0.0.1:{postgresql.port}", latency=0.05) as relay:
        yield relay


def _psycopg(url: str) -> Callable[[], list[float]]:
    def work() -> list[float]:
        with psycopg.connect(url, autocommit=True) as connection:
            return [connection.execute(SLEEP).fetchall()[0][1] for _ in range(3)]

    return work


def _psycopg2(url: str) -> Callable[[], list[float]]:
    psycopg2 = pytest.importorskip("psycopg2")

    def work() -> list[float]:
        connection, told = psycopg2.connect(url), []
        with connection.cursor() as cursor:
            for _ in range(3):
                cursor.execute(SLEEP)
                told.append(cursor.fetchone()[1])
        connection.close()
        return told

    return work


def _asyncpg(url: str) -> Callable[[], list[float]]:
    async def work() -> list[float]:
        connection = await asyncpg.connect(url)
        told = [(await connection.fetch(SLEEP))[0][1] for _ in range(3)]
        await connection.close()
        return told

    return lambda: asyncio.run(work())


def _psycopg_async(url: str) -> Callable[[], list[float]]:
    async def work() -> list[float]:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            return [(await (await connection.execute(SLEEP)).fetchall())[0][1] for _ in range(3)]

    return lambda: asyncio.run(work())


DRIVERS = {"psycopg": _psycopg, "psycopg (async)": _psycopg_async, "asyncpg": _asyncpg, "psycopg2": _psycopg2}


@pytest.mark.parametrize("driver", DRIVERS.values(), ids=DRIVERS)
@patient
def test_a_statement_waits_as_long_as_the_server_takes(
    database: str, driver: Callable[[str], Callable[[], list[float]]]
) -> None:
    told: list[float] = []

    recorder = recorded(lambda: told.extend(driver(database)()))

    calls = named(recorder, "SELECT")
    assert_waited(calls, told)
    for call in calls:
        assert call["kind"] == "sql"
        assert call["target"] == database.partition("@")[2].partition("/")[0]
        assert "test_sql_recorded.py" in call["line"]
        assert ".work" in call["function"]
        assert call["new_connection"] is False
        assert call["error"] is None


@pytest.mark.parametrize("driver", DRIVERS.values(), ids=DRIVERS)
def test_a_connection_that_is_made_within_the_invocation_is_a_call_and_is_told_of(
    database: str, driver: Callable[[str], Callable[[], list[float]]]
) -> None:
    recorder = recorded(driver(database))

    (connected,) = named(recorder, "CONNECT")
    assert connected["library"] in connected["name"] or connected["library"] in {"psycopg", "psycopg2", "asyncpg"}
    (made,) = observed(recorder, "client_made")
    assert "connect" in made["text"]
    assert "test_sql_recorded.py" in made["line"]
    assert made["duration_ms"] > 0


@patient
def test_a_relay_before_the_server_is_seen_in_each_exchange(relay: DelayRelay) -> None:
    url = f"postgresql://tester@127.0.0.1:{relay.port}/postgres"
    with psycopg.connect(url, autocommit=True) as connection:
        relay.reset()

        recorder = recorded(lambda: [connection.execute("SELECT 1 FROM pg_class LIMIT 1") for _ in range(4)])

        told = [answer.duration for answer in relay.answers]
    assert_waited(named(recorder, "SELECT pg_class"), told)


@patient
def test_statements_on_threads_wait_side_by_side(database: str) -> None:
    told: list[float] = []

    def query(_: int) -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            told.append(connection.execute(SLEEP).fetchall()[0][1])

    recorder = recorded(lambda: threads.map(query, range(4), max_concurrency=4))

    calls = named(recorder, "SELECT")
    assert_waited(calls, told, connecting_ms=20)  # four at once, on a core that the server needs, too
    items = {call["id"]: call for call in recorder.calls if call["kind"] == "item"}
    assert {call["parent"] for call in calls} == set(items)
    assert recorder.duration_ms < 1000 * sum(told)


@patient
def test_statements_of_tasks_wait_side_by_side(database: str) -> None:
    told: list[float] = []

    async def query(_: int) -> None:
        connection = await asyncpg.connect(database)
        told.append((await connection.fetch(SLEEP))[0][1])
        await connection.close()

    async def work() -> None:
        await tasks.map(query, range(4), max_concurrency=4)

    recorder = recorded(lambda: asyncio.run(work()))

    assert_waited(named(recorder, "SELECT"), told, connecting_ms=20)
    assert all(call["is_async"] for call in named(recorder, "SELECT"))
    assert len(named(recorder, "test_statements_of_tasks_wait_side_by_side.query")) == 4


def test_no_value_of_a_statement_is_recorded(database: str) -> None:
    def work() -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("SELECT value FROM readings WHERE sensor = 471100815")
            connection.execute("INSERT INTO readings VALUES (%s, %s)", (471200815, 0.471300815))

    recorder = recorded(work)

    assert {"SELECT readings", "INSERT readings"} <= {call["name"] for call in recorder.calls}
    assert not any(secret in str(recorder.document) for secret in ("471100815", "471200815", "471300815"))


def test_a_transaction_ends_with_a_call_of_its_own(database: str) -> None:
    def work() -> None:
        with psycopg.connect(database) as connection:
            connection.execute("SELECT 1 FROM readings")

    recorder = recorded(work)

    assert [call["name"] for call in recorder.calls] == ["CONNECT", "SELECT readings", "COMMIT"]


def test_a_statement_that_fails_says_how(database: str) -> None:
    def work() -> None:
        with psycopg.connect(database, autocommit=True) as connection, pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT 1 FROM nowhere")

    recorder = recorded(work)

    (call,) = named(recorder, "SELECT nowhere")
    assert call["error"] == "UndefinedTable"


def test_copying_and_streaming_are_seen(database: str) -> None:
    def work() -> None:
        with psycopg.connect(database, autocommit=True) as connection, connection.cursor() as cursor:
            with cursor.copy("COPY readings FROM STDIN") as copy:
                copy.write_row((1, 2.0))
            assert list(cursor.stream("SELECT 1 FROM readings LIMIT 2"))

    recorder = recorded(work)

    assert {"COPY", "FETCH"} & {call["name"] for call in recorder.calls}


def test_what_a_server_side_cursor_fetches_is_seen(database: str) -> None:
    def work() -> None:
        with psycopg.connect(database) as connection, connection.cursor("rows") as cursor:
            cursor.execute("SELECT relname FROM pg_class LIMIT 9")
            assert len(cursor.fetchmany(5)) == 5

    recorder = recorded(work)

    names = [call["name"] for call in recorder.calls]
    assert names[:3] == ["CONNECT", "SELECT pg_class", "FETCH"]


@patient
def test_waiting_for_a_pool_of_psycopg_is_a_call_of_its_kind(database: str) -> None:
    with psycopg_pool.ConnectionPool(database, min_size=1, max_size=1, open=True) as pool:
        pool.wait()

        def query(_: int) -> None:
            with pool.connection() as connection:
                connection.execute(SLEEP)

        recorder = recorded(lambda: threads.map(query, range(2), max_concurrency=2))

    (waited,) = [call for call in recorder.calls if call["kind"] == "pool"]
    assert waited["waiting_ms"] > 80
    (full,) = observed(recorder, "pool_full")
    assert full["numbers"]["pool_size"] == 1


@patient
def test_waiting_for_a_pool_of_asyncpg_is_a_call_of_its_kind(database: str) -> None:
    told: list[float] = []

    async def work() -> None:
        async with asyncpg.create_pool(database, min_size=1, max_size=1) as pool:
            rows = await asyncio.gather(*(pool.fetch(SLEEP) for _ in range(2)))
            told.extend(row[0][1] for row in rows)

    recorder = recorded(lambda: asyncio.run(work()))

    (waited,) = [call for call in recorder.calls if call["kind"] == "pool"]
    assert waited["waiting_ms"] > 80
    assert_waited(named(recorder, "SELECT"), told)
    assert len(named(recorder, "RESET")) == 2  # of the connection, as it comes back
    (fan_out,) = observed(recorder, "fan_out")
    assert (fan_out["text"], fan_out["numbers"]["items"]) == ("asyncio.gather", 2)


def test_a_timeout_of_asyncpg_is_known_for_each_way_to_query(database: str) -> None:
    async def work() -> None:
        connection = await asyncpg.connect(database)
        await connection.fetch("SELECT 1", timeout=4)
        await connection.fetchval("SELECT $1::int", 1, timeout=4)
        await connection.execute("SELECT 1", timeout=4)
        await connection.executemany("SELECT $1::int", [(1,)], timeout=4)
        await (await connection.prepare("SELECT 1", timeout=4)).fetch(timeout=4)
        async with connection.transaction():
            await (await connection.cursor("SELECT 1")).fetch(1, timeout=4)
        await connection.fetch("SELECT 1 FROM readings")
        await connection.close()

    recorder = recorded(lambda: asyncio.run(work()))

    calls = [call for call in recorder.calls if call["name"] in {"SELECT", "PREPARE SELECT"}]
    assert [call["name"] for call in calls].count("PREPARE SELECT") == 1
    timeouts = [call["timeout_s"] for call in calls]
    assert timeouts[:6] == [4.0] * 6
    assert timeouts[-1] == 4.0
    assert named(recorder, "SELECT readings")[0]["has_timeout"] is False


def test_a_timeout_that_the_server_has_been_given_is_none_that_is_missing(database: str) -> None:
    async def work() -> None:
        connection = await asyncpg.connect(database, server_settings={"statement_timeout": "5000"})
        await connection.fetch("SELECT 1 FROM readings")
        await connection.close()

    recorder = recorded(lambda: asyncio.run(work()))

    assert named(recorder, "SELECT readings")[0]["has_timeout"] is None


@patient
def test_waiting_for_the_pool_of_sqlalchemy_is_a_call_of_its_kind(database: str) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    address = database.replace("postgresql:", "postgresql+psycopg:") + "&client_encoding=utf8"
    engine = sqlalchemy.create_engine(address, pool_size=1, max_overflow=0)

    def query(_: int) -> None:
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text(SLEEP))

    def work() -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(query, range(2)))

    recorder = recorded(work)
    engine.dispose()

    waits = [call for call in recorder.calls if call["kind"] == "pool" and call["library"] == "sqlalchemy"]
    assert max(call["waiting_ms"] for call in waits) > 80
    assert len(named(recorder, "SELECT")) >= 2
