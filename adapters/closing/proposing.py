"""Proposing an override: what it would put where, held against the rules, and what the journal would make of it.

The period is run twice over the books, which are read and not written: without any override of the row, and with the
one proposed. What differs is shown before anything is recorded, and the row's value in both runs is what the override
is worth to those who must approve it.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from sqlglot import exp

from adapters.books.entries import Run
from adapters.books.errors import BooksError, PeriodClosed
from adapters.books.store import Books
from adapters.closing.beginning import beginning_of
from adapters.closing.inputs import parquet
from adapters.closing.overrides import APPROVED, in_force
from adapters.closing.running import AS_THE_MACHINE_HAS, Progress, Resources, named_period, run_of
from adapters.duckdb_executor import DuckDBExecutor
from adapters.report.overrides import Cell, Preview
from engine.governance.acts import OverrideProposed, Row, text_of
from engine.governance.state import Override
from engine.ledger.calendar import Period
from engine.ledger.money import minor_digits
from engine.model.checks.governance import VALUE
from engine.model.datatypes import SCALES, DataType, Family
from engine.model.ruleset import Reconciliation, Ruleset
from engine.plan.overrides import REPORTED, overridable, row_keys
from engine.plan.relation import cast, column, named, table
from engine.plan.world import World
from engine.run.close import close_calendar
from engine.run.said import said
from engine.run.what_if import Posting, changes_by_account, read_postings

UNITS = "units"
_NUMBER = re.compile(r"([+-]?[0-9]+(?:\.[0-9]+)?)(?: +(\S+))?")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody would override, in the words of a command: `cells` name the row, and a column with its value."""

    period: str
    reconciliation: str
    cells: Mapping[str, str]
    reason: str
    comment: str
    evidence: str = ""
    evidence_sha256: str = ""
    replaces: str = ""


def proposal_of(books: Books, ruleset: Ruleset, wanted: Wanted) -> OverrideProposed:
    """What somebody would override, as an act without its worth, its row as the last run of the period has it.

    BooksError where there is no such row, column or value; UnknownPeriod, PeriodClosed.
    """
    found, period = _place(books, ruleset, wanted)
    label, value, unit = _named(ruleset, found, wanted.cells)
    keys = {name: text for name, text in wanted.cells.items() if name != label}
    row = _row(books, books.runs(close_calendar(ruleset).name, period.name)[-1], found, keys)
    proposal = OverrideProposed(
        "", close_calendar(ruleset).name, period.name, found.name, row, label, value, unit, "", "",
        wanted.reason.strip(), wanted.comment.strip(), wanted.evidence, wanted.evidence_sha256, wanted.replaces,
    )  # fmt: skip
    # The same proposal of the same person is the same override, so that a retry is known for one.
    digest = hashlib.sha256(f"{books.by}\n{text_of(proposal)}".encode()).hexdigest()
    return replace(proposal, override=f"O-{digest[:10]}")


def preview(
    books: Books,
    ruleset: Ruleset,
    proposal: OverrideProposed,
    *,
    resources: Resources = AS_THE_MACHINE_HAS,
    progress: Progress | None = None,
) -> Preview:
    """What a proposal comes to, and the proposal with what it is worth. RunStopped where a run cannot go on."""
    calendar = close_calendar(ruleset)
    period = named_period(calendar, proposal.period)
    found = ruleset.reconciliations[proposal.reconciliation]
    say = progress or _silent
    held = in_force(books, ruleset, calendar, period)
    of_row = [one for one in held if (one.proposal.reconciliation, one.proposal.row) == (found.name, proposal.row)]
    others = [one for one in held if one not in of_row]
    kept = [one for one in of_row if not _stands_aside(one.proposal, proposal)]
    supposed = Override(proposal, books.by, "", 0, APPROVED)
    with tempfile.TemporaryDirectory(dir=resources.folder) as folder:
        begun = beginning_of(books, ruleset, period, resources, Path(folder), progress).handed

        def look(overrides: Sequence[Override]) -> _Seen:
            journals = frozenset(ruleset.journals)
            with run_of(
                books, ruleset, period, begun, resources, Path(folder), wanted=journals, overrides=overrides
            ) as run:
                return _seen(run.world, found, proposal.row)

        say(f"{period.name}, without it")
        before = look(others)
        say(f"{period.name}, with it")
        after = look([*others, *kept, supposed])
    cells = tuple(Cell(one, before.texts[one], after.texts[one]) for one in row_columns(ruleset, found))
    accounts = changes_by_account(ruleset, before.postings, after.postings)
    return Preview(_weighed(ruleset, found, proposal, (before, after)), cells, accounts)


