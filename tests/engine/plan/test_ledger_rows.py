"""Rows of the ledger that rules read over several closes: balances by role, lines, corrections of closed periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

import pytest

from engine.plan.world import RunStopped
from tests.support.small_world import HEAD, SmallWorld, compiled, small_world

LEDGER = (
    HEAD
    + """\
terms
    code, document are text
    amount are money
    role is a role
    bill-date, as-of-date, known-at are dates
register company identified by code
kind bill moves nothing on bill-date identified by company, document
    has amount
kind gl-balance moves nothing on as-of-date identified by company, role, as-of-date
    has amount
accounts ledger
    | role       | account | title         | type    | normal | nature   |
    | receivable | 1210    | "Receivables" | asset   | debit  | monetary |
    | owed       | 2410    | "Owed"        | liability | credit | monetary |
    | revenue    | 4010    | "Revenue"     | revenue | credit | non-monetary |
    | bonus      | 6010    | "Bonus"       | expense | debit  | non-monetary |
journal sell for each bill posts on bill-date in fiscal
    amount price is rounded(amount)
    debit  receivable price
    credit revenue    price
journal accrue for each company, period posts on period end in fiscal
    true up owed to rounded(balance of revenue * 10%), offset to bonus
control ledger-agrees for each gl-balance
    needs balance of role in company currency is amount
    otherwise raise apart critical to controller
control nobody-overpaid for each ledger-balance
    when ledger-balance.role is receivable
    needs ledger-balance.amount is under 1,500 USD
    otherwise raise overpaid low to controller
control small-lines for each ledger-line
    needs ledger-line.amount is under 600 USD
    otherwise raise large low to controller
"""
)
CORRECTED = (
    LEDGER
    + """\
decision late-effect for each correction is one of catch-up, restate decided as of known-at
    unless excepted, catch-up
exception large-in-the-result to late-effect
    when correction.share-of-result is at least 4%
    becomes restate
exception large-together to late-effect
    when correction.share-accumulated is at least 3%
    becomes restate
control no-silent-restatement for each correction
    needs late-effect is catch-up
    otherwise raise restate critical to controller
report late for each correction
    shows amount, cause, share-of-result, share-accumulated
