"""MT805: a loop over the messages of a FIFO queue that goes on after one has failed."""

from __future__ import annotations

import pytest

TEMPLATE = """\
Resources:
  Orders:
    Type: AWS::SQS::Queue
    Properties: {FifoQueue: true, VisibilityTimeout: 600}
  Work:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.lambda_handler
      Events:
        Incoming:
          Type: SQS
          Properties: {Queue: !GetAtt Orders.Arn, BatchSize: 10, FunctionResponseTypes: [ReportBatchItemFailures]}
"""
LOOP = """
def lambda_handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            save(record["body"])
        except Exception:  # finds MT805
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
"""
POWERTOOLS = """
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

processor = BatchProcessor(event_type=EventType.SQS)

def lambda_handler(event, context):
    return process_partial_response(event=event, record_handler=work, processor=processor)  # finds MT805
"""
DECORATED = """
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, batch_processor

processor = BatchProcessor(event_type=EventType.SQS)

@batch_processor(record_handler=work, processor=processor)  # finds MT805
def lambda_handler(event, context):
    return processor.response()
"""


@pytest.mark.parametrize(
    "source",
    [
        LOOP,
        LOOP.replace('save(record["body"])', 'print(record["body"].split()[1])'),
        LOOP.replace("except Exception:", "except (KeyError, ValueError) as error:"),
        """
def failed(records):
    for message in records:
        try:
            save(message["body"])
        except Exception:  # finds MT805
            yield {"itemIdentifier": message["messageId"]}

def lambda_handler(event, context):
    return {"batchItemFailures": list(failed(event["Records"]))}
""",
        LOOP.replace("        try:", "        if not record['body']:\n            continue\n        try:"),
        LOOP.replace("            save(", "            if record['body']:\n                save(").replace(
            '"])\n        except', '"])\n                return\n        except'
        )
        .replace("                return\n", ""),
        POWERTOOLS,
        POWERTOOLS.replace("event=event, record_handler=work, processor=processor", "event, work, processor"),
        DECORATED,
        DECORATED.replace("BatchProcessor", "AsyncBatchProcessor").replace("batch_processor", "async_batch_processor"),
    ],
    ids=[
        "and answers", "whatever fails", "some failures", "in a generator", "what is empty is passed over",
        "a condition of its own", "Powertools' plain processor", "by place", "as a decorator",
        "as an asynchronous decorator",
    ],
)  # fmt: skip
def test_what_comes_behind_it_in_its_group_is_done_before_it(finds, source):
    finds("MT805", {"template.yaml": TEMPLATE, "app.py": source})


def test_it_says_what_to_do(findings_of):
    (finding,) = findings_of("MT805", {"template.yaml": TEMPLATE, "app.py": LOOP})

    assert "goes on" in finding.message
    assert "`@meantime.batch.sqs`" in finding.message


def test_powertools_has_a_processor_for_it(findings_of):
    (finding,) = findings_of("MT805", {"template.yaml": TEMPLATE, "app.py": POWERTOOLS})

    assert "`SqsFifoPartialProcessor`" in finding.message


@pytest.mark.parametrize(
    "source",
    [
        LOOP.replace('"messageId"]})', '"messageId"]})\n            break'),
        LOOP.replace('"messageId"]})', '"messageId"]})\n            return {"batchItemFailures": failures}'),
        LOOP.replace('"messageId"]})', '"messageId"]})\n            raise'),
        LOOP.replace(
            "        try:",
            "        if failures:\n            failures.append(name_of(record))\n            continue\n        try:",
        ),
        LOOP.replace("            save(", f"            if failures:\n{' ' * 16}raise ValueError\n            save("),
        LOOP.replace("            save(", "            save('', '') if failures else save("),
        LOOP.replace("            save(", "            while failures: break\n            save("),
        LOOP.replace('record["messageId"]', 'record["attributes"]["MessageGroupId"]'),
        LOOP.replace('failures.append({"itemIdentifier": record["messageId"]})', 'print("failed")'),
        LOOP.replace("batchItemFailures", "failures"),
        LOOP.replace('event["Records"]', 'event["orders"]'),
        """
def lambda_handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            save(record["body"])
        except Exception:
            failures += rest_of(event, record)
        else:
            continue
        break
    return {"batchItemFailures": failures}
""",
        "import meantime\n\n@meantime.batch.sqs\ndef lambda_handler(message):\n    save(message)\n",
        POWERTOOLS.replace("BatchProcessor(event_type=EventType.SQS)", "SqsFifoPartialProcessor()").replace(
            "import BatchProcessor", "import SqsFifoPartialProcessor"
        ),
        DECORATED.replace("BatchProcessor(event_type=EventType.SQS)", "SqsFifoPartialProcessor()").replace(
            "import BatchProcessor", "import SqsFifoPartialProcessor"
        ),
    ],
    ids=[
        "it stops", "it answers at once", "it raises", "the rest has failed, too", "the rest fails",
        "the rest is passed", "a loop asks",
        "groups are looked at", "it is lost, which MT801 says", "it does not answer",
        "no records", "the loop stops below", "Meantime keeps the order", "Powertools' processor for it",
        "which may be a decorator",
    ],
)  # fmt: skip
def test_what_stops_is_let_be(finds, source):
    finds("MT805", {"template.yaml": TEMPLATE, "app.py": source.replace("  # finds MT805", "")})


@pytest.mark.parametrize(
    "template",
    [
        TEMPLATE.replace("FifoQueue: true, ", ""),
        TEMPLATE.replace("BatchSize: 10", "BatchSize: 1"),
        TEMPLATE.replace("!GetAtt Orders.Arn", "!ImportValue Orders"),
        "",
    ],
    ids=["a standard queue", "one message at a time", "not known", "no template"],
)
@pytest.mark.parametrize("source", [LOOP, POWERTOOLS, DECORATED], ids=["a loop", "Powertools", "a decorator"])
def test_other_queues_have_no_order(finds, template, source):
    finds("MT805", {"template.yaml": template, "app.py": source.replace("  # finds MT805", "")})


@pytest.mark.parametrize(
    "source",
    [
        POWERTOOLS.replace("event=event, record_handler=work, processor=processor", "event, work"),
        DECORATED.replace("@batch_processor", "@traced"),
        DECORATED.replace("@batch_processor(record_handler=work, processor=processor)", "@traced"),
        DECORATED.replace("batch_processor(record_handler=work, processor=processor)", "batch_processor(work)"),
    ],
    ids=["no processor in sight", "another decorator", "a plain decorator", "a decorator without a processor"],
)
def test_a_processor_that_is_not_in_sight_is_let_be(finds, source):
    finds("MT805", {"template.yaml": TEMPLATE, "app.py": source.replace("  # finds MT805", "")})


def test_a_handler_that_is_not_in_sight_is_passed_over(finds):
    finds("MT805", {"template.yaml": TEMPLATE, "app.py": "from mangum import Mangum\n\nlambda_handler = Mangum(app)\n"})
