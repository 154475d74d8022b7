"""MT201: a blocking call that stands in a coroutine function itself."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            """
import boto3

s3 = boto3.client("s3")


async def read(key):
    return s3.get_object(Bucket="orders", Key=key)  # finds MT201
""",
            id="a client of boto3 at module level",
        ),
        pytest.param(
            """
import boto3


class Store:
    def __init__(self, name):
        self._table = boto3.resource("dynamodb").Table(name)
        self._client = boto3.Session().client("dynamodb")

    async def load(self, key):
        self._client.get_paginator("scan").paginate(TableName="x")  # finds MT201
        self._client.get_waiter("table_exists").wait(TableName="x")  # finds MT201
        return self._table.get_item(Key={"id": key})  # finds MT201
""",
            id="attributes: a table, a client of a session, its paginator and waiter",
        ),
        pytest.param(
            {
                "app.py": """
from resources import queue as orders


async def send(body):
    orders.send_message(QueueUrl="q", MessageBody=body)  # finds MT201
""",
                "resources.py": """
from boto3 import client as make

queue = make("sqs")
""",
            },
            id="a client of another file, by other names",
        ),
        pytest.param(
            """
import requests


async def load(urls):
    with requests.Session() as session:
        return [session.get(url, timeout=5) for url in urls]  # finds MT201
""",
            id="a session of requests in a with block",
        ),
        pytest.param(
            """
import boto3


def lambda_handler(event, context):
    s3 = boto3.client("s3")
    return run(s3, event["key"])


async def run(client, key):
    return client.get_object(Bucket="orders", Key=key)  # finds MT201
""",
            id="a client given as an argument",
        ),
        pytest.param(
            """
import psycopg2


async def load():
    with psycopg2.connect("dbname=orders") as connection:  # finds MT201
        cursor = connection.cursor()
        cursor.execute("SELECT 1")  # finds MT201
        return cursor.fetchone()
""",
            id="a database: connecting and executing, not what is fetched already",
        ),
        pytest.param(
            """
from redis import Redis

cache = Redis(host="cache")


async def load(keys):
    pipeline = cache.pipeline()
    for key in keys:
        pipeline.get(key)
    pipeline.execute()  # finds MT201
    cache.get(0)  # finds MT201
    cache.get("key", timeout=0)  # finds MT201
    cache.get(0.001)  # finds MT201
    return cache.get("key")  # finds MT201
""",
            id="redis: commands and a pipeline's execution, not what is put in it",
        ),
        pytest.param(
            """
from concurrent.futures import ThreadPoolExecutor

executor = ThreadPoolExecutor(4)


async def work(items):
    first = executor.submit(len, items).result()  # finds MT201
    rest = list(executor.map(len, items))  # finds MT201
    for each in executor.map(len, items):  # finds MT201
        print(each)
    executor.shutdown()  # finds MT201
    return first, rest
""",
            id="waiting for an executor",
        ),
        pytest.param(
            """
import asyncio
import queue
import threading

inbox = queue.Queue()
done = threading.Event()


async def work():
    thread = threading.Thread(target=print)
    thread.start()
    thread.join()  # finds MT201
    done.wait()  # finds MT201
    inbox.get()  # finds MT201
    inbox.get(timeout=5)  # finds MT201
    await asyncio.sleep(1)


async def others():
    await asyncio.sleep(1)
""",
            id="waiting for a thread, an event, a queue",
        ),
        pytest.param(
            """
import socket
import time
import subprocess
from subprocess import Popen, run

PAUSE = 2


async def work():
    time.sleep(PAUSE)  # finds MT201
    time.sleep(0.01)  # finds MT201
    socket.getaddrinfo("example.com", 80)  # finds MT201
    run(["ls"])  # finds MT201
    process = Popen(["ls"])  # finds MT201 likely
    process.wait()  # finds MT201
    return subprocess.check_output(["ls"])  # finds MT201
""",
            id="sleeping and subprocesses",
        ),
        pytest.param(
            """
