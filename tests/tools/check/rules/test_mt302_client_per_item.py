"""MT302: a client that is made anew for each item of a loop or fan-out."""

from __future__ import annotations

import pytest

FOUND = {
    "in a for loop, outside Lambda": """
import boto3

def archive(keys):
    for key in keys:
        s3 = boto3.client("s3")  # finds MT302
        s3.delete_object(Bucket="orders", Key=key)
""",
    "with a keyword of the changing name's spelling, and a constant": """
import boto3

def archive(keys):
    for s3 in keys:
        boto3.client("s3", use_ssl=bool("s3"), endpoint_url=str()).delete_object(Key=s3)  # finds MT302
""",
    "of the event, which stays the same in the loop": """
import boto3

def lambda_handler(event, context):
    for key in event["keys"]:
        boto3.client("s3", region_name=event["region"]).delete_object(Bucket="b", Key=key)  # finds MT302
""",
    "in a comprehension": """
import boto3

def sizes(keys):
    return [boto3.client("s3").head_object(Bucket="photos", Key=key) for key in keys]  # finds MT302
""",
    "of a parameter that stays the same in the loop": """
from boto3 import resource

def archive(table, keys):
    for key in keys:
        resource("dynamodb").Table(table).delete_item(Key=key)  # finds MT302
""",
    "configured anew each time": """
import boto3
from botocore.config import Config

def archive(keys):
    for key in keys:
        s3 = boto3.client("s3", config=Config(read_timeout=2))  # finds MT302
        s3.delete_object(Bucket="orders", Key=key)
""",
    "of a session that is made before": """
import boto3

def archive(keys):
    session = boto3.Session()
    for key in keys:
        session.client("s3").delete_object(Bucket="orders", Key=key)  # finds MT302
""",
    "in an async loop": """
import httpx

async def load(urls):
    async for url in urls:
        async with httpx.AsyncClient() as client:  # finds MT302
            await client.get(url)
""",
    "in what threads run for each item": """
from concurrent.futures import ThreadPoolExecutor
import boto3

def size(key):
    return boto3.client("s3").head_object(Bucket="photos", Key=key)["ContentLength"]  # finds MT302

def total(keys):
    with ThreadPoolExecutor(max_workers=10) as executor:
        return sum(executor.map(size, keys))
""",
    "below what tasks run for each item": """
import asyncio
import aiohttp

async def fetch(url):
    async with aiohttp.ClientSession() as session:  # finds MT302
        return await session.get(url)

async def load(urls):
    gate = asyncio.Semaphore(10)

    async def bounded(url):
        async with gate:
            return await fetch(url)

    return await asyncio.gather(*(bounded(url) for url in urls))
""",
    "in what a loop calls": """
import boto3

def remove(key):
    s3 = boto3.client("s3")  # finds MT302
    s3.delete_object(Bucket="orders", Key=key)

def archive(keys):
    for key in keys:
        remove(key)
""",
    "two calls below a loop": """
import boto3

def remove(key):
    boto3.client("s3").delete_object(Bucket="orders", Key=key)  # finds MT302

def handle(record):
    remove(record["key"])

def lambda_handler(event, context):
    for record in event["Records"]:
        handle(record)
""",
    "in a verb of Meantime": """
import boto3
import meantime
from meantime import threads

def size(key):
    return boto3.client("s3").head_object(Bucket="photos", Key=key)  # finds MT302

@meantime.handler
def lambda_handler(event, context):
    return threads.map(size, event["keys"], max_concurrency=10)
""",
    "a session for what threads run, which may be meant": """
from concurrent.futures import ThreadPoolExecutor
import requests

def fetch(url):
    with requests.Session() as session:  # finds MT302 likely
        return session.get(url, timeout=2).text

def load(urls):
    with ThreadPoolExecutor(max_workers=10) as executor:
        return list(executor.map(fetch, urls))
""",
    "a session in what a plain loop calls": """
import requests

def fetch(url):
    with requests.Session() as session:  # finds MT302
        return session.get(url, timeout=2).text

def load(urls):
    for url in urls:
        fetch(url)
""",
    "in what a loop calls for two items": """
import boto3

def remove(key):
    boto3.client("s3").delete_object(Bucket="orders", Key=key)  # finds MT302 likely

def archive():
    for key in ("a", "b"):
        remove(key)
""",
    "in what may be another function": """
from concurrent.futures import ThreadPoolExecutor
import boto3

def size(key):
    return boto3.client("s3").head_object(Bucket="photos", Key=key)  # finds MT302 likely

def nothing(key):
    return 0

def work(key, find):
    return (size if find else nothing)(key)

def total(keys):
    with ThreadPoolExecutor(max_workers=10) as executor:
        return list(executor.map(lambda key: work(key, True), keys))
""",
    "a session that is made somebody's in a function": """
import requests

def fetch(user):
    session = requests.Session()  # finds MT302 likely
    session.headers["Authorization"] = user.token
    return session.get("https://example.com", timeout=2).text

def load(users):
    for user in users:
        fetch(user)
""",
    "on the way to an error only": """
import boto3

def archive(keys):
    for key in keys:
        try:
            keys.remove(key)
        except KeyError:
            boto3.client("sns").publish(TopicArn="t", Message=key)  # finds MT302 likely

def check(key):
    if not key:
        boto3.client("sns").publish(TopicArn="t", Message=key)  # finds MT302 likely
        raise ValueError(key)

def check_all(keys):
    for key in keys:
        check(key)
""",
    "in a handler that a loop plays invocations of": """
import boto3

def handle(event, context_dict, settings=None):
    boto3.client("s3").head_object(Bucket="b", Key=event["key"])  # finds MT302 likely
    return helper(event)

def helper(event):
    return boto3.client("sqs").list_queues()  # finds MT302 likely

class App:
    def handle(self, event, context):
        return boto3.client("sns").list_topics()  # finds MT302 likely

app = App()

def run(jobs):
    for job in jobs:
        handle(job, {})
        app.handle(job, None)
""",
    "in what only begins or ends like a handler": """
import boto3

def one(event):
    boto3.client("s3").head_object(Bucket="b", Key=event)  # finds MT302

def two(event, key, context):
    boto3.client("s3").head_object(Bucket="b", Key=key)  # finds MT302

def three(key, context):
    boto3.client("s3").head_object(Bucket="b", Key=key)  # finds MT302

def lambda_handler(event, context):
    for key in event["keys"]:
        one(key)
        two(event, key, context)
        three(key, context)
""",
    "in a branch for one constant": """
import boto3

DEPLOY = "deploy"

def run(commands):
    for command in commands:
        if command == "list":
            boto3.client("s3").list_buckets()  # finds MT302 likely
        elif command in ("a", DEPLOY):
            pass
        elif command[0] == DEPLOY:
            boto3.client("lambda").list_functions()  # finds MT302 likely
        match command:
            case "watch":
                boto3.client("logs").describe_log_groups()  # finds MT302 likely

def dispatch(command):
    if "say" == command.name:
        say()

def say():
    boto3.client("sns").publish(TopicArn="t", Message="m")  # finds MT302 likely

def every(commands):
    for command in commands:
        dispatch(command)
""",
    "in other branches, and in one around the loop": """
import boto3

def run(commands, mode, name):
    if mode == "all":
        for command in commands:
            if command.ready:
                boto3.client("s3").list_buckets()  # finds MT302
            if command == name:
                boto3.client("lambda").list_functions()  # finds MT302
            if command != "list":
                boto3.client("sqs").list_queues()  # finds MT302
            if command == "stop":
                command.stop()
            else:
                boto3.client("sns").list_topics()  # finds MT302
""",
    "for three items": """
from concurrent.futures import ThreadPoolExecutor
import boto3

def size(key):
    return boto3.client("s3").head_object(Bucket="photos", Key=key)  # finds MT302 likely

def total():
    with ThreadPoolExecutor(max_workers=3) as executor:
        return list(executor.map(size, ["a", "b", "c"]))
""",
    "a session that is made somebody's": """
import requests

def load(users):
    for user in users:
        session = requests.Session()  # finds MT302 likely
        session.auth = (user.name, user.secret)
        session.get("https://example.com", timeout=2)
""",
    "where the call before gives what it is made without": """
import boto3

def chosen(session=None):
    if session is not None:
        return getattr(session, "boto_session", session)
    print(boto3.Session().region_name)  # finds MT302 likely

class Store:
    def __init__(self, session):
        self.session = session

    def clean(self, keys):
        for key in keys:
            chosen(session=self.session)
""",
    "in a branch for a parameter that the call before gives": """
import boto3

def show(name=None, key=None):
    if not name and key:
        boto3.client("s3").get_object(Bucket="orders", Key=key)  # finds MT302 likely

def clean(keys):
    for key in keys:
        show("orders", key)
""",
    "where a parameter that is handed on is given above": """
import boto3

def show(key, name):
    if not name:
        boto3.client("s3").get_object(Bucket="orders", Key=key)  # finds MT302 likely

def step(key, name=None):
    show(key, name)

def clean(keys):
    for key in keys:
        step(key, "orders")
""",
    "where a parameter that is handed on is left out above": """
import boto3

def show(key, name):
    if not name:
        boto3.client("s3").get_object(Bucket="orders", Key=key)  # finds MT302

def step(key, name=None):
    show(key, name)

def clean(keys):
    for key in keys:
        step(key)
""",
    "where None is given for what it is made without": """
import boto3

def show(key, name):
    if not name:
        boto3.client("s3").get_object(Bucket="orders", Key=key)  # finds MT302

def clean(keys):
    for key in keys:
        show(key, None)
""",
    "where the parameter is given that it is made with": """
import boto3

def show(key, name):
    if name:
        boto3.client("s3").get_object(Bucket="orders", Key=key)  # finds MT302

def clean(keys):
    for key in keys:
        show(key, "orders")
""",
}

