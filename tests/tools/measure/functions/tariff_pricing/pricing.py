"""
Actuarial part. Term life with level premiums: present values by recursion over months,
Gompertz-Makeham mortality, in Decimal because the auditors said so.
"""

from collections import namedtuple
from copy import copy
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

CENT = Decimal("0.01")
ONE = Decimal(1)
TWELVE = Decimal(12)

Result = namedtuple("Result", "premium reserve surrender worst_case old_premium")

# What the supervisor wants to see: interest in percentage points, mortality as a factor.
STRESSES = {
    "interest down": (Decimal("-0.004"), ONE),
    "interest up": (Decimal("0.01"), ONE),
    "mortality": (Decimal(0), Decimal("1.15")),
    "pandemic": (Decimal(0), Decimal("1.45")),
    "both": (Decimal("-0.004"), Decimal("1.15")),
}


@dataclass
class Assumptions:
    interest: float
    makeham: float
    gompertz: float
    growth: float
    acquisition: float = 0.025
    administration: float = 0.03
    smoker_loading: float = 1.9

    def decimals(self):
        return {name: Decimal(str(value)) for name, value in vars(self).items()}


class Tariff:
    def __init__(self, name, assumptions):
        self.name = name
        values = assumptions.decimals()
        self.interest = values["interest"]
        self.makeham = values["makeham"]
        self.gompertz = values["gompertz"]
        self.growth = values["growth"]
        self.acquisition = values["acquisition"]
        self.administration = values["administration"]
        self.smoker_loading = values["smoker_loading"]
        self.monthly_discount = ONE / (ONE + self.interest / TWELVE)

    def stressed(self, interest, mortality):
        other = copy(self)
        other.interest = self.interest + interest
        other.makeham = self.makeham * mortality
        other.gompertz = self.gompertz * mortality
        other.monthly_discount = ONE / (ONE + other.interest / TWELVE)
        return other

    def yearly_mortality(self, age, smoker):
        q = self.makeham + self.gompertz * self.growth ** age
        if smoker:
            q *= self.smoker_loading
        return min(q, ONE)

    def monthly_mortality(self, age, smoker):
        q = self.yearly_mortality(age, smoker)
        # constant force within the year, first two terms are close enough
        return q / TWELVE + q * q * 11 / 288


def present_values(tariff, age, months, smoker):
    """Annuity and assurance, each per unit, at the start of every year of the term."""
    survival = discount = ONE
    annuity = assurance = Decimal(0)
    yearly = []
    for month in range(months):
        if month % 12 == 0:
            yearly.append((annuity, assurance, survival * discount))
        q = tariff.monthly_mortality(age + month // 12, smoker)
        annuity += survival * discount
        discount *= tariff.monthly_discount
        assurance += survival * q * discount
        survival *= ONE - q
    return annuity, assurance, yearly


def price(contract, tariff):
    age = int(contract["age"])
    months = int(contract["term_years"]) * 12
    if not 18 <= age <= 75:
        raise ValueError(f"age {age} is outside the table")
    sum_insured = Decimal(contract["sum_insured"])

    with localcontext() as ctx:
        ctx.prec = 34
        annuity, assurance, yearly = present_values(tariff, age, months, contract["smoker"])
        benefits = sum_insured * assurance
        net = benefits / annuity
        gross = (benefits + tariff.acquisition * net * months) / (annuity * (ONE - tariff.administration))

        year = min(int(contract["year"]), len(yearly) - 1)
        paid_annuity, paid_assurance, factor = yearly[year]
        reserve = (sum_insured * (assurance - paid_assurance) - net * (annuity - paid_annuity)) / factor
        surrender = max(Decimal(0), reserve * Decimal("0.95") - Decimal(20))

        worst = reserve
        for interest, mortality in STRESSES.values():
            stressed = tariff.stressed(interest, mortality)
            a, b, by_year = present_values(stressed, age, months, contract["smoker"])
            paid_a, paid_b, f = by_year[year]
            worst = max(worst, (sum_insured * (b - paid_b) - net * (a - paid_a)) / f)

    return Result(
        premium=gross.quantize(CENT, ROUND_HALF_EVEN),
        reserve=reserve.quantize(CENT, ROUND_HALF_EVEN),
        surrender=surrender.quantize(CENT, ROUND_HALF_EVEN),
        worst_case=worst.quantize(CENT, ROUND_HALF_EVEN),
        old_premium=Decimal(contract["premium"]),
    )
