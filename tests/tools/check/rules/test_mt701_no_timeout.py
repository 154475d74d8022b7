"""MT701: a call or client that waits for ever, or as good as that."""

from __future__ import annotations

import pytest

FOUND = {
    "a session at module level": """
import requests

session = requests.Session()

def lambda_handler(event, context):
    return session.get("https://example.com").json()  # finds MT701
""",
    "a session in a with block, in a helper": """
from requests import Session

def load(url):
    with Session() as http:
        return http.request("GET", url).json()  # finds MT701

def lambda_handler(event, context):
    return load(event["url"])
""",
    "a session in an attribute": """
import requests

class Api:
    def __init__(self):
        self.http = requests.session()

    def load(self):
        return self.http.post("https://example.com", json={})  # finds MT701

api = Api()

def lambda_handler(event, context):
    return api.load()
""",
    "a timeout of None": """
import requests

session = requests.Session()
FOREVER = None

def lambda_handler(event, context):
    return session.get("https://example.com", timeout=FOREVER)  # finds MT701
""",
    "beside another session, with an adapter": """
import requests
from company import TimeoutAdapter

other = requests.Session()
other.mount("https://", TimeoutAdapter())
session = requests.Session()

def lambda_handler(event, context):
    other.get("https://example.com")
    return session.get("https://example.com").json()  # finds MT701
""",
    "a session with adapters of requests, which set none": """
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

session = requests.Session()
session.mount("https://", HTTPAdapter(pool_maxsize=20))
session.mount("http://", HTTPAdapter(max_retries=Retry(3)))

def lambda_handler(event, context):
    return session.get("https://example.com").json()  # finds MT701
""",
    "a urllib3 pool": """
import urllib3

http = urllib3.PoolManager(retries=3)

def lambda_handler(event, context):
    http.request("GET", "https://example.com")  # finds MT701
    return urllib3.PoolManager().request("GET", "https://example.com", timeout=None)  # finds MT701
""",
    "urlopen": """
import urllib.request

def lambda_handler(event, context):
    return urllib.request.urlopen("https://example.com").read()  # finds MT701
""",
    "urlopen of a request to elsewhere": """
from urllib.request import Request, urlopen

BASE = "https://example.com"

def lambda_handler(event, context):
    request = Request(BASE + "/http://localhost", headers={"Host": "http://localhost"})
    return urlopen(request).read()  # finds MT701
""",
    "urlopen with data": """
from urllib.request import urlopen as ask

def lambda_handler(event, context):
    return ask("https://example.com", b"data").read()  # finds MT701
""",
    "connections of the standard library": """
import http.client
import socket
import smtplib
import ftplib

def lambda_handler(event, context):
    http.client.HTTPSConnection("example.com")  # finds MT701
    http.client.HTTPConnection("example.com", 80)  # finds MT701
    socket.create_connection(("example.com", 80))  # finds MT701
    smtplib.SMTP("example.com", 25)  # finds MT701
    ftplib.FTP("example.com")  # finds MT701
""",
    "psycopg2 and PyMySQL, while the handler's module is loaded": """
import psycopg2
import pymysql.cursors

orders = psycopg2.connect(host="db", password="x")  # finds MT701
users = pymysql.connect(host="db", connect_timeout=2)  # finds MT701

def lambda_handler(event, context):
    return orders.cursor(), users.cursor()
""",
    "httpx2 told to wait for ever": """
import httpx2

def lambda_handler(event, context):
    return httpx2.Client(timeout=None).get("https://example.com", timeout=3)  # finds MT701
""",
    "what has a limit, but a long one, or had none in older versions": """
import aiohttp
import asyncpg
import psycopg
import redis
import meantime

cache = redis.Redis(host="cache")  # finds MT701 likely
orders = psycopg.connect(host="db")  # finds MT701 likely

@meantime.warm
async def pool():
    async with asyncpg.create_pool("postgres://db") as made:  # finds MT701 likely
        yield made

@meantime.warm
async def http():
    async with aiohttp.ClientSession() as made:  # finds MT701 likely
        yield made

def lambda_handler(event, context):
    return cache.get("x")
""",
    "a database's timeout switched off": """
import asyncpg
import psycopg
import meantime

@meantime.warm
def orders():
    return psycopg.connect(host="db", connect_timeout=None)  # finds MT701 likely

def lambda_handler(event, context):
    return psycopg.connect(host="db", connect_timeout=None)  # finds MT701
""",
    "in what may be another function": """
import requests

session = requests.Session()

def load():
    return session.get("https://example.com")  # finds MT701 likely

def nothing():
    return None

def lambda_handler(event, context):
    work = load if event["load"] else nothing
    return work()
""",
    "an address that does not say it": """
import psycopg
import psycopg2

ADDRESS = "postgresql://db/users"
orders = psycopg2.connect("host=db dbname=orders")  # finds MT701
users = psycopg2.connect(dsn=ADDRESS)  # finds MT701
prices = psycopg.connect(conninfo="postgresql://db/prices")  # finds MT701 likely

def lambda_handler(event, context):
    return orders.cursor(), users.cursor()
""",
    "an address that may say it": """
import os
import psycopg2
import redis

orders = psycopg2.connect(os.environ["DATABASE_URL"])  # finds MT701 likely
users = psycopg2.connect(dsn=os.environ["DATABASE_URL"])  # finds MT701 likely
others = psycopg2.connect(os.environ["SETTINGS"], host="db")  # finds MT701 likely
cache = redis.Redis.from_url(os.environ["CACHE_URL"])  # finds MT701 likely
names = redis.from_url("redis://cache")  # finds MT701 likely

def lambda_handler(event, context):
    return orders.cursor(), users.cursor(), cache.get("x")
""",
    "where no handler is": """
import requests

session = requests.Session()

def load():
    return session.get("https://example.com")  # finds MT701 likely
""",
    "under Meantime's handler, which ends at the deadline": """
import meantime
import requests

session = requests.Session()

@meantime.handler
def lambda_handler(event, context):
    return session.get("https://example.com").json()  # finds MT701 likely
""",
    "in a module that no handler imports": """
import psycopg2

orders = psycopg2.connect(host="db")  # finds MT701 likely
""",
    "a session of which one request has no timeout of its own": """
import aiohttp

async def load(urls):
    async with aiohttp.ClientSession() as http:  # finds MT701 likely
        await http.get(urls[0], timeout=aiohttp.ClientTimeout(total=2))
        await http.get(urls[1])
""",
    "a stream that is followed for ever, which may be meant": """
import httpx

async def lambda_handler(event, context):
    async with httpx.AsyncClient(timeout=None) as http:  # finds MT701 likely
        async with http.stream("GET", event["url"]) as answer:
            print(answer.status_code)
    with httpx.stream("GET", event["url"], timeout=None) as answer:  # finds MT701 likely
        print(answer.status_code)
""",
}

