"""Steps that ask what if, and hold the answer against what a feature says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_bdd import parsers, then, when

from features.steps.company import Company, Outcome, Table
from features.steps.then import agrees, in_words


@when(
    parsers.re(r"somebody (?:asks|tries to ask) what if (?P<scenario>\S+)(?: through (?P<period>\S+))?"),
    target_fixture="supposed",
)
def what_if(
    company: Company, scenario: str, period: str | None
) -> tuple[Outcome, dict[Path, bytes], dict[Path, bytes]]:
    before = bytes_of(company)
    outcome = company.tieout("what-if", scenario, *(["--period", period] if period else []))
    return outcome, before, bytes_of(company)


@when(
    parsers.re(r"somebody supposes through (?P<period>\S+) that these (?P<words>\S+) had come"),
    target_fixture="supposed",
)
def had_come(
    company: Company, period: str, words: str, datatable: Table
) -> tuple[Outcome, dict[Path, bytes], dict[Path, bytes]]:
    before = bytes_of(company)
    file = company.deliver(words, datatable)
    outcome = company.tieout("what-if", "--with", str(file), "--period", period)
    return outcome, before, bytes_of(company)


@when(
    parsers.re(
        r"somebody asks how far off (?P<scenario>\S+) was in the last (?P<count>\d+) periods? through (?P<period>\S+)"
    ),
    target_fixture="held_back",
)
def how_far_off(company: Company, scenario: str, count: str, period: str) -> Outcome:
    outcome = company.tieout("what-if", scenario, "--hold-back", count, "--period", period)
    assert outcome.code == 0, outcome.problems
    return outcome


@then("it was off by")
def was_off_by(held_back: Outcome, datatable: Table) -> None:
    agrees([spelt(row) for row in held_back.values["held-back"]], datatable)


@then("beside each other stand")
def stand_beside(supposed: tuple[Outcome, object, object], datatable: Table) -> None:
    rows = [row for shown in answered(supposed)["shown"] for row in shown["rows"]]
    agrees([spelt(row) for row in rows], datatable)


@then("beside each other the results stand at")
def results_are(supposed: tuple[Outcome, object, object], datatable: Table) -> None:
    agrees([spelt(row) for row in answered(supposed)["results"]], datatable)


@then(parsers.parse("revenue less expense is {as_it_is} as it is and {what_if} as supposed"))
def result_is(supposed: tuple[Outcome, object, object], as_it_is: str, what_if: str) -> None:
    agrees([spelt(answered(supposed)["result"])], [["as it is", "what if"], [as_it_is, what_if]])


@then(parsers.parse('the difference of {title} leads by {journal} to "{words}"'))
def leads_to(supposed: tuple[Outcome, object, object], title: str, journal: str, words: str) -> None:
    ways = {(one["title"], one["journal"]): one["way"] for one in answered(supposed)["causes"]}
    assert ways[title, journal]["words"] == words
    assert ways[title, journal]["steps"][0]["reader"] == f"journal {journal}"


@then(parsers.parse("the books come out again as they were posted in {period}"))
def come_out_again(supposed: tuple[Outcome, object, object], period: str) -> None:
    assert answered(supposed)["as-posted"] == [{"period": period, "same-rules": True, "apart": []}]


@then("these units are projected")
def units_are_projected(supposed: tuple[Outcome, object, object], datatable: Table) -> None:
    agrees(answered(supposed)["projected"], datatable)


@then("nothing in the books has changed")
def nothing_changed(company: Company, supposed: tuple[Outcome, dict[Path, bytes], dict[Path, bytes]]) -> None:
    _, before, after = supposed
    assert before
    assert before == after
    assert company.tieout("books", "verify").values == {"sound": True, "problems": []}


@then(parsers.parse('the question is refused: "{sentence}"'))
def is_refused(supposed: tuple[Outcome, object, object], sentence: str) -> None:
    outcome, before, after = supposed
    assert (outcome.code, sentence in outcome.problems, before) == (1, True, after)


def answered(supposed: tuple[Outcome, object, object]) -> Any:
    """The values of an answer, which must be one."""
    outcome = supposed[0]
    assert outcome.code == 0, outcome.problems
    return outcome.values


def spelt(row: dict[str, Any]) -> dict[str, Any]:
    """A row by the words of its columns."""
    return {in_words(name): value for name, value in row.items()}


def bytes_of(company: Company) -> dict[Path, bytes]:
    """Every file of the company's books with its bytes; the shared memory of SQLite's readers is none of them."""
    files = sorted(path for path in (company.folder / "books").rglob("*") if path.is_file())
    return {path: content for path in files if (content := path.read_bytes()) and path.suffix != ".sqlite-shm"}
