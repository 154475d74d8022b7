"""Everything that talks to the outside world, and the service that ties it together."""

import json
import logging
from datetime import datetime, timezone

import boto3
import requests
from botocore.exceptions import ClientError
from money import discounted, money, vat_rate

logger = logging.getLogger(__name__)

DEFAULT_TERMS = {"discounts": {}, "free_shipping_above": 150, "priority": False}


class OrderNotFound(Exception):
    pass


class OrderRepository:
    def __init__(self, table_name):
        self.table = boto3.resource("dynamodb").Table(table_name)

    def get(self, order_id):
        item = self.table.get_item(Key={"order_id": order_id}).get("Item")
        if item is None:
            raise OrderNotFound(order_id)
        return item

    def save(self, order):
        self.table.put_item(Item=order)


class ContractStore:
    """The terms we have agreed on with a customer live as JSON files in S3."""

    def __init__(self, bucket):
        self.bucket = bucket
        self.s3 = boto3.client("s3")

    def terms_for(self, customer_id):
        try:
            obj = self.s3.get_object(Bucket=self.bucket, Key=f"terms/{customer_id}.json")
        except ClientError as e:
            if e.response["Error"]["Code"] in ("NoSuchKey", "404"):
                return dict(DEFAULT_TERMS)
            raise
        terms = dict(DEFAULT_TERMS)
        terms.update(json.loads(obj["Body"].read()))
        return terms


class CatalogClient:
    def __init__(self, base_url):
        self.base_url = base_url.rstrip("/")
        self.session = requests.Session()
        self.session.headers.update({"User-Agent": "order-enrichment/1.7", "Accept": "application/json"})

    def product(self, sku):
        resp = self.session.get(f"{self.base_url}/products/{sku}", params={"fields": "price,weight,stock"})
        if resp.status_code == 404:
            logger.warning("unknown sku %s", sku)
            return None
        resp.raise_for_status()
        return resp.json()


class EnrichmentService:
    SHIPPING_FLAT = money("6.90")
    SHIPPING_PER_KG = money("1.15")

    def __init__(self, orders, contracts, catalog):
        self.orders = orders
        self.contracts = contracts
        self.catalog = catalog

    def enrich(self, order_id):
        order = self.orders.get(order_id)
        terms = self.contracts.terms_for(order["customer_id"])
        country = order.get("ship_to", {}).get("country", "AT")

        enriched = []
        for line in order["lines"]:
            product = self.catalog.product(line["sku"])
            if product is None:
                product = self._placeholder(line)
            enriched.append(self._build_line(line, product, terms, country))

        order["lines"] = enriched
        order["totals"] = self._totals(enriched, terms)
        order["priority"] = bool(terms["priority"])
        order["state"] = "ENRICHED"
        order["enriched_at"] = datetime.now(timezone.utc).isoformat()
        self.orders.save(order)
        return order

    def _placeholder(self, line):
        return {
            "sku": line["sku"],
            "name": "(unknown)",
            "category": "other",
            "price": str(line.get("list_price", "0")),
            "weight_g": 0,
            "stock": 0,
        }

    def _build_line(self, line, product, terms, country):
        quantity = int(line["quantity"])
        unit = money(product["price"])
        percent = terms["discounts"].get(product["category"], 0)
        net = discounted(unit * quantity, percent)
        vat = money(net * vat_rate(country, product["category"]))
        return {
            "sku": line["sku"],
            "name": product["name"],
            "category": product["category"],
            "quantity": quantity,
            "unit_price": unit,
            "discount_percent": int(percent),
            "net": net,
            "vat": vat,
            "gross": net + vat,
            "weight_g": int(product["weight_g"]) * quantity,
            "backorder": int(product["stock"]) < quantity,
        }

    def _totals(self, lines, terms):
        net = sum((line["net"] for line in lines), money(0))
        vat = sum((line["vat"] for line in lines), money(0))
        weight = sum(line["weight_g"] for line in lines)
        if net >= terms["free_shipping_above"]:
            shipping = money(0)
        else:
            shipping = self.SHIPPING_FLAT + money(self.SHIPPING_PER_KG * weight / 1000)
        return {
            "net": net,
            "vat": vat,
            "shipping": shipping,
            "weight_g": weight,
            "grand_total": net + vat + shipping,
        }
