"""MT801: what a record raises in a thread of its own, or in a future that nobody asks, does not reach the handler."""

from __future__ import annotations

import pytest

TEMPLATE = """\
Resources:
  Work:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.lambda_handler
      Events:
        Incoming: {Type: SQS, Properties: {Queue: !ImportValue Orders}}
"""
WORK = """
import requests

def work(record):
    requests.post("https://api.example.com", json=record["body"], timeout=5).raise_for_status()
"""
DELETED = "deleted"


@pytest.mark.parametrize(
    "source",
    [
        """
import threading

def lambda_handler(event, context):
    threads = []
    for record in event["Records"]:  # finds MT801
        thread = threading.Thread(target=work, args=(record,))
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join()
""",
        """
from threading import Thread as T

def lambda_handler(event, context):
    threads = [T(target=work, args=[record]) for record in event["Records"]]  # finds MT801
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
""",
        """
import threading

def lambda_handler(event, context):
    for record in event["Records"]:  # finds MT801
        thread = threading.Thread(target=work, kwargs={"record": record})
        thread.start()
        thread.join()
""",
        """
import threading

def lambda_handler(event, context):
    for record in event["Records"]:  # finds MT801
        thread = threading.Thread(None, work, None, (record,))
        thread.start()
        thread.join()
""",
        """
import threading

def lambda_handler(event, context):
    for record in event["Records"]:  # finds MT801
        thread = threading.Thread(target=lambda: work(record["body"]))
        thread.start()
        thread.join()
""",
        """
from multiprocessing import Process

def lambda_handler(event, context):
    for record in event["Records"]:  # finds MT801
        process = Process(target=work, args=(record,))
        process.start()
        process.join()
""",
        """
from concurrent.futures import ThreadPoolExecutor

def lambda_handler(event, context):
    with ThreadPoolExecutor(5) as executor:
        for record in event["Records"]:  # finds MT801
            executor.submit(work, record)
""",
        """
from multiprocessing.pool import ThreadPool

def lambda_handler(event, context):
    with ThreadPool(5) as pool:
        for record in event["Records"]:  # finds MT801
            pool.apply_async(work, (record,))
        pool.close()
        pool.join()
""",
        """
from multiprocessing.pool import ThreadPool

def lambda_handler(event, context):
    with ThreadPool(5) as pool:
        for record in event["Records"]:  # finds MT801
            pool.apply_async(work, args=[record])
        pool.close()
        pool.join()
""",
    ],
    ids=[
        "a thread each", "threads of a list, another name", "by name", "by place", "a lambda", "a process each",
        "submitted, and never asked", "applied", "applied by name",
    ],
)  # fmt: skip
def test_its_message_is_deleted(findings_of, finds, source):
    finds("MT801", WORK + source)

    (finding,) = findings_of("MT801", WORK + source)

    assert DELETED in finding.message
    assert "comes again" not in finding.message


def test_so_it_is_where_order_counts(finds):
    finds(
        "MT801",
        {
            "template.yaml": TEMPLATE.replace("!ImportValue Orders", "'arn:aws:sqs:eu-west-1:123456789012:o.fifo'"),
            "app.py": WORK
            + """
import threading

def lambda_handler(event, context):
    for record in event["Records"]:  # finds MT801
        thread = threading.Thread(target=work, args=(record,))
        thread.start()
        thread.join()
""",
        },
    )


@pytest.mark.parametrize("key", ["kinesis", "dynamodb"])
def test_a_record_of_a_stream_is_passed_over(findings_of, key):
    (finding,) = findings_of(
        "MT801",
        f"""
import threading

def work(record):
    save(record["{key}"])

def lambda_handler(event, context):
    for record in event["Records"]:
        thread = threading.Thread(target=work, args=(record,))
        thread.start()
        thread.join()
""",
    )

    assert "passed over" in finding.message
    assert f"@meantime.batch.{key}" in finding.message


