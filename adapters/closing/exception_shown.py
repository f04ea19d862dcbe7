"""One exception with everything the books know of it: its row's figures, the rows of files beneath, and its history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlglot import exp

from adapters.books.entries import Run
from adapters.books.store import Books
from adapters.closing.explain import raw_rows
from adapters.closing.handling import history_of
from adapters.closing.inputs import attach_inputs, files_of, parquet
from adapters.closing.quarantined import waiting
from adapters.closing.running import file_name
from adapters.closing.worklist import Worklist, worklist_of
from adapters.duckdb_executor import DuckDBExecutor
from adapters.report.exception_page import Event, ExceptionShown
from engine.governance.acts import ExceptionAct, ExceptionAssigned, ExceptionCommented, ExceptionResolved
from engine.model.ruleset import Kind, Ruleset
from engine.plan.controls import control_name
from engine.plan.relation import column, table
from engine.run.conditions import CONTROL, QUARANTINE, RECONCILIATION, Raised, Standing, row_text
from engine.run.explanation import RawRow
from engine.run.said import said

ROWS = 10
"""Delivered rows shown beneath an exception."""


def exception_shown(books: Books, ruleset: Ruleset, period: str, wanted: str) -> ExceptionShown:
    """Everything about the exception that an id, or the beginning of one, stands for; nothing is run.

    UnknownPeriod; BooksError where the period was never closed or has no such exception.
    """
    found = worklist_of(books, ruleset, period)
    one = found.one(wanted)
    seen = history_of(books, ruleset, found, one.raised)
    run = seen[-1][0] if seen else found.run
    with DuckDBExecutor(threads=1, reads=files_of(books)) as executor:
        figures = _figures(books, ruleset, run, one.raised, executor)
        if one.raised.of == QUARANTINE:
            every = waiting(books, one.raised)
            rows, beneath = tuple(every[:ROWS]), len(every)
        else:
            rows, beneath = _beneath(books, ruleset, found, run, one.raised, executor)
    return ExceptionShown(
        period, found.last, one, one in found.conditions.in_the_way, ruleset.head.currency, figures, rows, beneath,
        _events(books, found, one, seen), next_commands(found, one, rows),
    )  # fmt: skip


def next_commands(found: Worklist, one: Standing, rows: Sequence[RawRow] = ()) -> tuple[str, ...]:
    """What can be done about an exception next, as commands."""
    own = f"{found.period.name} {one.raised.id}"
    commands = [f"tieout explain --not {rows[0].file}:{rows[0].row}"] if rows else []
    if one.is_open:
        commands.append(f"tieout exceptions assign {own} PERSON")
    if one.is_open and one.raised.of == QUARANTINE:
        commands.append("tieout quarantine export FILE")
    if one.is_open and one.raised.of == RECONCILIATION:
        commands.append("tieout override propose --help")
    if one.raised.of == QUARANTINE if one.is_open else not one.is_raised and not one.is_resolved:
        commands.append(f"tieout exceptions resolve {own} --by-file FILE")
    if one.is_open:
        commands.append(f"tieout exceptions accept {own} --comment TEXT")
    return (*commands, f"tieout exceptions comment {own} --comment TEXT")


# ---- the row ---------------------------------------------------------------------------------------------------------


def _figures(
    books: Books, ruleset: Ruleset, run: Run, raised: Raised, executor: DuckDBExecutor
) -> tuple[tuple[str, str], ...]:
    """Names and values of the row that an exception is about, as the run published it; of a control over the rows of a
    reconciliation those of the reconciliation's row."""
    name = raised.name
    if raised.of == CONTROL and name in ruleset.controls:
        grain = ruleset.controls[name].grain
        name = next((one for one in grain.rows if one in ruleset.reconciliations), control_name(ruleset.controls[name]))
    path = books.run_files(run).get(file_name(name))
    if path is None:
        return ()
    executor.view("figures", exp.select(exp.Star()).from_(parquet(path)))
    columns = dict(executor.describe("figures"))
    # What a control compared is in its sentence; its columns beside the keys and fields have names of their own.
    shown = [one for one in columns if one != "guard" and not set(one) & set(" :.")]
    key = {label.rpartition(".")[2]: value for label, value in raised.row}
    rows = executor.rows(
        exp.select(*(column(one) for one in shown)).from_(table("figures")).where(*_same(key, columns))
    )
    for row in rows:
        cells = dict(zip(shown, row, strict=True))
        if all(_said(cells[name]) == value for name, value in key.items() if name in cells):
            return tuple((name, said(value)) for name, value in cells.items() if value is not None)
    return ()


