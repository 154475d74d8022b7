"""MT802: an answer about single records that Lambda does not look at, or does not understand."""

from __future__ import annotations

import pytest

TEMPLATE = """\
Resources:
  Work:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.lambda_handler
      Events:
        Incoming:{mark}
          Type: {kind}
          Properties:
            Queue: !ImportValue Orders
            {types}
"""
UNHEARD = TEMPLATE.format(kind="SQS", types="BatchSize: 10", mark="  # finds MT802")

ANSWERING = """
def lambda_handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            save(record["body"])
        except Exception:
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
"""


@pytest.mark.parametrize(
    "source",
    [
        ANSWERING,
        "import meantime\n\n@meantime.batch.sqs\ndef lambda_handler(message): ...\n",
        """
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

processor = BatchProcessor(event_type=EventType.SQS)

def lambda_handler(event, context):
    return process_partial_response(event=event, record_handler=print, processor=processor, context=context)
""",
        """
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, batch_processor

processor = BatchProcessor(event_type=EventType.SQS)

@batch_processor(record_handler=print, processor=processor)
def lambda_handler(event, context):
    return answer(processor)
""",
        """
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType

processor = BatchProcessor(event_type=EventType.SQS)

def lambda_handler(event, context):
    with processor(records=event["Records"], handler=print):
        processor.process()
    return processor.response()
""",
    ],
    ids=["by hand", "by Meantime", "by Powertools", "by its decorator", "by its processor"],
)
def test_a_mapping_that_does_not_look_at_the_answer(finds, source):
    finds("MT802", {"template.yaml": UNHEARD, "app.py": source})


@pytest.mark.parametrize("kind", ["Kinesis", "DynamoDB"])
def test_a_mapping_of_a_stream_likewise(finds, kind):
    template = UNHEARD.replace("SQS", kind).replace("Queue:", "Stream:")

    finds("MT802", {"template.yaml": template, "app.py": ANSWERING})


def test_a_mapping_of_the_serverless_framework(finds):
    finds(
        "MT802",
        {
            "serverless.yml": """\
provider: {name: aws}
functions:
  work:
    handler: app.lambda_handler
    events:
      - sqs:  # finds MT802
          arn: arn:aws:sqs:eu-west-1:123456789012:orders
""",
            "app.py": ANSWERING,
        },
    )


@pytest.mark.parametrize(
    ("types", "kind", "source"),
    [
        ("FunctionResponseTypes: [ReportBatchItemFailures]", "SQS", ANSWERING),
        ("FunctionResponseTypes: !Ref Types", "SQS", ANSWERING),
        ("BatchSize: 10", "SNS", ANSWERING),
        ("BatchSize: 10", "SQS", "def lambda_handler(event, context):\n    return save(event)\n"),
        ("BatchSize: 10", "SQS", ANSWERING.replace("lambda_handler", "another")),
        ("BatchSize: 10", "SQS", "def lambda_handler(event, context):\n    return save(event).response()\n"),
        ("BatchSize: 10", "SQS", "from mangum import Mangum\n\nlambda_handler = Mangum(app)\n"),
        (
            "BatchSize: 10",
            "SQS",
            """
from aws_lambda_powertools.utilities.batch import BatchProcessor

def lambda_handler(event, context):
    return save(event)
""",
        ),
    ],
    ids=[
        "it looks",
        "it may look",
        "a topic",
        "nothing is answered",
        "another function answers",
        "another response",
        "an application",
        "a processor that is not used",
    ],
)
def test_mappings_that_are_right_or_not_known_are_let_be(finds, types, kind, source):
    finds("MT802", {"template.yaml": TEMPLATE.format(kind=kind, types=types, mark=""), "app.py": source})


@pytest.mark.parametrize(
    "source",
    [
        """
def lambda_handler(event, context):
    return {"batch_item_failures": failed(event["Records"])}  # finds MT802
""",
        """
def lambda_handler(event, context):
    answer = {"BatchItemFailures": failed(event["Records"])}  # finds MT802
    return answer
""",
        """
def lambda_handler(event, context):
    return answer_of(failed(event["Records"]))

def answer_of(failures):
    return dict(**{"batchItemFailure": failures})  # finds MT802
""",
        """
def lambda_handler(event, context):
    failures = [{"itemidentifier": r["messageId"]} for r in failed(event)]  # finds MT802
    return {"batchItemFailures": failures}
""",
        """
def lambda_handler(event, context):
    failures = [{"item_identifier": r["messageId"]} for r in failed(event)]  # finds MT802
    return {"batchItemFailures": failures}
""",
        """
def lambda_handler(event, context):
    failures = [{"itemIdentifier": r["receiptHandle"]} for r in failed(event)]  # finds MT802
    return {"batchItemFailures": failures}
""",
        """
def lambda_handler(event, context):
    failures = []
    for record in failed(event):
        failures.append({"itemIdentifier": record.get("eventID", "")})  # finds MT802
    return {"batchItemFailures": failures}
""",
    ],
    ids=[
        "underscores", "a capital", "one letter less, in a helper", "an identifier in small letters",
        "an identifier with underscores", "a receipt handle", "the event's own identifier",
    ],
)  # fmt: skip
def test_an_answer_that_lambda_does_not_understand(finds, source):
    finds("MT802", source)


