"""MT105: a client or lock of one event loop, kept in a global, and used on a new loop in each invocation."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding, Step
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._deployed import deployed_way_in
from meantime.tools.check.rules._event_loops import runs_on_new_loops
from meantime.tools.check.rules._reach import reached_from
from meantime.tools.check.rules._spelling import name_of, spelled
from meantime.tools.check.rules._syntax import around

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from meantime.tools.check.finding import Level
    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Chain, Project, Value
    from meantime.tools.check.rules._reach import Reached

_CODE = "MT105"
_CLIENTS = frozenset(
    {
        "httpx.AsyncClient()",
        "httpx2.AsyncClient()",
        "aiohttp.ClientSession()",
        "redis.asyncio.Redis()",
        "redis.asyncio.from_url()",
        "redis.asyncio.Redis.from_url()",
        "asyncpg.create_pool()",
        "asyncpg.connect()",
        "psycopg.AsyncConnection.connect()",
        "psycopg_pool.AsyncConnectionPool()",
        "aiomysql.create_pool()",
        "sqlalchemy.ext.asyncio.create_async_engine()",
        "motor.motor_asyncio.AsyncIOMotorClient()",
        "pymongo.AsyncMongoClient()",
        "openai.AsyncOpenAI()",
        "openai.AsyncAzureOpenAI()",
        "anthropic.AsyncAnthropic()",
        "elasticsearch.AsyncElasticsearch()",
    }
)
_LOCKS = frozenset(
    f"asyncio.{name}()" for name in ("Lock", "Semaphore", "BoundedSemaphore", "Event", "Condition", "Queue")
)

_BOUND = _CLIENTS | _LOCKS  # an engine with a `poolclass` may keep no connections
_SESSION = "sqlalchemy.ext.asyncio.AsyncSession()"
_SESSION_MAKERS = frozenset({"sqlalchemy.ext.asyncio.async_sessionmaker()", "sqlalchemy.orm.sessionmaker()"})
_CLOSING = frozenset({"close", "aclose", "disconnect", "dispose"})


def _check(project: Project) -> Iterator[Finding]:
    found: dict[Call, Finding] = {}
    for entry, main in runs_on_new_loops(project):
        chain = deployed_way_in(project, entry.within)
        if chain is None or entry.within.is_async or project.runs(entry.within).in_thread is not None:
            continue  # where a loop runs already, there will be no other: MT106
        below = list(reached_from(project, main))
        closed = {made: name for reached in below for made, name in _closed(project, reached.function)}
        for reached in below:
            for path, made in _loop_bound(project, reached.function):
                if closed.get(made) == "dispose" or (made in closed and not made.within.is_module):
                    continue  # an engine is as good as new then, and a lazily made client is made again
                finding = _finding(project, path, made, entry, chain, reached)
                if made not in found or (found[made].level, finding.level) == ("warning", "error"):
                    found[made] = finding
    yield from found.values()


def _loop_bound(project: Project, function: Function) -> Iterator[tuple[str, Call]]:
    """What a function uses that belongs to a loop and is kept in a global, with the call that made it."""
    for expression in _used(function):
        for value in project.values(expression, function):
            for path, made in (value, *_engines(project, value)):
                if (
                    path in _BOUND
                    and made is not None
                    and _outlives(project, made)
                    and "poolclass" not in made.keywords
                ):
                    yield path, made


def _engines(project: Project, session: Value) -> Iterator[Value]:
    """The engines that a session of SQLAlchemy works with, by itself or by what makes it."""
    if session.origin is None:
        return
    makers: Iterable[Value] = [session] if session.path == _SESSION or session.path in _SESSION_MAKERS else ()
    if session.path.removesuffix("()") in _SESSION_MAKERS:
        makers = project.values(session.origin.function, session.origin.within)
    for _, made in makers:
        if made is not None:
            for given in (*made.arguments[:1], *(made.keywords[name] for name in ("bind",) if name in made.keywords)):
                yield from project.values(given, made.within)


def _closed(project: Project, function: Function) -> Iterator[tuple[Call, str]]:
    """What a function closes, by the call that made it, and how."""
    for call in function.calls:
        if call.function.kind == "attribute" and call.function.name in _CLOSING:
            for value in project.values(call.function.parts[0], function):
                if value.origin is not None:
                    yield value.origin, call.function.name


def _outlives(project: Project, made: Call) -> bool:
    """Whether what a call makes is there in the next invocation: by a global name, or in an object that has one."""
    if _is_global(project, made) or _is_made_for_global(project, made):
        return True
    attributes = {name.rpartition(".")[2] for name in made.bound if "." in name}
    return (
        bool(attributes)
        and (made.within.name == "__init__" or _is_made_once(project, made, attributes))
        and any(_is_global(project, each) for each in project.calls_to(made.within.class_name))
    )


def _is_global(project: Project, made: Call) -> bool:
    names = made.within.globals.intersection(made.bound)
    return made.within.is_module or (bool(names) and _is_made_once(project, made, names))


def _is_made_for_global(project: Project, made: Call) -> bool:
    """Whether a function gives on what it makes, and only modules call it, for a name of theirs."""
    maker = made.within
    callers = project.callers(maker)
    is_given_on = made.use == "returned" or any(each.name in made.bound for each in maker.returns)
    return is_given_on and bool(callers) and all(each.within.is_module and each.bound for each in callers)


def _is_made_once(project: Project, made: Call, names: Collection[str]) -> bool:
    """Whether a call is made at import only, or where these names are seen to hold nothing yet."""
    return (
        project.runs(made.within).at_import is not None
        or made.in_handler_of == "except"
        or any(
            isinstance(node, ast.If) and any(_last_name(each) in names for each in ast.walk(node.test))
            for function in around(project, made)[:1]
            for node in ast.walk(function)
        )
    )


def _last_name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _used(function: Function) -> Iterator[Expression]:
    yield from function.entered
    for call in function.calls:
        if call.function.kind == "attribute":
            yield call.function.parts[0]


def _finding(project: Project, path: str, made: Call, entry: Call, chain: Chain, reached: Reached) -> Finding:  # noqa: PLR0917  # private
    is_lock = path in _LOCKS
    fate = "fails as soon as two tasks wait for it" if is_lock else 'ends in "Event loop is closed"'
    level: Level = "error" if chain.is_proved and (reached.is_fanned_out or not is_lock) else "warning"
    place = project.place(entry, entry.within)
    return Finding(
        _CODE,
        f"`{spelled(made.function)}(…)` is made once, and belongs to one event loop; `{spelled(entry.function)}` in "
        f"{name_of(entry.within, made.within)} makes another in each invocation: the second {fate}. Keep one loop: "
        "`@meantime.handler` on an async handler, and `@meantime.warm` or `meantime.clients` for what is made on it.",
        project.place(made, made.within),
        level,
        (*chain.steps, Step(place, f"{entry.within.spoken} makes a loop"), *_steps(project, reached)),
    )


def _steps(project: Project, reached: Reached) -> Iterator[Step]:
    for call in reached.way:
        yield Step(project.place(call, call.within), f"{call.within.spoken} calls `{spelled(call.function)}`")


RULE = Rule(
    _CODE,
    "loop-bound-global",
    "A client or lock of one event loop is kept, and used on a new loop in each invocation",
    _check,
    ("error", "warning"),
)
