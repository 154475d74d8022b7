"""The same function with the products of an order fetched side by side on threads, as `meantime measure` advises."""

import os
from datetime import datetime, timezone

import app
import requests
from requests.adapters import HTTPAdapter
from services import EnrichmentService

from meantime import threads

WIDTH = int(os.environ.get("WIDTH", "12"))


class SideBySide(EnrichmentService):
    def enrich(self, order_id):
        order = self.orders.get(order_id)
        terms = self.contracts.terms_for(order["customer_id"])
        country = order.get("ship_to", {}).get("country", "AT")

        products = threads.map(
            lambda line: self.catalog.product(line["sku"]), order["lines"], max_concurrency=WIDTH
        )
        enriched = [
            self._build_line(line, product or self._placeholder(line), terms, country)
            for line, product in zip(order["lines"], products, strict=True)
        ]

        order["lines"] = enriched
        order["totals"] = self._totals(enriched, terms)
        order["priority"] = bool(terms["priority"])
        order["state"] = "ENRICHED"
        order["enriched_at"] = datetime.now(timezone.utc).isoformat()
        self.orders.save(order)
        return order


app.service = SideBySide(app.service.orders, app.service.contracts, app.service.catalog)
adapter = HTTPAdapter(pool_maxsize=WIDTH)
session: requests.Session = app.service.catalog.session
session.mount("http://", adapter)
session.mount("https://", adapter)

lambda_handler = app.lambda_handler
