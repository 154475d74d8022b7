"""The package itself: what importing it costs, and what it offers."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys

import pytest

import meantime


def test_importing_it_loads_none_of_its_modules(run_python):
    run_python(
        """
        import sys
        before = set(sys.modules)
        import meantime
        loaded = set(sys.modules) - before
        assert loaded <= {"meantime", "__future__"}, loaded
        """
    )


def test_every_public_name_is_there():
    for name in meantime.__all__:
        assert getattr(meantime, name) is not None
    assert set(meantime.__all__) <= set(dir(meantime))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        meantime.nothing  # noqa: B018  # the access is the test


@pytest.mark.parametrize("package", [meantime.asgi, meantime.batch, meantime.clients])
def test_a_package_within_knows_its_names_before_they_are_imported(package):
    assert set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'nothing'"):
        package.nothing  # noqa: B018  # the access is the test


def test_no_module_hides_a_public_name(run_python):
    """Importing meantime.x would set the attribute x of the package, so no module may bear a public function's name."""
    modules = [module.name for module in pkgutil.iter_modules(meantime.__path__)]
    for name in set(modules) & set(meantime.__all__):
        assert importlib.import_module(f"meantime.{name}") is getattr(meantime, name)


def test_without_the_tools_the_command_says_how_to_install_them(run_python):
    run_python(
        """
        import sys
        sys.modules["typer"] = None
        from meantime.__main__ import main
        try:
            main()
        except SystemExit as exit:
            assert "pip install -e '.[tools]'" in str(exit), exit
        else:
            raise AssertionError("no exit")
        """
    )


def test_python_m_meantime_is_the_command():
    pytest.importorskip("typer", reason="the tools are not installed here")
    command = [sys.executable, "-m", "meantime"]
    assert "emulator" in subprocess.run([*command, "--help"], capture_output=True, text=True, check=True).stdout
    version = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True).stdout
    assert version == f"meantime {meantime.__version__}\n"
