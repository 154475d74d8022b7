"""Whether something is as long as a handler's event makes it: seen by MT502, which asks it of `len(…)`."""

from __future__ import annotations

import pytest

AS_LONG_AS_THE_EVENT = [
    "event",
    'event["keys"]',
    'event["body"]["keys"]',
    'event["orders"][0]["lines"]',
    'event.get("keys")',
    'event.pop("keys", [])',
    'event["keys"].copy()',
    'event["orders"].items()',
    'event["orders"].keys()',
    'event["orders"].values()',
    'event["keys"] or []',
    'event["keys"] if event else []',
    'list(event["keys"])',
    'tuple(event["keys"])',
    'set(event["keys"])',
    'sorted(event["keys"])',
    'list(reversed(event["keys"]))',
    'list(enumerate(event["keys"]))',
    'list(iter(event["keys"]))',
    'dict(event["orders"])',
    'list(filter(None, event["keys"]))',
    'list(map(str, event["keys"]))',
    '[key for key in event["keys"]]',
    '[key for key in event["keys"] if key]',
    '[*event["keys"]]',
    'json.loads(event["body"])',
    'simplejson.loads(event["body"])["keys"]',
    'orjson.loads(event["body"])["keys"]',
    'ujson.loads(event["body"])["keys"]',
    'copy.deepcopy(event["keys"])',
    'event["text"].split(",")',
    'event["body"].split("\\n")',
    'event["body"].split(";")',
    '[int(key) for key in event["queryStringParameters"]["keys"].split(",")]',
    'event.get("queryStringParameters", {}).get("keys", "").split(",")',
    "SNSEvent(event).keys",
    "event.keys_of_orders",
]
NOT_AS_LONG = [
    "context",
    '["a", "b"]',
    'event["keys"][:10]',
    'event["keys"][1:]',
    'load(event["id"])',
    'event["headers"]',
    'event["requestContext"]["authorizer"]',
    'event["pathParameters"].values()',
    'event.get("queryStringParameters")',
    'event.get("multiValueQueryStringParameters")["id"]',
    'event["multiValueHeaders"]',
    'event["stageVariables"]',
    'event["cookies"]',
    'client.list(event["id"])',
    'event["text"].split(",", 5)',
    'event["text"].split(",", maxsplit=5)',
    'event["text"].rsplit(",")',
    'event["path"].split("/")',
    'event["text"].split()',
    'event["headers"]["keys"].split(",")',
    'event["Records"][0]["body"].split(",")',
    'load(event["id"]).split(",")',
    'split(",")',
    'event["text"].split(",")[0].split(";")',
    '[a + b for a in event["a"] for b in event["b"]]',
    '[key for key in ("a", "b") if key in event["keys"]]',
    'list(map(event.get, ["a", "b"]))',
    'list(filter(event["ok"], ["a", "b"]))',
    "list()",
    "map(event)",
    'json.dumps(event["keys"])',
    '"a" in event["keys"]',
    'KEYS[event["kind"]]',
]
HEAD = """
import copy
import json
import orjson
import simplejson
import ujson
from concurrent.futures import ThreadPoolExecutor
from aws_lambda_powertools.utilities.data_classes import SNSEvent

import client

KEYS = {"a": [1], "b": [2]}

def load(key):
    return client.get(key)

"""


@pytest.mark.parametrize("expression", AS_LONG_AS_THE_EVENT)
def test_it_is_as_long_as_the_event(finds, expression):
    source = f"""
def lambda_handler(event, context):
    ThreadPoolExecutor(len({expression}))  # finds MT502
"""
    finds("MT502", HEAD + source)


@pytest.mark.parametrize("expression", NOT_AS_LONG)
def test_it_is_not_as_long_as_the_event(finds, expression):
    source = f"""
def lambda_handler(event, context):
    ThreadPoolExecutor(len({expression}))
"""
    finds("MT502", HEAD + source)


