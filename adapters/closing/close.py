"""Close a period of the books: run it, check its tie-outs, publish it as a trial or freeze it as a hard close.

A period whose predecessor is open is run on a hand-over computed on the way, so trials of several periods agree with
what their hard closes will be. A failed blocking tie-out publishes nothing. A hard close that does not meet the
conditions of the rules is refused, and its run kept as a trial.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path

from sqlglot import exp

from adapters.books.changes import Changes
from adapters.books.entries import Json, NewRun, Period, RunKind
from adapters.books.entries import Run as StoredRun
from adapters.books.errors import PeriodClosed, PeriodOutOfOrder, UnknownPeriod
from adapters.books.store import Books
from adapters.closing.exceptions import EXCEPTIONS, acceptances_of, add_exceptions
from adapters.closing.inputs import (
    NOTHING_SUPPOSED,
    Supposed,
    attach_files,
    attach_inputs,
    attach_refused,
    attach_supposed,
)
from adapters.duckdb_executor import DuckDBExecutor
from engine.ledger.calendar import Calendar
from engine.ledger.calendar import Period as CalendarPeriod
from engine.model.ruleset import Ruleset
from engine.plan.books import is_handed
from engine.plan.facts import Cutoff
from engine.run.close import Run, close_calendar, run_period
from engine.run.conditions import Conditions, weigh
from engine.run.exceptions import read_exceptions
from engine.run.handover import hand_over
from engine.run.page import published_relations, read_results
from engine.run.results import CloseResult

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Closed:
    """What a close came to: its result, how the conditions of the rules stand, and the run in the books.

    `run` is None where a tie-out refused publication. `is_refused` says that a hard close was asked for and its
    conditions are not met: then the run is a trial and the period stays open. `built_on` names the open periods before
    it, whose hand-over was worked out on the way.
    """

    result: CloseResult
    conditions: Conditions
    run: StoredRun | None
    is_refused: bool = False
    built_on: tuple[str, ...] = ()


Review = Callable[[Closed], None]
"""Takes a refused hard close whose trial is in the books, and may accept its exceptions there."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What the machine gives a run: threads and memory (None: as DuckDB sees fit), and where it may spill."""

    threads: int | None = None
    memory_limit: str | None = None
    folder: Path | None = None


AS_THE_MACHINE_HAS = Resources()


@dataclass(frozen=True, slots=True)
class Handed:
    """Where a period begins: cut-off, the hand-over's files by relation, and which of these have no rows."""

    cutoff: Cutoff | None
    files: tuple[tuple[str, Path], ...]
    bare: frozenset[str] = frozenset()


def close_period(
    books: Books,
    ruleset: Ruleset,
    name: str,
    *,
    hard: bool = False,
    review: Review | None = None,
    resources: Resources = AS_THE_MACHINE_HAS,
    progress: Progress | None = None,
) -> Closed:
    """Run a period and publish it. PeriodClosed, PeriodOutOfOrder, UnknownPeriod or RunStopped where it cannot be.

    A hard close that the conditions refuse is kept as a trial. `review` is then asked, and if what it accepted was all
    that stood in the way, the same run is published as the hard close.
    """
    calendar = close_calendar(ruleset)
    period = _period(calendar, name)
    last = books.last_hard_closed(calendar.name)
    if last is not None and period.end <= _end_of(calendar, last):
        raise PeriodClosed(f"{period.name} is hard-closed; what changes it posts in {_next_open(calendar, last).name}")
    between = _between(books, calendar, last, period)
    if hard and between:
        raise PeriodOutOfOrder(f"{between[0].name} is not hard-closed; close it before {period.name}")
    if hard:
        # A changed byte may still be a figure that can be read; a period is frozen on nothing but what was published.
        books.check_bytes()
    with tempfile.TemporaryDirectory(dir=resources.folder) as folder:
        handed = _handed_over(books, calendar, last)
        for earlier in between:
            with run_of(books, ruleset, earlier, handed, resources, Path(folder), progress) as run:
                handed = write_hand_over(books, run, earlier, Path(folder))
        with run_of(books, ruleset, period, handed, resources, Path(folder), progress) as run:
            closed = _conclude(books, ruleset, run, hard, review, progress)
    return replace(closed, built_on=tuple(one.name for one in between))


