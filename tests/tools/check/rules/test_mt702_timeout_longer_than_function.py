"""MT702: a timeout that cannot fire, since Lambda kills the function before."""

from __future__ import annotations

import pytest

TEMPLATE = """
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.lambda_handler
      Runtime: python3.13
      CodeUri: .
      Timeout: 10
"""

FOUND = {
    "one request of aiohttp's": """
import asyncio
import aiohttp

SLOW = aiohttp.ClientTimeout(total=None, sock_read=30)

async def main():
    async with aiohttp.ClientSession() as session:
        async with session.get("https://example.com", timeout=aiohttp.ClientTimeout(total=90)) as it:  # finds MT702
            await it.text()
        await session.post("https://example.com", timeout=SLOW)  # finds MT702

def lambda_handler(event, context):
    asyncio.run(main())
""",
    "a request": """
import requests

def lambda_handler(event, context):
    return requests.get("https://example.com", timeout=30).json()  # finds MT702
""",
    "as long as the function itself": """
import requests

def lambda_handler(event, context):
    return requests.get("https://example.com", timeout=10).json()  # finds MT702
""",
    "one of two, by a name": """
import requests

TIMEOUT = (2, 60)
session = requests.Session()

def load(url):
    return session.post(url, timeout=TIMEOUT)  # finds MT702

def lambda_handler(event, context):
    return load(event["url"])
""",
    "what httpx and aiohttp call a timeout": """
import asyncio
import aiohttp
import httpx

async def main():
    async with httpx.AsyncClient(timeout=httpx.Timeout(5, read=20)) as client:  # finds MT702
        await client.get("https://example.com")
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session:  # finds MT702
        await session.get("https://example.com")

def lambda_handler(event, context):
    asyncio.run(main())
""",
    "by place": """
import asyncio
from urllib.request import urlopen

async def main():
    await asyncio.wait_for(asyncio.sleep(1), 12)  # finds MT702

def lambda_handler(event, context):
    urlopen("https://example.com", None, 20)  # finds MT702
    asyncio.run(main())
""",
    "an httpx client at module level, and one that is kept": """
from functools import cache
import httpx

http = httpx.Client(timeout=30)  # finds MT702

@cache
def other():
    return httpx.Client(timeout=40)  # finds MT702

def script():
    return http.get("https://example.com")

def lambda_handler(event, context):
    return http.get("https://example.com").json(), other().get("https://example.com")
""",
    "at once in ten seconds and after them": """
import requests

def lambda_handler(event, context):
    requests.get("https://example.com", timeout=(10, 1))  # finds MT702
    return requests.get("https://example.com", timeout=(1, 10.5)).json()  # finds MT702
""",
    "beside a call that has a shorter one": """
import httpx

http = httpx.Client(timeout=60)  # finds MT702

def lambda_handler(event, context):
    with httpx.Client(timeout=60) as client:  # finds MT702
        client.get("https://example.com", timeout=5)
        client.get("https://example.com")
    return http.get("https://example.com", timeout=5).text, http.get("https://example.com").text
""",
    "beside what waits for something else": """
import asyncio
import httpx
import requests
from concurrent.futures import ThreadPoolExecutor

pool = ThreadPoolExecutor(4)

def load(url):
    return requests.get(url, timeout=60)  # finds MT702

def later(url):
    return requests.get(url, timeout=60)  # finds MT702

async def main():
    await asyncio.wait_for(asyncio.sleep(1), 5)
    async with httpx.AsyncClient(timeout=60) as client:  # finds MT702
        return await client.get("https://example.com")

async def other():
    return await httpx.AsyncClient(timeout=60).get("https://example.com")  # finds MT702

async def both():
    await asyncio.wait_for(asyncio.sleep(1), 5)
    await other()

def slow():
    return pool.submit(later, "https://example.com").result()

def directly():
    found = load("https://example.com")
    waiting = pool.submit(int, "1")
    waiting.result(5)
    return found

def lambda_handler(event, context):
    asyncio.run(both())
    return directly(), asyncio.run(main()), slow()
""",
    "a boto3 client at module level": """
import boto3
from botocore.config import Config

lambda_client = boto3.client("lambda", config=Config(read_timeout=900))  # finds MT702

def lambda_handler(event, context):
    return lambda_client.invoke(FunctionName="other")
""",
    "a boto3 table": """
import boto3
from botocore.config import Config

SETTINGS = Config(connect_timeout=2, read_timeout=15)
dynamodb = boto3.resource("dynamodb", config=SETTINGS)  # finds MT702
table = dynamodb.Table("orders")

def lambda_handler(event, context):
    return table.get_item(Key={"id": event["id"]}), table.scan()
""",
    "a boto3 client's, as long as the function": """
import boto3
from botocore.config import Config

s3 = boto3.client("s3", config=Config(read_timeout=10))  # finds MT702

def lambda_handler(event, context):
    return s3.list_buckets()
""",
    "a boto3 client's, in what may be another function": """
import boto3
from botocore.config import Config

s3 = boto3.client("s3", config=Config(read_timeout=20))  # finds MT702 likely

def one():
    return s3.list_buckets()

def other():
    return None

def lambda_handler(event, context):
    return (one if event["first"] else other)()
""",
    "boto3's default": """
import boto3

s3 = boto3.client("s3")  # finds MT702 likely

def lambda_handler(event, context):
    return s3.list_buckets()
""",
    "short, but five times": """
import boto3
from botocore.config import Config

s3 = boto3.client("s3", config=Config(read_timeout=2))  # finds MT702 likely

def lambda_handler(event, context):
    return s3.list_buckets()
""",
    "in what may be another function": """
import requests
from company import checked

def one(url):
    return requests.get(url, timeout=30)  # finds MT702 likely

def other(url):
    return None

def lambda_handler(event, context):
    load = one if event["first"] else other
    return load(event["url"])
""",
}

