"""What an explanation tells of a limit that rows use up."""

from __future__ import annotations

from dsl.span import Source, Span
from engine.model.expression import ItemOf
from engine.plan.values.frames import fact_frame
from engine.run.basis import Asked, Key, Question
from engine.run.evidence import Evidence
from engine.run.explain_absence import explain_facts
from engine.run.explanation import Answer, RunOfBooks
from engine.run.served import served_answers
from tests.support.small_world import HEAD, SmallWorld, small_world

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
amount most for each partner is 100 USD
exception more-of-late to most
    becomes 130 USD
    effective from 2026-02-01
amount granted for each request
    is rounded(request.amount)
    earliest first until most is used up for each partner
accounts ledger
    | role       | account | title         | type      | normal | nature   |
    | receivable | 1210    | "Receivables" | asset     | debit  | monetary |
    | revenue    | 4010    | "Revenue"     | revenue   | credit | monetary |
journal pay for each request posts on claim-date in fiscal
    debit  revenue    granted
    credit receivable granted
"""
)


def request(claim: str, day: str, amount: int) -> dict[str, object]:
    return {"claim": claim, "partner": "ACME", "claim-date": day, "amount": amount}


def told(ran: SmallWorld, facts: str) -> list[Answer]:
    amount, world = ran.ruleset.amounts["granted"], ran.run.world
    names: dict[Key, str] = {(row["fact"],): str(row["claim"]) for row in ran.rows(facts, "claim", "fact")}
    about = Asked(lambda: fact_frame(world, "request", facts), amount.grain, ("fact",), frozenset(names), names)
    node = ItemOf(amount.type, Span(Source("x", "x"), 0, 1), False, "granted", (), None)
    return served_answers(world, about, Question(node, amount.grain))


def words(answer: Answer) -> list[str]:
    return [one.words for one in answer.candidates[0].tests]


def test_each_row_that_went_short_says_what_it_asked_for_and_what_was_left() -> None:
    masters = {"partner": [{"partner": "ACME"}]}
    facts = [request("A", "2026-01-02", 40), request("B", "2026-01-03", 40), request("C", "2026-01-04", 60)]
    january = small_world(CLAIMS, {**masters, "request": facts})
    whole, short = told(january, "request")
    assert (whole.rows, whole.outcome, whole.about) == (2, "40.00", "A")
    assert (short.rows, short.outcome, short.about) == (1, "20.00", "C")
    assert words(short) == [
        "asked for 60.00",
        "the limit is 100.00, and 80.00 of it was used up before",
        "given 20.00",
    ]
    said = "rounded(request.amount), earliest first until most is used up for each partner"
    assert short.candidates[0].answer == said
    february = small_world(CLAIMS, {**masters, "request": facts}, "FY2026-P02", before=january)
    [later] = told(february, "request closed")
    assert words(later)[1:] == [
        "the limit is 130.00, and 100.00 of it was used up before",
        "given 50.00, of which 30.00 in this period",
    ]


def test_a_row_that_posts_nothing_says_what_the_limit_had_left() -> None:
    facts = [request("A", "2026-01-02", 100), request("B", "2026-01-03", 40)]
    ran = small_world(CLAIMS, {"partner": [{"partner": "ACME"}], "request": facts})
    run = RunOfBooks("FY2026-P01", "trial", 1, 1, "", "small", "1", "")
    evidence = Evidence(ran.run.world, None, run, lambda _: {})
    [missed] = explain_facts(evidence, "request", [int(str(ran.rows("request", "claim", "fact")[1]["fact"]))])
    assert [one.sentence for one in missed.reasons] == ["what journal `pay` would post of it comes to nothing"]
    assert [words(one)[1] for one in missed.basis] == ["the limit is 100.00, and 100.00 of it was used up before"]
