"""A whole shared over its parts: published bundles, largest remainders against a naive reckoning, and what stops."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

import pytest

from engine.plan.world import RunStopped
from tests.support.small_world import HEAD, SmallWorld, small_world

BUNDLES = (
    HEAD
    + """\
terms
    code, order, line are text
    evidence is one of observed, highly-variable
    price, ssp are money
    order-date is a date
    is-proved is yes or no
register part identified by code
kind bundle-order moves nothing on order-date identified by order
    has price, is-proved
kind bundle-line moves nothing on order-date identified by order, line
    has part, ssp, evidence
accounts ledger
    | role     | account | title      | type      | normal | nature   |
    | position | 1510    | "Position" | asset     | debit  | monetary |
    | revenue  | 4010    | "Revenue"  | revenue   | credit | monetary |
allocation bundle-price for each bundle-order
    spreads bundle-order.price over bundle-line in proportion to bundle-line.ssp
    leftover cents by largest remainder, ties by line
amount variable-lines for each bundle-order
    is count of (bundle-line where bundle-line.evidence is highly-variable)
exception residual to bundle-price
    when variable-lines is over 0
    gives bundle-line.ssp to bundle-line when bundle-line.evidence is not highly-variable
    spreads the rest over bundle-line in proportion to bundle-line.ssp when bundle-line.evidence is highly-variable
    leftover cents by largest remainder, ties by line
journal recognise for each bundle-line posts on order-date in fiscal
    debit  position bundle-price
    credit revenue  bundle-price
    negative amounts swap sides
