"""Retries and hedges with real clients, against a downstream that throttles, fails, hangs and closes connections."""

from __future__ import annotations

import asyncio
import time
from itertools import count
from typing import TYPE_CHECKING

import boto3
import httpx
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

import meantime
from meantime import tasks, threads
from meantime.retry import Retry
from meantime.testing import LambdaContext
from meantime.tools.downstream import AWSServer, DelayedAPI, DelayProxy

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def aws() -> Iterator[AWSServer]:
    with AWSServer() as server:
        yield server


@pytest.fixture
def api() -> Iterator[DelayedAPI]:
    with DelayedAPI(latency=0) as server:
        yield server


def dynamodb(url, **retries):
    return boto3.client(
        "dynamodb",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106  # no secret
        config=Config(retries=retries, max_pool_connections=16),
    )


@pytest.mark.parametrize("with_retry", [True, False], ids=["with Retry", "without"])
def test_a_table_that_throttles_is_read_in_full(with_retry, aws):
    with DelayProxy(aws.url, latency=0.01, max_concurrency=2) as proxy:
        client = dynamodb(proxy.url, total_max_attempts=1, mode="standard")
        policy = Retry(20, throttled_backoff=0.02, max_backoff=0.5, budget=None)
        list_tables = policy(client.list_tables) if with_retry else client.list_tables

        @meantime.handler
        def lambda_handler(event, context):
            return threads.map(lambda _: list_tables()["TableNames"], range(60), max_concurrency=8)

        if with_retry:
            assert lambda_handler({}, LambdaContext(timeout=60)) == [[]] * 60
            assert policy.statistics().retries == proxy.statistics().throttled > 0
        else:
            with pytest.raises(ClientError, match="ProvisionedThroughputExceeded"):
                lambda_handler({}, LambdaContext(timeout=60))


def test_a_client_that_retries_by_itself_is_told_of_before_and_after(aws, caplog):
    with DelayProxy(aws.url, latency=0, failure_rate=1) as proxy:
        client = dynamodb(proxy.url, max_attempts=1, mode="standard")
        Retry()(client.list_tables)
        policy = Retry(2, initial_backoff=0)

        @policy
        def list_tables():
            return client.list_tables()

        with pytest.raises(ClientError):
            list_tables()

    by_method, by_error = (record.getMessage() for record in caplog.records)
    assert "DynamoDB.list_tables is tried 3 times by Retry, and each time up to 2 times" in by_method
    assert "list_tables is tried 2 times by Retry, and each time up to 2 times" in by_error
    assert proxy.statistics().requests == 4  # they do multiply


def test_a_client_whose_retries_are_off_is_not_told_of(aws, caplog):
    Retry()(dynamodb(aws.url, total_max_attempts=1, mode="standard").list_tables)

    assert not caplog.records


@pytest.mark.parametrize("client", ["requests", "httpx"])
def test_retry_after_of_a_real_answer_is_waited_for(client):
    get = requests.get if client == "requests" else httpx.get
    moments = []

    @Retry(initial_backoff=0, throttled_backoff=0)
    def fetch(url):
        moments.append(time.monotonic())
        response = get(url, timeout=10)
        response.raise_for_status()
        return response.json()["number"]

    with DelayedAPI(latency=0, rate=1) as api:
        assert [fetch(api.url), fetch(api.url)] == [1, 2]

    assert len(moments) == 3
    assert moments[2] - moments[1] >= 1


def test_an_answer_with_an_error_status_is_retried_without_being_raised(api):
    statuses = iter((503, 500, 200))

    @Retry(on_result=lambda response: response.status_code >= 500, initial_backoff=0, throttled_backoff=0)
    def fetch():
        return requests.get(f"{api.url}?status={next(statuses)}", timeout=10)

    assert fetch().status_code == 200


def test_a_closed_connection_is_tried_again(api):
    with DelayProxy(api.url, latency=0, max_connections=1) as proxy, requests.Session() as first:
        first.get(proxy.url, timeout=10)  # keeps the only connection there may be
        calls = count(1)

        @Retry(100, initial_backoff=0.01, max_backoff=0.1, budget=None)
        def fetch():
            if next(calls) == 2:
                first.close()
            with requests.Session() as session:
                return session.get(proxy.url, timeout=10).status_code

        assert fetch() == 200
    assert next(calls) > 2


def test_an_async_attempt_that_hangs_is_given_up_and_made_again(api):
    delays = iter((60, 0))

    async def main():
        async with httpx.AsyncClient() as client:

            @Retry(timeout=0.3, initial_backoff=0)
            async def fetch():
                response = await client.get(f"{api.url}?delay={next(delays)}")
                return response.status_code

            return await fetch()

    assert asyncio.run(main()) == 200
    assert api.statistics().abandoned == 1  # the first request was really ended


@pytest.mark.parametrize("blocking", [True, False], ids=["threads", "tasks"])
def test_a_slow_answer_is_overtaken_by_a_second_request(blocking, api):
    delays = iter((1.0, 0.0))
    policy = Retry(hedge_after=0.1)
    began = time.monotonic()
    if blocking:
        policy(lambda: requests.get(f"{api.url}?delay={next(delays)}", timeout=10).raise_for_status())()
    else:

        async def main():
            async with httpx.AsyncClient(timeout=10) as client:

                @policy
                async def fetch():
                    await client.get(f"{api.url}?delay={next(delays)}")

                await fetch()

        asyncio.run(main())

    assert 0.1 <= time.monotonic() - began < 1
    assert policy.statistics().hedges_won == 1


def test_a_fan_out_of_hedged_calls_keeps_the_hedges_to_their_share():
    policy = Retry(hedge_after=0.05, hedge_budget=0.1)

    async def main(url):
        async with httpx.AsyncClient(timeout=30) as client:

            @policy
            async def fetch(number):
                response = await client.get(f"{url}/{number}")
                return response.json()["path"]

            return await tasks.map(fetch, range(200), max_concurrency=20)

    with DelayedAPI(latency="lognormal:p50=10ms,p99=300ms", seed=1) as server:
        assert asyncio.run(main(server.url)) == [f"/{number}" for number in range(200)]

    statistics = policy.statistics()
    assert 0 < statistics.hedges <= 21
    assert 200 < server.statistics().requests <= 200 + statistics.hedges  # one overtaken at once may never be sent
