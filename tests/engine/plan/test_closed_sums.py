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


# ---- sums where the day matters --------------------------------------------------------------------------------------

DATED = (
    RULES.partition("amount third")[0]
    + """\
amount kept for each sale is sum of credit
amount kept-since for each partner, period is sum of kept since 2026-01-01 through period end
amount shipped-value for each shipment is quantity * unit-price
amount support-of-period for each partner, period is rounded(10% * sum of shipped-value)
amount support for each partner, period is sum of support-of-period since 2026-02-01 through period end
amount support-lately for each partner, period is sum of support-of-period within last 2 periods
amount support-ever for each partner is sum of support-of-period
report all for each partner, period
    shows kept-since, support, support-lately, support-ever
"""
)


@cache
def dated() -> list[SmallWorld]:
    facts: Facts = {
        "shipment": [shipment("S1", "2026-01-02", 4, "firm"), shipment("S2", "2026-01-03", 6, "firm")],
        "sale": [
            moved("V1", "sale-date", "2026-01-05", 3, "A"), moved("V2", "sale-date", "2026-01-10", 2, "A"),
            moved("V3", "sale-date", "2026-01-12", 2, "A"), moved("V4", "sale-date", "2026-01-20", 1, "A"),
        ],
        "sale-back": [
            moved("V2", "return-date", "2026-01-08", 1, "B"), moved("V3", "return-date", "2026-01-12", 1, "A"),
            moved("V4", "return-date", "2026-01-25", 1, "A"), moved("V5", "return-date", "2026-01-26", 1, "B"),
        ],
    }  # fmt: skip
    worlds = [small_world(DATED, {**MASTERS, **facts})]
    facts["shipment"].append({**shipment("S3", "2026-01-31", 2, "firm"), "known-at": "2026-02-05"})
    facts["shipment"].append(shipment("S4", "2026-02-02", 9, "firm"))
    facts["sale"].append(moved("V5", "sale-date", "2026-02-11", 3, "A"))
    worlds.append(small_world(DATED, {**MASTERS, **facts}, "FY2026-P02", before=worlds[-1]))
    facts["shipment"].append(shipment("S5", "2026-03-02", 5, "firm"))
    worlds.append(small_world(DATED, {**MASTERS, **facts}, "FY2026-P03", before=worlds[-1]))
    return worlds


def test_a_fact_counts_what_others_of_its_identity_did_before_it() -> None:
    # A unit earns 2.50 under A and 1.00 under B. V1: 3 * 2.50. V2: 2 * 2.50 less the unit that came back two days
    # before it, 1.00. V3: 2 * 2.50, and not the unit that came back on its own day, after it was sold. V4: 2.50; its
    # unit came back later. V5, sold in February: 3 * 2.50 less the unit that came back in January, 1.00.
    expected = {"V1": "7.50", "V2": "4.00", "V3": "5.00", "V4": "2.50"}
    january, february, march = dated()
    assert kept(january) == {name: Decimal(value) for name, value in expected.items()}
    assert kept(february) == {"V5": Decimal("6.50")}
    everything = [one["kept-since"] for world in (january, february, march) for one in world.rows("report all")]
    assert everything == [Decimal("19.00"), Decimal("25.50"), Decimal("25.50")]


def kept(world: SmallWorld) -> dict[str, object]:
    return {str(row["document"]): row["kept"] for row in world.values("kept", "document")}


def test_values_of_closed_periods_are_added_up_between_days() -> None:
    # A tenth of 10 units at 10 in January; in February of 9 units, and of 2 of January that became known then; of 5 in
    # March. What is since February leaves January's 10.00 out, as what is of the last two periods does in March.
    shown = [world.rows("report all", "support", "support-lately", "support-ever") for world in dated()]
    figures = [[tuple(map(str, row.values())) for row in rows] for rows in shown]
    assert figures == [[("0.00", "10.00", "10.00")], [("11.00", "21.00", "21.00")], [("16.00", "16.00", "26.00")]]
