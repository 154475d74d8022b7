"""The signs by which failures are told, each with its source: HTTP statuses, AWS's codes, SQL states, classes."""

from __future__ import annotations

import errno

SUCCESS = "success"  # a value, or a response that is no failure
THROTTLED = "throttled"  # the downstream had too much to do: later, and less at once
TRANSIENT = "transient"  # it failed, and a repeat may succeed
FATAL = "fatal"  # it failed, and a repeat would fail likewise

# RFC 9110 §15.5 and §15.6, RFC 6585 §4 (429). 503 is "temporary overload". 509 is CloudSearch's, in botocore's
# data/_retry.json; 529 means overloaded where it is used.
THROTTLED_STATUSES = {429, 503, 509, 529}
# 408 and 425 (RFC 8470) invite a repeat; 520 to 524 are Cloudflare's for an origin that does not answer.
TRANSIENT_STATUSES = {408, 425, 500, 502, 504, 520, 521, 522, 523, 524}
FORBIDDEN = 403
FIRST_ERROR = 400
LAST_ERROR = 599

# botocore.retries.standard: ThrottledRetryableChecker, and what service models mark as retryable with throttling. The
# last two are reasons of DynamoDB's TransactionCanceledException.
THROTTLED_CODES = {
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "ModelNotReadyException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "ThrottledRequestException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestException",
    "TooManyRequestsException",
    "TransactionInProgressException",
    "ProvisionedThroughputExceeded",
    "ThrottlingError",
}
# botocore.retries.standard: TransientRetryableChecker and special.py, and what service models mark as retryable whose
# status does not say so. TransactionConflict is a reason of TransactionCanceledException.
TRANSIENT_CODES = {
    "BadDigest",
    "ClientTimeoutException",
    "IDPCommunicationError",
    "InternalServerError",
    "ReplicatedWriteConflictException",
    "RequestTimeout",
    "RequestTimeoutException",
    "RetryableConflictException",
    "TransactionConflict",
}
TRANSIENT_AWS_STATUSES = {500, 502, 503, 504}

# https://www.postgresql.org/docs/current/errcodes-appendix.html: too many connections; then serialization failure,
# deadlock, lock not available, shutdown, crash, starting up, idle for too long. Class 08 is a lost connection.
THROTTLED_SQLSTATES = {"53300"}
TRANSIENT_SQLSTATES = {"40001", "40P01", "55P03", "57P01", "57P02", "57P03", "57P05"}
CONNECTION_SQLSTATE_CLASS = "08"
PROTOCOL_VIOLATION = "08P01"
SQLSTATE_LENGTH = 5

NETWORK_ERRNOS = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.ENETRESET, errno.EPIPE}

_HTTPX = {"LocalProtocolError": FATAL, "UnsupportedProtocol": FATAL, "TransportError": TRANSIENT}
_PSYCOPG = {"PoolClosed": FATAL, "OperationalError": TRANSIENT}
# By the package a class comes from and its name; the nearest ancestor that stands here decides.
CLASSES = {
    "aiohttp": {
        "ClientConnectorCertificateError": FATAL,
        "ServerFingerprintMismatch": FATAL,
        "ClientConnectionError": TRANSIENT,
        "ClientPayloadError": TRANSIENT,
    },
    "asyncio": {"IncompleteReadError": TRANSIENT},
    "botocore": {"ConnectionError": TRANSIENT, "HTTPClientError": TRANSIENT, "IncompleteReadError": TRANSIENT},
    "builtins": {"ConnectionError": TRANSIENT, "TimeoutError": TRANSIENT},
    "http": {"BadStatusLine": TRANSIENT, "IncompleteRead": TRANSIENT},
    "httpx": _HTTPX,
    "httpx2": _HTTPX,
    "meantime": {"CallTimeout": TRANSIENT, "MeantimeError": FATAL},
    "psycopg": _PSYCOPG,
    "psycopg2": _PSYCOPG,
    "psycopg_pool": _PSYCOPG,
    "redis": {
        "AuthenticationError": FATAL,
        "AuthorizationError": FATAL,
        "ConnectionError": TRANSIENT,
        "TimeoutError": TRANSIENT,
        "ClusterDownError": TRANSIENT,
        "TryAgainError": TRANSIENT,
    },
    "requests": {
        "ChunkedEncodingError": TRANSIENT,
        "ConnectionError": TRANSIENT,
        "RetryError": TRANSIENT,
        "Timeout": TRANSIENT,
    },
    "socket": {"gaierror": TRANSIENT},
    "ssl": {"SSLCertVerificationError": FATAL, "SSLEOFError": TRANSIENT, "SSLZeroReturnError": TRANSIENT},
    "urllib3": {"MaxRetryError": TRANSIENT, "ProtocolError": TRANSIENT, "TimeoutError": TRANSIENT},
}
