"""How a boto3 client is configured to wait and to try again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from meantime.tools.check.catalogue.timeouts import BOTOCORE_ATTEMPTS, BOTOCORE_READ
from meantime.tools.check.rules._adapters import adapters_of
from meantime.tools.check.rules._clients import maker

if TYPE_CHECKING:
    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.project import Project, Value

_CONFIG = "botocore.config.Config()"
_RETRIES = frozenset(
    {"urllib3.Retry()", "urllib3.util.Retry()", "urllib3.util.retry.Retry()", "requests.adapters.Retry()"}
)
_MAKERS = frozenset({"boto3.client", "boto3.resource"})


class Behaviour(NamedTuple):
    """How a client waits and tries again.

    Args:
        made: The call that makes it.
        read_timeout: Seconds for each attempt: the longest of its timeouts.
        says_timeout: Whether the source says so.
        attempts: At most, the first included.
        says_attempts: Whether the source says so.
        off: How the client is made to try once.
    """

    made: Call
    read_timeout: float
    says_timeout: bool
    attempts: int
    says_attempts: bool
    off: str = "Config(retries={'total_max_attempts': 1})"


def retrying(project: Project, value: Value) -> Behaviour | None:
    """How a client tries again by itself: one of boto3, or a requests session with an adapter that does."""
    found = behaviour(project, value) or _with_adapter(project, value)
    return found if found is not None and found.attempts > 1 else None


def _with_adapter(project: Project, value: Value) -> Behaviour | None:
    made = maker(project, value)
    if made is None or project.targets(made) != {"requests.Session"}:
        return None
    numbers = [_retries(project, each) for each in adapters_of(project, made) if each is not None]
    attempts = 1 + max((each for each in numbers if each is not None), default=0)
    return Behaviour(made, 0.0, says_timeout=False, attempts=attempts, says_attempts=True, off="max_retries=0")


def _retries(project: Project, adapter: Call) -> int | None:
    """How often an adapter tries again: `max_retries=3`, or `max_retries=Retry(total=3)`."""
    given = adapter.keywords.get("max_retries")
    if given is None:
        return None
    within = adapter.within
    for each in project.values(given, within):
        if each.path in _RETRIES and each.origin is not None:
            made = each.origin
            given = made.keywords.get("total") or (made.arguments[0] if made.arguments else given)
            within = made.within
    number = project.constant(given, within)
    return number if isinstance(number, int) else None


def behaviour(project: Project, value: Value) -> Behaviour | None:
    """How the boto3 client behind a value behaves; None if it is none, or if that cannot be told."""
    made = maker(project, value)
    if made is None or not project.targets(made) <= _MAKERS or "**" in made.keywords:
        return None
    given = made.keywords.get("config")
    if given is None:
        return Behaviour(
            made, BOTOCORE_READ, says_timeout=False, attempts=BOTOCORE_ATTEMPTS["legacy"], says_attempts=False
        )
    found = project.values(given, made.within)
    if len(found) != 1 or found[0].path != _CONFIG or found[0].origin is None or "**" in found[0].origin.keywords:
        return None
    config = found[0].origin
    timeouts = [config.keywords[each] for each in ("read_timeout", "connect_timeout") if each in config.keywords]
    constants = [project.constant(each, config.within) for each in timeouts]
    seconds = [each for each in constants if isinstance(each, int | float)]
    if len(seconds) < len(timeouts):
        return None
    attempts = _attempts(project, config)
    return Behaviour(
        made,
        max(seconds) if seconds else BOTOCORE_READ,
        says_timeout=bool(seconds),
        attempts=attempts or BOTOCORE_ATTEMPTS["legacy"],
        says_attempts=attempts is not None,
    )


def _attempts(project: Project, config: Call) -> int | None:
    retries = config.keywords.get("retries")
    if retries is None:
        return None
    said = _entries(project, retries, config)
    for key, more in (("total_max_attempts", 0), ("max_attempts", 1)):
        number = said.get(key)
        if isinstance(number, int):
            return number + more
    mode = said.get("mode")
    return BOTOCORE_ATTEMPTS.get(mode) if isinstance(mode, str) else None


def _entries(project: Project, retries: object, config: Call) -> dict[str, object]:
    """What a dictionary says, as a display or as `dict(…)`."""
    within = config.within
    kind = getattr(retries, "kind", "")
    if kind == "dict":
        keys: tuple[object, ...] = retries.value  # type: ignore[attr-defined]  # of a display
        parts = retries.parts  # type: ignore[attr-defined]  # likewise
        return {str(key): project.constant(part, within) for key, part in zip(keys, parts, strict=True)}
    if kind == "call" and project.targets(retries) == {"builtins.dict"}:  # type: ignore[arg-type]  # a Call
        return {key: project.constant(each, within) for key, each in retries.keywords.items()}  # type: ignore[attr-defined]  # a Call
    return {}
