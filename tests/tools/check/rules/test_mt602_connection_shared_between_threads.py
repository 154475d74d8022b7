"""MT602: a connection that serves one thread at a time, used by several."""

from __future__ import annotations

import pytest

HEAD = """
import threading
from concurrent.futures import ThreadPoolExecutor

from meantime import threads

"""

TAIL = """

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=3) as executor:
        return list(executor.map(load, event["keys"]))
"""

FOUND = {
    "sqlite3": """
import sqlite3

connection = sqlite3.connect("/tmp/orders.db")

def load(key):
    return connection.execute("SELECT 1").fetchone()  # finds MT602
""",
    "a cursor of sqlite3": """
import sqlite3 as sqlite

cursor = sqlite.connect("/tmp/orders.db").cursor()

def load(key):
    cursor.execute("SELECT 1")  # finds MT602
""",
    "sqlite3, shared on purpose": """
import sqlite3

connection = sqlite3.connect("/tmp/orders.db", check_same_thread=False)

def load(key):
    connection.execute("INSERT INTO orders VALUES (1)")  # finds MT602 likely
""",
    "PyMySQL": """
import pymysql

connection = pymysql.connect(host="db")

def load(key):
    with connection.cursor() as cursor:  # finds MT602
        return key
""",
    "PyMySQL in an attribute": """
from pymysql import connect

class Orders:
    def __init__(self):
        self.connection = connect(host="db")

    def load(self, key):
        self.connection.ping()  # finds MT602

orders = Orders()

def load(key):
    return orders.load(key)
""",
    "a cursor of psycopg2": """
import psycopg2

cursor = psycopg2.connect("dbname=orders").cursor()

def load(key):
    cursor.execute("SELECT 1")  # finds MT602
""",
    "a cursor of psycopg": """
import psycopg

cursor = psycopg.connect("dbname=orders").cursor()

def load(key):
    cursor.execute("SELECT 1")  # finds MT602
""",
    "a session of SQLAlchemy": """
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

session = Session(create_engine("sqlite://"))

def load(key):
    return session.get(object, key)  # finds MT602
""",
    "a session of a session maker": """
from sqlalchemy.orm import sessionmaker

make = sessionmaker()
session = make()

def load(key):
    return session.get(object, key)  # finds MT602
""",
    "http.client": """
import http.client

connection = http.client.HTTPSConnection("api.example.com", timeout=5)

def load(key):
    connection.request("GET", key)  # finds MT602
""",
    "smtplib": """
from smtplib import SMTP

server = SMTP("mail.example.com", timeout=5)

def load(key):
    server.sendmail("a@example.com", key, "text")  # finds MT602
""",
    "requests": """
import requests

session = requests.Session()

def load(key):
    return session.get(key, timeout=5)  # finds MT602 likely
""",
    "by a way that is only possible": """
import os
import sqlite3

connection = sqlite3.connect("/tmp/orders.db")

def read(key):
    return connection.execute("SELECT 1")  # finds MT602 likely

def nothing(key): ...

chosen = read if os.environ.get("READ") else nothing

def load(key):
    return chosen(key)
""",
    "handed over by a helper that a loop calls": """
import pymysql

connection = pymysql.connect(host="a")

def query(key):
    with connection.cursor() as cursor:  # finds MT602
        cursor.execute("SELECT 1")

def load(key):
    return key

def start(executor, key):
    return executor.submit(query, key)

def all(event):
    with ThreadPoolExecutor(3) as executor:
        started = [start(executor, key) for key in event["keys"]]
    return [future.result() for future in started]
""",
    "in threads that a helper starts": """
import pymysql

connection = pymysql.connect(host="a")

def query(key):
    with connection.cursor() as cursor:  # finds MT602
        cursor.execute("SELECT 1")

def load(key):
    return key

def start(key):
    thread = threading.Thread(target=query, args=(key,))
    thread.start()
    return thread

def all(event):
    started = []
    for key in event["keys"]:
        started.append(start(key))
    for thread in started:
        thread.join()
""",
}

