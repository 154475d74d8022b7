"""The same function with its contracts priced side by side on threads, which `meantime measure` advises against."""

import os

import handler
from handler import PolicyAdmin, Assumptions, Tariff, price_contract, read_portfolio, store, sum_premiums

from meantime import threads

WIDTH = int(os.environ.get("WIDTH", "8"))


def lambda_handler(event, context):
    portfolio = event["portfolio"]
    tariffs = {name: Tariff(name, Assumptions(**values)) for name, values in event["tariffs"].items()}
    admin = PolicyAdmin(os.environ["POLICY_ADMIN_URL"], client_id=os.environ.get("CLIENT_ID", "repricing"))
    admin.login()
    contracts = list(read_portfolio(admin, portfolio))  # page by page: each needs the cursor of the one before
    results = threads.map(lambda contract: price_contract(contract, tariffs), contracts, max_concurrency=WIDTH)
    key = store(portfolio, event["run"], results)
    failed = [r for r in results if "error" in r]
    admin.report(portfolio, {"run": event["run"], "key": key, "priced": len(results) - len(failed)})
    handler.LOGGER.info("%d contracts", len(results))
    return {
        "key": key,
        "priced": len(results) - len(failed),
        "failed": len(failed),
        "premium": str(sum_premiums(results)),
    }
