"""Balances brought to a value: what is posted, in which order, and what is left to be booked by later periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest

from tests.support.small_world import HEAD, SmallWorld, small_world

REBATES = (
    HEAD
    + """\
terms
    code, document are text
    amount is money
    bill-date, claim-date are dates
register partner identified by code
kind bill moves nothing on bill-date identified by document
    has partner, amount
kind claim moves nothing on claim-date identified by document
    has partner, amount
accounts ledger
    | role       | account | title         | type      | normal | nature   |
    | receivable | 1210    | "Receivables" | asset     | debit  | monetary |
    | owed       | 2410    | "Rebate owed" | liability | credit | monetary |
    | revenue    | 4010    | "Revenue"     | revenue   | credit | monetary |
    | expense    | 6010    | "Expense"     | expense   | debit  | monetary |
parameter share is a rate
    | from       | any |
    | 2020-01-01 | 10% |
    | 2026-03-01 | 5%  |
    review by 2030-01-31
journal sell for each bill posts on bill-date in fiscal
    amount price is rounded(amount)
    debit  receivable price
    credit revenue    price
journal pay for each claim posts on claim-date in fiscal
    amount paid is rounded(amount)
    debit  owed       paid
    credit receivable paid
amount earned for each partner, period
    is rounded(share * sum of bill.amount since 2026-01-01 through 2026-12-31)
amount left-to-pay for each partner, period
    is earned - rounded(sum of claim.amount since 2026-01-01 through 2026-12-31)
journal accrue for each partner, period posts on period end in fiscal
    true up owed to left-to-pay, offset to revenue
"""
)


def bill(document: str, amount: object, day: str, partner: str = "ACME") -> dict[str, object]:
    return {"document": document, "partner": partner, "amount": amount, "bill-date": day}


def closed(*inputs: Mapping[str, Sequence[Mapping[str, object]]], rules: str = REBATES) -> list[SmallWorld]:
    """January, February and March closed one after another, each given the facts known by then."""
    worlds: list[SmallWorld] = []
    for index, facts in enumerate(inputs, start=1):
        before = worlds[-1] if worlds else None
        worlds.append(small_world(rules, facts, f"FY2026-P0{index}", before=before))
    return worlds


def posted(world: SmallWorld, journal: str = "accrue") -> list[tuple[object, ...]]:
    rows = world.rows("ledger line", "journal", "partner", "line", "side", "role", "amount")
    return [tuple(row.values())[1:] for row in rows if row["journal"] == journal]


JANUARY: dict[str, list[dict[str, object]]] = {
    "bill": [bill("A", 1000, "2026-01-10"), bill("B", 200, "2026-01-20", "BOLT")],
    "claim": [],
}
FEBRUARY: dict[str, list[dict[str, object]]] = {
    "bill": [*JANUARY["bill"], bill("C", 500, "2026-02-10")],
    "claim": [{"document": "K", "partner": "ACME", "amount": 30, "claim-date": "2026-02-15"}],
}


def test_a_true_up_posts_what_the_balance_lacks() -> None:
    january, february, march = closed(JANUARY, FEBRUARY, FEBRUARY)
    # January: 10 % of 1,000 and of 200, and nothing is booked yet.
    assert posted(january) == [
        ("ACME", 1, "credit", "owed", Decimal(100)),
        ("ACME", 2, "debit", "revenue", Decimal(100)),
        ("BOLT", 1, "credit", "owed", Decimal(20)),
        ("BOLT", 2, "debit", "revenue", Decimal(20)),
    ]
    # February: ACME is to be owed 150 less the 30 paid, and 100 less 30 are booked; BOLT stands at its 20.
    assert posted(february) == [
        ("ACME", 1, "credit", "owed", Decimal(50)),
        ("ACME", 2, "debit", "revenue", Decimal(50)),
    ]
    # March: at 5 % ACME is owed 75 - 30 = 45 and 120 are booked, BOLT 10 and 20 are: the rest goes back, sides swapped,
    # though BOLT has no fact since January.
    assert posted(march) == [
        ("ACME", 1, "debit", "owed", Decimal(75)),
        ("ACME", 2, "credit", "revenue", Decimal(75)),
        ("BOLT", 1, "debit", "owed", Decimal(10)),
        ("BOLT", 2, "credit", "revenue", Decimal(10)),
    ]


def test_closing_again_on_the_same_facts_posts_the_same() -> None:
    one, two = closed(JANUARY), closed(JANUARY)
    assert posted(one[0]) == posted(two[0]) != []


def test_a_target_that_is_reached_posts_nothing() -> None:
    paid = REBATES.replace("true up owed to left-to-pay", "true up owed to 0")
    assert posted(closed(JANUARY, rules=paid)[0]) == []


def test_true_ups_follow_those_whose_balance_they_read() -> None:
    # Written first, `pass-on` reads the balance that `accrue` brings about: half of what is owed is an expense.
    rules = REBATES.replace(
        "amount earned for",
        """\
amount half-owed for each partner, period is rounded(balance of owed / 2)
journal pass-on for each partner, period posts on period end in fiscal
    true up expense to half-owed, offset to receivable
amount earned for""",
    )
    [january] = closed(JANUARY, rules=rules)
    assert posted(january, "pass-on") == [
        ("ACME", 1, "debit", "expense", Decimal(50)),
        ("ACME", 2, "credit", "receivable", Decimal(50)),
        ("BOLT", 1, "debit", "expense", Decimal(10)),
        ("BOLT", 2, "credit", "receivable", Decimal(10)),
    ]


def test_a_report_and_a_control_read_the_balance_at_the_end() -> None:
    rules = REBATES + (
        "report owing for each partner, period\n    shows left-to-pay, owed-now\n"
        "amount owed-now for each partner, period is balance of owed\n"
        "control owed-is-booked for each partner, period\n    needs owed-now is left-to-pay\n"
        "    otherwise raise not-booked high to controller\n"
    )
    january, february = closed(JANUARY, FEBRUARY, rules=rules)
    shown = [tuple(row.values()) for row in february.rows("report owing", "partner", "left-to-pay", "owed-now")]
    assert shown == [("ACME", Decimal(120), Decimal(120)), ("BOLT", Decimal(20), Decimal(20))]
    assert january.rows("control owed-is-booked") == []


def test_debits_are_credits_in_every_true_up() -> None:
    for world in closed(JANUARY, FEBRUARY, FEBRUARY):
        lines = posted(world)
        assert sum(Decimal(str(row[-1])) * (1 if row[2] == "debit" else -1) for row in lines) == 0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("for each partner, period posts on period end", "for each partner, period posts on period start", "last"),
        ("journal accrue for each partner, period", "journal accrue for each partner, quarter", "period"),
    ],
)
def test_what_does_not_run_is_refused(old: str, new: str, said: str) -> None:
    with pytest.raises(AssertionError, match="T901") as stop:
        closed(JANUARY, rules=REBATES.replace(old, new))
    assert said in str(stop.value)