@pytest.mark.parametrize(
    "source",
    [
        """
import threading
from elsewhere import save

def lambda_handler(event, context):
    threads = [threading.Thread(target=save, args=(record,)) for record in event["Records"]]
    run_all(threads)
""",
        """
import threading

failed = []

def careful(record):
    try:
        work(record)
    except Exception:
        failed.append(record)

def lambda_handler(event, context):
    for record in event["Records"]:
        thread = threading.Thread(target=careful, args=(record,))
        thread.start()
        thread.join()
    if failed:
        raise RuntimeError(failed)
""",
        """
import threading
from elsewhere import save

def lambda_handler(event, context):
    for record in event["Records"]:
        thread = threading.Thread(target=save, args=(record,))
        thread.start()
        thread.join()
""",
        """
import threading

threading.excepthook = tell

def lambda_handler(event, context):
    for record in event["Records"]:
        thread = threading.Thread(target=work, args=(record,))
        thread.start()
        thread.join()
""",
        """
import threading

class Worker(threading.Thread):
    def __init__(self, record):
        super().__init__()
        self.record = record

    def run(self):
        work(self.record)

def lambda_handler(event, context):
    for record in event["Records"]:
        worker = Worker(record)
        worker.start()
        worker.join()
""",
        """
import threading

def lambda_handler(event, context):
    for record in event["Records"]:
        thread = threading.Thread(target=print, args=(record["body"],))
        thread.start()
        thread.join()
""",
        """
from concurrent.futures import ThreadPoolExecutor

def careful(record):
    try:
        work(record)
    except Exception:
        park(record)

def lambda_handler(event, context):
    with ThreadPoolExecutor(5) as executor:
        for record in event["Records"]:
            executor.submit(careful, record)
""",
        """
from concurrent.futures import ThreadPoolExecutor

def lambda_handler(event, context):
    with ThreadPoolExecutor(5) as executor:
        for record in event["Records"]:
            executor.submit(work, record).add_done_callback(look_at)
""",
        """
from concurrent.futures import ThreadPoolExecutor

def lambda_handler(event, context):
    with ThreadPoolExecutor(5) as executor:
        for record in event["Records"]:
            remember(executor.submit(work, record))
""",
        """
from elsewhere import jobs

def lambda_handler(event, context):
    for record in event["Records"]:
        jobs.submit(record["body"])
""",
    ],
    ids=[
        "threads of a list that are not in sight",
        "failures are kept", "what is not in sight may keep them", "a hook", "a class of threads", "what cannot fail",
        "submitted and tried", "a callback asks", "kept by what is not in sight", "what is submitted is no work",
    ],
)  # fmt: skip
def test_what_may_be_told_otherwise_is_let_be(finds, source):
    finds("MT801", {"template.yaml": TEMPLATE, "app.py": WORK + source})


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ("threading.Thread(target=work, args=(record,))", "ends in a thread of its own"),
        ("multiprocessing.Process(target=work, args=(record,))", "ends in a process of its own"),
        ("executor.submit(work, record)", "ends in a future that nobody asks"),
    ],
)
def test_it_says_where_the_failure_goes(findings_of, made, words):
    (finding,) = findings_of(
        "MT801",
        f"""{WORK}
import multiprocessing
import threading

def lambda_handler(event, context):
    for record in event["Records"]:
        {made}
""",
    )

    assert words in finding.message


@pytest.mark.parametrize("call", ["machine.start(record)", "machine.stop()"])
def test_what_starts_no_thread_is_not_taken_for_one(finds, call):
    finds(
        "MT801",
        f"""
def lambda_handler(event, context):
    for record in event["Records"]:  # finds MT801
        {call}
        save(record["body"])
""",
    )


def test_what_is_around_the_handler_may_know(finds):
    finds(
        "MT801",
        WORK
        + """
import threading
from middleware import watching

@watching
def lambda_handler(event, context):
    for record in event["Records"]:  # finds MT801 likely
        threading.Thread(target=work, args=(record,)).start()
""",
    )
