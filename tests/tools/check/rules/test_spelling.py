"""How messages name what the source calls."""

from __future__ import annotations

import pytest

from meantime.tools.check.model.expressions import Call, Expression
from meantime.tools.check.model.functions import Function
from meantime.tools.check.rules._spelling import name_of, spelled

CLIENT = Expression("name", "client")


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (CLIENT, "client"),
        (Expression("attribute", "get", (CLIENT,)), "client.get"),
        (Call(CLIENT, 1, 0), "client(…)"),
        (Expression("await", "", (CLIENT,)), "client"),
        (Expression("item", "", (CLIENT,), "Body"), 'client["Body"]'),
        (Expression("item", "", (CLIENT,), 0), "client"),
        (Expression("item", "", (CLIENT,)), "client"),
        (Expression("attribute", "strip", (Expression("constant", value="text"),)), "….strip"),
    ],
)
def test_an_expression_is_spelled_as_in_the_source(expression, text):
    assert spelled(expression) == text


def test_a_method_is_named_with_its_class_and_a_function_of_another_file_with_that():
    load = Function("app", "load", "app.load", "app.py", 1, 0)
    handle = Function("service", "handle", "service.Service.handle", "lib/service.py", 1, 0)
    handle.class_name = "service.Service"

    assert name_of(load) == "`load`"
    assert name_of(load, load) == "`load`"
    assert name_of(handle) == "`Service.handle`"
    assert name_of(handle, load) == "`Service.handle` (lib/service.py)"
    assert name_of(Function("app", "<lambda>", "app.<lambda 3:1>", "app.py", 3, 0), handle) == "a lambda (app.py)"
