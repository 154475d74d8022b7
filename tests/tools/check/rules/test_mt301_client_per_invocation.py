"""MT301: a client that is made anew in each invocation."""

from __future__ import annotations

import pytest

FOUND = {
    "in the handler": """
import boto3

def lambda_handler(event, context):
    s3 = boto3.client("s3")  # finds MT301
    return s3.get_object(Bucket="orders", Key=event["key"])
""",
    "used where it is made": """
import boto3

def lambda_handler(event, context):
    return boto3.client("s3").get_object(Bucket="orders", Key=event["key"])  # finds MT301
""",
    "imported under another name": """
from boto3 import client as aws

def lambda_handler(event, context):
    return aws("s3").list_buckets()  # finds MT301
""",
    "a resource, of what the environment and a constant say": """
import os
import boto3
from botocore.config import Config

REGION = "eu-central-1"

def lambda_handler(event, context):
    settings = Config(read_timeout=2)
    table = boto3.resource(  # finds MT301
        "dynamodb", region_name=REGION, endpoint_url=os.environ.get("ENDPOINT"), config=settings
    ).Table(os.environ["TABLE"])
    return table.get_item(Key={"id": event["id"]})
""",
    "a session, not also the client that is made from it": """
import boto3

def lambda_handler(event, context):
    session = boto3.session.Session()  # finds MT301
    return session.client("s3").list_buckets()
""",
    "a client of a session at module level": """
import boto3

session = boto3.Session()

def lambda_handler(event, context):
    return session.client("s3").list_buckets()  # finds MT301
""",
    "the article's async main": """
import asyncio
import httpx

async def main(event):
    async with httpx.AsyncClient() as client:  # finds MT301
        return (await client.get("https://api.example.com", timeout=5)).json()

def lambda_handler(event, context):
    return asyncio.run(main(event))
""",
    "returned by a helper that the handler calls": """
import boto3

def get_client():
    return boto3.client("s3")  # finds MT301

def lambda_handler(event, context):
    return get_client().list_buckets()
""",
    "returned by name": """
import boto3

def get_client():
    client = boto3.client("s3")  # finds MT301
    return client

def lambda_handler(event, context):
    return get_client().list_buckets()
""",
    "in the constructor of what the handler makes": """
import boto3

class Store:
    def __init__(self):
        self.s3 = boto3.client("s3")  # finds MT301

    def load(self, key):
        return self.s3.get_object(Bucket="orders", Key=key)

def lambda_handler(event, context):
    return Store().load(event["key"])
""",
    "under a condition that has nothing to do with it": """
import boto3

def lambda_handler(event, context):
    if event["notify"]:
        sns = boto3.client("sns")  # finds MT301
        sns.publish(TopicArn="arn", Message="done")
""",
    "in the constructor of ordinary classes": """
from abc import ABCMeta
from dataclasses import dataclass
import boto3

class Base(metaclass=ABCMeta):
    pass

class Store(Base):
    def __init__(self):
        self.s3 = boto3.client("s3")  # finds MT301

@dataclass
class Queue:
    name: str

    def __init__(self):
        self.sqs = boto3.client("sqs")  # finds MT301

class Once(metaclass=type):
    def load(self):
        return boto3.client("sqs").list_queues()  # finds MT301

def lambda_handler(event, context):
    return Store().s3.list_buckets(), Queue().sqs.list_queues(), Once().load()
""",
    "in a method of a class that makes one object": """
import boto3

class Single(type):
    pass

class Service(metaclass=Single):
    def load(self):
        return boto3.client("sqs").list_queues()  # finds MT301

def lambda_handler(event, context):
    return Service().load()
""",
    "behind what nobody changes": """
import boto3

LEVEL = 1

class Settings:
    def __init__(self, level):
        self.level = level
        self.name = None

    def rename(self, other):
        other.name = "x"
        self.names["x"] = 1

    def load(self):
        if self.level > 3:
            return None
        return boto3.client("ssm").get_parameter(Name="x")  # finds MT301

    def load_other(self, other):
        if other.name > "x":
            return None
        return boto3.client("ssm").get_parameter(Name="x")  # finds MT301

settings = Settings(LEVEL)

def lambda_handler(event, context):
    if LEVEL > 3:
        return None
    boto3.client("sns").publish(TopicArn="t", Message="m")  # finds MT301
    settings.load_other(settings)
    return settings.load()
""",
    "for a websocket and requests": """
import asyncio
import aiohttp

async def main():
    async with aiohttp.ClientSession() as session:  # finds MT301
        await session.get("https://example.com")
        return await session.ws_connect("wss://example.com")

async def nothing():
    async with aiohttp.ClientSession() as session:  # finds MT301
        return session

def lambda_handler(event, context):
    return asyncio.run(main()), asyncio.run(nothing())
""",
    "whose answer is kept, but not the client": """
import boto3

kept = {}

def lambda_handler(event, context):
    kept["buckets"] = boto3.client("s3").list_buckets()  # finds MT301
    return kept
""",
    "an engine with a pool": """
from sqlalchemy import create_engine
from sqlalchemy.pool import QueuePool

def lambda_handler(event, context):
    with create_engine("postgresql://x", poolclass=QueuePool).connect() as connection:  # finds MT301
        return connection.execute("SELECT 1")
""",
    "a client of a thread's own, which all may share": """
import boto3
from concurrent.futures import ThreadPoolExecutor

def load(key):
    return boto3.client("s3").head_object(Bucket="b", Key=key)  # finds MT301

def lambda_handler(event, context):
    with ThreadPoolExecutor(4) as pool:
        return pool.submit(load, event["key"]).result()
""",
    "in a custom resource, which runs once a deployment": """
import boto3
import cfnresponse

def lambda_handler(event, context):
    boto3.client("s3").list_buckets()  # finds MT301 likely
    cfnresponse.send(event, context, cfnresponse.SUCCESS, {})
""",
    "in a branch of a match": """
import boto3

def lambda_handler(event, context):
    match event["kind"]:
        case "notify":
            boto3.client("sns").publish(TopicArn="arn", Message="done")  # finds MT301
""",
    "in a condition": """
import boto3

def lambda_handler(event, context):
    if boto3.client("s3").list_buckets():  # finds MT301
        return "some"
""",
    "an SSL context": """
import ssl
from urllib.request import urlopen

def lambda_handler(event, context):
    return urlopen("https://example.com", timeout=2, context=ssl.create_default_context()).read()  # finds MT301
""",
    "a requests session in a with block": """
import requests

def lambda_handler(event, context):
    with requests.Session() as session:  # finds MT301
        return session.get("https://example.com", timeout=2).text
""",
    "under Meantime's handler too": """
import boto3
import meantime

@meantime.handler
def lambda_handler(event, context):
    return boto3.client("s3").list_buckets()  # finds MT301
""",
    "a database connection, which may be meant": """
import psycopg2

def lambda_handler(event, context):
    with psycopg2.connect(host="db", connect_timeout=2) as connection:  # finds MT301 likely
        return connection.cursor().execute("SELECT 1")
""",
    "of what an own function says": """
import redis

def address():
    return "cache.example.com"

def lambda_handler(event, context):
    return redis.Redis(host=address()).get(event["key"])  # finds MT301 likely
""",
    "of a parameter": """
import boto3

def load(service):
    return boto3.client(service).list_buckets()  # finds MT301 likely

def lambda_handler(event, context):
    return load("s3")
""",
    "a session whose headers are set afterwards": """
import requests

def lambda_handler(event, context):
    session = requests.Session()  # finds MT301 likely
    session.headers.update({"Authorization": event["token"]})
    return session.get("https://example.com", timeout=2).text
""",
    "a route of a web application": """
import httpx
from fastapi import FastAPI
from mangum import Mangum

app = FastAPI()

@app.get("/users/{user}")
async def get_user(user: int):
    async with httpx.AsyncClient() as client:  # finds MT301
        return (await client.get(f"https://api.example.com/users/{user}")).json()

handler = Mangum(app)
""",
    "what a route depends on, however it says so": """
from typing import Annotated
import boto3
from fastapi import Depends, FastAPI, Security
from mangum import Mangum

app = FastAPI()

def get_settings():
    return boto3.client("ssm").get_parameter(Name="x")  # finds MT301

def get_table(settings=Depends(get_settings)):
    return boto3.resource("dynamodb").Table("x")  # finds MT301

def get_queue():
    return boto3.client("sqs")  # finds MT301

def get_topic():
    return boto3.client("sns")  # finds MT301

async def check():
    boto3.client("sts").get_caller_identity()  # finds MT301

def nothing():
    return boto3.client("s3")

Queue = Annotated[object, Depends(get_queue)]

@app.get("/a", dependencies=[Security(check)])
def a(k: str, queue: Queue, topic: Annotated[object, Depends(get_topic)], table=Depends(get_table), other=nothing):
    return table.get_item(Key={"id": k})

handler = Mangum(app)
""",
    "below a decorator that is known": """
import boto3
from aws_lambda_powertools import Tracer

tracer = Tracer()

@tracer.capture_method
def load():
    return boto3.client("s3").list_buckets()  # finds MT301

@tracer.capture_lambda_handler
def lambda_handler(event, context):
    return load()
""",
    "in what may be another function": """
import boto3

def load():
    return boto3.client("s3").list_buckets()  # finds MT301 likely

def nothing():
    return None

def lambda_handler(event, context):
    work = load if event["load"] else nothing
    return work()
""",
    "on the way to an error only": """
import boto3

def lambda_handler(event, context):
    if event["bad"]:
        boto3.client("sns").publish(TopicArn="t", Message="bad")  # finds MT301 likely
        raise ValueError("bad")
    try:
        return event["key"]
    except KeyError:
        boto3.client("sqs").send_message(QueueUrl="q", MessageBody="bad")  # finds MT301 likely
""",
    "before one of several errors, or what may be none": """
import boto3

def lambda_handler(event, context):
    if event["bad"]:
        boto3.client("sns").publish(TopicArn="t", Message="bad")  # finds MT301 likely
        if event["worse"]:
            raise KeyError("worse")
        else:
            raise ValueError("bad")
    if event["good"]:
        boto3.client("sns").publish(TopicArn="t", Message="good")  # finds MT301
        if event["late"]:
            raise KeyError("late")
    if event["other"]:
        boto3.client("sns").publish(TopicArn="t", Message="good")  # finds MT301
        if event["late"]:
            print("late")
        else:
            raise KeyError("late")
""",
    "in several lines on the way to an error": """
import boto3

def lambda_handler(event, context):
    if event["bad"]:
        print(
            boto3.client("sns")  # finds MT301 likely
        )
        raise ValueError("bad")
""",
    "beside a block that raises": """
import boto3

def lambda_handler(event, context):
    if event["good"]:
        boto3.client("sns").publish(TopicArn="t", Message="good")  # finds MT301
    else:
        raise ValueError("bad")
""",
    "in a loop over the one record of an SNS event": """
import boto3

def lambda_handler(event, context):
    for record in event["Records"]:
        boto3.client("s3").put_object(Bucket="b", Key="k", Body=record["Sns"]["Message"])  # finds MT301
""",
    "behind a decorator that nobody knows": """
import boto3
from company import guarded

@guarded
def load():
    return boto3.client("s3").list_buckets()  # finds MT301 likely

def lambda_handler(event, context):
    return load()
""",
}

