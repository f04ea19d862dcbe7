"""Commands over the versions of the rules: put one forward, review it, approve it, see which holds when."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from adapters.books.chain import ruleset_hash
from adapters.books.changes import Changes
from adapters.books.errors import BooksError
from adapters.books.store import Books, open_books
from adapters.cli.command import DAY, InOrder, client_option, command
from adapters.cli.faults import DONE
from adapters.cli.material import require_material
from adapters.cli.terminal import Terminal
from adapters.report.blocks import Column, Table
from adapters.report.text import block_lines
from engine.governance import acts
from engine.governance.state import Version

HERE = "this"
"""What the version in the folder may be called."""

SHORT = 10
"""Characters of a version's hash that people read and write."""


@click.group("rules", cls=InOrder)
def rules() -> None:
    """Put versions of the rules forward, review and approve them; books that name people run no others."""


@command("draft", 'tieout rules draft --comment "ACME settles on reported sales from July"')
@client_option
@click.option("--comment", required=True, metavar="TEXT", help="What this version changes, and why.")
def draft(terminal: Terminal, client: Path, comment: str) -> int:
    """Put forward the rules and client.yaml as they are in the folder, under the hash of all their texts."""
    material = require_material(client)
    ruleset, version = material.ruleset, material.version
    act = acts.RulesDrafted(
        version, ruleset_hash(dict(ruleset.texts)), f"{ruleset.head.name} {ruleset.head.version}",
        ruleset.head.approval_by, comment,
    )  # fmt: skip
    said = f"version {version[:SHORT]} of {act.name} is drafted; `tieout rules review {version[:SHORT]}` comes next"
    with open_books(material.client.books, write=True, create=True, policy=material.policy) as books:
        known = books.state.versions.get(version)
        if known is not None and known.author == books.by:
            said = f"you drafted version {version[:SHORT]} before, nothing to do; it is {known.state}"
        else:
            with books.publication("rules", act.name) as publication:

                def changes(ledger: Changes) -> None:
                    ledger.add_ruleset(ruleset.head.name, str(ruleset.head.version), dict(ruleset.texts))
                    ledger.record(act)

                publication.commit(changes)
    terminal.show(said, {"version": version, "ruleset": act.ruleset, "name": act.name})
    return DONE


@command("review", 'tieout rules review this --comment "read line by line against the contract"')
@client_option
@click.option("--comment", required=True, metavar="TEXT", help="What was looked at.")
@click.argument("version")
def review(terminal: Terminal, client: Path, comment: str, version: str) -> int:
    """Say that you read a version that somebody else wrote; VERSION is `this` or its hash."""
    material = require_material(client)
    with open_books(material.client.books, write=True, policy=material.policy) as books:
        found = _version(books, version)
        if books.by in found.reviewers:
            said = f"you reviewed version {found.id[:SHORT]} before, nothing to do"
        else:
            books.record("rules", acts.RulesReviewed(found.id, comment))
            said = f"version {found.id[:SHORT]} is reviewed by {books.by}; `tieout rules approve` comes next"
    terminal.show(said, {"version": found.id})
    return DONE


@command(
    "approve",
    'tieout rules approve 3f09a1c2b4 --active-from 2026-07-01 --comment "as decided on 12 June"',
)
@client_option
@click.option("--active-from", type=DAY, required=True, metavar="DATE", help="Periods that begin then or later.")
@click.option("--comment", required=True, metavar="TEXT", help="On what ground.")
@click.argument("version")
def approve(terminal: Terminal, client: Path, active_from: datetime, comment: str, version: str) -> int:
    """Approve a reviewed version, from a day on; where its head asks for several roles, each approves by itself."""
    material = require_material(client)
    day = active_from.date().isoformat()
    with open_books(material.client.books, write=True, policy=material.policy) as books:
        found = _version(books, version)
        if books.by in {by for by, _ in found.approvals}:
            said = f"you approved version {found.id[:SHORT]} before, nothing to do"
        else:
            books.record("rules", acts.RulesApproved(found.id, day, _role(books, found), comment))
            found = books.state.versions[found.id]
            said = f"version {found.id[:SHORT]} holds for periods from {day}"
        if found.missing:
            said = f"approved; still missing is the approval of {', '.join(found.missing)}"
    terminal.show(said, {"version": found.id, "state": found.state, "missing": list(found.missing)})
    return DONE


@command("reject", 'tieout rules reject 3f09a1c2b4 --comment "the threshold is too high"')
@client_option
@click.option("--comment", required=True, metavar="TEXT", help="Why it will not hold.")
@click.argument("version")
def reject(terminal: Terminal, client: Path, comment: str, version: str) -> int:
    """Reject a version; it can be drafted anew only with other texts."""
    material = require_material(client)
    with open_books(material.client.books, write=True, policy=material.policy) as books:
        found = _version(books, version)
        books.record("rules", acts.RulesRejected(found.id, comment))
    terminal.show(f"version {found.id[:SHORT]} is rejected", {"version": found.id})
    return DONE


@command("list", "tieout rules list")
@client_option
def list_(terminal: Terminal, client: Path) -> int:
    """List the versions, who wrote, reviewed and approved each, and from which day it holds."""
    material = require_material(client)
    with open_books(material.client.books, write=False) as books:
        versions = tuple(books.state.versions.values())
    columns = (
        Column("version", is_whole=True), Column("of"), Column("state"), Column("from"), Column("by"),
        Column("reviewed by"), Column("approved by"),
    )  # fmt: skip
    rows = tuple(
        (
            one.id[:SHORT] + (" *" if one.id == material.version else ""), one.name, one.state, one.active_from,
            one.author, ", ".join(one.reviewers), ", ".join(_signed(by, role) for by, role in one.approvals),
        )
        for one in versions
    )  # fmt: skip
    lines = [
        line.rstrip() for line in block_lines(Table("Versions", columns, rows, (), "none yet"), terminal.has_colour)
    ]
    here = material.version[:SHORT]
    known = any(one.id == material.version for one in versions)
    lines += ["", f"* in the folder: {here}" if known else f"in the folder: {here}, never drafted"]
    values = {
        "versions": [
            {
                "version": one.id, "ruleset": one.ruleset, "name": one.name, "state": one.state,
                "active-from": one.active_from or None, "author": one.author, "reviewers": list(one.reviewers),
                "approvals": [{"by": by, "role": role or None} for by, role in one.approvals],
                "missing": list(one.missing),
            }
            for one in versions
        ],
        "here": material.version,
    }  # fmt: skip
    terminal.show("\n".join(lines), values)
    return DONE


def _version(books: Books, wanted: str) -> Version:
    """The version that a hash, the beginning of one, or `this` for the one in the folder stands for; BooksError."""
    wanted = books.policy.version if wanted == HERE else wanted
    found = [one for one in books.state.versions.values() if wanted and one.id.startswith(wanted.lower())]
    if len(found) != 1:
        said = "begins several versions" if found else "is no version that was drafted"
        raise BooksError(f"{wanted[:SHORT]} {said}; see `tieout rules list`")
    return found[0]


def _role(books: Books, version: Version) -> str:
    """The role that whoever acts approves under: one missing that they hold, else the first missing."""
    person = books.state.people.get(books.by)
    held = [role for role in version.missing if person is not None and person.holds(role)]
    return [*held, *version.missing, ""][0]


def _signed(by: str, role: str) -> str:
    return f"{by} as {role}" if role else by


for _one in (draft, review, approve, reject, list_):
    rules.add_command(_one)
