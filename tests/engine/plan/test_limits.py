"""Limits that rows use up: by layers, by what a price change touches, in one period; and those that are refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.plan.world import RunStopped
from tests.support.small_world import HEAD, SmallWorld, compiled, small_world

SHELF = (
    HEAD
    + """\
terms
    code, document are text
    quantity is a quantity
    unit-price, new-price are prices
    ship-date, sale-date, cut-date are dates
register partner identified by code
stock for each partner
    own, shelf, customer
kind shipment moves own to shelf on ship-date identified by document
    has partner, quantity, unit-price
kind sale moves shelf to customer on sale-date identified by document
    has partner, quantity
kind price-cut moves nothing on cut-date identified by cut-date
    has new-price
layers channel over shelf for each partner
    carry unit-price
    leave oldest first by ship-date, then document
    price-cut changes unit-price of units held on cut-date to cut-price
    units sold beyond stock stop the close
    late facts catch up in the open period
    leftover cents follow the running total
accounts ledger
    | role       | account | title         | type      | normal | nature       |
    | receivable | 1210    | "Receivables" | asset     | debit  | monetary     |
    | deferred   | 2310    | "Deferred"    | liability | credit | non-monetary |
amount cut-price for each layer, price-cut is lower of (layer.unit-price, new-price)
amount credited for each layer touched by price-cut
    is rounded(quantity * (layer.unit-price - cut-price))
    earliest first until 25 USD is used up for each partner
journal cut for each layer touched by price-cut posts on cut-date in fiscal
    debit  deferred   credited
    credit receivable credited
amount coming-back for each layer
    is layer.remaining
    earliest first until 7 units is used up for each partner
amount worth-back for each partner, period is sum of (coming-back * layer.unit-price)
report back for each partner, period
    shows worth-back
"""
)
Facts = dict[str, list[dict[str, object]]]
MASTERS: Facts = {"partner": [{"partner": "ACME"}, {"partner": "ZETA"}]}


def shipment(document: str, partner: str, day: str, quantity: int) -> dict[str, object]:
    return {"document": document, "partner": partner, "ship-date": day, "quantity": quantity, "unit-price": 10}


def cut(day: str, price: int) -> dict[str, object]:
    return {"cut-date": day, "new-price": price}


def worth_back(world: SmallWorld) -> list[object]:
    return [row["worth-back"] for row in world.rows("report back", "partner", "worth-back")]


def test_of_layers_the_oldest_units_use_up_the_limit_and_nothing_is_handed_over() -> None:
    first = [shipment("B", "ACME", "2026-01-04", 4), shipment("A", "ACME", "2026-01-05", 5)]
    facts: Facts = {**MASTERS, "shipment": [*first, shipment("C", "ZETA", "2026-01-05", 3)]}
    january = small_world(SHELF, facts)
    found = january.values("coming-back", "document")
    assert [(row["document"], row["coming-back"]) for row in found] == [("A", 3), ("B", 4), ("C", 3)]
    assert worth_back(january) == [70, 30]
    assert "handed limit coming-back" not in january.handed()


def test_the_most_that_is_credited_for_price_cuts_lasts_over_the_periods() -> None:
    facts: Facts = {
        **MASTERS,
        "shipment": [shipment("A", "ZETA", "2026-01-04", 4), shipment("B", "ZETA", "2026-01-05", 5)],
        "price-cut": [cut("2026-01-20", 8)],
    }
    january = small_world(SHELF, facts)
    assert january.lines("cut") == [("debit", "deferred", Decimal(18)), ("credit", "receivable", Decimal(18))]
    facts["price-cut"].append(cut("2026-02-20", 7))
    february = small_world(SHELF, facts, "FY2026-P02", before=january)
    assert february.lines("cut") == [("debit", "deferred", Decimal(7)), ("credit", "receivable", Decimal(7))]
    facts["price-cut"].append(cut("2026-03-20", 6))
    assert small_world(SHELF, facts, "FY2026-P03", before=february).lines("cut") == []


LATE = (
    HEAD
    + """\
terms
    code, document are text
    quantity is a quantity
    ship-date, sale-date, count-date are dates
register partner identified by code
stock for each partner
    own, shelf, customer
kind shipment moves own to shelf on ship-date identified by document
    has partner, quantity
kind sale moves shelf to customer on sale-date identified by document
    has partner, quantity
kind count states shelf on count-date identified by partner, count-date
    has quantity
reconciliation siso for each partner, period in fiscal
    compares expected shelf with reported count.quantity, latest within 3 days of period end
    opens from adjusted closing stock
    stages align, absorb
adjustment counted-late of siso in stage align for each sale
    when sale-date is after period end
    then count it at period end
    earliest first until 10% * sum of sale.quantity is used up for each partner, period
adjustment missing of siso in stage absorb for each siso
    when reported is not missing
     and expected is over reported
    then record sale of expected - reported dated period end
    earliest first until 4 units is used up for each period
