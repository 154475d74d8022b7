"""What type checkers see of the clients: mypy checks this file as a user's code, running it proves the rest."""

from __future__ import annotations

from typing import Any, assert_type

import aiohttp
import httpx
import httpx2
import requests

import meantime
from meantime import clients
from meantime.testing import LambdaContext

first = clients.httpx(max_concurrency=2)
second = clients.httpx2(max_concurrency=2)
third = clients.aiohttp(max_concurrency=2)
session = clients.requests(max_concurrency=2)


@meantime.handler
async def lambda_handler(event: dict[str, Any], context: object) -> list[str]:
    one, two, three = await first(), await second(), await third()
    assert_type(one, httpx.AsyncClient)
    assert_type(two, httpx2.AsyncClient)
    assert_type(three, aiohttp.ClientSession)
    return [type(each).__name__ for each in (one, two, three)]


def test_what_type_checkers_are_told_is_true() -> None:
    assert_type(session, requests.Session)
    assert lambda_handler({}, LambdaContext()) == ["AsyncClient", "AsyncClient", "ClientSession"]
