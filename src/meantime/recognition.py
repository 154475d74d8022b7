"""What became of a call, told by its shape: throttled, transient, fatal or well, whichever client made it.

No client library is imported. An outcome is an exception, or whatever was returned.
"""

from __future__ import annotations

from math import isfinite

from meantime import clock
from meantime import failure_signs as signs
from meantime.failure_signs import FATAL, SUCCESS, THROTTLED, TRANSIENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FATAL", "SUCCESS", "THROTTLED", "TRANSIENT", "attempts_already_made", "kind_of", "retry_after_of"]


def kind_of(outcome: object) -> str:
    """SUCCESS, THROTTLED, TRANSIENT or FATAL; never raises.

    Args:
        outcome: An exception, or what a call has returned: an HTTP response of status 429 is THROTTLED, raised or not.
    """
    if type(outcome) in _VALUES:
        return SUCCESS
    if isinstance(outcome, BaseException):
        return _kind_of_error(outcome)
    status = _status(outcome)
    if status is None or status < signs.FIRST_ERROR or _attribute(outcome, "headers") is None:
        return SUCCESS
    return _kind_of_status(status, outcome)


def retry_after_of(outcome: object) -> float | None:
    """Seconds that the downstream asks to wait before the next attempt, if it does; never raises.

    Args:
        outcome: As for `kind_of`.
    """
    for headers in _headers(outcome):
        for name, unit in _RETRY_AFTER:
            text = _header(headers, name)
            seconds = None if text is None else _seconds(text, unit)
            if seconds is not None:
                return seconds
    return None


def attempts_already_made(outcome: object) -> int:
    """How many attempts the client has made of its own for this outcome, as far as it tells: botocore does.

    Args:
        outcome: As for `kind_of`.
    """
    retries = _metadata(outcome).get("RetryAttempts")
    return retries + 1 if isinstance(retries, int) and retries > 0 else 1


# RFC 9110 §10.2.3; the others count milliseconds: botocore.retries.standard.ExponentialBackoff, and
# azure.core.pipeline.policies, whose services (and OpenAI's) send them beside the first.
_RETRY_AFTER = (
    ("x-amz-retry-after", 0.001),
    ("retry-after-ms", 0.001),
    ("x-ms-retry-after-ms", 0.001),
    ("retry-after", 1.0),
)
_VALUES = {type(None), bool, int, float, str, bytes, dict, list, tuple, set}  # what says nothing, for speed
_DEPTH = 10  # how far a chain of causes is followed


def _kind_of_error(error: BaseException, depth: int = _DEPTH) -> str:
    if not isinstance(error, Exception) or not depth:
        return FATAL  # CancelledError, KeyboardInterrupt: an end that was asked for
    if isinstance(error, ExceptionGroup):
        kinds = {_kind_of_error(each, depth - 1) for each in error.exceptions}
        return next(kind for kind in (FATAL, THROTTLED, TRANSIENT) if kind in kinds)
    response = _attribute(error, "response")
    if isinstance(response, dict):
        return _kind_of_aws_error(response)
    status = _status(response) or _status(error)
    if status is not None and signs.FIRST_ERROR <= status <= signs.LAST_ERROR:
        return _kind_of_status(status, error)
    state = _attribute(error, "sqlstate") or _attribute(error, "pgcode")
    if isinstance(state, str) and len(state) == signs.SQLSTATE_LENGTH:
        return _kind_of_sqlstate(state)
    return _kind_of_class(error, depth)


def _kind_of_status(status: int, outcome: object) -> str:
    if status in signs.THROTTLED_STATUSES:
        return THROTTLED
    if status in signs.TRANSIENT_STATUSES:
        return TRANSIENT
    # https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api: 403 or 429, with Retry-After
    return THROTTLED if status == signs.FORBIDDEN and retry_after_of(outcome) is not None else FATAL


def _kind_of_aws_error(response: dict[str, object]) -> str:
    code = _code(response.get("Error"))
    if code in signs.THROTTLED_CODES:
        return THROTTLED
    if code in signs.TRANSIENT_CODES:
        return TRANSIENT
    if code == "TransactionCanceledException":
        return _kind_of_cancellation(response.get("CancellationReasons"))
    status = _metadata(response).get("HTTPStatusCode")
    if not isinstance(status, int):
        return FATAL
    if status == 429 or (status == 503 and code in {"", "503"}):  # noqa: PLR2004  # a HEAD has no body to say SlowDown
        return THROTTLED
    return TRANSIENT if status in signs.TRANSIENT_AWS_STATUSES else FATAL


