"""Limits that rows use up, against a naive ledger that serves one claim after another, over three periods."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from tests.support.small_world import HEAD, SmallWorld, small_world

RULES = (
    HEAD
    + """\
terms
    code, claim are text
    amount is money
    sale-date, claim-date, claim-by are dates
register partner identified by code
register programme identified by code
    has claim-by
kind sale moves nothing on sale-date identified by partner, claim
    has programme, amount
kind request moves nothing on claim-date identified by partner, claim
    has programme, amount
amount earned for each partner, programme is rounded(sum of sale.amount)
amount granted for each request
    when request.amount is over 5 USD
    is rounded(request.amount)
    capped at 900 USD
    earliest first until earned is used up for each partner, programme
exception too-late to granted, paid-in-full
    when claim-date is after programme.claim-by
    becomes 0
exception paid-in-full to granted
    when request.amount is 333 USD
    becomes 333 USD
amount granted-so-far for each partner, programme, period
    is sum of granted since 2026-01-01 through period end
accounts ledger
    | role       | account | title         | type      | normal | nature   |
    | receivable | 1210    | "Receivables" | asset     | debit  | monetary |
    | revenue    | 4010    | "Revenue"     | revenue   | credit | monetary |
journal pay for each request posts on claim-date in fiscal
    amount part is rounded(granted / 2)
    debit  revenue    part
    credit receivable part
report programmes for each partner, programme, period
    shows granted-so-far
"""
)
Facts = dict[str, list[dict[str, object]]]
STARTS = (date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1))
CLAIM_BY = date(2026, 3, 15)
PARTNERS = tuple(f"P{number:02}" for number in range(40))


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim, or a sale: known in the period of that number, from 1, and dated in it or in an earlier one."""

    partner: str
    name: str
    programme: str
    amount: int
    day: date
    period: int


def drawn(seed: int) -> tuple[list[Claim], list[Claim]]:
    """Sales and claims of three periods; a tenth of them late."""
    draw = random.Random(seed)

    def one(number: int, partner: str, most: int) -> Claim:
        period = draw.randint(1, 3)
        dated = draw.randint(1, period) if draw.random() < 0.3 else period
        days = (STARTS[dated] - STARTS[dated - 1]).days
        day = STARTS[dated - 1] + timedelta(days=draw.randrange(days))
        amount = 333 if draw.random() < 0.05 else draw.randint(1, most)
        return Claim(partner, f"C{number:03}", draw.choice("VW"), amount, day, period)

    sales = [one(number, partner, 900) for partner in PARTNERS for number in range(draw.randint(0, 6))]
    claims = [one(number, partner, 1200) for partner in PARTNERS for number in range(draw.randint(1, 7))]
    return sales, claims


def asked(claim: Claim) -> tuple[int, bool]:
    """What a claim asks for, and whether the limit is for it."""
    if claim.amount <= 5 or claim.day > CLAIM_BY:
        return 0, True
    return (333, False) if claim.amount == 333 else (min(claim.amount, 900), True)


def served(sales: list[Claim], claims: list[Claim]) -> list[dict[Claim, int]]:
    """What each claim has got by the end of each period."""
    got: dict[Claim, int] = defaultdict(int)
    told: list[dict[Claim, int]] = []
    for period in (1, 2, 3):
        for partner in PARTNERS:
            for programme in "VW":
                mine = [one for one in claims if (one.partner, one.programme) == (partner, programme)]
                known = [one for one in sales if (one.partner, one.programme) == (partner, programme)]
                limit = sum(one.amount for one in known if one.period <= period)
                used = sum(got[one] for one in mine)
                rests = [one for one in mine if one.period < period and got[one] < asked(one)[0]]
                here = [one for one in mine if one.period == period]
                for group in (rests, here):
                    for claim in sorted(group, key=lambda one: (one.day, one.partner, one.name)):
                        wanted, limited = asked(claim)
                        more = wanted - got[claim]
                        more = max(0, min(more, limit - used)) if limited else more
                        got[claim] += more
                        used += more
        told.append(dict(got))
    return told


