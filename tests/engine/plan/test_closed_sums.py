"""Sums over parts of layers of every period, against hand-worked figures."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

import pytest

from engine.plan.world import RunStopped
from tests.support.small_world import HEAD, SmallWorld, small_world

Facts = dict[str, list[dict[str, object]]]
RULES = (
    HEAD
    + """\
terms
    code, document are text
    basis is one of firm, deferred
    quantity is a quantity
    unit-price, unit-credit are prices
    amount is money
    ship-date, sale-date, return-date, claim-date are dates
register partner identified by code
register authorisation identified by code
    has unit-credit
stock for each partner
    own, shelf, customer
kind shipment moves own to shelf on ship-date identified by document
    has partner, quantity, unit-price, basis
kind sale moves shelf to customer on sale-date identified by document
    has partner, quantity and perhaps authorisation
kind sale-back moves customer to shelf on return-date identified by document
    has partner, quantity and perhaps authorisation
kind debit-claim moves nothing on claim-date identified by document
    has partner, authorisation, amount
layers channel over shelf for each partner
    carry unit-price, basis
    leave oldest first by ship-date, then document
    sale-back brings back the units last sold, in their old place
    units sold beyond stock wait for the next receipt
    units returned beyond sales stop the close
    late facts catch up in the open period
    leftover cents follow the running total
accounts ledger
    | role       | account | title         | type      | normal | nature   |
    | receivable | 1210    | "Receivables" | asset     | debit  | monetary |
    | accrued    | 2360    | "Accrued"     | liability | credit | monetary |
amount credit for each layer touched by sale, sale-back
    when authorisation is not missing
    is quantity * authorisation.unit-credit
amount earned for each partner, authorisation is rounded(sum of credit)
amount third for each layer touched by sale, sale-back is quantity * layer.unit-price / 3
amount thirds for each partner is rounded(sum of third)
amount times for each partner is count of third
amount supported for each debit-claim
    is rounded(debit-claim.amount)
    earliest first until earned is used up for each partner, authorisation
journal pay for each debit-claim posts on claim-date in fiscal
    debit  accrued    supported
    credit receivable supported
amount deferred-units for each layer touched by sale
    when layer.basis is deferred
    is quantity
amount deferred-sold for each sale is sum of deferred-units
amount resold for each partner, period is sum of deferred-sold since 2026-01-01 through period end
report totals for each partner, period
    shows thirds, times, resold
report earnings for each partner, authorisation, period
    shows earned
"""
)
MASTERS: Facts = {
    "partner": [{"partner": "ACME"}],
    "authorisation": [{"authorisation": "A", "unit-credit": "2.50"}, {"authorisation": "B", "unit-credit": 1}],
}


def shipment(document: str, day: str, quantity: int, basis: str) -> dict[str, object]:
    return {
        "document": document, "partner": "ACME", "ship-date": day, "quantity": quantity, "unit-price": 10,
        "basis": basis,
    }  # fmt: skip


def moved(document: str, name: str, day: str, quantity: int, authorisation: str | None) -> dict[str, object]:
    return {"document": document, "partner": "ACME", name: day, "quantity": quantity, "authorisation": authorisation}


def claim(document: str, day: str, amount: int) -> dict[str, object]:
    return {"document": document, "partner": "ACME", "authorisation": "A", "claim-date": day, "amount": amount}


@cache
def closed() -> list[SmallWorld]:
    facts: Facts = {
        "shipment": [shipment("S1", "2026-01-02", 4, "firm"), shipment("S2", "2026-01-03", 6, "deferred")],
        "sale": [moved("V1", "sale-date", "2026-01-10", 7, "A"), moved("V2", "sale-date", "2026-01-20", 5, "B")],
        "sale-back": [],
        "debit-claim": [claim("C1", "2026-01-25", 20)],
    }
    january = small_world(RULES, {**MASTERS, **facts})
    facts["shipment"].append(shipment("S3", "2026-02-02", 9, "deferred"))
    facts["sale-back"].append(moved("R1", "return-date", "2026-02-10", 1, "A"))
    facts["sale"].append(moved("V3", "sale-date", "2026-02-11", 3, "A"))
    facts["debit-claim"].append(claim("C2", "2026-02-20", 1))
    february = small_world(RULES, {**MASTERS, **facts}, "FY2026-P02", before=january)
    return [january, february]


def test_sums_go_over_every_period_closed() -> None:
    worlds = closed()
    # V1 sold 7 at 2.50; V2 had 3 of its 5 units in January and the other 2 in February, each at 1.00; in February one
    # unit comes back at 2.50 and three more are sold.
    earned = [
        {str(row["authorisation"]): row["earned"] for row in world.rows("report earnings", "authorisation", "earned")}
        for world in worlds
    ]
    assert earned == [{"A": Decimal("17.50"), "B": 3}, {"A": Decimal("22.50"), "B": 5}]
    # A third of 10 for 10 units in January, 2 - 1 + 3 more in February; slices in January are 4, 3 and 3.
    totals = [world.rows("report totals", "thirds", "times", "resold") for world in worlds]
    assert totals == [
        [{"thirds": Decimal("33.33"), "times": 3, "resold": 6}],
        [{"thirds": Decimal("46.67"), "times": 6, "resold": 11}],
    ]


def test_what_was_earned_over_the_periods_limits_claims() -> None:
    paid = [sum((amount for side, _, amount in one.lines("pay") if side == "debit"), Decimal(0)) for one in closed()]
    # 17.50 are earned when 20 are claimed; in February the other 2.50 and the 1 of the second claim are covered.
    assert paid == [Decimal("17.50"), Decimal("3.50")]


def test_periods_closed_before_a_sum_was_asked_for_stop_the_run() -> None:
    more = RULES.replace("report totals", "amount quarters for each partner is sum of (third / 4)\nreport totals")
    more = more.replace("shows thirds,", "shows quarters, thirds,")
    with pytest.raises(RunStopped, match=r"`sum of .third / 4.` adds up every period") as stopped:
        small_world(more, MASTERS, "FY2026-P02", before=closed()[0])
    assert stopped.value.code == "T429"
