"""A scenario run over the books, which are read and never written.

Periods are run again one after another, as the rules are and as the scenario supposes, each on what its own hard close
knew; the hand-over from one to the next lies in a temporary folder. Nothing here can publish: books are asked for that
were opened for reading, and what a run makes is gone with its executor.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from sqlglot import exp

from adapters.books.entries import Run as StoredRun
from adapters.books.errors import BooksError
from adapters.books.store import Books
from adapters.closing.beginning import beginning_of, first_period
from adapters.closing.inputs import NOTHING_SUPPOSED, Supposed, parquet
from adapters.closing.running import AS_THE_MACHINE_HAS, Handed, Progress, Resources, file_name, run_of, write_hand_over
from adapters.duckdb_executor import DuckDBExecutor
from dsl.diagnostics import InternalError
from engine.ledger.calendar import Calendar, Period
from engine.model.ruleset import Ruleset
from engine.model.scenarios import UnderScenario
from engine.plan.posting.differences import recomputes
from engine.plan.projection import pool_grain
from engine.plan.relation import column
from engine.plan.world import RunStopped
from engine.run.close import Run, close_calendar
from engine.run.held_back import HeldBack, Moved, hold_against
from engine.run.projecting import Projected, Wanted, periods_ahead, project
from engine.run.trends import units_by_period
from engine.run.what_if import (
    AsPosted,
    Posting,
    ProjectedUnits,
    WhatIf,
    compare,
    differences_by_period,
    read_opening,
    read_postings,
)

Beside = Mapping[str, Sequence[Mapping[str, object]]]
"""Rows by record, with the columns of a stored fact."""
NOTHING_BESIDE: Beside = {}

KNOWN_FROM_THE_FIRST = 0
"""The publication of rows that are supposed to have been known in time: every close has read it."""

FIRST_BESIDE = 2**61
"""Rows of supposed files are numbered from here: beyond those of the books, before those that are projected."""


def known_in_time(beside: Beside) -> Supposed:
    """Supposed rows as every close would have read them, each with a number of its own."""
    number = FIRST_BESIDE
    found: dict[str, list[dict[str, object]]] = {}
    for name, rows in beside.items():
        for row in rows:
            found.setdefault(name, []).append({**row, "publication": KNOWN_FROM_THE_FIRST, "fact": number})
            number += 1
    return found


@dataclass(frozen=True, slots=True)
class _Again:
    """One period to run again: the hard close it had, None where it is open."""

    period: Period
    hard: StoredRun | None

    @property
    def upto(self) -> int | None:
        """The last publication its hard close read; None for everything."""
        return None if self.hard is None else self.hard.id - 1


def what_if(
    books: Books,
    ruleset: Ruleset,
    under: UnderScenario,
    *,
    last: str | None = None,
    first: str | None = None,
    beside: Beside = NOTHING_BESIDE,
    resources: Resources = AS_THE_MACHINE_HAS,
    progress: Progress | None = None,
) -> WhatIf:
    """Run periods as they are and under a scenario, and compare them.

    `last` is the last period known, by default the last one closed, on trial or for good; `first` the first one run
    again, by default the first of the books. `beside` are rows that the scenario supposes to have been known in time:
    each acts on its own date. BooksError where there is no such period, RunStopped where one of the runs cannot go on.
    """
    calendar = close_calendar(ruleset)
    again = _periods(books, calendar, under, first, last)
    if beside and again[0].period != first_period(books, calendar):
        raise BooksError("what files suppose acts on its own dates, from the books' first period; leave --from out")
    say = progress or _silent
    with tempfile.TemporaryDirectory(dir=resources.folder) as folder:
        begun = Path(folder, "begun")
        begun.mkdir()
        handed = beginning_of(books, ruleset, again[0].period, resources, begun).handed
        rerun = _Rerun(books, again, handed, resources, Path(folder), known_in_time(beside))
        with _saying("as it is"):
            as_it_is = rerun.go(ruleset, None, lambda period: say(f"{period}, as it is"))
        with _saying(f"under {under.name}"):
            supposed = rerun.go(under.ruleset, under, lambda period: say(f"{period}, under {under.name}"))
    return WhatIf(
        compare(under, as_it_is.postings, supposed.postings, supposed.periods),
        tuple(one.period.name for one in again),
        tuple(_as_posted(books, ruleset, again, as_it_is.postings)),
        tuple(_units(supposed.projected.wanted)),
    )


def hold_back(
    books: Books,
    under: UnderScenario,
    count: int,
    *,
    last: str | None = None,
    first: str | None = None,
    resources: Resources = AS_THE_MACHINE_HAS,
    progress: Progress | None = None,
) -> tuple[HeldBack, ...]:
    """What a scenario would have projected for the last periods known, against what was moved in them.

    BooksError where it projects nothing, or where no period is left to project from.
    """
    again = _periods(books, close_calendar(under.ruleset), under, first, last)
    if not under.projections:
        raise BooksError(f"{under.name} projects nothing, so there is nothing to hold back")
    if len(again) <= count:
        raise BooksError(f"{count} of {len(again)} known periods cannot be held back; hold back fewer")
    held = tuple(one.period for one in again[-count:])
    cut = again[-count - 1].period
    say = progress or _silent
    wanted: list[Wanted] = []
    moved: dict[str, Moved] = {}

    def look(run: Run) -> None:
        world = run.world
        if world.period == cut:
            wanted.extend(project(world, under, books.ledger.head().seq).wanted)
        if world.period == held[-1]:
            for one in under.projections:
                keys = tuple(key.name for key in pool_grain(one).keys)
                moved[one.kind] = units_by_period(world, one.kind, keys, (cut, *held))

    with tempfile.TemporaryDirectory(dir=resources.folder) as folder:
        handed = beginning_of(books, under.ruleset, again[0].period, resources, Path(folder)).handed
        for one in again:
            say(one.period.name)
            with run_of(
                books, under.ruleset, one.period, handed, resources, Path(folder), wanted=frozenset(), upto=one.upto
            ) as run:
                look(run)
                handed = write_hand_over(books, run, one.period, Path(folder), one.upto)
    kinds = [one.kind for one in under.projections]
    return tuple(line for kind in kinds for line in hold_against(kind, wanted, moved[kind], cut, held))


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one run of all periods posted, opening balances first; the periods in order; what was projected."""

    postings: tuple[Posting, ...]
    periods: tuple[str, ...]
    projected: Projected


