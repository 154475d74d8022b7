"""Writes of a loop's turns are told apart by what they are about, not by what they write."""

import sys
from pathlib import Path

import pytest

from meantime.tools.measure.dependence import independent_groups

sys.path.insert(0, str(Path(__file__).with_name("fakes")))

from builders import call, recording


def dependence_of(tmp_path, statement, **more):
    (tmp_path / "app.py").write_text(
        f"def lambda_handler(event, context):\n    for each in event['items']:\n        {statement}\n"
    )
    calls = [call(number, stack=("app.py:3 in lambda_handler",), line="app.py:3", **more) for number in range(5)]
    return independent_groups(recording(calls), tmp_path)


HTTP = {"library": "requests", "target": "api:443"}
AWS = {"kind": "aws", "library": "boto3", "target": "things"}
REDIS = {"kind": "redis", "library": "redis", "target": "cache:6379"}
ABOUT_ONE_THING = [
    ("session.put(API + '/orders/7/status', json={'status': each})", HTTP | {"name": "PUT /orders/7/status"}),
    ("session.put(API + '/document', each)", HTTP | {"name": "PUT /document"}),
    ("session.put(API + '/upload', data=each, headers={'Content-Range': each})", HTTP | {"name": "PUT /upload"}),
    ("s3.put_object(Bucket='b', Key='progress.txt', Body=each)", AWS | {"name": "s3 PutObject"}),
    (
        "table.update_item(Key={'pk': 'o1'}, UpdateExpression='SET s = :s', ExpressionAttributeValues={':s': each})",
        AWS | {"name": "dynamodb UpdateItem"},
    ),
    ("kinesis.put_record(StreamName='s', Data=each, PartitionKey='order-7')", AWS | {"name": "kinesis PutRecord"}),
    ("batch.put_item(Item=each)", AWS | {"name": "dynamodb BatchWriteItem"}),
    ("redis.rpush('queue', each)", REDIS | {"name": "redis RPUSH"}),
    ("redis.set('status', each)", REDIS | {"name": "redis SET"}),
]
ABOUT_THEIR_OWN = [
    ("session.put(API + '/orders/' + each, json={'status': 'done'})", HTTP | {"name": "PUT /orders/1"}),
    ("session.post(API + '/orders', json=each)", HTTP | {"name": "POST /orders"}),
    ("s3.put_object(Bucket='b', Key=each, Body='x')", AWS | {"name": "s3 PutObject"}),
    ("table.put_item(Item=each)", AWS | {"name": "dynamodb PutItem"}),
    ("sqs.send_message(QueueUrl=URL, MessageBody=each)", AWS | {"name": "sqs SendMessage"}),
    ("redis.set(each, 1)", REDIS | {"name": "redis SET"}),
]


@pytest.mark.parametrize(("statement", "more"), ABOUT_ONE_THING, ids=[each[1]["name"] for each in ABOUT_ONE_THING])
def test_what_all_turns_write_to_one_thing_stays_in_order(tmp_path, statement, more):
    found = dependence_of(tmp_path, statement, **more)

    assert not found.groups
    assert "nothing that it is given comes from the loop's item" in found.chains[0].reason


@pytest.mark.parametrize(("statement", "more"), ABOUT_THEIR_OWN, ids=[each[1]["name"] for each in ABOUT_THEIR_OWN])
def test_what_each_turn_writes_to_its_own_goes_side_by_side(tmp_path, statement, more):
    found = dependence_of(tmp_path, statement, **more)

    assert [len(group.chains) for group in found.groups] == [5]
