"""Which functions are handlers."""

from __future__ import annotations

import pytest

from meantime.tools.check.reading import read_project


@pytest.fixture
def handlers_of(tmp_path):
    """Gives the handlers of a project: what is called, how it is known, whether that is sure, what makes it."""

    def found(files):
        for name, text in ({"app.py": files} if isinstance(files, str) else files).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        project = read_project([tmp_path], root=tmp_path)
        return [(each.function, each.by, each.is_sure, each.adapter) for each in project.handlers]

    return found


TEMPLATE = """\
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: src, Handler: %s}
"""


@pytest.mark.parametrize(
    ("handler", "files", "function"),
    [
        ("app.go", {"src/app.py": "def go(e, c): ..."}, "src.app.go"),
        ("inner/app.go", {"src/inner/app.py": "def go(e, c): ..."}, "src.inner.app.go"),
        ("inner.app.go", {"src/inner/app.py": "def go(e, c): ..."}, "src.inner.app.go"),
        ("app.go", {"src/app/__init__.py": "def go(e, c): ..."}, "src.app.go"),
        ("app.go", {"elsewhere/app.py": "def go(e, c): ..."}, None),
        ("app.go", {"src/deep/app.py": "def go(e, c): ..."}, "src.deep.app.go"),
        ("app.go", {"src/app.py": "async def go(e, c): ..."}, "src.app.go"),
        ("app.go", {"src/app.py": "def run(e, c): ...\ngo = run"}, "src.app.run"),
        ("app.go", {"src/app.py": "from impl import go", "src/impl.py": "def go(e, c): ..."}, "src.impl.go"),
        ("app.go", {"src/app.py": "class A:\n    def run(self, e, c): ...\ngo = A().run"}, "src.app.A.run"),
        ("app.go", {"src/app.py": "class A:\n    def __call__(self, e, c): ...\ngo = A()"}, "src.app.A.__call__"),
        (
            "app.go",
            {
                "src/app.py": "from base import Base\nclass A(Base):\n    def run(self, e): ...\ngo = A()",
                "src/base.py": "class Root:\n    def __call__(self, e, c): ...\nclass Base(Root): ...",
            },
            "src.base.Root.__call__",
        ),
        ("app.go", {"src/app.py": "class A(A):\n    x = 1\ngo = A()"}, "src.app.go"),
        (
            "app.go",
            {
                "src/app.py": "class B:\n    @classmethod\n    def run(cls, e, c): ...\nclass A(B): ...\ngo = A.run",
            },
            "src.app.B.run",
        ),
        ("app.go", {"src/app.py": "from somewhere import make\ngo = make()"}, "src.app.go"),
        ("app.go", {"src/app.py": "def stop(e, c): ..."}, None),
        ("go", {"src/app.py": "def go(e, c): ..."}, None),
    ],
    ids=[
        "a function", "by a path", "by a dotted path", "of a package", "the file is elsewhere", "deeper, but alone",
        "async", "another name", "imported", "a method", "an instance that is called",
        "an instance that inherits it", "a class that is its own base", "a method of a class above",
        "made somewhere", "no such name",
        "no module",
    ],
)  # fmt: skip
def test_a_template_names_it(handlers_of, handler, files, function):
    found = [each[0] for each in handlers_of({"template.yaml": TEMPLATE % handler, **files}) if each[1] == "template"]

    assert found == ([function] if function else [])


def test_one_handler_of_several_functions_has_all_their_configurations(tmp_path):
    (tmp_path / "app.py").write_text("def go(e, c): ...")
    (tmp_path / "template.yaml").write_text(
        "Resources:\n"
        "  A: {Type: 'AWS::Lambda::Function', Properties: {Handler: app.go, Timeout: 30}}\n"
        "  B: {Type: 'AWS::Lambda::Function', Properties: {Handler: app.go, Timeout: 10}}\n"
    )

    (handler,) = read_project([tmp_path], root=tmp_path).handlers

    assert [each.name for each in handler.configurations] == ["A", "B"]
    assert handler.timeout == 10.0


@pytest.mark.parametrize(
    ("source", "adapter"),
    [
        ("from mangum import Mangum\nhandler = Mangum(app)", "mangum.Mangum"),
        ("import mangum as m\nhandler = m.Mangum(app, lifespan='off')", "mangum.Mangum"),
        ("import meantime\nhandler = meantime.ASGIAdapter(app)", "meantime.ASGIAdapter"),
        ("import apig_wsgi as a\nhandler = a.make_lambda_handler(app)", "apig_wsgi.make_lambda_handler"),
    ],
)  # fmt: skip
def test_an_adapter_makes_it(handlers_of, source, adapter):
    assert handlers_of(source) == [("app.handler", "adapter", True, adapter)]


def test_what_a_template_names_may_be_made_by_an_adapter(handlers_of):
    files = {"template.yaml": TEMPLATE % "app.api", "src/app.py": "from mangum import Mangum\napi = Mangum(app)"}

    assert handlers_of(files) == [("src.app.api", "template", True, "mangum.Mangum")]


