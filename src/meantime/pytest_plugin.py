"""The pytest plugin: fixtures for tests of Lambda handlers. Found by pytest itself where Meantime is installed.

Every test run there loads this file, so it loads nothing; a fixture of the same name in a test suite goes first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.environment import Environment
    from meantime.testing import FakeClock, LambdaContext


@pytest.fixture
def lambda_context(request: pytest.FixtureRequest) -> LambdaContext:
    """A Lambda context of 3 seconds; another time by `@pytest.mark.lambda_timeout(30)`."""
    from meantime.testing import LambdaContext  # noqa: PLC0415  # pytest loads this file for every test there is

    if "fake_clock" in request.fixturenames:
        request.getfixturevalue("fake_clock")  # first: the time of the context is to run by it
    marker = request.node.get_closest_marker("lambda_timeout")
    return LambdaContext(*(marker.args if marker else ()), **(marker.kwargs if marker else {}))


@pytest.fixture
def fresh_environment() -> Iterator[Environment]:
    """An execution environment of the test's own: cold at its start, its warm resources closed at its end."""
    from meantime.testing import fresh_environment as fresh  # noqa: PLC0415  # as above

    with fresh() as environment:
        yield environment


@pytest.fixture
def fake_clock() -> Iterator[FakeClock]:
    """A clock to hold: `fake_clock.advance(5)`; deadlines, limiters, retries and `max_idle` go by it."""
    from meantime.testing import FakeClock  # noqa: PLC0415  # as above

    with FakeClock() as clock:
        yield clock


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker."""
    config.addinivalue_line(
        "markers", "lambda_timeout(seconds, **more): what the lambda_context fixture gives LambdaContext"
    )
