"""MT107: a template names a handler that its code does not have."""

from __future__ import annotations

import pytest

TEMPLATE = """\
Resources:
  Work:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      CodeUri: src
      Handler: %s
"""
SERVICE = """\
service: orders
provider: {name: aws, runtime: python3.13}
functions:
  work:
    handler: %s
"""
STACK = """\
from aws_cdk import Stack, aws_lambda

class Orders(Stack):
    def __init__(self, scope, name):
        aws_lambda.Function(  # finds MT107
            self,
            "Work",
            runtime=aws_lambda.Runtime.PYTHON_3_13,
            handler="app.wrk",
            code=aws_lambda.Code.from_asset("src"),
        )
"""
BUILT = "  Metadata: {BuildMethod: makefile}\n    Properties"
MARK = "  # finds MT107"
METHOD = "class App:\n    def run(self, e, c): ..."
APP = "import os\n\nprint(os.environ, wrk)\n\ndef work(event, context):\n    return len(event)\n"


@pytest.mark.parametrize(
    ("files", "hint"),
    [
        ({"template.yaml": TEMPLATE % ("app.wrk" + MARK), "src/app.py": APP}, "Did you mean `app.work`?"),
        ({"template.yaml": TEMPLATE % ("ap.work" + MARK), "src/app.py": APP}, "Did you mean `app.work`?"),
        ({"template.yaml": TEMPLATE % ("app.handler" + MARK), "src/app.py": APP}, "has no `handler`"),
        ({"template.yaml": TEMPLATE % ("jobs/ap.work" + MARK), "src/jobs/app.py": APP}, "`jobs/app.work`?"),
        ({"template.yaml": TEMPLATE % ("job.app.work" + MARK), "src/jobs/app.py": APP}, "`jobs.app.work`?"),
        ({"template.yaml": TEMPLATE % ("app.wrk" + MARK), "src/app/__init__.py": APP}, "`src/app/__init__.py` has no"),
        (
            {"template.yaml": TEMPLATE % ("app.App.run" + MARK), "src/app.py": METHOD},
            "as a module",
        ),
        (
            {"template.yaml": TEMPLATE % ("app.run" + MARK), "src/app.py": METHOD},
            "has no `run`",
        ),
        ({"template.yaml": TEMPLATE % ("ap.work" + MARK), "src/app/__init__.py": APP}, "Did you mean `app.work`?"),
        ({"serverless.yml": SERVICE % ("app.wrk" + MARK), "app.py": APP}, "Did you mean `app.work`?"),
        ({"serverless.yml": SERVICE % ("src/ap.work" + MARK), "src/app.py": APP}, "Did you mean `src/app.work`?"),
        ({"stack.py": STACK, "src/app.py": APP}, "Did you mean `app.work`?"),
        (
            {
                "template.yaml": "Globals:\n  Function:\n    Runtime: python3.13\n    CodeUri: src\n"
                "    Handler: app.wrk  # finds MT107\n"
                "Resources:\n  Work:\n    Type: AWS::Serverless::Function\n    Properties: {Timeout: 3}\n",
                "src/app.py": APP,
            },
            "Did you mean `app.work`?",
        ),
        (
            {
                "template.yaml": TEMPLATE.replace("AWS::Serverless::Function", "AWS::Lambda::Function").replace(
                    "CodeUri", "Code"
                )
                % ("app.wrk" + MARK),
                "src/app.py": APP,
            },
            "Did you mean `app.work`?",
        ),
    ],
    ids=[
        "a function", "a module", "nothing like it", "in a folder", "a folder", "in a package", "a method by its class",
        "a method", "a package", "of a service", "a module of a service", "of a stack", "for all functions",
        "of CloudFormation",
    ],
)  # fmt: skip
def test_it_is_told_with_what_was_meant(findings_of, finds, files, hint):
    finds("MT107", files)

    (finding,) = findings_of("MT107", files)

    assert hint in finding.message


def test_it_stands_at_the_line_that_names_it(findings_of):
    (finding,) = findings_of("MT107", {"template.yaml": TEMPLATE % "app.wrk", "src/app.py": APP})

    assert (finding.place.line, finding.place.column) == (7, 7)
    assert "Runtime.HandlerNotFound" in finding.message


def test_a_module_that_is_missing_cannot_be_imported(findings_of):
    (finding,) = findings_of("MT107", {"template.yaml": TEMPLATE % "ap.work", "src/app.py": APP})

    assert "no `src/ap.py`" in finding.message
    assert "Runtime.ImportModuleError" in finding.message


