"""MT903: a call to the network while modules are loaded."""

from __future__ import annotations

import pytest

FOUND = {
    "a message that is sent": """
import boto3

sqs = boto3.client("sqs")
sqs.send_message(QueueUrl="q", MessageBody="up")  # finds MT903

def lambda_handler(event, context):
    return {}
""",
    "an item that is written": """
import boto3

table = boto3.resource("dynamodb").Table("starts")
table.put_item(Item={"id": "1"})  # finds MT903

def handler(event, context):
    return {}
""",
    "in a function that the module calls": """
import boto3

sns = boto3.client("sns")

def announce():
    sns.publish(TopicArn="t", Message="up")  # finds MT903

announce()

def lambda_handler(event, context):
    return {}
""",
    "in what may be another function": """
import boto3

sns = boto3.client("sns")

def announce():
    sns.publish(TopicArn="t", Message="up")  # finds MT903 likely

def nothing():
    pass

start = announce if sns else nothing
start()

def lambda_handler(event, context):
    return {}
""",
    "a parameter that is read": """
import boto3

SETTINGS = boto3.client("ssm").get_parameter(Name="/x")["Parameter"]["Value"]  # finds MT903 likely

def lambda_handler(event, context):
    return SETTINGS
""",
    "a request": """
import requests

KEYS = requests.get("https://example.com/keys", timeout=2).json()  # finds MT903 likely

def lambda_handler(event, context):
    return KEYS
""",
}

SILENT = {
    "in the handler": """
import boto3

sqs = boto3.client("sqs")

def lambda_handler(event, context):
    sqs.send_message(QueueUrl="q", MessageBody="up")
""",
    "in a function that a script calls": """
import boto3

sns = boto3.client("sns")

def announce():
    sns.publish(TopicArn="t", Message="up")

announce()
""",
    "what is not known": """
from company import queue

queue.send_message(QueueUrl="q", MessageBody="up")

def lambda_handler(event, context):
    return {}
""",
    "in a script": """
import boto3

sqs = boto3.client("sqs")
sqs.send_message(QueueUrl="q", MessageBody="up")
""",
    "when it is run by itself": """
import boto3

sqs = boto3.client("sqs")

def lambda_handler(event, context):
    return {}

if __name__ == "__main__":
    sqs.send_message(QueueUrl="q", MessageBody="up")
""",
    "making clients": """
import boto3
import requests

s3 = boto3.client("s3")
table = boto3.resource("dynamodb").Table("orders")
url = s3.generate_presigned_url("get_object", Params={})
session = requests.Session()

def lambda_handler(event, context):
    return url
""",
    "in a function that is kept for later": """
from functools import cache
import boto3

ssm = boto3.client("ssm")

@cache
def settings():
    return ssm.get_parameter(Name="/x")

def lambda_handler(event, context):
    return settings()
""",
}


@pytest.mark.parametrize("source", FOUND.values(), ids=FOUND)
def test_it_finds_calls_while_modules_are_loaded(finds, source):
    finds("MT903", source)


@pytest.mark.parametrize("source", SILENT.values(), ids=SILENT)
def test_it_is_silent_about_what_invocations_or_nobody_calls(finds, source):
    finds("MT903", source)


def test_it_counts_the_modules_that_a_handler_imports_and_no_others(finds):
    call = """
import boto3

sqs = boto3.client("sqs")
sqs.send_message(QueueUrl="q", MessageBody="up")"""
    finds(
        "MT903",
        {
            "app.py": """
import start.up

def lambda_handler(event, context):
    return start.up.sqs
""",
            "start/__init__.py": "",
            "start/up.py": f"{call}  # finds MT903\n",
            "deploy.py": f"{call}\n",
        },
    )


def test_it_tells_the_way_from_the_module(findings_of):
    (finding,) = findings_of("MT903", FOUND["in a function that the module calls"])

    assert len(finding.chain) == 1


@pytest.mark.parametrize(
    ("case", "instead"),
    [
        ("a message that is sent", "Call it in the handler, for the event that asks for it."),
        ("a request", "Call it in the handler, where it is kept by `@meantime.warm` or `@cache`."),
    ],
)
def test_it_says_what_to_do_instead(findings_of, case, instead):
    (finding,) = findings_of("MT903", FOUND[case])

    assert finding.message.endswith(instead)
