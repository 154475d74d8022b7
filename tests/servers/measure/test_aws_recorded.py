"""Operations of boto3 on a server with AWS's protocols: names, waits, attempts, bodies, settings of the client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError
from tests.measure.patience import patient
from tests.servers.measure.recorded import assert_waited, named, observed, recorded

from meantime import threads
from meantime.tools.downstream import AWSServer, DelayProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

# aiobotocore pins a botocore older than ours, and so has an environment of its own.
ASYNC_PYTHON = Path(sys.prefix) / "aiobotocore" / "bin" / "python"


@pytest.fixture(scope="module")
def aws() -> Iterator[AWSServer]:
    with AWSServer() as aws:
        s3 = _client(aws.url, "s3")
        s3.create_bucket(Bucket="photos")
        s3.put_object(Bucket="photos", Key="secret-key", Body=b"x" * 300_000)
        dynamodb = _client(aws.url, "dynamodb")
        dynamodb.create_table(
            TableName="orders",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        _client(aws.url, "sqs").create_queue(QueueName="jobs")
        yield aws


@pytest.fixture
def proxy(aws: AWSServer) -> Iterator[DelayProxy]:
    with DelayProxy(aws.url, latency=0.1) as proxy:
        yield proxy


def _client(url: str, service: str, **settings: Any) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106  # no secret
        config=Config(retries={"max_attempts": 2, "mode": "standard"}, **settings),
    )


@patient
def test_an_operation_waits_as_long_as_the_service_takes(proxy: DelayProxy) -> None:
    client = _client(proxy.url, "dynamodb", read_timeout=7)

    recorder = recorded(
        lambda: [client.get_item(TableName="orders", Key={"id": {"S": f"secret-{number}"}}) for number in range(4)]
    )

    calls = named(recorder, "dynamodb GetItem")
    assert_waited(calls, [request.duration for request in proxy.requests])
    for call in calls:
        assert (call["kind"], call["library"], call["target"]) == ("aws", "boto3", "orders")
        assert call["parameters"] == ["TableName", "Key"]
        assert (call["timeout_s"], call["has_timeout"], call["attempts"]) == (7.0, True, 1)
        assert "test_aws_recorded.py" in call["line"]
        assert call["received_bytes"] > 100
    assert [call["new_connection"] for call in calls] == [True, False, False, False]
    assert [call["kind"] for call in recorder.calls] == ["aws"] * 4
    assert "secret" not in str(recorder.document)


def test_a_body_is_a_part_of_its_call(proxy: DelayProxy) -> None:
    client = _client(proxy.url, "s3")

    recorder = recorded(lambda: client.get_object(Bucket="photos", Key="secret-key")["Body"].read())

    (call,) = recorder.calls
    assert (call["name"], call["target"]) == ("s3 GetObject", "photos")
    assert call["received_bytes"] > 300_000
    assert "secret-key" not in str(recorder.document)


def test_a_body_that_is_read_later_is_a_call_of_its_own(proxy: DelayProxy) -> None:
    client = _client(proxy.url, "s3")

    def work() -> None:
        body = client.get_object(Bucket="photos", Key="secret-key")["Body"]
        client.list_objects_v2(Bucket="photos")
        assert sum(map(len, body.iter_chunks(50_000))) == 300_000

    recorder = recorded(work)

    names = [call["name"] for call in recorder.calls]
    assert names[:2] == ["s3 GetObject", "s3 ListObjectsV2"]
    assert set(names[2:]) == {"s3 GetObject body"}


def test_a_queue_is_known_by_its_name(proxy: DelayProxy) -> None:
    client = _client(proxy.url, "sqs")
    url = client.get_queue_url(QueueName="jobs")["QueueUrl"]

    recorder = recorded(lambda: client.send_message(QueueUrl=url, MessageBody="secret"))

    (call,) = named(recorder, "sqs SendMessage")
    assert call["target"] == "jobs"


def test_further_attempts_are_counted(aws: AWSServer) -> None:
    with DelayProxy(aws.url, failure_rate=1.0) as proxy:
        client = _client(proxy.url, "dynamodb")

        def work() -> None:
            with pytest.raises(ClientError):
                client.get_item(TableName="orders", Key={"id": {"S": "1"}})

        recorder = recorded(work)

    (call,) = recorder.calls[:1]
    assert (call["name"], call["attempts"], call["error"]) == ("dynamodb GetItem", 3, "InternalServerError")


@patient
def test_an_operation_over_its_timeout_ends_with_its_error(proxy: DelayProxy) -> None:
    client = _client(proxy.url, "dynamodb", read_timeout=0.2)
    client.meta.config.retries = {"total_max_attempts": 1}
    proxy.latency = "30s"

    def work() -> None:
        with pytest.raises(ReadTimeoutError):
            client.get_item(TableName="orders", Key={"id": {"S": "1"}})

    recorder = recorded(work)

    call = recorder.calls[0]
    assert (call["error"], call["timeout_s"]) == ("ReadTimeoutError", 0.2)
    assert call["waiting_ms"] > 190


def test_how_a_client_is_set_up_is_told_once(proxy: DelayProxy) -> None:
    client = _client(proxy.url, "dynamodb", max_pool_connections=3, connect_timeout=2, read_timeout=5)

    def work() -> None:
        for _ in range(2):
            client.describe_table(TableName="orders")

    recorder = recorded(work)
    again = recorded(work)

    (used,) = observed(recorder, "client_used")
    assert used["text"] == "boto3 client of dynamodb"
    assert used["numbers"] == {
        "max_pool_connections": 3.0, "connect_timeout": 2.0, "read_timeout": 5.0, "max_attempts": 3.0,
    }  # fmt: skip
    assert len(observed(again, "client_used")) == 1


def test_a_pool_narrower_than_the_fan_out_is_observed(proxy: DelayProxy) -> None:
    client = _client(proxy.url, "dynamodb", max_pool_connections=2)
    client.describe_table(TableName="orders")

    recorder = recorded(
        lambda: threads.map(lambda _: client.describe_table(TableName="orders"), range(6), max_concurrency=6)
    )

    (full,) = observed(recorder, "pool_full")
    assert full["numbers"]["pool_size"] == 2.0
    assert full["numbers"]["count"] >= 4.0
    (fan_out,) = observed(recorder, "fan_out")
    assert (fan_out["text"], fan_out["numbers"]) == ("threads.map", {"max_concurrency": 6.0, "items": 6.0})
    assert "test_aws_recorded.py" in fan_out["line"]


def test_a_client_that_is_made_within_the_invocation_is_told_of_with_its_cost(aws: AWSServer) -> None:
    recorder = recorded(lambda: _client(aws.url, "s3"))

    made = {each["text"]: each for each in observed(recorder, "client_made")}
    assert made['boto3.client("s3")']["numbers"]["cpu_ms"] > 1
    assert "test_aws_recorded.py" in made['boto3.client("s3")']["line"]


def test_a_tracer_that_has_wrapped_the_client_still_sees_its_calls(aws: AWSServer) -> None:
    wrapt = pytest.importorskip("wrapt")
    client, traced = _client(aws.url, "dynamodb"), []
    original = BaseClient._make_api_call

    def trace(wrapped: Any, instance: Any, args: Any, keywords: Any) -> Any:
        traced.append((instance, args[0]))
        return wrapped(*args, **keywords)

    wrapt.wrap_function_wrapper("botocore.client", "BaseClient._make_api_call", trace)
    try:
        recorder = recorded(lambda: client.describe_table(TableName="orders"))
        client.describe_table(TableName="orders")
    finally:
        BaseClient._make_api_call = original

    assert traced == [(client, "DescribeTable")] * 2
    assert [call["name"] for call in recorder.calls] == ["dynamodb DescribeTable"]


ASYNC = """
import asyncio, json, sys
from aiobotocore.session import get_session
from meantime.measure.recorder import recording

