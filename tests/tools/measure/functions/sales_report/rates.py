"""Exchange rates, from the treasury's API."""
from __future__ import annotations

import os
from datetime import date

import httpx

RATES_URL = os.environ["RATES_URL"]


class RateError(RuntimeError):
    """The treasury has no such rate."""


async def rate(client: httpx.AsyncClient, currency: str, day: date) -> float:
    response = await client.get(f"{RATES_URL}/rates/{currency}", params={"day": day.isoformat(), "to": "EUR"})
    if response.status_code == 404:
        raise RateError(f"no rate for {currency} on {day}")
    response.raise_for_status()
    value = float(response.json()["rate"])
    if value <= 0:
        raise RateError(f"{currency}: a rate of {value}?")
    return value
