"""Reports name the function's own lines, also where packages lie beside its modules, as on Lambda."""

from __future__ import annotations

import importlib
import logging
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import meantime
from meantime.own_code import is_own_code
from meantime.testing import LambdaContext

# Notes are small and read once, on the loop too.
pytestmark = pytest.mark.blocks_the_loop

LIBRARY = """\
import asyncio


def begin(coroutine):
    return asyncio.create_task(coroutine)


async def wait():
    await asyncio.sleep(60)
"""
APPLICATION = """\
import meantime
from {library} import begin, wait


@meantime.handler
async def leaves(event, context):
    begin(wait())


@meantime.handler(reserve=0.1)
async def waits(event, context):
    await wait()
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A function's folder on Lambda, which is in sys.path."""
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.fixture
def application(folder, request):
    """A function's module beside a library in the same folder, whose notes are as the test gives them."""

    def made(*, record: str | None = "", library: str | None = None):
        name = f"library_of_{abs(hash(request.node.name))}" if library is None else library
        put(folder, f"{name}/__init__.py", LIBRARY)
        if record is not None:
            put(folder, "Some_Name-1.2.dist-info/RECORD", record or f"{name}/__init__.py,sha256=x,9\n")
        own = f"app_of_{abs(hash(request.node.name))}"
        put(folder, f"{own}.py", APPLICATION.format(library=name))
        return importlib.import_module(own)

    yield made
    for name in [each for each in sys.modules if each.startswith(("library_of_", "app_of_"))]:
        del sys.modules[name]


def put(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_leftover_goes_by_the_functions_own_line_and_not_by_the_librarys(application, caplog):
    app = application()
    with caplog.at_level(logging.WARNING, "meantime"):
        app.leaves({}, LambdaContext())

    assert f"{app.__file__}:7" in caplog.text
    assert "__init__.py" not in caplog.text


def test_what_was_waiting_at_the_deadline_goes_by_the_functions_own_line(application):
    app = application()
    with pytest.raises(meantime.DeadlineExceeded) as caught:
        app.waits({}, LambdaContext(timeout=0.3))

    assert f"waits, at {app.__file__}:12" in str(caught.value)


def test_a_package_without_notes_is_taken_for_own(application, caplog):
    app = application(record=None)
    with caplog.at_level(logging.WARNING, "meantime"):
        app.leaves({}, LambdaContext())

    assert "__init__.py:5" in caplog.text


@pytest.mark.parametrize("name", ["yaml/loader.py", "six.py", "google/cloud/storage.py"])
def test_what_notes_list_is_a_librarys_whatever_it_is_called(folder, name):
    file = put(folder, name, "")
    put(folder, "Other_Name-6.0.dist-info/RECORD", f"Other_Name-6.0.dist-info/METADATA,,\n{name},sha256=x,0\n")

    assert not is_own_code(file)
    assert is_own_code(put(folder, "app.py", ""))
    assert is_own_code(put(folder, "six_times.py", ""))


def test_a_project_that_was_installed_from_a_folder_or_wheel_here_is_own(folder):
    file = put(folder, "orders/routes.py", "")
    put(folder, "orders-1.0.dist-info/RECORD", "orders/routes.py,,\n")
    put(folder, "orders-1.0.dist-info/direct_url.json", '{"dir_info": {}, "url": "file:///src/orders"}')

    assert is_own_code(file)


def test_the_package_of_the_handler_is_own_however_it_was_installed(folder, monkeypatch):
    monkeypatch.setenv("_HANDLER", "orders.app.handler")
    file = put(folder, "orders/routes.py", "")
    put(folder, "orders-1.0.dist-info/RECORD", "orders/routes.py,,\n")

    assert is_own_code(file)


def test_notes_are_read_once_for_each_package(folder):
    file = put(folder, "yaml/loader.py", "")
    record = Path(put(folder, "yaml-6.0.dist-info/RECORD", "yaml/loader.py,,\n"))
    assert not is_own_code(file)
    record.unlink()

    assert not is_own_code(put(folder, "yaml/dumper.py", ""))


def test_what_pip_puts_into_a_folder_is_a_librarys(folder, tmp_path_factory):
    pytest.importorskip("pip")
    wheel = tmp_path_factory.mktemp("wheels") / "some_wheel-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("its_module.py", "")
        archive.writestr("some_wheel-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: some-wheel\nVersion: 1.0\n")
        archive.writestr(
            "some_wheel-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("some_wheel-1.0.dist-info/RECORD", "")
    found = ["--no-index", f"--find-links={wheel.parent}", "some-wheel"]  # from an index, as far as pip is concerned
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--target", folder, *found],
        check=True,
        capture_output=True,
    )

    assert not is_own_code(str(folder / "its_module.py"))
