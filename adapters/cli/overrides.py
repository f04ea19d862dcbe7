"""Commands over overrides: propose another value for a row, show what it comes to, decide on it, look at it."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import click

from adapters.books.store import Books, open_books
from adapters.cli.command import EXISTING_OR_NOT, InOrder, client_option, command
from adapters.cli.faults import DONE, PROBLEMS, RefusedError
from adapters.cli.material import Material, require_material
from adapters.cli.terminal import Terminal
from adapters.closing import deciding
from adapters.closing.deciding import Decided, roles_for, runs_with, standing_of, standings
from adapters.closing.proposing import Wanted, preview, proposal_of
from adapters.report.blocks import Page
from adapters.report.overrides import (
    Preview,
    list_table,
    preview_json,
    preview_page,
    standing_json,
    standing_page,
    value_of,
    where_of,
)
from adapters.report.text import block_lines, page_text
from engine.governance.acts import OverrideProposed
from engine.governance.state import Override

STATES = ("proposed", "approved", "rejected", "withdrawn", "replaced", "lapsed")


@click.group("override", cls=InOrder)
def override() -> None:
    """Put another value in the place of one that a reconciliation found, with a reason and by two people."""


@command(
    "propose",
    "tieout override propose FY2026-P01 siso partner=ACME part=X100 reported=98 \\",
    '  --reason recount --comment "two boxes stood in the next bay" --evidence count.pdf',
    "tieout override propose FY2026-P01 siso partner=ACME part=X100 treatment=absorb --dry-run \\",
    '  --reason agreed --comment "below what the contract asks to follow up"',
)
@client_option
@click.option("--reason", required=True, metavar="CODE", help="What kind of reason it is, in a word.")
@click.option("--comment", required=True, metavar="TEXT", help="Why the value holds; kept with your name.")
@click.option(
    "--evidence", type=EXISTING_OR_NOT, metavar="FILE", help="A file that shows it; the books keep its name and hash."
)
@click.option("--replaces", default="", metavar="ID", help="The override it stands in the place of, approved or not.")
@click.option("--dry-run", is_flag=True, help="Show what it would come to, and record nothing.")
@click.option("--yes", is_flag=True, help="Record it without being asked.")
@click.argument("period")
@click.argument("reconciliation")
@click.argument("cells", nargs=-1, required=True, metavar="KEY=VALUE... COLUMN=VALUE")
def propose(
    terminal: Terminal,
    client: Path,
    reason: str,
    comment: str,
    evidence: Path | None,
    replaces: str,
    dry_run: bool,
    yes: bool,
    period: str,
    reconciliation: str,
    cells: tuple[str, ...],
) -> int:
    """Propose another value for a row of a period; what the journal would make of it is shown first.

    The keys name the row. COLUMN is reported, an amount of the reconciliation, or an outcome of a table such as
    treatment. It counts once somebody else has approved it whose role covers what the row is worth, in the period it
    names and as long after as the rules say. To change one, propose it anew with --replaces: that voids its approval.
    """
    if not (dry_run or yes or (sys.stdin.isatty() and not terminal.wants_json)):
        raise click.UsageError("nobody can be asked here: add --yes to record it, or --dry-run to see what it comes to")
    name, digest = ("", "") if evidence is None else (evidence.name, _sha256(evidence))
    wanted = Wanted(period, reconciliation, _cells(cells), reason, comment, name, digest, replaces)
    material = require_material(client)
    with (
        open_books(material.client.books, write=not dry_run, policy=material.policy) as books,
        terminal.working(f"trying the override on {period}") as progress,
    ):
        proposal = proposal_of(books, material.ruleset, wanted)
        known = books.state.overrides.get(proposal.override)
        if known is not None:
            return _known(terminal, known)
        if not dry_run:
            books.require(proposal)
        found = preview(books, material.ruleset, proposal, progress=lambda words: progress(f"running {words}"))
        roles = roles_for(books.policy, found.proposal)
        if yes and not dry_run:
            deciding.propose(books, found.proposal)
        seq = books.ledger.head().seq
    page = preview_page(material.client.client.client, found, material.ruleset.head.currency, roles)
    recorded = yes and not dry_run
    if not dry_run and not yes:
        terminal.note(page_text(page, terminal.notes_have_colour))
        recorded = click.confirm("Record it?", err=True) and _recorded_later(material, found.proposal, seq)
    _show_preview(terminal, page, found, roles, recorded)
    return DONE


def _recorded_later(material: Material, proposal: OverrideProposed, seq: int) -> bool:
    """Record what somebody has looked at; RefusedError where the books went on since."""
    with open_books(material.client.books, write=True, policy=material.policy) as books:
        if books.ledger.head().seq != seq:
            raise RefusedError("the books went on while you looked, nothing was recorded", "propose it again")
        deciding.propose(books, proposal)
    return True


def _show_preview(terminal: Terminal, page: Page, found: Preview, roles: tuple[str, ...], recorded: bool) -> None:
    name = found.proposal.override
    end = f"{name} is proposed; somebody else decides with `tieout override approve {name}`"
    end = end if recorded else "nothing was recorded"
    text = f"{page_text(page, terminal.has_colour)}\n{end}"
    terminal.show(text, {**preview_json(found, roles), "recorded": recorded})


def _known(terminal: Terminal, known: Override) -> int:
    """A retry changes nothing; it is told how the override stands since."""
    name = known.proposal.override
    stands = known.state in ("proposed", "approved")
    said = f"{name} was proposed before and is {known.state}, nothing to do"
    said += "" if stands else "; to propose it again, say in the comment what is new"
    terminal.show(said, {"override": name, "state": known.state, "recorded": False})
    return DONE if stands else PROBLEMS


def _cells(texts: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, is_pair, value = text.partition("=")
        if not is_pair or not name.strip() or name.strip() in found:
            raise click.UsageError(f"`{text}` is no new NAME=VALUE; write the row and the value like partner=ACME")
        found[name.strip()] = value.strip()
    return found


def _sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes; OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# ---- deciding --------------------------------------------------------------------------------------------------------


@command("approve", 'tieout override approve O-3f09a1c2b4 --comment "counted again with ACME"')
@client_option
@click.option("--comment", required=True, metavar="TEXT", help="What was looked at.")
@click.argument("id")
def approve(terminal: Terminal, client: Path, comment: str, id: str) -> int:
    """Approve an override that somebody else proposed, as the role whose limit covers what its row is worth.

    ID is what `override list` calls one, or the beginning of it. The next close of the period counts it.
    """
    return _decided(terminal, client, "approved", lambda books: deciding.approve(books, id, comment))


@command("reject", 'tieout override reject O-3f09a1c2b4 --comment "the second count was of another part"')
@client_option
@click.option("--comment", required=True, metavar="TEXT", help="Why it does not hold.")
@click.argument("id")
def reject(terminal: Terminal, client: Path, comment: str, id: str) -> int:
    """Reject an override that somebody else proposed."""
    return _decided(terminal, client, "rejected", lambda books: deciding.reject(books, id, comment))


@command("withdraw", 'tieout override withdraw O-3f09a1c2b4 --comment "ACME sent a corrected file"')
@client_option
@click.option("--comment", required=True, metavar="TEXT", help="Why you take it back.")
@click.argument("id")
def withdraw(terminal: Terminal, client: Path, comment: str, id: str) -> int:
    """Take back an override that you proposed, before anybody has decided on it."""
    return _decided(terminal, client, "withdrawn", lambda books: deciding.withdraw(books, id, comment))


def _decided(terminal: Terminal, client: Path, word: str, decide: Callable[[Books], Decided]) -> int:
    material = require_material(client)
    with open_books(material.client.books, write=True, policy=material.policy) as books:
        found = decide(books)
        values = standing_json(standing_of(books, material.ruleset, found.override))
    one = found.override
    proposal = one.proposal
    role = f" as {one.role}" if one.role else ""
    said = f"{proposal.override} is {word} by {one.decided_by}{role}: {where_of(proposal)}, {value_of(proposal)}"
    if not found.is_new:
        said = f"{proposal.override} was {word} by you before, nothing to do"
    elif word == "approved":
        said += f"; `tieout close {proposal.period}` counts it"
    terminal.show(said, {**values, "is-new": found.is_new})
    return DONE


# ---- looking ---------------------------------------------------------------------------------------------------------


@command("list", "tieout override list FY2026-P01", "tieout override list --state proposed")
@client_option
@click.option("--state", type=click.Choice(STATES), help="Only those that stand there.")
@click.argument("period", required=False, default="")
def list_(terminal: Terminal, client: Path, state: str | None, period: str) -> int:
    """List overrides with where they stand: those of all periods, or of one."""
    material = require_material(client)
    with open_books(material.client.books, write=False, policy=material.policy) as books:
        found = standings(books, material.ruleset, period, state or "")
    lines = [line.rstrip() for line in block_lines(list_table(found), terminal.has_colour)]
    terminal.show("\n".join(lines), {"overrides": [standing_json(one) for one in found]})
    return DONE


@command(
    "show",
    "tieout override show O-3f09a1c2b4",
    "tieout override show O-3f09a1c2b4 --evidence count.pdf",
)
@client_option
@click.option(
    "--evidence", type=EXISTING_OR_NOT, metavar="FILE", help="Say whether a file is the one it was proposed with."
)
@click.argument("id")
def show(terminal: Terminal, client: Path, evidence: Path | None, id: str) -> int:
    """Show an override: who proposed it and who decided, when and why, what it replaced, and what it did.

    ID is what `override list` calls one, or the beginning of it.
    """
    material = require_material(client)
    with open_books(material.client.books, write=False, policy=material.policy) as books:
        one = standing_of(books, material.ruleset, deciding.found(books, id))
        counted = runs_with(books, material.ruleset, one)
    kept = one.override.proposal.evidence_sha256
    is_same = evidence is None or _sha256(evidence) == kept
    shows = ""
    if evidence is not None:
        shows = f"{evidence.name} is{'' if is_same else ' not'} the file that it was proposed with"
    values = standing_json(one, counted) | ({} if evidence is None else {"is-the-evidence": is_same})
    terminal.show(page_text(standing_page(one, counted, shows), terminal.has_colour), values)
    return DONE if is_same else PROBLEMS


for one in (propose, approve, reject, withdraw, list_, show):
    override.add_command(one)
