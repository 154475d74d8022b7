"""MT703: retries around a client that retries by itself."""

from __future__ import annotations

import pytest

FOUND = {
    "tenacity around ten": """
import boto3
from botocore.config import Config
from tenacity import retry, stop_after_attempt

dynamodb = boto3.client("dynamodb", config=Config(retries={"max_attempts": 10, "mode": "standard"}))

@retry(stop=stop_after_attempt(5))
def load(key):
    return dynamodb.get_item(TableName="orders", Key=key)  # finds MT703
""",
    "stamina around a mode": """
import boto3
import stamina
from botocore.config import Config

sqs = boto3.client("sqs", config=Config(retries=dict(mode="adaptive")))

@stamina.retry(on=Exception, attempts=3)
def send(body):
    sqs.send_message(QueueUrl="q", MessageBody=body)  # finds MT703
""",
    "backoff around what is called below, on a table": """
import backoff
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

table = boto3.resource("dynamodb", config=Config(retries={"total_max_attempts": 4})).Table("orders")

def read(key):
    return table.get_item(Key=key)  # finds MT703

@backoff.on_exception(backoff.expo, ClientError, max_tries=4)
def load(key):
    return read(key)
""",
    "Meantime's own": """
import boto3
import meantime
from botocore.config import Config

s3 = boto3.client("s3", config=Config(retries={"mode": "standard"}))

@meantime.Retry(attempts=3)
def load(key):
    return s3.get_object(Bucket="orders", Key=key)  # finds MT703
""",
    "a requests session whose adapter tries again": """
import requests
import stamina
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

session = requests.Session()
session.mount("https://", HTTPAdapter(max_retries=Retry(total=4, backoff_factor=1)))

@stamina.retry(on=Exception, attempts=3)
def load(url):
    return session.get(url, timeout=2)  # finds MT703
""",
    "an adapter with a number, and one with a number by place": """
import requests
import stamina
import urllib3

AGAIN = urllib3.Retry(2)
one = requests.Session()
one.mount("https://", requests.adapters.HTTPAdapter(max_retries=3))
other = requests.Session()
other.mount("https://", adapter=requests.adapters.HTTPAdapter(max_retries=AGAIN))

@stamina.retry(on=Exception, attempts=3)
def load(url):
    one.get(url, timeout=2)  # finds MT703
    return other.get(url, timeout=2)  # finds MT703
""",
    "two attempts around two, two calls away": """
import boto3
from botocore.config import Config
from tenacity import retry, stop_after_attempt

s3 = boto3.client("s3", config=Config(retries={"max_attempts": 1}))

def one(key):
    return s3.get_object(Bucket="orders", Key=key)  # finds MT703

def two(key):
    return one(key)

@retry(stop=stop_after_attempt(2))
def load(key):
    return two(key)
""",
    "in what may be another function": """
import boto3
from botocore.config import Config
from tenacity import retry, stop_after_attempt

s3 = boto3.client("s3", config=Config(retries={"mode": "standard"}))

def one(key):
    return s3.get_object(Bucket="orders", Key=key)  # finds MT703 likely

def other(key):
    return None

@retry(stop=stop_after_attempt(2))
def load(key):
    return (one if key else other)(key)
""",
    "two attempts of a loop": """
import boto3

s3 = boto3.client("s3")

def load(key):
    for attempt in range(2):
        try:
            return s3.get_object(Bucket="orders", Key=key)  # finds MT703 likely
        except Exception:
            continue
""",
    "boto3's defaults": """
import boto3
from tenacity import retry, stop_after_attempt

s3 = boto3.client("s3")

@retry(stop=stop_after_attempt(3))
def load(key):
    return s3.get_object(Bucket="orders", Key=key)  # finds MT703 likely
""",
    "for some errors only": """
import boto3
from botocore.config import Config
from company import Conflict
from tenacity import retry, retry_if_exception_type, stop_after_attempt

s3 = boto3.client("s3", config=Config(retries={"mode": "standard"}))

@retry(stop=stop_after_attempt(3), retry=retry_if_exception_type(Conflict))
def load(key):
    return s3.get_object(Bucket="orders", Key=key)  # finds MT703 likely
""",
    "attempts that tenacity counts": """
import boto3
from botocore.config import Config
from tenacity import Retrying, stop_after_attempt

s3 = boto3.client("s3", config=Config(retries={"mode": "standard"}))

def load(key):
    for attempt in Retrying(stop=stop_after_attempt(3)):
        with attempt:
            return s3.get_object(Bucket="orders", Key=key)  # finds MT703
""",
    "attempts that tenacity and stamina count, of boto3's defaults, for some errors only": """
import boto3
import stamina
import tenacity
from botocore.config import Config
from company import Conflict

s3 = boto3.client("s3")
s4 = boto3.client("s3", config=Config(retries={"mode": "standard"}))

async def one(key):
    async for attempt in tenacity.AsyncRetrying(stop=tenacity.stop_after_attempt(3)):
        with attempt:
            return s3.get_object(Bucket="orders", Key=key)  # finds MT703 likely

def two(key):
    for attempt in stamina.retry_context(on=Conflict, attempts=3):
        with attempt:
            return s4.get_object(Bucket="orders", Key=key)  # finds MT703 likely

def three(keys):
    for attempt in tenacity.Retrying():
        for key in keys:
            with attempt:
                s4.get_object(Bucket="orders", Key=key)  # finds MT703 likely
""",
    "for ever": """
import boto3
import tenacity
from botocore.config import Config

s3 = boto3.client("s3", config=Config(retries={"mode": "standard"}))

@tenacity.retry
def load(key):
    return s3.get_object(Bucket="orders", Key=key)  # finds MT703 likely
""",
    "a loop of attempts": """
import boto3

s3 = boto3.client("s3")

def load(key):
    for attempt in range(3):
        try:
            return s3.get_object(Bucket="orders", Key=key)  # finds MT703 likely
        except Exception:
            continue
""",
}

