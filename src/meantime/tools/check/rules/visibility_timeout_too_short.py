"""MT804: a queue that hands a message out again while its function may still be working on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
from meantime.tools.check.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.finding import Level, Place
    from meantime.tools.check.handlers.handler import Configuration, EventSource
    from meantime.tools.check.model.project import Project

_CODE = "MT804"
_TIMES = 6
"""So many of the function's timeouts a visibility timeout lasts, by AWS: a throttled batch is tried again in it."""


def _check(project: Project) -> Iterator[Finding]:
    worst: dict[Place, tuple[float, Finding]] = {}
    for configuration in project.configurations:
        for source in configuration.sources:
            found = _finding(configuration, source)
            if found is not None and configuration.timeout is not None:
                known = worst.get(found.place)
                if known is None or configuration.timeout > known[0]:
                    worst[found.place] = (configuration.timeout, found)
    for _, finding in worst.values():
        yield finding


def _finding(configuration: Configuration, source: EventSource) -> Finding | None:
    hidden, timeout, place = source.visibility_timeout, configuration.timeout, source.visibility_place
    if source.kind != "sqs" or hidden is None or timeout is None or place is None:
        return None
    window = source.batch_window or 0.0
    needed = _TIMES * timeout
    name = configuration.name
    remedy = _remedy(place, needed + window)
    if hidden < timeout:
        return Finding(
            _CODE,
            f"The queue hides a message for {hidden:g} s and `{name}` may take {timeout:g} s: Lambda refuses such a "
            f"mapping. {remedy}",
            place,
        )
    if hidden < needed + window:
        level: Level = "error" if hidden < needed else "warning"
        ask = f"six times its timeout of {timeout:g} s" + (f" and the batch window of {window:g} s" if window else "")
        return Finding(
            _CODE,
            f"The queue hides a message for {hidden:g} s; for `{name}` AWS asks for {ask}, since a throttled batch is "
            f"tried again within that. {remedy}",
            place,
            level,
        )
    return None


def _remedy(place: Place, seconds: float) -> str:
    """What to write, as the template's tool spells it: a stack of the CDK, or a resource of CloudFormation."""
    if place.path.endswith(".py"):
        return f"Set `visibility_timeout=Duration.seconds({seconds:g})` or more."
    return f"Set `VisibilityTimeout` to at least {seconds:g}."


RULE = Rule(
    _CODE,
    "visibility-timeout-too-short",
    "A queue whose visibility timeout is less than six times its function's timeout",
    _check,
    ("error", "warning"),
)