"""
)
Inputs = dict[str, list[dict[str, object]]]


def bill(document: str, amount: int, day: str, known: str = "") -> dict[str, object]:
    found: dict[str, object] = {"document": document, "amount": amount, "bill-date": day}
    return found | ({"known-at": known} if known else {})


def stated(role: str, amount: int, day: str) -> dict[str, object]:
    return {"role": role, "amount": amount, "as-of-date": day}


JANUARY: Inputs = {
    "bill": [bill("A", 1000, "2026-01-10")],
    "gl-balance": [stated("receivable", 1000, "2026-01-31"), stated("owed", 100, "2026-01-31")],
}
FEBRUARY: Inputs = {
    "bill": [*JANUARY["bill"], bill("B", 500, "2026-02-10"), bill("C", 40, "2026-01-20", "2026-02-03")],
    "gl-balance": [
        *JANUARY["gl-balance"],
        stated("receivable", 1540, "2026-02-28"),
        stated("revenue", 1500, "2026-02-28"),
        stated("owed", 154, "2026-02-15"),
    ],
}
MARCH: Inputs = {
    "bill": [*FEBRUARY["bill"], bill("D", 20, "2026-01-25", "2026-03-02"), bill("E", 30, "2026-02-10", "2026-03-02")],
    "gl-balance": FEBRUARY["gl-balance"],
}


def closed(rules: str, *inputs: Mapping[str, Sequence[Mapping[str, object]]]) -> list[SmallWorld]:
    worlds: list[SmallWorld] = []
    for index, facts in enumerate(inputs, start=1):
        before = worlds[-1] if worlds else None
        worlds.append(small_world(rules, facts, f"FY2026-P0{index}", before=before))
    return worlds


@lru_cache(maxsize=1)
def quarter() -> list[SmallWorld]:
    return closed(CORRECTED, JANUARY, FEBRUARY, MARCH)


def test_a_balance_is_read_by_the_role_that_a_row_names() -> None:
    # Bills of 1,000 stand in January, and a tenth is owed. In February they are 1,540, what was handed over included,
    # and the ledger says 1,500 of revenue. What is stated of the middle of a month meets a balance that nobody knows.
    january, february, march = quarter()
    assert january.rows("control ledger-agrees", "role") == []
    broken = february.rows("control ledger-agrees", "role", "as-of-date", "test 0 operand 0")
    assert [(row["role"], str(row["as-of-date"]), row["test 0 operand 0"]) for row in broken] == [
        ("owed", "2026-02-15", None),
        ("revenue", "2026-02-28", Decimal(1540)),
    ]
    assert march.rows("control ledger-agrees", "role") == []


def test_lines_and_balances_are_rows_that_controls_read() -> None:
    january, february, _ = quarter()
    assert [row["ledger-line"] for row in january.rows("control small-lines", "ledger-line")] == [
        "JL-FY2026-P01-000003",
        "JL-FY2026-P01-000004",
    ]
    assert january.rows("control nobody-overpaid", "role") == []
    assert [row["role"] for row in february.rows("control nobody-overpaid", "role")] == ["receivable"]


def late(world: SmallWorld) -> list[tuple[object, ...]]:
    names = ("role", "origin-period", "amount", "cause", "share-of-result", "share-accumulated")
    return [tuple(row.values()) for row in world.rows("report late", *names)]


def test_a_correction_is_measured_on_the_result_of_its_year_and_on_what_its_period_lacked() -> None:
    january, february, march = quarter()
    assert late(january) == []
    # The result of the year as closed is 1,000 - 100 = 900 in January: C is 40 of it. The bonus is trued up in the open
    # period, so it corrects nothing.
    share = Decimal("0.044444")
    assert late(february) == [
        ("receivable", "FY2026-P01", Decimal(40), "late-fact", share, share),
        ("revenue", "FY2026-P01", Decimal(40), "late-fact", share, share),
    ]
    # By February it is 1,540 - 154 = 1,386. January, when closed, lacked C and D, which is 60; February D and E, 50.
    first = (Decimal("0.014430"), Decimal("0.043290"))
    second = (Decimal("0.021645"), Decimal("0.036075"))
    assert late(march) == [
        ("receivable", "FY2026-P01", Decimal(20), "late-fact", *first),
        ("receivable", "FY2026-P02", Decimal(30), "late-fact", *second),
        ("revenue", "FY2026-P01", Decimal(20), "late-fact", *first),
        ("revenue", "FY2026-P02", Decimal(30), "late-fact", *second),
    ]


def test_a_decision_says_which_corrections_may_not_be_silent() -> None:
    _, february, march = quarter()
    names = ("role", "origin-period")
    assert [tuple(row.values()) for row in february.rows("control no-silent-restatement", *names)] == [
        ("receivable", "FY2026-P01"),
        ("revenue", "FY2026-P01"),
    ]
    assert len(march.rows("control no-silent-restatement", *names)) == 4


def test_books_closed_before_rules_asked_for_corrections_are_told() -> None:
    january = small_world(LEDGER, JANUARY)
    with pytest.raises(RunStopped, match="before the rules asked for corrections"):
        small_world(CORRECTED, FEBRUARY, "FY2026-P02", before=january)


def test_a_balance_of_one_role_by_rows_of_another_is_refused() -> None:
    odd = LEDGER.replace("balance of role in company currency", "balance of owed in company currency")
    found = compiled(odd)[1]
    assert [(one.code, one.message) for one in found.errors] == [
        (
            "T901",
            "`balance of owed in company currency` for each `role` can be written but does not run yet: "
            "balances are not kept by it",
        )
    ]


def test_rules_that_ask_for_the_cause_of_a_correction_are_warned_of() -> None:
    asked = CORRECTED.replace("when correction.share-of-result is at least 4%", "when correction.cause is error")
    told = [(one.message, one.span.text) for one in compiled(asked)[1] if one.code == "T901"]
    words = "every correction is of a late fact, and none is flagged, in this version"
    assert told == [(words, "correction.cause")]
    assert not [one for one in compiled(CORRECTED)[1] if one.code == "T901"]