def _conclude(
    books: Books, ruleset: Ruleset, run: Run, hard: bool, review: Review | None, progress: Progress | None
) -> Closed:
    """Hold what a run found against tie-outs and conditions, and publish it as what these allow."""
    result = read_results(run, ruleset)
    raised = read_exceptions(run.world)
    period = run.world.period.name

    def weighed() -> Conditions:
        return weigh(ruleset.close, raised, acceptances_of(books, ruleset, period))

    closed = Closed(result, weighed(), None)
    if not result.publishable:
        return closed
    executor = run.world.executor
    assert isinstance(executor, DuckDBExecutor)
    relations = {**published_relations(run), EXCEPTIONS: add_exceptions(executor, raised)}
    if hard and not closed.conditions.allows_hard_close:
        kept = _publish(books, ruleset, run, relations, RunKind.TRIAL, progress)
        closed = replace(closed, run=kept, is_refused=True)
        if review is None:
            return closed
        review(closed)
        closed = replace(closed, conditions=weighed())
        if not closed.conditions.allows_hard_close:
            return closed
    if hard:
        relations |= hand_over(run.world)
    published = _publish(books, ruleset, run, relations, RunKind.HARD if hard else RunKind.TRIAL, progress)
    return replace(closed, run=published, is_refused=False)


@contextmanager
def run_of(
    books: Books,
    ruleset: Ruleset,
    period: CalendarPeriod,
    handed: Handed,
    resources: Resources,
    folder: Path,
    progress: Progress | None = None,
    wanted: frozenset[str] | None = None,
    upto: int | None = None,
    supposed: Supposed = NOTHING_SUPPOSED,
) -> Iterator[Run]:
    """A period run over the books; its relations are there while the context lasts.

    `upto` is the last publication that counts, None for all; `supposed` are facts beside those of the books.
    """
    executor = DuckDBExecutor(threads=resources.threads, memory_limit=resources.memory_limit, temporary_folder=folder)
    with executor:
        attached = (*attach_supposed(executor, ruleset, supposed), *attach_refused(executor, books, ruleset, upto))
        given = frozenset((*attached, *(name for name, _ in handed.files)))
        attach_inputs(executor, books, ruleset, upto, frozenset(supposed))
        attach_files(executor, handed.files, handed.bare)
        yield run_period(executor, ruleset, period, given=given, cutoff=handed.cutoff, wanted=wanted, progress=progress)


def beginning_of(books: Books, ruleset: Ruleset, period: CalendarPeriod, resources: Resources, folder: Path) -> Handed:
    """Where a period begins: the last hard close before it, carried through the open periods between."""
    calendar = close_calendar(ruleset)
    last = _last_before(books, calendar, period)
    handed = _handed_over(books, calendar, last)
    for earlier in _between(books, calendar, last, period):
        with run_of(books, ruleset, earlier, handed, resources, folder) as run:
            handed = write_hand_over(books, run, earlier, folder)
    return handed


def _last_before(books: Books, calendar: Calendar, period: CalendarPeriod) -> StoredRun | None:
    closes = [
        run for run in books.runs(calendar.name) if run.kind is RunKind.HARD and _end_of(calendar, run) < period.start
    ]
    return max(closes, key=lambda run: _end_of(calendar, run), default=None)


def _period(calendar: Calendar, name: str) -> CalendarPeriod:
    found = calendar.period(name)
    if found is None:
        raise UnknownPeriod(f"calendar `{calendar.name}` has no period {name}; periods are called like FY2026-P01")
    return found


def _end_of(calendar: Calendar, run: StoredRun) -> date:
    return _period(calendar, run.period).end


