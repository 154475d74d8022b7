"""What the source says of values: constants, numbers of items, and what comes from the event."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from meantime.tools.check.model.project import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def asked(project_of) -> Callable[[str, str], object]:
    """Gives what a method of the project answers for the argument of the one `reveal(…)`."""

    def ask(method: str, source: str | dict[str, str]) -> object:
        project = project_of(source)
        calls = [call for function in project.functions.values() for call in function.calls]
        (call,) = [call for call in calls if call.function.name == "reveal"]
        return getattr(project, method)(call.arguments[0], call.within)

    return ask


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("reveal(30)", 30),
        ("reveal(-1)", -1),
        ("reveal(5 * 60)", 300),
        ("TIMEOUT = 5 * 60\nreveal(TIMEOUT)", 300),
        ("TIMEOUT = 3\ndef f():\n    reveal(TIMEOUT)", 3),
        ("class A:\n    timeout = 3\n    def f(self):\n        reveal(self.timeout)", 3),
        ("TIMEOUT = 3\nTIMEOUT = 4\nreveal(TIMEOUT)", UNKNOWN),
        ("def f(timeout=3):\n    reveal(timeout)", UNKNOWN),
        ("TIMEOUT = 3\ndef change():\n    global TIMEOUT\n    TIMEOUT = x\nreveal(TIMEOUT)", UNKNOWN),
        ("TIMEOUT = 3\nTIMEOUT += 1\nreveal(TIMEOUT)", UNKNOWN),
        ("import os\nreveal(os.environ['TIMEOUT'])", UNKNOWN),
        ({"app.py": "from settings import T\nreveal(T)", "settings.py": "T = 7"}, 7),
        ({"app.py": "import settings\nreveal(settings.T)", "settings.py": "T = 7"}, 7),
        ("x = None\nreveal(x)", None),
        ("for x in range(3):\n    reveal(x)", UNKNOWN),
    ],
)
def test_constants(asked, source, expected):
    assert asked("constant", source) is expected or asked("constant", source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("reveal([1, 2, 3])", 3),
        ("reveal((1, 2))", 2),
        ("reveal({1: 2})", 1),
        ("reveal([*A, 1])\nA = [1, 2]", 3),
        ("A = [1, 2]\nreveal(A)", 2),
        ("A = {'a': 1}\nreveal(A.items())", 1),
        ("reveal(range(5))", 5),
        ("N = 5\nreveal(range(N))", 5),
        ("reveal(range(2, 10, 2))", 4),
        ("reveal(range(n))", None),
        ("reveal(enumerate([1, 2]))", 2),
        ("reveal(zip([1, 2], x))", 2),
        ("reveal(sorted([1, 2]))", 2),
        ("reveal([f(x) for x in [1, 2]])", 2),
        ("reveal([f(x, y) for x in [1, 2] for y in [1, 2, 3]])", 6),
        ("reveal([f(x) for x in y])", None),
        ("reveal(x[:10])", 10),
        ("A = []\nA.append(1)\nreveal(A)", None),
        ("A = []\ndef add():\n    A.append(1)\nreveal(A)", None),
        ("A = [1]\nA += [2]\nreveal(A)", None),
        ("A = [1]\nA = [1, 2]\nreveal(A)", None),
        ("A = {}\nA[1] = 2\nreveal(A)", None),
        ("reveal({**A})", None),
        ("reveal('abc')", 3),
        ("def f(x):\n    reveal(x)", None),
        ({"app.py": "import settings\nreveal(settings.T)", "settings.py": "T = [7]"}, 1),
        ({"app.py": "import settings\nreveal(settings.T)", "settings.py": "T = [7]\nT.append(1)"}, None),
    ],
)
def test_lengths(asked, source, expected):
    assert asked("length", source) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("event", True),
        ("event['Records']", True),
        ("event.get('keys', [])", True),
        ("[x['id'] for x in event['Records']]", True),
        ("list(event['keys'])", True),
        ("event['keys'][:10]", False),
        ("event['keys'][1:]", True),
        ("f'{event}'", True),
        ("[1, 2]", False),
        ("context", False),
        ("NAMES", False),
        ("(event or {})['keys']", True),
        ("load()", False),
    ],
)
def test_what_comes_from_the_event(asked, expression, expected):
    source = f"NAMES = ['a']\ndef load(): ...\ndef lambda_handler(event, context):\n    reveal({expression})\n"
    assert asked("comes_from_event", source) is expected


def test_what_comes_from_the_event_is_followed_into_helpers(asked):
    source = """
        def load(keys):
            for key in keys:
                reveal(key)
        def lambda_handler(event, context):
            keys = event["keys"]
            load(keys)
        """
    assert asked("comes_from_event", source) is True


def test_a_chunk_is_no_longer_as_long_as_the_caller_likes(asked):
    source = """
        from itertools import batched
        def lambda_handler(event, context):
            for chunk in batched(event["keys"], 10):
                reveal(chunk)
        """
    assert asked("comes_from_event", source) is False
