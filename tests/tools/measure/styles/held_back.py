"""Functions that were written after the analysis, and that nothing in it was fitted to: `free_…` may go side by side."""

import asyncio
import contextlib
import json
from collections import ChainMap, defaultdict
from dataclasses import dataclass, field
from functools import lru_cache, partial, reduce, wraps
from itertools import count, islice
from typing import NamedTuple

from fake_services import AsyncClient, Connection, Session, dynamodb, requests, s3, sns, sqs, stepfunctions
from services import API, Orders, Repository, customer, fetch, load, pages_of


def logged(function):
    @wraps(function)
    def wrapper(*args, **kwargs):
        with contextlib.suppress(ValueError):
            print_nothing("calling", function.__name__)
        return function(*args, **kwargs)

    return wrapper


def print_nothing(*_args):
    pass


@logged
def decorated(key):
    return load(key)


def free_decorated_helper(event, context):
    results = {}
    for key in ("1", "2", "3"):
        results[key] = decorated(key)
    return results


class Report(NamedTuple):
    sales: str
    costs: str


def free_named_tuple(event, context):
    return Report(sales=load("sales"), costs=load("costs"))


@dataclass
class Job:
    keys: list = field(default_factory=lambda: ["1", "2", "3"])
    bucket: str = "photos"

    @property
    def bodies(self):
        return [self._body(key) for key in self.keys]

    def _body(self, key):
        return s3.get_object(Bucket=self.bucket, Key=f"{self.bucket}/{key}")["Body"]


def free_property(event, context):
    return Job().bodies


def _gen(keys):
    for key in keys:
        yield key, load(key)


def free_generator_that_reads(event, context):
    return dict(_gen(("1", "2", "3")))


def free_chunks(event, context):
    items = [{"id": str(n)} for n in range(6)]
    for start in range(0, len(items), 2):
        chunk = items[start : start + 2]
        dynamodb.put_item(TableName="orders", Item={"chunk": chunk})


def free_from_an_event(event, context):
    body = json.loads(event.get("body", '{"users": ["1", "2", "3"]}'))
    return {"users": [dynamodb.get_item(TableName="users", Key={"id": user})["Item"] for user in body["users"]]}


def free_list_then_get(event, context):
    bodies = []
    listing = s3.list_objects_v2(Bucket="photos")
    for entry in listing.get("Contents", []) * 4:
        body = s3.get_object(Bucket="photos", Key=entry["Key"])["Body"]
        bodies.append(body)
    return bodies


class Base:
    def run(self, event):
        return {name: getattr(self, f"read_{name}")() for name in ("a", "b", "c")}


class Steps(Base):
    def read_a(self):
        return load("a")

    def read_b(self):
        return load("b")

    def read_c(self):
        return customer(3)


def free_dispatched_by_getattr(event, context):
    return Steps().run(event)


def free_zip(event, context):
    return [s3.get_object(Bucket=b, Key=k) for b, k in zip(("a", "b", "c"), ("1", "2", "3"), strict=True)]


def free_nested_helpers(event, context):
    def outer(key):
        def inner():
            return load(key)

        return inner()

    return list(map(outer, ("1", "2", "3")))


def free_continue_on_error(event, context):
    found, failed = [], []
    for key in ("1", "2", "3"):
        try:
            item = dynamodb.get_item(TableName="orders", Key=key)
        except KeyError as error:
            failed.append((key, error))
            continue
        found.append(item.get("Item"))
    return found, failed


def free_two_reads_then_a_write(event, context):
    user = dynamodb.get_item(TableName="users", Key="1")["Item"]
    config = s3.get_object(Bucket="config", Key="app.json")["Body"]
    dynamodb.put_item(TableName="audit", Item={"user": user, "config": config})
    return user


async def free_async_class(event, context):
    class Reader:
        def __init__(self, client):
            self.client = client

        async def read(self, path):
            response = await self.client.get(f"https://api.example/{path}")
            return response.json()

    reader = Reader(AsyncClient())
    return [await reader.read(path) for path in ("1", "2", "3")]


def free_counts_afterwards(event, context):
    counts = defaultdict(int)
    for key in ("1", "2", "3"):
        counts[load(key)] += 1
    return dict(counts)


def free_partial_in_a_loop(event, context):
    get = partial(requests.get, timeout=3)
    return [get(f"https://api.example/{n}").json() for n in range(4)]


@lru_cache(maxsize=None)
def _cached(number):
    return customer(number)


