"""MT304: more calls at once than the client that they share keeps connections."""

from __future__ import annotations

import pytest

FOUND = {
    "two executors of one name": """
from concurrent.futures import ThreadPoolExecutor
import boto3

s3 = boto3.client("s3")

def put(key):
    s3.put_object(Bucket="photos", Key=key, Body=b"")

def copy(keys, more):
    with ThreadPoolExecutor(24) as executor:
        list(executor.map(put, keys))  # finds MT304
    with ThreadPoolExecutor(24) as executor:
        list(executor.map(put, more))  # finds MT304
""",
    "boto3's ten under 32 threads": """
from concurrent.futures import ThreadPoolExecutor
import boto3

s3 = boto3.client("s3")

def size(key):
    return s3.head_object(Bucket="photos", Key=key)["ContentLength"]

def total(keys):
    with ThreadPoolExecutor(max_workers=32) as executor:
        return sum(executor.map(size, keys))  # finds MT304
""",
    "a method of the client itself": """
from concurrent import futures
import boto3

WIDTH = 20
sqs = boto3.client("sqs")

def send(bodies):
    executor = futures.ThreadPoolExecutor(WIDTH)
    return [executor.submit(sqs.send_message, QueueUrl="q", MessageBody=body) for body in bodies]  # finds MT304
""",
    "a lambda, two functions away": """
from concurrent.futures import ThreadPoolExecutor
import boto3

dynamodb = boto3.client("dynamodb", region_name="eu-central-1")

def read(key):
    return dynamodb.get_item(TableName="orders", Key=key)

def load(keys):
    with ThreadPoolExecutor(max_workers=50) as pool:
        return list(pool.map(lambda key: read({"id": {"S": key}}), keys))  # finds MT304
""",
    "a Config that leaves the size as it is": """
from concurrent.futures import ThreadPoolExecutor
import boto3
from botocore.config import Config

s3 = boto3.client("s3", config=Config(read_timeout=2))

def size(key):
    return s3.head_object(Bucket="photos", Key=key)

def total(keys):
    with ThreadPoolExecutor(max_workers=11) as executor:
        return list(executor.map(size, keys))  # finds MT304
""",
    "a Config that is too small": """
from concurrent.futures import ThreadPoolExecutor
import boto3
from botocore.client import Config

settings = Config(max_pool_connections=20)
s3 = boto3.client("s3", config=settings)

def size(key):
    return s3.head_object(Bucket="photos", Key=key)

def total(keys):
    with ThreadPoolExecutor(max_workers=32) as executor:
        return list(executor.map(size, keys))  # finds MT304
""",
    "an attribute of the object whose method is run": """
from concurrent.futures import ThreadPoolExecutor
import boto3

class Store:
    def __init__(self):
        self.s3 = boto3.client("s3")

    def size(self, key):
        return self.s3.head_object(Bucket="photos", Key=key)

    def total(self, keys):
        with ThreadPoolExecutor(max_workers=32) as executor:
            return list(executor.map(self.size, keys))  # finds MT304
""",
    "an attribute of an object at module level, or behind a lambda": """
from concurrent.futures import ThreadPoolExecutor
import boto3

class Store:
    def __init__(self):
        self.s3 = boto3.client("s3")

    def size(self, key):
        return self.s3.head_object(Bucket="photos", Key=key)

    def total(self, keys):
        with ThreadPoolExecutor(max_workers=32) as executor:
            return list(executor.map(lambda key: self.size(key), keys))  # finds MT304

store = Store()

def total(keys):
    with ThreadPoolExecutor(max_workers=32) as executor:
        return list(executor.map(store.size, keys))  # finds MT304
""",
    "made by the function that fans out": """
from concurrent.futures import ThreadPoolExecutor
import boto3

def total(keys):
    s3 = boto3.client("s3")

    def size(key):
        return s3.head_object(Bucket="photos", Key=key)

    with ThreadPoolExecutor(max_workers=32) as executor:
        return list(executor.map(size, keys))  # finds MT304
""",
    "two clients, said once": """
from concurrent.futures import ThreadPoolExecutor
import boto3

s3 = boto3.client("s3")
sqs = boto3.client("sqs")

def move(key):
    sqs.send_message(QueueUrl="q", MessageBody=key)
    return s3.head_object(Bucket="photos", Key=key)

def total(keys):
    with ThreadPoolExecutor(max_workers=32) as executor:
        return list(executor.map(move, keys))  # finds MT304
""",
    "in what may be another function": """
from concurrent.futures import ThreadPoolExecutor
import boto3

s3 = boto3.client("s3")

def size(key):
    return s3.head_object(Bucket="photos", Key=key)

def nothing(key):
    return 0

def work(key):
    return (size if key else nothing)(key)

def total(keys):
    with ThreadPoolExecutor(max_workers=32) as executor:
        return list(executor.map(work, keys))  # finds MT304 likely
""",
    "Meantime's own, with different numbers": """
from meantime import clients, threads

s3 = clients.boto3("s3", max_concurrency=16)

def size(key):
    return s3.head_object(Bucket="photos", Key=key)

def total(keys):
    return threads.map(size, keys, max_concurrency=32)  # finds MT304
""",
    "a requests session, whose pool is one for each host": """
from concurrent.futures import ThreadPoolExecutor
import requests

session = requests.Session()

def fetch(url):
    return session.get(url, timeout=2)

def load(urls):
    with ThreadPoolExecutor(max_workers=32) as executor:
        return list(executor.map(fetch, urls))  # finds MT304 likely
""",
    "an adapter that is too small": """
from concurrent.futures import ThreadPoolExecutor
import requests
from requests.adapters import HTTPAdapter

session = requests.Session()
session.mount("https://", HTTPAdapter(pool_maxsize=16))

def fetch(url):
    return session.get(url, timeout=2)

def load(urls):
    with ThreadPoolExecutor(max_workers=32) as executor:
        return list(executor.map(fetch, urls))  # finds MT304 likely
""",
    "another session's wide adapter": """
from concurrent.futures import ThreadPoolExecutor
import requests
from requests.adapters import HTTPAdapter

other = requests.Session()
other.mount("https://", HTTPAdapter(pool_maxsize=32))
session = requests.Session()

def fetch(url):
    return session.get(url, timeout=2)

def load(urls):
    with ThreadPoolExecutor(max_workers=32) as executor:
        return list(executor.map(fetch, urls))  # finds MT304 likely
""",
    "httpx's own limit under tasks": """
import asyncio
import httpx

async def load(urls):
    gate = asyncio.Semaphore(50)
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=20)) as client:

        async def fetch(url):
            async with gate:
                return await client.get(url)

        return await asyncio.gather(*(fetch(url) for url in urls))  # finds MT304 likely
""",
}

