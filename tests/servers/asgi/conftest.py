"""The broad application, there both ways for all tests of a module."""

from __future__ import annotations

import pytest
from tests.servers.asgi.differences import SOURCES
from tests.servers.asgi.servers import both_ways


@pytest.fixture(scope="module")
def broad(tmp_path_factory):
    with both_ways("broad", SOURCES, tmp_path_factory.mktemp("broad")) as ways:
        yield ways
