"""What is made within an invocation is told of once, with its line and its cost, whoever makes what for it."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any

import aiohttp
import boto3
import httpx
import httpx2
import pytest
import redis
import redis.asyncio
import requests
import urllib3
from tests.servers.measure.recorded import observed, recorded

from meantime.measure.recorder import recording
from meantime.tools.downstream import DelayedAPI

if TYPE_CHECKING:
    from collections.abc import Callable

_AWS = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}


def _aiohttp() -> None:
    async def work() -> None:
        async with aiohttp.ClientSession():
            pass

    asyncio.run(work())


def _httpx_async() -> None:
    async def work() -> None:
        async with httpx.AsyncClient():
            pass

    asyncio.run(work())


MAKERS: dict[str, Callable[[], Any]] = {
    "boto3.Session": lambda: boto3.Session(),
    'boto3.client("sqs")': lambda: boto3.client("sqs", **_AWS),
    'boto3.resource("dynamodb")': lambda: boto3.resource("dynamodb", **_AWS),
    "requests.Session": lambda: requests.Session().close(),
    "urllib3.PoolManager": lambda: urllib3.PoolManager().clear(),
    "httpx.Client": lambda: httpx.Client().close(),
    "httpx2.Client": lambda: httpx2.Client().close(),
    "httpx.AsyncClient": _httpx_async,
    "aiohttp.ClientSession": _aiohttp,
    "redis.Redis": lambda: redis.Redis().close(),
    "redis.asyncio.Redis": lambda: redis.asyncio.Redis(),
}


@pytest.mark.parametrize("text", MAKERS)
def test_it_is_told_of_once(text: str) -> None:
    boto3.setup_default_session()  # boto3's own, which boto3.client would make

    (made,) = observed(recorded(MAKERS[text]), "client_made")

    assert made["text"] == text
    assert made["duration_ms"] > 0
    assert made["numbers"]["cpu_ms"] >= 0
    assert made["line"] == "" or "test_makers_recorded.py" in made["line"]


FOR_ONE_REQUEST: dict[str, Callable[[str], Any]] = {
    "requests.get": lambda url: requests.get(url, timeout=5),
    "requests.request": lambda url: requests.request("GET", url, timeout=5),
    "httpx.get": httpx.get,
    "httpx2.post": httpx2.post,
}


@pytest.mark.parametrize("text", FOR_ONE_REQUEST)
def test_a_client_for_one_request_is_told_of_by_what_was_called(text: str) -> None:
    with DelayedAPI() as api:
        recorder = recorded(lambda: FOR_ONE_REQUEST[text](api.url))

    assert [made["text"] for made in observed(recorder, "client_made")] == [text]


def test_a_tls_context_by_itself_is_told_of_as_that() -> None:
    recorder = recorded(lambda: ssl.create_default_context())

    assert [each["text"] for each in observed(recorder, "tls_context")] == ["ssl.create_default_context"]
    assert observed(recorder, "client_made") == []


def test_what_was_made_before_is_not_told_of() -> None:
    session = requests.Session()

    with recording() as recorder:
        session.close()

    assert observed(recorder, "client_made") == []


def test_a_maker_that_fails_fails_as_it_does() -> None:
    def work() -> None:
        with pytest.raises(ValueError, match="Invalid endpoint"):
            boto3.client("sqs", endpoint_url="nowhere", **_AWS)

    recorder = recorded(work)

    assert observed(recorder, "client_made") == []