@dataclass(frozen=True, slots=True)
class _Rerun:
    """Periods that are run once for each set of rules, from the same beginning."""

    books: Books
    again: tuple[_Again, ...]
    begun: Handed
    resources: Resources
    folder: Path
    beside: Supposed

    def go(self, ruleset: Ruleset, under: UnderScenario | None, say: Progress) -> _Outcome:
        """Run all periods by a set of rules, and those ahead that a scenario projects facts for."""
        folder = self.folder / ("as-it-is" if under is None else "supposed")
        folder.mkdir()
        handed, postings, periods = self.begun, list[Posting](), list[str]()
        ahead: tuple[Period, ...] = ()
        projected = Projected({}, ())
        beside = NOTHING_SUPPOSED if under is None else self.beside

        def close(period: Period, upto: int | None, supposed: Supposed, then: Callable[[Run], None]) -> Handed:
            say(period.name)
            journals = frozenset(ruleset.journals)
            with run_of(
                self.books, ruleset, period, handed, self.resources, folder,
                wanted=journals, upto=upto, supposed=supposed,
            ) as run:  # fmt: skip
                postings.extend((*(read_opening(run.world) if not periods else ()), *read_postings(run.world)))
                periods.append(period.name)
                then(run)
                return write_hand_over(self.books, run, period, folder, upto)

        def look_ahead(run: Run) -> None:
            nonlocal ahead, projected
            if under is not None and under.projections and run.world.period == self.again[-1].period:
                ahead = periods_ahead(run.world, under.projections)
                projected = project(run.world, under, self.books.ledger.head().seq)

        for one in self.again:
            handed = close(one.period, one.upto, beside, look_ahead)
        further = {name: (*beside.get(name, ()), *rows) for name, rows in projected.rows.items()}
        for period in ahead:
            handed = close(period, None, {**beside, **further}, lambda _: None)
        return _Outcome(tuple(postings), tuple(periods), projected)


def _silent(_: str) -> None:
    return None