RUFFS = """
import requests

def load():
    return requests.get("https://example.com")  # finds MT701
"""

SILENT = {
    "a timeout in the call": """
import requests

session = requests.Session()

def lambda_handler(event, context):
    return session.get("https://example.com", timeout=(1, 5)).json()
""",
    "a timeout from elsewhere": """
import requests
from company import TIMEOUT

session = requests.Session()

def lambda_handler(event, context):
    return session.get("https://example.com", timeout=TIMEOUT).json()
""",
    "options from elsewhere": """
import requests

session = requests.Session()

def load(url, **options):
    return session.get(url, **options)

def lambda_handler(event, context):
    return load("https://example.com", timeout=2)
""",
    "arguments from elsewhere": """
from urllib.request import urlopen

def load(*arguments):
    return urlopen(*arguments)

def lambda_handler(event, context):
    return load("https://example.com", None, 2)
""",
    "a timeout by place": """
import http.client
import socket
import smtplib
import ftplib
from urllib.request import urlopen

def lambda_handler(event, context):
    urlopen("https://example.com", None, 2)
    http.client.HTTPConnection("example.com", 80, 2)
    socket.create_connection(("example.com", 80), 2)
    smtplib.SMTP("example.com", 25, "me", 2)
    ftplib.FTP("example.com", "user", "password", "account", 2)
""",
    "a urllib3 pool that has a timeout, or may have one": """
import urllib3

OPTIONS = {"timeout": 5}
http = urllib3.PoolManager(timeout=5)
other = urllib3.PoolManager(**OPTIONS)
third = urllib3.PoolManager()

def lambda_handler(event, context):
    third.request("GET", "https://example.com", timeout=5)
    other.request("GET", "https://example.com")
    return http.request("GET", "https://example.com")
""",
    "a urllib3 pool that somebody gives": """
import urllib3

def load(http: urllib3.PoolManager):
    return http.request("GET", "https://example.com")

def lambda_handler(event, context):
    return load(event.http)
""",
    "a timeout for all sockets": """
import socket
from urllib.request import urlopen

socket.setdefaulttimeout(5)

def lambda_handler(event, context):
    return urlopen("https://example.com").read()
""",
    "an adapter that sets one": """
import requests
from company import TimeoutAdapter

session = requests.Session()
session.mount("https://", TimeoutAdapter())

def lambda_handler(event, context):
    return session.get("https://example.com").json()
""",
    "an adapter that sets one, beside one of requests": """
import requests
from company import TimeoutAdapter
from requests.adapters import HTTPAdapter

session = requests.Session()
session.mount("http://", HTTPAdapter())
session.mount("https://", TimeoutAdapter())

def lambda_handler(event, context):
    return session.get("https://example.com").json()
""",
    "an adapter of an own class": """
import requests
from requests.adapters import HTTPAdapter

class Adapter(HTTPAdapter):
    def send(self, request, **options):
        options["timeout"] = options.get("timeout") or 5
        return super().send(request, **options)

session = requests.Session()
session.mount("https://", Adapter())

def lambda_handler(event, context):
    return session.get("https://example.com").json()
""",
    "a session of an own class": """
import requests

class Session(requests.Session):
    def request(self, *arguments, **options):
        options.setdefault("timeout", 5)
        return super().request(*arguments, **options)

session = Session()

def lambda_handler(event, context):
    return session.get("https://example.com").json()
""",
    "a session that is patched": """
from functools import partial
import requests

session = requests.Session()
session.request = partial(session.request, timeout=5)

def lambda_handler(event, context):
    return session.get("https://example.com").json()
""",
    "a session that somebody gives": """
import requests

def load(session: requests.Session):
    return session.get("https://example.com").json()

def lambda_handler(event, context):
    return load(event.session)
""",
    "asyncio's timeout around it": """
import asyncio
import httpx2

async def load(client):
    async with asyncio.timeout(5):
        return await httpx2.AsyncClient(timeout=None).get("https://example.com")
""",
    "asyncio's timeout around what calls it": """
import asyncio
import httpx2

async def load(client):
    return await httpx2.AsyncClient(timeout=None).get("https://example.com")

async def main(client):
    await asyncio.wait_for(load(client), 5)
    async with asyncio.timeout(5):
        return await load(client)
""",
    "an address that says it": """
import os
import psycopg
import psycopg2
import redis

ADDRESS = f"host={os.environ['HOST']} connect_timeout=2"
orders = psycopg2.connect("host=db connect_timeout=2")
users = psycopg2.connect(dsn="postgresql://db/users?connect_timeout=2")
prices = psycopg.connect(conninfo="postgresql://db/prices?connect_timeout=2")
others = psycopg2.connect(ADDRESS)
cache = redis.Redis.from_url("redis://cache?socket_timeout=1")
names = redis.asyncio.from_url(url="redis://cache?socket_timeout=1")

def lambda_handler(event, context):
    return orders.cursor(), users.cursor(), cache.get("x")
""",
    "a pool that has one": """
import redis

pool = redis.ConnectionPool(socket_timeout=2)
cache = redis.Redis(connection_pool=pool)

def lambda_handler(event, context):
    return cache.get("x")
""",
    "a timeout of the database's own name": """
import psycopg2
import pymysql
import redis

orders = psycopg2.connect(host="db", connect_timeout=2)
users = pymysql.connect(host="db", read_timeout=2)
cache = redis.Redis(host="cache", socket_timeout=1)

def lambda_handler(event, context):
    return orders.cursor()
""",
    "the same machine": """
from urllib.request import urlopen

PARAMETERS = "http://localhost:2773/systemsmanager/parameters/get"

def lambda_handler(event, context):
    return urlopen(PARAMETERS).read(), urlopen("file:///tmp/x").read()
""",
    "the same machine, by a base and a request": """
from urllib.request import Request, urlopen

BASE = "http://localhost:8124"

def lambda_handler(event, context):
    url = BASE + "/flush"
    return urlopen(Request(url)).read()
""",
    "httpx, which has one by itself": """
import httpx

client = httpx.Client()

def lambda_handler(event, context):
    return client.get("https://example.com").json()
""",
    "Meantime's own": """
import meantime
from meantime import clients

session = clients.requests()

@meantime.handler
def lambda_handler(event, context):
    return session.get("https://example.com").json()
""",
    "a session whose requests all have timeouts of their own": """
import aiohttp

async def load(urls):
    async with aiohttp.ClientSession() as http:
        await http.get(urls[0], timeout=aiohttp.ClientTimeout(total=2))
        await http.post(urls[1], timeout=aiohttp.ClientTimeout(total=2))
""",
}