@pytest.mark.parametrize(
    "source",
    [
        """
def lambda_handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            save(record["body"])
        except OSError:
            failures.append(record["messageId"])  # finds MT802
    return {"batchItemFailures": failures}
""",
        """
async def lambda_handler(event, context):
    failures = [each.message_id for each in await failed(event)]  # finds MT802
    return {"batchItemFailures": failures}
""",
        """
def lambda_handler(event, context):
    return {"batchItemFailures": [each["kinesis"]["sequenceNumber"] for each in failed(event)]}  # finds MT802
""",
        """
def lambda_handler(event, context):
    return {"batchItemFailures": [event["Records"][0].get("messageId")]}  # finds MT802
""",
    ],
    ids=["appended", "an attribute, under a name", "of a stream, in place", "a list of one"],
)
def test_identifiers_that_stand_alone(finds, source):
    finds("MT802", source)


@pytest.mark.parametrize(
    "source",
    [
        """
def lambda_handler(event, context):
    failures = []
    for record in event["Records"]:
        if not work(record):
            failures.append(record["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failures]}
""",
        """
def lambda_handler(event, context):
    failures = []
    for record in event["Records"]:
        if not work(record):
            failures.append(record["messageId"])
    failures = [{"itemIdentifier": each} for each in failures]
    return {"batchItemFailures": failures}
""",
        """
def lambda_handler(event, context):
    failures, done = [], []
    for record in event["Records"]:
        done.append(record["messageId"])
        failures.extend(work(record))
        failures.append(work(record))
    return {"batchItemFailures": failures}
""",
        """
def failed(event):
    failures = []
    failures.append(event["messageId"])
    return failures

def lambda_handler(event, context):
    failures = [{"itemIdentifier": each} for each in failed(event)]
    return {"batchItemFailures": failures}
""",
        """
def lambda_handler(event, context):
    failures = []
    failures.append(event["Records"][0]["messageId"])
    return {"failed": failures, "batchItemFailures": []}
""",
    ],
    ids=["made right in the answer", "made right before", "put elsewhere", "of another function", "under another key"],
)
def test_identifiers_that_are_put_under_their_key(finds, source):
    finds("MT802", source)


@pytest.mark.parametrize(
    "source",
    [
        """
def lambda_handler(event, context):
    try:
        for record in event["Records"]:
            save(record["body"])
    except Exception as error:
        print(error)
        return {"statusCode": 500, "body": str(error)}  # finds MT802
    return {"statusCode": 200}
""",
        """
import json

def lambda_handler(event, context):
    for record in event["Records"]:
        try:
            save(json.loads(record["body"]))
        except ValueError:
            return {"body": "no JSON", "statusCode": 400}  # finds MT802
""",
    ],
    ids=["around the loop", "in the loop"],
)
def test_a_failure_told_by_a_status(finds, source):
    finds("MT802", source)


@pytest.mark.parametrize(
    "more", ["", "        Rule: {Type: IoTRule, Properties: {Sql: x}}\n"], ids=["alone", "with another source"]
)
def test_a_template_tells_that_it_is_a_batch(finds, more):
    finds(
        "MT802",
        {
            "template.yaml": TEMPLATE.format(kind="SQS", types="BatchSize: 10", mark="") + more,
            "app.py": """
def lambda_handler(event, context):
    try:
        save(event)
    except Exception:
        return {"statusCode": 503}  # finds MT802
""",
        },
    )


