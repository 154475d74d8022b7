"""Functions as a CDK application in Python describes them."""

from __future__ import annotations

import pytest

from meantime.tools.check.reading import read_project

STACK = """\
from aws_cdk import Duration, Stack, aws_lambda as _lambda, aws_sqs as sqs
from aws_cdk.aws_lambda_event_sources import SqsEventSource


class Orders(Stack):
    def __init__(self, scope, id):
        super().__init__(scope, id)
        letters = sqs.Queue(self, "Dead")
        queue = sqs.Queue(
            self, "Orders", fifo=True,
            visibility_timeout=Duration.minutes(3),
            dead_letter_queue=sqs.DeadLetterQueue(max_receive_count=5, queue=letters),
        )
        work = _lambda.Function(
            self, "Work",
            runtime=_lambda.Runtime.PYTHON_3_13,
            handler="app.lambda_handler",
            code=_lambda.Code.from_asset("src"),
            timeout=Duration.seconds(30),
            memory_size=512,
            reserved_concurrent_executions=4,
        )
        work.add_event_source(SqsEventSource(queue, batch_size=7, max_concurrency=2, report_batch_item_failures=True,
                                             max_batching_window=Duration.seconds(20)))
"""


@pytest.fixture
def project_of(tmp_path):
    """Reads a project of a stack and a handler."""

    def found(stack, handler="src/app.py", name="stacks/orders.py"):
        for path, text in {name: stack, handler: "def lambda_handler(event, context): ..."}.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        return read_project([tmp_path], root=tmp_path)

    return found


def test_a_function_has_its_handler_its_folder_and_its_limits(project_of):
    (function,) = project_of(STACK).configurations

    assert (function.name, function.handler, function.code) == ("Work", "app.lambda_handler", "src")
    assert (function.timeout, function.memory_mb, function.reserved_concurrency) == (30.0, 512, 4)
    assert function.runtime == "python3.13"
    assert function.place.path == "stacks/orders.py"
    assert (function.place.line, function.timeout_place.line) == (14, 19)


def test_the_handler_is_found_in_the_folder_of_its_code(project_of):
    (handler,) = project_of(STACK).handlers

    assert (handler.function, handler.by, handler.timeout) == ("src.app.lambda_handler", "template", 30.0)


def test_its_queue_is_known(project_of):
    (function,) = project_of(STACK).configurations
    (source,) = function.sources

    assert (source.kind, source.is_fifo, source.batch_size, source.maximum_concurrency) == ("sqs", True, 7, 2)
    assert source.reports_batch_item_failures is True
    assert (source.visibility_timeout, source.visibility_place.line) == (180.0, 11)
    assert (source.max_receive_count, source.batch_window) == (5, 20.0)


def test_what_is_left_open_is_as_the_cdk_has_it(project_of):
    (function,) = project_of(
        "import aws_cdk as cdk\nfrom aws_cdk import aws_sqs\nfrom aws_cdk import aws_lambda\n"
        "from aws_cdk.aws_lambda_event_sources import SqsEventSource\n"
        "queue = aws_sqs.Queue(stack, 'Q')\n"
        "f = aws_lambda.Function(stack, 'F', handler='app.lambda_handler', events=[SqsEventSource(queue)])\n"
    ).configurations
    (source,) = function.sources

    assert (function.timeout, function.memory_mb, function.timeout_place) == (3.0, 128, None)
    assert (source.is_fifo, source.reports_batch_item_failures, source.visibility_timeout) == (False, False, 30.0)
    assert source.visibility_place.line == 5


def test_attributes_hold_queues_and_functions_too(project_of):
    text = STACK.replace("queue = sqs", "self.queue = sqs").replace("Source(queue", "Source(self.queue")
    text = text.replace("work = _l", "self.work = _l").replace("work.add", "self.work.add")

    (function,) = project_of(text).configurations

    assert function.sources[0].visibility_timeout == 180.0


def test_a_queue_of_somewhere_else_is_not_known(project_of):
    (function,) = project_of(STACK.replace("Source(queue", "Source(props.queue")).configurations
    (source,) = function.sources

    assert (source.kind, source.is_fifo, source.visibility_timeout, source.visibility_place) == (
        "sqs",
        None,
        None,
        None,
    )


def test_a_source_of_another_function_is_not_its_own(project_of):
    (function,) = project_of(STACK.replace("work.add_event_source", "other.add_event_source")).configurations

    assert function.sources == ()


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("Duration.minutes(2)", 120.0), ("Duration.millis(500)", 0.5), ("Duration.seconds(t)", None), ("patience", None)],
)
def test_a_timeout_is_known_if_it_is_a_literal(project_of, written, seconds):
    (function,) = project_of(STACK.replace("Duration.seconds(30)", written)).configurations

    assert function.timeout == seconds


@pytest.mark.parametrize(
    ("code", "handler"),
    [
        ("_lambda.Code.from_asset('src')", "src/app.py"),
        ("_lambda.Code.from_asset('../src')", "src/app.py"),
        ("_lambda.Code.from_asset(os.path.join(os.path.dirname(__file__), '../src'))", "src/app.py"),
        ("_lambda.Code.from_asset('lambda')", "stacks/lambda/app.py"),
    ],
)
def test_the_folder_of_the_code_is_found_from_where_the_application_may_run(project_of, code, handler):
    (found,) = project_of(STACK.replace('_lambda.Code.from_asset("src")', code), handler).handlers

    assert found.by == "template"


def test_a_function_of_python_has_an_entry_a_file_and_a_function(project_of):
    (handler,) = project_of(
        "from aws_cdk.aws_lambda_python_alpha import PythonFunction\n"
        "PythonFunction(stack, 'F', entry='src', index='app.py', handler='lambda_handler')\n"
    ).handlers

    assert (handler.function, handler.by) == ("src.app.lambda_handler", "template")


@pytest.mark.parametrize(
    "text",
    [
        "from elsewhere import aws_lambda\naws_lambda.Function(stack, 'F', handler='app.lambda_handler')\n",
        "from aws_cdk import aws_lambda\naws_lambda.Alias(stack, 'F', handler='app.lambda_handler')\n",
    ],
)
def test_other_calls_describe_no_function(project_of, text):
    assert project_of(text).configurations == ()
