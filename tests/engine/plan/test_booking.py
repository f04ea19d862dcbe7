"""Journals in several currencies: amounts of the transaction and as booked, differences of rates, remeasurement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from sqlglot import exp

from engine.model.posting_order import journals_needed
from tests.support.small_world import HEAD, SmallWorld, ruleset_of, small_world

SALES = (
    HEAD.replace(
        "    overlays may",
        "    lines convert at spot rate on the posting date, difference to exchange\n    overlays may",
    )
    + """\
rates spot from erp quoted to USD, stale after 31 days, missing stops the run, crossed through USD
rates closing from erp-closing quoted to USD, stale after 0 days, missing stops the run, crossed through USD
terms
    code, document are text
    currency is a currency
    amount, fee, share are money
    sale-date, pay-date are dates
register company identified by code
    has currency
kind sale moves nothing on sale-date identified by document
    has company, amount, share
kind payment moves nothing on pay-date identified by document
    has company, amount
accounts ledger
    | role       | account | title           | type      | normal | nature       |
    | receivable | 1210    | "Receivables"   | asset     | debit  | monetary     |
    | cash       | 1010    | "Cash"          | asset     | debit  | monetary     |
    | payable    | 2010    | "Partner share" | liability | credit | monetary     |
    | revenue    | 4010    | "Revenue"       | revenue   | credit | non-monetary |
    | exchange   | 7010    | "Exchange"      | expense   | debit  | non-monetary |
journal sell for each sale posts on sale-date in fiscal
    amount price is rounded(amount)
    amount part is rounded(share)
    debit  receivable price
    credit payable    part
    credit revenue    price - part
journal settle for each payment posts on pay-date in fiscal
    amount paid is rounded(amount)
    debit  cash       paid
    credit receivable paid
journal remeasure for each ledger-balance posts on period end in fiscal
    when ledger-balance.nature is monetary
     and ledger-balance.currency is not company.currency
    books company currency only
    amount at-closing is rounded(ledger-balance.amount converted to company.currency at closing rate on period end)
    true up ledger-balance.role to at-closing, offset to exchange
