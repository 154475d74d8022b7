"""A statement is named by its verb and its first table, and never by what it compares with."""

from __future__ import annotations

from sys import getrefcount

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meantime.measure.libraries.statements import statement_name

NAMES = {
    "SELECT * FROM readings WHERE sensor = 7": "SELECT readings",
    "select r.value from public.readings r join sensors s on s.id = r.sensor": "SELECT public.readings",
    "INSERT INTO readings (sensor, value) VALUES (1, 2.5)": "INSERT readings",
    "insert into readings(sensor) values (1)": "INSERT readings",
    'UPDATE "Orders" SET total = 0': "UPDATE Orders",
    "DELETE FROM ONLY logs WHERE age > 3": "DELETE logs",
    "MERGE INTO stock USING sold ON true WHEN MATCHED THEN DELETE": "MERGE stock",
    "WITH recent AS (SELECT * FROM orders) SELECT * FROM recent": "SELECT orders",
    "WITH a AS (SELECT 1 FROM b), c AS (SELECT 2 FROM a) SELECT * FROM c, a": "SELECT b",
    "WITH old AS (SELECT id FROM jobs) DELETE FROM queue USING old": "DELETE queue",
    "SELECT extract(year FROM happened) FROM events": "SELECT events",
    "SELECT * FROM (SELECT 1 FROM inner_table) q": "SELECT inner_table",
    "SELECT pg_sleep(0.1)": "SELECT",
    "SELECT * FROM generate_series(1, 3)": "SELECT",
    "-- from nowhere\n/* from nothing */ SELECT 1 FROM somewhere": "SELECT somewhere",
    "SELECT $tag$ from secret $tag$, 'from secret', E'\\' from secret' FROM t": "SELECT t",
    "SELECT `a` FROM `db`.`orders` # from secret": "SELECT db.orders",
    'SELECT "from secret" FROM t': "SELECT t",
    'SELECT CONCAT("a from secret", "from secret")': "SELECT",
    'SELECT 1 FROM "Sales"."Orders" WHERE a = "from secret"': "SELECT Sales.Orders",
    "SELECT 'a\\', ' from secret'": "SELECT",
    "SELECT f('a\\', ' from secret ') FROM t": "SELECT",
    "SELECT 'it\\'s' FROM t": "SELECT",
    "INSERT INTO t VALUES ('it\\'s')": "INSERT t",
    "COPY readings FROM STDIN": "COPY readings",
    "CREATE TABLE IF NOT EXISTS readings (a int)": "CREATE readings",
    "TRUNCATE TABLE readings": "TRUNCATE readings",
    "BEGIN;": "BEGIN",
    "SET search_path TO secret": "SET",
    "  ": "SQL",
    "": "SQL",
}


@pytest.mark.parametrize(("statement", "name"), NAMES.items())
def test_a_name_is_the_verb_and_the_first_table(statement: str, name: str) -> None:
    assert statement_name(statement) == name
    assert statement_name(statement.encode()) == name


def test_a_composed_statement_is_named_by_its_text() -> None:
    sql = pytest.importorskip("psycopg.sql")

    statement = sql.SQL("SELECT {} FROM {}").format(sql.Identifier("a"), sql.Identifier("readings"))

    assert statement_name(statement) == "SELECT readings"


def test_what_is_no_statement_has_a_name_all_the_same() -> None:
    assert statement_name(None) == "SQL"
    assert statement_name(object()) == "SQL"


@given(st.text(alphabet=st.characters(exclude_characters="'\\", exclude_categories=["Cs"]), max_size=60))
def test_no_string_of_a_statement_gets_into_its_name(secret: str) -> None:
    assert statement_name("SELECT '?' FROM t WHERE a = '?' AND b = 'x'".replace("?", secret)) == "SELECT t"
    assert statement_name("UPDATE t SET a = '?'".replace("?", secret)) == "UPDATE t"


@given(st.text(max_size=300))
def test_any_text_has_a_short_name(text: str) -> None:
    name = statement_name(text)

    assert 0 < len(name) <= 60
    assert "\n" not in name


def test_a_statement_is_not_kept() -> None:
    """Only its name: it may be as long as it likes, and the environment lives for hours."""
    statement = b"select " + b"x" * 10_000 + b" from readings"
    references = getrefcount(statement)

    assert statement_name(statement) == "SELECT readings"
    assert getrefcount(statement) == references