@pytest.mark.parametrize(
    "text",
    [
        APP,
        "async def work(event, context): ...",
        "class work:\n    def __new__(cls, event, context): ...",
        "work = make()",
        "work: object = make()",
        "from impl import work",
        "from impl import handle as work",
        "import work",
        "import work.inner",
        "from impl import *",
        "if True:\n    def work(e, c): ...",
        "try:\n    from impl import work\nexcept ImportError:\n    work = None",
        "with make() as work: ...",
        "a, (b, *work) = make()",
        "(work := make())",
        "def prepare():\n    global work\n    work = 1\n\nprepare()",
        "globals()['work'] = make()",
        "import sys\nsetattr(sys.modules[__name__], 'work', make())",
        "def __getattr__(name): ...",
        "exec(source)",
        "vars()['work'] = make()",
        "locals()['work'] = make()",
        "eval(source)",
    ],
)
def test_what_may_have_the_name_is_believed(finds, text):
    finds("MT107", {"template.yaml": TEMPLATE % "app.work", "src/app.py": text})


@pytest.mark.parametrize(
    "files",
    [
        {"template.yaml": TEMPLATE % "datadog_lambda.handler.handler", "src/app.py": APP},
        {"template.yaml": TEMPLATE % "ap.handler", "src/app.py": APP},
        {"template.yaml": TEMPLATE % "ap.work", "src/app.py": APP, "src/ap.pyx": "def work(e, c): ..."},
        {"template.yaml": TEMPLATE % "ap.work", "src/app.py": APP, "lib/ap.py": APP},
        {"template.yaml": TEMPLATE % "ap.work", "src/other.py": APP, "app.py": APP},
        {"template.yaml": TEMPLATE % "app.ap.work", "src/app.py": "", "src/app/__init__.py": "", "src/app/b.py": ""},
        {"template.yaml": TEMPLATE % "ap.work", "src/app.py": APP, "src/ap/lib.txt": ""},
        {"template.yaml": (TEMPLATE % "app.wrk").replace("python3.13", "nodejs22.x"), "src/app.py": APP},
        {"template.yaml": (TEMPLATE % "app.wrk").replace("      Runtime: python3.13\n", ""), "src/app.py": APP},
        {"template.yaml": (TEMPLATE % "app.wrk").replace("CodeUri: src", "InlineCode: ''"), "app.py": APP},
        {"template.yaml": (TEMPLATE % "app.wrk").replace("src", "s3://bucket/code"), "app.py": APP},
        {"template.yaml": (TEMPLATE % "app.wrk").replace(" src", " {Bucket: b, Key: k}"), "app.py": APP},
        {
            "template.yaml": (TEMPLATE % "app.wrk").replace("  Properties", BUILT),
            "src/app.py": APP,
        },
        {"template.yaml": TEMPLATE % "app.wrk"},
        {"template.yaml": TEMPLATE % "wrk", "src/app.py": APP},
        {"template.yaml": TEMPLATE % "!Ref Named", "src/app.py": APP},
        {"serverless.yml": SERVICE % "app.wrk" + "package: {artifact: a.zip}\n", "app.py": APP},
        {"serverless.yml": SERVICE % "app.wrk" + "    package: {artifact: a.zip}\n", "app.py": APP},
        {"stack.py": STACK.replace(MARK, "").replace("app.wrk", "ap.work"), "src/app.py": APP},
        {"stack.py": STACK.replace(MARK, "").replace('from_asset("src")', 'from_inline("src")'), "src/app.py": APP},
    ],
    ids=[
        "another's wrapper", "not that function either", "compiled", "built from elsewhere",
        "another folder's", "in a package beside a module", "a folder of that name",
        "another language", "a runtime that is not known", "code in the template", "code in a bucket",
        "code in a bucket, by its key", "built by other means",
        "no code in sight", "no module", "not known before it is deployed", "a package", "a package of its own",
        "a stack's folder is not sure", "code in the stack",
    ],
)  # fmt: skip
def test_what_is_not_in_sight_is_let_be(finds, files):
    finds("MT107", files)


@pytest.mark.parametrize("module", ["a" * 300, '"ap\\0"', "ap[", "**", "/ap", "../ap", "~"])
def test_what_can_be_no_files_name_is_passed_over(finds, module):
    handler = module[:-1] + '.work"' if module.endswith('"') else f"'{module}.work'"

    finds("MT107", {"template.yaml": TEMPLATE % handler, "src/other.py": APP})
