"""Which of ruff's rules about async functions report a blocking call, too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.project import Project

_BY_NAME = (
    (re.compile(r"requests\.(get|post|put|patch|delete|head|options|request)"), "ASYNC210"),
    (re.compile(r"httpx\.(get|post|put|patch|delete|head|options|request)"), "ASYNC210"),
    (re.compile(r"urllib\.request\.urlopen|urllib3\.request"), "ASYNC210"),
    (re.compile(r"subprocess\.Popen|os\.popen"), "ASYNC220"),
    (re.compile(r"subprocess\.(run|call|check_call|check_output|getoutput|getstatusoutput)"), "ASYNC221"),
    (re.compile(r"os\.(system|posix_spawnp?|spawn\w+)"), "ASYNC221"),
    (re.compile(r"os\.(wait|wait3|wait4|waitid|waitpid)"), "ASYNC222"),
    (re.compile(r"builtins\.input"), "ASYNC250"),
    (re.compile(r"time\.sleep"), "ASYNC251"),
)


def ruffs_rules(project: Project, call: Call) -> tuple[str, ...]:
    """The codes of ruff's rules for a call that stands in a coroutine function itself."""
    paths = project.targets(call)
    if len(paths) != 1:
        return ()
    path = next(iter(paths))
    if path.startswith("httpx.Client()."):
        return ("ASYNC212",) if _is_local(call) else ()
    if path.startswith("subprocess.Popen()."):
        return ("ASYNC220",) if call.function.parts[0].kind == "call" else ()
    is_plain = path.startswith("builtins.") or _root(call.function) in _imported(project, call)
    return tuple(code for pattern, code in _BY_NAME if is_plain and pattern.fullmatch(path))


def _is_local(call: Call) -> bool:
    """Whether ruff sees what the name holds: given in the same function, by assignment, `with` or annotation."""
    receiver = call.function.parts[0]
    if receiver.kind != "name":
        return False
    is_parameter = any(each.name == receiver.name and each.annotation is not None for each in call.within.parameters)
    return is_parameter or receiver.name in call.within.assigned


def _root(expression: Expression) -> str:
    while expression.kind == "attribute":
        expression = expression.parts[0]
    return expression.name if expression.kind == "name" else ""


def _imported(project: Project, call: Call) -> dict[str, str]:
    return project.modules[call.within.file].imports
