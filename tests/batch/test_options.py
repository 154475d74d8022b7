"""What the decorators take and refuse, before any record comes."""

from __future__ import annotations

import asyncio
from functools import partial, wraps
from typing import Any

import pytest
from tests.batch.conftest import come_again

import meantime
from meantime import Limiter, Retry, clock, processes, sequential, tasks, threads
from meantime.testing import FakeClock, LambdaContext, kinesis_event, sqs_event


def blocking(message):
    """Does nothing."""


async def waiting(message):
    """Does nothing, later."""


def run(handler, bodies=(1, 2)):
    return handler(sqs_event(bodies), LambdaContext(60))


def test_bare_and_with_keywords_it_decorates():
    assert run(meantime.batch.sqs(blocking)) == {"batchItemFailures": []}
    assert run(meantime.batch.sqs()(blocking)) == {"batchItemFailures": []}
    assert run(meantime.batch.sqs(max_concurrency=2)(waiting)) == {"batchItemFailures": []}


def test_what_lambda_sees_bears_the_functions_name_and_has_it():
    handler: Any = meantime.batch.sqs(blocking)

    assert (handler.__name__, handler.__doc__, handler.__module__) == ("blocking", "Does nothing.", blocking.__module__)
    assert handler.function is blocking


def test_main_can_be_awaited_where_a_loop_runs():
    handler = meantime.batch.sqs(waiting)

    async def main():
        with pytest.raises(meantime.LoopRunning):
            handler(sqs_event([1]), LambdaContext(60))
        return await handler.main(sqs_event([1]), LambdaContext(60))

    assert asyncio.run(main()) == {"batchItemFailures": []}


@pytest.mark.parametrize(
    ("executor", "function"),
    [
        (None, blocking),
        ("threads", blocking),
        (threads, blocking),
        ("sequential", blocking),
        (sequential, blocking),
        (None, waiting),
        ("tasks", waiting),
        (tasks, waiting),
        ("sequential", waiting),
    ],
)
def test_the_executor_is_given_by_its_name_or_its_module(executor, function):
    assert run(meantime.batch.sqs(executor=executor)(function)) == {"batchItemFailures": []}


@pytest.mark.parametrize("executor", ["thread", threads.map, 5, asyncio])
def test_another_executor_is_refused(executor):
    with pytest.raises(ValueError, match='executor must be "sequential", "threads", "tasks" or "processes"'):
        meantime.batch.sqs(executor=executor)(blocking)


@pytest.mark.parametrize(
    ("executor", "function", "words"),
    [
        ("threads", waiting, r'waiting is an async function, and batch\.sqs\(executor="threads"\) runs blocking ones'),
        (processes, waiting, r'waiting is an async function, and batch\.sqs\(executor="processes"\) runs blocking'),
        ("tasks", blocking, r'blocking is a blocking function, and batch\.sqs\(executor="tasks"\) runs async ones'),
    ],
)
def test_an_executor_of_the_other_kind_is_refused_in_the_words_of_a_batch(executor, function, words):
    with pytest.raises(TypeError, match=words) as caught:
        meantime.batch.sqs(executor=executor)(function)
    assert ".map" not in str(caught.value)  # who decorates a function of one record calls no verb


def generator(message):
    yield


async def async_generator(message):
    yield


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (5, "batch.sqs takes a function of one record, got 5"),
        (dict, "batch.sqs takes a function of one record"),
        (generator, "generator yields, so that calling it does nothing"),
        (async_generator, "async_generator yields"),
        (lambda: None, "takes no argument"),
        (
            lambda event, context: None,
            r"takes \(event, context\), and batch.sqs calls its function once for each record",
        ),
        (lambda context, record: None, "takes 'context' first, and there batch.sqs gives it the record"),
        (lambda lambda_context: None, r"as in `def lambda_handler\(record, lambda_context\)`"),
        (lambda prepared, message: None, "takes 'prepared' first"),
        (lambda message, database: None, "takes 'database', which batch.sqs does not have"),
        (lambda message, prepared: None, "takes 'prepared', and batch.sqs has no prepare="),
    ],
)
def test_what_is_no_function_of_one_record_is_refused(function, words):
    with pytest.raises(TypeError, match=words):
        meantime.batch.sqs(executor="threads" if callable(function) else None)(function)


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"max_concurrency": 0}, "max_concurrency must be at least 1"),
        ({"max_concurrency": "10"}, "max_concurrency must be a whole number"),
        ({"timeout": 0}, "timeout must be above 0 seconds"),
        ({"limiter": 5}, "limiter must be a meantime.Limiter"),
        ({"retry": 3}, "retry must be a meantime.Retry"),
        ({"prepare": 5}, "prepare must be a plain function"),
        ({"finish": generator}, "finish must be a plain function"),
        ({"on_failure": waiting}, "on_failure=waiting is an async function, and blocking is a blocking one"),
        ({"fail_when": waiting}, "fail_when must be a plain function"),
        ({"window": blocking}, "SQS has no tumbling windows"),
        ({"reserve": -1}, "reserve must be 0 or more seconds"),
        ({"leftovers": "forget"}, "leftovers must be"),
        ({"blocked_after": 1.0}, "blocked_after watches the event loop"),
    ],
)
def test_a_keyword_out_of_range_is_refused(keywords, words):
    with pytest.raises((TypeError, ValueError), match=words):
        meantime.batch.sqs(**keywords)(blocking)


