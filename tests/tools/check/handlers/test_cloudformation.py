"""Functions and event source mappings as CloudFormation describes them."""

from __future__ import annotations

import json

import pytest

FUNCTION = """\
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties: {VisibilityTimeout: 60}
  F:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: worker
      Handler: index.handler
      Timeout: 60
      Code: {S3Bucket: b, S3Key: k}
  Live:
    Type: AWS::Lambda::Alias
    Properties: {FunctionName: !Ref F, Name: live}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref F
      EventSourceArn: !GetAtt Jobs.Arn
      BatchSize: 100
"""


def test_a_mapping_that_stands_alone_belongs_to_its_function(configurations_of):
    (function,) = configurations_of(FUNCTION)
    (source,) = function.sources

    assert (source.kind, source.name, str(source.place)) == ("sqs", "Mapping", "template.yaml:15:3")
    assert (source.batch_size, source.reports_batch_item_failures) == (100, False)
    assert source.visibility_timeout == 60.0


@pytest.mark.parametrize(
    "written",
    [
        "!GetAtt F.Arn",
        "worker",
        "arn:aws:lambda:eu-west-1:123456789012:function:worker",
        '!Sub "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:worker"',
        "!Ref Live",
    ],
)
def test_a_mapping_finds_its_function_by_reference_name_arn_or_alias(configurations_of, written):
    text = FUNCTION.replace("      FunctionName: !Ref F\n", f"      FunctionName: {written}\n")

    (function,) = configurations_of(text)

    assert len(function.sources) == 1


def test_a_mapping_of_another_function_is_not_its_own(configurations_of):
    (function,) = configurations_of(FUNCTION.replace("      FunctionName: !Ref F\n", "      FunctionName: !Ref G\n"))

    assert function.sources == ()


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("AWS::Kinesis::Stream", "kinesis"),
        ("AWS::DynamoDB::Table", "dynamodb"),
        ("AWS::MSK::Cluster", "kafka"),
        ("AWS::AmazonMQ::Broker", "other"),
    ],
)
def test_a_mapping_reads_from_what_its_source_is(configurations_of, written, kind):
    (function,) = configurations_of(FUNCTION.replace("AWS::SQS::Queue", written))

    assert function.sources[0].kind == kind
    assert function.sources[0].visibility_timeout is None


def test_the_globals_of_sam_are_not_for_plain_functions(configurations_of):
    text = FUNCTION.replace("      Timeout: 60\n", "") + "Globals: {Function: {Timeout: 99}}\n"

    (function,) = configurations_of(text)

    assert function.timeout == 3.0


def test_a_template_in_json_with_tabs(configurations_of):
    template = {
        "Resources": {
            "F": {
                "Type": "AWS::Lambda::Function",
                "Properties": {"Handler": "app.handler", "Timeout": 30, "MemorySize": {"Ref": "Memory"}},
            }
        },
        "Parameters": {"Memory": {"Default": 256}},
    }

    (function,) = configurations_of(json.dumps(template, indent="\t"), "stack.json")

    assert (function.handler, function.timeout, function.memory_mb) == ("app.handler", 30.0, 256)
    assert str(function.timeout_place) == "stack.json:7:5"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("AWS::Lambda::Function: [", "template.yaml"),
        ("# AWS::Lambda::Function\n", "template.yaml"),
        ("AWS::Lambda::Function", "template.yaml"),
        ("Resources: AWS::Lambda::Function", "template.yaml"),
        ("Resources:\n  F: AWS::Lambda::Function", "template.yaml"),
        ("Resources:\n  F: {Type: AWS::Lambda::Function}", "template.yaml"),
        ("Resources:\n  F: {Type: [AWS::Lambda::Function], Properties: {}}", "template.yaml"),
        ("a: 1\n---\nAWS::Lambda::Function: 2\n", "several.yaml"),
        ("Resources: &r\n  <<: *r\n  F: AWS::Lambda::Function\n", "circle.yaml"),
        ('{"AWS::Lambda::Function": ', "broken.json"),
        (FUNCTION, "notes.txt"),
        ("Resources: {}\n", "none.yaml"),
    ],
    ids=lambda value: None if len(value) < 20 else "text",
)
def test_what_is_no_template_describes_no_function(configurations_of, text, name):
    assert configurations_of(text, name) == ()


def test_a_file_that_is_no_text_describes_none(tmp_path, configurations_of):
    (tmp_path / "binary.yaml").write_bytes(b"AWS::Lambda::Function \xff\xfe")

    assert configurations_of("", "other.yaml") == ()
