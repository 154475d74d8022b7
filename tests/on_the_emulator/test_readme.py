"""The README's two functions, invoked on the emulator against servers that answer."""

from __future__ import annotations

import re
from pathlib import Path

import boto3
import pytest

from meantime.tools.downstream import AWSServer, DelayedAPI
from meantime.tools.emulator import Emulator, Function

README = Path(__file__).parents[2] / "README.md"
FUNCTIONS = re.findall(r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def emulate(tmp_path):
    def start(source: str, environment: dict[str, str]) -> Emulator:
        (tmp_path / "app.py").write_text(source, encoding="utf-8")
        return Emulator(Function("app.lambda_handler", code=tmp_path, memory_mb=1769, environment=environment))

    return start


def test_the_first_waits_for_three_apis_at_once_on_one_warm_client(emulate):
    with DelayedAPI(0.05) as api, emulate(FUNCTIONS[0], {"API_URL": api.url}) as lambda_:
        results = [lambda_.invoke({}) for _ in range(3)]
        statistics = api.statistics()

    assert [result.error for result in results] == [None] * 3
    assert set(results[0].payload) == {"profile", "orders", "permissions"}
    assert results[0].payload["orders"]["path"] == "/orders"
    assert statistics.peak_concurrency == 3
    assert statistics.connections == 3


def test_the_second_reads_what_is_in_the_bucket(emulate):
    keys = [f"key-{number}" for number in range(20)]
    with AWSServer() as aws:
        credentials = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        s3 = boto3.client("s3", endpoint_url=aws.url, **credentials)
        s3.create_bucket(Bucket="bucket")
        for key in keys:
            s3.put_object(Bucket="bucket", Key=key, Body=f"text of {key}".encode())
        with emulate(FUNCTIONS[1], {"BUCKET": "bucket", **aws.environment}) as lambda_:
            result = lambda_.invoke({"keys": [*keys, "missing"]})

    assert result.error is None
    assert result.payload["texts"] == [f"text of {key}" for key in keys]
    assert list(result.payload["failed"]) == ["missing"]
    assert "NoSuchKey" in result.payload["failed"]["missing"]
    assert result.payload["again"] == []