"""
)

Facts = Mapping[str, Sequence[Mapping[str, object]]]

SPOT = [
    {"currency": "EUR", "date": "2026-01-05", "rate": "1.4"},
    {"currency": "EUR", "date": "2026-02-10", "rate": "1.45"},
    {"currency": "JPY", "date": "2026-01-05", "rate": "0.0064"},
    {"currency": "KWD", "date": "2026-01-05", "rate": "3.25"},
]
CLOSING = [
    {"currency": "EUR", "date": "2026-01-31", "rate": "1.42"},
    {"currency": "EUR", "date": "2026-02-28", "rate": "1.5"},
    {"currency": "JPY", "date": "2026-01-31", "rate": "0.0070"},
    {"currency": "KWD", "date": "2026-01-31", "rate": "3.30"},
]


def sale(
    document: str, amount: str, currency: str = "EUR", share: str = "0", day: str = "2026-01-10", **more: str
) -> dict[str, object]:
    return {"document": document, "amount": amount, "share": share, "currency": currency, "sale-date": day, **more}


def close(
    facts: Mapping[str, Sequence[Mapping[str, object]]], period: str, before: SmallWorld | None = None
) -> SmallWorld:
    given = {"spot": SPOT, "closing": CLOSING, "company": [{"company": "OUR-COMPANY"}], **facts}
    return small_world(SALES, given, period, before=before)


def lines(world: SmallWorld, *journals: str) -> list[tuple[object, ...]]:
    names = ("journal", "line", "side", "role", "currency", "amount", "booked")
    rows = [row for row in world.rows("ledger line", *names) if not journals or row["journal"] in journals]
    return [(row["side"], row["role"], row["currency"], row["amount"], row["booked"]) for row in rows]


def test_a_line_carries_its_amount_and_what_it_is_booked_at() -> None:
    # 200 units at EUR 10, at 1.40: the published sale of case 79.
    world = close({"sale": [sale("A", "2000")]}, "FY2026-P01")
    assert lines(world, "sell") == [
        ("debit", "receivable", "EUR", Decimal(2000), Decimal(2800)),
        ("credit", "revenue", "EUR", Decimal(2000), Decimal(2800)),
    ]


def test_a_line_is_converted_in_one_division_and_no_join_for_its_currency() -> None:
    """However many minor units there are: what is planned for a line costs more than its rows where they are few."""
    query = close({"sale": [sale("A", "2000")]}, "FY2026-P01").run.world.relation("entry sell").query
    assert len(list(query.find_all(exp.IntDiv))) == 3
    assert not list(query.find_all(exp.In))


def test_what_roundings_differ_by_is_a_line_of_its_own() -> None:
    # EUR 0.02 at 1.4 = 0.028 -> 0.03; 0.01 -> 0.014 -> 0.01 twice: one cent less credited than debited.
    world = close({"sale": [sale("A", "0.02", share="0.01")]}, "FY2026-P01")
    cent = Decimal("0.01")
    assert lines(world, "sell") == [
        ("debit", "receivable", "EUR", 2 * cent, 3 * cent),
        ("credit", "payable", "EUR", cent, cent),
        ("credit", "revenue", "EUR", cent, cent),
        ("credit", "exchange", "USD", 0, cent),
    ]


def test_yen_and_dinars_round_to_their_own_minor_unit_and_are_booked_in_cents() -> None:
    world = close({"sale": [sale("A", "12345.5", "JPY"), sale("B", "1.2345", "KWD")]}, "FY2026-P01")
    # JPY 12,346 x 0.0064 = 79.0144; KWD 1.235 x 3.25 = 4.01375.
    assert {line[2:] for line in lines(world, "sell")} == {
        ("JPY", Decimal(12346), Decimal("79.01")), ("KWD", Decimal("1.235"), Decimal("4.01")),
    }  # fmt: skip


def test_a_company_books_in_its_own_currency() -> None:
    # EUR 100 x 1.4 / 3.25 = 43.0769..., in dinars to three digits.
    facts: Facts = {"sale": [sale("A", "100", company="KUWAIT")], "company": [{"company": "KUWAIT", "currency": "KWD"}]}
    assert lines(close(facts, "FY2026-P01"), "sell")[0][3:] == (Decimal(100), Decimal("43.077"))


def test_monetary_balances_are_remeasured_at_closing_and_settled_with_the_gain() -> None:
    january = close({"sale": [sale("A", "2000")]}, "FY2026-P01")
    # 2,000 x 1.42 - 2,800 = 40 in favour.
    assert lines(january, "remeasure") == [
        ("debit", "receivable", "EUR", Decimal(0), Decimal(40)),
        ("credit", "exchange", "EUR", Decimal(0), Decimal(40)),
    ]
    paid = {"document": "P", "amount": "2000", "currency": "EUR", "pay-date": "2026-02-15"}
    february = close({"sale": [sale("A", "2000")], "payment": [paid]}, "FY2026-P02", january)
    # Cash at 1.45 = 2,900; the receivable had 2,840 booked and has nothing left: 60 more.
    assert lines(february, "settle") == [
        ("debit", "cash", "EUR", Decimal(2000), Decimal(2900)),
        ("credit", "receivable", "EUR", Decimal(2000), Decimal(2900)),
    ]
    assert ("debit", "receivable", "EUR", Decimal(0), Decimal(60)) in lines(february, "remeasure")
    # The cash is still held: 2,000 x 1.5 - 2,900 = 100.
    assert ("debit", "cash", "EUR", Decimal(0), Decimal(100)) in lines(february, "remeasure")
    held = {row["role"]: (row["amount"], row["booked"]) for row in february.rows(february.run.world.balances)}
    assert held["receivable"] == (0, 0)
    assert held["cash"] == (2000, 3000)
    assert held["exchange"] == (0, -200)


DEFERRED = (
    HEAD.replace(
        "    overlays may",
        "    lines convert at spot rate on the posting date, non-monetary lines of a layer on its ship-date, "
        "difference to exchange\n    overlays may",
    )
    + """\
rates spot from erp quoted to USD, stale after 31 days, missing stops the run, crossed through USD
terms
    code, document, line are text
    currency is a currency
    quantity is a quantity
    unit-price is a price
    ship-date, sale-date are dates
register company identified by code
    has currency
register partner identified by code
register part identified by code
stock for each company, partner, part
    own, shelf, customer
kind shipment moves own to shelf on ship-date identified by document, line
    has company, partner, part, quantity, unit-price
kind sale moves shelf to customer on sale-date identified by document, line
    has company, partner, part, quantity
layers channel over shelf for each company, partner, part
    carry unit-price
    leave oldest first by ship-date, then document, then line
    units sold beyond stock stop the close
    late facts catch up in the open period
    leftover cents follow the running total
