"""S3, DynamoDB and SQS answer unmodified boto3; nothing of the server is left, however its parent ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from meantime.tools.downstream import AWSServer, AWSServerError, DelayProxy

if TYPE_CHECKING:
    from collections.abc import Callable


def wait_until(condition: Callable[[], bool], timeout: float = 20.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.02)


def server_processes(folder: str) -> list[int]:
    """The processes whose command line names a server's temporary folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes()
        except OSError:
            continue
        if folder.encode() in command and b"aws_launcher" in command:
            found.append(int(entry.parent.name))
    return found


def test_s3_keeps_and_gives_back(aws: AWSServer, client: Callable[..., Any]) -> None:
    s3 = client("s3", aws.url)
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="key", Body=b"body")

    assert s3.get_object(Bucket="kept", Key="key")["Body"].read() == b"body"
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket="kept", Key="other")


def test_dynamodb_keeps_and_queries(aws: AWSServer, client: Callable[..., Any]) -> None:
    dynamodb = client("dynamodb", aws.url)
    dynamodb.create_table(
        TableName="orders",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "at", "AttributeType": "N"},
        ],
    )
    for at in range(3):
        dynamodb.put_item(TableName="orders", Item={"id": {"S": "a"}, "at": {"N": str(at)}})

    found = dynamodb.query(
        TableName="orders",
        KeyConditionExpression="id = :id AND #at > :at",
        ExpressionAttributeNames={"#at": "at"},
        ExpressionAttributeValues={":id": {"S": "a"}, ":at": {"N": "0"}},
    )
    assert [item["at"]["N"] for item in found["Items"]] == ["1", "2"]


def test_sqs_sends_and_receives_through_the_proxy(aws: AWSServer, client: Callable[..., Any]) -> None:
    """The queue's address names whoever was asked for it, so all its calls go through the proxy."""
    with DelayProxy(aws.url) as proxy:
        sqs = client("sqs", proxy.url)
        queue = sqs.create_queue(QueueName="letters")["QueueUrl"]
        sqs.send_message(QueueUrl=queue, MessageBody="hello")
        (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

        assert message["Body"] == "hello"
        assert queue.startswith(proxy.url)
        assert [request.operation for request in proxy.requests] == [
            "CreateQueue",
            "SendMessage",
            "ReceiveMessage",
            "DeleteMessage",
        ]


def test_reset_empties_it(aws: AWSServer, client: Callable[..., Any]) -> None:
    client("s3", aws.url).create_bucket(Bucket="forgotten")

    aws.reset()

    assert client("s3", aws.url).list_buckets()["Buckets"] == []


def test_the_environment_is_all_that_an_sdk_needs(aws: AWSServer, tmp_path: Path) -> None:
    program = "import boto3; print(boto3.client('sqs').create_queue(QueueName='q')['QueueUrl'])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=aws.environment | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert done.stdout.startswith(aws.url)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_it_listens_on_loopback_only_and_on_one_port(aws: AWSServer) -> None:
    assert aws._folder is not None
    (process,) = server_processes(str(aws._folder))
    sockets = set()
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        target = str(descriptor.readlink())
        if target.startswith("socket:["):
            sockets.add(target.removeprefix("socket:[").removesuffix("]"))
    listening = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            open_to_anyone = fields[3] == "0A" or table.startswith("udp")
            if open_to_anyone and fields[9] in sockets:
                listening.add((table, fields[1]))

    port = urlsplit(aws.url).port
    assert listening == {("tcp", f"0100007F:{port:04X}")}  # 127.0.0.1, least byte first


def test_nothing_is_left_when_it_is_closed(client: Callable[..., Any]) -> None:
    with AWSServer() as server:
        folder = server._folder
        assert folder is not None
        assert server_processes(str(folder))
        client("s3", server.url).create_bucket(Bucket="bucket")
    server.close()

    assert not folder.exists()
    assert server_processes(str(folder)) == []
    with pytest.raises(RuntimeError, match="make a new one"):
        server.start()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_when_the_parent_is_killed(end: signal.Signals) -> None:
    program = (
        "import sys, time\n"
        "from meantime.tools.downstream import AWSServer\n"
        "server = AWSServer().start()\n"
        "print(server._folder, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        folder = parent.stdout.readline().strip()
        assert len(server_processes(folder)) == 1

        parent.send_signal(end)
        parent.wait(20)

    wait_until(lambda: server_processes(folder) == [])
    assert not Path(folder).exists()


def test_it_outlives_the_thread_that_started_it(client: Callable[..., Any]) -> None:
    with ThreadPoolExecutor(1) as pool:
        server = pool.submit(AWSServer().start).result()
    try:
        assert client("s3", server.url).list_buckets()["Buckets"] == []
    finally:
        server.close()


def test_a_missing_interpreter_is_said_with_the_commands_that_make_it(tmp_path: Path) -> None:
    python = tmp_path / "server" / "bin" / "python"

    with pytest.raises(AWSServerError) as error:
        AWSServer(python=python).start()

    lines = str(error.value).splitlines()
    assert f"{python} does not exist" in lines[0]
    assert lines[1] == f"  {sys.executable} -m venv {tmp_path / 'server'}"
    assert lines[2] == f"  {python} -m pip install ministack==1.5.33"
    assert "MEANTIME_AWS_SERVER_PYTHON" in lines[3]


@pytest.mark.parametrize("python", ["/nope", "/bin/nope", "/usr/bin/nope", "nope"])
def test_no_environment_is_advised_where_other_things_are(python: str) -> None:
    with pytest.raises(AWSServerError) as error:
        AWSServer(python=python).start()

    lines = str(error.value).splitlines()
    assert f"{python} does not exist" in lines[0]
    assert lines[1] == f"  {sys.executable} -m venv {Path(sys.prefix) / 'aws-server'}"


def test_the_interpreter_may_be_named_by_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEANTIME_AWS_SERVER_PYTHON", "/nowhere/python")

    with pytest.raises(AWSServerError, match="/nowhere/python does not exist"):
        AWSServer().start()


def test_an_interpreter_without_ministack_is_said_with_the_same_commands() -> None:
    with pytest.raises(AWSServerError, match="has no ministack") as error:
        AWSServer(python=sys.executable).start()

    lines = str(error.value).splitlines()
    assert lines[1] == f"  {sys.executable} -m venv {Path(sys.prefix) / 'aws-server'}"
    assert lines[2].endswith("aws-server/bin/python -m pip install ministack==1.5.33")
    assert "ModuleNotFoundError" in error.value.log


def test_a_server_that_ends_by_itself_is_said_with_its_log(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no disk left\nexit 3\n")
    python.chmod(0o755)

    with pytest.raises(AWSServerError, match="ended with status 3") as error:
        AWSServer(python=python).start()

    assert "no disk left" in str(error.value)
    assert error.value.log == "no disk left\n"


def test_a_server_that_does_not_answer_in_time_is_ended(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho warming up\nexec sleep 600\n")
    python.chmod(0o755)
    server = AWSServer(python=python, start_timeout=0.3)

    with pytest.raises(AWSServerError, match=r"did not answer for dynamodb within 0\.3 s") as error:
        server.start()

    assert error.value.log == "warming up\n"


def test_a_port_that_is_taken_is_said(aws: AWSServer) -> None:
    port = urlsplit(aws.url).port
    assert port is not None

    with pytest.raises(OSError, match="cannot be had"):
        AWSServer(port=port).start()


def test_there_is_no_address_and_no_log_before_the_start() -> None:
    server = AWSServer()

    assert server.log == ""
    with pytest.raises(RuntimeError, match="no address before it is started"):
        _ = server.url