class Parking:
    def park(self, message):
        """Takes too little."""


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"on_failure": lambda message: True}, r"on_failure=<lambda> takes \(message\), and is called with the record"),
        (
            {"on_failure": Parking().park},
            r"Parking.park takes \(message\), and is called with the record and its error",
        ),
        ({"on_failure": lambda message, error, context: True}, r"takes \(message, error, context\)"),
        ({"on_failure": lambda message, error, *, table: True}, r"takes \(message, error, table\)"),
        ({"window": lambda window: {}}, r"takes \(window\), and is called with the window and the outcomes"),
        ({"prepare": lambda: None}, r"prepare=<lambda> takes \(\), and is called with the list of records"),
        ({"finish": lambda records, outcomes: None}, r"takes \(records, outcomes\), and is called with the outcomes"),
        ({"fail_when": lambda: True}, r"fail_when=<lambda> takes \(\)"),
    ],
)
def test_a_function_beside_the_records_own_of_other_arguments_is_refused(keywords, words):
    for function in (blocking, waiting):
        with pytest.raises(TypeError, match=words):
            meantime.batch.kinesis(**keywords)(function)


def test_more_arguments_that_need_not_be_given_are_none_of_its_business():
    def park(message, error, table="parked"):
        """Takes enough."""

    for each in (park, partial(park, table="other"), lambda *args: None, wraps(park)(lambda *args: park(*args))):
        meantime.batch.sqs(on_failure=each)(blocking)


def test_the_context_does_not_go_to_a_child_process():
    with pytest.raises(TypeError, match="takes the context, which stays in the parent process"):
        meantime.batch.sqs(executor="processes")(lambda message, context: None)


def test_what_the_function_asks_for_is_seen_behind_decorators_and_partials():
    got = []

    def decorated(function):
        @wraps(function)
        def call(*args, **keywords):
            return function(*args, **keywords)

        return call

    class Callable:
        def __call__(self, message, context):
            got.append(context.function_name)

    def function(database, message, *, context, size=3):
        got.append((database, context.function_name, size))

    context = LambdaContext(60, function_name="mine")
    for each in (decorated(partial(function, "database", size=4)), Callable(), Callable().__call__):
        meantime.batch.sqs(each)(sqs_event([1]), context)

    assert got == [("database", "mine", 4), "mine", "mine"]


def test_a_decorated_function_whose_first_argument_is_called_record_gets_it_by_that_name():
    """A decorator may look for it there; one that names its own argument is called by position."""
    got = []

    def anything(function):
        @wraps(function)
        def call(*args, **keywords):
            got.append((len(args), sorted(keywords)))
            return function(*args, **keywords)

        return call

    def of_one(function):
        @wraps(function)
        def call(item, **keywords):
            return function(item, **keywords)

        return call

    def takes(record, context): ...

    def takes_by_position(record, /, context): ...

    def takes_message(message, context): ...

    assert run(meantime.batch.sqs(anything(takes)), [1]) == {"batchItemFailures": []}
    assert got == [(0, ["context", "record"])]
    got.clear()
    for each in (
        anything(of_one(takes)),
        of_one(anything(takes)),
        anything(takes_by_position),
        anything(takes_message),
    ):
        assert run(meantime.batch.sqs(each), [1]) == {"batchItemFailures": []}
    assert got == [(1, ["context"])] * 4


def test_powertools_word_for_the_context_is_understood():
    got = []

    @meantime.batch.sqs
    def lambda_handler(record, lambda_context):
        got.append(lambda_context.function_name)

    lambda_handler(sqs_event([1]), LambdaContext(60, function_name="mine"))

    assert got == ["mine"]


@pytest.mark.parametrize("function", [blocking, waiting])
def test_ten_records_at_once_are_the_default(function):
    peak = under_way = 0

    async def count(message):
        nonlocal peak, under_way
        under_way += 1
        peak = max(peak, under_way)
        await asyncio.sleep(0.001)
        under_way -= 1

    run(meantime.batch.sqs(count), range(30))

    assert peak == 10


def test_every_call_passes_the_limiter_and_is_retried(executor):
    tries: list[float] = []

    def flaky(message):
        tries.append(clock.monotonic())
        if len(tries) < 3:
            raise TimeoutError

    async def flaky_async(message):
        flaky(message)

    with FakeClock():
        handler = meantime.batch.sqs(
            executor=executor.partition(" ")[0],
            limiter=Limiter("downstream", rate=1, burst=1),
            retry=Retry(3, initial_backoff=0),
        )(flaky_async if "tasks" in executor else flaky)
        answer = run(handler, [1])

    assert answer == {"batchItemFailures": []}
    assert [round(at - tries[0]) for at in tries] == [0, 1, 2]


@pytest.mark.parametrize("executor", ["threads", "tasks", "sequential"])
@pytest.mark.parametrize("source", ["fifo", "kinesis"])
def test_a_record_over_its_timeout_has_failed_and_holds_back_its_key(source, executor):
    numbers = range(3)

    def take(record):
        clock.sleep(5.0 if record.json() == 0 else 0.1)

    async def take_async(record):
        await clock.sleep_async(5.0 if record.json() == 0 else 0.1)

    event = (
        sqs_event(numbers, groups=list("aab"))
        if source == "fifo"
        else kinesis_event(numbers, partition_keys=list("aab"))
    )
    decorator = meantime.batch.sqs if source == "fifo" else meantime.batch.kinesis
    with FakeClock():
        handler = decorator(timeout=1.0, executor=executor)(take_async if executor == "tasks" else take)
        answer = handler(event, LambdaContext(60))

    assert come_again(event, answer) == ([0, 1] if source == "fifo" else [0, 1, 2])


def test_metrics_of_the_invocation_are_printed(capsys):
    meantime.batch.sqs(metrics="Shop")(waiting)(sqs_event(range(3)), LambdaContext(60))

    assert '"Namespace":"Shop"' in capsys.readouterr().out
