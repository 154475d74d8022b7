"""The suppliers' APIs, asked side by side by one warm client."""

from __future__ import annotations

import os
from typing import Any, Literal, get_args

from meantime import clients

URL = os.environ["SUPPLIERS_URL"]
Supplier = Literal["north", "east", "south"]
ALL: tuple[Supplier, ...] = get_args(Supplier)

http = clients.httpx(max_concurrency=10, read_timeout=25)  # kept between invocations, with its connections


async def ask(supplier: Supplier, product: str) -> dict[str, Any]:
    """What this supplier asks for a product."""
    client = await http()
    response = await client.get(f"{URL}/{supplier}/offers/{product}")
    return {"supplier": supplier, **response.raise_for_status().json()}


async def tell(supplier: Supplier, order: dict[str, Any]) -> None:
    """Hand an order on to its supplier."""
    client = await http()
    response = await client.put(f"{URL}/{supplier}/orders/{order['number']}", json=order)
    response.raise_for_status()
