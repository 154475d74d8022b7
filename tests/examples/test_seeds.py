"""The command that fills what an example reads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from catalogue import EXAMPLES

BY_NAME = {example.name: example for example in EXAMPLES}


def fill(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `python seeds.py` with no variables but those given."""
    return subprocess.run(
        [sys.executable, Path(__file__).parents[2] / "examples" / "seeds.py", *arguments],
        env={"PYTHONDONTWRITEBYTECODE": "1", "PATH": os.defpath, "COLUMNS": "200"} | environment,
        capture_output=True,
        check=False,
        text=True,
        timeout=90,
    )


@pytest.mark.parametrize("name", ["s3_reads", "dynamodb_queries", "fetch_transform_store"])
def test_an_example_is_filled_with_the_variables_of_its_function(name, served):
    process = fill(name, environment=served.environment_of(BY_NAME[name]))

    assert (process.returncode, process.stdout) == (0, f"{name}: filled.\n"), process.stderr


@pytest.mark.parametrize(
    ("name", "variable"), [("s3_reads", "BUCKET"), ("dynamodb_queries", "TABLE"), ("fetch_transform_store", "BUCKET")]
)
def test_a_variable_that_is_not_set_is_named(name, variable):
    process = fill(name, environment={})

    assert process.returncode == 2
    assert f"set the environment variable {variable}" in process.stderr


def test_an_example_that_reads_nothing_is_refused_with_those_that_do():
    process = fill("thumbnails", environment={})

    assert process.returncode == 2
    assert "s3_reads, dynamodb_queries, fetch_transform_store" in process.stderr
