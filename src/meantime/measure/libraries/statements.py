"""How a statement of SQL is named: its verb and its first table, never what it compares with."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LOOKED_AT = 20_000  # characters of a statement
_LONGEST = 60
_KEPT = 1_000

# Strings, dollar-quoted ones and comments: nothing in them is a part of the statement. A MySQL string may hold \'.
_NOISE = re.compile(
    r"/\*.*?\*/|--[^\n]*|(?<![\w$])\$(\w*)\$.*?\$\1\$|(?:\b[eE])?'(?:[^'\\]|''|\\.)*(?:'|$)|(?<!\w)#(?!>)[^\n]*",
    re.DOTALL,
)
# The same, where only an E'...' string may hold \\', as in PostgreSQL.
_NOISE_OF_STANDARD = re.compile(
    r"/\*.*?\*/|--[^\n]*|(?<![\w$])\$(\w*)\$.*?\$\1\$|\b[eE]'(?:[^'\\]|''|\\.)*(?:'|$)|'(?:[^']|'')*(?:'|$)",
    re.DOTALL,
)
# In double quotes is a name where a table is named; elsewhere it may be a string of MySQL's.
_QUOTED = re.compile(
    r'(\b(?:from|into|update|join|table|truncate|copy|only|exists|lateral|with|recursive)\s+(?:"[^"]*"\s*\.\s*)*"[^"]*"'
    r'|\.\s*"[^"]*")|"(?:[^"]|"")*"?',
    re.IGNORECASE,
)
# In these FROM introduces no table.
_FROM_OF_A_FUNCTION = re.compile(r"\b(?:extract|substring|trim|overlay|position)\s*\([^()]*\)", re.IGNORECASE)
_NAME = r'(?:"[^"]+"|`[^`]+`|\[[^\]]+\]|[^\W\d][\w$]*)'
_TABLE = re.compile(
    rf"\b(?:from|into|update|join|table|copy|truncate)\s+(?:(?:only|lateral|if\s+(?:not\s+)?exists|table)\s+)*"
    rf"({_NAME}(?:\s*\.\s*{_NAME})*)(\s*\()?",
    re.IGNORECASE,
)
_COMMON = re.compile(
    rf"(?:\bwith\s+(?:recursive\s+)?|,\s*)({_NAME})\s*(?:\([^()]*\)\s*)?as\s*(?:(?:not\s+)?materialized\s*)?\(",
    re.IGNORECASE,
)
_VERB = re.compile(r"[A-Za-z]+")
_CHANGE = re.compile(r"\b(insert\s+into|update|delete\s+from|merge\s+into)\b", re.IGNORECASE)
_ALONE = re.compile(
    r"(?i:begin|commit|rollback|savepoint|release|set|show|start|end|deallocate|listen|unlisten|notify|reset|discard|"
    r"call|do)\b"
)
_LONGEST_VERB = 12

_known: dict[int, str] = {}  # by the statement's hash: it may be as long as it likes


def statement_name(statement: Any) -> str:
    """`SELECT readings`; `SQL` where nothing can be told."""
    if not isinstance(statement, (str, bytes)):
        return _name(_text(statement))
    key = hash(statement)
    name = _known.get(key)
    if name is None:
        if len(_known) >= _KEPT:
            _known.clear()
        name = _known[key] = _name(_text(statement))
    return name


def _text(statement: Any) -> str:
    if isinstance(statement, str):
        return statement[:_LOOKED_AT]
    if isinstance(statement, bytes):
        return statement[:_LOOKED_AT].decode("utf-8", "replace")
    strings = getattr(statement, "strings", None)  # a template string
    if strings is not None:
        return "?".join(strings)[:_LOOKED_AT]
    as_string = getattr(statement, "as_string", None)  # psycopg's composed statements
    try:
        return str(as_string())[:_LOOKED_AT] if as_string is not None else ""
    except TypeError:  # psycopg2's, and those of psycopg before 3.2, want a connection
        try:
            return str(as_string(None))[:_LOOKED_AT] if as_string is not None else ""
        except Exception:  # noqa: BLE001  # there is none here
            return ""


def _name(statement: str) -> str:
    name = _name_without(_NOISE, statement)
    if "\\'" in statement and name != _name_without(_NOISE_OF_STANDARD, statement):
        return name.partition(" ")[0]  # whether \' ends a string is the server's setting: so nothing but the verb
    return name


def _name_without(noise: re.Pattern[str], statement: str) -> str:
    text = _FROM_OF_A_FUNCTION.sub(" ", _QUOTED.sub(r"\1", noise.sub(" ", statement)))
    found = _VERB.search(text)
    if found is None:
        return "SQL"
    verb = found[0].upper()
    commons: set[str] = set()
    if verb == "WITH":
        commons = {_plain(each).lower() for each in _COMMON.findall(text)}
        change = _CHANGE.search(text)
        verb = "SELECT" if change is None else change[0].split()[0].upper()
        text = text if change is None else text[change.start() :]
    if _ALONE.fullmatch(verb) or len(verb) > _LONGEST_VERB:
        return verb[:_LONGEST_VERB]
    for table, parenthesis in _TABLE.findall(text):
        name = _plain(table)
        # `from generate_series(` is a function; `insert into readings (` is none
        if name.lower() in commons or name.lower() in _NO_TABLES or (parenthesis and verb == "SELECT"):
            continue
        whole = f"{verb} {name}"
        return whole if len(whole) <= _LONGEST else f"{whole[: _LONGEST - 1]}…"
    return verb


_NO_TABLES = frozenset({"select", "values", "set", "unnest", "lateral", "stdin", "stdout"})


def _plain(name: str) -> str:
    return re.sub(r'["`\[\]\s]', "", name)
