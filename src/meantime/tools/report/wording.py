"""How the report words what was found out, in the terminal and in Markdown alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.report.figures import memory

if TYPE_CHECKING:
    from meantime.tools.report.advice import Diagnosis
    from meantime.tools.report.results import Verdict

KINDS = {"waits": "IO-bound", "computes": "CPU-bound", "mixed": "Mixed", "fast_enough": "Fast enough"}


def in_short(diagnosis: Diagnosis) -> str:
    """Give the diagnosis as a sentence that begins with its name."""
    return f"{KINDS.get(diagnosis.kind, diagnosis.kind)}: {diagnosis.text}"


def verdict_text(verdict: Verdict) -> str:
    """Give a verdict with the memory size it is for."""
    return verdict.text if verdict.memory_mb is None else f"At {memory(verdict.memory_mb)}: {verdict.text}"
