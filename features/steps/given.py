"""Steps that set up a company and bring in its files, and those that close its periods."""

from __future__ import annotations

from pathlib import Path

from pytest_bdd import given, parsers, when

from features.steps.company import Company, Outcome, Table, dashed


@given(parsers.re(r"(?P<kind>goods|a channel) kept (?P<policy>.+)"), target_fixture="company")
def a_company(tmp_path: Path, kind: str, policy: str) -> Company:
    return Company.found(tmp_path / "company", kind.removeprefix("a "), policy)


@given(
    parsers.re(
        r"(?P<kind>accruals|weeks|serials|transfers|programmes|concessions|returns|bundles|deferred income|years|"
        r"exports|sell through|books|conversions|scorecards) "
        r"(?:under|that end on|of|told) (?:an? )?(?P<policy>.+)"
    ),
    target_fixture="company",
)
@given(parsers.re(r"(?P<kind>companies) (?P<policy>supplied .+)"), target_fixture="company")
def a_company_under_a_policy(tmp_path: Path, kind: str, policy: str) -> Company:
    return Company.found(tmp_path / "company", dashed(kind), policy)


@given(parsers.re(r"the (?P<words>parts|places|partners) (?P<codes>.+)"))
def masters(company: Company, words: str, codes: str) -> None:
    company.deliver(words, [[words.removesuffix("s")], *([code] for code in codes.split(", "))])


@given(parsers.re(r"(?:these|this) (?P<words>.+)"))
@when(parsers.re(r"(?:these|this) (?P<words>.+) becomes? known"))
def files_arrive(company: Company, words: str, datatable: Table) -> None:
    company.deliver(words, datatable)


@when(parsers.parse("what is known on {day} is loaded"))
def load(company: Company, day: str) -> None:
    outcome = company.tieout("load", "--on", day)
    assert outcome.code == 0, outcome.problems or [
        file["faults"] or file["message"] for file in outcome.values["files"]
    ]


@when(parsers.parse("what is known on {day} is loaded with {count:d} row in quarantine"))
def load_with_quarantine(company: Company, day: str, count: int) -> None:
    outcome = company.tieout("load", "--on", day)
    assert (outcome.code, outcome.values["written"]) == (1, True)
    assert len(company.tieout("quarantine", "list").values["rows"]) == count


@when(parsers.re(r"(?P<period>FY\S+) is closed (?P<how>on trial|for good)$"), target_fixture="closing")
def close(company: Company, period: str, how: str) -> Outcome:
    outcome = company.tieout("close", period, *(["--hard"] if how == "for good" else []))
    assert outcome.code == 0, outcome.problems or outcome.values
    return outcome


@when(
    parsers.re(r"(?P<period>FY\S+) is closed on trial, with more unresolved than .+ allows"), target_fixture="closing"
)
def close_beyond_the_limit(company: Company, period: str) -> Outcome:
    outcome = company.tieout("close", period)
    limits = outcome.values["conditions"]["trial-close"]
    assert (outcome.code, [one["met"] for one in limits]) == (1, [False]), outcome.problems
    return outcome


@when(parsers.re(r"somebody tries to close (?P<period>FY\S+)(?P<how> for good)?"), target_fixture="closing")
def try_to_close(company: Company, period: str, how: str | None) -> Outcome:
    return company.tieout("close", period, *(["--hard"] if how else []))


@when(parsers.re(r'somebody accepts (?P<name>\S+) in (?P<period>\S+) with the comment "(?P<comment>.+)"'))
def accept(company: Company, name: str, period: str, comment: str) -> None:
    outcome = company.tieout("exceptions", "accept", period, "--all-of", name, "--comment", comment)
    assert outcome.code == 0, outcome.problems
    assert outcome.values["accepted"]


@when(parsers.re(r"the exception of (?P<name>\S+) in (?P<period>\S+) is given to (?P<person>\S+)"))
def give(company: Company, name: str, period: str, person: str) -> None:
    found = company.tieout("exceptions", "list", period).values["exceptions"]
    (key,) = [one["id"] for one in found if one[one["of"]] == name]
    outcome = company.tieout("exceptions", "assign", period, key, person)
    assert outcome.code == 0, outcome.problems


@when(
    parsers.re(
        r'somebody asks what is behind "(?P<side>debit|credit) (?P<title>[^"]+)"'
        r"(?: in book (?P<book>\S+))?"
        r"(?: that belongs to (?P<origin>FY\S+))?$"
    ),
    target_fixture="explanation",
)
def explain(company: Company, closing: Outcome, side: str, title: str, origin: str | None, book: str | None) -> Outcome:
    of_book = ["--book", book] if book else []
    lines = company.tieout("journal", closing.values["period"], *of_book).values["lines"]
    of_origin = [one for one in lines if origin in (None, one["origin"])]
    (line,) = (one["id"] for one in of_origin if (one["side"], one["account.title"]) == (side, title))
    outcome = company.tieout("explain", line, "--all")
    assert outcome.code == 0, outcome.problems
    return outcome
