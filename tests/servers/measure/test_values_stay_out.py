"""No value gets into a recording: what is asked for, with what credentials and headers, is nobody's business."""

from __future__ import annotations

import asyncio
import http.client
import json
import subprocess
import urllib.request
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import aiohttp
import asyncpg
import boto3
import httpx
import psycopg
import pytest
import redis
import requests
import urllib3
from botocore.config import Config
from redis.backoff import NoBackoff
from redis.retry import Retry
from tests.servers.measure.recorded import recorded

from meantime import threads
from meantime.tools.downstream import DelayedAPI

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECRET = "s3cr3t"  # noqa: S105  # no password of anybody's
HEADERS = {"Authorization": SECRET, "X-Token": SECRET}
NOWHERE = "127.0.0.1:1"  # refuses every connection


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with DelayedAPI() as api:
        yield api.url.removeprefix("http://")


def with_credentials(host: str) -> str:
    return f"http://{SECRET}:{SECRET}@{host}/orders?key={SECRET}#{SECRET}"


def _requests(host: str) -> None:
    given = {SECRET: SECRET}
    requests.post(with_credentials(host), headers=HEADERS, json=given, params=given, cookies=given, timeout=5)


def _httpx(host: str) -> None:
    httpx.post(with_credentials(host), headers=HEADERS, json={SECRET: SECRET}, params={SECRET: SECRET})


def _urllib3(host: str) -> None:
    urllib3.request("GET", with_credentials(host), headers=HEADERS, fields={SECRET: SECRET})


def _urllib(host: str) -> None:
    request = urllib.request.Request(f"http://{host}/orders?{SECRET}", data=SECRET.encode(), headers=HEADERS)
    with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310  # likewise
        response.read()


def _http_client(host: str) -> None:
    connection = http.client.HTTPConnection(host, timeout=5)
    connection.request("POST", f"/orders?{SECRET}", body=SECRET, headers=HEADERS)
    connection.getresponse().read()
    connection.close()


def _aiohttp(host: str) -> None:
    async def work() -> None:
        async with (
            aiohttp.ClientSession(headers=HEADERS, cookies={SECRET: SECRET}) as session,
            session.post(f"http://{host}/orders?{SECRET}", json={SECRET: SECRET}, params={SECRET: SECRET}) as response,
        ):
            await response.read()

    asyncio.run(work())


def _boto3(_: str) -> None:
    client = boto3.client(
        "dynamodb",
        region_name="us-east-1",
        aws_access_key_id=SECRET,
        aws_secret_access_key=SECRET,
        aws_session_token=SECRET,
        endpoint_url=f"http://{SECRET}:{SECRET}@{NOWHERE}",
        config=Config(retries={"max_attempts": 0}),
    )
    client.query(TableName="orders", KeyConditionExpression=SECRET, ExpressionAttributeValues={":a": {"S": SECRET}})


def _redis(_: str) -> None:
    with redis.Redis(port=1, username=SECRET, password=SECRET, retry=Retry(NoBackoff(), 0)) as client:
        client.set(SECRET, SECRET)


def _psycopg(_: str) -> None:
    psycopg.connect(f"postgresql://{SECRET}:{SECRET}@{NOWHERE}/{SECRET}?application_name={SECRET}")


def _pymysql(_: str) -> None:
    pymysql: Any = pytest.importorskip("pymysql")
    pymysql.connect(host="127.0.0.1", port=1, user=SECRET, password=SECRET, database=SECRET)


def _asyncpg(_: str) -> None:
    asyncio.run(asyncpg.connect(f"postgresql://{NOWHERE}/orders?user={SECRET}@x&password={SECRET}", ssl=False))


def _subprocess(_: str) -> None:
    subprocess.run(["/bin/true", SECRET], env={SECRET: SECRET, "PATH": "/usr/bin:/bin"}, check=True)
    subprocess.run(f"KEY={SECRET} true {SECRET}", shell=True, check=True)  # noqa: S602  # that is what it is about


def _items(_: str) -> None:
    threads.map(len, [SECRET, SECRET])


USES = [
    _requests, _httpx, _urllib3, _urllib, _http_client, _aiohttp, _boto3, _redis, _psycopg, _pymysql, _asyncpg,
    _subprocess, _items,
]  # fmt: skip


@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__.strip("_"))
def test_no_value_gets_into_a_recording(use: Callable[[str], Any], host: str) -> None:
    def work() -> None:
        with suppress(Exception):  # nobody answers at most of them
            use(host)

    recorder = recorded(work)

    assert recorder.calls
    assert SECRET not in json.dumps(recorder.document)
