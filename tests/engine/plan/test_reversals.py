"""Journals that the next period takes back, held against sums worked out fact by fact."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from tests.engine.plan.test_journal import BILLS, bill
from tests.support.small_world import SmallWorld, small_world

ACCRUE = """\
journal accrue for each bill posts on bill-date in fiscal
    debit  receivable rounded(amount)
    credit revenue    rounded(amount)
    negative amounts swap sides
    reverses on next period start
"""
PERIODS = ("FY2026-P01", "FY2026-P02", "FY2026-P03")
Sums = dict[tuple[str, str], Decimal]


def closed(bills: Sequence[dict[str, object]], items: str = ACCRUE) -> list[SmallWorld]:
    """The periods closed one after another, each with what was known at its end."""
    found: list[SmallWorld] = []
    for number, period in enumerate(PERIODS, start=1):
        known = [one for one in bills if int(str(one["known-at"])[5:7]) <= number]
        found.append(
            small_world(BILLS + items, {"bill": known}, period, before=found[-1] if found else None, threads=1)
        )
    return found


def posted(world: SmallWorld) -> Sums:
    """What a period posted by role and partner, debits less credits."""
    found: Sums = defaultdict(Decimal)
    for row in world.rows("ledger line"):
        amount = Decimal(str(row["amount"]))
        found[str(row["role"]), str(row["partner"])] += amount if row["side"] == "debit" else -amount
    return {key: total for key, total in found.items() if total}


def expected(bills: Sequence[dict[str, object]], period: int) -> Sums:
    """A bill known in its month stands in that month and is taken back in the next; a late one moves nothing."""
    found: Sums = defaultdict(Decimal)
    for one in bills:
        dated, known = (int(str(one[name])[5:7]) for name in ("bill-date", "known-at"))
        for month, sign in ((dated, 1), (dated + 1, -1)) if dated == known else ():
            if month == period:
                amount = Decimal(str(one["amount"])) * sign
                found["receivable", str(one["partner"])] += amount
                found["revenue", str(one["partner"])] -= amount
    return {key: total for key, total in found.items() if total}


def test_what_a_period_posts_the_next_takes_back_and_late_facts_move_nothing() -> None:
    draw = random.Random(1)
    bills: list[dict[str, object]] = []
    for number in range(60):
        day = date(2026, 1, 1) + timedelta(days=draw.randrange(90))
        later = draw.choice((0, 0, 0, 31))
        amount = Decimal(draw.randrange(-9_999, 99_999)).scaleb(-2)
        known = min(day + timedelta(days=later), date(2026, 3, 31))
        bills.append(bill(f"B{number}", amount, str(day), partner=draw.choice("AB"), **{"known-at": str(known)}))
    worlds = closed(bills)
    for number, world in enumerate(worlds, start=1):
        assert posted(world) == expected(bills, number)
    assert any(row["origin"] != PERIODS[1] for row in worlds[1].rows("reversal"))


def test_a_reversal_goes_on_when_the_rules_no_longer_have_the_journal() -> None:
    before = closed([bill("B1", 100, "2026-01-15", **{"known-at": "2026-01-15"})])[0]
    other = ACCRUE.replace("accrue", "book").replace("    reverses on next period start\n", "")
    after = small_world(BILLS + other, {"bill": []}, PERIODS[1], before=before)
    assert after.lines("accrue") == [
        ("credit", "receivable", Decimal("100.00")), ("debit", "revenue", Decimal("100.00")),
    ]  # fmt: skip
