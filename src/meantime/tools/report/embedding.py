"""The results as the page embeds them: the same as `results.json`, without what stands at its default in each call."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from meantime.tools.report.recording import RecordedCall, Wait

if TYPE_CHECKING:
    from meantime.tools.report.results import Results


_DECIMALS = 3  # of a millisecond: the clock tells no less, and the file is a third smaller


def embedded(results: Results) -> Markup:
    """Give the text of a script element that holds the results. No `<` is left that could end it or begin a comment."""
    document = json.loads(results.to_json())
    for run in document["runs"]:
        run.pop("calls", None)  # the recording holds them
        recording = run["recording"]
        if recording is not None:
            recording["calls"] = [_without(call, _CALL) for call in recording["calls"]]
            recording["waits"] = [_without(wait, _WAIT) for wait in recording["waits"]]
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    # A lone surrogate, which no encoding takes, becomes JSON's own escape for it.
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    escaped = text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return Markup(escaped)  # noqa: S704  # escaped in the line above


def defaults() -> dict[str, dict[str, Any]]:
    """Give what the page's scripts add to each call and each wait again."""
    return {"call": _CALL, "wait": _WAIT}


def _without(record: dict[str, Any], usual: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in record.items() if name not in usual or value != usual[name]}
    return {name: round(value, _DECIMALS) if isinstance(value, float) else value for name, value in kept.items()}


def _defaults_of(kind: Any) -> dict[str, Any]:
    found = {each.name: each.default for each in fields(kind) if each.default is not MISSING}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


_CALL = _defaults_of(RecordedCall)
_WAIT = _defaults_of(Wait)
