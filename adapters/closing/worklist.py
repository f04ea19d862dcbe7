"""What the books know of a period's exceptions: since when each stands, whose it is, and how it was settled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from adapters.books.entries import Run
from adapters.books.errors import BooksError, UnknownPeriod
from adapters.books.store import Books
from adapters.closing.quarantined import load_of
from adapters.closing.raised import raised_by, reader_of
from adapters.duckdb_executor import DuckDBExecutor
from engine.ledger.calendar import Calendar
from engine.ledger.calendar import Period as CalendarPeriod
from engine.model.ruleset import Ruleset
from engine.run.close import close_calendar
from engine.run.conditions import (
    NO_WORK,
    QUARANTINE,
    Acceptance,
    Acceptances,
    Conditions,
    Raised,
    Resolution,
    Standing,
    Work,
    Works,
    row_of,
    weigh,
)


@dataclass(frozen=True, slots=True)
class Worklist:
    """The exceptions of a period as its last run raised them, and `gone`: those that only earlier runs of it raised."""

    calendar: Calendar
    period: CalendarPeriod
    run: Run
    conditions: Conditions
    gone: tuple[Standing, ...]

    @property
    def standings(self) -> tuple[Standing, ...]:
        """All of them, those raised first."""
        return (*self.conditions.standings, *self.gone)

    @property
    def last(self) -> str:
        """What the last run is called."""
        return f"{self.run.kind.value} {self.run.number}"

    def one(self, wanted: str) -> Standing:
        """The exception that an id, or the beginning of one, stands for; BooksError where it is none or several."""
        if not wanted:
            raise BooksError("an exception is named by nothing, nothing was written; see `tieout exceptions list`")
        found = [one for one in self.standings if one.raised.id.casefold().startswith(wanted.casefold())]
        if not found:
            raise BooksError(f"there is no exception {wanted}, nothing was written; see `tieout exceptions list`")
        if len(found) > 1 and all(one.raised.id != wanted for one in found):
            raise BooksError(
                f"{wanted} begins the names of {len(found):,} exceptions, nothing was written; write more of it"
            )
        return next((one for one in found if one.raised.id == wanted), found[0])


def worklist_of(books: Books, ruleset: Ruleset, period: str) -> Worklist:
    """The exceptions of a period by its last run and by all that was decided of them; nothing is run.

    UnknownPeriod, or BooksError where the period was never closed, not even on trial.
    """
    calendar = close_calendar(ruleset)
    found = calendar.period(period)
    if found is None:
        raise UnknownPeriod(f"calendar `{calendar.name}` has no period {period}; periods are called like FY2026-P01")
    runs = books.runs(calendar.name, period)
    if not runs:
        raise BooksError(f"{period} was not closed yet, so nothing is known of it; run `tieout close {period}`")
    with reader_of(books) as executor:
        raised = raised_by(books, ruleset, runs[-1], executor)
        works = works_of(books, ruleset, found, raised, executor)
        items = _items(books, calendar.name, period)
        gone = _gone(books, ruleset, runs, items, {one.id for one in raised}, executor)
    conditions = weigh(ruleset.close, raised, acceptances_of(books, ruleset, period), works)
    return Worklist(calendar, found, runs[-1], conditions, gone)


def acceptances_of(books: Books, ruleset: Ruleset, period: str) -> Acceptances:
    """The last acceptance of each exception of a period."""
    found = books.ledger.acceptances(close_calendar(ruleset).name, period)
    return {(one.name, row_of(one.row)): Acceptance(one.digest, one.comment, one.by, one.at) for one in found}


def works_of(
    books: Books, ruleset: Ruleset, period: CalendarPeriod, raised: Sequence[Raised], executor: DuckDBExecutor
) -> Works:
    """What the books know of exceptions beside their acceptances, by their ids.

    An exception stands since the end of the first period from which on each raised it, as its last run; rows in
    quarantine since the day their file was loaded. Its age is counted to the period's end.
    """
    calendar = close_calendar(ruleset)
    since = _since(books, ruleset, calendar, period, raised, executor)
    items = _items(books, calendar.name, period.name)
    found = {}
    for one in raised:
        begun = since[one.id]
        done = items.get(one.id, NO_WORK)
        age = max(0, (period.end - begun).days)
        found[one.id] = Work(begun, age, done.assigned_to, done.comments, done.resolution)
    return found


def _items(books: Books, calendar: str, period: str) -> dict[str, Work]:
    """What people did about exceptions of a period, by their ids."""
    return {
        exception: Work(None, 0, item.assigned_to, item.comments, _resolution(item))
        for (of, name, exception), item in books.state.items.items()
        if (of, name) == (calendar, period)
    }


def _resolution(item: Any) -> Resolution | None:
    one = item.resolution
    if one is None:
        return None
    return Resolution(one.digest, one.way, one.reference, one.comment, item.resolved_by, item.resolved_at)


def _since(
    books: Books,
    ruleset: Ruleset,
    calendar: Calendar,
    period: CalendarPeriod,
    raised: Iterable[Raised],
    executor: DuckDBExecutor,
) -> dict[str, date]:
    """Since when each exception stands; the periods before are read back for as long as they raised any of them."""
    found: dict[str, date] = {}
    left = {}
    loads = books.loads() if any(one.of == QUARANTINE for one in raised) else ()
    for one in raised:
        load = load_of(loads, one.row) if one.of == QUARANTINE else None
        found[one.id] = period.end if load is None else date.fromisoformat(load.loaded_at[:10])
        if load is None:
            left[one.lasting] = one.id
    before = calendar.previous(period)
    while left:
        runs = books.runs(calendar.name, before.name)
        earlier = {one.lasting for one in raised_by(books, ruleset, runs[-1], executor)} if runs else set()
        left = {key: name for key, name in left.items() if key in earlier}
        found |= dict.fromkeys(left.values(), before.end)
        before = calendar.previous(before)
    return found


def _gone(
    books: Books,
    ruleset: Ruleset,
    runs: Sequence[Run],
    items: Works,
    raised: set[str],
    executor: DuckDBExecutor,
) -> tuple[Standing, ...]:
    """Exceptions of the period that its last run raises no more, as the last run that did raised them."""
    found: dict[str, Standing] = {}
    for run in reversed(runs[:-1]):
        for one in raised_by(books, ruleset, run, executor):
            if one.id not in raised and one.id not in found:
                found[one.id] = Standing(one, None, items.get(one.id, NO_WORK), False)
    return tuple(found[name] for name in sorted(found))
