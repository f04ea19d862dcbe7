"""The books' facts and hand-over as the relations a run reads.

Every fact gets a number that stays the same as books grow: publication, file within it, row within the file. So a
fact that waits for a receipt is still the same fact in the next period, and a number leads back to its Parquet row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path

from sqlglot import exp

from adapters.books.entries import FileEntry
from adapters.books.errors import BooksError
from adapters.books.store import Books
from adapters.duckdb_executor import DuckDBExecutor
from adapters.quarantine import RESUBMITTED
from engine.model.ruleset import Ruleset
from engine.model.schema import Record
from engine.model.told import DELIVERIES
from engine.plan.facts import PROJECTED
from engine.plan.relation import cast, column, named, table
from engine.plan.told import REFUSED_ROWS
from engine.run.given import INPUT_TAIL

Supposed = Mapping[str, Sequence[Mapping[str, object]]]
"""Rows that no file of the books holds, by record: with the columns of a stored fact, publication and number."""
NOTHING_SUPPOSED: Supposed = {}

FILES_OF_PUBLICATION = 4096
ROWS_OF_FILE = 2**32


def records_of(ruleset: Ruleset) -> tuple[Record, ...]:
    """The records a ruleset reads: kinds, registers and rate sets."""
    return (
        *(one.record for one in ruleset.kinds.values() if not one.told),
        *(one.record for one in ruleset.registers.values()),
        *(one.record for one in ruleset.rates.values()),
    )


def input_files(books: Books, ruleset: Ruleset, upto: int | None = None) -> tuple[Path, ...]:
    """The files of the books that `attach_inputs` makes readable, for the executor that is to read them."""
    return tuple(books.path(one) for record in records_of(ruleset) for one in _entries(books, record, upto))


def files_of(books: Books) -> tuple[Path, ...]:
    """Every file that the books hold to be true, for an executor that looks up what was published."""
    return tuple(books.path(one) for one in books.ledger.files())


def _entries(books: Books, record: Record, upto: int | None) -> list[FileEntry]:
    return [one for one in books.fact_entries(record.name) if upto is None or one.seq <= upto]


def attach_inputs(
    executor: DuckDBExecutor,
    books: Books,
    ruleset: Ruleset,
    upto: int | None = None,
    beside: frozenset[str] = frozenset(),
) -> tuple[str, ...]:
    """Views `input NAME` over the books' facts; the paths read. `upto` is the last publication that counts.

    `beside` names records whose supposed rows are attached already and read with those of the books. BooksError where a
    file was loaded under another shape of its record.
    """
    read: list[str] = []
    first = first_facts(books)
    for record in records_of(ruleset):
        entries = _entries(books, record, upto)
        query = _numbered(record, books, entries, first)
        if record.name in beside:
            names = [column(one) for one, _ in (*record.stored, *INPUT_TAIL)]
            supposed = exp.select(*names).from_(table(f"{PROJECTED} {record.name}"))
            query = exp.union(query, supposed, distinct=False, copy=False)
        executor.view(f"input {record.name}", query)
        read += [one.path for one in entries]
    return tuple(read)


def attach_refused(executor: DuckDBExecutor, books: Books, ruleset: Ruleset, upto: int | None) -> tuple[str, ...]:
    """Where the rules tell of deliveries, the rows of each file that were refused; the name they are under.

    A file of mended rows is nobody's delivery, and has no number of them.
    """
    if all(one.told != DELIVERIES for one in ruleset.kinds.values()):
        return ()
    loads = [one for one in books.loads() if upto is None or one.seq <= upto]
    mended = {one.sha256 for one in loads if any(file.name == RESUBMITTED for file in one.files)}
    counted = Counter[str]()
    for one in loads:
        if one.quarantined and one.sha256 not in mended:
            counted[one.sha256] += one.quarantined
    rows = sorted({**dict.fromkeys(mended), **counted}.items())
    executor.append(REFUSED_ROWS, (("file", "VARCHAR"), ("rows", "BIGINT")), rows)
    return (REFUSED_ROWS,)


def attach_supposed(executor: DuckDBExecutor, ruleset: Ruleset, supposed: Supposed) -> tuple[str, ...]:
    """Tables `projected RECORD` of supposed rows; their names."""
    names: list[str] = []
    records = {one.name: one for one in records_of(ruleset)}
    for name, rows in supposed.items():
        columns = (*records[name].stored, *INPUT_TAIL)
        names.append(f"{PROJECTED} {name}")
        executor.append(names[-1], columns, (tuple(row[name] for name, _ in columns) for row in rows))
    return tuple(names)


def first_facts(books: Books) -> dict[str, int]:
    """The number of the first fact in each file of the books, by the file's path."""
    found: dict[str, int] = {}
    within: Counter[int] = Counter()
    for entry in sorted(books.ledger.files(), key=lambda one: one.path):
        found[entry.path] = (entry.seq * FILES_OF_PUBLICATION + within[entry.seq]) * ROWS_OF_FILE
        within[entry.seq] += 1
    return found


def _numbered(record: Record, books: Books, entries: list[FileEntry], first: Mapping[str, int]) -> exp.Query:
    columns = record.stored
    required = {one.name for one in record.columns if one.required}
    if not entries:
        nothing = [_typed(exp.Null(), name, storage) for name, storage in (*columns, *INPUT_TAIL)]
        return exp.select(*nothing, copy=False).where(exp.false(), copy=False)
    parts = [
        _numbered_file(record.name, columns, required, books.path(entry), entry, first[entry.path])
        for entry in sorted(entries, key=lambda one: one.path)
    ]
    query: exp.Query = parts[0]
    for part in parts[1:]:
        query = exp.union(query, part, distinct=False, copy=False)
    return query


def _numbered_file(
    record: str,
    columns: tuple[tuple[str, str], ...],
    required: set[str],
    path: Path,
    entry: FileEntry,
    first: int,
) -> exp.Select:
    stored = dict(entry.columns)
    shown: list[exp.Expr] = []
    for name, storage in columns:
        if name not in stored and name in required:
            sentence = f"{entry.path} was loaded without {name}, which {record} now requires; make {name} `perhaps`"
            raise BooksError(sentence)
        value: exp.Expr = exp.Null() if name not in stored else column(name)
        shown.append(_typed(value, name, storage))
    number = exp.Add(this=exp.column("file_row_number"), expression=exp.Literal.number(str(first)))
    shown.append(_typed(exp.Literal.number(str(entry.seq)), "publication", "BIGINT"))
    shown.append(_typed(exp.Paren(this=number), "fact", "BIGINT"))
    return exp.select(*shown, copy=False).from_(parquet(path, row_number=True), copy=False)


def parquet(path: Path, row_number: bool = False) -> exp.Expr:
    """The rows of a Parquet file, with their numbers where asked for."""
    arguments: list[exp.Expr] = [exp.Literal.string(str(path))]
    if row_number:
        arguments.append(exp.EQ(this=exp.to_identifier("file_row_number"), expression=exp.true()))
    return exp.Anonymous(this="read_parquet", expressions=arguments)


def _typed(value: exp.Expr, name: str, storage: str) -> exp.Expr:
    return named(cast(value, storage), name)


def attach_files(
    executor: DuckDBExecutor, files: Iterable[tuple[str, Path]], bare: Container[str] = frozenset()
) -> None:
    """Views over Parquet files by name: the hand-over, or the results of a run; `bare` names those without rows."""
    for name, path in files:
        executor.view(name, exp.select(exp.Star()).from_(parquet(path)), is_bare=name in bare)
