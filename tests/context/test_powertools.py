"""Powertools beside Meantime: its Logger, Tracer and Metrics in threads and tasks, and its decorators."""

from __future__ import annotations

import asyncio
import io
import json
from uuid import uuid4

import pytest

import meantime
from meantime import in_thread, tasks, threads
from meantime.testing import LambdaContext

pytest.importorskip("aws_lambda_powertools", reason="Powertools is not installed here")

from aws_lambda_powertools import Logger, Metrics, Tracer  # it may be absent

ITEMS = range(4)
EVENT = {"requestContext": {"requestId": "correlated"}}
CORRELATION = "requestContext.requestId"


class Log:
    """A Powertools logger, and what it has logged."""

    def __init__(self) -> None:
        self._stream = io.StringIO()
        self.logger = Logger(
            service=f"test-{uuid4()}", stream=self._stream
        )  # each test its own: they are shared by name

    def lines(self):
        return [json.loads(line) for line in self._stream.getvalue().splitlines()]


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def metrics():
    found = Metrics(namespace="Test", service="test")
    yield found
    found.clear_metrics()


def test_the_loggers_keys_reach_threads_and_tasks(log):
    logger = log.logger

    @logger.inject_lambda_context(correlation_id_path=CORRELATION)
    @meantime.handler
    async def lambda_handler(event, context):
        logger.append_keys(order="appended")
        logger.thread_safe_append_keys(customer="in the context")
        with logger.append_context_keys(step="fan out"):
            await tasks.map(in_thread(lambda item: logger.info("thread %s", item)), ITEMS)

            async def call(item):
                logger.info("task %s", item)

            await tasks.map(call, ITEMS)

    context = LambdaContext(60, function_name="orders")
    lambda_handler(EVENT, context)

    lines = log.lines()
    assert {line["message"] for line in lines} == {f"{kind} {item}" for kind in ("thread", "task") for item in ITEMS}
    for line in lines:
        assert (line["order"], line["customer"], line["step"]) == ("appended", "in the context", "fan out")
        assert (line["correlation_id"], line["function_request_id"]) == ("correlated", context.aws_request_id)


def test_a_key_that_a_call_sets_for_itself_is_seen_by_no_other(log):
    logger = log.logger

    def call(item):
        logger.thread_safe_append_keys(item=item)
        logger.info("call")

    @meantime.handler
    def lambda_handler(event, context):
        threads.map(call, ITEMS, max_concurrency=2)
        logger.info("after")

    lambda_handler({}, LambdaContext(60))

    *calls, after = log.lines()
    assert sorted(line["item"] for line in calls) == list(ITEMS)
    assert "item" not in after


def test_every_metric_that_threads_and_tasks_add_arrives(metrics, capsys):
    async def call(item):
        metrics.add_metric(name=f"Task{item}", unit="Count", value=1)

    @metrics.log_metrics
    @meantime.handler
    async def lambda_handler(event, context):
        add = in_thread(lambda item: metrics.add_metric(name=f"Thread{item}", unit="Count", value=1))
        await tasks.map(add, ITEMS)
        await tasks.map(call, ITEMS)

    lambda_handler({}, LambdaContext(60))

    document = json.loads(capsys.readouterr().out)
    assert [document[f"{kind}{item}"] for kind in ("Thread", "Task") for item in ITEMS] == [[1.0]] * 2 * len(ITEMS)


def test_its_metrics_and_ours_are_two_lines(metrics, capsys):
    @metrics.log_metrics
    @meantime.handler(metrics=True)
    async def lambda_handler(event, context):
        metrics.add_metric(name="Orders", unit="Count", value=3)

    lambda_handler({}, LambdaContext(60))

    namespaces = [
        json.loads(line)["_aws"]["CloudWatchMetrics"][0]["Namespace"] for line in capsys.readouterr().out.splitlines()
    ]
    assert sorted(namespaces) == ["Meantime", "Test"]


@pytest.fixture
def tracer(recorder_on_lambda):
    from aws_xray_sdk import global_sdk_config  # noqa: PLC0415  # it may be absent

    global_sdk_config.set_sdk_enabled(True)  # a disabled Tracer of another test turns X-Ray off for the process
    return Tracer(service="test", disabled=False, auto_patch=False)