"""
)
YEN = BUNDLES.replace("reporting currency USD", "reporting currency JPY")


def order(price: object, day: str = "2026-01-10", name: str = "B") -> dict[str, object]:
    return {"order": name, "order-date": day, "price": price, "is-proved": False}


def line(number: int, ssp: object, evidence: str = "observed", name: str = "B") -> dict[str, object]:
    return {
        "order": name,
        "line": f"{number:02}",
        "order-date": "2026-01-10",
        "part": f"P{number}",
        "ssp": ssp,
        "evidence": evidence,
    }


def ran(
    orders: Sequence[Mapping[str, object]], lines: Sequence[Mapping[str, object]], rules: str = BUNDLES
) -> SmallWorld:
    return small_world(rules, {"part": [], "bundle-order": orders, "bundle-line": lines}, "FY2026-P01")


def shares(world: SmallWorld) -> list[Decimal]:
    rows = world.rows("allocation bundle-price", "order", "line", "bundle-price")
    return [Decimal(str(row["bundle-price"])) for row in rows]


def test_case_71_a_price_goes_by_stand_alone_prices_in_whole_units() -> None:
    # 100,000 over 75,000, 14,000 and 20,000: 68,807.34, 12,844.04 and 18,348.62; whole units foot by largest remainder.
    world = ran([order(100_000)], [line(1, 75_000), line(2, 14_000), line(3, 20_000)], YEN)
    assert shares(world) == [68_807, 12_844, 18_349]


def test_case_72_the_largest_remainders_take_what_is_left_over() -> None:
    world = ran([order(80)], [line(1, 20), line(2, 30), line(3, 40)], YEN)
    assert shares(world) == [18, 27, 35]


def test_case_75_the_residual_is_what_the_known_prices_leave() -> None:
    # A fee of 100,000; support of 18 months at 20,000 a year is worth 30,000; the software gets the residual.
    world = ran([order(100_000)], [line(1, 1, "highly-variable"), line(2, 30_000)])
    assert shares(world) == [70_000, 30_000]
    posted = world.rows("ledger line", "part", "side", "amount")
    assert [tuple(row.values()) for row in posted if row["side"] == "credit"] == [
        ("P1", "credit", Decimal(70_000)),
        ("P2", "credit", Decimal(30_000)),
    ]


def test_another_fact_reads_the_share_of_the_part_it_names_by_its_keys() -> None:
    delivered = BUNDLES.replace(
        "accounts ledger",
        "kind delivery moves nothing on delivery-date identified by order, line\naccounts ledger",
    ).replace("    order-date is a date\n", "    order-date, delivery-date are dates\n")
    delivered = delivered.replace(
        "journal recognise for each bundle-line posts on order-date",
        "journal earn for each delivery posts on delivery-date",
    )
    facts: dict[str, list[dict[str, object]]] = {
        "part": [],
        "bundle-order": [order(80)],
        "bundle-line": [line(1, 20), line(2, 60)],
        "delivery": [{"order": "B", "line": "02", "delivery-date": "2026-01-20"}],
    }
    posted = small_world(delivered, facts, "FY2026-P01").rows("ledger line", "line", "side", "amount")
    assert [row["amount"] for row in posted] == [Decimal(60), Decimal(60)]
    facts["delivery"] = [{"order": "B", "line": "09", "delivery-date": "2026-01-20"}]
    with pytest.raises(RunStopped, match="has no amount"):
        small_world(delivered, facts, "FY2026-P01")


def test_equal_remainders_go_to_the_first_by_the_tie() -> None:
    assert shares(ran([order("0.02")], [line(1, 1), line(2, 1), line(3, 1)])) == [Decimal("0.01"), Decimal("0.01"), 0]


def test_a_negative_whole_is_shared_like_its_magnitude() -> None:
    assert shares(ran([order(-80)], [line(1, 20), line(2, 30), line(3, 40)], YEN)) == [-18, -27, -35]


def naive(price: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    cents, total = int(price * 100), sum(Fraction(one) for one in weights)
    exact = [Fraction(abs(cents)) * Fraction(one) / total for one in weights]
    floors = [one.numerator // one.denominator for one in exact]
    by_rest = sorted(range(len(weights)), key=lambda at: (floors[at] - exact[at], at))
    for at in by_rest[: abs(cents) - sum(floors)]:
        floors[at] += 1
    return [Decimal(one * (1 if cents >= 0 else -1)) / 100 for one in floors]


def test_random_bundles_are_shared_as_by_hand_and_foot() -> None:
    source = random.Random(20260110)
    orders, lines, expected = [], [], []
    for number in range(300):
        name = f"B{number:03}"
        price = Decimal(source.randint(-10_000_000, 100_000_000)) / 100
        weights = [Decimal(source.randint(1, 500_000)) / 100 for _ in range(source.randint(1, 7))]
        orders.append(order(price, name=name))
        lines += [line(at, weight, name=name) for at, weight in enumerate(weights, start=1)]
        expected += naive(price, weights)
        assert sum(expected[-len(weights) :]) == price
    assert shares(ran(orders, lines)) == expected


@pytest.mark.parametrize(
    ("orders", "lines", "said"),
    [
        ([order(10)], [line(1, 0), line(2, 0)], "cannot be shared.*first at order B, line 01"),
        ([order(10)], [line(1, 2), line(2, -1)], "cannot be shared.*first at order B, line"),
        ([order(10)], [], "nothing to share bundle-order B over: no bundle-line belongs to it"),
        ([order("10.005")], [line(1, 1)], "cannot be shared"),
        (
            [order(10)],
            [line(1, 1), line(2, None)],
            "`bundle-price` cannot be shared: `bundle-line.ssp` is missing for a part.*first at order B, line 02",
        ),
    ],
    ids=["no weight", "negative weight", "no part", "a broken cent", "no stand-alone price"],
)
def test_what_cannot_be_shared_stops_the_run(
    orders: list[dict[str, object]], lines: list[dict[str, object]], said: str
) -> None:
    with pytest.raises(RunStopped, match=said) as stop:
        ran(orders, lines)
    assert stop.value.code == "T424"


def test_nothing_is_shared_without_weights() -> None:
    assert shares(ran([order(0)], [line(1, 0), line(2, 0)])) == [0, 0]


RATES = (
    BUNDLES.replace(
        "    overlays may change",
        "    lines convert at spot rate on the posting date, difference to fx\n    overlays may change",
    )
    .replace(
        "terms\n    code",
        "rates spot from erp-spot quoted to USD, stale after 31 days, missing stops the run, crossed through USD\n"
        "terms\n    code",
    )
    .replace("accounts ledger", "kind order-invoice moves nothing on order-date identified by order\naccounts ledger")
    .replace(
        "allocation bundle-price",
        '    | fx       | 7110    | "Exchange" | expense   | debit  | monetary |\nallocation bundle-price',
    )
    + """\