def free_cached_helper(event, context):
    _cached.cache_clear()
    return [_cached(number) for number in (1, 2, 3)]


def free_notifications(event, context):
    for user in ("a", "b", "c"):
        message = {"user": user, "text": f"Hello {user}"}
        sns.publish(TopicArn="news", Message=json.dumps(message))


def bound_oauth_helper(event, context):
    def headers():
        token = requests.post("https://login.example/token").json()["token"]
        return {"Authorization": f"Bearer {token}"}

    return requests.get("https://api.example/1", headers=headers()).json()


def bound_islice_of_pages(event, context):
    return list(islice(pages_of("photos"), 4))


def bound_count_until_empty(event, context):
    for number in count():
        body = requests.get(f"https://api.example/{number}").json()
        if not body["next"]:
            return number


def bound_reduce(event, context):
    return reduce(lambda before, key: requests.get(f"https://api.example/{key}{before['id']}").json(), "123", {"id": "0"})


def bound_state_machine(event, context):
    state, data = "start", None
    while state != "done":
        if state == "start":
            data = dynamodb.get_item(TableName="jobs", Key="1")["Item"]
            state = "load"
        elif state == "load":
            data = s3.get_object(Bucket="jobs", Key=data["id"])
            state = "save"
        else:
            dynamodb.put_item(TableName="jobs", Item={"data": data})
            state = "done"
    return data


def bound_next_link(event, context):
    links = {"next": "/0"}
    found = []
    while links.get("next"):
        answer = requests.get(f"https://api.example{links['next']}").json()
        links = {"next": answer["next"]}
        found.append(answer)
    return found


class Cursor:
    def __init__(self):
        self._position = "0"

    def __iter__(self):
        return self

    def __next__(self):
        body = requests.get(f"https://api.example/{self._position}").json()
        if body["next"] is None:
            raise StopIteration
        self._position = body["next"].strip("/")
        return body


def bound_iterator_class(event, context):
    return list(Cursor())


def bound_tuple_state(event, context):
    seen = ("", None)
    for key in ("1", "2", "3"):
        seen = (key, requests.get(f"https://api.example/{key}?after={seen[1]}").json()["id"])
    return seen


def bound_lookup_chain(event, context):
    repository = Repository("nodes")
    names = ChainMap({})
    item = repository.find("1")
    for _ in range(2):
        names = names.new_child({"parent": item["parent"]})
        item = repository.find(names["parent"])
    return item


def bound_create_then_poll(event, context):
    execution = stepfunctions.start_execution(input="{}")
    for _ in range(5):
        answer = stepfunctions.describe_execution(executionArn=execution["executionArn"])
        if answer["status"] == "SUCCEEDED":
            return answer
    return None


def bound_transfer(event, context):
    for account, amount in (("a", -5), ("b", 5)):
        Connection().cursor().execute("UPDATE accounts SET balance = balance + %s WHERE id = %s", (amount, account))


def bound_same_key(event, context):
    for number in range(3):
        dynamodb.update_item(TableName="counters", Key="total", Value=1)


def bound_session_login(event, context):
    session = Session()
    session.post("https://shop.example/login", json={"user": "a"})
    return session.get("https://shop.example/orders").json()


async def bound_async_token(event, context):
    client = AsyncClient()
    token = (await client.post("https://login.example/")).json()["token"]
    answer = await client.get(f"https://api.example/1?token={token}")
    return answer.json()


def bound_read_modify_write(event, context):
    orders = Orders()
    item = orders.find("1")
    orders.save({**item, "seen": True})
    return orders.find("1")


def bound_upload_then_notify(event, context):
    s3.put_object(Bucket="reports", Key="1", Body="x")
    sqs.send_message(QueueUrl="reports", MessageBody="s3://reports/1")


def bound_flag(event, context):
    found = False
    for key in ("1", "2", "3"):
        if not found:
            found = requests.get(f"https://api.example/{key}").json()["id"] == "9"
    return found


def bound_accumulated_filter(event, context):
    known = set()
    for key in ("1", "2", "3"):
        body = requests.post("https://search.example/", json={"exclude": sorted(known), "key": key}).json()
        known.add(body["id"])
    return known


def bound_api_object(event, context):
    api = API()
    api.login()
    first = api.get("/1")
    return api.get(f"/{first['id']}")


def bound_asyncio_run(event, context):
    async def main():
        first = await fetch("/1")
        return await fetch(first["next"] or "/0")

    return asyncio.run(main())