def test_methods_captured_in_threads_and_tasks_hang_under_the_handler(tracer, daemon):
    def blocking(item):
        tracer.put_annotation("item", item)
        return item

    async def waiting(item):
        await asyncio.sleep(0.001)
        tracer.put_annotation("item", item)
        return item

    blocking_call, waiting_call = tracer.capture_method(blocking), tracer.capture_method(waiting)

    @tracer.capture_lambda_handler
    @meantime.handler
    async def lambda_handler(event, context):
        await tasks.map(in_thread(blocking_call), ITEMS)
        await tasks.map(waiting_call, ITEMS)

    lambda_handler({}, LambdaContext(60))

    documents = daemon.documents()
    (handler,) = [each for each in documents if each["name"].endswith("lambda_handler")]
    calls = [each for each in documents if each is not handler]
    assert {each["parent_id"] for each in calls} == {handler["id"]}
    for name in ("blocking", "waiting"):
        items = [each["annotations"]["item"] for each in calls if each["name"].endswith(name)]
        assert sorted(items) == list(ITEMS), "each call has its own annotation"


# The decorators, in both orders


@pytest.fixture
def powertools(log, metrics, tracer, daemon, capsys):
    return AllOfPowertools(log, metrics, tracer, daemon, capsys)


class AllOfPowertools:
    """Its three utilities, as its documentation stacks them."""

    def __init__(self, log, metrics, tracer, daemon, capsys) -> None:
        self.log = log.logger
        self.metrics = metrics
        self._lines = log.lines
        self._tracer = tracer
        self._daemon = daemon
        self._capsys = capsys

    def decorate(self, function):
        decorated = self.metrics.log_metrics(self._tracer.capture_lambda_handler(function))
        return self.log.inject_lambda_context(correlation_id_path=CORRELATION)(decorated)

    def assert_all_was_done(self):
        (line,) = self._lines()
        assert (line["message"], line["correlation_id"]) == ("call", "correlated")
        assert json.loads(self._capsys.readouterr().out)["Called"] == [1.0]
        assert [document["name"] for document in self._daemon.documents()] == ["## lambda_handler"]


def test_around_an_async_handler(powertools):
    @powertools.decorate
    @meantime.handler
    async def lambda_handler(event, context):
        await in_thread(powertools.log.info)("call")
        powertools.metrics.add_metric(name="Called", unit="Count", value=1)
        return "answer"

    assert lambda_handler(EVENT, LambdaContext(60)) == "answer"
    powertools.assert_all_was_done()


@pytest.mark.parametrize("order", ["around", "inside"])
def test_around_and_inside_a_blocking_handler(powertools, order):
    def lambda_handler(event, context):
        threads.map(powertools.log.info, ["call"])
        powertools.metrics.add_metric(name="Called", unit="Count", value=1)
        return "answer"

    if order == "around":
        handler = powertools.decorate(meantime.handler(lambda_handler))
    else:
        handler = meantime.handler(powertools.decorate(lambda_handler))

    assert handler(EVENT, LambdaContext(60)) == "answer"
    powertools.assert_all_was_done()


def test_inside_an_async_handler_they_would_not_await_it_and_the_error_says_where_they_belong(log):
    @meantime.handler
    @log.logger.inject_lambda_context
    async def lambda_handler(event, context): ...

    with pytest.raises(TypeError, match=r"put that decorator above meantime\.handler"):
        lambda_handler(EVENT, LambdaContext(60))


def test_around_a_handler_that_meets_its_deadline(powertools):
    @powertools.decorate
    @meantime.handler(reserve=0.2)
    async def lambda_handler(event, context):
        powertools.metrics.add_metric(name="Called", unit="Count", value=1)
        powertools.log.info("call")
        await asyncio.sleep(60)

    with pytest.raises(meantime.DeadlineExceeded):
        lambda_handler(EVENT, LambdaContext(0.4))
    powertools.assert_all_was_done()
