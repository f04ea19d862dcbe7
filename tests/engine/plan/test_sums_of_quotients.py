"""Sums and averages of quotients, against fractions."""

from __future__ import annotations

import random
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest

from engine.plan.world import RunStopped
from tests.support.small_world import HEAD, SmallWorld, small_world

RULES = (
    HEAD
    + """\
terms
    code, document are text
    quantity is a quantity
    amount is money
    ship-date is a date
register partner identified by code
kind order moves nothing on ship-date identified by document
    has partner, amount, quantity
amount unit for each order is order.amount / quantity
amount exact-total for each partner, period is sum of (unit * 1 unit)
amount total for each partner, period is rounded(sum of (unit * 1 unit))
amount three-times for each partner, period is rounded(sum of (unit * 1 unit) * 3 * 99.5%)
amount mean-of-all for each partner, period is average of (unit * 1 unit)
amount mean for each partner, period is rounded(mean-of-all), but 0 USD when mean-of-all is missing
report totals for each partner, period
    shows total, three-times, mean, exact-total
"""
)
CENT = Decimal("0.01")
Rows = list[dict[str, object]]


def order(number: int, partner: str, amount: object, quantity: object) -> dict[str, object]:
    return {
        "document": f"D{number:05}", "partner": partner, "amount": amount, "quantity": quantity,
        "ship-date": "2026-01-15",
    }  # fmt: skip


def drawn() -> dict[str, list[tuple[Decimal, Decimal]]]:
    """Amounts and quantities of some partners: any, those whose sums end in half a cent, very large and very small
    ones."""
    draw = random.Random(76)
    found: dict[str, list[tuple[Decimal, Decimal]]] = {}
    for number in range(150):
        pairs = [
            (Decimal(draw.randint(-(10**6), 10**6)) / 100, Decimal(draw.randint(1, 10**6)) / draw.choice((1, 10, 1000)))
            for _ in range(draw.randint(1, 12))
        ]
        found[f"any {number:03}"] = pairs
    for number in range(100):
        # Parts of half a cent by denominators that no power of ten divides: together an odd number of half cents.
        over = draw.choice((3, 6, 7, 9, 11, 13, 21, 37, 97, 9973))
        cuts = sorted(draw.sample(range(1, 40 * over), draw.randint(2, 9)))
        parts = [after - before for before, after in zip([0, *cuts], [*cuts, 41 * over], strict=True)]
        found[f"tie {number:03}"] = [(Decimal(part) / 100, Decimal(2 * over)) for part in parts]
    found["large"] = [(Decimal("9999999999.99"), Decimal("0.007"))] * 3
    found["small"] = [(Decimal("0.01"), Decimal("99999999999.999"))] * 100
    found["none"] = []
    return found


def cents(value: Fraction) -> Decimal:
    """Rounded half up to cents."""
    scaled = abs(value) * 100
    whole = scaled.numerator // scaled.denominator
    whole += 2 * (scaled - whole) >= 1
    return Decimal(whole if value >= 0 else -whole).scaleb(-2)


def run(rows: Rows, shuffled: int | None = None) -> SmallWorld:
    partners = [{"partner": name} for name in sorted({str(row["partner"]) for row in rows})]
    return small_world(RULES, {"partner": partners, "order": rows}, shuffled=shuffled)


def test_sums_and_averages_of_quotients_are_those_of_fractions() -> None:
    pairs = drawn()
    flat = [(partner, *pair) for partner, all_of in pairs.items() for pair in all_of]
    rows = [order(number, partner, amount, quantity) for number, (partner, amount, quantity) in enumerate(flat)]
    told = run(rows, shuffled=1).rows("report totals")
    assert len(told) == len(pairs) - 1
    for row in told:
        fractions = [Fraction(amount) / Fraction(quantity) for amount, quantity in pairs[str(row["partner"])]]
        total = sum(fractions, Fraction(0))
        assert row["total"] == cents(total), row["partner"]
        assert row["three-times"] == cents(total * 3 * Fraction(995, 1000)), row["partner"]
        assert row["mean"] == cents(total / len(fractions)), row["partner"]
    assert any(row["total"] != Decimal(str(row["exact-total"])).quantize(CENT, "ROUND_HALF_DOWN") for row in told)
    assert run(rows, shuffled=2).rows("report totals") == told


def test_a_third_and_two_sixths_of_a_cent_are_half_up() -> None:
    rows = [order(1, "A", "0.01", 3), order(2, "A", "0.01", 6), order(3, "B", "-0.01", 3), order(4, "B", "-0.01", 6)]
    told = {row["partner"]: (row["total"], row["exact-total"]) for row in run(rows).rows("report totals")}
    assert told["A"][0] == CENT
    assert told["B"][0] == -CENT
    assert Decimal(str(told["A"][1])).quantize(Decimal(1).scaleb(-6), ROUND_HALF_UP) == Decimal("0.005")


def test_what_divides_by_nothing_leaves_no_sum_of_the_others() -> None:
    rules = (
        RULES
        + """\
accounts ledger
    | role       | account | title         | type      | normal | nature   |
    | receivable | 1210    | "Receivables" | asset     | debit  | monetary |
    | revenue    | 4010    | "Revenue"     | revenue   | credit | monetary |
journal accrue for each partner, period posts on period end in fiscal
    debit  receivable total
    credit revenue    total
"""
    )
    rows = [order(1, "A", 10, 3), order(2, "A", 10, 0)]
    with pytest.raises(RunStopped, match=r"line 1 of journal `accrue` has no amount: .* or it divides by nothing"):
        small_world(rules, {"partner": [{"partner": "A"}], "order": rows})