@pytest.mark.parametrize("source", FOUND.values(), ids=FOUND)
def test_it_finds_what_waits_for_ever(finds, source):
    finds("MT701", source)


@pytest.mark.parametrize("source", SILENT.values(), ids=SILENT)
def test_it_is_silent_where_something_limits_the_call(finds, source):
    finds("MT701", source)


@pytest.mark.parametrize(
    "call",
    [
        'urllib.request.urlopen("https://example.com")',
        'http.client.HTTPConnection("example.com")',
        'socket.create_connection(("example.com", 80))',
        'smtplib.SMTP("example.com")',
        'ftplib.FTP("example.com")',
    ],
)
def test_a_timeout_of_all_sockets_is_one_of_each_that_is_made(finds, call):
    source = f"""
import ftplib
import http.client
import smtplib
import socket
import urllib.request

def lambda_handler(event, context):
    return {call}  # finds MT701
"""

    finds("MT701", source)
    finds("MT701", source.replace("  # finds MT701", "") + "\nsocket.setdefaulttimeout(5)\n")


@pytest.mark.parametrize(
    "address",
    ["http://localhost:2773", "http://127.0.0.1:9001", "http://[::1]:80", "http://169.254.170.2", "file:x", "data:,x"],
)
def test_what_answers_on_this_machine_needs_no_timeout(finds, address):
    finds(
        "MT701",
        f"""
from urllib.request import urlopen

def lambda_handler(event, context):
    return urlopen("{address}/x").read()
""",
    )


