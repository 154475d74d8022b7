"""One line of metrics for each invocation, in CloudWatch's embedded metric format."""

from __future__ import annotations

import asyncio
import io
import json
import sys
import threading
import time
from pathlib import Path

import pytest

import meantime
from meantime import in_thread, sequential, tasks, threads
from meantime.limiter import Limiter
from meantime.retry import Retry
from meantime.testing import FakeClock, LambdaContext

SCHEMA = json.loads((Path(__file__).parent / "embedded_metric_format.json").read_text(encoding="utf-8"))


@pytest.fixture
def lines(capsys):
    """Gives the documents printed since it was asked last."""
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch):
    for name in ("MEANTIME_METRICS", "MEANTIME_SERVICE", "POWERTOOLS_SERVICE_NAME", "AWS_LAMBDA_FUNCTION_NAME"):
        monkeypatch.delenv(name, raising=False)


def check(document):
    """That CloudWatch takes it: the schema, and what a schema cannot say."""
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed here")
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert len(json.dumps(document)) < 1_000_000
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for name in (name for names in directive["Dimensions"] for name in names):
            assert isinstance(document[name], str)
            assert 0 < len(document[name]) <= 1024
        for metric in directive["Metrics"]:
            assert isinstance(document[metric["Name"]], (int, float))


