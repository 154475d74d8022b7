"""What surely runs on Lambda and is deployed: below a handler that is not one of a test suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.rules._on_lambda import way_in
from meantime.tools.check.rules._test_files import is_test_file

if TYPE_CHECKING:
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Chain, Project


def deployed_way_in(project: Project, function: Function) -> Chain | None:
    """How a function comes to run in each invocation of a handler that is surely one, and no test's."""
    chain = way_in(project, function)
    begins = None if chain is None else project.functions.get(chain.begins)
    return None if begins is not None and is_test_file(begins.file) else chain
