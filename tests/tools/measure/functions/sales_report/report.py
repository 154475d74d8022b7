"""What a report holds, and how it is written."""
from __future__ import annotations

import csv
import gzip
import io
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any

COLUMNS = ["store", "city", "sold_at", "product", "category", "quantity", "net", "currency", "net_eur"]


@dataclass
class StoreReport:
    store: str
    city: str
    currency: str
    rate: float
    lines: list[list[Any]] = field(default_factory=list)
    by_product: Counter = field(default_factory=Counter)
    by_category: defaultdict = field(default_factory=lambda: defaultdict(float))
    by_hour: Counter = field(default_factory=Counter)

    @property
    def count(self) -> int:
        return len(self.lines)

    @property
    def revenue_eur(self) -> float:
        return sum(line[-1] for line in self.lines)

    def add(self, row: Any) -> None:
        net = float(row["quantity"]) * float(row["unit_price"]) * (1 - float(row["discount"]))
        eur = round(net * self.rate, 2)
        self.lines.append(
            [
                self.store,
                self.city,
                row["sold_at"].strftime("%Y-%m-%d %H:%M:%S"),
                row["product"],
                row["category"],
                row["quantity"],
                f"{net:.2f}",
                row["currency"],
                eur,
            ]
        )
        self.by_product[row["product"]] += row["quantity"]
        self.by_category[row["category"]] += eur
        self.by_hour[row["sold_at"].hour] += 1


@dataclass
class Summary:
    day: date
    revenue_eur: float
    sales: int
    best_store: str
    busiest_hour: int
    categories: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        return {
            "day": self.day.isoformat(),
            "revenueEur": self.revenue_eur,
            "sales": self.sales,
            "bestStore": self.best_store,
            "busiestHour": self.busiest_hour,
            "categories": self.categories,
        }


def summarise(day: date, reports: list[StoreReport]) -> Summary:
    categories: dict[str, float] = {}
    hours: Counter = Counter()
    for report in reports:
        hours.update(report.by_hour)
        for category, eur in report.by_category.items():
            categories[category] = round(categories.get(category, 0.0) + eur, 2)
    best = max(reports, key=lambda report: report.revenue_eur)
    return Summary(
        day=day,
        revenue_eur=round(sum(report.revenue_eur for report in reports), 2),
        sales=sum(report.count for report in reports),
        best_store=best.store,
        busiest_hour=hours.most_common(1)[0][0] if hours else -1,
        categories=categories,
    )


def render_csv(reports: list[StoreReport]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for report in sorted(reports, key=lambda report: report.store):
        for line in report.lines:
            writer.writerow(line)
    return gzip.compress(text.getvalue().encode("utf-8"))


def top_products(reports: list[StoreReport], count: int) -> list[dict[str, Any]]:
    total: Counter = Counter()
    for report in reports:
        total.update(report.by_product)
    return [{"product": product, "quantity": quantity} for product, quantity in total.most_common(count)]
