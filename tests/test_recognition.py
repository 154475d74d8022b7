"""Outcomes told apart by their shape alone; tests/servers/test_recognition_real.py asks real clients."""

from __future__ import annotations

import asyncio
import errno
import http.client
import socket
import ssl
import time
import urllib.error
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meantime.errors import CallCancelled, CallTimeout, DeadlineExceeded, InvocationEnded
from meantime.recognition import FATAL, SUCCESS, THROTTLED, TRANSIENT, attempts_already_made, kind_of, retry_after_of
from meantime.testing import FakeClock


class AWSError(Exception):
    """Shaped as botocore's ClientError is."""

    def __init__(self, code: Any = "", status: int = 400, **response: Any) -> None:
        metadata = {"HTTPStatusCode": status, "HTTPHeaders": response.pop("headers", {})} | response.pop("metadata", {})
        self.response = {"Error": {"Code": code}, "ResponseMetadata": metadata, **response}
        super().__init__(code)


class SQLError(Exception):
    """Shaped as the errors of psycopg and asyncpg are."""

    def __init__(self, sqlstate: str | None) -> None:
        self.sqlstate = sqlstate
        super().__init__(sqlstate)


def response(status: int, **headers: str) -> Any:
    return SimpleNamespace(status_code=status, headers={name.replace("_", "-"): text for name, text in headers.items()})