from aws_lambda_powertools.utilities import parameters


async def secret():
    return parameters.get_secret("database")  # finds MT201
""",
            id="Powertools' parameters",
        ),
        pytest.param(
            """
import os


async def end(pid):
    os.waitpid(pid, 0)  # finds MT201
    os.waitpid(*pid)  # finds MT201
    os.spawnvp(os.P_WAIT, "ls", [])  # finds MT201
    os.spawnvp(os.P_NOWAIT, "ls", [])  # finds MT201 likely
""",
            id="waiting for a process",
        ),
        pytest.param(
            """
from meantime import clients, threads

s3 = clients.boto3("s3")
session = clients.requests()


async def load(keys):
    session.get("https://example.com")  # finds MT201
    s3.head_bucket(Bucket="orders")  # finds MT201
    return threads.map(len, keys)  # finds MT201
""",
            id="Meantime's own blocking clients and verbs",
        ),
        pytest.param(
            """
import requests


async def main():
    async def load():
        return requests.get("https://example.com", timeout=5)  # finds MT201

    return await load()
""",
            id="a coroutine function inside another",
        ),
        pytest.param(
            {
                "tests/serving.py": """
import time


async def work():
    time.sleep(1)  # finds MT201 likely
""",
                "test/serving.py": "import time\n\n\nasync def work():\n    time.sleep(1)  # finds MT201 likely\n",
                "testing/serving.py": "import time\n\n\nasync def work():\n    time.sleep(1)  # finds MT201 likely\n",
                "conftest.py": "import time\n\n\nasync def work():\n    time.sleep(1)  # finds MT201 likely\n",
                "test_app.py": """
import time


async def test_work():
    time.sleep(1)  # finds MT201 likely
""",
                "app_test.py": """
import time


async def test_work():
    time.sleep(1)  # finds MT201 likely
""",
                "testament.py": """
import time


async def work():
    time.sleep(1)  # finds MT201
""",
            },
            id="in a test suite it is likely",
        ),
        pytest.param(
            """
import asyncio
import multiprocessing
import queue
import socket
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait

inbox = queue.Queue()
lock = threading.Lock()
executor = ThreadPoolExecutor()


async def work(fake):
    future = executor.submit(len, "")
    future.result()  # finds MT201 likely
    future.exception()  # finds MT201 likely
    started = asyncio.run_coroutine_threadsafe(after(1), fake)
    started.result()  # finds MT201 likely
    of_name = executor.submit(len, "").result
    of_name()  # finds MT201 likely
    get = inbox.get
    get()  # finds MT201 likely
    print(lock.acquire())  # finds MT201 likely
    while not inbox.empty():
        inbox.get()
    sqlite3.connect("x").execute("SELECT 1")  # finds MT201 likely
    time.sleep(0.001)  # finds MT201 likely
    socket.getaddrinfo("10.0.0.1", 80, flags=socket.AI_NUMERICHOST)  # finds MT201 likely
    pages = executor.map(len, [])  # finds MT201 likely
    return pages


async def after(futures):
    thread = threading.Thread(target=print)
    thread.start()
    await work(1)
    thread.join()  # finds MT201 likely
    wait(futures)  # finds MT201 likely
    multiprocessing.Process(target=print).join()  # finds MT201 likely
    executor.submit(len, "").result()  # finds MT201


async def either(is_test):
    client = __import__("fake") if is_test else None
    pick = time.sleep if is_test else print
    pick(1)  # finds MT201 likely
""",
            id="what may be over in a moment is likely",
        ),
        pytest.param(
            """
import asyncio

import boto3

s3 = boto3.client("s3")


async def load(key):
    answer = await asyncio.to_thread(s3.get_object, Bucket="b", Key=key)
    return answer["Body"].read()  # finds MT201
""",
            id="reading what a thread has asked for",
        ),
        pytest.param(
            """
import asyncio

import boto3

s3 = boto3.client("s3")