SILENT = {
    "one request of aiohttp's, by its total": """
import asyncio
import aiohttp

async def main():
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5, sock_read=30)) as session:
        await session.get("https://example.com")
        await session.get("https://example.com", timeout=aiohttp.ClientTimeout(total=4, sock_connect=30))

def lambda_handler(event, context):
    asyncio.run(main())
""",
    "a shorter one": """
import requests

def lambda_handler(event, context):
    return requests.get("https://example.com", timeout=9.5).json()
""",
    "both shorter": """
import requests

def lambda_handler(event, context):
    return requests.get("https://example.com", timeout=(2, 5)).json()
""",
    "a keyword that is no timeout of this call": """
import requests

def lambda_handler(event, context):
    return requests.get("https://example.com", timeout=2, connect_timeout=60, socket_timeout=60).json()
""",
    "one from elsewhere": """
import os
import requests

def lambda_handler(event, context):
    return requests.get("https://example.com", timeout=float(os.environ["TIMEOUT"])).json()
""",
    "an httpx client that only a script uses": """
import httpx

http = httpx.Client(timeout=30)
other = httpx.Client(timeout=5)

def script():
    return http.get("https://example.com")

def lambda_handler(event, context):
    return other.get("https://example.com").json()
""",
    "a name that is given two things": """
import requests

TIMEOUT = (2, 60)
TIMEOUT = (2, 5)

def lambda_handler(event, context):
    return requests.get("https://example.com", timeout=TIMEOUT).json()
""",
    "a timeout of something else": """
import httpx
from company import Timeout

def lambda_handler(event, context):
    return httpx.get("https://example.com", timeout=Timeout(60)).json()
""",
    "none, where one could stand by place": """
from urllib.request import urlopen

def lambda_handler(event, context):
    return urlopen("https://example.com", None).read()
""",
    "outside the handler's way": """
import requests

def backfill():
    return requests.get("https://example.com", timeout=30).json()

def lambda_handler(event, context):
    return {}
""",
    "under Meantime's handler, which ends at the deadline": """
import meantime
import requests

@meantime.handler
def lambda_handler(event, context):
    return requests.get("https://example.com", timeout=30).json()
""",
    "asyncio's shorter one around it, or around what calls it": """
import asyncio
import httpx

async def one():
    async with asyncio.timeout(5), httpx.AsyncClient(timeout=60) as client:
        return await client.get("https://example.com")

async def two(client):
    return await client.get("https://example.com", timeout=60)

async def three():
    return await httpx.AsyncClient(timeout=60).get("https://example.com")

async def four():
    return await httpx.AsyncClient(timeout=60).get("https://example.com")

async def five():
    return await httpx.AsyncClient(timeout=60).get("https://example.com")

async def main():
    async with asyncio.timeout(5):
        await two(httpx.AsyncClient(timeout=3))
    await asyncio.wait_for(asyncio.gather(one(), three()), 5)
    four_ = asyncio.create_task(four())
    await asyncio.wait([four_], timeout=5)
    return await asyncio.wait_for(five(), timeout=5)

def lambda_handler(event, context):
    return asyncio.run(main())
""",
    "a shorter one of what waits for the thread": """
import boto3
import requests
from botocore.config import Config
from concurrent.futures import ThreadPoolExecutor, as_completed

pool = ThreadPoolExecutor(4)
s3 = boto3.client("s3", config=Config(read_timeout=60))

def load(url):
    return requests.get(url, timeout=60).text

def read(url):
    return load(url), s3.list_buckets()

def lambda_handler(event, context):
    found = pool.submit(load, "https://example.com").result(timeout=5)
    return found, [each.result() for each in as_completed([pool.submit(read, "https://example.com")], 5)]
""",
    "a shorter one of each call of the client": """
import asyncio
import httpx

http = httpx.Client(timeout=60)

async def main(url):
    async with httpx.AsyncClient(timeout=60) as client:
        return await client.get(url, timeout=5)

def lambda_handler(event, context):
    return http.get("https://example.com", timeout=5).text, asyncio.run(main("https://example.com"))
""",
    "a boto3 client whose attempts fit": """
import boto3
from botocore.config import Config

s3 = boto3.client("s3", config=Config(read_timeout=2, connect_timeout=1, retries={"total_max_attempts": 3}))

def lambda_handler(event, context):
    return s3.list_buckets()
""",
    "a boto3 client with options from elsewhere": """
import boto3
from company import config, options

s3 = boto3.client("s3", **options)
sqs = boto3.client("sqs", config=config)

def lambda_handler(event, context):
    return s3.list_buckets(), sqs.list_queues()
""",
    "a boto3 client that asks nobody": """
import boto3

s3 = boto3.client("s3")

def lambda_handler(event, context):
    return s3.generate_presigned_url("get_object", Params={})
""",
    "a boto3 client that only a script calls": """
import boto3

s3 = boto3.client("s3")

def script():
    return s3.list_buckets()

def lambda_handler(event, context):
    return {}
""",
    "Meantime's own client": """
from meantime import clients

s3 = clients.boto3("s3", read_timeout=60)

def lambda_handler(event, context):
    return s3.list_buckets()
""",
}