SILENT = {
    "two executors of one name that differ": """
from concurrent.futures import ThreadPoolExecutor
import boto3

s3 = boto3.client("s3")

def put(key):
    s3.put_object(Bucket="photos", Key=key, Body=b"")

def copy(keys, more):
    with ThreadPoolExecutor(24) as executor:
        executor.submit(print)
    with ThreadPoolExecutor(8) as executor:
        list(executor.map(put, more))
""",
    "as many connections as threads": """
from concurrent.futures import ThreadPoolExecutor
import boto3
from botocore.config import Config

s3 = boto3.client("s3", config=Config(max_pool_connections=32))

def size(key):
    return s3.head_object(Bucket="photos", Key=key)

def total(keys):
    with ThreadPoolExecutor(max_workers=32) as executor:
        return list(executor.map(size, keys))
""",
    "ten threads": """
from concurrent.futures import ThreadPoolExecutor
import boto3

s3 = boto3.client("s3")

def size(key):
    return s3.head_object(Bucket="photos", Key=key)

def total(keys):
    with ThreadPoolExecutor(max_workers=10) as executor:
        return list(executor.map(size, keys))
""",
    "three items": """
from concurrent.futures import ThreadPoolExecutor
import boto3

s3 = boto3.client("s3")

def size(key):
    return s3.head_object(Bucket="photos", Key=key)

def total():
    with ThreadPoolExecutor(max_workers=32) as executor:
        return list(executor.map(size, ["a", "b", "c"]))
""",
    "a configuration from elsewhere": """
from concurrent.futures import ThreadPoolExecutor
import boto3
from company import config

s3 = boto3.client("s3", config=config)

def size(key):
    return s3.head_object(Bucket="photos", Key=key)

def total(keys):
    with ThreadPoolExecutor(max_workers=32) as executor:
        return list(executor.map(size, keys))
""",
    "options from elsewhere": """
from concurrent.futures import ThreadPoolExecutor
import boto3
from botocore.config import Config
from company import options, settings

s3 = boto3.client("s3", **options)
sqs = boto3.client("sqs", config=Config(**settings))

def size(key):
    sqs.send_message(QueueUrl="q", MessageBody=key)
    return s3.head_object(Bucket="photos", Key=key)

def total(keys):
    with ThreadPoolExecutor(max_workers=32) as executor:
        return list(executor.map(size, keys))
""",
    "a number from elsewhere": """
import os
from concurrent.futures import ThreadPoolExecutor
import boto3
from botocore.config import Config

s3 = boto3.client("s3", config=Config(max_pool_connections=int(os.environ["WIDTH"])))

def size(key):
    return s3.head_object(Bucket="photos", Key=key)

def total(keys):
    with ThreadPoolExecutor(max_workers=32) as executor:
        return list(executor.map(size, keys))
""",
    "a width from elsewhere": """
import os
from concurrent.futures import ThreadPoolExecutor
import boto3

s3 = boto3.client("s3")

def size(key):
    return s3.head_object(Bucket="photos", Key=key)

def total(keys):
    with ThreadPoolExecutor(max_workers=int(os.environ["WIDTH"])) as executor:
        return list(executor.map(size, keys))
""",
    "a client for each call": """
from concurrent.futures import ThreadPoolExecutor
import boto3

def size(key):
    s3 = boto3.client("s3")
    return s3.head_object(Bucket="photos", Key=key)

def total(keys):
    with ThreadPoolExecutor(max_workers=32) as executor:
        return list(executor.map(size, keys))
""",
    "a client for each call, made by a helper": """
from concurrent.futures import ThreadPoolExecutor
import boto3

def make():
    return boto3.client("s3")

def size(key):
    s3 = make()
    return s3.head_object(Bucket="photos", Key=key)

def total(keys):
    with ThreadPoolExecutor(max_workers=32) as executor:
        return list(executor.map(size, keys))
""",
    "an object with a client for each call": """
from concurrent.futures import ThreadPoolExecutor
import boto3

class Store:
    def __init__(self):
        self.s3 = boto3.client("s3")

    def size(self, key):
        return self.s3.head_object(Bucket="photos", Key=key)

def work(key):
    return Store().size(key)

def total(keys):
    with ThreadPoolExecutor(max_workers=32) as executor:
        return list(executor.map(work, keys))
""",
    "what goes to no network": """
from concurrent.futures import ThreadPoolExecutor
import boto3

s3 = boto3.client("s3")

def sign(key):
    return s3.generate_presigned_url("get_object", Params={"Bucket": "photos", "Key": key})

def total(keys):
    with ThreadPoolExecutor(max_workers=32) as executor:
        return list(executor.map(sign, keys))
""",
    "a wide adapter": """
from concurrent.futures import ThreadPoolExecutor
import requests
from requests.adapters import HTTPAdapter

session = requests.Session()
session.mount("https://", HTTPAdapter(pool_connections=4, pool_maxsize=32))

def fetch(url):
    return session.get(url, timeout=2)

def load(urls):
    with ThreadPoolExecutor(max_workers=32) as executor:
        return list(executor.map(fetch, urls))
""",
    "an adapter from elsewhere": """
from concurrent.futures import ThreadPoolExecutor
import requests
from company import Adapter

session = requests.Session()
session.mount("https://", Adapter())

def fetch(url):
    return session.get(url, timeout=2)

def load(urls):
    with ThreadPoolExecutor(max_workers=32) as executor:
        return list(executor.map(fetch, urls))
""",
    "processes, each with a client of its own": """
from concurrent.futures import ProcessPoolExecutor
import boto3

s3 = boto3.client("s3")

def size(key):
    return s3.head_object(Bucket="photos", Key=key)

def total(keys):
    with ProcessPoolExecutor(max_workers=32) as executor:
        return list(executor.map(size, keys))
""",
    "a client that blocks the loop, so that one call is under way": """
import asyncio
import boto3

s3 = boto3.client("s3")

async def total(keys):
    gate = asyncio.Semaphore(32)

    async def size(key):
        async with gate:
            return s3.head_object(Bucket="photos", Key=key)

    return await asyncio.gather(*(size(key) for key in keys))
""",
    "an async client that threads do not use": """
from concurrent.futures import ThreadPoolExecutor
import httpx

client = httpx.AsyncClient(limits=httpx.Limits(max_connections=5))

def fetch(url):
    return client.get(url)

def load(urls):
    with ThreadPoolExecutor(max_workers=32) as executor:
        return list(executor.map(fetch, urls))
""",
    "a client without a pool": """
from concurrent.futures import ThreadPoolExecutor
import boto3

session = boto3.Session()

def size(key):
    return session.get_credentials()

def total(keys):
    with ThreadPoolExecutor(max_workers=32) as executor:
        return list(executor.map(size, keys))
""",
    "an adapter with its size by place": """
from concurrent.futures import ThreadPoolExecutor
import requests
from requests.adapters import HTTPAdapter

session = requests.Session()
session.mount("https://", HTTPAdapter(4, 32))

def fetch(url):
    return session.get(url, timeout=2)

def load(urls):
    with ThreadPoolExecutor(max_workers=32) as executor:
        return list(executor.map(fetch, urls))
""",
    "another session's adapter, beside one of its own": """
from concurrent.futures import ThreadPoolExecutor
import requests
from requests.adapters import HTTPAdapter

one = requests.Session()
one.mount("https://", HTTPAdapter(pool_maxsize=32))
other = requests.Session()
other.mount("https://", HTTPAdapter(pool_maxsize=4))

def fetch(url):
    return one.get(url, timeout=2)

def load(urls):
    with ThreadPoolExecutor(max_workers=32) as executor:
        return list(executor.map(fetch, urls))
""",
    "httpx as it is": """
import asyncio
import httpx

async def load(urls):
    gate = asyncio.Semaphore(50)
    async with httpx.AsyncClient() as client:

        async def fetch(url):
            async with gate:
                return await client.get(url)

        return await asyncio.gather(*(fetch(url) for url in urls))
""",
    "Meantime's own, with the same number": """
from meantime import clients, threads

s3 = clients.boto3("s3", max_concurrency=32)

def size(key):
    return s3.head_object(Bucket="photos", Key=key)

def total(keys):
    return threads.map(size, keys, max_concurrency=32)
""",
}


@pytest.mark.parametrize("source", FOUND.values(), ids=FOUND)
def test_it_finds_a_fan_out_that_is_wider_than_the_pool(finds, source):
    finds("MT304", source)


@pytest.mark.parametrize("source", SILENT.values(), ids=SILENT)
def test_it_is_silent_where_the_pool_suffices_or_is_not_known(finds, source):
    finds("MT304", source)


def test_it_says_both_numbers_and_what_to_set(findings_of):
    (finding,) = findings_of("MT304", FOUND["a Config that is too small"])

    assert finding.message == (
        "32 calls at once through `s3`, which keeps 20 connections: each further one opens a connection and throws it "
        "away. Set `max_pool_connections=32` in its `Config`, or bound the calls at 20."
    )


def test_it_is_only_likely_to_matter_in_a_test(finds):
    source = FOUND["boto3's ten under 32 threads"]

    finds("MT304", {"tests/test_app.py": source.replace("# finds MT304", "# finds MT304 likely")})
