"""Whether a length is looked at before it is relied on: seen by MT502, which then says nothing."""

from __future__ import annotations

import pytest

LIMITS = [
    'if len(event["keys"]) > 25: raise ValueError',
    'if len(event["keys"]) >= 25: raise ValueError',
    'if 25 < len(event["keys"]): raise ValueError',
    'if not len(event["keys"]) <= 25: raise ValueError',
    'assert len(event["keys"]) < 25',
    'if event and len(event["keys"]) > 25: raise ValueError',
    'keys = event["keys"] if len(event["keys"]) < 25 else []',
    'if len(event["keys"]) > LIMIT: raise ValueError',
]
NO_LIMITS = [
    'if len(event["keys"]) == 25: raise ValueError',
    'if len(event["keys"]) > 0: print("some")',
    'if len(event["keys"]) > 1: print("several")',
    'if len(event["keys"]) < 1: raise ValueError',
    'if int(event["version"]) > 2: raise ValueError',
    'if event["version"] > 2: raise ValueError',
    "if context.left() > 25: raise ValueError",
    'if event["keys"]: print(25)',
    'print(len(event["keys"]) > 25)',
]
SOURCE = """
from concurrent.futures import ThreadPoolExecutor

LIMIT = 25

def lambda_handler(event, context):
    CHECK
    ThreadPoolExecutor(len(event["keys"]))MARK
"""


@pytest.mark.parametrize("check", LIMITS)
def test_a_limit_is_one(finds, check):
    finds("MT502", SOURCE.replace("CHECK", check).replace("MARK", ""))


@pytest.mark.parametrize("check", NO_LIMITS)
def test_another_test_is_not(finds, check):
    finds("MT502", SOURCE.replace("CHECK", check).replace("MARK", "  # finds MT502"))


WAYS = {
    "by the caller": """
def run(keys):
    ThreadPoolExecutor(len(keys))

def lambda_handler(event, context):
    if len(event["keys"]) > 25:
        raise ValueError
    run(event["keys"])
""",
    "by the handler, far above": """
def run(keys):
    ThreadPoolExecutor(len(keys))

def middle(keys):
    run(keys)

def lambda_handler(event, context):
    if len(event["keys"]) > 25:
        raise ValueError
    middle(event["keys"])
""",
    "by the function around": """
def outer(event):
    if len(event["keys"]) > 25:
        raise ValueError

    def inner():
        ThreadPoolExecutor(len(event["keys"]))

    def start():
        inner()

    start()

def lambda_handler(event, context):
    outer(event)
""",
    "by the module, of something else": """
import sys

if len(sys.argv) > 25:
    raise ValueError

def lambda_handler(event, context):
    ThreadPoolExecutor(len(event["keys"]))  # finds MT502
""",
    "by another function": """
def tell(event):
    if len(event["keys"]) > 25:
        print("many")

def lambda_handler(event, context):
    tell(event)
    ThreadPoolExecutor(len(event["keys"]))  # finds MT502
""",
    "by one that refuses it": """
def check(event):
    if len(event["keys"]) > 25:
        raise ValueError

def lambda_handler(event, context):
    check(event)
    ThreadPoolExecutor(len(event["keys"]))
""",
    "by a schema": """
from aws_lambda_powertools.utilities.validation import validator

@validator(inbound_schema={})
def lambda_handler(event, context):
    ThreadPoolExecutor(len(event["keys"]))  # finds MT502 likely
""",
    "by a schema, and in another function": """
import jsonschema

def run(event):
    ThreadPoolExecutor(len(event["keys"]))  # finds MT502 likely

def lambda_handler(event, context):
    jsonschema.validate(event, {})
    run(event)
""",
    "by a schema, of one of two": """
import jsonschema

def run(event):
    jsonschema.validate(event, {})
    ThreadPoolExecutor(len(event["keys"]))  # finds MT502 likely

def lambda_handler(event, context):
    run(event)
    ThreadPoolExecutor(len(event["keys"]))  # finds MT502
""",
    "by nobody, in a lambda": """
def lambda_handler(event, context):
    run = lambda: ThreadPoolExecutor(len(event["keys"]))  # finds MT502
    run()
""",
}


@pytest.mark.parametrize("source", WAYS.values(), ids=WAYS)
def test_who_looks_counts(finds, source):
    finds("MT502", "from concurrent.futures import ThreadPoolExecutor\n" + source)
