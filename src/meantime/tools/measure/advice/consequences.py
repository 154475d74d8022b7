"""What calls side by side ask for besides a change: what has to be made safe first, and what is deployed with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.measure.shared_objects import before_a_patch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.measure.advice.situation import Situation
    from meantime.tools.measure.dependence import Group


def consequences(situation: Situation, group: Group, change: str) -> Iterator[str]:
    """Sentences for behind an advice.

    Args:
        situation: The function.
        group: The calls.
        change: The change in code, as it is told; empty where there is none.
    """
    if reason := before_a_patch(group.assumption, group.lines, situation.files):
        yield reason
    if "meantime" not in change and not reason:
        return
    sources = _sources(situation, group)
    if not any("meantime" in text for text in sources):
        yield (
            "The function needs meantime in its package then, by requirements.txt or pip install --target; it has no "
            "dependencies."
        )
    if not any("meantime.handler" in text for text in sources):
        yield "@meantime.handler on the handler gives all of it a deadline, before Lambda's own timeout."


def _sources(situation: Situation, group: Group) -> list[str]:
    """The texts of the files of the handler and of the calls."""
    module = (situation.handler or situation.recording.handler).rpartition(".")[0]
    names = [f"{module.replace('.', '/')}.py", *(line.rpartition(":")[0] for line in group.lines)]
    found = (situation.files.read(name) for name in dict.fromkeys(names))
    return [file.text for file in found if file is not None]
