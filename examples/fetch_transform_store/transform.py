"""The computing of this example: a day's orders, as JSON, made into a compressed table of revenue."""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict
from dataclasses import dataclass
from io import StringIO


@dataclass(frozen=True)
class Table:
    """A table of revenue: its rows as gzipped CSV, and what they add up to."""

    content: bytes
    orders: int
    revenue_cents: int


def revenue_table(document: bytes) -> Table:
    """The revenue by country and product of the orders in a JSON document."""
    orders = json.loads(document)["orders"]
    revenue: defaultdict[tuple[str, str], int] = defaultdict(int)
    for order in orders:
        for line in order["lines"]:
            revenue[order["country"], line["product"]] += line["quantity"] * line["price_cents"]
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(("country", "product", "revenue_cents"))
    writer.writerows((*key, cents) for key, cents in sorted(revenue.items()))
    content = gzip.compress(text.getvalue().encode(), mtime=0)
    return Table(content, orders=len(orders), revenue_cents=sum(revenue.values()))