async def load(key):
    loop = asyncio.get_running_loop()
    answer = await loop.run_in_executor(None, lambda: s3.get_object(Bucket="b", Key=key))
    body = answer["Body"]
    return body.read()  # finds MT201
""",
            id="reading what a lambda on a thread has asked for",
        ),
    ],
)
def test_finds(finds, files):
    finds("MT201", files)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            """
import asyncio

import boto3

s3 = boto3.client("s3")


async def read(key):
    return await asyncio.to_thread(s3.get_object, Bucket="orders", Key=key)


async def other(loop, key):
    return await loop.run_in_executor(None, lambda: s3.get_object(Bucket="orders", Key=key))
""",
            id="handed to a thread",
        ),
        pytest.param(
            """
import boto3
import meantime

s3 = boto3.client("s3")
get_object = meantime.in_thread(s3.get_object)


async def read(key):
    return await get_object(Bucket="orders", Key=key)
""",
            id="made awaitable by Meantime",
        ),
        pytest.param(
            """
from concurrent.futures import ThreadPoolExecutor

import boto3

s3 = boto3.client("s3")


async def link(key):
    paginator = s3.get_paginator("list_objects_v2")
    waiter = s3.get_waiter("object_exists")
    print(paginator, waiter, s3.can_paginate("x"), s3.meta.config, s3.exceptions.NoSuchKey())
    s3.close()
    return s3.generate_presigned_url("get_object", Params={"Bucket": "orders", "Key": key})


def pages():
    return s3.get_paginator("scan")


async def lazily():
    return pages().paginate(TableName="orders")


async def map_lazily(items):
    return ThreadPoolExecutor().map(len, items)
""",
            id="what a client of boto3 does by itself",
        ),
        pytest.param(
            """
import aioboto3

session = aioboto3.Session()


async def read(key):
    async with session.client("s3") as s3:
        return await s3.get_object(Bucket="orders", Key=key)
""",
            id="an async client",
        ),
        pytest.param(
            """
import httpx
import redis.asyncio as redis

cache = redis.Redis()


async def load(url):
    async with httpx.AsyncClient() as client:
        await client.get(url)
    return await cache.get(url)
""",
            id="async clients of httpx and redis",
        ),
        pytest.param(
            """
from redis import Redis


async def load(cache: Redis, key):
    return await cache.get(key)
""",
            id="what is awaited, whatever the annotation says",
        ),
        pytest.param(
            """
import requests


def load(url):
    return requests.get(url, timeout=5)


async def main():
    def inside():
        return requests.get("https://example.com", timeout=5)

    return inside
""",
            id="in plain functions",
        ),
        pytest.param(
            """
import asyncio
import multiprocessing
import os
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor

inbox = queue.Queue()
lock = threading.Lock()
executor = ThreadPoolExecutor()
POLL = 0


async def look(future):
    time.sleep(0)
    time.sleep(POLL)
    inbox.get(block=False)
    inbox.get(False)
    lock.acquire(False)
    executor.shutdown(False)
    executor.submit(len, "").exception(0)
    inbox.get(timeout=0)
    inbox.get_nowait()
    lock.acquire(blocking=False)
    threading.Thread().join(0)
    multiprocessing.Process().join(0)
    asyncio.run_coroutine_threadsafe(look(1), future).result(timeout=0)
    executor.shutdown(wait=False)
    executor.submit(len, "").result(0)
    os.waitpid(1, os.WNOHANG)
    os.wait4(1, os.WNOHANG)
    os.waitid(os.P_PID, 1, os.WEXITED | os.WNOHANG)
""",
            id="told not to wait",
        ),
        pytest.param(
            """
async def read(path):
    with open(path) as file:
        return file.read()
""",
            id="a local file",
        ),
        pytest.param(
            """
import asyncio

inbox = asyncio.Queue()
lock = asyncio.Lock()


async def work(task):
    await asyncio.wait_for(lock.acquire(), 5)
    await inbox.get()
    return task.result(), inbox.get_nowait()
