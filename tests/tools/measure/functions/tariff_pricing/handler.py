"""
Nightly repricing of term life contracts.

1. gets a token from the policy administration system
2. reads the portfolio page by page (cursor pagination, 60 contracts a page)
3. prices every contract against the current mortality table
4. stores one result file in S3 and reports the batch back

Runs from Step Functions, one invocation per portfolio.
"""

import gzip
import json
import logging
import os
from time import perf_counter

import boto3

from policy_admin import PolicyAdmin, PolicyAdminError
from pricing import Assumptions, Tariff, price

LOGGER = logging.getLogger()
LOGGER.setLevel(logging.INFO)

RESULT_BUCKET = os.environ["RESULT_BUCKET"]
MAX_PAGES = int(os.environ.get("MAX_PAGES", "50"))

s3 = boto3.client("s3")


class PortfolioTooLarge(Exception):
    """Would not finish in time; the state machine splits the portfolio then."""


def read_portfolio(admin, portfolio):
    """Yield contracts, following the cursor from page to page."""
    cursor = None
    for page_number in range(MAX_PAGES):
        page = admin.contracts(portfolio, cursor)
        LOGGER.info("page %d: %d contracts", page_number + 1, len(page["contracts"]))
        yield from page["contracts"]
        cursor = page.get("next")
        if not cursor:
            return
    raise PortfolioTooLarge(f"{portfolio} has more than {MAX_PAGES} pages")


def price_contract(contract, tariffs):
    tariff = tariffs[contract["tariff"]]
    try:
        result = price(contract, tariff)
    except (KeyError, ValueError) as exc:
        LOGGER.warning("contract %s cannot be priced: %r", contract.get("number"), exc)
        return {"number": contract.get("number"), "error": repr(exc)}
    return {
        "number": contract["number"],
        "premium": str(result.premium),
        "reserve": str(result.reserve),
        "surrender": str(result.surrender),
        "worstCase": str(result.worst_case),
        "change": str(result.premium - result.old_premium),
    }


def store(portfolio, run_id, results):
    key = f"pricing/{portfolio}/{run_id}.json.gz"
    body = gzip.compress("\n".join(json.dumps(r) for r in results).encode())
    s3.put_object(Bucket=RESULT_BUCKET, Key=key, Body=body, ContentEncoding="gzip", ContentType="application/json")
    return key


def lambda_handler(event, context):
    t0 = perf_counter()
    portfolio = event["portfolio"]
    tariffs = {
        name: Tariff(name, Assumptions(**values)) for name, values in event["tariffs"].items()
    }

    admin = PolicyAdmin(os.environ["POLICY_ADMIN_URL"], client_id=os.environ.get("CLIENT_ID", "repricing"))
    try:
        admin.login()
        results = []
        for contract in read_portfolio(admin, portfolio):
            results.append(price_contract(contract, tariffs))
    except PolicyAdminError as exc:
        LOGGER.error("policy administration failed: %s", exc)
        raise

    failed = [r for r in results if "error" in r]
    key = store(portfolio, event["run"], results)
    admin.report(portfolio, {"run": event["run"], "key": key, "priced": len(results) - len(failed)})
    LOGGER.info("%d contracts in %.1f s", len(results), perf_counter() - t0)
    return {
        "key": key,
        "priced": len(results) - len(failed),
        "failed": len(failed),
        "premium": str(sum_premiums(results)),
    }


def sum_premiums(results):
    from decimal import Decimal

    total = Decimal(0)
    for r in results:
        if "premium" in r:
            total += Decimal(r["premium"])
    return total
