"""What takes no more of a generator than it needs calls for fewer items than there are."""

import sys
from pathlib import Path

import pytest

from meantime.tools.measure.dependence import independent_groups

sys.path.insert(0, str(Path(__file__).with_name("fakes")))

from builders import call, recording


@pytest.mark.parametrize(
    ("expression", "is_assumed"),
    [
        ("any(session.get(key).ok for key in event['keys'])", True),
        ("all(session.get(key).ok for key in event['keys'])", True),
        ("any([session.get(key).ok for key in event['keys']])", False),
        ("sum(session.get(key).ok for key in event['keys'])", False),
    ],
)
def test_that_is_said_as_an_assumption(tmp_path, expression, is_assumed):
    (tmp_path / "app.py").write_text(f"def lambda_handler(event, context):\n    return {expression}\n")
    stack = ("app.py:2 in lambda_handler", "app.py:2 in <genexpr>") if "([" not in expression else ()
    calls = [call(number, stack=stack or ("app.py:2 in lambda_handler",), line="app.py:2") for number in range(5)]

    (group,) = independent_groups(recording(calls), tmp_path).groups

    assert ("if all items may be called for" in group.assumption) == is_assumed
