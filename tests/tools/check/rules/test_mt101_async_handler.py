"""MT101: an `async def` given to Lambda as the handler."""

from __future__ import annotations

from itertools import pairwise

import pytest

TEMPLATE = """
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.HANDLER
      Runtime: python3.12
      CodeUri: .
"""


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            """
async def lambda_handler(event, context):  # finds MT101
    return {}
""",
            id="named and shaped as a handler",
        ),
        pytest.param(
            {
                "app.py": """
async def create_order(order, lambda_context):  # finds MT101
    return {}
""",
                "template.yaml": TEMPLATE.replace("HANDLER", "create_order"),
            },
            id="named by a template",
        ),
        pytest.param(
            {
                "app.py": """
async def main(event, context):  # finds MT101
    return {}


entry = main
""",
                "template.yaml": TEMPLATE.replace("HANDLER", "entry"),
            },
            id="under another name",
        ),
        pytest.param(
            {
                "app.py": "from orders import main as entry\n",
                "orders.py": """
async def main(event, context):  # finds MT101
    return {}
""",
                "template.yaml": TEMPLATE.replace("HANDLER", "entry"),
            },
            id="imported from another file",
        ),
        pytest.param(
            """
from aws_lambda_powertools import Logger, Tracer

logger = Logger()
tracer = Tracer()


@logger.inject_lambda_context(log_event=True)
@tracer.capture_lambda_handler
async def lambda_handler(event, context):  # finds MT101
    return {}
""",
            id="under Powertools' decorators, which hand the coroutine through",
        ),
        pytest.param(
            {
                "app.py": """
async def lambda_handler(event, context):  # finds MT101
    return {}
""",
                "other.py": """
from running import register, synchronous


def lambda_handler(name):
    return name


register(lambda_handler)
register(name=synchronous)
""",
            },
            id="another of that name is handed on",
        ),
        pytest.param(
            """
async def lambda_handler(event, context):  # finds MT101
    yield {}
""",
            id="an async generator",
        ),
        pytest.param(
            {
                "app.py": """
async def handle(event, context):  # finds MT101
    return {}


def local():
    import asyncio

    return asyncio.run(handle({}, None))
""",
                "template.yaml": TEMPLATE.replace("HANDLER", "handle"),
            },
            id="named by a template, whoever else calls it",
        ),
    ],
)
def test_finds(finds, files):
    finds("MT101", files)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            """
import meantime


@meantime.handler
async def lambda_handler(event, context):
    return {}
""",
            id="under meantime.handler",
        ),
        pytest.param(
            """
from meantime import handler as entry


@entry(reserve=1)
async def lambda_handler(event, context):
    return {}
""",
            id="under meantime.handler with options, by another name",
        ),
        pytest.param(
            """
import meantime


@meantime.batch.sqs
async def lambda_handler(message):
    return {}
""",
            id="under a batch decorator",
        ),
        pytest.param(
            """
from lambda_decorators import async_handler


@async_handler
async def lambda_handler(event, context):
    return {}
""",
            id="under a decorator that may run it",
        ),
        pytest.param(
            {
                "app.py": """
from aws_lambda_powertools import Logger
from running import synchronous

logger = Logger()


@logger.inject_lambda_context
@synchronous
async def lambda_handler(event, context):
    return {}
""",
                "running.py": """
import asyncio


def synchronous(function):
    return lambda *arguments: asyncio.run(function(*arguments))
""",
            },
            id="under a decorator of the project's own",
        ),
        pytest.param(
            {"tests/test_app.py": "async def lambda_handler(event, context):\n    return {}\n"},
            id="in a test suite, which is not deployed",
        ),
        pytest.param(
            """
DECORATORS = {}


@DECORATORS["async"]
async def lambda_handler(event, context):
    return {}
""",
            id="under a decorator that nothing is known of",
        ),
        pytest.param(
            """
import asyncio


async def handler(event, context):
    return {}


def lambda_handler(event, context):
    return asyncio.run(handler(event, context))
""",
            id="called by the one that Lambda calls",
        ),
        pytest.param(
            """
from running import synchronous


async def lambda_handler(event, context):
    return {}


entry = synchronous(lambda_handler)
""",
            id="handed to what may run it",
        ),
        pytest.param(
            """
from running import synchronous


async def lambda_handler(event, context):
    return {}


lambda_handler = synchronous(lambda_handler)
""",
            id="its name given another function",
        ),
        pytest.param(
            {
                "app.py": """
from running import synchronous


async def handle(event, context):
    return {}


handle = synchronous(handle)
""",
                "template.yaml": TEMPLATE.replace("HANDLER", "handle"),
            },
            id="its name given another function, and named by a template",
        ),
        pytest.param(
            """
def lambda_handler(event, context):
    return {}
""",
            id="a plain function",
        ),
        pytest.param(
            """
async def process(event, context):
    return {}
""",
            id="shaped as a handler, but not named as one",
        ),
        pytest.param(
            """
from fastapi import FastAPI
from mangum import Mangum

app = FastAPI()
lambda_handler = Mangum(app)
""",
            id="an adapter",
        ),
    ],
)
def test_stays_silent(finds, files):
    finds("MT101", files)