def _silent(_: str) -> None:
    return None


def row_columns(ruleset: Ruleset, found: Reconciliation) -> list[str]:
    """The columns of a reconciliation's row that a person looks at."""
    tables = [one for one in ruleset.tables.values() if one.grain.rows == (found.name,)]
    outputs = [name for one in tables for name, _ in one.outputs]
    return ["expected", REPORTED, *(local.name for local in found.locals), *outputs]


def _stands_aside(one: OverrideProposed, proposal: OverrideProposed) -> bool:
    """Whether an override gives way to a proposal: of the same value, or the one it replaces."""
    return one.column == proposal.column or one.override == proposal.replaces


# ---- what is meant ---------------------------------------------------------------------------------------------------


def _place(books: Books, ruleset: Ruleset, wanted: Wanted) -> tuple[Reconciliation, Period]:
    calendar = close_calendar(ruleset)
    period = named_period(calendar, wanted.period)
    statuses = {one.period.name: one for one in books.periods(calendar.name)}
    if period.name not in statuses or not books.runs(calendar.name, period.name):
        raise BooksError(f"{period.name} was not closed yet, so it has no rows; run `tieout close {period.name}`")
    if statuses[period.name].state.is_closed:
        raise PeriodClosed(f"{period.name} is hard-closed; override what is wrong in the first open period")
    found = ruleset.reconciliations.get(wanted.reconciliation)
    if found is None:
        known = ", ".join(ruleset.reconciliations) or "there is none"
        raise BooksError(f"the rules have no reconciliation {wanted.reconciliation}; known: {known}")
    if not wanted.reason.strip() or not wanted.comment.strip():
        raise BooksError("an override needs a reason and a comment; say why the value holds")
    return found, period


def _named(ruleset: Ruleset, found: Reconciliation, cells: Mapping[str, str]) -> tuple[str, str, str]:
    """The column a proposal names, with its value and unit; BooksError where there is not exactly one that may be."""
    columns = overridable(ruleset, found)
    keys = row_keys(found)
    labels = [name for name in cells if name not in keys]
    may = f"override {', '.join(columns)}"
    if len(labels) != 1:
        said_ = f"names {' and '.join(labels)}" if labels else "names no value"
        raise BooksError(f"an override is of one value of one row, and this one {said_}; {may}")
    [label] = labels
    if label not in columns:
        why = "follows from the facts" if label == "expected" else "cannot be overridden"
        why = why if label in row_columns(ruleset, found) else f"is no column of {found.name}"
        raise BooksError(f"{label} {why}; {may}, for a row by {', '.join(keys)}")
    return (label, *_value(ruleset, label, columns[label], cells[label].strip()))


def _value(ruleset: Ruleset, label: str, type_: DataType, text: str) -> tuple[str, str]:
    """A value as it is kept, and its unit."""
    if type_.values:
        if text not in type_.values:
            raise BooksError(f"{label} is one of {', '.join(type_.values)}, not `{text}`")
        return text, ""
    unit, digits = UNITS, SCALES[Family.QUANTITY]
    if type_.family is Family.MONEY:
        unit = currency_of(ruleset, type_)
        if not unit:
            raise BooksError(f"{label} is in the currency of each row; override {REPORTED}, from which it follows")
        digits = minor_digits(unit)
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise BooksError(f"`{text}` is no number of {unit}; write one like {label}=1200 or {label}='-12.5 {unit}'")
    if found[2] not in (None, unit):
        raise BooksError(f"{label} is in {unit}, not in {found[2]}")
    number = Decimal(found[1])
    if number != number.quantize(Decimal(1).scaleb(-digits)) or abs(number) >= Decimal(10) ** 14:
        raise BooksError(f"{label} has at most {digits} digits behind the point and 14 before it, in {unit}")
    if label == REPORTED and number < 0:
        raise BooksError(f"{label} is a count, and {text} is less than nothing")
    return f"{number.normalize() + 0:f}", unit