WAYS = {
    "by place": "def run(first, keys):\n    ThreadPoolExecutor(len(keys))  # finds MT502\n\n"
    "def lambda_handler(event, context):\n    run(1, event['keys'])\n",
    "by name": "def run(keys, first):\n    ThreadPoolExecutor(len(keys))  # finds MT502\n\n"
    "def lambda_handler(event, context):\n    run(first=1, keys=event['keys'])\n",
    "another argument": "def run(first, keys):\n    ThreadPoolExecutor(len(first))\n\n"
    "def lambda_handler(event, context):\n    run(load(1), event['keys'])\n",
    "handed to a thread": "from threading import Thread\n\n"
    "def run(keys):\n    ThreadPoolExecutor(len(keys))  # finds MT502\n\n"
    "def lambda_handler(event, context):\n    thread = Thread(target=run, args=(event['keys'],))\n"
    "    thread.start()\n    thread.join()\n",
    "each handed to a function": "def run(order):\n    ThreadPoolExecutor(len(order['lines']))  # finds MT502\n\n"
    "def lambda_handler(event, context):\n    list(map(run, event['orders']))\n",
    "unpacked": "def run(first, keys):\n    ThreadPoolExecutor(len(keys))\n\n"
    "def lambda_handler(event, context):\n    run(*event['pair'])\n",
    "unpacked after it": "def run(keys, *rest):\n    ThreadPoolExecutor(len(keys))  # finds MT502\n\n"
    "def lambda_handler(event, context):\n    run(event['keys'], *load(1))\n",
    "to a method": "class Service:\n    def run(self, keys):\n        ThreadPoolExecutor(len(keys))  # finds MT502\n\n"
    "def lambda_handler(event, context):\n    Service().run(event['keys'])\n",
    "to a method by its class": "class Service:\n    @staticmethod\n    def run(keys):\n        print(keys)\n\n"
    "    def other(self, keys):\n        ThreadPoolExecutor(len(self))\n\n"
    "def lambda_handler(event, context):\n"
    "    Service().other(event['keys'])\n",
    "the second parameter of the handler": "def lambda_handler(event, context):\n    keys = context.keys\n"
    "    ThreadPoolExecutor(len(keys))\n",
    "the first parameter of no handler": "def run(event):\n    ThreadPoolExecutor(len(event))\n\n"
    "def lambda_handler(event, context):\n    run(load(1))\n",
    "the name of a module": "keys = load(1)\n\ndef lambda_handler(event, context):\n"
    "    ThreadPoolExecutor(len(keys))\n",
    "a global name": "keys = []\n\ndef lambda_handler(event, context):\n    global keys\n    keys = event['keys']\n"
    "    ThreadPoolExecutor(len(keys))\n",
    "of the function around": "def lambda_handler(event, context):\n    def run():\n"
    "        ThreadPoolExecutor(len(event['keys']))  # finds MT502\n\n    run()\n",
    "one of two values": "def lambda_handler(event, context):\n    keys = event['keys']\n    if context:\n"
    "        keys = load(1)\n    ThreadPoolExecutor(len(keys))\n",
    "both of two values": "def lambda_handler(event, context):\n    keys = event['keys']\n    if context:\n"
    "        keys = event['others']\n    ThreadPoolExecutor(len(keys))  # finds MT502\n",
    "itself": "def lambda_handler(event, context):\n    keys = event['keys']\n    keys = list(keys)\n"
    "    ThreadPoolExecutor(len(keys))\n",
    "grown": "def lambda_handler(event, context):\n    keys = event['keys']\n    keys += ['all']\n"
    "    ThreadPoolExecutor(len(keys))  # finds MT502\n",
    "filled": "def lambda_handler(event, context):\n    keys = event['keys']\n    keys['all'] = 1\n"
    "    ThreadPoolExecutor(len(keys))  # finds MT502\n",
    "what a loop binds": "def lambda_handler(event, context):\n    for order in event['orders']:\n"
    "        ThreadPoolExecutor(len(order['lines']))  # finds MT502\n",
    "what a loop over pieces binds": "def lambda_handler(event, context):\n    keys = event['keys']\n"
    "    for some in [keys, keys]:\n        ThreadPoolExecutor(len(some))\n",
    "what a loop over a name for pieces binds": "def lambda_handler(event, context):\n    keys = event['keys']\n"
    "    pieces = [keys, keys]\n    for some in pieces:\n        ThreadPoolExecutor(len(some))\n",
    "what a loop over a name for pieces of a comprehension binds": "def lambda_handler(event, context):\n"
    "    pieces = [load(key) for key in event['keys']]\n"
    "    for some in pieces:\n        ThreadPoolExecutor(len(some))\n",
    "what a loop over pieces of a comprehension binds": "def lambda_handler(event, context):\n"
    "    for some in [key for key in event['keys']]:\n        ThreadPoolExecutor(len(some))\n",
}


@pytest.mark.parametrize("source", WAYS.values(), ids=WAYS)
def test_names_and_arguments_are_followed(finds, source):
    finds("MT502", HEAD + source)


TEMPLATE = """
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.lambda_handler
      CodeUri: .
      Events:
"""
EVENT = """
        {name}:
          Type: {kind}
          Properties: {{}}
"""


@pytest.mark.parametrize(
    ("kinds", "is_found"),
    [
        (["SQS"], False),
        (["S3"], False),
        (["SNS"], False),
        (["Kinesis"], True),
        (["DynamoDB"], True),
        (["MSK"], True),
        (["SQS", "Kinesis"], True),
        (["SQS", "Schedule"], True),
    ],
    ids=str,
)
@pytest.mark.parametrize("records", ['event["Records"]', 'event.get("Records")', "event.records", 'event["records"]'])
def test_the_records_of_a_batch_are_as_many_as_its_service_sends(findings_of, kinds, is_found, records):
    template = TEMPLATE + "".join(EVENT.format(name=f"Source{kind}", kind=kind) for kind in kinds)
    source = f"\ndef lambda_handler(event, context):\n    ThreadPoolExecutor(len({records}))\n"
    assert bool(findings_of("MT502", {"app.py": HEAD + source, "template.yaml": template})) is is_found


@pytest.mark.parametrize(("key", "is_found"), [("s3", False), ("Sns", False), ("body", True), ("other", True)])
def test_without_a_template_the_keys_of_the_records_tell_the_service(findings_of, key, is_found):
    source = f"""
def lambda_handler(event, context):
    for record in event["Records"]:
        print(record["{key}"])
    ThreadPoolExecutor(len(event["Records"]))
"""
    assert bool(findings_of("MT502", HEAD + source)) is is_found


def test_a_key_called_records_of_something_else_is_none(finds):
    finds("MT502", HEAD + "def lambda_handler(event, context):\n    ThreadPoolExecutor(len(load(1)['Records']))\n")