""",
            id="asyncio's own queues, locks and tasks",
        ),
        pytest.param(
            """
class Client:
    def get(self, url): ...


requests = Client()


async def load(url):
    return requests.get(url)
""",
            id="another thing of that name",
        ),
        pytest.param(
            """
import asyncio
import io

import boto3

s3 = boto3.client("s3")


def fetch(key):
    return {"Body": io.BytesIO()}


def ask(key):
    return s3.get_object(Bucket="b", Key=key)


async def load(key):
    answer = await asyncio.to_thread(fetch, key)
    head = await asyncio.to_thread(s3.head_object, Bucket="b", Key=key)
    answer["Body"].read()
    head["ContentLength"].bit_length()
""",
            id="reading what is in memory, and what may have been read",
        ),
        pytest.param(
            """
from urllib.request import urlopen


async def decode(uri, other):
    if uri.startswith("data:"):
        urlopen(uri)
        urlopen(other)  # finds MT201
        urlopen(timeout=5, url=uri)  # finds MT201
        urlopen()  # finds MT201
    else:
        urlopen(uri)  # finds MT201
    if not uri.startswith("data:"):
        raise ValueError(uri)
    with urlopen(uri) as answer:
        return answer.read()


async def load(uri):
    if uri.startswith("https:"):
        urlopen(uri)  # finds MT201
    if not uri.endswith("data:"):
        raise ValueError(uri)
    urlopen(uri)  # finds MT201
""",
            id="what is known to be in the address itself",
        ),
        pytest.param(
            """
import subprocess


async def stop(process_arguments):
    process = subprocess.Popen(process_arguments)  # finds MT201 likely
    if process.poll() is not None:
        return process.communicate()
    else:
        process.wait()  # finds MT201
""",
            id="a process that has ended, and one that has not",
        ),
        pytest.param(
            """
import asyncio
from concurrent.futures import ThreadPoolExecutor

pool = ThreadPoolExecutor(max_workers=2)


async def main():
    future = pool.submit(print)
    futures = [pool.submit(print)]
    await asyncio.gather(*map(asyncio.wrap_future, futures))
    return future.result()
""",
            id="a future that has been awaited",
        ),
        pytest.param(
            """
import time

import trio


async def main():
    time.sleep(1)
""",
            id="a coroutine of Trio",
        ),
    ],
)
def test_stays_silent(finds, files):
    finds("MT201", files)


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        pytest.param("requests.get('x', timeout=1)", ("ASYNC210",), id="requests"),
        pytest.param("httpx.post('x')", ("ASYNC210",), id="httpx"),
        pytest.param("urllib.request.urlopen('x')", ("ASYNC210",), id="urllib"),
        pytest.param("httpx.stream('GET', 'x')", (), id="httpx.stream, which ruff does not know"),
        pytest.param("httpx.Client().get('x')", (), id="an httpx client without a name"),
        pytest.param("kept.get('x')", (), id="an httpx client at module level"),
        pytest.param("local.get('x')", ("ASYNC212",), id="an httpx client in the function"),
        pytest.param("given.get('x')", ("ASYNC212",), id="an httpx client as an annotated parameter"),
        pytest.param("session.get('x')", (), id="a session of requests"),
        pytest.param("subprocess.run(['x'])", ("ASYNC221",), id="subprocess.run"),
        pytest.param("urllib3.request('GET', 'x')", ("ASYNC210",), id="urllib3"),
        pytest.param("os.popen('x')", ("ASYNC220",), id="os.popen"),
        pytest.param("handed.get('x')", (), id="an httpx client as a parameter without annotation"),
        pytest.param("(time.sleep if given else nap2)(1)", (), id="one of two"),
        pytest.param("os.system('x')", ("ASYNC221",), id="os.system"),
        pytest.param("subprocess.Popen(['x'])", ("ASYNC220",), id="Popen"),
        pytest.param("subprocess.Popen(['x']).wait()", ("ASYNC220",), id="Popen and wait, in one line"),
        pytest.param("process.wait()", (), id="a process's wait"),
        pytest.param("os.wait()", ("ASYNC222",), id="os.wait"),
        pytest.param("input()", ("ASYNC250",), id="input"),
        pytest.param("time.sleep(1)", ("ASYNC251",), id="time.sleep"),
        pytest.param("nap(1)", ("ASYNC251",), id="time.sleep by another name"),
        pytest.param("pause(1)", (), id="time.sleep by assignment"),
        pytest.param("s3.list_buckets()", (), id="boto3"),
    ],
)
def test_names_ruffs_rule_for_the_same_line(findings_of, line, codes):
    found = findings_of(
        "MT201",
        f"""