accounts ledger
    | role       | account | title         | type      | normal | nature       |
    | receivable | 1210    | "Receivables" | asset     | debit  | monetary     |
    | deferred   | 2310    | "Deferred"    | liability | credit | non-monetary |
    | revenue    | 4010    | "Revenue"     | revenue   | credit | non-monetary |
    | refund     | 2410    | "Refunds"     | liability | credit | monetary     |
    | exchange   | 7010    | "Exchange"    | expense   | debit  | non-monetary |
journal defer for each shipment posts on ship-date in fiscal
    amount price is rounded(quantity * unit-price)
    debit  receivable price
    credit deferred   price
journal release for each layer touched by sale posts on event-date in fiscal
    amount price is rounded(quantity * layer.unit-price)
    debit  deferred price
    credit revenue  price
amount likely for each layer is layer.remaining * layer.unit-price * 10%
amount likely-back for each company, partner, period is rounded(sum of likely)
journal keep-refund for each company, partner, period posts on period end in fiscal
    true up refund to likely-back, offset to revenue
"""
)


def shipped(document: str, quantity: object, price: str, currency: str, day: str) -> dict[str, object]:
    return {
        "document": document, "line": "1", "partner": "ACME", "part": "X", "quantity": quantity, "unit-price": price,
        "currency": currency, "ship-date": day,
    }  # fmt: skip


def sold(document: str, quantity: object, day: str, partner: str = "ACME") -> dict[str, object]:
    return {"document": document, "line": "1", "partner": partner, "part": "X", "quantity": quantity, "sale-date": day}


def deferred(
    facts: Mapping[str, Sequence[Mapping[str, object]]], period: str, before: SmallWorld | None = None
) -> SmallWorld:
    given = {
        "spot": SPOT, "company": [{"company": "OUR-COMPANY"}], "partner": [{"partner": "ACME"}, {"partner": "BOLT"}],
        "part": [{"part": "X"}], **facts,
    }  # fmt: skip
    return small_world(DEFERRED, given, period, before=before)


def test_what_is_deferred_leaves_at_the_rate_it_came_in_at() -> None:
    facts = {
        "shipment": [shipped("A", 100, "10", "EUR", "2026-01-10")],
        "sale": [sold("S", 40, "2026-01-20"), sold("T", 60, "2026-02-20")],
    }
    january = deferred(facts, "FY2026-P01")
    # 40 x EUR 10 at 1.40, though the sale has no money and the client's files are in dollars.
    assert lines(january, "release") == [
        ("debit", "deferred", "EUR", Decimal(400), Decimal(560)),
        ("credit", "revenue", "EUR", Decimal(400), Decimal(560)),
    ]
    february = deferred(facts, "FY2026-P02", january)
    # The rest leaves at 1.40 too, though February's rate is 1.45; nothing stays behind.
    assert lines(february, "release")[0] == ("debit", "deferred", "EUR", Decimal(600), Decimal(840))
    held = {row["role"]: (row["amount"], row["booked"]) for row in february.rows(february.run.world.balances)}
    assert held["deferred"] == (0, 0)


def test_cents_of_the_booked_amount_follow_the_running_total() -> None:
    # Three units at EUR 0.33: deferred 0.99 -> USD 1.39 (1.386). Unit by unit EUR 0.33, 0.66, 0.99 are
    # USD 0.46 (0.462), 0.92 (0.924) and 1.39: the units release 0.46, 0.46 and 0.47.
    facts = {
        "shipment": [shipped("A", 3, "0.33", "EUR", "2026-01-10")],
        "sale": [sold("S", 1, "2026-01-20"), sold("T", 1, "2026-01-21"), sold("U", 1, "2026-01-22")],
    }
    world = deferred(facts, "FY2026-P01")
    released = world.rows("entry release", "event-kind", "layer.from", "booked 1")
    assert [row["booked 1"] for row in sorted(released, key=lambda row: Decimal(str(row["layer.from"])))] == [
        Decimal("0.46"), Decimal("0.46"), Decimal("0.47"),
    ]  # fmt: skip
    assert lines(world, "defer")[1] == ("credit", "deferred", "EUR", Decimal("0.99"), Decimal("1.39"))


def test_layers_of_several_currencies_stand_in_one_pool() -> None:
    facts = {
        "shipment": [shipped("A", 1, "100", "JPY", "2026-01-10"), shipped("B", 1, "10", "EUR", "2026-01-11")],
        "sale": [sold("S", 2, "2026-01-20")],
    }
    # JPY 100 x 0.0064 = 0.64; EUR 10 x 1.4 = 14.
    assert lines(deferred(facts, "FY2026-P01"), "release") == [
        ("debit", "deferred", "EUR", Decimal(10), Decimal(14)),
        ("debit", "deferred", "JPY", Decimal(100), Decimal("0.64")),
        ("credit", "revenue", "EUR", Decimal(10), Decimal(14)),
        ("credit", "revenue", "JPY", Decimal(100), Decimal("0.64")),
    ]


def test_balances_are_trued_up_in_each_currency() -> None:
    facts = {
        "shipment": [shipped("A", 15, "101", "JPY", "2026-01-10"), shipped("B", 2, "10", "EUR", "2026-01-11")],
        "sale": [sold("S", 15, "2026-02-20")],
    }
    january = deferred(facts, "FY2026-P01")
    # 10 % of JPY 1,515 = 151.5 -> 152, x 0.0064 = 0.97 (0.9728); of EUR 20 = 2, x 1.4 = 2.80.
    assert lines(january, "keep-refund")[:2] == [
        ("credit", "refund", "EUR", Decimal(2), Decimal("2.80")),
        ("credit", "refund", "JPY", Decimal(152), Decimal("0.97")),
    ]
    rates = [*SPOT, {"currency": "JPY", "date": "2026-02-10", "rate": "0.0070"}]
    february = deferred({**facts, "spot": rates}, "FY2026-P02", january)
    # The yen were sold: JPY 152 go back at the rate of the day they are posted on, 0.0070: 1.06 (1.064).
    assert ("debit", "refund", "JPY", Decimal(152), Decimal("1.06")) in lines(february, "keep-refund")
    assert not [line for line in lines(february, "keep-refund") if line[2] == "EUR"]


def test_what_books_company_currency_only_is_trued_up_to_what_is_booked() -> None:
    # A tenth of what was billed stands as a reserve, in dollars. January: EUR 2,000 x 1.4 = 2,800, a reserve of 280;
    # February adds EUR 1,000 x 1.45 = 1,450, so 425 are to stand and 145 post.
    reserve = SALES.replace(
        "    | exchange   |",
        '    | reserve    | 2020    | "Reserve"       | liability | credit | non-monetary |\n    | exchange   |',
    )
    reserve += """\
