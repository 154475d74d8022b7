"""Functions as a serverless.yml describes them."""

from __future__ import annotations

import pytest

from meantime.tools.check.handlers.configurations import find_configurations

SERVICE = """\
service: orders
custom:
  patience: 25
provider:
  name: aws
  runtime: python3.12
  timeout: 10
functions:
  work:
    handler: src/app.work
    timeout: ${self:custom.patience}
    memorySize: 512
    reservedConcurrency: 3
    events:
      - sqs:
          arn: !GetAtt Jobs.Arn
          batchSize: 7
          maximumBatchingWindow: 15
          maximumConcurrency: 2
          functionResponseType: ReportBatchItemFailures
      - http: GET /orders
  other:
    handler: src/app.other
resources:
  Resources:
    Jobs:
      Type: AWS::SQS::Queue
      Properties: {VisibilityTimeout: 100}
"""


def test_functions_with_the_providers_defaults(configurations_of):
    work, other = configurations_of(SERVICE, "serverless.yml")

    assert (work.name, work.handler, work.code, work.runtime) == ("work", "src/app.work", ".", "python3.12")
    assert (work.timeout, work.memory_mb, work.reserved_concurrency) == (25.0, 512, 3)
    assert (other.timeout, other.memory_mb, str(other.timeout_place)) == (10.0, 1024, "serverless.yml:7:3")


def test_events_with_the_queue_of_the_service(configurations_of):
    work, _ = configurations_of(SERVICE, "serverless.yml")
    queue, http = work.sources

    assert (queue.kind, queue.batch_size, queue.batch_window, queue.maximum_concurrency) == ("sqs", 7, 15.0, 2)
    assert queue.reports_batch_item_failures is True
    assert (queue.visibility_timeout, str(queue.visibility_place)) == (100.0, "serverless.yml:28:20")
    assert http.kind == "http"


def test_without_a_timeout_it_is_six_seconds(configurations_of):
    _, other = configurations_of(SERVICE.replace("  timeout: 10\n", ""), "serverless.yml")

    assert other.timeout == 6.0


@pytest.mark.parametrize(
    ("written", "timeout"),
    [("${self:custom.patience, 9}", 25.0), ("${self:custom.missing, '9'}", 9.0), ("${opt:timeout}", None)],
)
def test_variables_of_its_own_are_known_and_others_are_not(configurations_of, written, timeout):
    work, _ = configurations_of(SERVICE.replace("${self:custom.patience}", written), "serverless.yml")

    assert work.timeout == timeout


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("- sqs: arn:aws:sqs:eu-west-1:1:jobs", "sqs"),
        ("- stream: arn:aws:dynamodb:eu-west-1:1:table/t/stream/x", "dynamodb"),
        ("- stream: arn:aws:kinesis:eu-west-1:1:stream/s", "kinesis"),
        ("- stream: {type: dynamodb, arn: !GetAtt T.StreamArn}", "dynamodb"),
        ("- stream: {type: kinesis, arn: !GetAtt S.Arn}", "kinesis"),
        ("- msk: {arn: x, topic: t}", "kafka"),
        ("- httpApi: '*'", "http"),
        ("- s3: bucket", "s3"),
        ("- sns: topic", "sns"),
        ("- schedule: rate(1 minute)", "schedule"),
        ("- eventBridge: {schedule: rate(1 minute)}", "events"),
        ("- iot: {sql: x}", "other"),
        ("- httpApi", "http"),
    ],
)
def test_the_kinds_of_events(configurations_of, event, kind):
    (function,) = configurations_of(
        f"service: s\nprovider: aws\nfunctions:\n  f:\n    handler: a.b\n    events:\n      {event}\n", "serverless.yml"
    )

    assert [source.kind for source in function.sources] == [kind]


@pytest.mark.parametrize(
    ("written", "reports"),
    [
        ("functionResponseType: ReportBatchItemFailures", True),
        ("enabled: true", False),
        ("functionResponseType: ${opt:answer}", None),
    ],
)
def test_whether_it_reports_batch_item_failures(configurations_of, written, reports):
    text = SERVICE.replace("functionResponseType: ReportBatchItemFailures", written)

    assert configurations_of(text, "serverless.yml")[0].sources[0].reports_batch_item_failures is reports


