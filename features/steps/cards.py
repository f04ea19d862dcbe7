"""Steps that ask for the cards of partners."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pytest_bdd import parsers, then, when

from features.steps.company import Company, Table
from features.steps.then import agrees, in_words


@when("somebody asks for the scorecard", target_fixture="scorecard")
def ask(company: Company) -> dict[str, Any]:
    outcome = company.tieout("scorecard")
    assert outcome.code == 0, outcome.problems
    return dict(outcome.values)


def cards_of(scorecard: dict[str, Any]) -> list[dict[str, Any]]:
    """The cards of each period, shares in percent."""
    shares = {one["name"] for one in scorecard["measures"] if one["is"] == "rate"}
    return [
        {
            "period": cards["period"],
            "rows": [
                {in_words(name): f"{Decimal(one) * 100:.1f} %" if name in shares else one for name, one in row.items()}
                for row in cards["rows"]
            ],
        }
        for cards in scorecard["cards"]
    ]


@then("the scorecards are")
def scorecards_are(scorecard: dict[str, Any], datatable: Table) -> None:
    agrees(cards_of(scorecard)[-1]["rows"], datatable)


@then(parsers.parse("the {measure} of {partner} was"))
def trend_was(scorecard: dict[str, Any], measure: str, partner: str, datatable: Table) -> None:
    found: dict[str, dict[str, Any]] = {}
    for cards in cards_of(scorecard):
        for row in cards["rows"]:
            if row["partner"] == partner:
                found.setdefault(row["company"], {"company": row["company"]})[cards["period"]] = row[measure]
    agrees(list(found.values()), datatable)


@then("these thresholds are not met")
def thresholds_are_not_met(scorecard: dict[str, Any], datatable: Table) -> None:
    told = [
        {
            "who": ", ".join(value for name, value in one["row"].items() if name != "period"),
            "what": f"{one['control']}: {one['sentence']}",
        }
        for one in scorecard["thresholds-not-met"]
    ]
    agrees(told, datatable)


@then("every threshold is met")
def every_threshold_is_met(scorecard: dict[str, Any]) -> None:
    assert scorecard["thresholds-not-met"] == []


@then(parsers.parse('somebody who asks for the scorecard of {what} is told "{sentence}"'))
def is_told(company: Company, what: str, sentence: str) -> None:
    asked = (what,) if what.startswith("FY") else ("--partner", what)
    outcome = company.tieout("scorecard", *asked)
    assert (outcome.code, sentence in outcome.problems) == (1, True), outcome.problems
