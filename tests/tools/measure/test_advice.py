"""Advice is given where the numbers carry it, the most worthwhile first, and nothing is said that they do not."""

import re
import sys
from pathlib import Path

import pytest

from meantime.tools.measure.advice import advise
from meantime.tools.measure.pricing import current_prices
from meantime.tools.report.advice import Advice, Estimate
from meantime.tools.report.recording import Wait

sys.path.insert(0, str(Path(__file__).with_name("fakes")))

from builders import call, observed, recording, run_of

LOOP = """
def lambda_handler(event, context):
    return [session.get(url) for url in event["urls"]]
"""
CHAIN = """
def lambda_handler(event, context):
    first = session.get("/first")
    return session.get(first.json()["next"])
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "app.py").write_text(LOOP)
    return tmp_path


def in_loop(number, **more):
    return call(number, stack=("app.py:3 in lambda_handler",), **more)


def advice_on(recorded, folder=None, **more):
    found = advise([run_of(recorded)], folder, prices=current_prices(), **more)
    return {each.code: each for each in found}


POLL = """
def lambda_handler(event, context):
    while True:
        if session.get("/job").json()["done"]:
            return
        time.sleep(0.04)
"""
RESOURCE = """
import boto3
table = boto3.resource("dynamodb").Table("orders")
def lambda_handler(event, context):
    return [table.get_item(Key={"order": order}) for order in event["orders"]]