def _kind_of_cancellation(reasons: object) -> str:
    """DynamoDB says of each item of a transaction why it was cancelled; one that cannot succeed decides."""
    codes = {_code(each) for each in reasons} - {"", "None"} if isinstance(reasons, list) else set()
    if not codes or codes - signs.THROTTLED_CODES - signs.TRANSIENT_CODES:
        return FATAL
    return THROTTLED if codes & signs.THROTTLED_CODES else TRANSIENT


def _code(error: object) -> str:
    code = error.get("Code") if isinstance(error, dict) else None
    return code if isinstance(code, str) else ""


def _kind_of_sqlstate(state: str) -> str:
    if state in signs.THROTTLED_SQLSTATES:
        return THROTTLED
    lost = state.startswith(signs.CONNECTION_SQLSTATE_CLASS) and state != signs.PROTOCOL_VIOLATION
    return TRANSIENT if lost or state in signs.TRANSIENT_SQLSTATES else FATAL


def _kind_of_class(error: BaseException, depth: int) -> str:
    for each in type(error).__mro__:
        kind = signs.CLASSES.get(str(each.__module__).partition(".")[0], {}).get(each.__name__)
        if kind is not None:
            return FATAL if kind is TRANSIENT and _certificate_refused(error) else kind
    if isinstance(error, OSError) and (error.errno in signs.NETWORK_ERRNOS or _unreachable_everywhere(error)):
        return TRANSIENT
    # SQLAlchemy and urllib.request wrap the error that tells.
    for name in ("orig", "reason"):
        inner = _attribute(error, name)
        if isinstance(inner, BaseException):
            return _kind_of_error(inner, depth - 1)
    return FATAL


def _unreachable_everywhere(error: OSError) -> bool:
    """What asyncio raises where a name has several addresses, and each failed in its own way."""
    return error.errno is None and str(error).startswith("Multiple exceptions: ")


def _certificate_refused(error: BaseException) -> bool:
    """Whether the connection failed for its certificate, which every client wraps in an error of its own."""
    cause: BaseException | None = error
    for _ in range(_DEPTH):
        if cause is None:
            return False
        if type(cause).__name__ == "SSLCertVerificationError":
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _attribute(outcome: object, name: str) -> object:
    try:
        return getattr(outcome, name, None)
    except Exception:  # noqa: BLE001  # a property of somebody else's class may raise anything
        return None


def _status(outcome: object) -> int | None:
    for name in ("status_code", "status"):
        status = _attribute(outcome, name)
        if isinstance(status, int) and not isinstance(status, bool):
            return status
    return None


def _metadata(outcome: object) -> dict[str, object]:
    """What botocore says about a call, from its error or its answer."""
    response = outcome if isinstance(outcome, dict) else _attribute(outcome, "response")
    metadata = response.get("ResponseMetadata") if isinstance(response, dict) else None
    return metadata if isinstance(metadata, dict) else {}


def _headers(outcome: object) -> Iterator[object]:
    yield _metadata(outcome).get("HTTPHeaders")
    yield _attribute(_attribute(outcome, "response"), "headers")
    yield _attribute(outcome, "headers")


def _header(headers: object, name: str) -> str | None:
    """One header's text; a plain dict knows no case."""
    try:
        value = headers.get(name)  # type: ignore[attr-defined]  # what has no get() has no header
        if value is None and isinstance(headers, dict):
            value = next((text for key, text in headers.items() if str(key).lower() == name), None)
    except Exception:  # noqa: BLE001  # whatever it is, it is no mapping of headers
        return None
    return value if isinstance(value, str) else None


def _seconds(text: str, unit: float) -> float | None:
    try:
        seconds = float(text) * unit
    except ValueError:
        seconds = _seconds_until(text)
    return seconds if isfinite(seconds) and seconds >= 0 else None


def _seconds_until(date: str) -> float:
    """Seconds until an HTTP date (RFC 9110 §5.6.7), none if it has passed; infinite if it is no date."""
    from datetime import UTC  # noqa: PLC0415  # few servers answer with a date
    from email.utils import parsedate_to_datetime  # noqa: PLC0415  # likewise

    try:
        moment = parsedate_to_datetime(date)
        return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - clock.wall())
    except (ValueError, TypeError, IndexError, OverflowError):
        return float("inf")