def test_functions_may_be_a_list_of_mappings(configurations_of):
    found = configurations_of(
        "service: s\nprovider: {name: aws}\nfunctions:\n  - a: {handler: x.a}\n  - ${file(more.yml)}\n"
        "  - b: {handler: x.b}\n",
        "serverless.yml",
    )

    assert [each.handler for each in found] == ["x.a", "x.b"]


def test_the_module_of_a_function_is_its_folder(configurations_of):
    (function,) = configurations_of(
        "provider: {name: aws}\nfunctions:\n  a: {handler: x.a, module: inner}\n", "services/serverless.yml"
    )

    assert function.code == "services/inner"


@pytest.mark.parametrize("provider", ["google", "{name: google}", "{runtime: python3.12}"])
def test_a_service_elsewhere_is_not_lambda(configurations_of, provider):
    assert configurations_of(f"provider: {provider}\nfunctions:\n  a: {{handler: x.a}}\n", "serverless.yml") == ()


INCLUDING = """\
service: orders
provider: {name: aws, runtime: python3.13, timeout: 20}
functions: %s
"""
WORK = "work: {handler: app.work}\n"


@pytest.mark.parametrize(
    ("functions", "files"),
    [
        ("${file(functions.yml)}", {"functions.yml": WORK}),
        ("${file(./parts/functions.yaml)}", {"parts/functions.yaml": WORK}),
        ("${file(parts.yml):functions}", {"parts.yml": f"functions:\n  {WORK}"}),
        ("${file(parts.yml):some.functions, ''}", {"parts.yml": f"some:\n  functions:\n    {WORK}"}),
        ("\n  - ${file(other.yml)}\n  - ${file(functions.yml)}", {"functions.yml": WORK}),
        ("\n  work: ${file(work.yml)}", {"work.yml": "handler: app.work"}),
        ("${file(functions.json)}", {"functions.json": '{"work": {"handler": "app.work"}}'}),
    ],
    ids=["a file", "in a folder", "a part", "a part of a part", "a list", "one function", "JSON"],
)
def test_functions_in_other_files_are_read(tmp_path, functions, files):
    for name, text in {"serverless.yml": INCLUDING % functions, **files}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    (found,) = find_configurations(tmp_path, [tmp_path / "serverless.yml", *(tmp_path / name for name in files)])

    assert (found.name, found.handler, found.timeout, found.code) == ("work", "app.work", 20.0, ".")
    assert found.place.path == next(iter(files))


@pytest.mark.parametrize(
    ("functions", "text"),
    [
        ("${file(../outside.yml)}", WORK),
        ("${file(functions.yml)}", "{"),
        ("${file(functions.js)}", WORK),
        ("${file(functions.yml):missing}", WORK),
        ("${file(serverless.yml):functions}", WORK),
        ("${env:FUNCTIONS}", WORK),
    ],
    ids=["outside", "broken", "a program", "a part that is not there", "itself", "no file"],
)
def test_what_cannot_be_followed_describes_nothing(tmp_path, functions, text):
    inside = tmp_path / "inside"
    inside.mkdir()
    for file in (tmp_path / "outside.yml", inside / "functions.yml", inside / "functions.js"):
        file.write_text(text)
    (inside / "serverless.yml").write_text(INCLUDING % functions)

    assert find_configurations(inside, sorted(inside.iterdir())) == ()


def test_its_code_lies_beside_the_service(tmp_path):
    for name, text in {
        "jobs/serverless.yml": INCLUDING % "${file(parts/functions.yml)}", "jobs/parts/functions.yml": WORK,
    }.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text)

    (found,) = find_configurations(tmp_path, sorted(tmp_path.rglob("*.yml")))

    assert found.code == "jobs"


def test_a_file_that_is_not_to_be_looked_at_is_not(tmp_path):
    for name, text in {"serverless.yml": INCLUDING % "${file(functions.yml)}", "functions.yml": WORK}.items():
        (tmp_path / name).write_text(text)

    assert find_configurations(tmp_path, [tmp_path / "serverless.yml"]) == ()
