"""For which service and operation a request is, told from its headers, path and form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl, unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

Protocol = Literal["s3", "json", "query", "plain"]

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html
_SCOPE = re.compile(r"Credential=[^/\s,]+/\d{8}/[^/\s,]+/(?P<service>[^/\s,]+)/aws4_request")
_S3_HOST = re.compile(r"(?:^|\.)s3[.-]", re.IGNORECASE)
# https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html: what boto3 presigns with if not told
# otherwise.
_OLD_PRESIGNED = {"AWSAccessKeyId", "Signature", "Expires"}
_BUCKET_IN_HOST = re.compile(r".\.s3[.-]|.\.localhost(?::|$)", re.IGNORECASE)
_TARGETS = {
    "DynamoDB_20120810": "dynamodb",
    "DynamoDBStreams_20120810": "dynamodbstreams",
    "AmazonSQS": "sqs",
}
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Target:
    """What a request is for.

    Attributes:
        service: `s3`, `dynamodb`, `sqs`, another service's signing name, `kinesis` say; `http` for the rest.
        operation: `GetItem`, `GetObject`, …; the method for plain HTTP.
        protocol: How the service speaks: S3's XML, AWS JSON, the AWS query protocol, or plain HTTP.
    """

    service: str
    operation: str
    protocol: Protocol


def recognise(method: str, path: str, headers: Mapping[str, str], form: bytes = b"") -> Target:
    """Tell for which service and operation a request is.

    Args:
        method: The HTTP method.
        path: The path and query as they came, still percent-encoded.
        headers: The request's headers, in a mapping that ignores case.
        form: The body, if `has_form` says that the operation may stand in it.
    """
    path, _, query = path.partition("?")
    service = _signed_for(headers, query)
    if target := headers.get("X-Amz-Target"):
        prefix, _, operation = target.rpartition(".")
        return Target(_TARGETS.get(prefix) or service or prefix.lower(), operation, "json")
    if service == "s3" or (service is None and _looks_like_s3(headers, query)):
        return Target("s3", _s3_operation(method, path, query, headers), "s3")
    if service is not None and (has_form(headers) or "Action=" in query):
        fields = dict(parse_qsl(form.decode("latin-1")) + parse_qsl(query))
        return Target(service, fields.get("Action", method), "query")
    return Target(service or "http", method, "plain")


def has_form(headers: Mapping[str, str]) -> bool:
    """Whether the operation may stand in the body: an AWS query request, which is signed and a form."""
    signed = headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256")
    return signed and headers.get("Content-Type", "").startswith(_FORM)


def _signed_for(headers: Mapping[str, str], query: str) -> str | None:
    if match := _SCOPE.search(headers.get("Authorization", "")):
        return match["service"]
    # A presigned address carries the scope in its query.
    if "X-Amz-Credential=" in query and (match := _SCOPE.search(unquote(query))):
        return match["service"]
    return None


def _looks_like_s3(headers: Mapping[str, str], query: str) -> bool:
    old_signature = headers.get("Authorization", "").startswith("AWS ")
    # Other services, which signed their queries in this way too, name the action beside it.
    fields = {field.partition("=")[0] for field in query.split("&")}
    old_presigned = fields >= _OLD_PRESIGNED and "Action" not in fields
    return old_signature or old_presigned or bool(_S3_HOST.search(headers.get("Host", "")))


def _s3_operation(method: str, path: str, query: str, headers: Mapping[str, str]) -> str:
    path = path.removeprefix("/")
    # With the bucket in the host, as in bucket.s3.amazonaws.com, the whole path is the key.
    in_host = _BUCKET_IN_HOST.search(headers.get("Host", ""))
    bucket, _, key = ("bucket", "", path) if in_host else path.partition("/")
    fields = dict(parse_qsl(query, keep_blank_values=True))
    verb = method.capitalize()
    if not bucket:
        return "ListBuckets"
    if not key:
        return _s3_bucket_operation(verb, fields)
    return _s3_object_operation(verb, fields, copied="X-Amz-Copy-Source" in headers)


def _s3_bucket_operation(verb: str, fields: Mapping[str, str]) -> str:
    if verb == "Post" and "delete" in fields:
        return "DeleteObjects"
    if verb == "Get" and "uploads" in fields:
        return "ListMultipartUploads"
    if verb == "Get" and "versions" in fields:
        return "ListObjectVersions"
    if subresource := _s3_subresource(fields):
        return f"{verb}Bucket{subresource}"
    if verb == "Get":
        return "ListObjectsV2" if fields.get("list-type") == "2" else "ListObjects"
    return {"Put": "CreateBucket", "Post": "PostObject"}.get(verb, f"{verb}Bucket")


def _s3_object_operation(verb: str, fields: Mapping[str, str], *, copied: bool) -> str:
    if "uploadId" in fields:
        part = "UploadPartCopy" if copied else "UploadPart"
        uploads = {"Put": part, "Post": "CompleteMultipartUpload", "Delete": "AbortMultipartUpload"}
        return uploads.get(verb, "ListParts")
    if "uploads" in fields:
        return "CreateMultipartUpload"
    if subresource := _s3_subresource(fields):
        return f"{verb}Object{subresource}"
    return "CopyObject" if copied and verb == "Put" else f"{verb}Object"


def _s3_subresource(fields: Mapping[str, str]) -> str:
    """The bare word in a query such as `?tagging` or `?acl`, as operations' names spell it."""
    words = [name for name, value in fields.items() if not value and name.isalpha() and name.islower()]
    return words[0].capitalize() if words and words[0] not in {"prefix", "delimiter", "marker"} else ""
