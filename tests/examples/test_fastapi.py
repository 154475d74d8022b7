"""The order desk: run as its page says, asked what its page asks, and its template, requirements and deadline."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.examples.deployed import imports_of, template_in

import meantime
from meantime.tools.downstream import DelayedAPI
from meantime.tools.emulator import Emulator, Function

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parents[2] / "examples" / "fastapi"
README = (FOLDER / "README.md").read_text()
ADDRESS = "http://127.0.0.1:3000"  # as the page has it
ONLY_LOCAL = ("local.py", "local_database.py")
PATIENCE = 60.0


class Desk:
    """`python local.py` while it runs."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self.url = ""

    def log(self) -> str:
        return self.output.read_text()


@pytest.fixture(scope="module")
def desk(tmp_path_factory) -> Iterator[Desk]:
    running = Desk(tmp_path_factory.mktemp("order-desk") / "output")
    with running.output.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "local.py", "--port", "0"],
            cwd=FOLDER,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", "COLUMNS": "200"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        until = time.monotonic() + PATIENCE
        while not (found := re.search(r"app\.handler at (http://127\.0\.0\.1:\d+) ", running.log())):
            assert process.poll() is None, running.log()
            assert time.monotonic() < until, running.log()
            time.sleep(0.05)
        running.url = found[1]
        yield running
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
    assert process.returncode == 0, running.log()


def commands() -> list[tuple[str, str]]:
    """Every command of the page's console blocks, and what it says that comes of it."""
    blocks = re.findall(r"^```console\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [
        (command, answer)
        for block in blocks
        for command, answer in re.findall(r"^\$ ([^\n]*)\n(.*?)(?=^\$ |\Z)", block, re.MULTILINE | re.DOTALL)
    ]


def test_each_command_of_the_page_answers_what_the_page_says(desk):
    for command, answer in commands():
        done = subprocess.run(
            ["sh", "-c", command.replace(ADDRESS, desk.url).replace("curl ", "curl --silent --noproxy '*' ", 1)],  # noqa: S607  # the shell that is there
            cwd=FOLDER,
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        )

        assert done.stdout.rstrip("\n") == answer.rstrip("\n"), command


def test_the_page_asks_every_route(desk):
    with urllib.request.urlopen(f"{desk.url}/openapi.json") as response:  # noqa: S310  # our own address
        paths = json.load(response)["paths"]
    routes = {(method.upper(), path) for path, methods in paths.items() for method in methods}

    asked = set()
    for command, _ in commands():
        method = found[1] if (found := re.search(r"-X (\w+)", command)) else "GET"
        address = re.search(rf"{ADDRESS}(/[^\s?]*)", command)
        assert address is not None
        asked |= {
            (method, path)
            for path in paths
            if method.lower() in paths[path] and re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), address[1])
        }
    assert asked == routes


def test_an_offer_is_streamed_as_soon_as_it_is_there(desk):
    """One supplier takes 0.1 seconds, another 2: so much must lie between the first event and the last."""
    with urllib.request.urlopen(f"{desk.url}/offers/lamp/stream") as response:  # noqa: S310  # our own address
        lines = [(time.monotonic(), line) for line in response]

    times = [at for at, line in lines if line.startswith(b"event:")]
    assert len(times) == 4
    assert times[2] - times[0] > 1


def test_an_order_is_told_to_its_supplier_after_the_answer_was_made(tmp_path):
    with DelayedAPI(latency=0) as api, emulator(tmp_path, api.url) as function:
        order = {"product": "lamp", "quantity": 1, "supplier": "north"}
        answers = [function.invoke(request("PUT", "/orders/o-1", order)).payload for _ in range(2)]

        assert [answer["statusCode"] for answer in answers] == [201, 201]
        assert [(each.path, each.outcome) for each in api.requests] == [("/north/orders/o-1", "served")]


def test_a_supplier_that_does_not_take_its_order_is_in_the_log_and_the_order_is_taken_all_the_same(tmp_path):
    with DelayedAPI(latency=0) as api, emulator(tmp_path, api.url) as function:
        api.respond("/north/orders/o-1", status=500)
        order = {"product": "lamp", "quantity": 1, "supplier": "north"}
        answer = function.invoke(request("PUT", "/orders/o-1", order))

    assert answer.payload["statusCode"] == 201
    assert "/north/orders/o-1" in answer.log


