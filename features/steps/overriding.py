"""Steps in which several people work on the books of one company, and some override what a reconciliation found."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pytest_bdd import given, parsers, then, when

from adapters.books import identity
from adapters.books.chain import ruleset_hash
from adapters.books.store import open_books
from adapters.cli.material import require_material
from engine.governance import acts
from engine.governance.acts import Act
from features.steps.company import Company, Outcome, Table
from features.steps.then import agrees

ADMINISTRATOR = "adam"
Acting = Callable[..., Outcome]
"""Runs one command as a person, by the account of the same name."""

OVERRIDE = (
    r"shelf-count of (?P<partner>\S+), (?P<part>\S+) in (?P<period>\S+): (?P<column>\S+) is (?P<value>\S+), "
    r'"(?P<reason>.+)", "(?P<comment>.+)"'
)


@given(parsers.re(r"(?P<kind>shelves) (?P<policy>counted .+)"), target_fixture="company")
def shelves(tmp_path: Path, kind: str, policy: str) -> Company:
    return Company.found(tmp_path / "company", kind, policy)


@pytest.fixture
def acting(company: Company, monkeypatch: pytest.MonkeyPatch) -> Acting:
    def act(person: str, *arguments: str) -> Outcome:
        with monkeypatch.context() as patch:
            patch.setattr(identity, "system_user", lambda: person)
            return company.tieout(*arguments)

    return act


def done(outcome: Outcome) -> Any:
    assert outcome.code == 0, outcome.problems or outcome.values
    return outcome.values


@given("people who work on these books")
def people(company: Company, datatable: Table) -> None:
    """An administrator names them; one of them writes the rules, another reads and approves them."""
    material = require_material(company.folder)
    roles = {person: held.split(", ") for person, held in datatable[1:]}
    author = next(person for person, held in roles.items() if "rule-author" in held)
    approver = next(person for person, held in roles.items() if "rule-approver" in held)
    rules, version = material.ruleset, material.version
    done_by: dict[str, list[Act]] = {
        ADMINISTRATOR: [
            acts.Founded(ADMINISTRATOR, ADMINISTRATOR, ADMINISTRATOR),
            *(acts.PersonAdded(person, person, person) for person in roles),
            *(acts.RoleGranted(person, role) for person, held in roles.items() for role in held),
        ],
        author: [acts.RulesDrafted(version, ruleset_hash(dict(rules.texts)), rules.head.name, (), "first")],
        approver: [
            acts.RulesReviewed(version, "read"),
            acts.RulesApproved(version, "2020-01-01", "", "holds"),
        ],
    }
    for person, own in done_by.items():
        books_of = open_books(company.folder / "books", write=True, create=True, actor=person, policy=material.policy)
        with books_of as books:
            books.record("people", *own)


@given(parsers.parse("{person} brings in what is known on {day}"))
def loads(acting: Acting, person: str, day: str) -> None:
    done(acting(person, "load", "--on", day))


@given(parsers.re(r"(?P<person>\S+) makes a trial of (?P<period>FY\S+)"), target_fixture="closing")
@when(parsers.re(r"(?P<person>\S+) makes a trial of (?P<period>FY\S+)"), target_fixture="closing")
def closes(acting: Acting, person: str, period: str) -> Outcome:
    outcome = acting(person, "close", period)
    done(outcome)
    return outcome


@then("nothing is posted")
def nothing_is_posted(closing: Outcome) -> None:
    assert closing.values["journal"] == []


# ---- proposing -------------------------------------------------------------------------------------------------------


@when(parsers.re(rf"(?P<person>\S+) overrides {OVERRIDE}$"), target_fixture="proposed")
def proposes(
    acting: Acting, person: str, partner: str, part: str, period: str, column: str, value: str,
    reason: str, comment: str,
) -> Any:  # fmt: skip
    command = (
        "override", "propose", period, "shelf-count", f"partner={partner}", f"part={part}", f"{column}={value}",
        "--reason", reason, "--comment", comment,
    )  # fmt: skip
    values = done(acting(person, *command, "--yes"))
    assert values["recorded"]
    return values, person, command


@when(
    parsers.re(
        r"(?P<person>\S+) changes it to (?P<column>\S+) is (?P<value>\S+), on the evidence of a file, "
        r'"(?P<reason>.+)", "(?P<comment>.+)"'
    ),
    target_fixture="proposed",
)
def changes(
    acting: Acting, company: Company, proposed: Any, person: str, column: str, value: str, reason: str, comment: str
) -> Any:
    file = company.folder / "list.txt"
    file.write_text(f"{value}\n", "utf-8")
    former, _, command = proposed
    head = [one for one in command[: command.index("--reason")] if not one.startswith(f"{column}=")]
    again = (
        *head, f"{column}={value}", "--reason", reason, "--comment", comment, "--evidence", str(file),
        "--replaces", former["override"],
    )  # fmt: skip
    values = done(acting(person, *again, "--yes"))
    assert values["evidence"] == "list.txt"
    assert done(acting(person, "override", "show", values["override"], "--evidence", str(file)))["is-the-evidence"]
    return values, person, again


@then("the row would become")
def row_would_become(proposed: Any, datatable: Table) -> None:
    agrees(proposed[0]["row-before-and-after"], datatable)


@then("the accounts would change by")
def accounts_would_change(proposed: Any, datatable: Table) -> None:
    agrees([{**one, "difference": Decimal(one["difference"])} for one in proposed[0]["accounts"]], datatable)


@then("these proposals are refused")
def proposals_are_refused(acting: Acting, datatable: Table) -> None:
    for cells, because in datatable[1:]:
        found = acting(
            "ana", "override", "propose", "FY2026-P01", "shelf-count", *shlex.split(cells), "--reason", "r",
            "--comment", "c", "--yes",
        )  # fmt: skip
        assert found.code == 1, cells
        assert because in found.problems


# ---- deciding --------------------------------------------------------------------------------------------------------


@when(parsers.parse('{person} approves it with the comment "{comment}"'))
def approves(acting: Acting, proposed: Any, person: str, comment: str) -> None:
    values = done(acting(person, "override", "approve", proposed[0]["override"], "--comment", comment))
    assert (values["state"], values["is-new"]) == ("approved", True)


@then(parsers.parse('{person} cannot approve it: "{because}"'))
def cannot_approve(acting: Acting, proposed: Any, person: str, because: str) -> None:
    found = acting(person, "override", "approve", proposed[0]["override"], "--comment", "fine")
    assert found.code == 1
    assert because in found.problems


@then(parsers.parse("asking {proposer} and {approver} again changes nothing"))
def asking_again(acting: Acting, company: Company, proposed: Any, proposer: str, approver: str) -> None:
    before = len(company.tieout("books", "history").values["publications"])
    values, _, command = proposed
    assert done(acting(proposer, *command, "--yes"))["override"] == values["override"]
    again = done(acting(approver, "override", "approve", values["override"], "--comment", "once more"))
    assert again["is-new"] is False
    assert len(company.tieout("books", "history").values["publications"]) == before


@then(parsers.re(r"the overrides of (?P<period>FY\S+) are"))
def overrides_are(company: Company, period: str, datatable: Table) -> None:
    agrees(company.tieout("override", "list", period).values["overrides"], datatable)


# ---- what counts -----------------------------------------------------------------------------------------------------


@then("the overrides in force are")
def in_force(closing: Outcome, datatable: Table) -> None:
    found = [
        {name.replace("-", " "): value for name, value in one.items()} | {"where": ", ".join(v for _, v in one["row"])}
        for one in closing.values["overrides"]
    ]
    agrees(found, datatable)


@then("no override is in force")
def none_in_force(closing: Outcome) -> None:
    assert closing.values["overrides"] == []


@then(
    parsers.re(
        r'behind "(?P<side>\S+) (?P<title>.+)" stands the override of (?P<by>\S+), approved by (?P<other>\S+): '
        r'"(?P<comment>.+)"'
    )
)
def stands_behind(company: Company, closing: Outcome, side: str, title: str, by: str, other: str, comment: str) -> None:
    lines = company.tieout("journal", closing.values["period"]).values["lines"]
    [line] = [one for one in lines if (one["side"], one["account.title"]) == (side, title)]
    [found] = company.tieout("explain", line["id"]).values["overrides"]
    assert (found["proposed-by"], found["approved-by"], found["comment"]) == (by, other, comment)