SILENT = {
    "a client that tries once": """
import boto3
from botocore.config import Config
from tenacity import retry, stop_after_attempt

s3 = boto3.client("s3", config=Config(retries={"total_max_attempts": 1, "mode": "standard"}))

@retry(stop=stop_after_attempt(5))
def load(key):
    return s3.get_object(Bucket="orders", Key=key)
""",
    "a client that never tries again, in other words": """
import boto3
from botocore.config import Config
from tenacity import retry, stop_after_attempt

s3 = boto3.client("s3", config=Config(retries={"max_attempts": 0}))

@retry(stop=stop_after_attempt(5))
def load(key):
    return s3.get_object(Bucket="orders", Key=key)
""",
    "an adapter that tries once, and one that is not known": """
import requests
import stamina
from company import Adapter, RETRY
from requests.adapters import HTTPAdapter

one = requests.Session()
one.mount("https://", HTTPAdapter(pool_maxsize=20))
other = requests.Session()
other.mount("https://", Adapter(max_retries=3))
third = requests.Session()
third.mount("https://", HTTPAdapter(max_retries=RETRY))

@stamina.retry(on=Exception, attempts=3)
def load(url):
    one.get(url, timeout=2)
    third.get(url, timeout=2)
    return other.get(url, timeout=2)
""",
    "three calls away, where much lies between": """
import boto3
from botocore.config import Config
from tenacity import retry, stop_after_attempt

s3 = boto3.client("s3", config=Config(retries={"max_attempts": 1}))

def one(key):
    return s3.get_object(Bucket="orders", Key=key)

def two(key):
    return one(key)

def three(key):
    return two(key)

@retry(stop=stop_after_attempt(2))
def load(key):
    return three(key)
""",
    "a loop of one attempt, and one of an unknown number": """
import boto3

s3 = boto3.client("s3")

def load(key, times):
    for attempt in range(1):
        try:
            return s3.get_object(Bucket="orders", Key=key)
        except Exception:
            continue
    for attempt in range(times):
        try:
            return s3.get_object(Bucket="orders", Key=key)
        except Exception:
            continue
""",
    "one attempt": """
import boto3
from botocore.config import Config
from tenacity import retry, stop_after_attempt

s3 = boto3.client("s3", config=Config(retries={"mode": "standard"}))

@retry(stop=stop_after_attempt(1))
def load(key):
    return s3.get_object(Bucket="orders", Key=key)
""",
    "around something that does not retry": """
import requests
from tenacity import retry, stop_after_attempt

@retry(stop=stop_after_attempt(5))
def load(url):
    return requests.get(url, timeout=2)
""",
    "one attempt that tenacity counts, and those of something else": """
import boto3
from botocore.config import Config
from company import Retrying
import tenacity

s3 = boto3.client("s3", config=Config(retries={"mode": "standard"}))

def load(key):
    for attempt in tenacity.Retrying(stop=tenacity.stop_after_attempt(1)):
        with attempt:
            return s3.get_object(Bucket="orders", Key=key)
    for attempt in Retrying(stop=tenacity.stop_after_attempt(3)):
        with attempt:
            return s3.get_object(Bucket="orders", Key=key)
""",
    "no decorator": """
import boto3
from botocore.config import Config

s3 = boto3.client("s3", config=Config(retries={"max_attempts": 10}))

def load(key):
    return s3.get_object(Bucket="orders", Key=key)
""",
    "another decorator": """
import boto3
from functools import cache

s3 = boto3.client("s3")

@cache
def load(key):
    return s3.get_object(Bucket="orders", Key=key)
""",
    "a loop over items": """
import boto3

s3 = boto3.client("s3")

def load(keys):
    for key in keys:
        try:
            s3.get_object(Bucket="orders", Key=key)
        except Exception:
            continue
""",
    "an attempt of its own": """
import boto3

s3 = boto3.client("s3")

def load(key):
    try:
        return s3.get_object(Bucket="orders", Key=key)
    except Exception:
        return None
""",
    "loops over known items": """
import boto3

s3 = boto3.client("s3")

def load():
    for key in ("a", "b", "c"):
        try:
            s3.get_object(Bucket="orders", Key=key)
        except Exception:
            continue
    for key in sorted(["a", "b", "c"]):
        try:
            s3.get_object(Bucket="orders", Key=key)
        except Exception:
            continue
    for number, key in enumerate(["a", "b", "c"]):
        try:
            s3.get_object(Bucket="orders", Key=key)
        except Exception:
            continue
""",
    "a loop without an end": """
import boto3

s3 = boto3.client("s3")

def watch():
    while True:
        try:
            s3.list_buckets()
        except Exception:
            continue
""",
    "attempts of what does not try again itself": """
import requests

def load(url):
    for attempt in range(3):
        try:
            return requests.get(url, timeout=2)
        except Exception:
            continue
""",
    "a loop of pages, where nothing is caught": """
import boto3

s3 = boto3.client("s3")

def load():
    for page in range(3):
        s3.get_object(Bucket="orders", Key=str(page))
""",
    "a client from elsewhere": """
from company import s3
from tenacity import retry, stop_after_attempt

@retry(stop=stop_after_attempt(5))
def load(key):
    return s3.get_object(Bucket="orders", Key=key)
""",
    "what asks nobody": """
import boto3
from tenacity import retry, stop_after_attempt

s3 = boto3.client("s3")

@retry(stop=stop_after_attempt(5))
def sign(key):
    return s3.generate_presigned_url("get_object", Params={"Key": key})
""",
}


