"""What is deployed of each example: template, requirements, event; and that the catalogue tells the same."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from catalogue import EXAMPLES
from tests.examples.deployed import imports_of, template_in

import meantime

if TYPE_CHECKING:
    from catalogue import Example

EACH_EXAMPLE = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
BY_NAME = {example.name: example for example in EXAMPLES}
NEEDS_OF = {"PIL": "pillow", "botocore": "boto3"}  # import name: package name


def test_cfn_lint_has_nothing_to_say_about_the_templates():
    cfn_lint = Path(sys.executable).with_name("cfn-lint")
    templates = [example.folder / "template.yaml" for example in EXAMPLES]  # at once: loading its rules takes the time

    process = subprocess.run([cfn_lint, *templates], capture_output=True, check=False, text=True, timeout=90)

    assert (process.returncode, process.stdout, process.stderr) == (0, "", "")


@EACH_EXAMPLE
def test_the_template_has_a_function_for_each_variant_and_no_other(example: Example):
    functions = functions_of(template_in(example.folder))

    assert [function["Handler"] for function in functions] == [
        f"{variant}.lambda_handler" for variant in example.variants
    ]
    assert sorted(
        path.stem for path in example.folder.glob("*.py") if "def lambda_handler" in path.read_text()
    ) == sorted(example.variants)


@EACH_EXAMPLE
def test_the_template_gives_the_functions_what_the_catalogue_gives_them(example: Example):
    settings = template_in(example.folder)["Globals"]["Function"]

    assert settings["Timeout"] == example.timeout
    # Where AWS is, the SDK knows by itself when it is deployed.
    assert set(settings.get("Environment", {"Variables": {}})["Variables"]) == {
        *(set(example.downstreams) - {"AWS_ENDPOINT_URL"}),
        *example.settings,
    }


def test_no_queue_loses_a_message_of_the_batch():
    """Visible again after six times the function's timeout or more, as AWS asks for, and failures are reported."""
    template = template_in(BY_NAME["sqs_batch"].folder)
    sources = [function["Events"]["Orders"]["Properties"] for function in functions_of(template)]

    assert len(sources) == 3
    for source in sources:
        queue = template["Resources"][source["Queue"].removesuffix(".Arn")]["Properties"]
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert queue["VisibilityTimeout"] >= 6 * template["Globals"]["Function"]["Timeout"]
        assert queue["RedrivePolicy"]["maxReceiveCount"] >= 5


@EACH_EXAMPLE
def test_the_requirements_name_what_the_variants_import_and_nothing_else(example: Example):
    own = {path.stem for path in example.folder.glob("*.py")}
    imported = {
        name
        for variant in example.folder.glob("*.py")
        for name in imports_of(variant)
        if name not in own and name not in sys.stdlib_module_names
    }
    required = {re.split(r"[=><~]", line)[0] for line in (example.folder / "requirements.txt").read_text().split()}

    assert required == {NEEDS_OF.get(name, name) for name in imported}


@EACH_EXAMPLE
def test_the_requirements_ask_for_this_version_of_meantime(example: Example):
    assert f"meantime=={meantime.__version__}" in (example.folder / "requirements.txt").read_text().split()


@EACH_EXAMPLE
def test_the_readme_names_every_variant_and_how_to_run_and_deploy_it(example: Example):
    readme = (example.folder / "README.md").read_text()

    for variant in example.variants:
        assert f"`{variant}.py`" in readme
    for name in (*example.downstreams, *example.settings):
        assert f"--env {name}=" in readme
    assert "meantime emulator invoke" in readme
    assert "sam build && sam deploy --guided" in readme
    assert example.name in (example.folder.parent / "README.md").read_text()


@pytest.mark.parametrize("name", ["several_apis", "s3_reads", "dynamodb_queries", "thumbnails"])
def test_the_event_is_one_of_an_http_api(name):
    """Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html."""
    event = BY_NAME[name].event
    called = event["requestContext"]["http"]

    assert event["version"] == "2.0"
    assert event["routeKey"] == event["requestContext"]["routeKey"]
    assert event["rawPath"] == called["path"]
    assert event["routeKey"].format(**event.get("pathParameters", {})) == f"{called['method']} {event['rawPath']}"
    assert event["rawQueryString"] == "&".join(
        f"{name}={value}" for name, value in event.get("queryStringParameters", {}).items()
    )
    paths = [
        f"{one['Properties']['Method']} {one['Properties']['Path']}"
        for function in functions_of(template_in(BY_NAME[name].folder))
        for one in function["Events"].values()
    ]
    assert event["routeKey"] in paths


def test_the_event_is_a_batch_of_ten_different_sqs_messages():
    """Source: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html."""
    records = BY_NAME["sqs_batch"].event["Records"]

    assert len({record["messageId"] for record in records}) == 10
    for record in records:
        assert record["eventSource"] == "aws:sqs"
        assert record["md5OfBody"] == hashlib.md5(record["body"].encode(), usedforsecurity=False).hexdigest()
        assert set(json.loads(record["body"])) == {"id", "email", "total"}
        assert set(record) == {
            "messageId", "receiptHandle", "body", "attributes", "messageAttributes", "md5OfBody", "eventSource",
            "eventSourceARN", "awsRegion",
        }  # fmt: skip


def test_the_event_is_one_that_the_event_bus_rule_matches():
    """Source: https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html."""
    example = BY_NAME["fetch_transform_store"]
    event = example.event
    patterns = [
        function["Events"]["Exported"]["Properties"]["Pattern"]
        for function in functions_of(template_in(example.folder))
    ]

    assert {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"} == set(event)
    assert [pattern["detail"]["variant"] for pattern in patterns] == [[variant] for variant in example.variants]
    for pattern in patterns:
        assert event["source"] in pattern["source"]
        assert event["detail-type"] in pattern["detail-type"]
    assert event["detail"]["variant"] in example.variants
    assert len(event["detail"]["documents"]) == 8


def test_the_photos_are_small_files():
    photos = list((BY_NAME["thumbnails"].folder / "photos").glob("*.jpg"))

    assert len(photos) == 4
    for photo in photos:
        assert photo.stat().st_size < 80_000


def functions_of(template: dict[str, Any]) -> list[dict[str, Any]]:
    """The properties of every function, in the template's order."""
    return [
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    ]