amount billed for each sale is amount converted to USD at spot rate on sale-date
amount tenth-of-period for each company, period is rounded(10% * sum of billed)
amount tenth for each company, period is sum of tenth-of-period since 2026-01-01 through period end
journal keep-reserve for each company, period posts on period end in fiscal
    books company currency only
    true up reserve to tenth, offset to revenue
"""
    rates = {"spot": SPOT, "closing": CLOSING, "company": [{"company": "OUR-COMPANY", "currency": "USD"}]}
    sales = [sale("A", "2000")]
    january = small_world(reserve, {**rates, "sale": sales})
    sales.append(sale("B", "1000", day="2026-02-10"))
    february = small_world(reserve, {**rates, "sale": sales}, "FY2026-P02", before=january)
    posted = [[(*row[:2], *row[3:]) for row in lines(one, "keep-reserve")] for one in (january, february)]
    assert posted == [
        [("credit", "reserve", 0, Decimal(280)), ("debit", "revenue", 0, Decimal(280))],
        [("credit", "reserve", 0, Decimal(145)), ("debit", "revenue", 0, Decimal(145))],
    ]


def test_who_reads_amounts_of_a_balance_does_not_need_what_moves_only_what_is_booked() -> None:
    # Selling posts to the partner's share; settling does not, and remeasuring moves no amount. What is measured as
    # booked needs the remeasurement, which reads every balance, so everything.
    trued = """\
amount share-of-period for each company, period is rounded(sum of sale.share)
journal keep-share for each company, period posts on period end in fiscal
    true up payable to share-of-period, offset to revenue
"""
    as_amount, as_booked = trued, trued.replace("    true up", "    books company currency only\n    true up")
    needed = [journals_needed(ruleset_of(SALES + one), frozenset({"keep-share"})) for one in (as_amount, as_booked)]
    assert needed == [{"keep-share", "sell"}, {"keep-share", "sell", "settle", "remeasure"}]
