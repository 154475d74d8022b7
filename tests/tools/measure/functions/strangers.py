"""Three functions as strangers write them, as data: where each is, what it calls, and the servers that answer it."""

from __future__ import annotations

import importlib.util
import json
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import psycopg
from upstream import upstream

from meantime.tools.downstream import AWSServer, DelayProxy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDER = Path(__file__).parent

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}

AWS_LATENCY = 0.02
CATALOG_LATENCY = 0.045
TREASURY_LATENCY = 0.04
ADMINISTRATION_LATENCY = 0.025

# A view of many rows that takes its time, as one that joins and sorts would.
_STORE_SALES = """
CREATE OR REPLACE FUNCTION store_sales(store text, day date) RETURNS TABLE (
    sold_at timestamp, product text, category text, quantity int, unit_price numeric, discount numeric, currency text
) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep(0.03);
    RETURN QUERY SELECT
        day + n * interval '4 minutes', 'product ' || n % 23, (ARRAY['food', 'toys', 'garden'])[1 + n % 3],
        1 + n % 4, 3 + (n * 37 % 900) / 10.0, (n % 5) / 20.0, 'EUR'::text
    FROM generate_series(1, 200) AS n;
END $$
"""
_LINES = 12


@dataclass(frozen=True)
class Stranger:
    """One function.

    Attributes:
        name: The name of its folder.
        handler: The handler as its author wrote it.
        side_by_side: The handler with its calls side by side, by hand.
        executor: What it uses for that.
        width: How many at once it uses.
    """

    name: str
    handler: str
    side_by_side: str
    executor: str
    width: int
    timeout: float = 30.0

    @property
    def folder(self) -> Path:
        """The folder that is deployed."""
        return FOLDER / self.name

    @property
    def event(self) -> dict[str, Any]:
        """What it is invoked with."""
        event: dict[str, Any] = json.loads((self.folder / "event.json").read_text())
        return event


STRANGERS = (
    Stranger("order_enrichment", "app.lambda_handler", "side_by_side.lambda_handler", "threads", 12),
    Stranger("sales_report", "main.lambda_handler", "side_by_side.lambda_handler", "tasks", 8),
    Stranger("tariff_pricing", "handler.lambda_handler", "side_by_side.lambda_handler", "threads", 8),
)


@dataclass(frozen=True)
class Surroundings:
    """The servers while they run.

    Attributes:
        environment: The environment variables that lead any of the functions to them.
        services: The servers whose records say how long they kept whom waiting.
    """

    environment: Mapping[str, str]
    services: tuple[DelayProxy, ...]


@contextmanager
def surroundings() -> Iterator[Surroundings]:
    """Serve what the three call, on free ports of 127.0.0.1; filled at the start, gone at the end."""
    with ExitStack() as stack:
        companies = stack.enter_context(upstream())
        aws = stack.enter_context(AWSServer())
        database = stack.enter_context(postgresql())
        fill(aws.url, database)
        services = {
            name: stack.enter_context(DelayProxy(address, latency=latency))
            for name, address, latency in (
                ("AWS_ENDPOINT_URL", aws.url, AWS_LATENCY),
                ("CATALOG_URL", companies, CATALOG_LATENCY),
                ("RATES_URL", companies, TREASURY_LATENCY),
                ("POLICY_ADMIN_URL", companies, ADMINISTRATION_LATENCY),
            )
        }
        yield Surroundings(
            environment={
                **CREDENTIALS,
                **{name: service.url for name, service in services.items()},
                "ARCHIVE_URL": services["RATES_URL"].url,
                "DATABASE_URL": database,
                "ORDERS_TABLE": "orders",
                "CONTRACTS_BUCKET": "contracts",
                "RESULT_BUCKET": "results",
            },
            services=tuple(services.values()),
        )


@contextmanager
def postgresql() -> Iterator[str]:
    """A PostgreSQL of its own; gives its address."""
    servers = servers_of_the_tests()
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]))
    if not programs:
        raise FileNotFoundError("there is no /usr/lib/postgresql/*/bin/postgres: apt-get install postgresql")
    owner = servers.account("postgres")
    with servers.running(lambda folder: servers.PostgreSQL(folder, owner, programs[-1].parent), owner) as server:
        yield server.variables["DATABASE_URL"]


def servers_of_the_tests() -> Any:
    """The servers of the tests, which are started the same way here."""
    path = FOLDER.parents[2] / "servers" / "conftest.py"
    spec = importlib.util.spec_from_file_location("servers_of_the_tests", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fill(endpoint_url: str, database: str) -> None:
    """The order with its lines, the customer's terms, an empty bucket, and what a day's sales are read from."""
    keywords: dict[str, Any] = {
        "endpoint_url": endpoint_url,
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
        "region_name": "us-east-1",
    }
    with closing(boto3.client("s3", **keywords)) as s3:
        for bucket in ("contracts", "results"):
            s3.create_bucket(Bucket=bucket)
        terms = {"discounts": {"toys": 12, "kitchen": 5}, "priority": True}
        s3.put_object(Bucket="contracts", Key="terms/C-1007.json", Body=json.dumps(terms))
    table = boto3.resource("dynamodb", **keywords).create_table(
        TableName="orders",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "order_id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}],
    )
    table.wait_until_exists()
    table.put_item(Item=order())
    table.meta.client.close()
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(_STORE_SALES.encode())
        connection.execute("ALTER ROLE tester SET idle_session_timeout = 0")  # what it is short for is tested elsewhere


def order() -> dict[str, Any]:
    """The order of the event, as the shop wrote it."""
    return {
        "order_id": "ORD-20260301-0042",
        "customer_id": "C-1007",
        "ship_to": {"country": "DE", "city": "Bremen"},
        "state": "PLACED",
        "lines": [
            {"sku": f"SKU-{number:04}", "quantity": 1 + number % 3, "list_price": Decimal("9.90")}
            for number in range(100, 100 + _LINES)
        ],
    }
