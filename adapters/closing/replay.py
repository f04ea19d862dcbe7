"""Closed periods replayed with what became known of them since, where late facts recompute from their date.

What was published stands. The replay says where the open period begins, and what the closed ones would have posted; the
open period posts the difference. Each period is replayed by the rules it was closed by, so only what is known changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlglot import exp

from adapters.books.entries import Run as StoredRun
from adapters.books.errors import BooksError
from adapters.books.store import Books
from adapters.closing.inputs import attach_inputs, input_files, parquet
from adapters.closing.overrides import in_force
from adapters.closing.running import (
    Handed,
    Progress,
    Resources,
    handed_over,
    last_before,
    named_period,
    relation_name,
    run_of,
    write_hand_over,
)
from adapters.duckdb_executor import DuckDBExecutor
from adapters.ruleset_files import read_texts
from engine.ledger.calendar import Calendar, Period
from engine.model.ruleset import Kind, Ruleset
from engine.plan.books import goes_on_from_what_was_posted, in_its_book
from engine.plan.posting.differences import POSTED, RECOMPUTED, recomputes
from engine.plan.posting.postings import POSTING
from engine.plan.relation import column, named, table
from engine.plan.units.stock import union_all
from engine.plan.world import RunStopped, date_literal
from engine.run.close import Run
from engine.run.page import published_relations
from engine.run.results import Replayed
from engine.run.side_by_side import tie_outs_of_books
from engine.run.tie_outs import tie_outs

LINES = "ledger line"


@dataclass(frozen=True, slots=True)
class _Close:
    """A hard close and its period."""

    run: StoredRun
    period: Period

    @property
    def known(self) -> int:
        """The last publication that it read: its own number is the one it became."""
        return self.run.id - 1


def replay(
    books: Books, ruleset: Ruleset, calendar: Calendar, resources: Resources, folder: Path, progress: Progress | None
) -> tuple[Handed, Replayed] | None:
    """Where the first open period begins with all that is known, and what was replayed; None where the last hard close
    knew every fact of the closed periods, or late facts are not recomputed.

    RunStopped, naming the period, where a replay cannot go on; BooksError where the rules that a period was closed by
    cannot be read any more.
    """
    if not recomputes(ruleset):
        return None
    closes = [_Close(run, named_period(calendar, run.period)) for run in books.ledger.closes(calendar.name)]
    first, new = _first_late(books, ruleset, closes, resources, folder) if closes else (0, 0)
    if not new:
        return None
    again = closes[first:]
    handed = handed_over(books, calendar, last_before(books, calendar, again[0].period))
    lines: list[tuple[str, Path]] = []
    for one in again:
        if progress is not None:
            progress(f"replaying {one.period.name}")
        rules = _rules_of(books, ruleset, one.run)
        held = in_force(books, rules, calendar, one.period, one.known)
        with (
            _saying(one.period),
            run_of(books, rules, one.period, handed, resources, folder, overrides=held) as run,
        ):
            _hold(run)
            lines += _written_lines(run, folder)
            handed = write_hand_over(books, run, one.period, folder)
    begun = _begun(books, closes[-1].run, handed, _merged(books, again, lines, folder))
    return begun, Replayed(tuple(one.period.name for one in again), new)


def _first_late(
    books: Books, ruleset: Ruleset, closes: Sequence[_Close], resources: Resources, folder: Path
) -> tuple[int, int]:
    """The earliest closed period with a fact that its close did not know, by its place; and how many such facts, of any
    closed period, the last close did not know."""
    first, new = len(closes), 0
    with DuckDBExecutor(
        threads=resources.threads,
        memory_limit=resources.memory_limit,
        temporary_folder=folder,
        reads=input_files(books, ruleset),
    ) as executor:
        attach_inputs(executor, books, ruleset)
        for kind in ruleset.kinds.values():
            if kind.told or kind.record.on is None:
                continue
            for rows in (table(f"input {kind.name}"), _versions(kind, closes[-1].period)):
                least, count = executor.rows(_unknown(rows, kind, closes))[0]
                first = first if least is None else min(first, int(str(least)))
                new += int(str(count))
    return first, new


def _versions(kind: Kind, last: Period) -> exp.Expr:
    """Versions dated after the last closed period of facts that were dated in one, with the earliest date they had: to
    take a fact out of a closed period is to change it."""
    on = column(kind.record.on or "")
    name = f"input {kind.name}"
    again = exp.select(column("identity")).from_(table(name))
    again = again.where(exp.GT(this=column("version"), expression=exp.Literal.number("1")))
    earliest = exp.Window(this=exp.Min(this=on), partition_by=[column("identity")])
    dated = exp.select(named(earliest, kind.record.on or ""), column("publication"), named(on.copy(), "own")).from_(
        table(name)
    )
    moved = exp.GT(this=column("own"), expression=date_literal(last.end))
    every = dated.where(exp.In(this=column("identity"), query=again.subquery())).subquery("versions")
    return exp.select(exp.Star()).from_(every).where(moved).subquery("moved")


def _unknown(rows: exp.Expr, kind: Kind, closes: Sequence[_Close]) -> exp.Select:
    """The place of the earliest close that some row came too late for, and how many the last one did not know."""
    on = column(kind.record.on or "")

    def late(close: _Close) -> exp.Expr:
        dated = exp.LTE(this=on.copy(), expression=date_literal(close.period.end))
        published = exp.GT(this=column("publication"), expression=exp.Literal.number(str(close.known)))
        return exp.and_(dated, published, copy=False)

    place = exp.Case()
    for index, close in enumerate(closes):
        place = place.when(late(close), exp.Literal.number(str(index)), copy=False)
    counted = exp.Case().when(late(closes[-1]), exp.Literal.number("1"))
    return exp.select(exp.Min(this=place), exp.Count(this=counted)).from_(rows)


def _rules_of(books: Books, ruleset: Ruleset, run: StoredRun) -> Ruleset:
    """The rules that a period was closed by."""
    texts = books.ruleset_texts(run.ruleset_hash)
    if dict(ruleset.texts) == texts:
        return ruleset
    found, diagnostics = read_texts(texts)
    if found is None:
        problem = diagnostics.errors[0].message if diagnostics.errors else "they cannot be read"
        raise BooksError(
            f"{run.period} was closed by rules that this version of tieout does not run ({problem}), so late facts "
            "cannot be recomputed; let them catch up in the open period"
        )
    return found


@contextmanager
def _saying(period: Period) -> Iterator[None]:
    """A stop of a replay says which period was replayed."""
    try:
        yield
    except RunStopped as stop:
        said = f"{period.name}, replayed with what is known now: {stop.message}"
        raise RunStopped(stop.code, said, stop.rules) from stop


def _hold(run: Run) -> None:
    """RunStopped where a replay does not tie out: what it says is posted, so it must hold as a close must."""
    for one in (*tie_outs(run), *tie_outs_of_books(run)):
        if one.blocks and not one.passed:
            raise RunStopped("T433", f"its tie-out `{one.name}` fails: {one.sentence}")


# ---- what the open period is given -----------------------------------------------------------------------------------


def _written_lines(run: Run, folder: Path) -> list[tuple[str, Path]]:
    """The lines that a replay would post, of every book, in files; by what they are called among those of a run."""
    executor = run.world.executor
    assert isinstance(executor, DuckDBExecutor)
    found: list[tuple[str, Path]] = []
    for name, query in published_relations(run).items():
        if in_its_book(name)[1] == LINES:
            path = folder / f"{run.world.period.name}-lines-{len(found)}.parquet"
            executor.copy_to_parquet(query, path)
            found.append((name, path))
    return found


def _merged(
    books: Books, again: Sequence[_Close], recomputed: Sequence[tuple[str, Path]], folder: Path
) -> list[tuple[str, Path]]:
    """The lines of all periods replayed, as posted and as recomputed, in a file for each book and side."""
    posted = [
        (relation_name(name), path)
        for one in again
        for name, path in books.run_files(one.run).items()
        if in_its_book(relation_name(name))[1] == LINES
    ]
    found: list[tuple[str, Path]] = []
    reads = [path for _, path in (*posted, *recomputed)]
    with DuckDBExecutor(threads=1, reads=reads, writes=(folder,)) as executor:
        for at, prefix in enumerate(sorted({in_its_book(name)[0] for name, _ in (*posted, *recomputed)})):
            for label, lines in ((POSTED, posted), (RECOMPUTED, recomputed)):
                own = [path for name, path in lines if in_its_book(name)[0] == prefix]
                others = [path for name, path in (*posted, *recomputed) if in_its_book(name)[0] == prefix]
                path = folder / f"merged-{at}-{label.split(' ')[1]}.parquet"
                executor.copy_to_parquet(_lines_of(executor, own, others[0]), path)
                found.append((f"{prefix}{label}", path))
    return found


def _lines_of(executor: DuckDBExecutor, files: Sequence[Path], shape: Path) -> exp.Query:
    """The lines of some files; of none, no lines of the shape of another. A close without rates booked the amount."""
    parts: list[exp.Query] = []
    for file in files or [shape]:
        rows = exp.select(exp.Star()).from_(parquet(file))
        have = {name for name, _ in executor.types(rows)}
        booked = column("booked") if "booked" in have else named(column("amount"), "booked")
        names = [column(name) for name, _ in POSTING]
        part = exp.select(*names, column("amount"), booked).from_(parquet(file))
        parts.append(part if files else part.where(exp.false()))
    return union_all(parts)


def _begun(books: Books, last: StoredRun, replayed: Handed, lines: Sequence[tuple[str, Path]]) -> Handed:
    """The hand-over of a replay; balances go on from what was posted, and the lines of both are there to compare."""
    entries = {relation_name(name): entry for name, entry in books.run_entries(last).items()}
    posted = {name: entry for name, entry in entries.items() if goes_on_from_what_was_posted(name)}
    kept = {name: path for name, path in replayed.files if not goes_on_from_what_was_posted(name)}
    files = {**kept, **{name: books.path(entry) for name, entry in posted.items()}, **dict(lines)}
    bare = {name for name in replayed.bare if name in kept} | {name for name, one in posted.items() if not one.rows}
    return Handed(replayed.cutoff, tuple(sorted(files.items())), frozenset(bare))
