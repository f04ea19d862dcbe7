"""Steps that ask what each company of a set of books posted."""

from __future__ import annotations

from typing import Any

from pytest_bdd import parsers, then

from features.steps.company import Company, Outcome, Table
from features.steps.then import agrees, in_words

SIDES = ("debit", "credit")


def lines_of(company: Company, period: str, *arguments: str) -> list[dict[str, Any]]:
    """The lines of a period's journal, each amount under its side."""
    outcome = company.tieout("journal", period, *arguments)
    assert outcome.code == 0, outcome.problems
    return [
        {in_words(name): value for name, value in line.items()}
        | {side: line["amount"] if line["side"] == side else None for side in SIDES}
        for line in outcome.values["lines"]
    ]


@then(parsers.re(r"the lines of (?P<period>\S+) are"))
def lines_are(company: Company, period: str, datatable: Table) -> None:
    agrees(lines_of(company, period), datatable)


@then(parsers.re(r"the lines of (?P<period>\S+) in book (?P<book>\S+) are"))
def lines_of_book_are(company: Company, period: str, book: str, datatable: Table) -> None:
    agrees(lines_of(company, period, "--book", book), datatable)


@then("the companies have posted")
def companies_have_posted(closing: Outcome, datatable: Table) -> None:
    agrees([{**one, **one["earned"]} for one in closing.values["companies"]], datatable)