@pytest.mark.parametrize("source", FOUND.values(), ids=FOUND)
def test_it_finds_a_timeout_that_the_function_does_not_live_to_see(finds, source):
    finds("MT702", {"app.py": source, "template.yaml": TEMPLATE})


@pytest.mark.parametrize("source", SILENT.values(), ids=SILENT)
def test_it_is_silent_where_the_timeout_fits_or_is_not_known(finds, source):
    finds("MT702", {"app.py": source, "template.yaml": TEMPLATE})


@pytest.mark.parametrize(
    "around",
    ["asyncio.timeout(5)", "asyncio.timeout_at(5)", "async_timeout.timeout(5)", "anyio.fail_after(5)", "guard"],
)
def test_it_knows_what_is_entered_to_limit_a_call(finds, around):
    source = f"""
import anyio
import async_timeout
import asyncio
import httpx

http = httpx.AsyncClient(timeout=60)

async def main():
    guard = anyio.move_on_after(5)
    async with {around}:
        return await http.get("https://example.com")

def lambda_handler(event, context):
    return asyncio.run(main())
"""

    finds("MT702", {"app.py": source, "template.yaml": TEMPLATE})


@pytest.mark.parametrize(
    ("waiting", "likely"),
    [
        ("future.result(5)", ""),
        ("future.result(timeout=5)", ""),
        ("future.exception(5)", ""),
        ("wait([future], 5)", ""),
        ("as_completed([future], 5)", ""),
        ("as_completed([future], timeout=5)", ""),
        ("future.result()", "  # finds MT702"),
        ("wait([future])", "  # finds MT702"),
        ("as_completed([future])", "  # finds MT702"),
        ("future.add_done_callback(5)", "  # finds MT702"),
    ],
)
def test_it_knows_what_waits_for_a_thread_no_longer_than_it_says(finds, waiting, likely):
    source = f"""
import requests
from concurrent.futures import ThreadPoolExecutor, as_completed, wait

pool = ThreadPoolExecutor(4)

def load(url):
    return requests.get(url, timeout=60).text{likely}

def lambda_handler(event, context):
    future = pool.submit(load, "https://example.com")
    return {waiting}
"""

    finds("MT702", {"app.py": source, "template.yaml": TEMPLATE})


