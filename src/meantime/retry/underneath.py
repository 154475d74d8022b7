"""Retries on top of retries multiply: finds the client that retries by itself, and says so once."""

from __future__ import annotations

from functools import partial
from types import MethodType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from meantime.retry.durations import Durations

# Attempts in all, where none are set: https://docs.aws.amazon.com/boto3/latest/guide/retries.html. DynamoDB has its
# own: botocore's data/_retry.json, and _SERVICE_MAX_ATTEMPTS in botocore.retries.standard.
_BOTOCORE_ATTEMPTS = {"legacy": 5, "standard": 3, "adaptive": 3}
_DYNAMODB_ATTEMPTS = {"legacy": 10, "standard": 4, "adaptive": 4}
_TURN_OFF_BOTOCORE = 'botocore.config.Config(retries={"total_max_attempts": 1, "mode": "standard"})'
_TURN_OFF_URLLIB3 = "requests.adapters.HTTPAdapter(max_retries=0)"


def warn_of_client(function: object, attempts: int, durations: Durations) -> None:
    """Warn if this is a method of a client that retries by itself."""
    while isinstance(function, partial):
        function = function.func
    if not isinstance(function, MethodType):
        return
    owner = function.__self__
    try:
        underneath = _botocore_attempts(owner)
        how = _TURN_OFF_BOTOCORE
        if underneath is None:
            underneath = _urllib3_attempts(owner)
            how = _TURN_OFF_URLLIB3
    except Exception:  # noqa: BLE001  # of another shape than the clients we know; what it raises is nobody's business
        return
    if underneath is not None and underneath > 1:
        _warn(durations, attempts, underneath, how)


def warn_of_attempts(made: int, attempts: int, durations: Durations) -> None:
    """Warn because botocore says of an error that it has made this many attempts already."""
    _warn(durations, attempts, made, _TURN_OFF_BOTOCORE)


def _botocore_attempts(owner: object) -> int | None:
    meta = getattr(owner, "meta", None)
    config = getattr(getattr(meta, "client", owner), "meta", meta)  # of a resource: its client's
    retries = getattr(getattr(config, "config", None), "retries", None)
    if not isinstance(retries, dict):
        return None
    total = retries.get("total_max_attempts")
    if total is not None:
        return int(total)
    service = getattr(getattr(config, "service_model", None), "service_name", "")
    defaults = _DYNAMODB_ATTEMPTS if str(service).startswith("dynamodb") else _BOTOCORE_ATTEMPTS
    return defaults.get(retries.get("mode", "legacy"))


def _urllib3_attempts(owner: object) -> int | None:
    adapters = getattr(owner, "adapters", None)
    if not isinstance(adapters, dict):
        return None
    return 1 + max((int(adapter.max_retries.total or 0) for adapter in adapters.values()), default=0)


def _warn(durations: Durations, attempts: int, underneath: int, how: str) -> None:
    from logging import getLogger  # noqa: PLC0415  # the good path must not pay for it

    durations.warned = True
    getLogger("meantime").warning(
        "Retries multiply: %s is tried %d times by Retry, and each time up to %d times by its own client: up to %d "
        "attempts, each round with waits of its own. Turn the client's off, %s, or use no Retry here.",
        durations.name,
        attempts,
        underneath,
        attempts * underneath,
        how,
    )
