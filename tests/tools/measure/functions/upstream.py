"""The companies that the functions call: catalogue, treasury, archive and policy administration, in one HTTP server.

It answers at once; a `DelayProxy` in front of it makes it as slow as it would be.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

RATES = {
    "EUR": 1.0,
    "CHF": 1.0612,
    "GBP": 1.1534,
    "CZK": 0.0398,
    "PLN": 0.2342,
    "DKK": 0.134,
    "SEK": 0.0911,
    "HUF": 0.00254,
}
PAGES = 3
CONTRACTS_PER_PAGE = 60

_CATEGORIES = ("book", "food", "garden", "kitchen", "toys")


class _Company(BaseHTTPRequestHandler):
    """Answers what the four of them would."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Products, rates, pages of contracts."""
        url = urlsplit(self.path)
        match url.path.strip("/").split("/"):
            case ["products", sku]:
                self._answer(_product(sku))
            case ["rates", currency] if currency in RATES:
                self._answer({"from": currency, "to": "EUR", "rate": RATES[currency]})
            case ["portfolios", portfolio, "contracts"]:
                cursor = parse_qs(url.query).get("cursor", ["page-0"])[0]
                self._answer(_page(portfolio, int(cursor.removeprefix("page-"))), allowed=self._has_token())
            case _:
                self._answer({"error": "not found"}, status=404)

    def do_POST(self) -> None:
        """A token, a report, the result of a run."""
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        match urlsplit(self.path).path.strip("/").split("/"):
            case ["oauth", "token"]:
                self._answer({"access_token": "t0k3n", "token_type": "Bearer", "expires_in": 3600})
            case ["reports", day]:
                self._answer({"id": f"report-{day}"}, status=201)
            case ["portfolios", _, "runs"]:
                self._answer({"accepted": True}, allowed=self._has_token())
            case _:
                self._answer({"error": "not found"}, status=404)

    def _has_token(self) -> bool:
        return self.headers.get("Authorization") == "Bearer t0k3n"

    def _answer(self, document: Any, *, status: int = 200, allowed: bool = True) -> None:
        body = json.dumps(document if allowed else {"error": "unauthorised"}).encode()
        self.send_response(status if allowed else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name there
        """Nothing: the proxy in front has the records."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def _product(sku: str) -> dict[str, Any]:
    random = Random(sku)
    return {
        "sku": sku,
        "name": f"Product {sku}",
        "category": random.choice(_CATEGORIES),
        "price": f"{random.uniform(2, 90):.2f}",
        "weight_g": random.randrange(50, 4000),
        "stock": random.randrange(40),
    }


def _page(portfolio: str, number: int) -> dict[str, Any]:
    random = Random(f"{portfolio} {number}")
    contracts = [
        {
            "number": f"{portfolio}-{number:02}{index:02}",
            "tariff": random.choice(("T19", "T22")),
            "age": random.randrange(25, 60),
            "term_years": random.randrange(15, 30),
            "year": random.randrange(15),
            "sum_insured": str(random.randrange(50, 500) * 1000),
            "smoker": random.random() < 0.25,
            "premium": f"{random.uniform(8, 120):.2f}",
        }
        for index in range(CONTRACTS_PER_PAGE)
    ]
    return {"contracts": contracts, "next": f"page-{number + 1}" if number + 1 < PAGES else None}


@contextmanager
def upstream() -> Iterator[str]:
    """Serve on a free port of 127.0.0.1; gives the address."""
    with _Server(("127.0.0.1", 0), _Company) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
