"""What holds for all clients, without a server and, where it can be, without the libraries."""

from __future__ import annotations

import importlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meantime import clients
from meantime.clients.ending import described

LIBRARIES = ["aiohttp", "boto3", "httpx", "httpx2", "requests"]


def test_importing_the_package_loads_no_library_and_not_even_ssl(run_python):
    run_python(f"""
        import sys
        from meantime import clients
        assert sorted(set({LIBRARIES}) & set(dir(clients))) == {LIBRARIES}
        loaded = {{"ssl", "socket", "asyncio", "urllib3", "logging", *{LIBRARIES}}} & sys.modules.keys()
        assert not loaded, loaded
    """)


def test_the_package_has_no_other_names():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        clients.nonsense  # noqa: B018  # that is the test


def test_no_module_hides_a_function_of_its_name():
    for module in ("aiohttp_session", "aws", "httpx_client", "requests_session", "trust"):
        importlib.import_module(f"meantime.clients.{module}")

    for name in clients.__all__:
        assert callable(getattr(clients, name))


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_library_that_is_not_installed_is_named_with_what_to_install(name, run_python):
    argument = '"s3"' if name == "boto3" else ""
    run_python(f"""
        import sys
        sys.modules["{name}"] = None
        from meantime import clients
        try:
            clients.{name}({argument})
        except ModuleNotFoundError as error:
            assert str(error) == "clients.{name}: {name} is not installed; pip install {name}", error
            assert error.name == "{name}"
        else:
            raise AssertionError("nothing was raised")
    """)


def test_a_library_that_lacks_something_itself_says_what(run_python, tmp_path):
    (tmp_path / "requests.py").write_text("import something_that_requests_needs\n")

    run_python(f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        from meantime import clients
        try:
            clients.requests()
        except ModuleNotFoundError as error:
            assert error.name == "something_that_requests_needs"
        else:
            raise AssertionError("nothing was raised")
    """)


@pytest.mark.parametrize("name", LIBRARIES)
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"max_concurrency": 0}, ValueError, "max_concurrency must be at least 1, got 0"),
        ({"max_concurrency": 2.5}, TypeError, "max_concurrency must be a whole number, got 2.5"),
        ({"connect_timeout": 0}, ValueError, "connect_timeout must be above 0 seconds, got 0"),
        ({"read_timeout": float("nan")}, ValueError, "read_timeout must be above 0 seconds, got nan"),
        ({"read_timeout": "5"}, TypeError, "read_timeout must be a number of seconds, got '5'"),
        ({"connect_timeout": True}, TypeError, "connect_timeout must be a number of seconds, got True"),
    ],
)
def test_numbers_out_of_range_are_refused_before_the_library_is_asked_for(name, options, error, message):
    arguments = ("s3",) if name == "boto3" else ()

    with pytest.raises(error, match=message):
        getattr(clients, name)(*arguments, **options)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://api.example/orders/7?token=secret", "GET https://api.example/orders/7"),
        ("https://api.example/orders#secret", "GET https://api.example/orders"),
        ("https://user:secret@api.example:8443/a@b", "GET https://api.example:8443/a@b"),
        ("https://user:secret@api.example/x://y", "GET https://api.example/x://y"),
        ("https://api.example", "GET https://api.example"),
        ("/orders/7?token=secret", "GET /orders/7"),
    ],
)
def test_a_request_is_named_without_what_may_be_secret(url, shown):
    assert described("GET", url) == shown


@given(
    user=st.text("abc", min_size=1), password=st.text("xyz", min_size=1), query=st.text("secret=&?/@:#%", min_size=1)
)
def test_no_password_and_no_query_is_ever_shown(user, password, query):
    shown = described("GET", f"https://{user}:{password}@api.example/orders?{query}")

    assert shown == "GET https://api.example/orders"


def test_the_shared_ssl_context_is_one_even_if_many_threads_ask_at_once(run_python):
    run_python("""
        from threading import Barrier, Thread
        from meantime import clients
        barrier, made = Barrier(8), []

        def ask():
            barrier.wait()
            made.append(clients.ssl_context())

        threads = [Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(made) == 8 and len(set(map(id, made))) == 1
    """)


def test_without_certifi_the_shared_context_has_the_systems_authorities(run_python):
    run_python("""
        import sys
        sys.modules["certifi"] = None
        from meantime import clients
        assert clients.ssl_context().verify_mode == 2
    """)
