"""MT804: a queue whose visibility timeout is less than six times its function's timeout."""

from __future__ import annotations

import pytest

SAM = """\
Resources:
  Orders:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: {hidden}{mark}
  Work:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.lambda_handler
      Timeout: {timeout}
      Events:
        Incoming:
          Type: SQS
          Properties:
            Queue: !GetAtt Orders.Arn
            MaximumBatchingWindowInSeconds: {window}
"""


@pytest.mark.parametrize(
    ("hidden", "timeout", "window", "mark"),
    [
        (179, 30, 0, "  # finds MT804"),
        (30, 30, 0, "  # finds MT804"),
        (29, 30, 0, "  # finds MT804"),
        (180, 30, 20, "  # finds MT804 likely"),
        (199, 30, 20, "  # finds MT804 likely"),
        (180, 30, 0, ""),
        (200, 30, 20, ""),
        ("!Ref Patience", 30, 0, ""),
        (60, "!Ref Patience", 0, ""),
    ],
    ids=[
        "a second less", "as long as the function", "shorter than the function", "no time for the window",
        "a second less than with the window", "six times", "six times and the window", "not known",
        "the function's is not known",
    ],
)  # fmt: skip
def test_a_queue_of_sam(finds, hidden, timeout, window, mark):
    finds("MT804", {"template.yaml": SAM.format(hidden=hidden, timeout=timeout, window=window, mark=mark)})


def test_a_queue_that_says_nothing_is_found_where_it_is(finds):
    finds(
        "MT804",
        {
            "template.yaml": """\
Resources:
  Orders:  # finds MT804
    Type: AWS::SQS::Queue
  Work:
    Type: AWS::Lambda::Function
    Properties: {Handler: index.handler, Timeout: 6, Code: {S3Bucket: b, S3Key: k}}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {FunctionName: !Ref Work, EventSourceArn: !GetAtt Orders.Arn}
"""
        },
    )


def test_a_queue_of_the_serverless_framework(finds):
    finds(
        "MT804",
        {
            "serverless.yml": """\
service: orders
provider: {name: aws}
functions:
  work:
    handler: app.work
    events:
      - sqs: {arn: !GetAtt Orders.Arn}
resources:
  Resources:
    Orders:
      Type: AWS::SQS::Queue
      Properties:
        VisibilityTimeout: 35  # finds MT804
"""
        },
    )


def test_a_queue_of_the_cdk(finds):
    finds(
        "MT804",
        """\
from aws_cdk import Duration, aws_lambda, aws_sqs
from aws_cdk.aws_lambda_event_sources import SqsEventSource

queue = aws_sqs.Queue(stack, "Orders", visibility_timeout=Duration.minutes(1))  # finds MT804
work = aws_lambda.Function(stack, "Work", handler="app.handler", timeout=Duration.seconds(30))
work.add_event_source(SqsEventSource(queue))
""",
    )


def test_a_queue_of_two_functions_is_found_once_with_the_longer_timeout(findings_of):
    second = SAM.format(hidden=60, timeout=20, window=0, mark="").partition("  Work:")[2]

    (finding,) = findings_of(
        "MT804",
        {"template.yaml": SAM.format(hidden=60, timeout=30, window=0, mark="") + "  Other:" + second},
    )

    assert "at least 180" in finding.message


def test_a_mapping_that_lambda_refuses_is_said_to_be(findings_of):
    (finding,) = findings_of("MT804", {"template.yaml": SAM.format(hidden=20, timeout=30, window=0, mark="")})

    assert "refuses" in finding.message
    assert "at least 180" in finding.message


@pytest.mark.parametrize(
    "template",
    [
        SAM.format(hidden=60, timeout=30, window=0, mark="").replace("Type: SQS", "Type: SNS"),
        SAM.format(hidden=60, timeout=30, window=0, mark="").replace("!GetAtt Orders.Arn", "!ImportValue Orders"),
        SAM.format(hidden=60, timeout=30, window=0, mark="").replace("!GetAtt Orders.Arn", "!GetAtt Others.Arn"),
        SAM.format(hidden=60, timeout=10, window=0, mark=""),
    ],
    ids=["a topic", "a queue of another stack", "another queue", "a short function"],
)
def test_other_queues_are_let_be(finds, template):
    finds("MT804", {"template.yaml": template})


def test_the_cdk_is_told_in_its_own_words(findings_of):
    (finding,) = findings_of(
        "MT804",
        """
from aws_cdk import Duration, aws_lambda, aws_sqs
from aws_cdk.aws_lambda_event_sources import SqsEventSource

queue = aws_sqs.Queue(stack, "Orders", visibility_timeout=Duration.seconds(40))
aws_lambda.Function(stack, "Work", handler="app.h", timeout=Duration.seconds(20), events=[SqsEventSource(queue)])
""",
    )

    assert "Set `visibility_timeout=Duration.seconds(120)` or more." in finding.message


@pytest.mark.parametrize(
    ("hidden", "window", "said"),
    [
        (20, 0, "Lambda refuses such a mapping. Set `VisibilityTimeout` to at least 180."),
        (20, 15, "Lambda refuses such a mapping. Set `VisibilityTimeout` to at least 195."),
        (30, 0, "AWS asks for six times its timeout of 30 s, since"),
        (30, 15, "AWS asks for six times its timeout of 30 s and the batch window of 15 s, since"),
    ],
    ids=["refused", "refused, with a window", "as long as the timeout", "with a window"],
)
def test_it_says_how_long_it_is_to_be(findings_of, hidden, window, said):
    (finding,) = findings_of("MT804", {"template.yaml": SAM.format(hidden=hidden, timeout=30, window=window, mark="")})

    assert said in finding.message


@pytest.mark.parametrize("others", [20, 30])
def test_of_two_functions_the_longer_timeout_decides_whichever_comes_first(findings_of, others):
    second = SAM.format(hidden=60, timeout=30, window=0, mark="").partition("  Work:")[2]

    (finding,) = findings_of(
        "MT804",
        {"template.yaml": SAM.format(hidden=60, timeout=others, window=0, mark="") + "  Other:" + second},
    )

    assert "at least 180" in finding.message
    assert f"`{'Work' if others == 30 else 'Other'}`" in finding.message
