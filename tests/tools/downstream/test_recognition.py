"""Each request of a real SDK is recognised for what it is; whoever calls no AWS service is plain HTTP."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
import requests
from botocore.exceptions import ClientError

from meantime.tools.downstream import DelayProxy
from meantime.tools.downstream.recognition import recognise

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.tools.downstream.conftest import RawUpstream

OBJECT = {"Bucket": "bucket", "Key": "a/b c"}
UPLOAD = OBJECT | {"UploadId": "7"}
PART = UPLOAD | {"PartNumber": 1}
COPY = {"CopySource": {"Bucket": "bucket", "Key": "other"}}
QUEUE = {"QueueUrl": "http://127.0.0.1/000000000000/queue"}


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("s3", "ListBuckets", {}),
        ("s3", "CreateBucket", {"Bucket": "bucket"}),
        ("s3", "HeadBucket", {"Bucket": "bucket"}),
        ("s3", "DeleteBucket", {"Bucket": "bucket"}),
        ("s3", "GetBucketLocation", {"Bucket": "bucket"}),
        ("s3", "ListObjects", {"Bucket": "bucket", "Prefix": ""}),
        ("s3", "ListObjectsV2", {"Bucket": "bucket", "Prefix": ""}),
        ("s3", "ListObjectVersions", {"Bucket": "bucket"}),
        ("s3", "ListMultipartUploads", {"Bucket": "bucket"}),
        ("s3", "DeleteObjects", {"Bucket": "bucket", "Delete": {"Objects": [{"Key": "a"}]}}),
        ("s3", "GetObject", OBJECT),
        ("s3", "HeadObject", OBJECT),
        ("s3", "PutObject", OBJECT | {"Body": b"x"}),
        ("s3", "DeleteObject", OBJECT),
        ("s3", "CopyObject", OBJECT | COPY),
        ("s3", "GetObjectTagging", OBJECT),
        ("s3", "CreateMultipartUpload", OBJECT),
        ("s3", "UploadPart", PART | {"Body": b"x"}),
        ("s3", "UploadPartCopy", PART | COPY),
        ("s3", "ListParts", UPLOAD),
        ("s3", "CompleteMultipartUpload", UPLOAD),
        ("s3", "AbortMultipartUpload", UPLOAD),
        ("dynamodb", "GetItem", {"TableName": "t", "Key": {"id": {"S": "1"}}}),
        ("dynamodb", "ListTables", {}),
        ("sqs", "SendMessage", QUEUE | {"MessageBody": "hello"}),
        ("sqs", "ReceiveMessage", QUEUE),
        ("kinesis", "ListStreams", {}),
        ("sns", "ListTopics", {}),
        ("sts", "GetCallerIdentity", {}),
    ],
)
def test_a_call_of_boto3_is_recognised(
    upstream: RawUpstream,
    client: Callable[..., Any],
    service: str,
    operation: str,
    arguments: dict[str, Any],
) -> None:
    body = b"<ErrorResponse><Error><Code>No</Code></Error></ErrorResponse>"
    upstream.answer = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n" + body
    with DelayProxy(upstream.url) as proxy:
        call = client(service, proxy.url)
        with pytest.raises(ClientError):
            call._make_api_call(operation, deepcopy(arguments))  # botocore writes into them

        (request,) = proxy.requests
    assert (request.service, request.operation) == (service, operation)
    assert proxy.statistics().operations == {f"{service} {operation}": 1}


@pytest.mark.parametrize("options", [{}, {"signature_version": "s3"}, {"signature_version": "s3v4"}])
def test_a_presigned_address_is_recognised(
    upstream: RawUpstream, client: Callable[..., Any], options: dict[str, str]
) -> None:
    with DelayProxy(upstream.url) as proxy:
        s3 = client("s3", proxy.url, **options)
        requests.get(s3.generate_presigned_url("get_object", OBJECT), timeout=10)

        assert (proxy.requests[0].service, proxy.requests[0].operation) == ("s3", "GetObject")


@pytest.mark.parametrize(
    ("host", "path", "operation"),
    [
        ("s3.amazonaws.com", "/bucket/key", "GetObject"),
        ("s3.eu-west-1.amazonaws.com", "/bucket", "ListObjects"),
        ("bucket.s3.amazonaws.com", "/key", "GetObject"),
        ("bucket.s3.eu-west-1.amazonaws.com", "/?list-type=2&prefix=", "ListObjectsV2"),
    ],
)
def test_an_unsigned_request_to_s3_is_known_by_its_host(host: str, path: str, operation: str) -> None:
    target = recognise("GET", path, {"Host": host})

    assert (target.service, target.operation) == ("s3", operation)


def test_the_bucket_may_stand_in_a_local_host_name() -> None:
    scope = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request"

    target = recognise("GET", "/key", {"Host": "bucket.localhost:4566", "Authorization": scope})

    assert target.operation == "GetObject"


def test_the_query_protocol_of_sqs_is_recognised_and_its_form_forwarded(upstream: RawUpstream) -> None:
    scope = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request, Signature=0"
    form = {"Action": "SendMessage", "MessageBody": "a b&c"}
    with DelayProxy(upstream.url) as proxy:
        requests.post(f"{proxy.url}/000000000000/q", data=form, headers={"Authorization": scope}, timeout=10)

        assert (proxy.requests[0].service, proxy.requests[0].operation) == ("sqs", "SendMessage")
    assert upstream.received[0].body == b"Action=SendMessage&MessageBody=a+b%26c"


def test_another_services_query_of_the_same_age_is_not_taken_for_s3() -> None:
    query = "Action=SendMessage&AWSAccessKeyId=test&Signature=0&SignatureMethod=HmacSHA256&Expires=1"

    assert recognise("GET", f"/?{query}", {"Host": "127.0.0.1"}).service == "http"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_anything_else_is_plain_http(upstream: RawUpstream, method: str) -> None:
    with DelayProxy(upstream.url) as proxy:
        requests.request(method, f"{proxy.url}/users/1?Action=x", data={"Action": "y"}, timeout=10)

        assert (proxy.requests[0].service, proxy.requests[0].operation) == ("http", method)