def _same(key: dict[str, str | None], columns: dict[str, str]) -> list[exp.Expr]:
    """That the texts of a key are a row's own; what is no text is compared as people read it, row by row."""
    return [
        exp.NullSafeEQ(this=column(name), expression=exp.Null() if value is None else exp.Literal.string(value))
        for name, value in key.items()
        if columns.get(name) == "VARCHAR"
    ]


def _said(value: object) -> str | None:
    return None if value is None else said(value)


def _beneath(
    books: Books, ruleset: Ruleset, found: Worklist, run: Run, raised: Raised, executor: DuckDBExecutor
) -> tuple[tuple[RawRow, ...], int]:
    """The first delivered rows, of those the run knew, that say something of the same keys in the period."""
    key = {name.rpartition(".")[2]: value for name, value in raised.row if name.rpartition(".")[2] != "period"}
    kinds = [one for one in ruleset.kinds.values() if not one.told and _says_of(one, key)]
    if not key or not kinds:
        return (), 0
    attach_inputs(executor, books, ruleset, run.id)
    within = max((one.within or 0 for one in ruleset.reconciliations.values()), default=0)
    days = (found.period.start, found.period.end + timedelta(days=within))
    places: list[tuple[str, int]] = []
    for kind in kinds:
        texts = {one.name: "VARCHAR" for one in kind.record.columns if one.name in key}
        between = exp.Between(
            this=column(kind.record.on or ""), low=_day(days[0].isoformat()), high=_day(days[1].isoformat())
        )
        query = exp.select(column("source-file"), column("source-row")).from_(table(f"input {kind.name}"))
        query = query.where(between, *_same(key, texts)).order_by(column("fact"))
        places += [(str(file), int(str(row))) for file, row in executor.rows(query)]
    unique = list(dict.fromkeys(places))
    raw = raw_rows(executor, books, unique[:ROWS])
    return tuple(raw[one] for one in unique[:ROWS] if one in raw), len(unique)


def _says_of(kind: Kind, key: dict[str, str | None]) -> bool:
    have = {one.name for one in kind.record.columns}
    return kind.record.on is not None and set(key) <= have


def _day(text: str) -> exp.Expr:
    return exp.Cast(this=exp.Literal.string(text), to=exp.DataType.build("DATE"))


# ---- what happened ---------------------------------------------------------------------------------------------------


def _events(books: Books, found: Worklist, one: Standing, seen: Sequence[tuple[Run, Raised]]) -> tuple[Event, ...]:
    """Runs that raised the exception, and what people did about it, in the order it happened."""
    ledger, calendar, period = books.ledger, found.calendar.name, found.period.name
    actors = {event.seq: event.actor for event in ledger.audit_events()}
    events = list(_runs(seen, actors))
    if not one.is_raised:
        last = found.run
        events.append((last.id, Event(last.published_at, actors[last.id], f"{found.last} raises it no more")))
    key = (one.raised.name, row_text(one.raised.row))
    accepted = [each for each in ledger.acceptances(calendar, period) if (each.name, each.row) == key]
    events += [(0, Event(each.at, each.by, f"accepted it: {each.comment}")) for each in accepted]
    for each in ledger.happened():
        act = each.act
        if isinstance(act, ExceptionAct) and (act.exception, act.calendar, act.period) == (
            one.raised.id, calendar, period,
        ):  # fmt: skip
            events.append((each.seq, Event(each.at, each.by, _done(act))))
    return tuple(event for _, event in sorted(events, key=lambda pair: (pair[1].at, pair[0])))


def _runs(seen: Iterable[tuple[Run, Raised]], actors: dict[int, str]) -> Iterable[tuple[int, Event]]:
    before: Raised | None = None
    for run, raised in seen:
        said_again = before is not None and before.digest == raised.digest
        what = "raises it as before" if said_again else f"raises it: {raised.sentence}"
        yield run.id, Event(run.published_at, actors[run.id], f"{run.kind.value} {run.number} {what}")
        before = raised


def _done(act: ExceptionAct) -> str:
    if isinstance(act, ExceptionAssigned):
        return f"assigned it to {act.person}"
    if isinstance(act, ExceptionCommented):
        return f"said: {act.comment}"
    if isinstance(act, ExceptionResolved):
        why = f": {act.comment}" if act.comment else ""
        return f"resolved it by {act.way} {act.reference}{why}"
    return act.verb