SILENT = {
    "made before the loop": """
import boto3

def archive(keys):
    s3 = boto3.client("s3")
    for key in keys:
        s3.delete_object(Bucket="orders", Key=key)
""",
    "what the loop goes over": """
import boto3

def names():
    return [each["Name"] for each in boto3.client("s3").list_buckets()["Buckets"]]
""",
    "one for each region": """
import boto3

def regions(names):
    for name in names:
        ec2 = boto3.client("ec2", region_name=name)
        ec2.describe_instances()
""",
    "of something made of the item": """
import boto3

def regions(accounts):
    for account in accounts:
        place = account.region.lower()
        boto3.client("ec2", region_name=place).describe_instances()
""",
    "from a session of the item": """
import boto3

def profiles(names):
    for name in names:
        session = boto3.Session(profile_name=name)
        session.client("s3").list_buckets()
""",
    "of what a function gives that is chosen": """
import boto3

REGIONS = {"a": lambda: "eu-central-1"}

def regions(names):
    for name in names:
        boto3.client("ec2", region_name=(lambda: name)()).describe_instances()
""",
    "of what is asked anew": """
import boto3
from company import current_region

def regions(names):
    for name in names:
        boto3.client("ec2", region_name=current_region()).describe_instances()
""",
    "tried until it works": """
import psycopg2
import time

def connect():
    while True:
        try:
            connection = psycopg2.connect(host="db")
            connection.cursor()
        except psycopg2.OperationalError:
            time.sleep(1)
""",
    "tried three times": """
import pymysql

def ask():
    for attempt in range(3):
        connection = pymysql.connect(host="db")
        connection.ping()
""",
    "left when it is found": """
import requests

def first(urls):
    for url in urls:
        session = requests.Session()
        if session.get(url, timeout=2).ok:
            break
""",
    "one for each worker": """
import requests

def sessions(count):
    return [requests.Session() for _ in range(count)]
""",
    "a collection of them": """
import requests

def sessions(names):
    return {name: requests.Session() for name in names}
""",
    "appended to a collection": """
import requests

def sessions(names):
    found = []
    for name in names:
        session = requests.Session()
        found.append(session)
    return found
""",
    "for one websocket each": """
import aiohttp

async def open_all(urls):
    found = []
    for url in urls:
        async with aiohttp.ClientSession() as session:
            found.append(await session.ws_connect(url))
            session.detach()
    return found
""",
    "when it is time": """
import time
import aiohttp

class Streams:
    def __init__(self):
        self.token = {"until": 0}
        self.updated = 0

    async def renew(self):
        async with aiohttp.ClientSession() as session:
            answer = await session.post("https://example.com")
            self.token["until"] = await answer.json()

    async def ask(self):
        if self.token["until"] < time.time():
            await self.renew()

    async def update(self):
        if time.time() - self.updated < 3600:
            return None
        self.updated = time.time()
        async with aiohttp.ClientSession() as session:
            return await session.get("https://example.com")

async def watch(streams):
    for stream in streams:
        await stream.ask()

async def follow(names):
    streams = Streams()
    for name in names:
        await streams.ask()
        await streams.update()
""",
    "in an except block": """
import boto3

def archive(keys, s3):
    for key in keys:
        try:
            s3.delete_object(Bucket="orders", Key=key)
        except KeyError:
            assert key
    return None
""",
    "asked for before, by its attribute": """
import boto3

def regions(names):
    for name in names:
        names_of(name)

def names_of(name):
    if hasattr(names_of, "kept"):
        return names_of.kept
    found = boto3.client("ec2").describe_regions()
    names_of.kept = found
    return found
""",
    "in a loop over the one record of an S3 event": """
import boto3

def lambda_handler(event, context):
    for record in event["Records"]:
        boto3.client("s3").head_object(Bucket="b", Key=record["s3"]["object"]["key"])
""",
    "given away": """
import boto3

def clients(keys):
    for key in keys:
        yield boto3.client("s3")
""",
    "compared, which is no use of it": """
import requests

def check(names):
    for name in names:
        assert not isinstance(name, str) or requests.Session() != name
""",
    "of an attribute that the loop changes": """
import boto3

class Walk:
    def regions(self, names):
        for name in names:
            self.region = name
            boto3.client("ec2", region_name=self.region).describe_instances()
""",
    "what a loop calls and puts into a global name": """
import boto3

found = None

def make():
    s3 = boto3.client("s3")
    return s3.list_buckets()

def archive(keys):
    global found
    for key in keys:
        if not found:
            found = make()
""",
    "unless it is there already": """
import boto3

def archive(keys, cache):
    for key in keys:
        if key in cache:
            continue
        else:
            pass
        if key not in cache:
            s3 = boto3.client("s3")
            cache.keep(s3)
""",
    "an async client for each event loop": """
import asyncio
import httpx

async def fetch(url):
    async with httpx.AsyncClient() as client:
        return await client.get(url)

def load(urls):
    for url in urls:
        asyncio.run(fetch(url))
""",
    "kept in a dictionary": """
import boto3

def archive(keys, clients):
    for key in keys:
        if "s3" not in clients:
            clients["s3"] = boto3.client("s3")
        clients["s3"].delete_object(Bucket="orders", Key=key)
""",
    "made when it is missing": """
import boto3

def archive(keys):
    s3 = None
    for key in keys:
        if s3 is None:
            s3 = boto3.client("s3")
        s3.delete_object(Bucket="orders", Key=key)
""",
    "one for each thread": """
import threading
from concurrent.futures import ThreadPoolExecutor
import boto3

local = threading.local()

def size(key):
    if not hasattr(local, "s3"):
        local.s3 = boto3.client("s3")
    return local.s3.head_object(Bucket="photos", Key=key)

def total(keys):
    with ThreadPoolExecutor(max_workers=10) as executor:
        return list(executor.map(size, keys))
""",
    "with an item's credentials": """
import boto3

def archive(accounts):
    for account in accounts:
        boto3.client("s3", aws_access_key_id=account.key).list_buckets()
""",
    "in a function of what threads run that keeps it": """
from concurrent.futures import ThreadPoolExecutor
from functools import cache
import boto3

@cache
def s3():
    return boto3.client("s3")

def size(key):
    return s3().head_object(Bucket="photos", Key=key)

def total(keys):
    with ThreadPoolExecutor(max_workers=10) as executor:
        return list(executor.map(size, keys))
""",
    "of the item in what threads run": """
from concurrent.futures import ThreadPoolExecutor
import boto3

def count(region):
    return boto3.client("ec2", region_name=region).describe_instances()

def total(regions):
    with ThreadPoolExecutor(max_workers=10) as executor:
        return list(executor.map(count, regions))
""",
    "several different calls": """
import asyncio
import httpx

async def name():
    async with httpx.AsyncClient() as client:
        return await client.get("https://example.com/name")

async def orders():
    return []

async def load():
    return await asyncio.gather(name(), orders())
""",
    "in the constructor of a singleton that is run once": """
import boto3

class Account:
    _instance = None

    def __new__(cls):
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __init__(self):
        if hasattr(self, "_initialized") and self._initialized:
            return
        self.number = boto3.client("sts").get_caller_identity()["Account"]
        self._initialized = True

def clean(keys):
    for key in keys:
        print(Account().number, key)
""",
}


