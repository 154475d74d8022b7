"""Which handlers answer CloudFormation: they are invoked once for each deployment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meantime.tools.check.model.project import Chain, Project

_LIBRARIES = frozenset({"cfnresponse", "crhelper"})
_KEYS = re.compile(r"""["'](?:RequestType|ResponseURL)["']""")


def is_custom_resource(project: Project, chain: Chain) -> bool:
    """Whether a way begins with a handler of a custom resource."""
    begins = project.functions.get(chain.begins)
    if begins is None:
        return False
    imported = {each.partition(".")[0] for each in project.imports(begins.file)}
    return not imported.isdisjoint(_LIBRARIES) or any(_KEYS.search(line) for line in project.lines(begins.file))