journal bill for each bundle-order posts on order-date in fiscal
    debit  revenue  rounded(bundle-order.price)
    credit position rounded(bundle-order.price)
"""
)


def abroad(prices: Mapping[str, object], weights: Sequence[object] = (20, 30, 40)) -> SmallWorld:
    """An order in each currency, named for it, of parts with the same weights."""
    facts: dict[str, list[dict[str, object]]] = {
        "part": [],
        "bundle-order": [order(price, name=one) | {"currency": one} for one, price in prices.items()],
        "bundle-line": [
            line(at, weight, name=one) | {"currency": one}
            for one in prices
            for at, weight in enumerate(weights, start=1)
        ],
        "spot": [{"currency": one, "date": "2026-01-10", "rate": "1.1111"} for one in prices],
    }
    return small_world(RATES, facts, "FY2026-P01")


def booked(world: SmallWorld, journal: str, currency: str) -> list[Decimal]:
    rows = world.rows("ledger line", "journal", "part", "side", "currency", "booked")
    wanted = (journal, "debit", currency)
    return [Decimal(str(row["booked"])) for row in rows if (row["journal"], row["side"], row["currency"]) == wanted]


def test_parts_foot_in_the_currency_of_the_order_and_in_that_of_the_company() -> None:
    # Yen have nothing smaller (case 72), dinars thousandths: the last unit is that of the order's currency.
    world = abroad({"EUR": 100, "GBP": "0.10", "JPY": 80, "KWD": 10})
    assert shares(world) == [
        Decimal(one)
        for one in ("22.22", "33.33", "44.45", "0.02", "0.03", "0.05", "18", "27", "35", "2.222", "3.333", "4.445")
    ]
    # GBP: 0.02 is worth 0.0222, 0.05 is 0.0556, 0.10 is 0.1111: 0.02, 0.06 and 0.11, hence 0.02, 0.04 and 0.05. Alone
    # the last would be 0.0556, 0.06, the second 0.0333, 0.03.
    assert booked(world, "recognise", "GBP") == [Decimal("0.02"), Decimal("0.04"), Decimal("0.05")]
    for currency in ("EUR", "GBP", "JPY", "KWD"):
        assert [sum(booked(world, "recognise", currency))] == booked(world, "bill", currency)
    assert not [row for row in world.rows("ledger line", "role") if row["role"] == "fx"]


def test_a_price_that_its_currency_has_no_coin_for_stops_the_run() -> None:
    with pytest.raises(RunStopped, match="cannot be shared to the last cent"):
        abroad({"JPY": "80.5"})


def test_weights_in_another_currency_than_the_price_stop_the_run() -> None:
    facts: dict[str, list[dict[str, object]]] = {
        "part": [],
        "bundle-order": [order(80) | {"currency": "EUR"}],
        "bundle-line": [line(1, 20) | {"currency": "EUR"}, line(2, 30) | {"currency": "GBP"}],
        "spot": [{"currency": one, "date": "2026-01-10", "rate": "1.2"} for one in ("EUR", "GBP")],
    }
    with pytest.raises(RunStopped, match=r"`bundle-line.ssp`: money of two currencies meets, GBP in a whole in EUR"):
        small_world(RATES, facts, "FY2026-P01")
