"""Functions whose turns share something, keep an order, or end early: side by side they might answer otherwise."""

import csv
import functools
import io
import os
import threading

from fake_services import Session, dynamodb, s3

KEYS = ["1", "2", "3", "4"]
API = "https://api.example"
session = Session()
local = threading.local()
seen = set()
current = None


def get(path):
    return session.get(f"{API}/{path}").json()


def chain_states_of_one_order(event, context):
    for state in ("new", "paid", "packed", "shipped"):
        session.put(f"{API}/orders/7/status", json={"status": state})


def chain_a_log(event, context):
    for line in KEYS:
        session.post(f"{API}/log/append", data=line)


def chain_versions_of_one_key(event, context):
    for part in KEYS:
        s3.put_object(Bucket="reports", Key="progress.txt", Body=part)


def chain_updates_of_one_item(event, context):
    for state in KEYS:
        values = {":s": state}
        dynamodb.update_item(TableName="orders", Key={"id": "7"}, ExpressionAttributeValues=values)


def chain_records_of_a_stream(event, context):
    for record in event.get("Records", [{"dynamodb": key} for key in KEYS]):
        dynamodb.put_item(TableName="copy", Item={"id": record["dynamodb"]})


def assumed_global(event, context):
    def one(key):
        global current  # noqa: PLW0603  # as people write it
        current = key
        return get(current)

    return [one(key) for key in KEYS]


def assumed_headers(event, context):
    found = []
    for key in KEYS:
        session.headers["X-Tenant"] = key
        found.append(get("me"))
    return found


def assumed_environment(event, context):
    found = []
    for key in KEYS:
        os.environ["TARGET"] = key
        found.append(get(key))
    return found


def assumed_thread_local(event, context):
    local.prefix = "x"

    def one(key):
        return get(f"{local.prefix}/{key}")

    return [one(key) for key in KEYS]


def assumed_file(event, context):
    def one(key):
        with open(os.devnull, "w") as file:  # noqa: PTH123  # as people write it
            file.write(str(get(key)))
        return key

    return [one(key) for key in KEYS]


def assumed_sent_once(event, context):
    seen.clear()

    def one(key):
        if key not in seen:
            session.post(f"{API}/{key}")
        seen.add(key)

    for key in ("1", "1", "2", "3"):
        one(key)


def assumed_given_and_changed(event, context):
    known, found = [], []
    for key in KEYS:
        found.append(session.get(f"{API}/{key}", params=known))
        known.append(key)
    return len(found)


def assumed_generator_left(event, context):
    def rows():
        for key in KEYS:
            yield get(key)

    return list(rows())


def assumed_any(event, context):
    return any(get(key)["id"] == "9" for key in KEYS)


def assumed_default(event, context):
    def one(key, had=[]):  # noqa: B006  # as people write it
        had.append(key)
        return get(key)

    return [one(key) for key in KEYS]


def assumed_cached(event, context):
    @functools.cache
    def one(key):
        return get(key)

    return [one(key) for key in ("1", "2", "3", "1")]


def assumed_items_of_an_event(event, context):
    for item in event.get("items", KEYS):
        dynamodb.put_item(TableName="orders", Item={"id": item})


def quiet_rows(event, context):
    file = io.StringIO()
    writer = csv.writer(file)
    for key in KEYS:
        writer.writerow([get(key)["id"]])
    return file.getvalue()


def quiet_partial(event, context):
    found = []
    try:
        for key in KEYS:
            found.append(get(key))  # noqa: PERF401  # as people write it
    except ValueError:
        return found
    return found


def quiet_counted(event, context):
    number, found = 0, []
    for key in KEYS:
        number += 1  # noqa: SIM113  # as people write it
        found.append((number, get(key)["id"]))
    return found


def quiet_extended(event, context):
    found = []
    for key in KEYS:
        found.extend(get(key)["items"])
    return found


def quiet_last(event, context):
    found = []
    for key in KEYS:
        found.append(get(key)["id"])
    return key, found


def quiet_one_line(event, context):
    found = {}
    for key in KEYS: found[key] = get(key)["id"]  # noqa: E701  # fmt: skip
    return found


def quiet_text(event, context):
    return [get(key)["id"] for key in "1234"]
