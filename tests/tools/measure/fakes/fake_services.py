"""Services that answer at once, recorded as the libraries' own calls are: for functions whose source is looked at."""

from __future__ import annotations

import time
from typing import Any

from meantime.measure.boundaries import Description, boundary, boundary_async

TOOK = 0.0002


def _words(method):
    return "".join(word.title() for word in method.split("_"))


def _aws(service, method, answer):
    def call(**given):
        time.sleep(TOOK)
        return answer(given)

    target = ("TableName", "Bucket", "QueueUrl", "TopicArn", "FunctionName")
    return boundary(
        call,
        lambda _, given: Description(
            f"{service} {_words(method)}",
            "aws",
            "boto3",
            next((given[name] for name in target if name in given), ""),
        ),
    )


class Client:
    """A boto3 client."""

    head_object: Any  # of the answers, where there are any
    put_object: Any

    def __init__(self, service, **answers):
        self.service = service
        for method, answer in answers.items():
            setattr(self, method, _aws(service, method, answer))

    def get_paginator(self, method):
        return Paginator(getattr(self, method))

    def get_waiter(self, _name):
        return Waiter(self.head_object)

    def upload_file(self, _path, bucket, key):
        for part in range(3):
            self.put_object(Bucket=bucket, Key=f"{key}.{part}")


class Waiter:
    def __init__(self, method):
        self.method = method

    def wait(self, **given):
        for _ in range(3):
            self.method(**given)


class Paginator:
    def __init__(self, method):
        self.method = method

    def paginate(self, **given):
        for _ in range(3):
            yield self.method(**given)


def _page(given, token, name):
    number = int(given.get(token, 0))
    more = {name: number + 1} if number < 3 else {}
    return {"Items": [{"id": number}], "Contents": [{"Key": f"{number}"}], **more}


s3 = Client(
    "s3",
    get_object=lambda given: {"Body": given["Key"]},
    put_object=lambda _: {},
    list_objects_v2=lambda given: {**_page(given, "ContinuationToken", "NextContinuationToken"), "IsTruncated": True},
    copy_object=lambda _: {},
    head_object=lambda _: {"ContentLength": 3},
)
dynamodb = Client(
    "dynamodb",
    get_item=lambda given: {"Item": {"id": given["Key"], "parent": f"{given['Key']}1"}},
    query=lambda given: _page(given, "ExclusiveStartKey", "LastEvaluatedKey"),
    put_item=lambda _: {},
    update_item=lambda _: {"Attributes": {"n": 1}},
)
sqs = Client("sqs", send_message=lambda _: {"MessageId": "1"}, delete_message=lambda _: {})
sns = Client("sns", publish=lambda _: {})
polls = iter(range(10**9))
stepfunctions = Client(
    "stepfunctions",
    start_execution=lambda _: {"executionArn": "arn"},
    describe_execution=lambda _: {"status": "SUCCEEDED" if next(polls) % 4 == 3 else "RUNNING"},
)


class Response:
    def __init__(self, url, status=200):
        self.url, self.status_code, self.ok = url, status, status < 400
        self.text = url

    def json(self):
        number = int("".join(filter(str.isdigit, self.url)) or 0)
        return {"id": f"{number}", "next": f"/{number + 1}" if number < 4 else None, "token": "t", "items": [1, 2, 3]}

    def raise_for_status(self):
        pass


class Session:
    """A requests.Session."""

    def __init__(self):
        self.headers = {}

    def request(self, method, url, **_given):
        return _request(method, url)

    def get(self, url, **_given):
        return _request("GET", url)

    def post(self, url, **_given):
        return _request("POST", url)

    def put(self, url, **_given):
        return _request("PUT", url)


def _send(_method, url):
    time.sleep(TOOK)
    return Response(url)


def _host(url):
    return url.split("/")[2] if "//" in url else "api"


def _http(args, _):
    return Description(f"{args[0]} {args[1]}", "http", "requests", _host(args[1]))


_request_noted = boundary(_send, _http)


def _request(method, url):
    return _request_noted(method, url)


requests = Session()


class AsyncClient:
    """An httpx.AsyncClient."""

    async def get(self, url, **_given):
        return await _get_async("GET", url)

    async def post(self, url, **_given):
        return await _get_async("POST", url)


async def _answer(_method, url):
    return Response(url)


_get_async = boundary_async(
    _answer, lambda args, _: Description(f"{args[0]} {args[1]}", "http", "httpx", _host(args[1]))
)


class Connection:
    """A DB-API connection, which is its cursor, too."""

    def cursor(self):
        return self

    def execute(self, sql, *_given):
        return _execute(sql)

    def fetchall(self):
        return [(1, "a"), (2, "b")]

    def commit(self):
        return _execute("COMMIT")


def _run(_sql):
    time.sleep(TOOK)
    return Connection()


_execute = boundary(_run, lambda args, _: Description(" ".join(args[0].split()[:2]), "sql", "psycopg", "orders"))


def batch(function):
    """As a library's decorator that hands over one record at a time."""
    return lambda event, context: [function(record) for record in "1234"]