def test_it_knows_which_lines_ruff_finds_too(findings_of):
    source = """
import httpx
import requests

def load():
    requests.get("https://example.com")
    httpx.get("https://example.com", timeout=None)
    httpx.AsyncClient(timeout=None)
"""

    found = findings_of("MT701", source)

    assert [(each.place.line, each.level, each.also_found_by) for each in found] == [
        (6, "error", ("S113",)),
        (7, "error", ("S113",)),
        (8, "error", ("S113",)),
    ]


def test_what_ruff_does_not_find_is_ours_alone(findings_of):
    (finding,) = findings_of("MT701", FOUND["urlopen"])

    assert finding.also_found_by == ()


def test_it_counts_the_modules_that_a_handler_imports(finds):
    finds(
        "MT701",
        {
            "app.py": """
from database import orders

def lambda_handler(event, context):
    return orders.cursor()
""",
            "database.py": """
import connections

orders = connections.orders
""",
            "connections.py": """
import psycopg2

orders = psycopg2.connect(host="db")  # finds MT701
""",
        },
    )


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (
            "connections of the standard library",
            (
                "`http.client.HTTPSConnection` waits for an answer for ever: Lambda kills the function without a word. "
                "Give it `timeout=`."
            ),
        ),
        ("where no handler is", "`session.get` waits for an answer for ever. Give it `timeout=`."),
        (
            "a database's timeout switched off",
            "`psycopg.connect` waits to connect for ever. Give it `connect_timeout=`.",
        ),
        (
            "what has a limit, but a long one, or had none in older versions",
            "`redis.Redis` waits for an answer (redis-py before 8.0) for ever. Give it `socket_timeout=`.",
        ),
    ],
)
def test_it_says_what_it_waits_for_and_what_to_write(findings_of, case, message):
    first, *_ = findings_of("MT701", FOUND[case])

    assert first.message == message


def test_it_says_how_long_where_there_is_a_limit(findings_of):
    _, second, *_ = findings_of("MT701", FOUND["what has a limit, but a long one, or had none in older versions"])

    assert second.message == "`psycopg.connect` waits up to 130 s to connect. Give it `connect_timeout=`."


def test_it_tells_the_way_from_the_handler(findings_of):
    (finding,) = findings_of("MT701", FOUND["a session in a with block, in a helper"])

    assert [step.text.replace("`", "") for step in finding.chain] == ["lambda_handler calls load"]


@pytest.mark.parametrize("source", [FOUND["a session at module level"], RUFFS])
def test_it_is_only_likely_to_matter_in_a_test(finds, source):
    finds("MT701", {"tests/test_app.py": source.replace("# finds MT701", "# finds MT701 likely")})