@pytest.mark.parametrize(
    "source",
    [
        """
def lambda_handler(event, context):
    try:
        return save(event["body"])
    except Exception:
        return {"statusCode": 500}
""",
        """
def lambda_handler(event, context):
    try:
        for record in event["Records"]:
            save(record["Sns"]["Message"])
    except Exception:
        return {"statusCode": 500}
""",
        """
def lambda_handler(event, context):
    for record in event["Records"]:
        try:
            save(record["body"])
        except KeyError:
            return {"statusCode": 200}
        except ValueError:
            return {"status": 500}
        except TypeError:
            return answer(500)
        except OSError:
            return {"statusCode": code(record)}
    return {"statusCode": 500}
""",
        """
def process(event, context):
    try:
        for record in event["Records"]:
            save(record["body"])
    except Exception:
        return {"statusCode": 500}
""",
        """
def lambda_handler(event, context):
    return {"statusCode": 200}

def api(event):
    try:
        for record in event["Records"]:
            save(record["body"])
    except Exception:
        return {"statusCode": 500}
""",
        """
def lambda_handler(event, context):
    for record in event.get("Records", []):
        save(record["body"])
    try:
        return answer(event["path"])
    except KeyError:
        return {"statusCode": 404}
""",
        """
def lambda_handler(event, context):
    work(event)
    try:
        return answer(event["path"])
    except KeyError:
        return {"statusCode": 404}

def work(event):
    for record in event.get("Records", []):
        save(record["body"])
""",
        """
def lambda_handler(event, context):
    work(event)

def work(event):
    try:
        for record in event["Records"]:
            save(record["body"])
    except KeyError:
        return {"statusCode": 404}
""",
        ANSWERING,
        ANSWERING.replace('record["messageId"]', 'record["kinesis"]["sequenceNumber"]'),
        ANSWERING.replace('"itemIdentifier"', '"itemIdentifier", "x"').replace(', "x": ', ": 1, 'x': "),
        "FAILURES = {'batch_item_failures': 1}\n",
        "def lambda_handler(event, context):\n    return {'items': 1, 'batches': 2}\n",
        "def lambda_handler(event, context):\n    return {'item_identifier': 1}\n",
        ANSWERING.replace('save(record["body"])', 'save({"key": record["eventID"], event["x"]: 1, **event})'),
    ],
    ids=[
        "an HTTP API", "a topic", "no failure is told", "not surely a handler", "another function of the file",
        "an HTTP API beside the queue",
        "an HTTP API beside a queue in a helper", "what a helper gives",
        "an answer by hand", "an answer for a stream", "more in it", "no handler in the file", "other keys",
        "an identifier of something else", "an identifier under another key",
    ],
)  # fmt: skip
def test_other_answers_are_let_be(finds, source):
    finds("MT802", source)


ANSWERS = 'def lambda_handler(event, context):\n    return {"batchItemFailures": work(event)}\n'


@pytest.mark.parametrize(
    ("files", "setting"),
    [
        (
            {
                "template.yaml": "Resources:\n  Work:\n    Type: AWS::Serverless::Function\n    Properties:\n"
                "      Handler: app.lambda_handler\n      Events:\n"
                "        Jobs: {Type: SQS, Properties: {Queue: !ImportValue Jobs}}\n"
            },
            "`FunctionResponseTypes: [ReportBatchItemFailures]`",
        ),
        (
            {
                "serverless.yml": "provider: {name: aws}\nfunctions:\n  work:\n    handler: app.lambda_handler\n"
                "    events:\n      - sqs: arn:aws:sqs:eu-west-1:123456789012:jobs\n"
            },
            "`functionResponseType: ReportBatchItemFailures`",
        ),
        (
            {
                "stack.py": "from aws_cdk import aws_lambda\n"
                "from aws_cdk.aws_lambda_event_sources import SqsEventSource\n"
                "aws_lambda.Function(stack, 'Work', handler='app.lambda_handler',\n"
                "                    code=aws_lambda.Code.from_asset('.'), events=[SqsEventSource(jobs)])\n"
            },
            "`report_batch_item_failures=True`",
        ),
    ],
    ids=["SAM", "the Serverless Framework", "the CDK"],
)
def test_the_setting_is_spelt_as_its_tool_spells_it(findings_of, files, setting):
    (finding,) = findings_of("MT802", {"app.py": ANSWERS, **files})

    assert f"Set {setting}." in finding.message


@pytest.mark.parametrize("answer", ['{"statusCode": "500"}', '{"statusCode": code}', "{**answer, code: 500}", "{}"])
def test_a_status_that_is_no_number_tells_of_nothing(finds, answer):
    finds(
        "MT802",
        f"""
def lambda_handler(event, context):
    for record in event["Records"]:
        try:
            save(record["body"])
        except KeyError:
            return {answer}
""",
    )
