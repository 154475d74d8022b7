"""Daily sales report.

EventBridge Scheduler starts this every morning with {"day": "2026-03-01", "stores": [...]}.
Reads each store's sales from PostgreSQL, converts them to EUR with the day's exchange rate,
writes a CSV and hands the report to the archive.
"""
from __future__ import annotations

import asyncio
import base64
import logging
import os
import time
from datetime import date, timedelta
from typing import Any

import asyncpg
import httpx

import rates
from report import StoreReport, Summary, render_csv, summarise, top_products

log = logging.getLogger("sales_report")
logging.getLogger().setLevel(logging.INFO)
logging.getLogger("httpx").setLevel(logging.WARNING)

DATABASE_URL = os.environ["DATABASE_URL"]
ARCHIVE_URL = os.environ["ARCHIVE_URL"]

SALES = """
    SELECT sold_at, product, category, quantity, unit_price, discount, currency
    FROM store_sales($1, $2)
    ORDER BY sold_at
"""


def parse_event(event: dict[str, Any]) -> tuple[date, list[dict[str, str]]]:
    if event.get("day") in (None, "", "yesterday"):
        day = date.today() - timedelta(days=1)
    else:
        day = date.fromisoformat(event["day"])
    stores = event["stores"]
    if not stores:
        raise ValueError("no stores given")
    seen = set()
    for store in stores:
        if store["id"] in seen:
            raise ValueError(f"store {store['id']} is listed twice")
        seen.add(store["id"])
    return day, stores


async def store_report(
    pool: asyncpg.Pool, client: httpx.AsyncClient, store: dict[str, str], day: date
) -> StoreReport:
    rows = await pool.fetch(SALES, store["id"], day)
    rate = await rates.rate(client, store["currency"], day)
    report = StoreReport(store=store["id"], city=store["city"], currency=store["currency"], rate=rate)
    for row in rows:
        report.add(row)
    return report


async def archive(client: httpx.AsyncClient, day: date, summary: Summary, csv_file: bytes) -> str:
    response = await client.post(
        f"{ARCHIVE_URL}/reports/{day.isoformat()}",
        json={
            "summary": summary.as_dict(),
            "encoding": "gzip+base64",
            "content": base64.b64encode(csv_file).decode("ascii"),
        },
        timeout=30,
    )
    response.raise_for_status()
    return response.json()["id"]


async def build_report(event: dict[str, Any]) -> dict[str, Any]:
    day, stores = parse_event(event)
    pool = await asyncpg.create_pool(DATABASE_URL, min_size=2, max_size=10)
    try:
        async with httpx.AsyncClient() as client:
            reports: list[StoreReport] = []
            for store in stores:
                report = await store_report(pool, client, store, day)
                log.info("%s: %d sales", store["id"], report.count)
                reports.append(report)

            summary = summarise(day, reports)
            csv_file = render_csv(reports)
            report_id = await archive(client, day, summary, csv_file)
    finally:
        await pool.close()
    return {
        "report": report_id,
        "day": day.isoformat(),
        "stores": len(reports),
        "revenue_eur": summary.revenue_eur,
        "bytes": len(csv_file),
        "top": top_products(reports, 5),
    }


def lambda_handler(event, context):
    started = time.time()
    result = asyncio.run(build_report(event))
    log.info("report took %.2f s", time.time() - started)
    return result