def test_says_the_error_that_lambda_gives(findings_of):
    (found,) = findings_of("MT101", "async def lambda_handler(event, context):\n    return {}\n")
    assert "`lambda_handler`" in found.message
    assert "Object of type coroutine is not JSON serializable" in found.message


def test_names_the_type_of_an_async_generator(findings_of):
    (found,) = findings_of("MT101", "async def lambda_handler(event, context):\n    yield {}\n")
    assert "Object of type async_generator is not JSON serializable" in found.message
    assert found.fix is None


def test_marks_the_definition_up_to_its_name(findings_of):
    (found,) = findings_of("MT101", "async def lambda_handler(event, context):\n    return {}\n")
    assert (found.place.column, found.place.end_column) == (1, 25)


def mended(text, fix):
    lines = [*text.splitlines(keepends=True), ""]
    assert all((edit.place.column, edit.place.end_column) == (1, 1) for edit in fix.edits)
    assert all(edit.place.line == edit.place.end_line for edit in fix.edits)
    assert all(first.place.line <= second.place.line for first, second in pairwise(fix.edits))
    for edit in reversed(fix.edits):
        lines.insert(edit.place.line - 1, edit.text)
    return "".join(lines)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "async def lambda_handler(event, context):\n    return {}\n",
            "import meantime\n\n\n@meantime.handler\nasync def lambda_handler(event, context):\n    return {}\n",
            id="the import comes first",
        ),
        pytest.param(
            "import json\n\n\nasync def lambda_handler(event, context):\n    return json.dumps(event)\n",
            "import json\nimport meantime\n\n\n@meantime.handler\nasync def lambda_handler(event, context):\n"
            "    return json.dumps(event)\n",
            id="the import follows the others",
        ),
        pytest.param(
            "import meantime\n\n\nasync def lambda_handler(event, context):\n    return {}\n",
            "import meantime\n\n\n@meantime.handler\nasync def lambda_handler(event, context):\n    return {}\n",
            id="it is imported already",
        ),
        pytest.param(
            "from os import (\n    environ,\n)\n\n\n"
            "async def lambda_handler(event, context):\n    return json.dumps(environ)\n\n\nimport json\n",
            "from os import (\n    environ,\n)\nimport meantime\n\n\n@meantime.handler\n"
            "async def lambda_handler(event, context):\n    return json.dumps(environ)\n\n\nimport json\n",
            id="an import of several lines, and one below the handler",
        ),
        pytest.param(
            '"""Orders.\n\nAll of them.\n"""\n\nasync def lambda_handler(event, context):\n    return {}\n',
            '"""Orders.\n\nAll of them.\n"""\n\nimport meantime\n\n@meantime.handler\n'
            "async def lambda_handler(event, context):\n    return {}\n",
            id="a docstring of several lines",
        ),
        pytest.param(
            "print('loading')\n\n\nasync def lambda_handler(event, context):\n    return {}\n",
            "import meantime\n\n\nprint('loading')\n\n\n@meantime.handler\n"
            "async def lambda_handler(event, context):\n    return {}\n",
            id="another statement first",
        ),
        pytest.param(
            '"""Orders."""\n\n\nasync def lambda_handler(event, context):\n    return {}\n',
            '"""Orders."""\n\nimport meantime\n\n\n@meantime.handler\n'
            "async def lambda_handler(event, context):\n    return {}\n",
            id="the import follows the docstring",
        ),
        pytest.param(
            "from aws_lambda_powertools import Logger\n\nlogger = Logger()\n\n\n@logger.inject_lambda_context\n"
            "async def lambda_handler(event, context):\n    return {}\n",
            "from aws_lambda_powertools import Logger\nimport meantime\n\nlogger = Logger()\n\n\n"
            "@logger.inject_lambda_context\n@meantime.handler\n"
            "async def lambda_handler(event, context):\n    return {}\n",
            id="it stands innermost",
        ),
    ],
)
def test_the_fix_puts_the_decorator_and_the_import(findings_of, before, after):
    (found,) = findings_of("MT101", before)
    assert mended(before, found.fix) == after


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            {
                "app.py": "async def main(event, context):\n    return {}\n",
                "test_app.py": "from app import main\n\n\nasync def test_it():\n    await main({}, None)\n",
                "template.yaml": TEMPLATE.replace("HANDLER", "main"),
            },
            id="others call it, and would have to call it otherwise",
        ),
        pytest.param(
            "meantime = 1\nimport clock as meantime\n\n\nasync def lambda_handler(event, context):\n    pass\n",
            id="the name is another's",
        ),
        *(
            pytest.param(before + "\n\nasync def lambda_handler(event, context):\n    pass\n" + after, id=name)
            for name, before, after in [
                ("the name is given anew", "import meantime\n\nmeantime = 3\n", ""),
                ("a loop gives it", "import meantime\n\nfor meantime in (): ...\n", ""),
                ("a function has it", "def meantime(): ...\n", ""),
                ("a parameter has it", "def f(meantime): ...\n", ""),
                ("it may not be there", "try:\n    import meantime\nexcept ImportError:\n    meantime = None\n", ""),
                ("only checkers import it", "if TYPE_CHECKING:\n    import meantime\n", ""),
                ("it is imported below", "", "\n\nimport meantime\n"),
                ("a function imports it", "def f():\n    import meantime\n", ""),
                ("a part of it is imported below", "", "\n\nimport meantime.tasks\n"),
            ]
        ),
    ],
)
def test_there_is_no_fix_where(findings_of, files):
    (found,) = findings_of("MT101", files)
    assert found.fix is None