def test_at_the_deadline_there_are_the_offers_that_have_come(tmp_path):
    with DelayedAPI(latency=60) as api, emulator(tmp_path, api.url, timeout=2.5) as function:
        api.respond("/east/offers/lamp", latency=0)
        answer = function.invoke(request("GET", "/offers/lamp?patience=20"))

    assert answer.payload["statusCode"] == 200
    assert json.loads(answer.payload["body"])["missing"] == ["north", "south"]


def test_storage_that_is_silent_until_the_deadline_makes_a_gateway_timeout(tmp_path):
    order = {"product": "lamp", "quantity": 1, "supplier": "north"}
    with (
        DelayedAPI(latency=0) as api,
        DelayedAPI(latency=60) as storage,
        emulator(tmp_path, api.url, timeout=2.5, storage=storage.url) as function,
    ):
        function.invoke(request("PUT", "/orders/o-1", order))
        late = function.invoke(request("GET", "/orders/o-1/documents/invoice.pdf"))
        after = function.invoke(request("GET", "/orders/o-1"))

    assert (late.error, late.payload["statusCode"]) == (None, 504)
    assert "GET /orders/o-1/documents/invoice.pdf: the client gets 504" in late.log
    assert (after.payload["statusCode"], after.cold) == (200, False)


def test_no_supplier_at_all_is_a_bad_gateway(tmp_path):
    with DelayedAPI(failure_rate=1.0, latency=0) as api, emulator(tmp_path, api.url) as function:
        answer = function.invoke(request("GET", "/offers/lamp"))

    assert answer.payload["statusCode"] == 502


def test_a_database_that_is_not_there_fails_the_initialisation(tmp_path):
    with emulator(tmp_path, "http://127.0.0.1:9", database="no/such/folder/orders.sqlite") as function:
        failed = function.invoke(request("GET", "/health"))

    assert failed.error is not None
    assert "unable to open database file" in failed.log


def emulator(
    folder: Path,
    suppliers: str,
    *,
    storage: str = "http://127.0.0.1:9",
    timeout: float = 20.0,
    database: str = "orders.sqlite",
) -> Emulator:
    """The function with a database of its own, and these suppliers."""
    path = folder / database
    if path.parent.exists():
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript((FOLDER / "schema.sql").read_text())
    variables = {
        "SUPPLIERS_URL": suppliers,
        "DATABASE_URL": f"sqlite:///{path}",
        "BUCKET": "documents",
        "AWS_ENDPOINT_URL": storage,
    }
    return Emulator(Function("app.handler", code=FOLDER, memory_mb=1769, timeout=timeout, environment=variables))


def request(method: str, target: str, body: object = None) -> dict[str, Any]:
    return meantime.testing.http_event(method, target, body=body)


def test_cfn_lint_has_nothing_to_say_about_the_template():
    process = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), FOLDER / "template.yaml"],
        capture_output=True,
        check=False,
        text=True,
        timeout=90,
    )

    assert (process.returncode, process.stdout, process.stderr) == (0, "", "")


def test_the_template_deploys_what_runs_here():
    function = template_in(FOLDER)["Resources"]["OrderDesk"]["Properties"]
    read = set(re.findall(r'os\.environ\["(\w+)"\]', "".join(path.read_text() for path in deployed())))

    assert function["Handler"] == "app.handler"
    assert function["FunctionUrlConfig"]["InvokeMode"] == "RESPONSE_STREAM"
    assert set(function["Environment"]["Variables"]) == read
    assert (
        f'"--memory", "{function["MemorySize"]}", "--timeout", "{function["Timeout"]}"'
        in (FOLDER / "local.py").read_text()
    )


def test_the_requirements_name_what_is_imported_and_nothing_else():
    """And what FastAPI itself needs for a form, which it does not require by itself."""
    own = {path.stem for path in FOLDER.glob("*.py")}
    imported = {name for path in deployed() for name in imports_of(path)} - own - sys.stdlib_module_names
    required = {re.split(r"[=><~]", line)[0]: line for line in (FOLDER / "requirements.txt").read_text().split()}

    assert set(required) == imported | {"python-multipart"}
    assert required["meantime"] == f"meantime=={meantime.__version__}"


def test_the_page_says_how_to_run_and_deploy_it():
    assert "python local.py" in README
    assert "meantime emulator serve app.handler" in README
    assert "sam build && sam deploy --guided" in README
    assert "fastapi" in (FOLDER.parent / "README.md").read_text()


def deployed() -> list[Path]:
    """The modules that are loaded on Lambda."""
    return [path for path in FOLDER.glob("*.py") if path.name not in ONLY_LOCAL]