@pytest.mark.parametrize("source", FOUND.values(), ids=FOUND)
def test_it_finds_a_client_that_is_made_for_each_item(finds, source):
    finds("MT302", source)


@pytest.mark.parametrize("source", SILENT.values(), ids=SILENT)
def test_it_is_silent_where_a_client_is_made_once_or_differs(finds, source):
    finds("MT302", source)


def test_it_follows_a_loop_into_another_file(finds):
    finds(
        "MT302",
        {
            "jobs.py": """
import storage

def archive(keys):
    for key in keys:
        storage.remove(key)
""",
            "storage.py": """
import boto3

def remove(key):
    boto3.client("s3").delete_object(Bucket="orders", Key=key)  # finds MT302
""",
        },
    )


def test_it_tells_the_way_from_the_fan_out(findings_of):
    (finding,) = findings_of("MT302", FOUND["below what tasks run for each item"])

    assert [step.text.replace("`", "") for step in finding.chain] == [
        "load runs bounded for each item",
        "bounded calls fetch",
    ]


@pytest.mark.parametrize(
    ("case", "advice"),
    [
        ("in a for loop, outside Lambda", "Make one before, and use it for all of them."),
        ("in what threads run for each item", "Make one before, and use it for all of them."),
        ("a session in what a plain loop calls", "Make one before, and use it for all of them."),
        (
            "a session for what threads run, which may be meant",
            "Make one for each thread, in a `threading.local()`: it must not be shared.",
        ),
    ],
)
def test_it_says_what_to_do_without_making_another_mistake(findings_of, case, advice):
    (finding,) = findings_of("MT302", FOUND[case])

    assert finding.message.endswith(f" each time. {advice}")


def test_it_is_only_likely_to_matter_in_a_test(finds):
    source = FOUND["in a for loop, outside Lambda"]

    finds("MT302", {"tests/test_app.py": source.replace("# finds MT302", "# finds MT302 likely")})