@pytest.mark.parametrize(
    "source",
    [
        "def lambda_handler(event, context):  # finds MT101\n    return main(event)\n",
        "def lambda_handler(event, context):\n    return asyncio.run(main(event))\n",
        "def lambda_handler(event, context):\n    return plain(event)\n",
        "def lambda_handler(event, context):\n    if event:\n        return plain(event)\n    return main(event)\n",
        "def lambda_handler(event, context):\n    return wrapped(event)\n",
        "def lambda_handler(event, context):\n    return event\n",
        "def lambda_handler(event, context):\n    main(event)\n",
        "def lambda_handler(event, context):\n    return main(event)\n\n\nprint(lambda_handler({}, None))\n",
        "@other.wrap\ndef lambda_handler(event, context):\n    return main(event)\n",
    ],
    ids=[
        "returned",
        "run",
        "plain",
        "one of two",
        "with a decorator",
        "the event",
        "never returned",
        "used",
        "decorated",
    ],
)
def test_a_plain_handler_that_returns_a_coroutine(finds, source):
    finds(
        "MT101",
        "import asyncio\nimport other\n\n\nasync def main(event): ...\n\n\ndef plain(event): ...\n\n\n"
        "@other.wrap\nasync def wrapped(event): ...\n\n\n" + source,
    )


def test_says_what_of_the_coroutine_that_is_returned(findings_of):
    (found,) = findings_of(
        "MT101", "async def main(event): ...\n\n\ndef lambda_handler(event, context):\n    return main(event)\n"
    )
    assert found.message.startswith("`lambda_handler` returns what calling `main` gives, and nobody awaits it: each")
    assert "Return `asyncio.run(main(…))`" in found.message
    assert found.fix is None


def test_a_method_is_not_told_to_be_decorated(findings_of):
    (found,) = findings_of(
        "MT101",
        "class App:\n    async def handle(self, event, context): ...\n\n\nlambda_handler = App().handle\n",
    )
    assert "does not await `App.handle`" in found.message
    assert "Give Lambda `meantime.handler(….handle)`" in found.message


def test_a_generator_is_not_told_to_be_run(findings_of):
    (found,) = findings_of("MT101", "async def lambda_handler(event, context):\n    yield event\n")
    assert found.message.endswith("Return a value instead of what it yields, and put `@meantime.handler` above it.")


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            {
                "app.py": "import asyncio\n\n"
                "async def lambda_handler(event, context):  # finds MT101\n    return 1\n\n"
                "if __name__ == '__main__':\n    asyncio.run(lambda_handler({}, None))\n"
            },
            id="by hand",
        ),
        pytest.param(
            {
                "app.py": "async def lambda_handler(event, context):  # finds MT101\n    return {}\n",
                "tests/test_app.py": "import asyncio\nfrom app import lambda_handler\n\n\n"
                "def test_answers():\n    assert asyncio.run(lambda_handler({}, None)) == {}\n",
            },
            id="in a test",
        ),
    ],
)
def test_that_somebody_else_runs_it_elsewhere_changes_nothing_on_lambda(finds, files):
    finds("MT101", files)


def test_the_fix_is_indented_as_the_code_is(findings_of):
    (found,) = findings_of("MT101", "if 1:\n\tasync def lambda_handler(event, context):\n\t\treturn {}\n")
    assert "\t@meantime.handler\n\tasync def" in mended(
        "if 1:\n\tasync def lambda_handler(event, context):\n\t\treturn {}\n", found.fix
    )
