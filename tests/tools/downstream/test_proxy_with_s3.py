"""What boto3 sends to S3 through the proxy arrives, and comes back, as without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from meantime.tools.downstream import AWSServer, DelayProxy

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    "key", ["a b", "ü/€", "a+b", "a%2Fb", "a//b", "..a", "~'()!*;:@$,=?#&", "line\nbreak", "x" * 900]
)
def test_any_key_goes_to_s3_and_comes_back(aws: AWSServer, client: Callable[..., Any], key: str) -> None:
    with DelayProxy(aws.url) as proxy:
        s3 = client("s3", proxy.url)
        s3.create_bucket(Bucket="keys")

        s3.put_object(Bucket="keys", Key=key, Body=b"body of " + key.encode(), Metadata={"name": "value"})

        found = s3.get_object(Bucket="keys", Key=key)
        assert found["Body"].read() == b"body of " + key.encode()
        assert found["Metadata"] == {"name": "value"}
        assert key in [entry["Key"] for entry in client("s3", aws.url).list_objects_v2(Bucket="keys")["Contents"]]


def test_empty_and_large_and_ranged_objects_go_through(aws: AWSServer, client: Callable[..., Any]) -> None:
    large = bytes(range(256)) * 12_000
    with DelayProxy(aws.url) as proxy:
        s3 = client("s3", proxy.url)
        s3.create_bucket(Bucket="sizes")
        s3.put_object(Bucket="sizes", Key="empty", Body=b"")
        s3.put_object(Bucket="sizes", Key="large", Body=large, ChecksumAlgorithm="SHA256")

        assert s3.get_object(Bucket="sizes", Key="empty")["Body"].read() == b""
        assert s3.get_object(Bucket="sizes", Key="large")["Body"].read() == large
        assert s3.get_object(Bucket="sizes", Key="large", Range="bytes=10-19")["Body"].read() == large[10:20]
        assert s3.head_object(Bucket="sizes", Key="large")["ContentLength"] == len(large)


def test_an_upload_that_signs_its_chunks_goes_through(aws: AWSServer, client: Callable[..., Any]) -> None:
    """boto3 sends a stream with a trailing checksum as aws-chunked."""

    class Stream:
        def __init__(self) -> None:
            self.left = b"stream" * 50_000

        def read(self, size: int = -1) -> bytes:
            size = len(self.left) if size < 0 else size
            piece, self.left = self.left[:size], self.left[size:]
            return piece

    with DelayProxy(aws.url) as proxy:
        s3 = client("s3", proxy.url)
        s3.create_bucket(Bucket="streams")
        s3.upload_fileobj(Stream(), "streams", "key")

        assert s3.get_object(Bucket="streams", Key="key")["Body"].read() == b"stream" * 50_000