async def work(url):
    session = get_session()
    async with session.create_client("s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="test",
                                     aws_secret_access_key="test") as s3:
        await s3.head_bucket(Bucket="photos")
        for _ in range(3):
            answer = await s3.get_object(Bucket="photos", Key="secret-key")
            assert len(await answer["Body"].read()) == 300_000
        await asyncio.gather(*(s3.list_objects_v2(Bucket="photos") for _ in range(3)))

with recording() as recorder:
    asyncio.run(work(sys.argv[1]))
print(json.dumps(recorder.document))
"""


@pytest.mark.skipif(not ASYNC_PYTHON.exists(), reason=f"there is no {ASYNC_PYTHON}, with aiobotocore")
@patient
def test_awaited_operations_wait_as_long_as_the_service_takes(proxy: DelayProxy) -> None:
    source = Path(__file__).parents[3] / "src"

    ran = subprocess.run(
        [ASYNC_PYTHON, "-c", ASYNC, proxy.url],
        env={**os.environ, "PYTHONPATH": str(source)},
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )

    assert ran.returncode == 0, ran.stderr
    calls = json.loads(ran.stdout)["calls"]
    requests = [request for request in proxy.requests if request.service == "s3"]
    objects = [call for call in calls if call["name"] == "s3 GetObject"]
    assert_waited(objects, [each.duration for each in requests if each.operation == "GetObject"])
    listed = [call for call in calls if call["name"] == "s3 ListObjectsV2"]  # these open connections of their own, too
    assert len(listed) == 3
    assert all(call["waiting_ms"] > 97 for call in listed)
    assert {(call["library"], call["kind"], call["target"]) for call in objects} == {("aiobotocore", "aws", "photos")}
    assert all(call["received_bytes"] > 300_000 for call in objects)
