"""Overrides as people read them: what a proposal comes to, those of a period, and one with its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from adapters.report.blocks import Block, Column, Page, Sentences, Table
from adapters.wording import figure, plain
from engine.governance.acts import OverrideProposed
from engine.governance.state import Override
from engine.ledger.money import minor_digits
from engine.run.overridden import said_of
from engine.run.results import OverrideLine
from engine.run.what_if import AccountChange


@dataclass(frozen=True, slots=True)
class Cell:
    """A column of the row before and after, as people read them."""

    column: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Preview:
    """A proposal with what it is worth, and what it comes to: the row, and accounts that are posted to otherwise."""

    proposal: OverrideProposed
    row: tuple[Cell, ...]
    accounts: tuple[AccountChange, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """An override, where it stands in a word (`lapsed` too), the periods it holds in once it is approved, those it
    stands in the place of, newest first, and the roles whose limit covers it."""

    override: Override
    state: str
    holds_in: tuple[str, ...]
    replaced: tuple[Override, ...] = ()
    roles: tuple[str, ...] = ()


def where_of(proposal: OverrideProposed) -> str:
    """The row of a proposal, by the values of its key."""
    return ", ".join(value for _, value in proposal.row if value is not None)


def value_of(proposal: OverrideProposed) -> str:
    """What a proposal puts in the column it names."""
    return f"{proposal.column} = {proposal.value} {proposal.unit}".rstrip()


def worth_of(proposal: OverrideProposed) -> str:
    """What the row of a proposal is worth, as its approval is measured by."""
    if not proposal.stake:
        return "not known"
    return f"{Decimal(proposal.stake):,.{minor_digits(proposal.stake_currency)}f} {proposal.stake_currency}"


def preview_page(client: str, found: Preview, currency: str, roles: Sequence[str]) -> Page:
    """What an override would come to, before it is recorded."""
    proposal = found.proposal
    places = minor_digits(currency)
    rows = tuple((one.column, one.before, one.after, "" if one.before == one.after else "*") for one in found.row)
    accounts = tuple(
        (one.account, one.title, *(figure(value, places) for value in _figures(one))) for one in found.accounts
    )
    figures = (Column("without it", True), Column("with it", True), Column("difference", True))
    columns = (Column("account"), Column("title"), *figures)
    blocks: tuple[Block, ...] = (
        Sentences("What is proposed", tuple(_said(proposal))),
        Table("The row", (Column("column"), Column("without it", True), Column("with it", True), Column("")), rows),
        Table("The journal", columns, accounts, (), "nothing is posted otherwise"),
        Sentences("Who may approve it", (_who(proposal, roles),)),
    )
    return Page(
        f"Override {proposal.override} of {proposal.reconciliation} {where_of(proposal)}   {proposal.period}",
        (f"{client}   amounts in {currency}",),
        blocks,
    )


def _figures(one: AccountChange) -> tuple[Decimal, Decimal, Decimal]:
    return one.figures.as_it_is, one.figures.supposed, one.figures.difference


def _said(proposal: OverrideProposed) -> list[str]:
    lines = [value_of(proposal), f"{proposal.reason}: {proposal.comment}"]
    if proposal.evidence_sha256:
        lines.append(f"evidence {proposal.evidence}, SHA-256 {proposal.evidence_sha256}")
    if proposal.replaces:
        lines.append(f"in the place of {proposal.replaces}, which counts no more")
    return lines


def _who(proposal: OverrideProposed, roles: Sequence[str]) -> str:
    worth = f"the row is worth {worth_of(proposal)}"
    if not roles:
        lacks = "" if proposal.evidence_sha256 else ", or it asks for evidence: add --evidence FILE"
        return f"{worth}; no role of the rules covers that{lacks}"
    return f"{worth}; somebody else who is {' or '.join(roles)}"


def list_table(standings: Sequence[Standing]) -> Table:
    """Overrides with where they stand."""
    columns = (
        Column("override", is_whole=True), Column("period"), Column("row"), Column("value"), Column("worth", True),
        Column("by"), Column("state"), Column("decided by"),
    )  # fmt: skip
    rows = tuple(
        (
            one.override.proposal.override, one.override.proposal.period,
            f"{one.override.proposal.reconciliation} {where_of(one.override.proposal)}",
            value_of(one.override.proposal), worth_of(one.override.proposal), one.override.by, one.state,
            _decider(one.override),
        )
        for one in standings
    )  # fmt: skip
    return Table("Overrides", columns, rows)


def _decider(override: Override) -> str:
    return f"{override.decided_by} as {override.role}" if override.role else override.decided_by


def standing_page(one: Standing, counted: Sequence[tuple[str, OverrideLine]], shows: str = "") -> Page:
    """One override with its history; `counted` are the last runs of periods that were given it, with what it did, and
    `shows` says whether a file is its evidence."""
    override = one.override
    proposal = override.proposal
    lines = [f"proposed by {override.by} on {_moment(override.at)}", *_said(proposal)]
    lines.append(f"the row was worth {worth_of(proposal)}")
    if override.decided_by:
        comment = f": {override.comment}" if override.comment else ""
        role = f" as {override.role}" if override.role else ""
        lines.append(f"{override.state} by {override.decided_by}{role} on {_moment(override.decided_at)}{comment}")
    elif one.state == "proposed":
        lines.append(_who(proposal, one.roles))
    blocks: list[Block] = [Sentences("", tuple(lines))]
    if one.replaced:
        before = tuple(
            f"{former.proposal.override}  {value_of(former.proposal)}, proposed by {former.by} on {_moment(former.at)}"
            for former in one.replaced
        )
        blocks.append(Sentences("In the place of", before))
    effects = tuple(
        f"{run}: {said_of(line)}" if line.counts else f"{run}: its row is not there, so it counts for nothing"
        for run, line in counted
    )
    blocks.append(Sentences("What it did", effects or ("no run was given it yet",)))
    if shows:
        blocks.append(Sentences("Evidence", (shows,)))
    return Page(
        f"Override {proposal.override} of {proposal.reconciliation} {where_of(proposal)}",
        (f"{one.state}   holds in {', '.join(one.holds_in)}",),
        tuple(blocks),
    )


def _moment(at: str) -> str:
    return f"{at[:16].replace('T', ' ')} UTC"


def in_force_table(overrides: Sequence[OverrideLine]) -> Table:
    """The overrides that a close was given, for its page."""
    columns = (
        Column("override", is_whole=True), Column("row"), Column("from -> to"), Column("reason"), Column("proposed by"),
        Column("approved by"), Column("comment"),
    )  # fmt: skip
    rows = tuple(
        (
            one.override, f"{one.reconciliation} {one.where}",
            said_of(one) if one.counts else f"{one.column}: no such row, counts for nothing", one.reason,
            one.proposed_by, f"{one.approved_by} as {one.role}", one.comment,
        )
        for one in overrides
    )  # fmt: skip
    return Table("Overrides in force", columns, rows)


# ---- the same as values ----------------------------------------------------------------------------------------------


def preview_json(found: Preview, roles: Sequence[str]) -> dict[str, Any]:
    """What an override would come to, as values."""
    return {
        **proposal_json(found.proposal),
        "row-before-and-after": plain(found.row),
        "accounts": [
            {
                "account": one.account, "title": one.title,
                **dict(zip(("without", "with", "difference"), map(plain, _figures(one)), strict=True)),
            }
            for one in found.accounts
        ],
        "may-approve": list(roles),
    }  # fmt: skip


def proposal_json(proposal: OverrideProposed) -> dict[str, Any]:
    """A proposal as values, its row by the names of the key."""
    values: dict[str, Any] = plain(proposal)
    return {**values, "row": dict(proposal.row)}


def standing_json(one: Standing, counted: Sequence[tuple[str, OverrideLine]] = ()) -> dict[str, Any]:
    """An override with its history as values."""
    override = one.override
    decided: Mapping[str, str] = {
        "by": override.decided_by, "at": override.decided_at, "role": override.role, "comment": override.comment,
    }  # fmt: skip
    return {
        **proposal_json(override.proposal),
        "digest": override.digest,
        "proposed-by": override.by,
        "proposed-at": override.at,
        "state": one.state,
        "decided": dict(decided) if override.decided_by else None,
        "holds-in": list(one.holds_in),
        "in-the-place-of": [former.proposal.override for former in one.replaced],
        "may-approve": list(one.roles),
        "runs": [{"run": run, "from": line.was, "counts": line.counts} for run, line in counted],
    }
