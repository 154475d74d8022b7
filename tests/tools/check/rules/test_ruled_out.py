"""A branch that a way never takes, by a default or a constant that is given on it: a warning, no error."""

from __future__ import annotations

import pytest

SOURCE = """
from time import sleep


async def main(url, now):
{calls}


def load(url, {parameters}):
{body}
"""


def level_of(findings_of, calls, parameters, body):
    """The level of the one finding; what stands in the body from a `def` on stands behind it."""
    own, _, behind = body.partition("\n\n\n")
    own = "\n".join(f"    {each}" for each in own.splitlines())
    [found] = findings_of("MT202", SOURCE.format(calls=f"    {calls}", parameters=parameters, body=own) + "\n" + behind)
    return found.level


@pytest.mark.parametrize(
    ("calls", "parameters", "body"),
    [
        pytest.param("load(url)", "again=False", "if again:\n    sleep(1)", id="a default that is false"),
        pytest.param("load(url)", "again=None", "while again:\n    sleep(1)", id="a while"),
        pytest.param("load(url)", "quick=True", "if not quick:\n    sleep(1)", id="not"),
        pytest.param("load(url)", "quick=True", "if quick:\n    pass\nelse:\n    sleep(1)", id="else"),
        pytest.param("load(url)", "quick=True", "return 1 if quick else sleep(1)", id="an expression"),
        pytest.param("load(url)", "again=0", "return sleep(1) if again else 1", id="an expression's first"),
        pytest.param("load(url)", "pause=None", "if pause is not None:\n    sleep(1)", id="is not None"),
        pytest.param("load(url, 2)", "pause=None", "if pause is None:\n    sleep(1)", id="is None, given another"),
        pytest.param("load(url, again=False)", "again=True", "if again:\n    sleep(1)", id="a constant by name"),
        pytest.param("load(url, False)", "again", "if again:\n    sleep(1)", id="a constant by place"),
        pytest.param("load(url)", "*, again=False", "if again:\n    sleep(1)", id="by name only"),
        pytest.param("load(url)", "again=False", "if url and again:\n    sleep(1)", id="and"),
        pytest.param("load(url)", "quick=True", "if url or quick:\n    return\nsleep(1)", id="or, returned before"),
        pytest.param("load(url)", "again=False", "if not again:\n    return\nsleep(1)", id="returned before"),
        pytest.param(
            "load(url)",
            "again=False",
            "try:\n    if not again:\n        raise ValueError\n    sleep(1)\nfinally:\n    pass",
            id="raised before",
        ),
        pytest.param(
            "load(url)",
            "again=False",
            "wait(again)\n\n\ndef wait(again=True):\n    if again:\n        sleep(1)",
            id="passed on",
        ),
        pytest.param(
            "load(url)", "again=False", "if again:\n    wait()\n\n\ndef wait():\n    sleep(1)", id="earlier on the way"
        ),
    ],
)
def test_a_way_that_is_not_gone_is_no_error(findings_of, calls, parameters, body):
    assert level_of(findings_of, calls, parameters, body) == "warning"


@pytest.mark.parametrize(
    ("calls", "parameters", "body"),
    [
        pytest.param("load(url)", "again=True", "if again:\n    sleep(1)", id="a default that is true"),
        pytest.param("load(url)", "again=False", "if not again:\n    sleep(1)", id="not"),
        pytest.param("load(url)", "again=False", "if again:\n    pass\nelse:\n    sleep(1)", id="else"),
        pytest.param("load(url)", "again=False", "while again:\n    pass\nelse:\n    sleep(1)", id="a while's else"),
        pytest.param("load(url)", "again=False", "return 1 if again else sleep(1)", id="an expression"),
        pytest.param("load(url)", "pause=None", "if pause is None:\n    sleep(1)", id="is None"),
        pytest.param("load(url, 2)", "pause=None", "if pause is not None:\n    sleep(1)", id="is not None"),
        pytest.param("load(url)", "pause=None", "if pause is url:\n    sleep(1)", id="is something else"),
        pytest.param("load(url)", "pause=None", "if pause == None:\n    sleep(1)", id="is asked in another way"),
        pytest.param("load(url, again=True)", "again=False", "if again:\n    sleep(1)", id="a constant by name"),
        pytest.param("load(url, True)", "again=False", "if again:\n    sleep(1)", id="a constant by place"),
        pytest.param("load(url, now)", "again=False", "if again:\n    sleep(1)", id="who knows what"),
        pytest.param("load(url, again=now)", "again=False", "if again:\n    sleep(1)", id="who knows what, by name"),
        pytest.param("load(url, **now)", "again=False", "if again:\n    sleep(1)", id="who knows what by name"),
        pytest.param("load(url, *now)", "again=False", "if again:\n    sleep(1)", id="who knows what by place"),
        pytest.param("load(url)", "again=False", "again = again or url\nif again:\n    sleep(1)", id="changed"),
        pytest.param("load(url)", "again=False", "if url or again:\n    sleep(1)", id="or"),
        pytest.param("load(url)", "quick=True", "if url and quick:\n    return\nsleep(1)", id="and, returned before"),
        pytest.param("load(url)", "quick=True", "if quick:\n    url = 1\nsleep(1)", id="nothing left before"),
        pytest.param("load(url)", "quick=True", "sleep(1)\nif quick:\n    return", id="returned after"),
        pytest.param(
            "load(url)",
            "again=False",
            "wait(not again)\n\n\ndef wait(again=False):\n    if again:\n        sleep(1)",
            id="passed on, changed",
        ),
        pytest.param(
            "load(url)",
            "again=False",
            "wait()\n\n\ndef wait(again=True):\n    if again:\n        sleep(1)",
            id="another's parameter of the same name",
        ),
    ],
)
def test_a_way_that_may_be_gone_is_an_error(findings_of, calls, parameters, body):
    assert level_of(findings_of, calls, parameters, body) == "error"


@pytest.mark.parametrize(
    ("handing", "level"),
    [
        pytest.param("functools.partial(load, again=True)()", "error", id="partial gives it more"),
        pytest.param("functools.partial(load)(again=True)", "error", id="partial is given more"),
        pytest.param("load()", "warning", id="the call itself"),
    ],
)
def test_what_gives_a_function_more_is_not_taken_for_a_call_of_it(findings_of, handing, level):
    [found] = findings_of(
        "MT202",
        "import functools\nfrom time import sleep\n\n\ndef load(again=False):\n    if again:\n        sleep(1)\n\n\n"
        f"async def main():\n    {handing}\n",
    )

    assert found.level == level


def test_a_method_is_given_itself_first(findings_of):
    [found] = findings_of(
        "MT202",
        "from time import sleep\n\n\nclass Store:\n    def load(self, key, again=False):\n        if again:\n"
        "            sleep(1)\n\n\nasync def main(key):\n    Store().load(key, True)\n",
    )

    assert found.level == "error"


def test_a_loop_is_not_run_on_a_running_one_where_the_branch_is_not_taken(findings_of):
    source = (
        "import asyncio\n\n\nasync def main():\n    load()\n\n\ndef load(again={}):\n    if again:\n"
        "        asyncio.run(asyncio.sleep(1))\n"
    )

    assert [found.level for found in findings_of("MT106", source.format("False"))] == ["warning"]
    assert [found.level for found in findings_of("MT106", source.format("True"))] == ["error"]
