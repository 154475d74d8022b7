"""What a recorded call does to whom it calls: whether it may change something that another call sees."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meantime.tools.report.recording import RecordedCall

_READING = {
    "aws": re.compile(
        r"(BatchGet|Get|List|Query|Scan|Describe|Head|Select|Search|Lookup|Filter|Estimate|Detect|Translate)"
    ),
    "http": re.compile(r"(GET|HEAD|OPTIONS)\b", re.IGNORECASE),
    "sql": re.compile(r"(SELECT|SHOW|EXPLAIN|VALUES|WITH|PREPARE|RESET)\b", re.IGNORECASE),
    "redis": re.compile(
        r"(GET|MGET|H?GETALL|HGET|HMGET|EXISTS|TTL|PTTL|TYPE|STRLEN|LRANGE|LLEN|LINDEX|SMEMBERS|SISMEMBER|SCARD|ZRANGE\w*"
        r"|ZSCORE|ZCARD|SCAN|KEYS|PING)$",
        re.IGNORECASE,
    ),
}
_MESSAGES = {"sqs", "sns", "events", "firehose", "lambda", "ses", "sesv2", "logs", "cloudwatch", "stepfunctions"}
_SIGNING_IN = re.compile(r"\b(log-?in|log-?out|sign-?in|auth|oauth2?|session|csrf)\b", re.IGNORECASE)
_WAITING = {"sleep", "file"}


def reads_only(call: RecordedCall) -> bool:
    """Whether a call changes nothing that another one could see, by its name; what is not known may change anything."""
    if call.kind in _WAITING or (call.kind == "socket" and call.name.startswith(("recv", "read"))):
        return True  # the rest of an answer is read with it
    if call.kind == "http" and _SIGNING_IN.search(call.name):
        return False  # what it gives is kept in a cookie
    pattern = _READING.get(call.kind)
    # `dynamodb Query` and `redis GET` begin with the service; `GET /orders` and `SELECT readings` do not.
    words = call.name.split()
    name = words[-1] if call.kind in ("aws", "redis") and words else call.name
    return pattern is not None and pattern.match(name) is not None


def is_transaction(call: RecordedCall) -> bool:
    """Whether a call begins or ends what belongs together."""
    words = call.name.upper().split()
    return call.kind in ("sql", "redis") and bool(
        {"BEGIN", "COMMIT", "ROLLBACK", "MULTI", "EXEC", "SAVEPOINT"} & set(words)
    )


def resource_of(call: RecordedCall) -> tuple[str, str]:
    """What a call reads or changes: a service with a table, a bucket or a host."""
    service = call.name.split()[0] if call.kind == "aws" and call.name else call.kind
    return service, call.target


def may_be_the_same(one: RecordedCall, other: RecordedCall) -> bool:
    """Whether two calls may be about the same thing."""
    (service, target), (other_service, other_target) = resource_of(one), resource_of(other)
    return service == other_service and (not target or not other_target or target == other_target)


def is_a_message(call: RecordedCall) -> bool:
    """Whether a call sends something that is a thing of its own, whatever it is sent to."""
    service = call.name.partition(" ")[0]
    return (call.kind == "aws" and service in _MESSAGES) or (call.kind == "http" and call.name.startswith("POST"))
