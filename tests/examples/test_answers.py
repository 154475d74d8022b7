"""Every variant of every example, cold and warm, in a process of its own, against servers that really answer."""

from __future__ import annotations

import csv
import gzip
import json
import re
from base64 import b64decode
from contextlib import closing
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from catalogue import CREDENTIALS, EXAMPLES
from PIL import Image

if TYPE_CHECKING:
    from catalogue import Example

BY_NAME = {example.name: example for example in EXAMPLES}
BY_VARIANT = [
    pytest.param(example, variant, id=f"{example.name}-{variant}")
    for example in EXAMPLES
    for variant in example.variants
]
EACH_EXAMPLE = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)


@pytest.fixture(scope="module")
def runs(served, invoke) -> dict[tuple[str, str], dict[str, Any]]:
    """What each variant gave, twice, and the most requests that each server had of it at once."""
    runs = {}
    for example in EXAMPLES:
        for variant in example.variants:
            for service in served.services_of(example):
                service.reset()
            run = invoke(example.folder, variant, example.event, served.environment_of(example), times=2)
            peaks = [service.statistics().peak_concurrency for service in served.services_of(example)]
            runs[example.name, variant] = run | {"peaks": peaks}
    return runs


@EACH_EXAMPLE
def test_all_variants_give_the_same_answer_cold_and_warm(example: Example, runs):
    answers = [answer for variant in example.variants for answer in runs[example.name, variant]["answers"]]

    assert len(answers) == 2 * len(example.variants)
    assert {without_numbers(answer) for answer in answers} == {without_numbers(answers[0])}


@pytest.mark.parametrize(("example", "variant"), BY_VARIANT)
def test_a_variant_runs_in_a_bare_process_without_a_word_in_its_log(example: Example, variant, runs):
    run = runs[example.name, variant]

    assert (run["raised"], run["log"], run["tools"]) == (None, "", [])


@pytest.mark.parametrize(("example", "variant"), BY_VARIANT)
def test_only_the_sequential_variant_makes_one_request_at_a_time(example: Example, variant, runs):
    for peak in runs[example.name, variant]["peaks"]:
        if variant == "sequential":
            assert peak == 1
        else:
            assert 1 < peak <= 12


def test_the_overview_has_what_each_api_said(runs):
    overview = body_of(runs["several_apis", "threads"])

    assert {part: said["path"] for part, said in overview.items()} == {
        "profile": "/customers/c-1042/profile",
        "orders": "/customers/c-1042/orders",
        "permissions": "/customers/c-1042/permissions",
    }


def test_the_report_adds_up_the_objects_of_the_day(runs, served):
    with client("s3", served, "s3_reads") as s3:
        keys = [one["Key"] for one in s3.list_objects_v2(Bucket="hours", Prefix="2026-03-01/")["Contents"]]
        hours = [json.load(s3.get_object(Bucket="hours", Key=key)["Body"]) for key in keys]

    report = body_of(runs["s3_reads", "threads"])

    assert len(hours) == 24
    assert report["requests"] == sum(hour["requests"] for hour in hours)
    assert report["errors"] == sum(hour["errors"] for hour in hours)
    assert hours[report["busiest_hour"]]["requests"] == max(hour["requests"] for hour in hours)


def test_the_readings_are_the_newest_of_each_sensor(runs, served):
    with client("dynamodb", served, "dynamodb_queries") as dynamodb:
        items = dynamodb.scan(TableName="readings")["Items"]
    newest = {
        item["sensor"]["S"]: {"read_at": item["read_at"]["S"], "celsius": float(item["celsius"]["N"])}
        for item in sorted(items, key=lambda item: item["read_at"]["S"])
    }

    assert body_of(runs["dynamodb_queries", "threads"]) == newest
    assert len(newest) == 12
    assert len(items) > len(newest)


def test_the_stored_tables_add_up_to_what_the_answer_says(runs, served):
    stored = runs["fetch_transform_store", "tasks"]["answers"][-1]["stored"]

    assert len(stored) == 8
    with client("s3", served, "fetch_transform_store") as s3:
        for table in stored:
            content = s3.get_object(Bucket="tables", Key=table["key"])["Body"].read()
            rows = csv.DictReader(StringIO(gzip.decompress(content).decode()))
            assert sum(int(row["revenue_cents"]) for row in rows) == table["revenue_cents"]


def test_each_photo_becomes_a_smaller_jpeg_of_the_same_shape(runs):
    thumbnails = body_of(runs["thumbnails", "sequential"])["thumbnails"]

    assert [thumbnail["name"] for thumbnail in thumbnails] == ["dawn", "dusk", "night", "noon"]
    for thumbnail in thumbnails:
        with Image.open(BytesIO(b64decode(thumbnail["url"].partition(",")[2]))) as image:
            assert (image.format, image.size) == ("JPEG", (360, 240))
            assert image.size == (thumbnail["width"], thumbnail["height"])


@pytest.mark.parametrize("name", ["s3_reads", "fetch_transform_store"])
def test_filling_a_bucket_again_changes_nothing(name, served):
    with client("s3", served, name) as s3:
        before = contents_of(s3)

        BY_NAME[name].seed(s3.meta.endpoint_url)

        assert contents_of(s3) == before


def test_filling_a_table_again_changes_nothing(served):
    with client("dynamodb", served, "dynamodb_queries") as dynamodb:
        before = dynamodb.scan(TableName="readings")["Items"]

        BY_NAME["dynamodb_queries"].seed(dynamodb.meta.endpoint_url)

        assert dynamodb.scan(TableName="readings")["Items"] == before


def body_of(run: dict[str, Any]) -> Any:
    """What the last answer gives the caller of an HTTP API."""
    assert run["answers"][-1]["statusCode"] == 200
    return json.loads(run["answers"][-1]["body"])


def without_numbers(answer: Any) -> str:
    """The delayed API numbers its answers, so that no two are the same; nothing else may differ."""
    return re.sub(r'\\"number\\": \d+', "", json.dumps(answer))


def client(service: str, served: Any, name: str) -> closing[Any]:
    """A client of the server that an example's function uses."""
    return closing(
        boto3.client(
            service,
            endpoint_url=served.environment_of(BY_NAME[name])["AWS_ENDPOINT_URL"],
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            region_name=CREDENTIALS["AWS_DEFAULT_REGION"],
        )
    )


def contents_of(s3: Any) -> dict[tuple[str, str], str]:
    """The fingerprint of every object in every bucket."""
    buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    return {
        (bucket, one["Key"]): one["ETag"]
        for bucket in buckets
        for one in s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    }
