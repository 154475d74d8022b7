"""As `held_back`: written after what that had taught, to see how much of it is learnt and how much fitted."""

import asyncio
import contextlib
import heapq
import os
from collections import deque
from dataclasses import dataclass, replace
from itertools import takewhile
from types import SimpleNamespace

import fake_services
import services
from fake_services import AsyncClient, Connection, Session, dynamodb, requests, s3, sqs
from services import Repository, customer, load


@contextlib.contextmanager
def session_of(user):
    token = requests.post("https://login.example/", json={"user": user}).json()["token"]
    yield {"Authorization": token}


def bound_context_manager(event, context):
    with session_of("a") as headers:
        return requests.get("https://api.example/1", headers=headers).json()


def bound_walrus_while(event, context):
    token, found = 0, []
    while (page := dynamodb.query(TableName="orders", ExclusiveStartKey=token)).get("LastEvaluatedKey"):
        token = page["LastEvaluatedKey"]
        found += page["Items"]
    return found


def bound_update_of_keywords(event, context):
    keywords = dict(TableName="orders", Limit=10)
    found = []
    for _ in range(4):
        page = dynamodb.query(**keywords)
        found.extend(page["Items"])
        keywords |= {"ExclusiveStartKey": page.get("LastEvaluatedKey", 0)}
    return found


@dataclass(frozen=True)
class State:
    token: str = "0"
    total: int = 0


def _advance(state):
    body = requests.get(f"https://api.example/{state.token}").json()
    return replace(state, token=body["id"], total=state.total + 1)


def bound_frozen_state(event, context):
    state = State()
    for _ in range(3):
        state = _advance(state)
    return state


class Lazy:
    def __init__(self):
        self._token = None
        self._http = Session()

    @property
    def token(self):
        if self._token is None:
            self._token = self._http.post("https://login.example/").json()["token"]
        return self._token

    def get(self, path):
        return self._http.get(f"https://api.example{path}", headers={"Authorization": self.token}).json()


def bound_lazy_token(event, context):
    return Lazy().get("/1")


def bound_environment(event, context):
    os.environ["TOKEN_OF_TEST"] = requests.get("https://login.example/").json()["token"]
    return requests.get("https://api.example/", headers={"Authorization": os.environ["TOKEN_OF_TEST"]}).json()


def bound_deque(event, context):
    queue = deque(["/0"])
    seen = []
    while queue:
        body = requests.get(f"https://api.example{queue.popleft()}").json()
        seen.append(body)
        queue.extend([body["next"]] if body["next"] else [])
    return seen


def bound_heap(event, context):
    heap = [(0, "0")]
    for _ in range(3):
        cost, node = heapq.heappop(heap)
        body = requests.get(f"https://api.example/{node}").json()
        heapq.heappush(heap, (cost + 1, body["id"] + "1"))
    return heap


def bound_star_arguments(event, context):
    path = ["https://api.example/0"]
    for _ in range(3):
        answer = requests.get(*path).json()
        path[0] = f"https://api.example/{answer['id']}"
    return path


def bound_nonlocal(event, context):
    last = "0"

    def step(key):
        nonlocal last
        last = requests.get(f"https://api.example/{key}{last}").json()["id"]

    for key in "123":
        step(key)
    return last


def bound_namespace(event, context):
    state = SimpleNamespace(token="0")
    for _ in range(3):
        state.token = requests.get(f"https://api.example/{state.token}").json()["id"]
    return state.token


def bound_takewhile(event, context):
    token = {"next": "/0"}

    def pages():
        while token["next"]:
            body = requests.get(f"https://api.example{token['next']}").json()
            token["next"] = body["next"]
            yield body

    return list(takewhile(lambda body: body["next"], pages()))


def bound_module_attribute(event, context):
    services.LAST = "0"
    for _ in range(3):
        services.LAST = requests.get(f"https://api.example/{services.LAST}").json()["id"]
    return services.LAST


def bound_helper_fills(event, context):
    def fill(into, key):
        into["answer"] = requests.get(f"https://api.example/{key}").json()["id"]

    holder = {"answer": "0"}
    fill(holder, "1")
    fill(holder, holder["answer"])
    return holder


def bound_conditional_expression(event, context):
    first = customer(1)
    return customer(2) if first["id"] else None


def bound_and(event, context):
    return customer(1)["id"] == "1" and customer(2)["id"]


def bound_stock_check(event, context):
    for sku in ("a", "b"):
        stock = dynamodb.get_item(TableName="stock", Key="warehouse")["Item"]
        dynamodb.put_item(TableName="stock", Item={"warehouse": stock, "sold": sku})


def bound_dead_letter(event, context):
    try:
        customer(1)
        raise RuntimeError("no")
    except RuntimeError:
        sqs.send_message(QueueUrl="dead", MessageBody="1")


async def bound_async_generator(event, context):
    client = AsyncClient()

    async def pages():
        path = "/0"
        while path:
            body = (await client.get(f"https://api.example{path}")).json()
            yield body
            path = body["next"]

    return [page async for page in pages()]


async def bound_async_for_state(event, context):
    client, etag = AsyncClient(), ""
    for path in ("1", "2", "3"):
        answer = await client.get(f"https://api.example/{path}?etag={etag}")
        etag = answer.text
    return etag


def free_reads_of_a_sum(event, context):
    total = sum(len(load(key)) for key in ("1", "2"))
    return requests.get(f"https://api.example/{total}").json() and total


def free_star_star(event, context):
    requests_of = [{"Bucket": "photos", "Key": key} for key in "1234"]
    return [s3.get_object(**each)["Body"] for each in requests_of]


def free_module_level_function(event, context):
    return [fake_services.s3.get_object(Bucket="photos", Key=key)["Body"] for key in "1234"]


def free_with_block(event, context):
    found = []
    with contextlib.ExitStack():
        for key in "1234":
            found.append(load(key))
    return found


def free_try_around(event, context):
    try:
        profile = customer(1)
        orders = customer(2)
    except ValueError:
        return {"statusCode": 502}
    return profile, orders


def free_sorted_keys(event, context):
    prices = {}
    for sku in sorted({"c", "a", "b"}):
        response = requests.get(f"https://prices.example/{sku}")
        if response.ok:
            prices[sku] = response.json()["id"]
        else:
            prices[sku] = None
    return prices


def free_while_index(event, context):
    index, found = 0, []
    while index < 4:
        found.append(load(str(index)))
        index += 1
    return found


def free_service_method_chain(event, context):
    class Service:
        def __init__(self):
            self.items = Repository("items")
            self.users = Repository("users")

        def build(self):
            item = self.items.find("1")
            user = self.users.find("2")
            return {"item": item, "user": user}

    return Service().build()


def free_per_row(event, context):
    rows = Connection().execute("SELECT id, name FROM orders").fetchall()
    return [load(f"{number}/{name}") for number, name in rows]


def free_dispatch_table(event, context):
    table = {"photo": load, "client": lambda key: customer(key)}
    found = []
    for kind, key in (("photo", "1"), ("client", 2), ("photo", "3")):
        found.append(table[kind](key))
    return found


async def free_async_helpers(event, context):
    async def both(number):
        first = await services.fetch(f"/{number}")
        second = await services.fetch(f"/{first['id']}/more")
        return first, second

    return [await both(number) for number in range(3)]


async def free_gathered_one_by_one(event, context):
    coroutines = [services.fetch(f"/{number}") for number in range(3)]
    return [await each for each in coroutines]


def free_asyncio_run(event, context):
    async def main():
        return [await services.fetch(f"/{n}") for n in range(3)]

    return asyncio.run(main())
