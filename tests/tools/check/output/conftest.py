"""What a check came to, made up: one finding of each kind."""

from __future__ import annotations

import pytest

from meantime.tools.check.checking import Checked
from meantime.tools.check.finding import Edit, Finding, Fix, Place, Step

APP = """import helpers


def lambda_handler(event, context):
    value = helpers.load_user(event["id"])
    return value
"""
HELPERS = 'import requests\n\n\ndef load_user(key):\n\treturn requests.get(f"https://example.org/{key}")\n'


@pytest.fixture
def checked(tmp_path) -> Checked:
    """Three findings: one with a way there, one with a fix, one that is only likely and that ruff knows, too."""
    (tmp_path / "app.py").write_text(APP, encoding="utf-8")
    (tmp_path / "my lib").mkdir()
    (tmp_path / "my lib/helpers.py").write_text(HELPERS, encoding="utf-8")
    call = Place("app.py", 5, 13, 5, 43)
    edit = Edit(Place("app.py", 4, 1), "@meantime.handler\n")
    return Checked(
        root=tmp_path,
        findings=(
            Finding("MT001", "This is so. Do that.", Place("app.py", 4, 5, 4, 19), fix=Fix("Put it on", (edit,))),
            Finding(
                "MT002",
                "`requests.get` waits: 100 % of the time, 5 s.",
                Place("my lib/helpers.py", 5, 9, 5, 50),
                chain=(Step(call, "lambda_handler calls load_user"),),
            ),
            Finding(
                "MT002", "Likely.", Place("my lib/helpers.py", 1), level="warning", also_found_by=("RUF100", "F401")
            ),
        ),
        files=2,
        likely=3,
        repeated=1,
        quiet=4,
    )