@pytest.mark.parametrize("source", FOUND.values(), ids=FOUND)
def test_it_finds_retries_around_retries(finds, source):
    finds("MT703", source)


@pytest.mark.parametrize("source", SILENT.values(), ids=SILENT)
def test_it_is_silent_where_one_of_them_retries(finds, source):
    finds("MT703", source)


@pytest.mark.parametrize(
    ("case", "says"),
    [
        (
            "tenacity around ten",
            "tried 5 times by tenacity.retry, and each time up to 11 times by the client, so up to 55.",
        ),
        (
            "stamina around a mode",
            "tried 3 times by stamina.retry, and each time up to 3 times by the client, so up to 9.",
        ),
        ("backoff around what is called below, on a table", "tried 4 times by backoff, and each time up to 4 times"),
        ("boto3's defaults", "Leave it to one of them: `Config(retries={'total_max_attempts': 1})` ends the client's."),
        ("a requests session whose adapter tries again", "each time up to 5 times by the client, so up to 15."),
        ("a requests session whose adapter tries again", "Leave it to one of them: `max_retries=0` ends the client's."),
        ("boto3's defaults", "each time up to 5 times by the client, so up to 15."),
        (
            "attempts that tenacity counts",
            "tried 3 times by tenacity.Retrying, and each time up to 3 times by the client, so up to 9.",
        ),
        ("for ever", "tried for ever by tenacity.retry, and each time up to 3 times by the client. "),
        ("a loop of attempts", "tried 3 times by the loop, and each time up to 5 times by the client, so up to 15."),
    ],
)
def test_it_says_how_often(findings_of, case, says):
    (finding,) = findings_of("MT703", FOUND[case])

    assert says in finding.message


