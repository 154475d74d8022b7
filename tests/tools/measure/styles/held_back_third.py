"""As `held_back`: what real functions do besides calling, such as caching, counting, logging, retrying and stopping."""

import logging
import random
import time

from fake_services import dynamodb, requests, s3
from services import customer, load

log = logging.getLogger(__name__)
_cache = {}


def free_memo(event, context):
    _cache.clear()

    def cached(key):
        if key not in _cache:
            _cache[key] = customer(key)
        return _cache[key]

    return [cached(key) for key in (1, 2, 3)]


def free_counters(event, context):
    stats = {"calls": 0, "bytes": 0}
    found = []
    for key in "123":
        body = load(key)
        stats["calls"] += 1
        stats["bytes"] += len(body)
        log.info("%s: %s after %d calls", key, body, stats["calls"])
        found.append(body)
    return found, stats


def free_grouped(event, context):
    by_kind = {}
    for key in ("a1", "b1", "a2"):
        by_kind.setdefault(key[0], []).append(load(key))
    return by_kind


def free_seen(event, context):
    seen, found = set(), []
    for key in ("1", "2", "1", "3"):
        if key in seen:
            continue
        seen.add(key)
        found.append(load(key))
    return found


def _with_retries(function, *args):
    for attempt in range(3):
        try:
            return function(*args)
        except TimeoutError:
            time.sleep(0.01 * 2**attempt + random.random() / 100)
    raise TimeoutError(args)


def free_retrying_helper(event, context):
    return [_with_retries(load, key) for key in "123"]


def free_retrying_get(event, context):
    def get(key):
        for _attempt in range(3):
            response = requests.get(f"https://api.example/{key}")
            if response.status_code < 500:
                return response.json()
        raise RuntimeError(key)

    found = {}
    for key in "123":
        found[key] = get(key)
    return found


def free_enough(event, context):
    found = []
    for key in "12345":
        found.append(load(key))
        if len(found) >= 4:
            break
    return found


def free_measured(event, context):
    times = []
    for key in "123":
        began = time.perf_counter()
        load(key)
        times.append(time.perf_counter() - began)
    return len(times)


def free_best(event, context):
    best = None
    for key in "123":
        offer = customer(int(key))
        if best is None or offer["id"] < best["id"]:
            best = offer
    return best


def free_defaults(event, context):
    settings = {"a": 1, **dynamodb.get_item(TableName="settings", Key="app")["Item"]}
    texts = s3.get_object(Bucket="texts", Key="en.json")["Body"]
    return settings, texts


def free_errors_collected(event, context):
    errors = []
    for key in "123":
        item = dynamodb.get_item(TableName="orders", Key=key).get("Item")
        if item is None:
            errors.append(f"{key} is missing")
    if errors:
        raise RuntimeError(errors)
    return "ok"


def free_deadline(event, context):
    found = []
    for key in "123":
        if context is not None and context.get_remaining_time_in_millis() < 1000:
            break
        found.append(load(key))
    return found


def bound_stop_when_found(event, context):
    for _ in range(3):
        answer = requests.post("https://jobs.example/next", json={})
        if answer.status_code == 204:
            break
    return answer


def bound_budget(event, context):
    left = 3
    while left > 0:
        left -= int(requests.get(f"https://api.example/{left}").json()["id"]) or 1
    return left