@pytest.mark.parametrize(
    "source",
    [
        "import meantime\n@meantime.handler\nasync def go(event, context): ...",
        "from meantime import handler as lambda_function\n@lambda_function(reserve=1)\ndef go(event, context): ...",
        "import meantime\n@meantime.batch.sqs\ndef go(message): ...",
        "from meantime.batch import kinesis\n@kinesis(max_concurrency=5)\ndef go(record): ...",
        "from aws_lambda_powertools import Logger\nlogger = Logger()\n@logger.inject_lambda_context\ndef go(e, c): ...",
        "from aws_lambda_powertools import Tracer as T\nt = T()\n@t.capture_lambda_handler(x=1)\ndef go(e, c): ...",
        "from shared import metrics\n@metrics.log_metrics(capture_cold_start_metric=True)\ndef go(e, c): ...",
        "from aws_lambda_powertools.utilities import data_classes as d\n@d.event_source(data_class=X)\ndef go(e, c): 1",
        "from aws_lambda_powertools.utilities.parser import event_parser\n@event_parser(model=M)\ndef go(e, c): ...",
        "from datadog_lambda.wrapper import datadog_lambda_wrapper\n@datadog_lambda_wrapper\ndef go(event, c): ...",
        "from chalice import Chalice\napp = Chalice(app_name='x')\n@app.on_sqs_message(queue='q')\ndef go(event): ...",
        "from chalice import Chalice\napp = Chalice(app_name='x')\n@app.lambda_function()\ndef go(event, c): ...",
    ],
    ids=[
        "meantime", "meantime by another name", "a batch", "a batch with options", "a logger", "a tracer",
        "metrics from another file", "a data class", "a model", "a tracer of others", "chalice's queue",
        "chalice's function",
    ],
)  # fmt: skip
def test_a_decorator_makes_it(handlers_of, source):
    ((function, by, is_sure, adapter),) = handlers_of(source)

    assert (function, by, is_sure) == ("app.go", "decorator", True)
    assert adapter


def test_meantimes_decorator_goes_before_others(handlers_of):
    ((_, _, _, adapter),) = handlers_of(
        "import meantime\nfrom aws_lambda_powertools import Logger\nlogger = Logger()\n"
        "@logger.inject_lambda_context\n@meantime.handler\ndef go(event, context): ..."
    )

    assert adapter == "meantime.handler"


@pytest.mark.parametrize(
    "source",
    [
        "def go(event, context): ...\nimport aws_lambda_powertools",
        "import functools\n@functools.cache\ndef go(key): ...",
        "from aws_lambda_powertools import Logger\nlogger = Logger()\n@logger.other\ndef go(key): ...",
        "from chalice import Chalice\napp = Chalice()\n@app.route('/x')\ndef go(): ...",
    ],
    ids=["none", "another decorator", "another method", "a route"],
)
def test_other_decorators_do_not(handlers_of, source):
    assert not [each for each in handlers_of(source) if each[1] == "decorator"]


@pytest.mark.parametrize(
    "source",
    [
        "def handler(event, context): ...",
        "async def lambda_handler(event, context): ...",
        "def lambda_handler(event, _context): ...",
        "def lambda_handler(_event, _): ...",
        "def lambda_handler(event: dict, context=None, table=None): ...",
        "def orders_lambda_handler(event, ctx): ...",
        "def handler(sqs_event, context): ...",
        "import boto3\ndef orders_handler(event, context): ...",
        "if True:\n    def handler(event, context): ...",
        "from aws_lambda_powertools.utilities.typing import LambdaContext\ndef go(event, context: LambdaContext): ...",
        "class A:\n    def run(self, event, context): ...\nlambda_handler = A().run",
        "def go(event, context): ...\nhandler = go",
        "def go(event, context): ...\nhandler = middleware(go)",
    ],
    ids=[
        "handler", "async", "an unused context", "nothing used", "more with defaults", "named as such",
        "an event of a service",
        "a handler of orders beside boto3", "conditional",
        "annotated", "a method as the handler", "another name for it", "wrapped in a middleware",
    ],
)  # fmt: skip
def test_its_name_and_its_parameters_tell_it(handlers_of, source):
    sure = [each for each in handlers_of(source) if each[2]]

    assert [each[1] for each in sure] == ["signature"]


def test_what_wraps_it_is_said(handlers_of):
    assert handlers_of("def handler(event, context): ...\nhandler = middleware(handler)")[0][:2] == (
        "app.handler",
        "signature",
    )
    assert ("app.go", "signature", True, "?") in handlers_of("def go(event, context): ...\nhandler = wrap(go)")


@pytest.mark.parametrize(
    "source",
    [
        "def process(event, context): ...",
        "import boto3\ndef process(event, context): ...",
        "import boto4\ndef orders_handler(event, context): ...",
        "class A:\n    def handler(self, event, context): ...",
        "import functions_framework\ndef handler(event, context): ...",
        "from google.cloud import storage\ndef handler(event, context): ...",
    ],
    ids=[
        "another name",
        "another name beside boto3",
        "a handler of orders",
        "a method",
        "another cloud's framework",
        "another cloud's client",
    ],
)
def test_where_less_tells_it_is_not_sure(handlers_of, source):
    assert [each[1:3] for each in handlers_of(source)] == [("signature", False)]


@pytest.mark.parametrize(
    "source",
    [
        "def handler(event): ...",
        "def handler(signum, frame): ...",
        "def handler(update, context): ...",
        "def handler(event, loop): ...",
        "def handler(prevent, context): ...",
        "def handler(event, context, table): ...",
        "def handler(_, __): ...",
        "def handler(*, event, context): ...",
        "def outer():\n    def handler(event, context): ...",
        "handler = make()",
        "handler = 5",
        "def process(event): ...\nhandler = middleware(process)",
    ],
    ids=[
        "one parameter", "of a signal", "of a bot", "no context", "no event", "one more", "nothing named",
        "by keyword", "nested",
        "made somewhere", "a number", "what is wrapped takes one",
    ],
)  # fmt: skip
def test_others_are_none(handlers_of, source):
    assert handlers_of(source) == []


def test_they_come_in_the_order_of_files_and_lines(handlers_of):
    found = handlers_of(
        {
            "b.py": "def handler(event, context): ...",
            "a.py": "def lambda_handler(event, context): ...\n\n\ndef handler(event, context): ...",
        }
    )

    assert [each[0] for each in found] == ["a.lambda_handler", "a.handler", "b.handler"]