SILENT = {
    "at module level": """
import boto3

s3 = boto3.client("s3")

def lambda_handler(event, context):
    return s3.list_buckets()
""",
    "made by a helper at module level": """
import boto3

def make():
    return boto3.client("s3")

s3 = make()

def lambda_handler(event, context):
    return s3.list_buckets()
""",
    "under lru_cache": """
from functools import lru_cache
import boto3

@lru_cache(maxsize=None)
def s3():
    return boto3.client("s3")

def lambda_handler(event, context):
    return s3().list_buckets()
""",
    "below what is under a cache": """
import functools
import boto3

def load():
    return boto3.client("ssm").get_parameter(Name="/settings")["Parameter"]["Value"]

@functools.cache
def settings():
    return load()

def lambda_handler(event, context):
    return settings()
""",
    "under meantime.warm": """
import boto3
import meantime

@meantime.warm
def table():
    return boto3.resource("dynamodb").Table("orders")

@meantime.handler
def lambda_handler(event, context):
    return table().get_item(Key={"id": event["id"]})
""",
    "an async generator under meantime.warm": """
import httpx
import meantime

@meantime.warm(max_idle=60)
async def http():
    async with httpx.AsyncClient(timeout=5) as client:
        yield client

@meantime.handler
async def lambda_handler(event, context):
    client = await http()
    return (await client.get("https://example.com")).text
""",
    "a global that is filled once": """
import boto3

s3 = None

def lambda_handler(event, context):
    global s3
    if s3 is None:
        s3 = boto3.client("s3")
    return s3.list_buckets()
""",
    "a global that a helper's client is put into": """
import boto3

s3 = None

def make():
    return boto3.client("s3")

def lambda_handler(event, context):
    global s3
    if not s3:
        s3 = make()
    return s3.list_buckets()
""",
    "a helper that sets up once": """
import boto3

ready = False

def set_up():
    boto3.client("ssm").get_parameter(Name="/settings")

def lambda_handler(event, context):
    global ready
    if not ready:
        set_up()
        ready = True
""",
    "behind a flag that is set at the end": """
import boto3

loaded = False
begun = False

def load():
    global loaded
    if loaded:
        return
    boto3.client("ssm").get_parameter(Name="x")
    loaded = True

def settings():
    return boto3.client("ssm").get_parameter(Name="y")

def begin():
    global begun
    if begun:
        return
    settings()
    begun = True

def lambda_handler(event, context):
    load()
    begin()
""",
    "in a method that asks an attribute which it sets": """
import time
import boto3

class Settings:
    def __init__(self):
        self.until = 0

    def load(self):
        if self.until > time.time():
            return
        boto3.client("ssm").get_parameter(Name="x")
        self.until = time.time() + 60

    def renew(self):
        if self.until < time.time():
            boto3.client("ssm").get_parameter(Name="x")

settings = Settings()

def lambda_handler(event, context):
    settings.load()
    settings.renew()
""",
    "for one websocket": """
import asyncio
import aiohttp

async def main():
    async with aiohttp.ClientSession() as session:
        socket = await session.ws_connect("wss://example.com")
        session.detach()
        return socket

def lambda_handler(event, context):
    return asyncio.run(main())
""",
    "for an event loop that each item has": """
import asyncio
import httpx

async def one(key):
    async with httpx.AsyncClient() as client:
        return await client.get(key)

def lambda_handler(event, context):
    for key in event["keys"]:
        asyncio.run(one(key))
""",
    "a dictionary": """
import boto3

clients = {}

def client(name):
    if name not in clients:
        clients[name] = boto3.client("s3")
    return clients[name]

def lambda_handler(event, context):
    return client("s3").list_buckets()
""",
    "a dictionary that answers before": """
import boto3

times = {}

def load(pattern):
    if pattern in times:
        return times[pattern]
    found = boto3.client("cloudwatch").list_metrics()
    times[pattern] = found
    return found

def lambda_handler(event, context):
    return load(event["pattern"])
""",
    "a helper of what a dictionary answers before": """
import boto3

clients = {}

def session():
    made = boto3.Session()
    return made

def client(name):
    if name in clients:
        return clients[name]
    found = session().client("s3")
    clients[name] = found
    return found

def lambda_handler(event, context):
    return client("s3").list_buckets()
""",
    "a dictionary, by setdefault": """
import boto3

clients = {}

def lambda_handler(event, context):
    return clients.setdefault("s3", boto3.client("s3")).list_buckets()
""",
    "put into a dictionary by name": """
import boto3

clients = {}

def lambda_handler(event, context):
    client = clients.get("s3")
    if event:
        other = boto3.client("s3")
        clients["s3"] = other
    return client.list_buckets()
""",
    "an attribute that is filled when it is needed": """
import boto3

class Store:
    _s3 = None

    @property
    def s3(self):
        if self._s3 is None:
            self._s3 = boto3.client("s3")
        return self._s3

store = Store()

def lambda_handler(event, context):
    return store.s3.list_buckets()
""",
    "in the constructor of what is made at module level": """
import boto3

class App:
    def __init__(self):
        self.s3 = boto3.client("s3")

    def handle(self, event, context):
        return self.s3.list_buckets()

lambda_handler = App().handle
""",
    "only where none was given": """
import boto3

def load(key, s3=None):
    s3 = s3 or boto3.client("s3")
    return s3.get_object(Bucket="orders", Key=key)

def lambda_handler(event, context):
    return load(event["key"])
""",
    "only where none was given, in other words": """
import boto3

def load(key, s3=None):
    s3 = s3 if s3 else boto3.client("s3")
    return s3.get_object(Bucket="orders", Key=key)

def lambda_handler(event, context):
    return load(event["key"])
""",
    "for the region that the event names": """
import boto3

def lambda_handler(event, context):
    return boto3.client("s3", region_name=event["region"]).list_buckets()
""",
    "with credentials of an assumed role": """
import boto3

sts = boto3.client("sts")

def lambda_handler(event, context):
    found = sts.assume_role(RoleArn="arn", RoleSessionName="x")["Credentials"]
    return boto3.client("s3", aws_access_key_id=found["AccessKeyId"]).list_buckets()
""",
    "from a session with credentials": """
import boto3

sts = boto3.client("sts")

def lambda_handler(event, context):
    found = sts.assume_role(RoleArn="arn", RoleSessionName="x")["Credentials"]
    session = boto3.Session(aws_access_key_id=found["AccessKeyId"])
    return session.client("s3").list_buckets()
""",
    "where no handler is": """
import boto3

def main():
    return boto3.client("s3").list_buckets()
""",
    "sqlite, which costs nothing": """
import sqlite3

def lambda_handler(event, context):
    return sqlite3.connect("/tmp/x").execute("SELECT 1").fetchone()
""",
    "in a class whose metaclass keeps the one object": """
import boto3

class Singleton(type):
    kept = {}

    def __call__(cls):
        if cls not in cls.kept:
            cls.kept[cls] = super().__call__()
        return cls.kept[cls]

class Service(metaclass=Singleton):
    def __init__(self):
        self.client = boto3.client("s3")

def lambda_handler(event, context):
    return Service().client.list_buckets()
""",
    "in a class below one that keeps the one object": """
import boto3

class Single:
    kept = None

    def __new__(cls):
        cls.kept = cls.kept or super().__new__(cls)
        return cls.kept

class Service(Single):
    def __init__(self):
        self.client = boto3.client("s3")

def lambda_handler(event, context):
    return Service().client.list_buckets()
""",
    "in a class that a decorator may keep the one object of": """
import boto3
from company import component

@component
class Service:
    def __init__(self):
        self.client = boto3.client("s3")

@component(once=True)
class Other:
    def __init__(self):
        self.client = boto3.client("s3")

def lambda_handler(event, context):
    return Service().client.list_buckets(), Other().client.list_buckets()
""",
    "an engine that keeps no connection": """
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

def lambda_handler(event, context):
    with create_engine("postgresql://x", poolclass=NullPool).connect() as connection:
        return connection.execute("SELECT 1")
""",
    "a session of a thread's own": """
import threading
from concurrent.futures import ThreadPoolExecutor
import boto3

local = threading.local()

def begin():
    local.table = boto3.session.Session().resource("dynamodb").Table("orders")

def load(key):
    return local.table.get_item(Key={"id": key})

def lambda_handler(event, context):
    with ThreadPoolExecutor(4, initializer=begin) as pool:
        return list(pool.map(load, event["keys"]))
""",
    "a session that leads to what is kept": """
import threading
import boto3

local = threading.local()

def lambda_handler(event, context):
    local.table = boto3.Session().resource("dynamodb").Table("orders")
    local.s3 = boto3.Session().client("s3")
    local.bucket = boto3.Session().resource("s3").Bucket("orders")
    local.queue = boto3.Session().resource("sqs").Queue("orders")
    local.topic = boto3.Session().resource("sns").Topic("orders")
    return local.table.get_item(Key={"id": event["id"]})
""",
    "a session of what a thread runs": """
import boto3
from concurrent.futures import ThreadPoolExecutor

class Store:
    def __init__(self):
        self.table = boto3.session.Session().resource("dynamodb").Table("orders")

def load(key):
    return Store().table.get_item(Key={"id": key})

def lambda_handler(event, context):
    with ThreadPoolExecutor(4) as pool:
        return pool.submit(load, event["key"]).result()
""",
    "in a loop, which another rule tells": """
import boto3

def lambda_handler(event, context):
    for key in event["keys"]:
        s3 = boto3.client("s3")
        s3.delete_object(Bucket="orders", Key=key)
""",
}


