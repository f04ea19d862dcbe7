"""People of the books: each acts with a token of their own, on the same commands as everybody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO

import pytest
from pytest_bdd import given, parsers, then, when

from adapters.books.identity import TOKEN
from adapters.cli.main import main
from features.steps.company import Company, Outcome, Table

ISSUER = "head-office"


@contextmanager
def acting(company: Company, person: str) -> Iterator[None]:
    """Everything done inside is done by a person, who shows a token."""
    secret = str(company.folder / "issuer.pem")
    token = company.tieout("people", "token", person, "--issuer", ISSUER, "--key", secret).values["token"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(TOKEN, token)
        yield


def done(company: Company, person: str, *words: str) -> Outcome:
    """A command as a person runs it, which must go well."""
    with acting(company, person):
        outcome = company.tieout(*words)
    assert outcome.code == 0, outcome.problems
    return outcome


def tried(company: Company, person: str, *words: str) -> Outcome:
    """A command as a person runs it, however it ends."""
    with acting(company, person):
        return company.tieout(*words)


@given("the books name these people")
def books_name(company: Company, datatable: Table) -> None:
    secret = company.folder / "issuer.pem"
    with redirect_stdout(StringIO()):
        assert main(["people", "key", str(secret)]) == 0
    for words in (("found", "maria"), ("trust", ISSUER, f"{secret}.pub")):
        assert company.tieout("people", *words).code == 0
    for person, roles in datatable[1:]:
        assert company.tieout("people", "add", person).code == 0
        for role in roles.split(", "):
            outcome = company.tieout("people", "grant", person, role)
            assert outcome.code == 0, outcome.problems


@given(parsers.parse("rules drafted by {author} and approved by {approver} from {day}"))
def approved_rules(company: Company, author: str, approver: str, day: str) -> None:
    drafts(company, author)
    reviews(company, approver)
    approves_rules(company, approver, day)


@when(parsers.parse("{person} drafts the rules"))
def drafts(company: Company, person: str) -> None:
    done(company, person, "rules", "draft", "--comment", "as agreed")


@when(parsers.parse("{person} reviews the rules"))
def reviews(company: Company, person: str) -> None:
    done(company, person, "rules", "review", _version(company), "--comment", "read")


@when(parsers.parse("{person} approves the rules from {day} as {role}"))
def approves_rules_as(company: Company, person: str, day: str, role: str) -> None:
    approves_rules(company, person, day)
    (version,) = company.tieout("rules", "list").values["versions"]
    assert version["approvals"] == [{"by": person, "role": role}]


def approves_rules(company: Company, person: str, day: str) -> None:
    words = ("rules", "approve", _version(company), "--active-from", day, "--comment", "as decided")
    assert done(company, person, *words).values["state"] == "approved"


def _version(company: Company) -> str:
    return str(company.tieout("rules", "list").values["here"])


@when(parsers.parse("{person} loads what is known on {day}"))
def loads(company: Company, person: str, day: str) -> None:
    done(company, person, "load", "--on", day)


@when(parsers.parse("{person} tries to load what is known on {day}"), target_fixture="attempt")
def tries_to_load(company: Company, person: str, day: str) -> Outcome:
    return tried(company, person, "load", "--on", day)


@when(parsers.parse("{person} closes {period} on trial"))
def closes(company: Company, person: str, period: str) -> None:
    done(company, person, "close", period)


@when(parsers.parse("{person} asks for the close of {period}"))
def asks(company: Company, person: str, period: str) -> None:
    assert done(company, person, "close", period, "--request").values["asked"] is True


@when(parsers.parse("{person} approves the close of {period}"), target_fixture="closing")
def approves(company: Company, person: str, period: str) -> Outcome:
    return done(company, person, "close", period, "--approve")


@when(parsers.parse("{person} tries to approve the {what} of {period}"), target_fixture="attempt")
def tries_to_approve(company: Company, person: str, what: str, period: str) -> Outcome:
    return tried(company, person, {"close": "close", "reopening": "reopen"}[what], period, "--approve")


@when(parsers.parse('{person} asks for the reopening of {period}, because "{reason}"'))
def asks_for_reopening(company: Company, person: str, period: str, reason: str) -> None:
    done(company, person, "reopen", period, "--comment", reason)


@when(parsers.parse("{person} approves the reopening of {period}"))
def approves_reopening(company: Company, person: str, period: str) -> None:
    done(company, person, "reopen", period, "--approve")


@then(parsers.re(r'(?P<person>[a-z]+) is told "(?P<sentence>.+)"$'))
def is_told(attempt: Outcome, person: str, sentence: str) -> None:  # noqa: ARG001 (the words name who)
    assert attempt.code == 1
    assert attempt.problems == sentence


@then(parsers.parse("{period} is hard-closed, asked for by {maker} and approved by {checker} as {role}"))
def was_closed_by_two(closing: Outcome, period: str, maker: str, checker: str, role: str) -> None:
    values = closing.values
    assert (values["period"], values["kind"], values["published"]) == (period, "hard close", True)
    signed = [(one["what"], one["by"]) for one in values["behind"]["signed"]]
    assert ("close requested", maker) in signed
    assert ("close approved", checker) in signed
    assert f"as {role}" in [one["words"] for one in values["behind"]["signed"] if one["what"] == "close approved"]


@then(parsers.re(r"(?P<period>FY\S+) is (?P<state>closed|reopened)$"))
def period_is(company: Company, period: str, state: str) -> None:
    if state == "closed":
        trial = tried(company, "jonas", "close", period)
        assert (trial.code, "is hard-closed" in trial.problems) == (1, True)
    else:
        values = company.tieout("audit", "log", "--verb", "reopened").values
        assert [one["of"] for one in values["acts"]] == [period]


@then(parsers.parse("{period} was hard-closed {times:d} times"))
def times_closed(company: Company, period: str, times: int) -> None:
    found = company.tieout("books", "history").values["publications"]
    assert sum((one["action"], one["subject"]) == ("run", f"{period} hard") for one in found) == times


@then(parsers.parse("the audit trail tells of {count:d} refused acts"))
def refused_acts(company: Company, count: int) -> None:
    found = company.tieout("books", "history").values["publications"]
    assert sum(one["action"] == "refused" for one in found) == count
