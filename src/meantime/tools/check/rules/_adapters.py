"""What is mounted on a requests session: its pool, its retries, perhaps a timeout."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.project import Project

_ADAPTER = "requests.adapters.HTTPAdapter()"


def adapters_of(project: Project, session: Call) -> tuple[Call | None, ...]:
    """The calls that make the adapters mounted on a session; None for one that is not requests' own, or unknown."""
    return tuple(
        _adapter(project, mount)
        for mount in project.calls_to("requests.Session().mount")
        if any(each.origin is session for each in project.values(mount.function, mount.within))
    )


def _adapter(project: Project, mount: Call) -> Call | None:
    given = mount.arguments[1] if len(mount.arguments) > 1 else mount.keywords.get("adapter")
    found = project.values(given, mount.within) if given is not None else ()
    return found[0].origin if len(found) == 1 and found[0].path == _ADAPTER else None