import os, subprocess, time, urllib.request, urllib3
from time import sleep as nap
import boto3, httpx, requests

kept = httpx.Client()
session = requests.Session()
s3 = boto3.client("s3")
pause = time.sleep


async def work(given: httpx.Client, handed, nap2=subprocess.call):
    local = httpx.Client()
    process = subprocess.Popen(["y"])
    {line}


async def main():
    await work(httpx.Client(), httpx.Client())
""",
    )
    assert {each.also_found_by for each in found if each.place.line == 15} == {codes}


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("requests.get('x')", "Use `httpx.AsyncClient` or aiohttp, or `await asyncio.to_thread(requests.get, …)`."),
        ("subprocess.run('x')", "Use `await asyncio.create_subprocess_exec(…)`, or `await asyncio.to_thread("),
        ("psycopg.connect('x')", "Use an async driver, or `await asyncio.to_thread("),
        ("redis.Redis().get('x')", "Use `redis.asyncio`, or `await asyncio.to_thread(redis.Redis(…).get, …)`."),
        ("openai.OpenAI().responses.create()", "Use the library's async client, or `await asyncio.to_thread("),
        ("socket.gethostbyname('x')", "Use `await loop.getaddrinfo(…)`, or `await asyncio.to_thread("),
        ("smtplib.SMTP().quit()", "Use `asyncio.open_connection` or an async library, or `await asyncio.to_thread("),
        ("boto3.client('s3').list_buckets()", ": every other task waits. Use `await asyncio.to_thread("),
    ],
)
def test_advises_by_what_it_waits_for(findings_of, line, advice):
    (found,) = findings_of(
        "MT201",
        "import boto3, openai, psycopg, redis, requests, smtplib, socket, subprocess\n\n\n"
        f"async def work():\n    {line}\n",
    )
    assert advice in found.message


def test_says_what_to_do(findings_of):
    first, second, third = findings_of(
        "MT201",
        """
import time
import boto3
from meantime import threads

s3 = boto3.client("s3")


async def work():
    time.sleep(1)
    s3.list_buckets()
    threads.gather(len)
""",
    )
    assert "Use `await asyncio.sleep(…)`, or `await asyncio.to_thread(time.sleep, …)`." in first.message
    assert "`s3.list_buckets` (a call to AWS) blocks the event loop that `work` runs on" in second.message
    assert "Use `await asyncio.to_thread(s3.list_buckets, …)`." in second.message
    assert "Use `await meantime.tasks.gather(…)`." in third.message


def test_says_to_read_an_answer_on_the_thread_that_asks(findings_of):
    (found,) = findings_of(
        "MT201",
        """
import asyncio

import boto3

s3 = boto3.client("s3")


async def load(key):
    return (await asyncio.to_thread(s3.get_object, Bucket="b", Key=key))["Body"].read()
""",
    )
    assert found.message.startswith('`asyncio.to_thread(…)["Body"].read` (reading an answer from AWS) blocks')
    assert found.message.endswith("Read it where it is asked for, in the function that the thread runs.")


def test_says_to_go_over_pages_on_the_thread(findings_of):
    (found,) = findings_of(
        "MT201",
        """
import boto3

s3 = boto3.client("s3")


async def main():
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="b"):
        print(page)
""",
    )
    assert found.message.endswith("in a function that `asyncio.to_thread` runs.")
