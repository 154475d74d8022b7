"""Functions as SAM describes them."""

from __future__ import annotations

import pytest


def test_a_function_has_its_handler_its_folder_and_its_limits(configurations_of):
    (function,) = configurations_of(
        """\
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      CodeUri: src/
      Handler: orders.app.lambda_handler
      Timeout: 20
      MemorySize: "512"
      ReservedConcurrentExecutions: 5
""",
        "service/template.yaml",
    )

    assert (function.name, function.handler, function.code) == ("Orders", "orders.app.lambda_handler", "service/src")
    assert (function.timeout, function.memory_mb, function.reserved_concurrency) == (20.0, 512, 5)
    assert function.runtime == "python3.13"
    assert str(function.place) == "service/template.yaml:2:3"
    assert str(function.timeout_place) == "service/template.yaml:8:7"


def test_what_a_function_leaves_open_is_as_sam_has_it(configurations_of):
    (function,) = configurations_of(
        "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Handler: app.handler\n"
    )

    assert (function.timeout, function.memory_mb, function.code) == (3.0, 128, ".")
    assert function.timeout_place is None
    assert function.reserved_concurrency is None
    assert function.sources == ()


def test_the_globals_stand_behind_the_functions_own_properties(configurations_of):
    first, second = configurations_of(
        """\
Globals:
  Function:
    Timeout: 9
    CodeUri: functions
Resources:
  One: {Type: "AWS::Serverless::Function", Properties: {Handler: one.handler}}
  Two: {Type: "AWS::Serverless::Function", Properties: {Handler: two.handler, Timeout: 4, CodeUri: other}}
"""
    )

    assert (first.timeout, first.code, str(first.timeout_place)) == (9.0, "functions", "template.yaml:3:5")
    assert (second.timeout, second.code) == (4.0, "other")


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("!Ref Patience", 45.0),
        ("{Ref: Patience}", 45.0),
        ('!Sub "${Patience}"', 45.0),
        ("!FindInMap [Limits, all, seconds]", 7.0),
        ("!FindInMap [Limits, !Ref Kind, seconds]", 7.0),
        ("!If [IsProduction, 8, 8]", 8.0),
    ],
)
def test_a_timeout_that_the_template_itself_tells_is_known(configurations_of, written, seconds):
    (function,) = configurations_of(_parametrized(written))

    assert function.timeout == seconds


@pytest.mark.parametrize(
    "written",
    [
        "!Ref Open",
        '!Sub "${Open}"',
        "!If [IsProduction, 8, 30]",
        "!ImportValue timeout",
        "!FindInMap [Limits, !Ref AWS::Region, seconds]",
        "!FindInMap [Limits, none, seconds]",
        "!Ref Nothing",
        "soon",
    ],
)
def test_a_timeout_that_only_the_deployment_knows_is_not_guessed(configurations_of, written):
    (function,) = configurations_of(_parametrized(written))

    assert function.timeout is None
    assert function.timeout_place is not None


def _parametrized(timeout: str) -> str:
    return f"""\
Parameters:
  Patience: {{Type: Number, Default: 45}}
  Kind: {{Type: String, Default: all}}
  Open: {{Type: Number}}
Mappings:
  Limits:
    all: {{seconds: 7}}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Timeout: {timeout}
"""


QUEUE = """\
Resources:
  Orders:
    Type: AWS::SQS::Queue
    Properties:
      FifoQueue: true
      VisibilityTimeout: 180
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 5}
  F:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Events:
        Incoming:
          Type: SQS
          Properties:
            Queue: !GetAtt Orders.Arn
            BatchSize: 8
            MaximumBatchingWindowInSeconds: 20
            FunctionResponseTypes: [ReportBatchItemFailures]
            ScalingConfig: {MaximumConcurrency: 4}
"""


def test_an_event_of_a_queue_knows_the_mapping_and_the_queue(configurations_of):
    (function,) = configurations_of(QUEUE)
    (source,) = function.sources

    assert (source.kind, source.name, str(source.place)) == ("sqs", "Incoming", "template.yaml:13:9")
    assert (source.batch_size, source.batch_window, source.maximum_concurrency) == (8, 20.0, 4)
    assert source.reports_batch_item_failures is True
    assert source.is_fifo is True
    assert (source.visibility_timeout, str(source.visibility_place)) == (180.0, "template.yaml:6:7")
    assert source.max_receive_count == 5


@pytest.mark.parametrize(
    "written", ["!GetAtt [Orders, Arn]", "{'Fn::GetAtt': [Orders, Arn]}", '!Sub "${Orders.Arn}"', "!Ref Orders"]
)
def test_a_queue_of_the_template_is_recognised_however_it_is_referred_to(configurations_of, written):
    (function,) = configurations_of(QUEUE.replace("!GetAtt Orders.Arn", written))

    assert function.sources[0].visibility_timeout == 180.0


