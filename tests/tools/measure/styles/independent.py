"""Functions whose calls need nothing of each other: each style another way to write it."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import services
from fake_services import Connection, batch, dynamodb, requests, s3, sns, sqs
from services import Orders, Repository, customer, fetch, load

from meantime import sequential

KEYS = ["1", "2", "3", "4"]


def for_loop(event, context):
    results = []
    for key in KEYS:
        results.append(s3.get_object(Bucket="photos", Key=key))
    return results


def comprehension(event, context):
    return [s3.get_object(Bucket="photos", Key=key)["Body"] for key in KEYS]


def dictionary_comprehension(event, context):
    return {key: load(key) for key in KEYS}


def helper_of_another_file(event, context):
    total = ""
    for key in KEYS:
        total += services.load(key)
    return total


def generator_expression(event, context):
    return sum(len(load(key)) for key in KEYS)


def built_in_map(event, context):
    return list(map(load, KEYS))


def enumerated(event, context):
    results = {}
    for index, key in enumerate(KEYS):
        results[index] = dynamodb.get_item(TableName="orders", Key=key)["Item"]
    return results


def class_based_service(event, context):
    repository = Repository("orders")
    return [repository.find(key) for key in KEYS]


def inherited_method(event, context):
    orders = Orders()
    total = []
    for key in KEYS:
        total.append(orders.total(key))
    return total


class Handler:
    def __init__(self):
        self.repository = Repository("orders")
        self.results = []

    def __call__(self, event, context):
        for key in KEYS:
            self.handle(key)
        return self.results

    def handle(self, key):
        item = self.repository.find(key)
        if item is not None:
            self.results.append(item["id"])


handler_object = Handler()


def object_as_handler(event, context):
    return handler_object(event, context)


def statements(event, context):
    profile = requests.get("https://profile.example/1").json()
    orders = requests.get("https://orders.example/1").json()
    permissions = requests.get("https://permissions.example/1").json()
    return {"profile": profile, "orders": orders, "permissions": permissions}


def in_a_dictionary(event, context):
    return {
        "profile": customer(1),
        "orders": customer(2),
        "permissions": customer(3),
    }


def helper_called_twice_on_a_line(event, context):
    return customer(1), customer(2)


@dataclass
class Overview:
    profile: dict
    orders: dict


def into_a_dataclass(event, context):
    profile = customer(1)
    orders = customer(2)
    return Overview(profile=profile, orders=orders).profile


def write_each_item(event, context):
    for key in KEYS:
        dynamodb.put_item(TableName="orders", Item={"id": key})


def read_change_write(event, context):
    for key in KEYS:
        item = dynamodb.get_item(TableName="orders", Key=key)["Item"]
        item["seen"] = True
        dynamodb.put_item(TableName="orders", Item={"id": key, "item": item})


def message_for_each(event, context):
    for number, key in enumerate(KEYS):
        sqs.send_message(QueueUrl="queue", MessageBody=f"{number} {key}")


def skips_some(event, context):
    found = []
    for key in KEYS:
        if key == "9":
            continue
        item = dynamodb.get_item(TableName="orders", Key=key).get("Item")
        if not item:
            continue
        found.append(item)
    return found


def nested_loops(event, context):
    found = []
    for bucket in ("a", "b"):
        for key in KEYS:
            found.append(s3.get_object(Bucket=bucket, Key=key))
    return found


def product_of_two(event, context):
    return [s3.get_object(Bucket=bucket, Key=key) for bucket, key in itertools.product(("a", "b"), KEYS)]


def local_function(event, context):
    prefix = event.get("prefix", "x")

    def read(key):
        return load(f"{prefix}/{key}")

    return [read(key) for key in KEYS]


def lambdas(event, context):
    read = lambda key: load(key)  # noqa: E731
    return [read(key) for key in KEYS]


def verb_of_meantime(event, context):
    return sequential.map(load, KEYS)


def gathered(event, context):
    return sequential.gather(partial(customer, 1), partial(customer, 2), lambda: customer(3))


def one_thread(event, context):
    with ThreadPoolExecutor(max_workers=1) as pool:
        return list(pool.map(load, KEYS))


def until_the_list_is_empty(event, context):
    left = list(KEYS)
    found = []
    while left:
        found.append(load(left.pop()))
    return found


def first_that_is_there(event, context):
    for key in KEYS:
        item = dynamodb.get_item(TableName="orders", Key=key)["Item"]
        if item["id"] == "none":
            return item
    return None


def guarded(event, context):
    user = dynamodb.get_item(TableName="users", Key="1").get("Item")
    if not user:
        return {"statusCode": 404}
    orders = dynamodb.query(TableName="orders")
    return {"user": user, "orders": orders}


def checks_each_answer(event, context):
    bodies = []
    for key in KEYS:
        response = requests.get(f"https://api.example/{key}")
        if response.status_code != 200:
            raise RuntimeError(key)
        bodies.append(response.json())
    return bodies


def failures_are_logged(event, context):
    bodies = []
    for key in KEYS:
        try:
            response = requests.get(f"https://api.example/{key}")
            response.raise_for_status()
            bodies.append(response.json())
        except ValueError:
            bodies.append(None)
    return bodies


def notifies_all(event, context):
    users = dynamodb.query(TableName="users")["Items"] * 3
    for user in users:
        sns.publish(TopicArn="news", Message=f"{user['id']}")


def found_then_read(event, context):
    for user in dynamodb.query(TableName="users")["Items"] * 4:
        dynamodb.get_item(TableName="orders", Key=str(user["id"]))


def queries(event, context):
    found = []
    for key in KEYS:
        found.append(Connection().execute("SELECT name FROM orders WHERE id = %s", (key,)).fetchall())
    return found


def walrus(event, context):
    return [body for key in KEYS if (body := load(key))]


def dispatched(event, context):
    handlers = {"a": load, "b": services.customer}
    results = []
    for kind, key in (("a", "1"), ("a", "2"), ("a", "3")):
        results.append(handlers[kind](key))
    return results


async def awaited_loop(event, context):
    results = []
    for key in KEYS:
        results.append(await fetch(f"/{key}"))
    return results


async def awaited_comprehension(event, context):
    return [await fetch(f"/{key}") for key in KEYS]


async def awaited_statements(event, context):
    profile = await fetch("/profile")
    orders = await fetch("/orders")
    return profile, orders


def matched(event, context):
    found = []
    for key in KEYS:
        match key:
            case "1" | "2":
                found.append(load(key))
            case other:
                found.append(load(other + "x"))
    return found


@batch
def handler_of_a_record(record):
    return load(record)


pool = Connection()


def queries_of_a_pool(event, context):
    found = []
    for key in KEYS:
        found.append(pool.execute("SELECT name FROM orders WHERE id = %s", (key,)).fetchall())
    return found


def position_of_each(event, context):
    found = []
    for key in KEYS:
        body = load(key)
        found.append((len(found), body))
    return found


def pairs_of_a_turn(event, context):
    found = {}
    for number, key in enumerate(KEYS):
        body = load(key)
        found[f"{number}/{key}"] = body
    return found


def of_a_generator(event, context):
    found = []
    keys = (key for key in KEYS)
    for key in keys:
        body = load(key)
        if body:
            found.append((key, body))
    return found