"""


def codes_of(recorded, folder=None, **more):
    return list(advice_on(recorded, folder, **more))


# --------------------------------------------------------------- side by side


def read(number, **more):
    given = {"kind": "aws", "library": "boto3", "name": "dynamodb GetItem", "target": "orders", "line": "app.py:5"}
    return call(number, stack=("app.py:5 in lambda_handler",), **{**given, **more})


def test_there_is_no_patch_that_shares_a_resource_of_boto3_among_threads(tmp_path):
    (tmp_path / "app.py").write_text(RESOURCE)

    advice = advice_on(recording([read(i) for i in range(8)]), tmp_path)["side-by-side"]

    assert advice.change == ""
    assert "no ready patch: it might have them share one boto3 resource. First make the calls with a boto3 client" in (
        advice.text
    )


def test_a_client_of_boto3_is_shared_in_the_patch(tmp_path):
    (tmp_path / "app.py").write_text(RESOURCE.replace('resource("dynamodb").Table("orders")', 'client("dynamodb")'))

    advice = advice_on(recording([read(i) for i in range(8)]), tmp_path)["side-by-side"]

    assert "+    return threads.map(" in advice.change
    assert "no ready patch" not in advice.text


def test_what_is_to_be_deployed_with_a_change_is_said(folder):
    advice = advice_on(recording([in_loop(i) for i in range(10)]), folder)["side-by-side"]

    assert "needs meantime in its package then, by requirements.txt" in advice.text
    assert "@meantime.handler on the handler gives all of it a deadline" in advice.text


def test_nothing_is_said_of_what_the_function_has_already(folder):
    (folder / "app.py").write_text(LOOP + "\nimport meantime\nlambda_handler = meantime.handler(lambda_handler)\n")

    text = advice_on(recording([in_loop(i) for i in range(10)]), folder)["side-by-side"].text

    assert "in its package" not in text
    assert "a deadline" not in text


def test_requests_without_a_session_are_told_to_keep_one(folder):
    made = [observed("client_made", "requests.get", line="app.py:3") for _ in range(10)]

    text = advice_on(recording([in_loop(i) for i in range(10)], observations=made), folder)["side-by-side"].text

    assert "keep a session, clients.requests()" in text
    assert "A requests.Session shared" not in text


def test_calls_in_a_loop_are_advised_side_by_side_with_duration_and_bill(folder):
    advice = advice_on(recording([in_loop(i, waits=40.0, computes=1.0) for i in range(10)]), folder)["side-by-side"]

    assert advice.executor == "threads"
    assert advice.max_concurrency == 10
    assert 40 < advice.duration_ms.value < 100
    assert advice.duration_ms.low < advice.duration_ms.value < advice.duration_ms.high
    assert advice.cost_per_million_usd.value < run_of(recording([in_loop(i) for i in range(10)])).cost_per_million_usd
    assert advice.assumption == ""
    assert advice.calls == tuple(range(10))
    assert '+    return threads.map(session.get, event["urls"], max_concurrency=10)' in advice.change
    assert advice.verify == (
        "meantime measure app.lambda_handler --event event.json --memory 1769 --with-change ../changed"
    )


def test_as_many_at_once_as_win_nearly_all_and_no_more(folder):
    many = [in_loop(i, waits=20.0, computes=2.0) for i in range(60)]

    advice = advice_on(recording(many), folder)["side-by-side"]

    # 22 ms a call of which 2 compute: about 11 at once use a whole core.
    assert 8 <= advice.max_concurrency <= 20


def test_at_a_small_share_of_the_cpu_side_by_side_is_not_advised(folder):
    computing = [in_loop(i, waits=2.0, computes=20.0) for i in range(10)]

    found = codes_of(recording(computing, memory_mb=128), folder)

    assert "keep-sequential" in found
    assert "side-by-side" not in found


def test_a_limiter_is_not_exceeded(folder):
    calls = [in_loop(i) for i in range(12)]
    seen = [observed("limiter", "api", max_concurrency=3)]

    assert advice_on(recording(calls, observations=seen), folder)["side-by-side"].max_concurrency <= 3


def test_a_service_that_had_calls_come_again_is_met_with_few_at_once(folder):
    calls = [in_loop(i, attempts=2 if i == 5 else 1) for i in range(12)]

    advice = advice_on(recording(calls), folder)["side-by-side"]

    assert advice.max_concurrency <= 4
    assert "tried again" in advice.text


def test_the_pool_has_to_be_as_wide(folder):
    calls = [in_loop(i, library="boto3", kind="aws", name="s3 GetObject") for i in range(16)]
    seen = [observed("client_used", "boto3 client of s3", max_pool_connections=5)]

    assert "keeps 5 connections" in advice_on(recording(calls, observations=seen), folder)["side-by-side"].text


def test_blocking_calls_of_an_async_function_go_to_threads_that_are_awaited(tmp_path):
    (tmp_path / "app.py").write_text(
        "\nasync def lambda_handler(event, context):\n    return [session.get(url) for url in event['urls']]\n"
    )

    advice = advice_on(recording([in_loop(i) for i in range(8)]), tmp_path)["side-by-side"]

    assert "await tasks.map(in_thread(one), items, max_concurrency=8)" in advice.change


def test_a_gain_within_the_noise_is_not_given(folder):
    calls = [in_loop(0, waits=3.0), in_loop(1, waits=3.0, start=3.0)]

    assert codes_of(recording(calls, computes=400.0), folder)[0] == "keep-sequential"


def test_calls_of_which_the_source_is_not_there_are_advised_only_if_independent():
    advice = advice_on(recording([call(i, stack=("gone.py:3 in f",)) for i in range(8)]))["side-by-side"]

    assert "if the calls do not depend on each other" in advice.assumption


def fan_out(width, *, count=24, waits=50.0):
    """Items of `threads.map`, so many at once."""
    calls = []
    for i in range(count):
        start = i // width * waits
        more = {"line": "app.py:3", "thread": 0}
        item = {"kind": "item", "name": "get", "library": "meantime.threads", "target": ""}
        calls += [
            call(2 * i, start=start, waits=waits, **item, **more),
            call(2 * i + 1, start=start, waits=waits, parent=2 * i),
        ]
    return calls


def test_more_at_once_where_few_were_and_there_is_room(tmp_path):
    (tmp_path / "app.py").write_text(
        "from meantime import threads\ndef lambda_handler(event, context):\n"
        "    return threads.map(get, event['urls'], max_concurrency=2)\n"
    )
    seen = [observed("fan_out", "threads.map", line="app.py:3", max_concurrency=2, items=24)]

    advice = advice_on(recording(fan_out(2), observations=seen), tmp_path)["more-at-once"]

    assert advice.max_concurrency > 8
    assert advice.duration_ms.value < 200
    assert f"+    return threads.map(get, event['urls'], max_concurrency={advice.max_concurrency})" in advice.change


def test_a_pool_of_pythons_own_is_given_more_workers(tmp_path):
    (tmp_path / "app.py").write_text(
        "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(max_workers=2)\n"
        "def lambda_handler(event, context): return list(pool.map(get, event['urls']))\n"
    )
    seen = [observed("fan_out", "ThreadPoolExecutor", line="app.py:3", max_concurrency=2, items=24)]

    advice = advice_on(recording(fan_out(2), observations=seen), tmp_path)["more-at-once"]

    assert advice.title.startswith("Raise max_workers of ThreadPoolExecutor at app.py:3 from 2 to ")
    assert f"+pool = ThreadPoolExecutor(max_workers={advice.max_concurrency})" in advice.change
    assert "import threads" not in advice.change


def test_what_is_left_as_it_is_says_why_not_more_at_once():
    seen = [observed("fan_out", "threads.map", line="app.py:3", max_concurrency=12, items=24)]

    advice = advice_on(recording(fan_out(2), observations=seen))["keep-sequential"]

    assert "24 items had 12 at once, and the model does not explain what they took" in advice.text


def test_no_more_at_once_where_something_else_holds_them_back():
    seen = [observed("fan_out", "threads.map", line="app.py:3", max_concurrency=12, items=24)]

    assert "more-at-once" not in codes_of(recording(fan_out(2), observations=seen))


# ------------------------------------------------------------- keep sequential


def test_a_poll_is_not_told_to_read_larger_pages(tmp_path):
    (tmp_path / "app.py").write_text(POLL)
    calls = [
        each
        for turn in range(4)
        for each in (
            call(2 * turn, name="GET /job", stack=("app.py:4 in lambda_handler",), line="app.py:4"),
            call(2 * turn + 1, name="sleep", kind="sleep", stack=("app.py:6 in lambda_handler",), line="app.py:6"),
        )
    ]

    advice = advice_on(recording(calls), tmp_path)["keep-sequential"]

    assert "To ask less often, or to be told when it is done" in advice.text
    assert "larger pages" not in advice.text


def test_a_chain_is_to_be_left_as_it_is_and_the_reason_is_told(tmp_path):
    (tmp_path / "app.py").write_text(CHAIN)
    calls = [
        call(0, stack=("app.py:3 in lambda_handler",), line="app.py:3"),
        call(1, stack=("app.py:4 in lambda_handler",), line="app.py:4"),
    ]

    first = next(iter(advice_on(recording(calls), tmp_path).values()))

    assert first.code == "keep-sequential"
    assert "app.py:4 is given `first.json()['next']`, which comes from what the call at app.py:3 gave" in first.text


def test_computing_is_advised_against_concurrency():
    first = next(iter(advice_on(recording([call(0, waits=5.0)], computes=500.0)).values()))

    assert first.code == "keep-sequential"
    assert "it computes" in first.title


def test_a_fast_function_is_to_be_left_as_it_is(folder):
    found = codes_of(recording([in_loop(0, waits=4.0), in_loop(1, waits=4.0)]), folder)

    assert found[0] == "keep-sequential"
    assert "side-by-side" not in found


def test_calls_side_by_side_already_are_to_be_left_as_they_are(folder):
    found = advice_on(recording([in_loop(i, start=0.0, waits=90.0) for i in range(4)]), folder)

    assert "side-by-side" not in found
    assert "go side by side already" in found["keep-sequential"].title


# ----------------------------------------------------------------- memory


def test_more_memory_for_a_function_that_computes_at_a_small_share():
    advice = advice_on(recording([], computes=100.0, throttled=1282.0, memory_mb=128))["more-memory"]

    assert advice.memory_mb > 128
    assert advice.duration_ms.value < 1382 / 2
    assert advice.before_ms == 1382


def test_more_memory_and_calls_side_by_side_are_advised_together_where_each_alone_wins_little(folder):
    calls = [in_loop(i, waits=20.0, computes=3.0) for i in range(24)]

    found = advice_on(recording(calls, throttled=600.0, memory_mb=128), folder)

    advice = found["more-memory"]
    assert next(iter(found)) == "more-memory"
    assert advice.executor == "threads"
    assert advice.max_concurrency >= 4
    assert advice.memory_mb >= 512
    assert advice.duration_ms.value < 0.6 * found["side-by-side"].duration_ms.value
    assert advice.cost_per_million_usd.value <= 1.1 * advice.before_cost_per_million_usd
    assert "threads.map" in advice.change
    assert "keep-sequential" not in found


def test_what_makes_it_much_faster_comes_before_what_to_leave_alone():
    found = codes_of(recording([], computes=100.0, throttled=400.0, memory_mb=512))

    assert found[:2] == ["more-memory", "keep-sequential"]


def test_what_only_makes_it_cheaper_comes_after_what_to_leave_alone():
    found = codes_of(recording([call(0, waits=800.0)], memory_mb=1769))

    assert found[:2] == ["keep-sequential", "less-memory"]


def test_no_more_memory_than_a_core_for_one_thread():
    assert "more-memory" not in codes_of(recording([], computes=500.0, memory_mb=1769))


def test_less_memory_for_a_function_that_only_waits():
    advice = advice_on(recording([call(0, waits=800.0)], memory_mb=1769))["less-memory"]

    assert advice.memory_mb < 1769
    assert advice.cost_per_million_usd.value < advice.before_cost_per_million_usd / 2


# ------------------------------------------------------- processes, hand over


def items(count, *, computes):
    return [
        call(i, waits=0.0, computes=computes, kind="item", name="thumbnail", library="meantime.sequential", target="")
        for i in range(count)
    ]


def test_processes_for_items_that_compute_where_there_are_two_cores():
    advice = advice_on(recording(items(8, computes=200.0), memory_mb=3538))["processes"]

    assert advice.max_concurrency == 2
    assert advice.duration_ms.value < 1000


def test_no_processes_on_one_core():
    assert "processes" not in codes_of(recording(items(8, computes=200.0), memory_mb=1769))


def test_a_wait_of_many_seconds_is_to_be_handed_over():
    advice = advice_on(recording([call(0, waits=9_000.0, name="POST /render")]))["hand-over"]

    assert advice.duration_ms.value < 1_000
    assert "9.0 s" in advice.title


def test_sleeping_between_polls_is_to_be_handed_over():
    polls = [call(i, waits=1_000.0, kind="sleep", name="sleep", library="time", target="") for i in range(5)]

    assert "Step Functions" in advice_on(recording(polls))["hand-over"].text


def test_every_code_of_an_advice_is_listed_with_the_model():
    sources = Path(str(sys.modules["meantime.tools.measure.advice"].__file__)).parent.glob("*.py")
    codes = {code for source in sources for code in re.findall(r'code="([a-z-]+)"', source.read_text())}

    assert len(codes) > 10
    assert {code for code in codes if f"`{code}`" not in Advice.__doc__} == set()


# ------------------------------------------------------------ seen at run time


def test_a_client_made_in_a_warm_invocation_is_to_be_kept(tmp_path):
    (tmp_path / "app.py").write_text("def lambda_handler(event, context):\n    s3 = boto3.client('s3')\n")
    seen = [observed("client_made", 'boto3.client("s3")', took=60.0)]

    advice = advice_on(recording([call(0, start=60.0)], computes=60.0, observations=seen), tmp_path)["client-outside"]

    assert advice.duration_ms.value == pytest.approx(160.0 - 60.0)
    assert advice.lines == ("app.py:2",)
    assert "- s3 = boto3.client('s3')    # app.py:2" in advice.change


def test_a_client_made_in_a_cold_invocation_is_as_it_should_be():
    seen = [observed("client_made", "requests.Session", took=60.0)]

    assert "client-outside" not in codes_of(recording([call(0)], computes=60.0, observations=seen, cold=True))


def test_an_async_client_is_kept_on_its_loop_and_not_at_module_level(tmp_path):
    (tmp_path / "app.py").write_text("import httpx\nmade = httpx.AsyncClient(timeout=5)\n")
    seen = [observed("client_made", "httpx.AsyncClient", took=60.0)]
    recorded = recording([call(0, start=60.0)], computes=60.0, observations=seen)

    change = advice_on(recorded, tmp_path, handler="app.enrich")["client-outside"].change

    assert "@meantime.warm" in change
    assert "async with httpx.AsyncClient(timeout=5) as made:" in change
    assert "async def enrich(event, context):" in change
    assert change.startswith("# a sketch, no patch")


def test_a_connection_for_each_call_is_to_be_kept():
    calls = [call(i, new_connection=True) for i in range(5)]
    waits = [
        Wait(kind=kind, start_ms=i * 40.0 + at, end_ms=i * 40.0 + at + 5.0, call=i)
        for i in range(5)
        for kind, at in (("connect", 0.0), ("tls", 5.0))
    ]

    advice = advice_on(recording(calls, waits=waits))["keep-connections"]

    assert advice.duration_ms.value == pytest.approx(200.0 - 50.0)
    assert "25 ms of it for TLS handshakes" in advice.text


def test_requests_without_a_session_are_told_once_to_keep_the_connection():
    calls = [call(i, new_connection=True, waits=40.0, computes=2.0, start=42.0 * i) for i in range(5)]
    waits = [Wait(kind="tls", start_ms=i * 42.0, end_ms=i * 42.0 + 20.0, call=i) for i in range(5)]
    seen = [observed("client_made", "requests.get", took=1.0, start=i * 42.0, line="app.py:3") for i in range(5)]

    found = advice_on(recording(calls, waits=waits, observations=seen))

    assert "client-outside" not in found
    advice = found["keep-connections"]
    assert advice.duration_ms.value == pytest.approx(210.0 - 100.0 - 5.0)
    assert "5 calls to api.example opened a connection each, since requests.get makes a client each time" in advice.text
    assert advice.change.endswith("session = clients.requests()    # at module level, instead of requests.get(…)")


def test_the_only_request_of_an_invocation_is_to_use_a_client_that_is_kept(tmp_path):
    (tmp_path / "app.py").write_text("def lambda_handler(event, context):\n    return requests.get(URL).json()\n")
    waits = [Wait(kind="tls", start_ms=2.0, end_ms=50.0, call=0)]
    seen = [observed("client_made", "requests.get", took=1.0, line="app.py:2")]
    calls = [call(0, new_connection=True, waits=100.0, line="app.py:2")]

    advice = advice_on(recording(calls, waits=waits, observations=seen), tmp_path)["client-outside"]

    assert advice.title.startswith("Make the client of requests.get once, not in each invocation")
    assert "+ session = clients.requests()    # at module level" in advice.change
    assert "- return requests.get(URL).json()    # app.py:2" in advice.change
    assert "+ return session.get(URL).json()" in advice.change


def test_one_new_connection_is_none_too_many():
    calls = [call(i, new_connection=i == 0) for i in range(5)]

    assert "keep-connections" not in codes_of(recording(calls))


def test_a_pool_smaller_than_what_uses_it():
    seen = [
        observed("fan_out", "threads.map", max_concurrency=16, items=40),
        observed("pool_full", "api.example", pool_size=4, count=12, waiting_ms=1600.0),
    ]

    advice = advice_on(recording([call(i, start=0.0, waits=300.0) for i in range(4)], observations=seen))["wider-pool"]

    assert "16 instead of 4" in advice.title
    assert advice.max_concurrency == 16


def test_calls_without_a_timeout():
    advice = advice_on(recording([call(0, has_timeout=False)]))["timeout"]

    assert advice.lines == ("app.py:3",)
    assert advice.duration_ms is None


def test_a_timeout_round_an_awaited_call_is_one(tmp_path):
    (tmp_path / "app.py").write_text("\nasync def get(url):\n    return await asyncio.wait_for(client.get(url), 5)\n")
    awaited = call(0, has_timeout=False, is_async=True, task="Task-1", stack=("app.py:3 in get",))

    assert "timeout" not in codes_of(recording([awaited], loop="asyncio"), tmp_path)


def test_nothing_is_said_of_a_timeout_that_is_not_known():
    assert "timeout" not in codes_of(recording([call(0, has_timeout=None)]))


def test_retries_that_multiply():
    calls = [
        call(0, kind="item", name="fetch", attempts=3, target=""),
        call(1, start=0.0, parent=0, attempts=4),
    ]

    advice = advice_on(recording(calls))["retries"]

    assert advice.title == "Let one layer retry, not two"
    assert "multiply" in advice.text


def test_a_blocking_call_in_an_async_function(tmp_path):
    (tmp_path / "app.py").write_text("\nasync def get(url):\n    return session.get(url)\n")
    calls = [call(i, stack=("app.py:3 in get",), task=f"Task-{i}") for i in range(3)]

    advice = advice_on(recording(calls, loop="asyncio"), tmp_path)["loop-blocked"]

    assert "120 ms" in advice.title
    assert advice.lines == ("app.py:3",)


def test_a_blocking_call_where_there_is_no_other_task_stops_nobody(tmp_path):
    (tmp_path / "app.py").write_text("\nasync def get(url):\n    return session.get(url)\n")
    calls = [call(i, stack=("app.py:3 in get",), task="Task-1") for i in range(3)]

    assert "loop-blocked" not in codes_of(recording(calls, loop="asyncio"), tmp_path)


def test_leftovers():
    seen = [observed("leftover", "Task 'send' at app.py:9", count=2)]

    assert "2 left over" in advice_on(recording([call(0)], observations=seen))["leftovers"].title


# ------------------------------------------------------------------ the whole


def test_the_most_worthwhile_comes_first(folder):
    seen = [observed("client_made", "requests.Session", took=60.0)]
    calls = [in_loop(i, start=60.0 + i * 40.0) for i in range(10)]

    found = codes_of(recording(calls, observations=seen), folder)

    assert found.index("side-by-side") < found.index("client-outside")


def test_the_model_can_be_exchanged(folder):
    def predict(_recordings, *, executor, max_concurrency, memory_mb, groups):
        assert executor == "threads"
        return Estimate(value=123.0, low=120.0, high=130.0)

    advice = advice_on(recording([in_loop(i) for i in range(10)]), folder, predict=predict)["side-by-side"]

    assert advice.duration_ms.value == 123.0


def test_without_a_recording_there_is_no_advice():
    assert advise([run_of(None, p50_ms=100.0, cpu_ms=1.0)], prices=current_prices()) == ()
