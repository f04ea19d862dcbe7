"""The page an auditor reads first: what was closed, by whom, by which rules, to which figures, what was agreed to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from adapters.audit.log import LogEntry
from adapters.books.entries import Run, RunKind
from adapters.report.blocks import Block, Check, Checks, Column, Page, Sentences, Table
from adapters.report.closing import Behind
from adapters.report.conditions import condition_blocks
from adapters.wording import counted, figure
from engine.governance.state import Override
from engine.ledger.money import minor_digits
from engine.run.conditions import Conditions

Line = dict[str, Any]
"""A line of a journal by column."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the memo tells of one run: the books' own words for it, and what was drawn from them."""

    client: str
    run: Run
    by: str
    lines: Sequence[Line]
    conditions: Conditions
    behind: Behind
    overrides: tuple[Override, ...]
    refused: tuple[LogEntry, ...]
    rules: tuple[str, ...]
    sample: tuple[str, ...]
    seed: str


def memo(told: Told) -> Page:
    """The page."""
    run = told.run
    kind = "hard close" if run.kind is RunKind.HARD else "trial"
    headings = (
        f"{kind} {run.number}, publication {run.id}, on {_moment(run.published_at)} by {told.by}",
        f"ruleset {run.ruleset_name} {run.ruleset_version} ({run.ruleset_hash})",
        f"the books stand at {told.behind.head}",
    )
    blocks: list[Block] = [
        _journal(told.lines),
        Checks("Tie-outs, worked out anew from the journal handed over", tuple(_tie_outs(told.lines))),
        Sentences("", ("Every other tie-out of tieout held, or nothing would have been published.",)),
        *condition_blocks(told.conditions, run.period, run.kind is RunKind.HARD, told.behind.is_governed),
        _who(told.behind),
        _overrides(told.overrides),
        _refused(told.refused),
        Sentences("Rules", tuple(f"rules/{name}" for name in told.rules)),
        Sentences(
            "Lines followed to their source",
            (
                f"{counted(len(told.sample), 'line')} of {len(told.lines):,}, drawn with the seed `{told.seed}`;"
                " lineage/ has each of them",
                *told.sample,
            ),
        ),
    ]
    return Page(f"{told.client}: evidence for {run.period}", headings, tuple(blocks))


def _moment(at: str) -> str:
    return f"{at[:10]} at {at[11:16]} UTC"


def _journal(lines: Sequence[Line]) -> Table:
    sums: dict[tuple[str, str, str], dict[str, Decimal]] = {}
    for line in lines:
        key = (line["currency"], line["account"] or "", line["account.title"] or "no account")
        sides = sums.setdefault(key, {"debit": Decimal(0), "credit": Decimal(0)})
        sides[line["side"]] += line["amount"]
    columns = (Column("account"), Column("title"), Column("currency"), Column("debit", True), Column("credit", True))
    rows = tuple(
        (account, title, currency, *(figure(sides[one], minor_digits(currency)) for one in ("debit", "credit")))
        for (currency, account, title), sides in sorted(sums.items())
    )
    return Table(f"Journal by account, {counted(len(lines), 'line')}", columns, rows, (), "no lines")


def _tie_outs(lines: Sequence[Line]) -> Iterable[Check]:
    sums: dict[tuple[str, str], Decimal] = {}
    for line in lines:
        key = (str(line.get("company") or ""), line["currency"])
        sums[key] = sums.get(key, Decimal(0)) + (line["amount"] if line["side"] == "debit" else -line["amount"])
    for (company, currency), left in sorted(sums.items()):
        where = f"{company}, {currency}" if company else currency
        yield Check(left == 0, f"debits = credits for {where}" + ("" if left == 0 else f": {left} left"))
    without = sum(1 for line in lines if not line["account"])
    yield Check(not without, "every line has an account" + (f": {without} have none" if without else ""))


def _who(behind: Behind) -> Table:
    columns = (Column("at"), Column("by"), Column("did"), Column("with"))
    rows = tuple((one.at[:19].replace("T", " "), one.by, one.what, one.words) for one in behind.signed)
    title = "Who stands behind it" if behind.is_governed else "Who stands behind it (these books name no people)"
    return Table(title, columns, rows, (), "nobody")


def _overrides(overrides: tuple[Override, ...]) -> Table:
    headings = ("override", "of", "row", "value", "reason", "by", "state", "decided by")
    rows = tuple(
        (
            one.proposal.override,
            f"{one.proposal.reconciliation}.{one.proposal.column}",
            ", ".join(value or "" for _, value in one.proposal.row),
            f"{one.proposal.value} {one.proposal.unit}".strip(),
            f"{one.proposal.reason}: {one.proposal.comment}",
            one.by,
            one.state,
            one.decided_by,
        )
        for one in overrides
    )
    return Table("Overrides", tuple(Column(one) for one in headings), rows)


def _refused(refused: tuple[LogEntry, ...]) -> Table:
    columns = (Column("at"), Column("by"), Column("tried"), Column("of"), Column("why not"))
    rows = tuple((one.at[:19].replace("T", " "), one.by, one.tried, one.of, one.words) for one in refused)
    return Table("Refused in these books", columns, rows)
