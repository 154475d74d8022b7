"""MT602: a connection that serves one thread at a time, used by several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._side_by_side import shared_uses
from meantime.tools.check.rules._spelling import spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.project import Project, Value

_SESSIONS = ("requests.Session()",)
_CONNECTIONS = (
    "sqlite3.connect()",
    "pymysql.connect()",
    "MySQLdb.connect()",
    "mysql.connector.connect()",
    "psycopg.connect().cursor()",
    "psycopg2.connect().cursor()",
    "sqlalchemy.orm.Session()",
    "sqlalchemy.orm.sessionmaker()()",
    "http.client.HTTPConnection()",
    "http.client.HTTPSConnection()",
    "smtplib.SMTP()",
    "smtplib.SMTP_SSL()",
    "ftplib.FTP()",
    "ftplib.FTP_TLS()",
    "imaplib.IMAP4()",
    "imaplib.IMAP4_SSL()",
)


def _check(project: Project) -> Iterator[Finding]:
    for use in shared_uses(project, (*_CONNECTIONS, *_SESSIONS)):
        is_likely = not use.is_proved or _is_likely_only(use.value)
        yield Finding(
            code=RULE.code,
            message=(
                f"`{spelled(use.spelling)}` ({_named(use.value)}) serves one thread at a time, and several use it at "
                f"once. {_remedy(use.value)}"
            ),
            place=project.place(use.call, use.call.within),
            level="warning" if is_likely else "error",
            chain=use.steps,
        )


def _remedy(value: Value) -> str:
    if value.path.startswith(_SESSIONS):
        return "`meantime.clients.requests(max_concurrency=…)` makes one that they may share."
    return "Give each call its own from a pool, or hold a lock around each use."


def _is_likely_only(value: Value) -> bool:
    is_shared_on_purpose = value.origin is not None and "check_same_thread" in value.origin.keywords  # of sqlite3
    return value.path.startswith(_SESSIONS) or is_shared_on_purpose


def _named(value: Value) -> str:
    return value.path.removesuffix("()").replace("()", "(…)")


RULE = Rule(
    code="MT602",
    name="connection-shared-between-threads",
    summary="A connection that serves one thread at a time, used by several",
    check=_check,
    levels=("error", "warning"),
)
