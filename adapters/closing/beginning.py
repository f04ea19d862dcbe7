"""Where a period begins: at the last hard close, carried through the open periods between."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from adapters.books.entries import Run as StoredRun
from adapters.books.store import Books
from adapters.closing.replay import replay
from adapters.closing.running import (
    Handed,
    Progress,
    Resources,
    handed_over,
    last_before,
    named_period,
    run_of,
    write_hand_over,
)
from engine.ledger.calendar import Calendar
from engine.ledger.calendar import Period as CalendarPeriod
from engine.model.ruleset import Ruleset
from engine.run.close import close_calendar
from engine.run.results import Replayed


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where a period begins, the open periods before it whose hand-over was worked out on the way, and what of the
    closed ones was replayed."""

    handed: Handed
    built_on: tuple[str, ...] = ()
    replayed: Replayed | None = None


def beginning_of(
    books: Books,
    ruleset: Ruleset,
    period: CalendarPeriod,
    resources: Resources,
    folder: Path,
    progress: Progress | None = None,
) -> Beginning:
    """Where a period begins: the last hard close before it, carried through the open periods between.

    The first open period begins where a replay of the closed ones ends, if late facts ask for one.
    """
    calendar = close_calendar(ruleset)
    last = last_before(books, calendar, period)
    handed, replayed = handed_over(books, calendar, last), None
    if last is not None and last == books.last_hard_closed(calendar.name):
        found = replay(books, ruleset, calendar, resources, folder, progress)
        handed, replayed = found if found is not None else (handed, None)
    between = open_between(books, calendar, last, period)
    for earlier in between:
        with run_of(books, ruleset, earlier, handed, resources, folder, progress) as run:
            handed = write_hand_over(books, run, earlier, folder)
    return Beginning(handed, tuple(one.name for one in between), replayed)


def next_open(calendar: Calendar, last: StoredRun) -> CalendarPeriod:
    """The period after the one of a hard close."""
    return calendar.next(named_period(calendar, last.period))


def open_between(
    books: Books, calendar: Calendar, last: StoredRun | None, period: CalendarPeriod
) -> list[CalendarPeriod]:
    """Open periods from the last hard close (or the books' first period) up to, and without, the one wanted."""
    first = next_open(calendar, last) if last is not None else first_period(books, calendar)
    if first is None or first.start > period.start:
        return []
    found: list[CalendarPeriod] = []
    while first.start < period.start:
        found.append(first)
        first = calendar.next(first)
    return found


def first_period(books: Books, calendar: Calendar) -> CalendarPeriod | None:
    """The period the books begin with: the earliest one ever closed, be it as a trial; None where none was."""
    starts = [status.period.start for status in books.periods(calendar.name)]
    return calendar.period_of(min(starts)) if starts else None