@pytest.mark.parametrize("source", FOUND.values(), ids=FOUND)
def test_it_finds_a_client_that_each_invocation_makes(finds, source):
    finds("MT301", source)


@pytest.mark.parametrize("source", SILENT.values(), ids=SILENT)
def test_it_is_silent_where_the_client_is_kept_or_belongs_to_the_event(finds, source):
    finds("MT301", source)


def test_it_follows_the_handler_into_another_file(finds):
    finds(
        "MT301",
        {
            "app.py": """
from storage import load

def lambda_handler(event, context):
    return load(event["key"])
""",
            "storage.py": """
import boto3

def load(key):
    return boto3.client("s3").get_object(Bucket="orders", Key=key)  # finds MT301
""",
        },
    )


def test_it_tells_the_way_from_the_handler_and_what_to_do(findings_of):
    (finding,) = findings_of("MT301", FOUND["the article's async main"])

    assert [step.text.replace("`", "") for step in finding.chain] == ["lambda_handler calls main"]
    assert "`httpx.AsyncClient` makes an httpx client in each invocation" in finding.message
    assert "meantime.clients.httpx()" in finding.message


@pytest.mark.parametrize(
    ("case", "where"),
    [
        ("in the handler", "in each invocation, which"),
        ("under a condition that has nothing to do with it", "in each invocation that gets there, which"),
        ("beside a block that raises", "in each invocation that gets there, which"),
        ("in a branch of a match", "in each invocation that gets there, which"),
        ("in a condition", "in each invocation, which"),
    ],
)
def test_it_does_not_say_that_each_invocation_takes_a_branch(findings_of, case, where):
    (finding,) = findings_of("MT301", FOUND[case])

    assert where in finding.message