@pytest.mark.parametrize(
    ("waiting", "found"),
    [
        ("asyncio.wait_for(main(), 5)", ""),
        ("asyncio.wait_for(main(), timeout=5)", ""),
        ("asyncio.shield(main())", "  # finds MT702"),
    ],
)
def test_it_knows_what_awaits_a_coroutine_no_longer_than_it_says(finds, waiting, found):
    source = f"""
import asyncio
import httpx

http = httpx.AsyncClient(timeout=60){found}

async def main():
    return await http.get("https://example.com")

async def run():
    return await {waiting}

def lambda_handler(event, context):
    return asyncio.run(run())
"""

    finds("MT702", {"app.py": source, "template.yaml": TEMPLATE})


def test_it_is_silent_without_a_template(finds):
    finds("MT702", FOUND["a request"].replace("  # finds MT702", ""))


def test_it_knows_the_timeout_of_a_function_that_sets_none(finds):
    source = FOUND["a request"].replace("timeout=30", "timeout=3")

    finds("MT702", {"app.py": source, "template.yaml": TEMPLATE.replace("      Timeout: 10\n", "")})


def test_it_says_both_numbers_and_where_the_shorter_one_stands(findings_of):
    (finding,) = findings_of("MT702", {"app.py": FOUND["a request"], "template.yaml": TEMPLATE})

    assert finding.message == (
        "`requests.get` may wait 30 s, but Lambda kills `lambda_handler` after 10 s (template.yaml:9): "
        "the timeout never fires. Choose less than 10 s."
    )


def test_it_says_how_often_a_short_timeout_is_waited_for(findings_of):
    (finding,) = findings_of("MT702", {"app.py": FOUND["short, but five times"], "template.yaml": TEMPLATE})

    assert finding.message.startswith("The client of `s3.list_buckets` may wait 2 s, 5 times, but")
    assert finding.message.endswith(
        "Choose less than 10 s, all attempts together: "
        "`config=Config(read_timeout=…, retries={'total_max_attempts': …})`."
    )


def test_of_several_functions_with_one_handler_the_shortest_counts(findings_of):
    template = f"""{TEMPLATE}
  Unknown:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.lambda_handler
      Runtime: python3.13
      CodeUri: .
      Timeout: !ImportValue shared-timeout
  Shorter:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.lambda_handler
      Runtime: python3.13
      CodeUri: .
      Timeout: 5
"""

    (finding,) = findings_of("MT702", {"app.py": FOUND["a request"], "template.yaml": template})

    assert "after 5 s (template.yaml:" in finding.message
    assert finding.message.endswith("Choose less than 5 s.")
