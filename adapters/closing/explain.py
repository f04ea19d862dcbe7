"""Explanations out of the books: the run a line belongs to, what it published, the ruleset it used, delivered rows."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sqlglot import exp

from adapters.books.entries import FileEntry, Run, RunKind
from adapters.books.errors import BooksError
from adapters.books.store import Books
from adapters.closing.inputs import attach_files, attach_inputs, files_of, parquet
from adapters.closing.running import AS_THE_MACHINE_HAS, Resources, end_of, file_name, last_before, relation_name
from adapters.duckdb_executor import DuckDBExecutor
from dsl.diagnostics import InternalError
from engine.ledger.calendar import Calendar, Period
from engine.model.books import other_books
from engine.model.identity import ruleset_hash
from engine.model.ruleset import Ruleset
from engine.plan.books import as_in_book, is_handed
from engine.plan.facts import Cutoff
from engine.plan.posting.differences import DIFFERENCES
from engine.plan.relation import column
from engine.run.close import close_calendar
from engine.run.evidence import SLICES, Delivered, Evidence, world_of
from engine.run.explain import UnknownLineError, explain_line, read_line
from engine.run.explanation import LineExplanation, LineOfLedger, RawRow, RunOfBooks
from engine.run.recomputed_lines import corrects, explain_correction
from engine.run.reversed_lines import explained_by, is_of_the_run_itself, is_reversal, reversed_line

VERBATIM = "source.rows"
"""The record under which the books keep delivered rows as they came."""

_LINE = re.compile(r"JL-(?P<period>.+)-[0-9]{6,}")

Restore = Callable[[Mapping[str, str]], Ruleset]
"""Makes a ruleset of the texts that the books kept of it."""


def explain(
    books: Books,
    ruleset: Ruleset,
    line: str,
    restore: Restore,
    *,
    everything: bool = False,
    resources: Resources = AS_THE_MACHINE_HAS,
) -> LineExplanation:
    """Explain a line of the books by its id (`JL-FY2026-P01-000482`), as the last run of its period posted it.

    `ruleset` is the client's own of today; a run that used other texts is explained by those. BooksError where there is
    no such line.
    """
    calendar = close_calendar(ruleset)
    found = _LINE.fullmatch(line)
    period, book = _named(calendar, ruleset, found["period"]) if found else (None, "")
    if period is None:
        raise BooksError(f"{line} is no journal line; lines are called like JL-FY2026-P01-000482")
    runs = books.runs(calendar.name, period.name)
    if not runs:
        raise BooksError(
            f"{period.name} was not closed yet, so it has no journal lines; run `tieout close {period.name}`"
        )
    with evidence_of(books, ruleset, runs[-1], restore, resources, book) as evidence:
        try:
            posted = read_line(evidence.world, line)
        except UnknownLineError:
            last = f"{runs[-1].kind.value} {runs[-1].number} of {period.name}"
            raise BooksError(
                f"{last} has no journal line {line}; `tieout close` numbers the lines anew each time"
            ) from None
        if corrects(posted):
            rules, closed = _correction(books, ruleset, restore, evidence, posted, runs[-1])
            return explain_correction(evidence, posted, rules, closed, everything)
        if not is_reversal(posted):
            return explain_line(evidence, line, everything)
        if is_of_the_run_itself(posted):
            return _taken_back(evidence, evidence, posted, everything)
        earlier = _run_before(books, calendar, runs[-1], period)
        with evidence_of(books, ruleset, earlier, restore, resources, book) as before:
            return _taken_back(evidence, before, posted, everything)


def _taken_back(evidence: Evidence, before: Evidence, posted: LineOfLedger, everything: bool) -> LineExplanation:
    """The explanation of a line that takes back one of the run `before`."""
    found = reversed_line(evidence.world, posted.id, before.world)
    if found is None:
        name = before.run.period
        raise BooksError(f"{name} no longer posts what {posted.id} takes back; run `tieout close {posted.period}`")
    return replace(explained_by(posted, explain_line(before, found, everything)), run=evidence.run)


def _correction(
    books: Books, ruleset: Ruleset, restore: Restore, evidence: Evidence, posted: LineOfLedger, run: Run
) -> tuple[Ruleset, Cutoff]:
    """The rules that a corrected line was posted by, which may have changed since, and what the last hard close before
    the correcting run knew."""
    calendar = close_calendar(ruleset)
    last = last_before(books, calendar, evidence.world.period, run)
    if last is None:
        raise InternalError(f"{posted.id} corrects closed periods, and none was closed before it")
    closes = [one for one in books.runs(calendar.name, posted.origin) if one.kind is RunKind.HARD and one.id < run.id]
    texts = books.ruleset_texts((closes[-1] if closes else last).ruleset_hash)
    used = evidence.world.ruleset
    rules = used if dict(used.texts) == texts else restore(texts)
    return rules, Cutoff(last.id - 1, end_of(calendar, last))


def _run_before(books: Books, calendar: Calendar, run: Run, period: Period) -> Run:
    """The last run of the period before, as another run found it; BooksError where the books have none."""
    before = calendar.previous(period)
    found = [one for one in books.runs(calendar.name, before.name) if one.id < run.id]
    if not found:
        raise BooksError(
            f"the line takes back one of {before.name}, which was not closed; run `tieout close {before.name}`"
        )
    return found[-1]


@contextmanager
def evidence_of(
    books: Books,
    ruleset: Ruleset,
    run: Run,
    restore: Restore,
    resources: Resources = AS_THE_MACHINE_HAS,
    book: str = "",
) -> Iterator[Evidence]:
    """What explanations of a run, of the lines of a book, are made from ('': of the one that posts); there while the
    context lasts."""
    texts = books.ruleset_texts(run.ruleset_hash)
    used = ruleset if dict(ruleset.texts) == texts else restore(texts)
    calendar = close_calendar(used)
    period = _period(calendar, run.period)
    cutoff, handed = _beginning(books, calendar, run, period)
    with (
        tempfile.TemporaryDirectory(dir=resources.folder) as folder,
        DuckDBExecutor(
            threads=resources.threads,
            memory_limit=resources.memory_limit,
            temporary_folder=Path(folder),
            reads=files_of(books),
        ) as executor,
    ):
        attach_inputs(executor, books, used, upto=run.id - 1)
        entries = {relation_name(name): entry for name, entry in books.run_entries(run).items()}
        entries = as_in_book(entries, book)
        published = {SLICES if name == "slice" else name: entry for name, entry in entries.items()}
        attach_files(executor, ((name, books.path(entry)) for name, entry in published.items() if not is_handed(name)))
        attach_files(executor, as_in_book(dict(handed), book).items())
        columns = {name: entry.columns for name, entry in published.items() if not is_handed(name)}
        world = world_of(executor, used, period, columns, as_in_book(dict(handed), book), book)
        about = RunOfBooks(
            period.name, "hard close" if run.kind is RunKind.HARD else "trial", run.number, run.id, run.published_at,
            run.ruleset_name, run.ruleset_version, ruleset_hash(used),
        )  # fmt: skip
        yield Evidence(world, cutoff, about, lambda wanted: raw_rows(executor, books, wanted))


def raw_rows(executor: DuckDBExecutor, books: Books, wanted: Iterable[Delivered]) -> dict[Delivered, RawRow]:
    """Delivered rows as they came, with the names of their files."""
    lines: dict[str, set[int]] = {}
    for file, line in wanted:
        lines.setdefault(file, set()).add(line)
    found: dict[Delivered, RawRow] = {}
    for load in books.loads():
        if load.sha256 not in lines:
            continue
        for entry in load.files:
            if entry.name == VERBATIM:
                for line, text in _verbatim(executor, books, entry, load.sha256, lines[load.sha256]):
                    found.setdefault((load.sha256, line), RawRow(load.file_name, line, text))
    return found


def _verbatim(
    executor: DuckDBExecutor, books: Books, entry: FileEntry, file: str, lines: Iterable[int]
) -> list[tuple[int, str]]:
    numbers = [exp.Literal.number(str(line)) for line in sorted(lines)]
    query = (
        exp.select(column("source-row"), column("text"))
        .from_(parquet(books.path(entry)))
        .where(exp.EQ(this=column("source-file"), expression=exp.Literal.string(file)))
        .where(exp.In(this=column("source-row"), expressions=numbers))
    )
    return [(int(str(line)), str(text)) for line, text in executor.rows(query)]


def _beginning(
    books: Books, calendar: Calendar, run: Run, period: Period
) -> tuple[Cutoff | None, tuple[tuple[str, Path], ...]]:
    """What was closed before a run, and the hand-over it began with; only a hard close leaves one in the books."""
    before = calendar.previous(period)
    earlier = [one for one in books.runs(calendar.name) if _period(calendar, one.period).end < period.start]
    if not any(one.id < run.id for one in earlier):
        return None, ()
    closes = [one for one in books.ledger.closes(calendar.name, run.id) if one.period == before.name]
    replayed = file_name(DIFFERENCES) in books.run_entries(run)
    if replayed or not closes:
        return Cutoff(run.id - 1, before.end), ()
    files = ((relation_name(name), path) for name, path in books.run_files(closes[-1]).items())
    return Cutoff(closes[-1].id - 1, before.end), tuple(sorted(one for one in files if is_handed(one[0])))


def _named(calendar: Calendar, ruleset: Ruleset, words: str) -> tuple[Period | None, str]:
    """The period, and the book if it is not the one that posts, that a line is numbered in."""
    for book in other_books(ruleset):
        if words.endswith(f"-{book.name}"):
            return calendar.period(words.removesuffix(f"-{book.name}")), book.name
    return calendar.period(words), ""


def _period(calendar: Calendar, name: str) -> Period:
    found = calendar.period(name)
    if found is None:
        raise BooksError(f"calendar `{calendar.name}` has no period {name}; give the calendar its former periods")
    return found
