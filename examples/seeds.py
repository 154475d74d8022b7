"""What the buckets and tables of the examples hold before an example runs; filling them again changes nothing.

As a command, `python seeds.py NAME` fills those of one example, found as its function finds them: by BUCKET, TABLE and
AWS_ENDPOINT_URL.
"""

from __future__ import annotations

import json
import os
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from random import Random
from typing import TYPE_CHECKING, Any

import boto3
import typer
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = datetime(2026, 3, 1, tzinfo=UTC)
SENSORS = tuple(f"greenhouse-{number:02}" for number in range(1, 13))
DOCUMENTS = tuple(f"orders-{DAY + timedelta(days=day):%Y-%m-%d}" for day in range(8))
DOCUMENT_BUCKET = "documents"  # the first part of the path at which the API gives them

_COUNTRIES = ("AT", "BR", "CA", "DE", "ES", "FR", "GB", "IT", "JP", "NL", "PL", "US")
_PRODUCTS = tuple(
    f"{colour} {thing}" for colour in ("black", "blue", "green", "red") for thing in ("cup", "lamp", "rug")
)
_ORDERS = 400  # in one document


def s3_reads(*, bucket: str, endpoint_url: str | None = None, **credentials: str) -> None:
    """The counts of 24 hours, an object each.

    Args:
        bucket: Where to put them; made if it is not there.
        endpoint_url: The server; AWS, or what AWS_ENDPOINT_URL says, if None.
        credentials: Keywords of `boto3.client`: aws_access_key_id, aws_secret_access_key, region_name.
    """
    random = _random("hours")
    with _client("s3", endpoint_url, credentials) as s3:
        _make_bucket(s3, bucket)
        for hour in range(24):
            requests = 400 + random.randrange(600)
            counts = {"requests": requests, "errors": requests // random.randrange(60, 120)}
            key = f"{DAY:%Y-%m-%d}/{hour:02}.json"
            s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(counts), ContentType="application/json")


def dynamodb_queries(*, table: str, endpoint_url: str | None = None, **credentials: str) -> None:
    """The readings of twelve sensors, two of each.

    Args:
        table: Where to put them; made if it is not there.
        endpoint_url: The server; AWS, or what AWS_ENDPOINT_URL says, if None.
        credentials: Keywords of `boto3.client`.
    """
    random = _random("readings")
    with _client("dynamodb", endpoint_url, credentials) as dynamodb:
        _make_table(dynamodb, table)
        for sensor in SENSORS:
            for hour in (6, 7):
                item = {
                    "sensor": {"S": sensor},
                    "read_at": {"S": f"{DAY + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ}"},
                    "celsius": {"N": f"{random.uniform(17, 26):.1f}"},
                }
                dynamodb.put_item(TableName=table, Item=item)


def fetch_transform_store(*, bucket: str, endpoint_url: str | None = None, **credentials: str) -> None:
    """The eight documents that the API gives, and an empty bucket for what becomes of them.

    The API is the same server: an object of a bucket can be fetched with a plain GET.

    Args:
        bucket: Where the function stores; made if it is not there.
        endpoint_url: The server.
        credentials: Keywords of `boto3.client`.
    """
    with _client("s3", endpoint_url, credentials) as s3:
        for name in (DOCUMENT_BUCKET, bucket):
            _make_bucket(s3, name)
        for name in DOCUMENTS:
            document = json.dumps({"orders": list(_orders(_random(name)))})
            s3.put_object(Bucket=DOCUMENT_BUCKET, Key=f"{name}.json", Body=document, ContentType="application/json")


def main(example: str) -> None:
    """Fill what one example reads: s3_reads, dynamodb_queries or fetch_transform_store."""
    if example == "s3_reads":
        s3_reads(bucket=_variable("BUCKET"))
    elif example == "dynamodb_queries":
        dynamodb_queries(table=_variable("TABLE"))
    elif example == "fetch_transform_store":
        # Never in AWS itself: there the documents belong to whoever runs the API.
        fetch_transform_store(bucket=_variable("BUCKET"), endpoint_url=_variable("AWS_ENDPOINT_URL"))
    else:
        raise typer.BadParameter(f"{example!r} has nothing to fill: s3_reads, dynamodb_queries, fetch_transform_store")
    typer.echo(f"{example}: filled.")


def _variable(name: str) -> str:
    try:
        return os.environ[name]
    except KeyError:
        raise typer.BadParameter(f"set the environment variable {name}, as for the function") from None


def _client(service: str, endpoint_url: str | None, credentials: dict[str, str]) -> closing[Any]:
    return closing(boto3.client(service, endpoint_url=endpoint_url, **credentials))


def _make_bucket(s3: Any, bucket: str) -> None:
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.NOT_FOUND:
            raise
        s3.create_bucket(Bucket=bucket)


def _make_table(dynamodb: Any, table: str) -> None:
    try:
        dynamodb.describe_table(TableName=table)
    except dynamodb.exceptions.ResourceNotFoundException:
        dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": "sensor", "AttributeType": "S"},
                {"AttributeName": "read_at", "AttributeType": "S"},
            ],
            KeySchema=[
                {"AttributeName": "sensor", "KeyType": "HASH"},
                {"AttributeName": "read_at", "KeyType": "RANGE"},
            ],
        )
        dynamodb.get_waiter("table_exists").wait(TableName=table)


def _orders(random: Random) -> Iterator[dict[str, Any]]:
    for number in range(_ORDERS):
        lines = [
            {"product": product, "quantity": random.randrange(1, 5), "price_cents": random.randrange(500, 9000)}
            for product in random.sample(_PRODUCTS, 3)
        ]
        yield {"id": f"{number:05}", "country": random.choice(_COUNTRIES), "lines": lines}


def _random(what: str) -> Random:
    return Random(what)  # noqa: S311  # the same figures each time, and no secrets


if __name__ == "__main__":
    typer.run(main)