def test_an_invocation_prints_one_line_that_cloudwatch_takes(lines):
    @meantime.handler(metrics=True)
    async def lambda_handler(event, context):
        return await tasks.map(asyncio.sleep, [0, 0])

    lambda_handler({}, LambdaContext(function_name="orders"))

    (document,) = lines()
    check(document)
    (directive,) = document["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("Meantime", [["FunctionName"]])
    assert document["FunctionName"] == "orders"


def test_a_blocking_handler_and_one_that_fails_print_theirs_too(lines):
    @meantime.handler(metrics=True)
    def lambda_handler(event, context):
        return threads.map(int, event)

    lambda_handler(["1"], LambdaContext())
    with pytest.raises(ValueError, match="invalid literal"):
        lambda_handler(["one"], LambdaContext())

    documents = lines()
    assert len(documents) == 2
    for document in documents:
        check(document)


def test_the_first_invocation_of_an_environment_is_cold_and_the_next_is_not(lines):
    @meantime.handler(metrics=True)
    async def lambda_handler(event, context): ...

    lambda_handler({}, LambdaContext())
    lambda_handler({}, LambdaContext())

    assert [document["ColdStart"] for document in lines()] == [1, 0]


def test_it_tells_how_long_the_invocation_took_and_how_much_time_was_left(lines):
    @meantime.handler(metrics=True, reserve=0.5)
    def lambda_handler(event, context):
        clock.advance(1.25)

    with FakeClock() as clock:
        lambda_handler({}, LambdaContext(10))

    (document,) = lines()
    assert (document["Duration"], document["TimeLeft"]) == (1250, 8750)
    check(document)


@pytest.mark.parametrize("verb", ["map", "settle", "gather"])
def test_it_tells_how_many_calls_were_under_way_at_most_and_how_long_they_took_together(lines, verb):
    barrier = threading.Barrier(3)

    def call(_=None):
        if barrier.wait(30) == 0:  # all are here, and one of them lets time pass
            clock.advance(3)
        barrier.wait(30)

    @meantime.handler(metrics=True)
    def lambda_handler(event, context):
        if verb == "gather":
            threads.gather(call, call, call)
        else:
            getattr(threads, verb)(call, range(3), max_concurrency=5)
        sequential.map(str, range(2))

    with FakeClock() as clock:
        lambda_handler({}, LambdaContext(60))

    (document,) = lines()
    assert document["PeakConcurrency"] == 3
    assert document["CallTime"] == pytest.approx(9000), "three calls, each for the three seconds"


def test_fan_outs_side_by_side_add_up(lines):
    @meantime.handler(metrics=True)
    async def lambda_handler(event, context):
        begun, release = [], asyncio.Event()

        async def wait(number):
            begun.append(number)
            if len(begun) == 5:
                release.set()
            await release.wait()

        await asyncio.gather(tasks.map(wait, range(2)), tasks.map(wait, range(3)))

    lambda_handler({}, LambdaContext(60))

    assert lines()[0]["PeakConcurrency"] == 5


def test_a_blocking_call_inside_a_call_of_a_verb_is_one_call_and_by_itself_it_is_one_too(lines):
    @meantime.handler(metrics=True)
    async def lambda_handler(event, context):
        if event == "in a verb":
            barrier = threading.Barrier(2)
            await tasks.map(lambda _: in_thread(barrier.wait)(30), range(4), max_concurrency=2)
        else:
            barrier = threading.Barrier(3)
            await asyncio.gather(*(in_thread(barrier.wait)(30) for _ in range(3)))

    lambda_handler("in a verb", LambdaContext(60))
    lambda_handler("by itself", LambdaContext(60))

    assert [document["PeakConcurrency"] for document in lines()] == [2, 3]


def test_a_call_that_is_still_under_way_counts_until_the_end_and_in_no_other_invocation(lines):
    release = threading.Event()

    @meantime.handler(metrics=True, reserve=0.1)
    def lambda_handler(event, context):
        if event == "hang":
            threads.map(lambda _: release.wait(30), [1])

    with pytest.raises(meantime.DeadlineExceeded):
        lambda_handler("hang", LambdaContext(0.3))
    lambda_handler("nothing", LambdaContext())
    release.set()

    first, second = lines()
    assert first["CallTime"] >= 200
    assert (first["DeadlineExceeded"], first["Leftovers"]) == (1, 1)
    assert (second["PeakConcurrency"], second["CallTime"]) == (0, 0)
    assert (second["DeadlineExceeded"], second["Leftovers"]) == (0, 0)


def test_leftovers_are_counted(lines):
    @meantime.handler(metrics=True)
    async def lambda_handler(event, context):
        event.extend(asyncio.create_task(asyncio.sleep(60)) for _ in range(2))

    lambda_handler([], LambdaContext())
    lambda_handler([], LambdaContext())

    assert [document["Leftovers"] for document in lines()] == [2, 2]


@pytest.mark.blocks_the_loop
def test_stalls_are_counted_where_the_loop_is_watched(lines):
    @meantime.handler(metrics=True, blocked_after=0.1)
    async def watched(event, context):
        time.sleep(event)  # noqa: ASYNC251  # the mistake that is counted

    @meantime.handler(metrics=True)
    async def unwatched(event, context): ...

    watched(0.5, LambdaContext(60))
    watched(0, LambdaContext(60))
    unwatched({}, LambdaContext(60))

    first, second, third = lines()
    assert (first["LoopStalls"], second["LoopStalls"]) == (1, 0)
    assert "LoopStalls" not in third
    check(first)


def test_limiters_tell_how_often_and_how_long_calls_waited_for_them(lines):
    limiter = Limiter("downstream", rate=1, per=2.0)

    @meantime.handler(metrics=True)
    def lambda_handler(event, context):
        sequential.map(str, range(event), limiter=limiter)

    with FakeClock():
        lambda_handler(1, LambdaContext(60))
        lambda_handler(2, LambdaContext(60))

    first, second = lines()
    assert (first["LimiterWaits"], first["LimiterWaitTime"], first["Throttles"]) == (0, 0, 0)
    assert (second["LimiterWaits"], second["LimiterWaitTime"]) == (2, 4000)
    assert second["Limiters"]["downstream"] == {"waits": 2, "milliseconds": 4000, "throttles": 0}
    check(second)


def test_retries_are_counted(lines):
    @Retry(attempts=3, on=LookupError)
    def fail(_):
        raise LookupError

    @meantime.handler(metrics=True)
    def lambda_handler(event, context):
        if event == "fail":
            sequential.settle(fail, [1, 2])

    with FakeClock():
        lambda_handler("good", LambdaContext(60))
        lambda_handler("fail", LambdaContext(60))
        lambda_handler("good", LambdaContext(60))

    assert [document["Retries"] for document in lines()] == [0, 4, 0]


def test_the_namespace_and_the_service_can_be_chosen(lines, monkeypatch):
    monkeypatch.setenv("MEANTIME_SERVICE", "checkout")

    @meantime.handler(metrics="Shop/Orders")
    async def lambda_handler(event, context): ...

    lambda_handler({}, LambdaContext(function_name="orders"))

    (document,) = lines()
    (directive,) = document["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Shop/Orders"
    assert directive["Dimensions"] == [["FunctionName", "Service"]]
    assert (document["FunctionName"], document["Service"]) == ("orders", "checkout")
    check(document)


def test_powertools_name_of_the_service_will_do(lines, monkeypatch):
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "payment")

    @meantime.handler(metrics=True)
    async def lambda_handler(event, context): ...

    lambda_handler({}, LambdaContext())

    assert lines()[0]["Service"] == "payment"


@pytest.mark.parametrize(("text", "namespace"), [("1", "Meantime"), ("true", "Meantime"), ("Shop", "Shop")])
def test_the_environment_variable_switches_it_on(lines, monkeypatch, text, namespace):
    monkeypatch.setenv("MEANTIME_METRICS", text)

    @meantime.handler
    async def lambda_handler(event, context): ...

    lambda_handler({}, LambdaContext())

    assert lines()[0]["_aws"]["CloudWatchMetrics"][0]["Namespace"] == namespace


@pytest.mark.parametrize("text", ["", "0", "False", "off"])
def test_the_environment_variable_may_say_no(lines, monkeypatch, text):
    monkeypatch.setenv("MEANTIME_METRICS", text)

    @meantime.handler
    async def lambda_handler(event, context): ...

    lambda_handler({}, LambdaContext())

    assert lines() == []


def test_what_the_handler_was_told_goes_before_the_environment_variable(lines, monkeypatch):
    monkeypatch.setenv("MEANTIME_METRICS", "Shop")

    @meantime.handler(metrics=False)
    async def silent(event, context): ...

    @meantime.handler(metrics="Mine")
    async def lambda_handler(event, context): ...

    silent({}, LambdaContext())
    lambda_handler({}, LambdaContext())

    (document,) = lines()
    assert document["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Mine"


@pytest.mark.parametrize(("value", "error"), [(1, TypeError), ("", ValueError), ("AWS/Lambda", ValueError)])
def test_a_namespace_that_cannot_be_is_refused(value, error):
    with pytest.raises(error, match="metrics must be"):
        meantime.handler(metrics=value)


def test_without_it_nothing_is_loaded(run_python):
    run_python(
        """
        import sys
        import meantime
        from meantime import threads
        from meantime.testing import LambdaContext

        @meantime.handler
        def lambda_handler(event, context):
            return threads.map(str, [1])

        lambda_handler({}, LambdaContext())
        assert not {"json", "meantime.metrics", "meantime.executors.gauge"} & set(sys.modules)
        """
    )


def test_a_line_that_cannot_be_printed_costs_no_invocation(monkeypatch, caplog):
    @meantime.handler(metrics=True)
    async def lambda_handler(event, context):
        return "answer"

    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stdout", closed)

    assert lambda_handler({}, LambdaContext()) == "answer"
    assert "The metrics of this invocation could not be printed" in caplog.text