"""
)


def sale(document: str, partner: str, day: str, quantity: int) -> dict[str, object]:
    return {"document": document, "partner": partner, "sale-date": day, "quantity": quantity}


def test_an_adjustment_passes_whole_facts_and_stops_at_the_first_that_does_not_fit() -> None:
    shipped: list[dict[str, object]] = [
        {"document": f"S-{one}", "partner": one, "ship-date": "2026-01-02", "quantity": 300} for one in ("ACME", "ZETA")
    ]
    sales = [sale("A", "ACME", "2026-01-10", 100), sale("Z", "ZETA", "2026-01-10", 20)]
    # Of ACME 10 units may be counted early: 6 and 3 pass, 2 would be 11, and the 1 behind it is not looked at.
    days = (("D", "2026-02-03", 2), ("B", "2026-02-01", 6), ("C", "2026-02-02", 3), ("E", "2026-02-04", 1))
    sales += [sale(document, "ACME", day, quantity) for document, day, quantity in days]
    sales.append(sale("Y", "ZETA", "2026-02-01", 3))
    # 191 and 280 are expected; 188 and 278 are there. The first 3 pass, with 2 more it would be 5.
    counts: list[dict[str, object]] = [
        {"partner": one, "count-date": "2026-01-31", "quantity": units} for one, units in (("ACME", 188), ("ZETA", 278))
    ]
    facts: Facts = {**MASTERS, "shipment": shipped, "sale": sales, "count": counts}
    world = small_world(LATE, facts, shuffled=1)
    names = {row["fact"]: row["document"] for row in world.rows("sale as loaded", "document", "fact")}
    passed = [names[row["fact"]] for row in world.rows("adjustment counted-late", "fact")]
    assert sorted(map(str, passed)) == ["B", "C"]
    assert [row["quantity"] for row in world.rows("adjustment missing", "partner", "quantity")] == [3]


def test_an_adjustment_with_a_limit_meets_no_fact_of_less_than_no_units() -> None:
    facts: Facts = {**MASTERS, "sale": [sale("A", "ACME", "2026-01-10", 100), sale("B", "ACME", "2026-02-01", -1)]}
    with pytest.raises(RunStopped, match=r"`counted-late` passes rows until .* no units: 2026-02-01 B"):
        small_world(LATE, facts)


CLAIMS = (
    HEAD
    + """\
terms
    code, claim are text
    amount is money
    claim-date is a date
register partner identified by code
kind request moves nothing on claim-date identified by claim
    has partner, amount
amount granted for each request
    is request.amount
    earliest first until 100 USD is used up for each partner, period
control within-limit for each request
    needs request.amount is at most granted
    otherwise raise too-much low to controller
"""
)


def request(claim: str, day: str, amount: int) -> dict[str, object]:
    return {"claim": claim, "partner": "ACME", "claim-date": day, "amount": amount}


def test_a_limit_of_a_period_is_new_in_each() -> None:
    facts: Facts = {
        "partner": [{"partner": "ACME"}],
        "request": [request("A", "2026-01-02", 70), request("B", "2026-01-02", 70)],
    }
    january = small_world(CLAIMS, facts)
    assert [row["granted"] for row in january.values("granted", "claim")] == [70, 30]
    assert not any(name.startswith("handed limit") for name in january.handed())
    facts["request"].append(request("C", "2026-02-02", 80))
    february = small_world(CLAIMS, facts, "FY2026-P02", before=january)
    assert [row["granted"] for row in february.values("granted", "claim")] == [80]
    assert [row["claim"] for row in january.rows("control within-limit", "claim")] == ["B"]


EUROS = (
    CLAIMS.replace("terms\n", "rates spot from erp quoted to USD, stale after 3 days, missing stops the run\nterms\n")
    .replace("100 USD is used up for each partner, period", "partner.most is used up for each partner")
    .replace("register partner identified by code\n", "register partner identified by code\n    has most\n")
    .replace("    amount is money\n", "    amount, most are money\n    currency is a currency\n")
    + """\
amount granted-in-all for each partner, period is sum of granted since 2026-01-01 through period end
report grants for each partner, period
    shows granted-in-all
"""
)


def test_a_limit_in_a_currency_is_for_money_in_it() -> None:
    facts: Facts = {
        "partner": [{"partner": "ACME", "most": 100, "currency": "EUR"}],
        "spot": [{"currency": "EUR", "date": "2026-01-01", "rate": "1.25"}],
        "request": [{**request(name, "2026-01-02", 70), "currency": "EUR"} for name in "AB"],
    }
    january = small_world(EUROS, facts)
    assert [row["granted"] for row in january.values("granted", "claim")] == [70, 30]
    facts["request"].append({**request("C", "2026-02-02", 5), "currency": "EUR"})
    february = small_world(EUROS, facts, "FY2026-P02", before=january)
    assert [row["granted-in-all"] for row in february.rows("report grants", "granted-in-all")] == [100]
    facts["request"].append({**request("D", "2026-01-03", 5), "currency": "USD"})
    with pytest.raises(RunStopped, match="money of two currencies meets"):
        small_world(EUROS, facts)


def test_a_row_that_asks_for_less_than_nothing_stops_the_run() -> None:
    facts: Facts = {"partner": [{"partner": "ACME"}], "request": [request("A", "2026-01-02", -1)]}
    with pytest.raises(RunStopped, match=r"`granted` is served until a limit is used up.* first at identity A"):
        small_world(CLAIMS, facts)


def test_a_field_that_an_example_does_not_give_leaves_those_after_it_unknown() -> None:
    unknown = {**request("B", "2026-01-03", 10), "amount": None}
    facts: Facts = {"partner": [{"partner": "ACME"}], "request": [request("A", "2026-01-02", 70), unknown]}
    facts["request"].append(request("C", "2026-01-04", 10))
    world = small_world(CLAIMS, facts, strict=False)
    assert [row["granted"] for row in world.values("granted", "claim")] == [70, None, None]


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        ("    earliest first until 9 USD is used up for each partner\n    capped at 5 USD\n", "before another limit"),
        ("    earliest first until 9 USD / 7 is used up for each partner\n", "a quotient is not used up"),
        ("    earliest first until 9 USD is used up for each month\n", ""),
    ],
)
def test_limits_that_cannot_be_used_up_are_refused(limit: str, told: str) -> None:
    text = CLAIMS.replace("    earliest first until 100 USD is used up for each partner, period\n", limit)
    ruleset, found = compiled(text)
    assert ruleset is None
    assert any(told in one.message for one in found.errors)