def closed(sales: list[Claim], claims: list[Claim], shuffled: int | None, periods: int = 3) -> list[SmallWorld]:
    """The first periods, each with what was known by its end."""
    worlds: list[SmallWorld] = []
    masters: Facts = {
        "partner": [{"partner": one} for one in PARTNERS],
        "programme": [{"programme": one, "claim-by": CLAIM_BY} for one in "VW"],
    }
    for period in range(1, periods + 1):
        facts = {
            name: [row(one, day) for one in found if one.period <= period]
            for name, day, found in (("sale", "sale-date", sales), ("request", "claim-date", claims))
        }
        before = worlds[-1] if worlds else None
        name = f"FY2026-P0{period}"
        worlds.append(small_world(RULES, {**masters, **facts}, name, before=before, threads=1, shuffled=shuffled))
    return worlds


def row(one: Claim, day: str) -> dict[str, object]:
    known = max(one.day, STARTS[one.period - 1])
    return {
        "partner": one.partner, "claim": one.name, "programme": one.programme, "amount": one.amount, day: one.day,
        "known-at": known,
    }  # fmt: skip


def halves(got: int) -> Decimal:
    """Half of what was got, a cent rounded up."""
    return Decimal(got) / 2


def test_claims_are_served_as_the_ledger_serves_them_in_whatever_order_they_are_loaded() -> None:
    sales, claims = drawn(1)
    told = served(sales, claims)
    worlds = closed(sales, claims, shuffled=5)
    for period, (world, ledger) in enumerate(zip(worlds, told, strict=True), start=1):
        engine = {
            (str(found["partner"]), str(found["programme"])): found["granted-so-far"]
            for found in world.rows("report programmes", "partner", "programme", "granted-so-far")
        }
        expected: dict[tuple[str, str], int] = dict.fromkeys(engine, 0)
        for claim, got in ledger.items():
            if claim.period <= period:
                expected[claim.partner, claim.programme] += got
        assert engine == expected
        given = {str(found["identity"]): found["given"] for found in world.rows("limit granted", "identity", "given")}
        by_claim = {f"{claim.partner}\x1f{claim.name}": got for claim, got in ledger.items()}
        assert {name: units for name, units in given.items() if units} == {
            name: by_claim[name] for name in given if by_claim[name]
        }
        before = told[period - 2] if period > 1 else {}
        paid = sum((halves(got) - halves(before.get(claim, 0)) for claim, got in ledger.items()), Decimal(0))
        assert sum((amount for side, role, amount in world.lines("pay") if role == "revenue"), Decimal(0)) == paid
    assert any(got < asked(claim)[0] for claim, got in told[-1].items()), "no claim went short"
    assert any(0 < told[0].get(one, 0) < told[1][one] for one in told[1]), "no claim got its rest later"
    columns = ("identity", "asked", "limit", "used", "given", "now", "closed")
    again = closed(sales, claims, None, periods=2)
    assert [one.rows("limit granted", *columns) for one in again] == [
        one.rows("limit granted", *columns) for one in worlds[:2]
    ]


def test_what_was_given_before_there_was_a_limit_uses_it_up() -> None:
    free = RULES.replace("    earliest first until earned is used up for each partner, programme\n", "")
    first = Claim("P01", "C1", "V", 700, date(2026, 1, 10), 1)
    second = replace(first, name="C2", day=date(2026, 2, 10), period=2)
    third = replace(first, name="C3", amount=200, day=date(2026, 3, 10), period=3)
    sale = Claim("P01", "S1", "V", 1000, date(2026, 1, 5), 1)
    masters: Facts = {"partner": [{"partner": "P01"}], "programme": [{"programme": "V", "claim-by": CLAIM_BY}]}
    facts: Facts = {
        "sale": [row(sale, "sale-date")],
        "request": [row(one, "claim-date") for one in (first, second, third)],
    }
    january = small_world(free, {**masters, **facts})
    february = small_world(RULES, {**masters, **facts}, "FY2026-P02", before=january)
    march = small_world(RULES, {**masters, **facts}, "FY2026-P03", before=february)
    given = {found["identity"]: found["given"] for found in february.rows("limit granted", "identity", "given")}
    assert given == {"P01\x1fC1": 700, "P01\x1fC2": 300}
    assert [found["now"] for found in march.rows("limit granted", "now")] == [0, 0]
    assert march.lines("pay") == []
