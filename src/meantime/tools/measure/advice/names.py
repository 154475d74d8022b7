"""Whether a changed file still knows every name that it uses."""

from __future__ import annotations

import builtins
import symtable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def binds_its_names(before: str, after: str) -> bool:
    """Whether a changed file can be compiled, and uses no name that it does not bind, but for those of before.

    Args:
        before: The file's text.
        after: Its text with the change.
    """
    try:
        compile(after, "changed", "exec", dont_inherit=True)
        return _unbound(after) <= _unbound(before)
    except (SyntaxError, ValueError, RecursionError):
        return False


def _unbound(text: str) -> set[str]:
    top = symtable.symtable(text, "file", "exec")
    known = {each.get_name() for each in top.get_symbols() if each.is_assigned() or each.is_imported()}
    known |= set(dir(builtins)) | {"__file__", "__name__", "__doc__", "__spec__", "__loader__", "__package__"}
    found = set()
    for table in _tables(top):
        for each in table.get_symbols():
            is_of_module = each.is_global() or table is top
            if is_of_module and each.is_assigned():
                known.add(each.get_name())
            elif is_of_module and each.is_referenced():
                found.add(each.get_name())
            elif each.is_local() and each.is_referenced() and not _is_bound(each):
                found.add(f"{table.get_name()}.{each.get_name()}")
    return found - known


def _is_bound(symbol: symtable.Symbol) -> bool:
    return symbol.is_assigned() or symbol.is_parameter() or symbol.is_imported() or symbol.is_namespace()


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for each in table.get_children():
        yield from _tables(each)
