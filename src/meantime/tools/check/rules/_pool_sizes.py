"""How many connections the client behind a value keeps, as far as the source proves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from meantime.tools.check.catalogue.clients import MADE_BY
from meantime.tools.check.catalogue.network import goes_to_network
from meantime.tools.check.catalogue.pools import POOLS, REQUESTS_DEFAULT
from meantime.tools.check.rules._adapters import adapters_of
from meantime.tools.check.rules._clients import maker

if TYPE_CHECKING:
    from meantime.tools.check.catalogue.pools import Pool
    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.project import Project, Value

_THROWN_AWAY = "each further one opens a connection and throws it away"
_WAITS = "the others wait, and fail with `PoolTimeout`"


class Size(NamedTuple):
    """The size of a pool.

    Args:
        size: Connections.
        is_sure: Whether too few are surely not meant.
        what_happens: To calls above it.
        remedy: What to set, with `{width}` for the number.
        is_async: Whether its calls are awaited.
    """

    size: int
    is_sure: bool
    what_happens: str
    remedy: str
    is_async: bool = False


def pool_of(project: Project, value: Value) -> Size | None:
    """The pool that a call of a client's method goes through; None if it is none, or not known."""
    if not goes_to_network(value.path):
        return None
    made = maker(project, value)
    if made is None:
        return None
    (path, *others) = project.targets(made)
    if path == "requests.Session" and not others:
        return _requests(project, made)
    pool = POOLS.get(path)
    size = _said(project, made, pool) if pool is not None and not others else None
    if pool is None or size is None:
        return None
    remedy = f"`{pool.keyword}={{width}}`" + (
        f" in its `{pool.configuration.rpartition('.')[2]}`" if pool.configuration else ""
    )
    return Size(size, not pool.refuses, _WAITS if pool.refuses else _THROWN_AWAY, remedy, MADE_BY[path].is_async)


def _said(project: Project, made: Call, pool: Pool) -> int | None:
    if "**" in made.keywords:
        return None
    if not pool.configured_by:
        return _number(project, made, pool.keyword, pool.default)
    configuration = made.keywords.get(pool.configured_by)
    if configuration is None:
        return pool.default
    found = project.values(configuration, made.within)
    if len(found) != 1 or found[0].path != f"{pool.configuration}()" or found[0].origin is None:
        return None
    return _number(project, found[0].origin, pool.keyword, pool.default)


def _number(project: Project, call: Call, keyword: str, default: int | None) -> int | None:
    if "**" in call.keywords:
        return None
    given = call.keywords.get(keyword)
    if given is None:
        return default
    value = project.constant(given, call.within)
    return value if isinstance(value, int) else None


def _requests(project: Project, session: Call) -> Size | None:
    sizes = [REQUESTS_DEFAULT]
    for adapter in adapters_of(project, session):
        if adapter is None or len(adapter.arguments) > 1:
            return None
        size = _number(project, adapter, "pool_maxsize", REQUESTS_DEFAULT)
        if size is None:
            return None
        sizes.append(size)
    remedy = "`HTTPAdapter(pool_maxsize={width})`, mounted on it"
    return Size(max(sizes), is_sure=False, what_happens=_THROWN_AWAY, remedy=remedy)
