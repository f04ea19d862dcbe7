"""Steps that hold what a close gave against what a feature says."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from pytest_bdd import parsers, then

from features.steps.company import Company, Outcome, Table, dashed

Row = tuple[str, ...]


@then(parsers.re(r"the (?P<report>(?!.* behind it ).+) (?:is|are)"))
def report_is(closing: Outcome, report: str, datatable: Table) -> None:
    agrees(report_rows(closing, report), datatable)


@then(parsers.re(r"among the (?P<report>.+) (?:is|are)"))
def report_has(closing: Outcome, report: str, datatable: Table) -> None:
    heading, *wanted = datatable
    lacking = {shown(row) for row in wanted} - set(in_columns(report_rows(closing, report), heading))
    assert not lacking


@then(parsers.re(r"there are no (?P<report>.+)"))
def report_is_empty(closing: Outcome, report: str) -> None:
    assert report_rows(closing, report) == []


@then("the journal posts")
def journal_posts(closing: Outcome, datatable: Table) -> None:
    agrees([{in_words(name): one[name] for name in one} for one in closing.values["journal"]], datatable)


@then("every tie-out holds")
def every_tie_out_holds(closing: Outcome) -> None:
    assert closing.values["tie-outs"]
    assert [one["sentence"] for one in closing.values["tie-outs"] if not one["passed"]] == []
    assert closing.values["published"]


@then("these adjustments are made")
def adjustments_are_made(closing: Outcome, datatable: Table) -> None:
    agrees([one for one in closing.values["adjustments"] if one["facts"]], datatable)


@then(parsers.parse('"{fact}" is told to be "{words}"'))
def fact_is_told_to_be(company: Company, fact: str, words: str) -> None:
    outcome = company.tieout("explain", "--not", fact)
    assert outcome.code == 0, outcome.problems
    told = [reason["sentence"] for one in outcome.values["facts"] for reason in one["reasons"]]
    assert any(words in sentence for sentence in told), told


@then(parsers.parse('loading what is known on {day} leaves {count:d} row in quarantine: "{words}"'))
def rows_are_left_in_quarantine(company: Company, day: str, count: int, words: str) -> None:
    assert company.tieout("load", "--on", day).values["written"]
    rows = company.tieout("quarantine", "list").values["rows"]
    assert len(rows) == count
    assert all(any(words in reason for reason in row["reasons"]) for row in rows), rows


@then(parsers.parse("it is built on trials of {names}"))
def is_built_on_trials(closing: Outcome, names: str) -> None:
    assert ", ".join(closing.values["built-on"]) == names


@then("these entries are taken back")
def entries_are_taken_back(closing: Outcome, datatable: Table) -> None:
    agrees(closing.values["reversals"], datatable)


@then(parsers.parse("it takes back a line of {period}"))
def takes_back(explanation: Outcome, period: str) -> None:
    found = explanation.values["reverses"]
    assert found["run"]["period"] == period
    assert found["id"].startswith(f"JL-{period}-")


@then("the books have earned")
def books_have_earned(closing: Outcome, datatable: Table) -> None:
    earned: dict[str, dict[str, Any]] = {}
    for book in closing.values["books"]:
        for line in book["earned"]:
            earned.setdefault(line["title"], {"title": line["title"]})[book["name"]] = line["earned"]
    agrees(list(earned.values()), datatable)


@then(parsers.parse('a tie-out says "{sentence}"'))
def tie_out_says(closing: Outcome, sentence: str) -> None:
    assert [one["passed"] for one in closing.values["tie-outs"] if one["sentence"] == sentence] == [True]


@then(parsers.parse("{number:d} lines are of facts of closed periods"))
def late_lines(closing: Outcome, number: int) -> None:
    assert closing.values["late-lines"] == number


@then(parsers.re(r"the (?P<part>layers|rows) behind it are"))
def is_explained_by(explanation: Outcome, part: str, datatable: Table) -> None:
    assert explanation.values["adds-up"]
    found = explanation.values["layers" if part == "layers" else "sources"]
    agrees([_delivered(one) for one in found], datatable)


@then(parsers.re(r"it brings a (?P<before>debit|credit) of (?P<old>\S+) to a (?P<after>debit|credit) of (?P<new>\S+)"))
def brings_to(explanation: Outcome, before: str, old: str, after: str, new: str) -> None:
    found = explanation.values["recomputed"]
    sides = {"debit": "", "credit": "-"}
    assert (found["as-posted"], found["as-recomputed"]) == (sides[before] + old, sides[after] + new)
    assert explanation.values["adds-up"]


@then("behind the correction are")
def is_corrected_by(explanation: Outcome, datatable: Table) -> None:
    agrees([_delivered(one) for one in explanation.values["recomputed"]["known"]], datatable)


def _delivered(one: dict[str, Any]) -> dict[str, Any]:
    """A layer or row by the words of a table: the row of its feed, and of what an adjustment made it from."""
    raw = one["raw"] or one["made-from-raw"]
    row = {**one, f"row of {feed_of(raw['file'])}": raw["row"]}
    if one.get("made-by") is not None:
        row |= {"made by": one["made-by"]["name"], "made from": one["made-from"]}
    return row


@then("it was worked out so")
def was_worked_out(explanation: Outcome, datatable: Table) -> None:
    told = [
        one["words"] for answer in explanation.values["basis"] for rule in answer["candidates"] for one in rule["tests"]
    ]
    assert [row[0] for row in datatable if row[0] not in told] == [], told


@then(parsers.parse("the line is {currency} {amount}, booked at {home} {booked}"))
def line_is_booked(explanation: Outcome, currency: str, amount: str, home: str, booked: str) -> None:
    line = explanation.values["line"]
    assert explanation.values["adds-up"]
    assert (line["currency"], said(line["amount"])) == (currency, amount)
    assert (line["home"], said(line["booked"])) == (home, booked)


@then("these rates led there")
def rates_led_there(explanation: Outcome, datatable: Table) -> None:
    found = explanation.values["line"]["rates"]
    agrees([{in_words(name): one[name] for name in one} for one in found], datatable)


@then("these controls are broken")
def controls_are_broken(closing: Outcome, datatable: Table) -> None:
    broken = [one for one in closing.values["controls"] if one["broken"]]
    agrees([{**one, "rows": ", ".join(one["witnesses"])} for one in broken], datatable)


@then("no control is broken")
def no_control_is_broken(closing: Outcome) -> None:
    assert closing.values["controls"]
    assert [one["name"] for one in closing.values["controls"] if one["broken"]] == []


@then(parsers.parse('a tie-out fails: "{sentence}"'))
def tie_out_fails(closing: Outcome, sentence: str) -> None:
    assert closing.code == 1
    assert [one["sentence"] for one in closing.values["tie-outs"] if not one["passed"]] == [sentence]


@then(parsers.parse('the close is refused: "{sentence}"'))
def close_is_refused(closing: Outcome, sentence: str) -> None:
    assert closing.code == 1
    assert sentence in closing.problems


@then(parsers.parse("{period} is kept as a trial"))
def is_kept_as_a_trial(company: Company, closing: Outcome, period: str) -> None:
    assert (closing.code, closing.values["kind"], closing.values["published"]) == (1, "trial", True)
    publications = company.tieout("books", "history").values["publications"]
    assert [one["subject"] for one in publications if one["action"] == "run"] == [f"{period} trial"]


@then("the steps of the close are")
def steps_are(closing: Outcome, datatable: Table) -> None:
    steps = closing.values["conditions"]["steps"]
    rows = [
        {"name": one["name"], "done": "yes" if one["done"] else "no", "waits for": ", ".join(one["waits-for"])}
        for one in steps
    ]
    agrees(rows, datatable)


@then(parsers.parse("the exceptions of {period} are"))
def exceptions_are(company: Company, period: str, datatable: Table) -> None:
    found = company.tieout("exceptions", "list", period).values["exceptions"]
    agrees([exception(one) for one in found], datatable)


@then(parsers.parse('somebody who accepts {name} in {period} without a comment is told "{sentence}"'))
def is_told(company: Company, name: str, period: str, sentence: str) -> None:
    outcome = company.tieout("exceptions", "accept", period, "--all-of", name, "--comment", "")
    assert outcome.code == 1
    assert sentence in outcome.problems


@then(parsers.parse('the last file did not resolve the exception of {name} in {period}: "{sentence}"'))
def is_not_resolved(company: Company, name: str, period: str, sentence: str) -> None:
    found = company.tieout("exceptions", "list", period).values["exceptions"]
    (key,) = [one["id"] for one in found if one[one["of"]] == name]
    last = max((company.folder / "incoming").iterdir(), key=lambda path: int(path.stem.rpartition("_")[2]))
    outcome = company.tieout("exceptions", "resolve", period, key, "--by-file", last.name)
    assert outcome.code == 1
    assert sentence in outcome.problems


@then(parsers.parse("the trial close allows {limit} and {unresolved} is unresolved"))
def trial_allows(closing: Outcome, limit: str, unresolved: str) -> None:
    (found,) = closing.values["conditions"]["trial-close"]
    assert (said(found["limit"]), said(found["unresolved"]), found["met"]) == (limit, unresolved, False)


@then("the books are whole")
def books_are_whole(company: Company) -> None:
    assert company.tieout("books", "verify").values == {"sound": True, "problems": []}


@then("nothing is published")
def nothing_is_published(company: Company) -> None:
    publications = company.tieout("books", "history").values["publications"]
    assert [one["action"] for one in publications if one["action"] != "load"] == []


def exception(one: dict[str, Any]) -> dict[str, Any]:
    """An exception by the words of a table: what it is of, where, its outcomes, and the comment of its acceptance."""
    where = ", ".join(value for name, value in one["row"].items() if value is not None and name != "period")
    accepted = one["accepted"] or {"comment": ""}
    return {
        **one,
        "of": one[one["of"]],
        "where": where,
        "outcomes": ", ".join(one["outcomes"]),
        "comment": accepted["comment"],
    }


def report_rows(closing: Outcome, report: str) -> list[dict[str, Any]]:
    """The rows of a report on the page of a close, by the words of its columns."""
    found = {dashed(one["name"].removesuffix(" (roll-forward)")): one for one in closing.values["reports"]}
    name = dashed(report)
    assert name in found, f"no report is called {name}; there are {', '.join(found)}"
    columns = [in_words(column) for column in found[name]["columns"]]
    return [dict(zip(columns, row, strict=True)) for row in found[name]["rows"]]


def agrees(found: list[dict[str, Any]], table: Table) -> None:
    """Rows must be those of the table, all of them and no others, in the columns the table has."""
    heading, *wanted = table
    assert sorted(in_columns(found, heading)) == sorted(shown(row) for row in wanted)


def in_columns(rows: list[dict[str, Any]], heading: list[str]) -> list[Row]:
    """Rows cut down to some columns, each of which must be there."""
    lacking = [column for row in rows for column in heading if column not in row]
    assert not lacking, f"there is no {lacking[0]}; there are {', '.join(rows[0])}"
    return [shown([row[column] for column in heading]) for row in rows]


def shown(cells: Iterable[Any]) -> Row:
    """A row in one spelling."""
    return tuple(said(cell) for cell in cells)


def feed_of(file: str) -> str:
    """The feed a delivered file is of, in words."""
    return file.partition("_")[0].replace("-", " ")


def in_words(column: str) -> str:
    """A column as people say it: `layer.unit-cost` is the unit cost."""
    return column.rpartition(".")[2].replace("-", " ")


def said(value: Any) -> str:
    """A cell in one spelling: figures without their last zeros, nothing as an empty cell."""
    text = "" if value is None else str(value)
    try:
        return f"{Decimal(text.replace(',', '')).normalize():f}"
    except InvalidOperation:
        return text