def test_it_tells_the_way_from_what_is_tried_again(findings_of):
    (finding,) = findings_of("MT703", FOUND["backoff around what is called below, on a table"])

    assert [step.text.replace("`", "") for step in finding.chain] == ["load calls read"]


@pytest.mark.parametrize(
    ("decorator", "level", "says"),
    [
        ("tenacity.retry(stop=tenacity.stop_after_attempt(4))", "error", "4 times by tenacity.retry"),
        ("tenacity.retry(stop=company.STOP)", "warning", "for ever by tenacity.retry"),
        ("tenacity.retry(stop=tenacity.stop_after_delay(4))", "warning", "for ever by tenacity.retry"),
        ("stamina.retry(on=Exception)", "error", "10 times by stamina.retry"),
        ("stamina.retry(on=BaseException, attempts=4)", "error", "4 times by stamina.retry"),
        ("stamina.retry(on=company.Error, attempts=4)", "warning", "4 times by stamina.retry"),
        ("backoff.on_exception(backoff.expo, Exception, max_tries=4)", "error", "4 times by backoff"),
        ("backoff.on_exception(backoff.expo, exception=Exception, max_tries=4)", "error", "4 times by backoff"),
        ("backoff.on_exception(backoff.expo, company.Error, max_tries=4)", "warning", "4 times by backoff"),
        ("backoff.on_exception(backoff.expo, exception=company.Error, max_tries=4)", "warning", "4 times by backoff"),
        ("backoff.on_exception(backoff.expo, Exception)", "warning", "for ever by backoff"),
        ("meantime.Retry()", "error", "3 times by meantime.Retry"),
        ("meantime.Retry(attempts=5)", "error", "5 times by meantime.Retry"),
        ("meantime.Retry(on=company.Error)", "warning", "3 times by meantime.Retry"),
        ("retrying.retry(stop_max_attempt_number=4)", "error", "4 times by retrying.retry"),
        ("retrying.retry(stop_max_attempt_number=4, retry_on_exception=company.is_bad)", "warning", "4 times by"),
        ("retrying.retry", "warning", "for ever by retrying.retry"),
    ],
)
def test_it_knows_how_each_library_takes_its_attempts_and_errors(findings_of, decorator, level, says):
    (finding,) = findings_of(
        "MT703",
        f"""
import backoff
import boto3
import company
import meantime
import retrying
import stamina
import tenacity
from botocore.config import Config

s3 = boto3.client("s3", config=Config(retries={{"mode": "standard"}}))

@{decorator}
def load(key):
    return s3.get_object(Bucket="orders", Key=key)
""",
    )

    assert finding.level == level
    assert f"is tried {says}" in finding.message


@pytest.mark.parametrize("case", ["tenacity around ten", "attempts that tenacity counts"])
def test_it_is_only_likely_to_matter_in_a_test(finds, case):
    finds("MT703", {"tests/test_app.py": FOUND[case].replace("# finds MT703", "# finds MT703 likely")})