def test_it_is_only_likely_to_matter_in_a_test(finds):
    source = FOUND["in the handler"]

    finds("MT301", {"tests/test_app.py": source.replace("# finds MT301", "# finds MT301 likely")})


@pytest.mark.parametrize(
    ("imported", "decorator"),
    [
        ("sys", "staticmethod"),
        ("contextlib", "contextlib.contextmanager"),
        ("aws_xray_sdk.core", "aws_xray_sdk.core.xray_recorder.capture()"),
        ("backoff", "backoff.on_exception()"),
        ("chalice", "chalice.Chalice().route()"),
        ("flask", "flask.Flask().route()"),
        ("meantime", "meantime.Retry()"),
        ("stamina", "stamina.retry()"),
        ("starlette.authentication", "starlette.authentication.requires()"),
        ("tenacity", "tenacity.retry"),
    ],
)
def test_a_decorator_that_is_known_to_run_its_function_each_time_proves_it(finds, imported, decorator):
    finds(
        "MT301",
        f"""
import boto3
import {imported}

@{decorator}
def load():
    return boto3.client("s3").list_buckets()  # finds MT301

def lambda_handler(event, context):
    return load()
""",
    )


@pytest.mark.parametrize("name", ["memoize", "singleton", "run_once", "lazy", "cached", "fixture"])
def test_a_decorator_that_sounds_as_if_it_kept_what_it_gets_is_believed(finds, name):
    finds(
        "MT301",
        f"""
import boto3
from company import {name}

@{name}
def load():
    return boto3.client("s3")

def lambda_handler(event, context):
    return load().list_buckets()
""",
    )


@pytest.mark.parametrize(
    "text",
    [
        "import cfnresponse",
        "import crhelper",
        "from crhelper import CfnResource",
        """KIND = lambda event: event["RequestType"]""",
        """ANSWER = lambda event: event['ResponseURL']""",
    ],
)
def test_it_is_only_likely_to_matter_in_a_custom_resource(finds, text):
    source = FOUND["in the handler"]

    finds("MT301", f"{text}\n" + source.replace("# finds MT301", "# finds MT301 likely"))
    finds("MT301", {"app.py": source, "other.py": text})


@pytest.mark.parametrize("method", ["append", "add", "put", "put_nowait", "set", "update", "setdefault"])
def test_what_is_put_into_something_is_kept(finds, method):
    finds(
        "MT301",
        f"""
import boto3
from company import kept

def lambda_handler(event, context):
    s3 = boto3.client("s3")
    kept.{method}(s3)
    kept.{method}(boto3.client("sqs"))
""",
    )