def _next_open(calendar: Calendar, last: StoredRun) -> CalendarPeriod:
    return calendar.next(_period(calendar, last.period))


def _handed_over(books: Books, calendar: Calendar, last: StoredRun | None) -> Handed:
    if last is None:
        return Handed(None, ())
    named = ((relation_name(name), entry) for name, entry in books.run_entries(last).items())
    handed = {name: entry for name, entry in named if is_handed(name)}
    files = tuple(sorted((name, books.path(entry)) for name, entry in handed.items()))
    # A run reads what was published before it: its own number is the publication it became.
    cutoff = Cutoff(last.id - 1, _end_of(calendar, last))
    return Handed(cutoff, files, frozenset(name for name, entry in handed.items() if not entry.rows))


def _between(books: Books, calendar: Calendar, last: StoredRun | None, period: CalendarPeriod) -> list[CalendarPeriod]:
    """Open periods from the last hard close (or the books' first period) up to, and without, the one wanted."""
    first = _next_open(calendar, last) if last is not None else first_period(books, calendar)
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


def write_hand_over(books: Books, run: Run, period: CalendarPeriod, folder: Path, upto: int | None = None) -> Handed:
    """Where the period after a run begins that is not in the books; `upto` is the last publication it read."""
    files: list[tuple[str, Path]] = []
    bare: set[str] = set()
    executor = run.world.executor
    assert isinstance(executor, DuckDBExecutor)
    for index, (name, query) in enumerate(sorted(hand_over(run.world).items())):
        path = folder / f"{period.name}-{index}.parquet"
        if not executor.copy_to_parquet(query, path):
            bare.add(name)
        files.append((name, path))
    publication = books.ledger.head().seq if upto is None else upto
    return Handed(Cutoff(publication, period.end), tuple(files), frozenset(bare))


def file_name(relation: str) -> str:
    """The name of a relation's file in the books: relations are named in words, files without blanks."""
    return relation.replace(" ", "_")


def relation_name(file: str) -> str:
    """The relation a file of the books holds; names of the language have no underscore."""
    return file.replace("_", " ")


def _publish(
    books: Books,
    ruleset: Ruleset,
    run: Run,
    relations: Mapping[str, exp.Query],
    kind: RunKind,
    progress: Progress | None,
) -> StoredRun:
    if progress is not None:
        progress("publishing")
    executor = run.world.executor
    assert isinstance(executor, DuckDBExecutor)
    calendar, period = run.world.calendar, run.world.period
    texts = dict(ruleset.texts)
    first = first_period(books, calendar) or period
    with books.publication("run", f"{period.name} {kind.value}") as publication:
        publication.write_all(executor.connection, {file_name(name): query for name, query in relations.items()})
        details: dict[str, Json] = {
            "tieout": version("tieout"),
            "duckdb": version("duckdb"),
            "sqlglot": version("sqlglot"),
            "facts": run.placing.events if run.placing is not None else 0,
        }
        inputs = tuple(one.path for one in books.ledger.files_in("facts"))

        def changes(ledger: Changes) -> None:
            ledger.add_periods(_periods(books, calendar, min(first.start, period.start), period))
            digest = ledger.add_ruleset(ruleset.head.name, str(ruleset.head.version), texts)
            ledger.add_run(NewRun(calendar.name, period.name, kind, digest, inputs, details))

        publication.commit(changes)
        return books.runs(calendar.name, period.name)[-1]


def _periods(books: Books, calendar: Calendar, first: date, last: CalendarPeriod) -> list[Period]:
    """Periods the books do not know yet, without a gap, up to the one closed."""
    known = {status.period.name for status in books.periods(calendar.name)}
    found: list[Period] = []
    period = calendar.period_of(first)
    while period.start <= last.start:
        if period.name not in known:
            found.append(Period(calendar.name, period.name, period.start, period.end))
        period = calendar.next(period)
    return found
