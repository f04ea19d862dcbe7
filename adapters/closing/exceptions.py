"""A run's exceptions in the books: published with the run, read back without running again, accepted with a reason."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlglot import exp

from adapters.books.entries import NewAcceptance, Run
from adapters.books.errors import BooksError, PeriodClosed, UnknownPeriod
from adapters.books.store import Books
from adapters.closing.inputs import parquet
from adapters.duckdb_executor import DuckDBExecutor
from engine.model.ruleset import Ruleset
from engine.plan.executor import Row as Cells
from engine.plan.relation import column, table
from engine.run.close import close_calendar
from engine.run.conditions import Acceptance, Acceptances, Conditions, Raised, Row, Standing, weigh
from engine.run.said import place

EXCEPTIONS = "raised exception"
"""The relation of a run that holds its exceptions; where their rules stand is in the ruleset, not here."""

COLUMNS = ("number", "of", "name", "row", "code", "severity", "outcomes", "owner", "value", "sentence", "digest")
"""`number` is their order, `row` JSON of names and values, `value` a decimal text, missing where there is none."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What accepting came to: exceptions accepted now, those that were already, and how the period stands then."""

    new: tuple[Standing, ...]
    already: tuple[Standing, ...]
    conditions: Conditions


def add_exceptions(executor: DuckDBExecutor, raised: Iterable[Raised]) -> exp.Query:
    """Make a run's exceptions a relation; the query that publishes them in their order."""
    types = [(name, "BIGINT" if name == "number" else "VARCHAR") for name in COLUMNS]
    executor.append(EXCEPTIONS, types, (_cells(number, one) for number, one in enumerate(raised, start=1)))
    return exp.select(*(column(one) for one in COLUMNS)).from_(table(EXCEPTIONS)).order_by(column("number"))


def standing_of(books: Books, ruleset: Ruleset, period: str) -> tuple[Run, Conditions]:
    """The last run of a period, and how the conditions of the close stand by what it raised.

    UnknownPeriod, or BooksError where the period was never closed, not even on trial.
    """
    calendar = close_calendar(ruleset)
    if calendar.period(period) is None:
        raise UnknownPeriod(f"calendar `{calendar.name}` has no period {period}; periods are called like FY2026-P01")
    runs = books.runs(calendar.name, period)
    if not runs:
        raise BooksError(f"{period} was not closed yet, so nothing is known of it; run `tieout close {period}`")
    return runs[-1], weigh(ruleset.close, _read(books, ruleset, runs[-1]), acceptances_of(books, ruleset, period))


def acceptances_of(books: Books, ruleset: Ruleset, period: str) -> Acceptances:
    """The last acceptance of each exception of a period."""
    found = books.ledger.acceptances(close_calendar(ruleset).name, period)
    return {(one.name, _row(one.row)): Acceptance(one.digest, one.comment, one.by, one.at) for one in found}


def accept(
    books: Books, ruleset: Ruleset, period: str, comment: str, ids: Sequence[str] = (), all_of: str = ""
) -> Accepted:
    """Accept exceptions of a period's last run with a comment: those of some ids (or their beginnings), or every open
    one of a control or reconciliation. What is accepted as it stands is left as it is.

    PeriodClosed, UnknownPeriod; BooksError where an id or name stands for nothing, or the comment is empty. Then
    nothing is written.
    """
    if not comment.strip():
        raise BooksError("the comment is empty; say why the exception can be accepted")
    run, conditions = standing_of(books, ruleset, period)
    if books.period(run.calendar, run.period).state.is_closed:
        raise PeriodClosed(f"{period} is hard-closed, so nothing of it can be accepted any more")
    chosen = [_of_id(conditions, one) for one in ids] + (_all_of(ruleset, conditions, all_of) if all_of else [])
    unique = {one.raised.id: one for one in chosen}
    new = tuple(one for one in unique.values() if one.is_open)
    already = tuple(one for one in unique.values() if not one.is_open)
    if new:
        exceptions = tuple((one.raised.name, _row_text(one.raised.row), one.raised.digest) for one in new)
        names = ", ".join(dict.fromkeys(one.raised.name for one in new))
        with books.publication("acceptance", f"{period}: {len(new):,} of {names}") as publication:
            accepted = NewAcceptance(run, comment.strip(), exceptions)
            publication.commit(lambda changes: changes.add_acceptance(accepted))
    return Accepted(new, already, standing_of(books, ruleset, period)[1])


def _of_id(conditions: Conditions, wanted: str) -> Standing:
    """The exception that an id, or the beginning of one, stands for."""
    if not wanted:
        raise BooksError("an exception is named by nothing, nothing was written; see `tieout exceptions list`")
    found = [one for one in conditions.standings if one.raised.id.casefold().startswith(wanted.casefold())]
    if not found:
        raise BooksError(f"there is no exception {wanted}, nothing was written; see `tieout exceptions list`")
    if len(found) > 1 and all(one.raised.id != wanted for one in found):
        raise BooksError(
            f"{wanted} begins the names of {len(found):,} exceptions, nothing was written; write more of it"
        )
    return next((one for one in found if one.raised.id == wanted), found[0])


def _all_of(ruleset: Ruleset, conditions: Conditions, name: str) -> list[Standing]:
    if name not in ruleset.controls and name not in ruleset.reconciliations:
        known = ", ".join(dict.fromkeys(one.raised.name for one in conditions.standings)) or "none has exceptions"
        raise BooksError(f"there is no control or reconciliation {name}, nothing was written; known here: {known}")
    found = [one for one in conditions.standings if one.raised.name == name]
    if not found:
        raise BooksError(f"{name} has no exceptions in this period, nothing was written; see `tieout exceptions list`")
    return found


def _cells(number: int, one: Raised) -> Cells:
    value = None if one.value is None else f"{one.value:f}"
    outcomes = json.dumps(one.outcomes)
    return (
        number, one.of, one.name, _row_text(one.row), one.code, one.severity, outcomes, one.owner, value,
        one.sentence, one.digest,
    )  # fmt: skip


def _read(books: Books, ruleset: Ruleset, run: Run) -> list[Raised]:
    path = books.run_files(run)[EXCEPTIONS.replace(" ", "_")]
    query = exp.select(*(column(one) for one in COLUMNS)).from_(parquet(path)).order_by(column("number"))
    items = {**ruleset.controls, **ruleset.reconciliations}
    with DuckDBExecutor(threads=1, reads=(path,)) as executor:
        rows = executor.rows(query)
    found: list[Raised] = []
    for row in rows:
        _, of, name, key, code, severity, outcomes, owner, value, sentence, digest = row
        item = items.get(str(name))
        found.append(
            Raised(
                str(of), str(name), _row(str(key)), str(code), str(severity), tuple(json.loads(str(outcomes))),
                str(owner), None if value is None else Decimal(str(value)), str(sentence), str(digest),
                "" if item is None else str(place(item.span)),
            )
        )  # fmt: skip
    return found


def _row_text(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def _row(text: str) -> Row:
    return tuple((str(name), None if value is None else str(value)) for name, value in json.loads(text))