class Hostile:
    """Whose every attribute raises."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


@pytest.mark.parametrize(
    "value",
    [None, 0, "text", {}, {"ResponseMetadata": {"HTTPStatusCode": 200}}, [], object(), Hostile(), MagicMock()],
    ids=lambda value: type(value).__name__,
)
def test_a_value_is_a_success(value):
    assert kind_of(value) == SUCCESS


def test_an_object_with_a_status_but_no_headers_is_no_response():
    assert kind_of(SimpleNamespace(status=503)) == SUCCESS


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (CallTimeout("get", 1, "1", 2.0), TRANSIENT),
        (DeadlineExceeded("late"), FATAL),
        (InvocationEnded("over"), FATAL),
        (CallCancelled("cancelled"), FATAL),
        (asyncio.CancelledError(), FATAL),
        (KeyboardInterrupt(), FATAL),
        (SystemExit(1), FATAL),
        (ValueError("bad"), FATAL),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else value,
)
def test_our_own_errors_and_endings_that_were_asked_for(error, kind):
    assert kind_of(error) == kind


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),
        ConnectionResetError(),
        BrokenPipeError(),
        http.client.RemoteDisconnected(""),
        http.client.IncompleteRead(b""),
        socket.gaierror(socket.EAI_AGAIN, "try again"),
        ssl.SSLEOFError(),
        OSError(errno.EHOSTUNREACH, "no route"),
        OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1', 5432, 0, 0), [Errno 111] …"),
        urllib.error.URLError(ConnectionRefusedError()),
        asyncio.IncompleteReadError(b"", 1),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_connection_that_fails_is_transient(error):
    assert kind_of(error) == TRANSIENT


@pytest.mark.parametrize("error", [FileNotFoundError(), OSError(errno.ENOSPC, "disk full"), OSError("whatever")])
def test_an_error_of_the_file_system_is_fatal(error):
    assert kind_of(error) == FATAL


def test_a_certificate_that_is_refused_is_fatal_however_it_is_wrapped():
    wrapped = ConnectionError("failed")
    wrapped.__cause__ = OSError("failed")
    wrapped.__cause__.__context__ = ssl.SSLCertVerificationError("self-signed")
    assert kind_of(wrapped) == FATAL
    assert kind_of(wrapped.__cause__.__context__) == FATAL


@pytest.mark.parametrize("code", ["SlowDown", "ThrottlingException", "ProvisionedThroughputExceededException"])
def test_the_codes_that_aws_throttles_with(code):
    assert kind_of(AWSError(code)) == THROTTLED


@pytest.mark.parametrize("code", ["RequestTimeout", "ReplicatedWriteConflictException"])
def test_the_codes_that_aws_repeats(code):
    assert kind_of(AWSError(code)) == TRANSIENT


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ServiceUnavailable", 503, TRANSIENT),
        ("InternalError", 500, TRANSIENT),
        ("", 503, THROTTLED),
        ("503", 503, THROTTLED),
        ("Unheard", 429, THROTTLED),
        ("NoSuchKey", 404, FATAL),
        ("ConditionalCheckFailedException", 400, FATAL),
    ],
)
def test_where_the_code_says_nothing_the_status_does(code, status, kind):
    assert kind_of(AWSError(code, status)) == kind


@pytest.mark.parametrize(
    ("reasons", "kind"),
    [
        (["None", "ThrottlingError"], THROTTLED),
        (["TransactionConflict", "None"], TRANSIENT),
        (["TransactionConflict", "ProvisionedThroughputExceeded"], THROTTLED),
        (["ConditionalCheckFailed", "ThrottlingError"], FATAL),
        (["None"], FATAL),
    ],
)
def test_a_transaction_of_dynamodb_is_as_bad_as_its_worst_reason(reasons, kind):
    cancelled = AWSError("TransactionCanceledException", CancellationReasons=[{"Code": reason} for reason in reasons])
    assert kind_of(cancelled) == kind


def test_the_lists_are_those_of_the_botocore_that_is_installed():
    standard = pytest.importorskip("botocore.retries.standard")
    for code in standard.ThrottledRetryableChecker._THROTTLED_ERROR_CODES:
        assert kind_of(AWSError(code)) == THROTTLED
    for code in standard.TransientRetryableChecker._TRANSIENT_ERROR_CODES:
        assert kind_of(AWSError(code)) in {THROTTLED, TRANSIENT}
    for status in standard.TransientRetryableChecker._TRANSIENT_STATUS_CODES:
        assert kind_of(AWSError("Unheard", status)) == TRANSIENT


@pytest.mark.parametrize(
    ("sqlstate", "kind"),
    [
        ("53300", THROTTLED),
        ("08006", TRANSIENT),
        ("40001", TRANSIENT),
        ("40P01", TRANSIENT),
        ("57P01", TRANSIENT),
        ("57P03", TRANSIENT),
        ("08P01", FATAL),
        ("23505", FATAL),
        ("28P01", FATAL),
        ("42P01", FATAL),
        (None, FATAL),
    ],
)
def test_a_database_says_it_in_its_sqlstate(sqlstate, kind):
    assert kind_of(SQLError(sqlstate)) == kind


def test_the_errors_of_psycopg():
    psycopg = pytest.importorskip("psycopg")
    pool = pytest.importorskip("psycopg_pool")
    assert kind_of(psycopg.errors.TooManyConnections()) == THROTTLED
    assert kind_of(psycopg.OperationalError("the connection is lost")) == TRANSIENT
    assert kind_of(psycopg.errors.DeadlockDetected()) == TRANSIENT
    assert kind_of(psycopg.errors.UniqueViolation()) == FATAL
    assert kind_of(pool.PoolTimeout()) == TRANSIENT
    assert kind_of(pool.PoolClosed()) == FATAL


def test_the_errors_of_asyncpg():
    asyncpg = pytest.importorskip("asyncpg")
    assert kind_of(asyncpg.TooManyConnectionsError()) == THROTTLED
    assert kind_of(asyncpg.ConnectionDoesNotExistError()) == TRANSIENT
    assert kind_of(asyncpg.CannotConnectNowError()) == TRANSIENT
    assert kind_of(asyncpg.UniqueViolationError()) == FATAL


def test_the_errors_of_redis():
    redis = pytest.importorskip("redis")
    assert kind_of(redis.ConnectionError()) == TRANSIENT
    assert kind_of(redis.exceptions.BusyLoadingError()) == TRANSIENT
    assert kind_of(redis.TimeoutError()) == TRANSIENT
    assert kind_of(redis.AuthenticationError()) == FATAL
    assert kind_of(redis.ResponseError()) == FATAL


def test_an_error_that_wraps_another_is_what_it_wraps():
    wrapping = RuntimeError("(psycopg.errors.DeadlockDetected)")  # as SQLAlchemy does
    wrapping.orig = SQLError("40P01")  # type: ignore[attr-defined]
    assert kind_of(wrapping) == TRANSIENT


def test_errors_that_wrap_each_other_in_a_circle_are_fatal():
    one, other = RuntimeError(), RuntimeError()
    one.orig, other.orig = other, one  # type: ignore[attr-defined]
    assert kind_of(one) == FATAL


def test_a_group_is_as_bad_as_its_worst_member():
    assert kind_of(ExceptionGroup("", [TimeoutError(), AWSError("SlowDown")])) == THROTTLED
    assert kind_of(ExceptionGroup("", [TimeoutError()])) == TRANSIENT
    assert kind_of(ExceptionGroup("", [TimeoutError(), ValueError()])) == FATAL


@pytest.mark.parametrize("status", [403, 429])
def test_github_asks_to_wait_with_a_403_too(status):
    assert kind_of(response(status, retry_after="60")) == THROTTLED
    assert kind_of(response(403)) == FATAL


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "120"}, 120.0),
        ({"Retry_After": "120"}, 120.0),
        ({"retry_after": "0"}, 0.0),
        ({"retry_after": "1.5"}, 1.5),
        ({"x_amz_retry_after": "1500"}, 1.5),
        ({"retry_after_ms": "250", "retry_after": "1"}, 0.25),
        ({"retry_after": "-1"}, None),
        ({"retry_after": "nan"}, None),
        ({"retry_after": "inf"}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": ""}, None),
        ({}, None),
    ],
)
def test_seconds_to_wait_are_read_from_a_header(headers, seconds):
    assert retry_after_of(response(429, **headers)) == seconds


@pytest.mark.parametrize("form", ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"])
def test_all_three_forms_of_a_date_are_read_in_any_time_zone(form, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    with FakeClock() as clock:
        date = datetime.fromtimestamp(clock.wall() + 90, UTC)
        assert retry_after_of(response(503, retry_after=date.strftime(form))) == pytest.approx(90, abs=1)
    monkeypatch.undo()
    time.tzset()


def test_a_date_that_has_passed_is_no_time_to_wait():
    with FakeClock() as clock:
        date = datetime.fromtimestamp(clock.wall(), UTC) - timedelta(hours=1)
        assert retry_after_of(response(503, retry_after=format_datetime(date, usegmt=True))) == 0.0


def test_seconds_to_wait_are_found_on_errors_too():
    error = RuntimeError()
    error.response = response(429, retry_after="7")  # type: ignore[attr-defined]
    assert retry_after_of(error) == 7.0
    assert retry_after_of(AWSError("SlowDown", headers={"retry-after": "7"})) == 7.0


def test_attempts_are_counted_where_botocore_tells_them():
    assert attempts_already_made(AWSError("SlowDown", metadata={"RetryAttempts": 3})) == 4
    assert attempts_already_made({"ResponseMetadata": {"RetryAttempts": 0}}) == 1
    assert attempts_already_made(ValueError()) == 1


anything = st.recursive(
    st.none() | st.integers() | st.text(max_size=10) | st.binary(max_size=5) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["Error", "Code", "a"]), inner),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be
@given(
    attributes=st.dictionaries(
        st.sampled_from(["response", "status", "status_code", "headers", "sqlstate", "pgcode", "orig", "reason"]),
        anything,
    ),
    raised=st.booleans(),
)
def test_nothing_makes_it_raise(attributes, raised):
    outcome: Any = RuntimeError() if raised else SimpleNamespace()
    for name, value in attributes.items():
        setattr(outcome, name, value)
    assert kind_of(outcome) in {SUCCESS, THROTTLED, TRANSIENT, FATAL}
    retry_after_of(outcome)
    attempts_already_made(outcome)


def test_nothing_but_the_clock_is_loaded(run_python):
    loaded = run_python("import sys, meantime.recognition; print(*sys.modules)").split()
    assert not {"asyncio", "email", "email.utils", "inspect", "json", "logging", "typing"} & set(loaded)
