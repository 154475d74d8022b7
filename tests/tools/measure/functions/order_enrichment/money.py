"""Money is Decimal, with two places, always."""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")

VAT_RATES = {
    "AT": Decimal("0.20"),
    "DE": Decimal("0.19"),
    "FR": Decimal("0.20"),
    "IT": Decimal("0.22"),
}
REDUCED = {"AT": Decimal("0.10"), "DE": Decimal("0.07"), "FR": Decimal("0.055"), "IT": Decimal("0.10")}


def money(value):
    return Decimal(str(value)).quantize(CENT, rounding=ROUND_HALF_UP)


def to_cents(value):
    return int(money(value) * 100)


def vat_rate(country, category):
    if category in ("book", "food"):
        return REDUCED.get(country, Decimal("0.10"))
    return VAT_RATES.get(country, Decimal("0.20"))


def discounted(amount, percent):
    return money(amount * (100 - Decimal(str(percent))) / 100)