def currency_of(ruleset: Ruleset, type_: DataType) -> str:
    """The currency that an amount of a type is in; empty where each row has its own."""
    if type_.domain not in ("", "company"):
        return type_.domain
    return "" if ruleset.rates else ruleset.head.currency


def _row(books: Books, run: Run, found: Reconciliation, keys: Mapping[str, str]) -> Row:
    """The one row of the period's last run that some keys name, by its whole key."""
    names = row_keys(found)
    path = books.run_files(run).get(found.name)
    if path is None:
        raise BooksError(f"{run.kind.value} {run.number} of {run.period} has no {found.name}; make another trial")
    query = exp.select(*(named(cast(column(name), "VARCHAR"), name) for name in names)).from_(parquet(path))
    for name, value in keys.items():
        query = query.where(exp.EQ(this=cast(column(name), "VARCHAR"), expression=exp.Literal.string(value)))
    query = query.order_by(*(exp.Ordered(this=column(name), nulls_first=True) for name in names))
    with DuckDBExecutor(threads=1, reads=(path,)) as executor:
        rows = executor.rows(query)
    if len(rows) == 1:
        return tuple((name, None if value is None else str(value)) for name, value in zip(names, rows[0], strict=True))
    meant = ", ".join(f"{name}={value}" for name, value in keys.items()) or "no key"
    if not rows:
        raise BooksError(
            f"{found.name} has no row with {meant} in {run.kind.value} {run.number} of {run.period}; its rows are named"
            f" by {', '.join(names)}"
        )
    left = [name for name in names if name not in keys]
    raise BooksError(f"{len(rows):,} rows of {found.name} have {meant}; say {' and '.join(left)} too")


def _called(row: Row) -> str:
    return ", ".join(value for _, value in row if value is not None)


# ---- what it comes to ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Seen:
    """A run: every column of the row as a text, what the row is worth (None where that is not known), its postings."""

    texts: Mapping[str, str]
    value: Decimal | None
    postings: tuple[Posting, ...]


def _seen(world: World, found: Reconciliation, row: Row) -> _Seen:
    made = world.relation(found.name)
    types = {local.name: local.value.type for local in found.locals}
    names = [name for name in row_columns(world.ruleset, found) if name in made.column_names]
    query = exp.select(*(column(name) for name in names)).from_(table(found.name))
    for key, wanted in row:
        query = query.where(
            exp.NullSafeEQ(
                this=cast(column(key), "VARCHAR"),
                expression=exp.Null() if wanted is None else exp.Literal.string(wanted),
            )
        )
    rows = world.executor.rows(query)
    if len(rows) != 1:
        raise BooksError(
            f"{found.name} has no row {_called(row)} any more; make another trial of {world.period.name} and look at it"
        )
    cells = dict(zip(names, rows[0], strict=True))
    value = cells.get(VALUE)
    texts = {name: said(cell, types.get(name)) for name, cell in cells.items()}
    return _Seen(texts, value if isinstance(value, Decimal) else None, read_postings(world))


def _weighed(
    ruleset: Ruleset, found: Reconciliation, proposal: OverrideProposed, seen: Sequence[_Seen]
) -> OverrideProposed:
    """A proposal with its stake: what the row is worth without it or with it, whichever is more, without sign."""
    values = [abs(one.value) for one in seen if one.value is not None]
    local = next((one for one in found.locals if one.name == VALUE and one.value.type.family is Family.MONEY), None)
    if local is None or not values:
        return proposal
    currency = currency_of(ruleset, local.value.type) or ruleset.head.currency
    return replace(proposal, stake=f"{max(values).normalize() + 0:f}", stake_currency=currency)
