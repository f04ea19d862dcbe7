"""One period run over the books: where it begins, and what it hands over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from adapters.books.entries import Run as StoredRun
from adapters.books.errors import UnknownPeriod
from adapters.books.store import Books
from adapters.closing.inputs import (
    NOTHING_SUPPOSED,
    Supposed,
    attach_files,
    attach_inputs,
    attach_refused,
    attach_supposed,
    input_files,
)
from adapters.closing.overrides import attach_overrides, in_force
from adapters.duckdb_executor import DuckDBExecutor
from engine.governance.state import Override
from engine.ledger.calendar import Calendar
from engine.ledger.calendar import Period as CalendarPeriod
from engine.model.ruleset import Ruleset
from engine.plan.books import is_handed
from engine.plan.facts import Cutoff
from engine.run.close import Run, close_calendar, run_period
from engine.run.handover import hand_over

Progress = Callable[[str], None]


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
    overrides: Sequence[Override] | None = None,
) -> Iterator[Run]:
    """A period run over the books; its relations are there while the context lasts.

    `upto` is the last publication that counts, None for all; `supposed` are facts beside those of the books, and
    `overrides` those to run with in the place of those in force.
    """
    if overrides is None:
        overrides = in_force(books, ruleset, close_calendar(ruleset), period, upto)
    executor = DuckDBExecutor(
        threads=resources.threads,
        memory_limit=resources.memory_limit,
        temporary_folder=folder,
        reads=(*input_files(books, ruleset, upto), *(path for _, path in handed.files)),
        writes=(folder, books.layout.staging),
    )
    with executor:
        attached = (
            *attach_supposed(executor, ruleset, supposed),
            *attach_refused(executor, books, ruleset, upto),
            *attach_overrides(executor, ruleset, overrides),
        )
        given = frozenset((*attached, *(name for name, _ in handed.files)))
        attach_inputs(executor, books, ruleset, upto, frozenset(supposed))
        attach_files(executor, handed.files, handed.bare)
        yield run_period(executor, ruleset, period, given=given, cutoff=handed.cutoff, wanted=wanted, progress=progress)


def last_before(
    books: Books, calendar: Calendar, period: CalendarPeriod, by: StoredRun | None = None
) -> StoredRun | None:
    """The last hard close of a period before another, as a run `by` that time found it; None where there is none."""
    closes = books.ledger.closes(calendar.name, None if by is None else by.id)
    earlier = [run for run in closes if end_of(calendar, run) < period.start]
    return earlier[-1] if earlier else None


def named_period(calendar: Calendar, name: str) -> CalendarPeriod:
    """The period of a name; UnknownPeriod."""
    found = calendar.period(name)
    if found is None:
        raise UnknownPeriod(f"calendar `{calendar.name}` has no period {name}; periods are called like FY2026-P01")
    return found


def end_of(calendar: Calendar, run: StoredRun) -> date:
    """The last day of a run's period."""
    return named_period(calendar, run.period).end


def handed_over(books: Books, calendar: Calendar, last: StoredRun | None) -> Handed:
    """What a hard close handed over; nothing before the first."""
    if last is None:
        return Handed(None, ())
    named = ((relation_name(name), entry) for name, entry in books.run_entries(last).items())
    handed = {name: entry for name, entry in named if is_handed(name)}
    files = tuple(sorted((name, books.path(entry)) for name, entry in handed.items()))
    # A run reads what was published before it: its own number is the publication it became.
    cutoff = Cutoff(last.id - 1, end_of(calendar, last))
    return Handed(cutoff, files, frozenset(name for name, entry in handed.items() if not entry.rows))


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