def test_a_queue_that_says_nothing_hides_its_messages_for_thirty_seconds(configurations_of):
    (function,) = configurations_of(
        QUEUE.replace("      VisibilityTimeout: 180\n", "").replace("      FifoQueue: true\n", "")
    )
    (source,) = function.sources

    assert (source.visibility_timeout, str(source.visibility_place)) == (30.0, "template.yaml:2:3")
    assert source.is_fifo is False


def test_a_redrive_policy_may_be_a_text(configurations_of):
    (function,) = configurations_of(
        QUEUE.replace("{deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 5}", "'{\"maxReceiveCount\": 3}'")
    )

    assert function.sources[0].max_receive_count == 3


@pytest.mark.parametrize(
    ("written", "is_fifo"),
    [
        ("arn:aws:sqs:eu-west-1:123456789012:orders.fifo", True),
        ("arn:aws:sqs:eu-west-1:123456789012:orders", False),
        ('!Sub "arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:orders.fifo"', True),
        ('!Sub "arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:${Name}"', None),
        ("!ImportValue orders", None),
        ("!Ref QueueArn", None),
    ],
)
def test_a_queue_elsewhere_is_known_by_its_arn_alone(configurations_of, written, is_fifo):
    (function,) = configurations_of(QUEUE.replace("!GetAtt Orders.Arn", written))
    (source,) = function.sources

    assert source.kind == "sqs"
    assert source.is_fifo is is_fifo
    assert source.visibility_timeout is None
    assert source.visibility_place is None


@pytest.mark.parametrize(
    ("written", "reports"),
    [
        ("FunctionResponseTypes: [ReportBatchItemFailures]", True),
        ("FunctionResponseTypes: ReportBatchItemFailures", True),
        ("FunctionResponseTypes: []", False),
        ("Enabled: true", False),
        ("FunctionResponseTypes: !Ref Types", None),
        ("FunctionResponseTypes: [!Ref Type]", None),
    ],
)
def test_whether_it_reports_batch_item_failures(configurations_of, written, reports):
    (function,) = configurations_of(QUEUE.replace("FunctionResponseTypes: [ReportBatchItemFailures]", written))

    assert function.sources[0].reports_batch_item_failures is reports


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("Kinesis", "kinesis"), ("DynamoDB", "dynamodb"), ("MSK", "kafka"), ("Api", "http"), ("HttpApi", "http"),
        ("SNS", "sns"), ("S3", "s3"), ("Schedule", "schedule"), ("EventBridgeRule", "events"), ("IoTRule", "other"),
    ],
)  # fmt: skip
def test_the_kinds_of_events(configurations_of, written, kind):
    (function,) = configurations_of(QUEUE.replace("Type: SQS", f"Type: {written}"))

    assert [source.kind for source in function.sources] == [kind]


def test_a_topic_by_way_of_a_queue_is_a_queue(configurations_of):
    (function,) = configurations_of(
        """\
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Events:
        Topic: {Type: SNS, Properties: {Topic: !Ref T, SqsSubscription: {BatchSize: 5}}}
        Plain: {Type: SNS, Properties: {Topic: !Ref T, SqsSubscription: false}}
"""
    )

    assert [(source.kind, source.batch_size) for source in function.sources] == [("sqs", 5), ("sns", None)]


def test_a_function_url_is_a_source(configurations_of):
    (function,) = configurations_of(
        "Resources:\n  F:\n    Type: AWS::Serverless::Function\n"
        "    Properties: {Handler: app.handler, FunctionUrlConfig: {AuthType: NONE}}\n"
    )

    assert [source.kind for source in function.sources] == ["http"]


def test_anchors_and_merge_keys_are_followed(configurations_of):
    (function,) = configurations_of(
        """\
Common: &common
  Timeout: 12
  Handler: common.handler
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      <<: *common
      Handler: app.handler
"""
    )

    assert (function.handler, function.timeout) == ("app.handler", 12.0)


@pytest.mark.parametrize("code", ["s3://bucket/code.zip", "/opt/code", "build/app.zip", "!Ref Code"])
def test_code_that_lies_elsewhere_is_looked_for_beside_the_template(configurations_of, code):
    (function,) = configurations_of(
        "Resources:\n  F:\n    Type: AWS::Serverless::Function\n"
        f"    Properties:\n      Handler: app.handler\n      CodeUri: {code}\n",
        "service/template.yml",
    )

    assert function.code == "service"
