"""Lambda entry point: enriches an order that has just been placed.

Triggered by EventBridge (source: shop.checkout, detail-type: OrderPlaced).
"""

import json
import logging
import os
from decimal import Decimal

from money import to_cents
from services import CatalogClient, ContractStore, EnrichmentService, OrderNotFound, OrderRepository

logger = logging.getLogger()
logger.setLevel(os.environ.get("LOG_LEVEL", "INFO"))

service = EnrichmentService(
    orders=OrderRepository(os.environ["ORDERS_TABLE"]),
    contracts=ContractStore(os.environ["CONTRACTS_BUCKET"]),
    catalog=CatalogClient(os.environ["CATALOG_URL"]),
)


class DecimalEncoder(json.JSONEncoder):
    """DynamoDB gives us Decimals, json does not like those."""

    def default(self, o):
        if isinstance(o, Decimal):
            return int(o) if o == o.to_integral_value() else float(o)
        return super().default(o)


def validate(event):
    detail = event.get("detail") or {}
    order_id = detail.get("orderId")
    if not order_id:
        raise ValueError("detail.orderId is missing")
    if not isinstance(order_id, str):
        raise ValueError("detail.orderId must be a string")
    return order_id


def response(status, **body):
    return {"status": status, "body": json.dumps(body, cls=DecimalEncoder)}


def lambda_handler(event, context):
    try:
        order_id = validate(event)
    except ValueError as e:
        logger.warning("bad event: %s", e)
        return response("rejected", reason=str(e))

    logger.info("enriching order %s", order_id)
    try:
        order = service.enrich(order_id)
    except OrderNotFound:
        logger.error("order %s does not exist", order_id)
        return response("not_found", orderId=order_id)

    return response(
        "enriched",
        orderId=order_id,
        lines=len(order["lines"]),
        totalCents=to_cents(order["totals"]["grand_total"]),
        weightGrams=order["totals"]["weight_g"],
        backorders=[line["sku"] for line in order["lines"] if line["backorder"]],
    )