SILENT = {
    "a connection of psycopg2": """
import psycopg2

connection = psycopg2.connect("dbname=orders")

def load(key):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
""",
    "a pool": """
import psycopg_pool

pool = psycopg_pool.ConnectionPool("dbname=orders")

def load(key):
    with pool.connection() as connection:
        return connection.execute("SELECT 1").fetchone()
""",
    "a connection for each call": """
import sqlite3

def load(key):
    connection = sqlite3.connect("/tmp/orders.db")
    return connection.execute("SELECT 1").fetchone()
""",
    "a session for each call": """
from sqlalchemy.orm import sessionmaker

make = sessionmaker()

def load(key):
    with make() as session:
        return session.get(object, key)
""",
    "sessions by thread": """
from sqlalchemy.orm import scoped_session, sessionmaker

session = scoped_session(sessionmaker())

def load(key):
    return session.get(object, key)
""",
    "under a lock": """
import pymysql

connection = pymysql.connect(host="db")
lock = threading.RLock()

def load(key):
    with lock, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
""",
    "redis": """
import redis

store = redis.Redis("cache", socket_timeout=1)

def load(key):
    return store.get(key)
""",
    "requests without a session": """
import requests

def load(key):
    return requests.get(key, timeout=5)
""",
    "a connection for each, made at module level": """
import pymysql

connections = [pymysql.connect(host=host) for host in ("a", "b")]

def query(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")

def load(key):
    return key

def all():
    threads.map(query, connections)
""",
    "a connection for each, in a list": """
import pymysql

def query(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")

def load(key):
    return key

def both():
    threads.map(query, [pymysql.connect(host="a"), pymysql.connect(host="b")])
""",
    "a connection for each, handed over by a helper": """
import pymysql

def query(connection, key):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")

def load(key):
    return key

pool = ThreadPoolExecutor(3)

def start(connection, key):
    pool.submit(query, connection, key)

def all(event):
    for key in event["keys"]:
        start(pymysql.connect(host="a"), key)
""",
    "a connection for each, made by the helper that starts it": """
import pymysql

def query(connection, key):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")

def load(key):
    return key

pool = ThreadPoolExecutor(3)

def start(key):
    connection = pymysql.connect(host="a")
    pool.submit(query, connection, key)

def all(event):
    for key in event["keys"]:
        start(key)
""",
    "by a helper that waits for each": """
import pymysql

connection = pymysql.connect(host="a")
pool = ThreadPoolExecutor(3)

def query(key):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")

def load(key):
    return key

def run(key):
    future = pool.submit(query, key)
    return future.result()

def start(key):
    return pool.submit(query, key)

def run_within(key):
    with ThreadPoolExecutor(3) as executor:
        executor.submit(query, key)

def all(event):
    for key in event["keys"]:
        run(key)
        start(key).result()
        run_within(key)
""",
    "a session that is only known by its annotation": """
import requests

def load(session: requests.Session, key):
    return session.get(key, timeout=5)

def all(session: requests.Session, event):
    with ThreadPoolExecutor(3) as executor:
        for key in event["keys"]:
            executor.submit(load, session, key)
""",
    "the connection of each object that a loop goes over": """
import pymysql

class Loader:
    def __init__(self, host):
        self.connection = pymysql.connect(host=host)

    def query(self, key):
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT 1")

def load(key):
    return key

def all(loaders: list[Loader]):
    with ThreadPoolExecutor(3) as executor:
        for loader in loaders:
            executor.submit(loader.query, 1)
""",
}


@pytest.mark.parametrize("source", FOUND.values(), ids=FOUND)
def test_a_connection_that_several_threads_use_is_found(finds, source):
    finds("MT602", HEAD + source + TAIL)


@pytest.mark.parametrize("source", SILENT.values(), ids=SILENT)
def test_what_threads_may_share_or_have_for_themselves_is_not(finds, source):
    finds("MT602", HEAD + source + TAIL)


def test_the_connection_of_another_file_is_named(findings_of):
    (found,) = findings_of(
        "MT602",
        {
            "database.py": 'import sqlite3\n\nconnection = sqlite3.connect("/tmp/orders.db")\n',
            "app.py": HEAD
            + "from database import connection as database\n\ndef load(key):\n    database.execute(key)\n"
            + TAIL,
        },
    )
    assert found.message.startswith("`database` (sqlite3.connect) serves one thread at a time")
    assert found.place.path == "app.py"


def test_a_cursor_is_named_as_one(findings_of):
    (found,) = findings_of("MT602", HEAD + FOUND["a cursor of psycopg"] + TAIL)
    assert "(psycopg.connect(…).cursor)" in found.message


@pytest.mark.parametrize(
    "maker",
    [
        "MySQLdb.connect",
        "mysql.connector.connect",
        "http.client.HTTPConnection",
        "http.client.HTTPSConnection",
        "smtplib.SMTP",
        "smtplib.SMTP_SSL",
        "ftplib.FTP",
        "ftplib.FTP_TLS",
        "imaplib.IMAP4",
        "imaplib.IMAP4_SSL",
    ],
)
def test_connections_of_these_libraries_serve_one_thread_at_a_time(finds, maker):
    source = f"""
import {maker.rpartition(".")[0]}

connection = {maker}("example.com")

def load(key):
    connection.use(key)  # finds MT602
"""
    finds("MT602", HEAD + source + TAIL)


def test_what_to_do_about_a_session_of_requests_is_said(findings_of):
    (found,) = findings_of("MT602", HEAD + FOUND["requests"] + TAIL)
    assert found.message.endswith("`meantime.clients.requests(max_concurrency=…)` makes one that they may share.")