@contextmanager
def _saying(which: str) -> Iterator[None]:
    """Say of a run that cannot go on which of the two it is."""
    try:
        yield
    except RunStopped as stopped:
        raise RunStopped(stopped.code, f"{which}: {stopped.message}", stopped.rules) from stopped


def _periods(
    books: Books, calendar: Calendar, under: UnderScenario, first: str | None, last: str | None
) -> tuple[_Again, ...]:
    """The periods to run again, in order; InternalError where the books could be written."""
    if books.is_writable:
        raise InternalError("a scenario is run over books that are open for reading only")
    beginning = first_period(books, calendar)
    closed = [calendar.period(one.period) for one in books.runs(calendar.name)]
    ends = [one for one in closed if one is not None]
    if beginning is None or not ends:
        raise BooksError("no period was closed yet, so there is nothing to compare with; run `tieout close`")
    until = _named(calendar, last) if last is not None else max(ends, key=lambda one: one.start)
    since = _named(calendar, first) if first is not None else beginning
    if since.start < beginning.start:
        raise BooksError(f"the books begin with {beginning.name}; {since.name} lies before")
    if until.start < since.start:
        raise BooksError(f"{until.name} lies before {since.name}; name a later --period")
    _refuse_other_layers(books, calendar, under, since)
    # Where late facts recompute, every fact acts on its own date: then each period knows all.
    closes = () if recomputes(under.ruleset) else books.ledger.closes(calendar.name)
    hard = {one.period: one for one in closes}
    found = [_Again(since, hard.get(since.name))]
    while found[-1].period.start < until.start:
        period = calendar.next(found[-1].period)
        found.append(_Again(period, hard.get(period.name)))
    return tuple(found)


def _named(calendar: Calendar, name: str) -> Period:
    found = calendar.period(name)
    if found is None:
        raise BooksError(f"calendar `{calendar.name}` has no period {name}; periods are called like FY2026-P01")
    return found


def _refuse_other_layers(books: Books, calendar: Calendar, under: UnderScenario, since: Period) -> None:
    """A hand-over holds layers as the rules of the books kept them; other rules for layers begin with the books."""
    if since != first_period(books, calendar) and any(one.family == "layers" for one in under.changes):
        raise BooksError(
            f"{under.name} changes how layers are kept, and {since.name} begins with layers that are kept otherwise; "
            "leave --from out"
        )


def _as_posted(books: Books, ruleset: Ruleset, again: Sequence[_Again], postings: Sequence[Posting]) -> list[AsPosted]:
    """Hard-closed periods, each held against what the books have of it."""
    closed = [(one.period.name, one.hard) for one in again if one.hard is not None]
    held = {period: _held(books, run) for period, run in closed}
    apart = differences_by_period(ruleset, postings, held)
    today = dict(ruleset.texts)
    return [
        AsPosted(period, books.ruleset_texts(run.ruleset_hash) == today, tuple(apart.get(period, ())))
        for period, run in closed
    ]


def _held(books: Books, run: StoredRun) -> Mapping[str, Decimal]:
    """What a run of the books posted to each role, on its normal side."""
    path = books.run_files(run).get(file_name("ledger line"))
    if path is None:
        return {}
    entry = books.run_entries(run)[file_name("ledger line")]
    booked = "booked" if "booked" in dict(entry.columns) else "amount"
    on_normal = exp.EQ(this=column("side"), expression=column("account.normal"))
    signed = exp.Case().when(on_normal, column(booked)).else_(exp.Neg(this=column(booked)))
    query = exp.select(column("role"), exp.Sum(this=signed)).from_(parquet(path)).group_by(column("role"))
    with DuckDBExecutor(threads=1, reads=(path,)) as executor:
        return {str(role): Decimal(str(total)) for role, total in executor.rows(query)}


def _units(wanted: Sequence[Wanted]) -> list[ProjectedUnits]:
    """Units by kind and period, served and not."""
    found: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    for one in wanted:
        units, unserved = found.get((one.kind, one.period), (Decimal(0), Decimal(0)))
        found[one.kind, one.period] = (units + one.served, unserved + one.units - one.served)
    return [ProjectedUnits(*key, *units) for key, units in sorted(found.items())]
