"""What is said of clients holds for the libraries themselves: names, defaults, and where the timeouts stand."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest

from meantime.tools.check.catalogue.clients import MADE_BY
from meantime.tools.check.catalogue.network import goes_to_network, writes
from meantime.tools.check.catalogue.pools import POOLS, REQUESTS_DEFAULT
from meantime.tools.check.catalogue.timeouts import AIOHTTP_TOTAL, BOTOCORE_READ, UNSET, WAITS_FOR
from meantime.tools.check.model.canonical import canonical

MISSING = {"MySQLdb", "mysql", "pymongo", "elasticsearch", "opensearchpy", "motor"}  # not among our own dependencies
BY_KEYWORDS = {"psycopg2.connect", "psycopg.connect", "psycopg.AsyncConnection.connect", "asyncpg.create_pool"}


def thing(path):
    """What a dotted path names, with `()` for an instance of a class."""
    parts = path.replace("()", "").split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for name in parts[length:]:
            found = getattr(found, name)
        return found
    raise ModuleNotFoundError(path)


def known(paths):
    return [path for path in paths if path.partition(".")[0] not in MISSING and "submit()" not in path]


@pytest.mark.parametrize("path", known(MADE_BY))
def test_what_makes_a_client_exists_under_its_canonical_name(path):
    assert callable(thing(path))
    assert canonical(path) == path


@pytest.mark.parametrize("path", [each for each in known(UNSET) if each not in BY_KEYWORDS])
def test_a_call_takes_its_timeout_as_it_is_said(path):
    timeout = UNSET[path]
    parameters = list(inspect.signature(thing(path)).parameters.values())
    names = [each.name for each in parameters if each.name != "self"]
    if any(each.kind is each.VAR_KEYWORD for each in parameters):
        return  # handed on to what takes it

    assert set(timeout.keywords) <= set(names)
    if timeout.position is not None:
        assert names[timeout.position] == timeout.keywords[0]


@pytest.mark.parametrize("path", [each for each in known(WAITS_FOR) if WAITS_FOR[each].position is not None])
def test_a_timeout_by_place_stands_where_it_is_said(path):
    parameters = [each.name for each in inspect.signature(thing(path)).parameters.values() if each.name != "self"]

    assert parameters[WAITS_FOR[path].position or 0] in ("timeout", "delay", "when")


def test_the_defaults_are_those_of_the_libraries():
    config = thing("botocore.config.Config").OPTION_DEFAULTS
    assert (config["read_timeout"], config["connect_timeout"]) == (BOTOCORE_READ, BOTOCORE_READ)
    assert config["max_pool_connections"] == POOLS["boto3.client"].default

    adapter = inspect.signature(thing("requests.adapters.HTTPAdapter")).parameters
    assert adapter["pool_maxsize"].default == REQUESTS_DEFAULT

    assert thing("aiohttp.client.DEFAULT_TIMEOUT").total == AIOHTTP_TOTAL == UNSET["aiohttp.ClientSession"].default
    assert UNSET["psycopg.connect"].default == thing("psycopg.conninfo")._DEFAULT_CONNECT_TIMEOUT
    assert inspect.signature(thing("asyncpg.connect")).parameters["command_timeout"].default is None


@pytest.mark.parametrize(
    ("path", "goes", "changes"),
    [
        ("boto3.client().get_object", True, False),
        ("boto3.client().send_message", True, True),
        ("boto3.resource().Table().put_item", True, True),
        ("boto3.client().generate_presigned_url", False, False),
        ("boto3.client().get_paginator", False, False),
        ("meantime.clients.boto3().publish", True, True),
        ("requests.get", True, False),
        ("requests.Session().post", True, False),
        ("httpx.AsyncClient().get", True, False),
        ("requests.Session", False, False),
        ("boto3.client", False, False),
    ],
)
def test_it_knows_what_goes_to_the_network_and_what_changes_something_there(path, goes, changes):
    assert goes_to_network(path) is goes
    assert writes(path) is changes
