"""Looking without closing: the SQL of a relation, and the roll-forward as at any day."""

from __future__ import annotations

import difflib
import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path

from adapters.books.errors import BooksError
from adapters.books.store import Books
from adapters.closing.beginning import beginning_of
from adapters.closing.inputs import records_of
from adapters.closing.running import AS_THE_MACHINE_HAS, Resources, run_of
from adapters.duckdb_executor import DuckDBExecutor
from engine.model.ruleset import Ruleset
from engine.plan.books import book_relation
from engine.plan.relation import Relation
from engine.run.close import close_calendar, run_period
from engine.run.page import read_results
from engine.run.results import CloseResult

INPUT_TAIL = (("publication", "BIGINT"), ("fact", "BIGINT"))


def planned_relations(ruleset: Ruleset, period: str | None = None, *, guarded: bool = False) -> dict[str, Relation]:
    """Every relation a close of the ruleset makes, in order, planned over no facts at all.

    `period` is a period's name; the calendar's period of today's year begins where none is given. KeyError if unknown.
    `guarded` plans everything in the database, too, and has each query pass the plan guard.
    """
    calendar = close_calendar(ruleset)
    chosen = calendar.period(period) if period is not None else calendar.periods(2026)[0]
    if chosen is None:
        raise KeyError(period)
    with DuckDBExecutor(threads=1, plans_everything=guarded, guarded=guarded) as executor:
        for record in records_of(ruleset):
            columns = (*record.stored, *INPUT_TAIL)
            executor.append(f"input {record.name}", columns, [])
        run = run_period(executor, ruleset, chosen)
        of_books = {
            book_relation(book.world.book, name): relation
            for book in run.books
            for name, relation in book.world.relations.items()
            if book.world.is_own(name)
        }
        return {**run.world.relations, **of_books}


def relation_sql(ruleset: Ruleset, name: str, period: str | None = None) -> str:
    """The SQL of one relation with the rule and line it came from; KeyError with near names where there is none.

    An item's name finds its relation: a journal's subledger rows, a control's broken rows, an adjustment's effect.
    """
    relations = planned_relations(ruleset, period)
    for candidate in (name, *(f"{word} {name}" for word in ("entry", "control", "adjustment", "report", "roll of"))):
        if candidate in relations:
            with DuckDBExecutor(threads=1) as executor:
                return executor.sql_text(relations[candidate])
    near = difflib.get_close_matches(name, list(relations), 3, 0.4)
    raise KeyError(", ".join(near))


def roll_forward(books: Books, ruleset: Ruleset, as_of: date, resources: Resources = AS_THE_MACHINE_HAS) -> CloseResult:
    """Channel stock as at the end of a day, from the last hard close before it; posts and publishes nothing.

    BooksError where the day lies in a hard-closed period's past that no hand-over leads to.
    """
    calendar = close_calendar(ruleset)
    period = calendar.period_of(as_of)
    first = [status.period.start for status in books.periods(calendar.name)]
    if first and period.end < min(first):
        raise BooksError(f"the books begin on {min(first)}; {as_of} lies before")
    with tempfile.TemporaryDirectory(dir=resources.folder) as folder:
        handed = beginning_of(books, ruleset, period, resources, Path(folder)).handed
        cut = replace(period, end=as_of)
        # What an override says, it says of the period's end.
        held = None if as_of == period.end else ()
        with run_of(books, ruleset, cut, handed, resources, Path(folder), wanted=frozenset(), overrides=held) as run:
            return read_results(run, ruleset)
