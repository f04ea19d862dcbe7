"""Intake: a client's files into its books, every row accounted for, all files of a load or none."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb
from sqlglot import exp

from adapters.books.entries import ControlTotal, FileEntry, NewLoad
from adapters.books.errors import BooksError
from adapters.books.store import Books
from adapters.books.tables import attach
from adapters.client.config import Client, Feed
from adapters.client.file_names import name_pattern
from adapters.confined import confined
from adapters.feeds import take, versions
from adapters.feeds.expressions import empty_table, run
from adapters.feeds.filling import Surroundings
from adapters.feeds.refusal import FileRefusedError
from adapters.feeds.report import FileReport, LoadReport, Outcome
from adapters.feeds.source_file import SourceFile, read_source
from adapters.feeds.versions import Closed
from adapters.quarantine import RESUBMITTED, RESUBMITTED_SHAPE, refused_rows
from adapters.resubmission import Resubmission, is_export, read_resubmission
from dsl.diagnostics import InternalError
from engine.model.datatypes import Family
from engine.model.schema import Record, Schema
from engine.plan.relation import column, table

VERBATIM = "source.rows"
"""The name under which the books keep every row of the files as it was delivered, with what became of it.

Its columns are those of `adapters.feeds.take.ROWS_SHAPE`; no record can have this name, for its dot.
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A file to load, the feed that takes it, and the parts of its name that the feed declares."""

    path: Path
    feed: Feed
    parts: dict[str, str]


def load(
    books: Books,
    client: Client,
    schema: Schema,
    paths: Sequence[Path],
    loaded_on: date,
    closed: Closed | None = None,
    known_after: date | None = None,
    strict: bool = False,
) -> LoadReport:
    """Load files, or the files in folders, into books opened for writing.

    Rows become known on `loaded_on` unless their feed says when, and never on or before `known_after`, the day as of
    which the last period was frozen. `closed` is the last hard-closed period. If any file is refused nothing is
    written; nor is it if any row is and the load is `strict`. BooksError if the books cannot be written.
    """
    with _scratch(books) as connection:
        reports = _take_all(connection, books, client, schema, paths, (loaded_on, closed, known_after))
        report = LoadReport(loaded_on, reports, strict)
        if report.is_written:
            _publish(connection, books, schema, report)
    return report


def resubmit(
    books: Books,
    client: Client,
    schema: Schema,
    path: Path,
    loaded_on: date,
    closed: Closed | None = None,
    known_after: date | None = None,
) -> LoadReport:
    """Load a mended export of the quarantine, each row in the place of the one it refers to, which waits no longer.

    A row that cannot be read waits again. Else as `load`; the same file again does nothing.
    """
    with _scratch(books) as connection:
        report = LoadReport(
            loaded_on, (_take_again(connection, books, client, schema, path, (loaded_on, closed, known_after)),)
        )
        if report.is_written:
            _publish(connection, books, schema, report, is_again=True)
    return report


def _take_again(
    connection: duckdb.DuckDBPyConnection,
    books: Books,
    client: Client,
    schema: Schema,
    path: Path,
    known: tuple[date, Closed | None, date | None],
) -> FileReport:
    """Take a mended export into a scratch database, or say why not; `known` as for other files."""
    loaded_on, closed, known_after = known
    refused = FileReport(path.name, "", Outcome.REFUSED)
    try:
        source = read_source(path)
        earlier = next((one for feed in client.feeds if (one := books.known_file(source.sha256, feed.name))), None)
        if earlier is not None:
            message = f"same content as {earlier.file_name}, loaded {earlier.loaded_at[:10]}: nothing done"
            return replace(refused, feed=earlier.feed, outcome=Outcome.KNOWN, sha256=source.sha256, message=message)
        mended = read_resubmission(path, client, refused_rows(books))
        supplied = _supplied(client, schema)
        _attach_all(connection, books, client, schema, [mended.feed], supplied)
        around = Surroundings({}, loaded_on, known_after, client.currency, schema)
        world = take.Books(schema, supplied, closed)
        report = take.take_file(connection, mended.source, mended.feed, around, world)
    except FileRefusedError as error:
        return replace(refused, message=error.message, help=error.help, line=error.line)
    _note_replaced(connection, mended)
    return report


def _note_replaced(connection: duckdb.DuckDBPyConnection, mended: Resubmission) -> None:
    """Make the table of which row stands in the place of which, with what became of it."""
    query = exp.select(column("source-row"), column("fate")).from_(table(take.ROWS))
    fates = {int(str(row)): fate for row, fate in run(connection, query)}
    if fates.keys() != mended.replaced.keys():
        raise InternalError("a resubmitted row was lost, or is there that replaces none")
    run(connection, empty_table(RESUBMITTED, RESUBMITTED_SHAPE))
    rows = [
        (*old.key, mended.source.sha256, mended.source.name, number, fates[number])
        for number, old in mended.replaced.items()
    ]
    connection.executemany(f'INSERT INTO "{RESUBMITTED}" VALUES ({", ".join("?" * len(RESUBMITTED_SHAPE))})', rows)


def read_beside(
    books: Books, client: Client, schema: Schema, paths: Sequence[Path], read_on: date
) -> tuple[LoadReport, dict[str, list[dict[str, object]]]]:
    """What loading files would add to books, which are only read: the report, and new rows by record.

    Rows have the columns of a stored fact. There are none where a file is refused or a row could not be read.
    """
    with _scratch(books) as connection:
        report = LoadReport(read_on, _take_all(connection, books, client, schema, paths, (read_on, None, None)), True)
        names = sorted({name for file in report.files for name, count in file.facts if count})
        rows: dict[str, list[dict[str, object]]] = {}
        for record in (schema.record(name) for name in names if report.is_written):
            if record is not None:
                columns = [name for name, _ in record.stored]
                found = run(connection, _ordered_facts(record))
                rows[record.name] = [dict(zip(columns, row, strict=True)) for row in found]
    return report, rows


def _take_all(
    connection: duckdb.DuckDBPyConnection,
    books: Books,
    client: Client,
    schema: Schema,
    paths: Sequence[Path],
    known: tuple[date, Closed | None, date | None],
) -> tuple[FileReport, ...]:
    """Take every file into a scratch database; `known` is when, what was closed by then, and after which day."""
    loaded_on, closed, known_after = known
    claimed, others = _claim(client, paths)
    supplied = _supplied(client, schema)
    _attach_all(connection, books, client, schema, [one.feed for one in claimed], supplied)
    world = take.Books(schema, supplied, closed)
    reports = [*others]
    for one in _in_order(claimed, schema):
        around = Surroundings(one.parts, loaded_on, known_after, client.currency, schema)
        reports.append(_take(connection, books, one, around, world, reports))
    return tuple(reports)


def _attach_all(
    connection: duckdb.DuckDBPyConnection,
    books: Books,
    client: Client,
    schema: Schema,
    feeds: Iterable[Feed],
    supplied: Mapping[str, Record],
) -> None:
    """What the books know of the records that feeds fill or look up, and the empty tables of what is new."""
    used = {fill.record for feed in feeds for fill in feed.fills}
    for record in schema.records:
        if record.name in used or record.name in supplied:
            _attach(connection, books, record)
    _make_tables(connection, client)


def _claim(client: Client, paths: Sequence[Path]) -> tuple[list[Claimed], list[FileReport]]:
    """The files that exactly one feed takes, and reports on the others."""
    claimed: list[Claimed] = []
    others: list[FileReport] = []
    for path in _files(paths):
        if not os.path.lexists(path):
            others.append(FileReport(path.name, "", Outcome.REFUSED, message="is not there", help="check the name"))
            continue
        takers = [
            Claimed(path, feed, parts)
            for feed in client.feeds
            if (
                parts := next(
                    (found for text in feed.files if (found := name_pattern(text).match(path.name)) is not None), None
                )
            )
            is not None
        ]
        if len(takers) == 1:
            claimed.append(takers[0])
        elif takers:
            names = " and ".join(one.feed.name for one in takers)
            help = "make their file patterns in client.yaml exclude each other"
            others.append(FileReport(path.name, "", Outcome.REFUSED, message=f"feeds {names} both take it", help=help))
        else:
            message = "no feed of client.yaml takes a file of this name: nothing done"
            others.append(FileReport(path.name, "", Outcome.UNCLAIMED, message=message))
    return claimed, others


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    """Files as given, folders as the files in them by name, hidden ones left out; each once."""
    seen: set[Path] = set()
    for path in paths:
        found = sorted(path.iterdir()) if path.is_dir() else [path]
        for file in found:
            if file not in seen and (not path.is_dir() or not (file.is_dir() or file.name.startswith("."))):
                seen.add(file)
                yield file


def _supplied(client: Client, schema: Schema) -> dict[str, Record]:
    """The registers that feeds of the client fill."""
    names = {fill.record for feed in client.feeds for fill in feed.fills}
    return {record.name: record for record in schema.records if record.name in names and record.family == "register"}


def _in_order(claimed: Sequence[Claimed], schema: Schema) -> list[Claimed]:
    """Registers before what refers to them, then by file name."""
    ranks: dict[str, int] = {}

    def rank(name: str, above: tuple[str, ...] = ()) -> int:
        record = schema.record(name)
        if record is None or name in above:
            return 0
        if name not in ranks:
            domains = {item.type.domain for item in record.columns if item.type.family is Family.REGISTER} - {name}
            ranks[name] = 1 + max((rank(domain, (*above, name)) for domain in sorted(domains)), default=0)
        return ranks[name]

    def place(one: Claimed) -> tuple[bool, int, str, str]:
        records = [schema.record(fill.record) for fill in one.feed.fills]
        has_kind = any(record is not None and record.family == "kind" for record in records)
        return has_kind, max(rank(fill.record) for fill in one.feed.fills), one.path.name, str(one.path)

    return sorted(claimed, key=place)


@contextmanager
def _scratch(books: Books) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database of our own that spills to a folder of its own and reads only the books; BooksError if full."""
    with tempfile.TemporaryDirectory(prefix="tieout-load-") as folder:
        settings = {"temp_directory": folder, "preserve_insertion_order": "false"}
        reads = (books.path(one) for one in books.ledger.files())
        connection = confined(settings, reads, (books.layout.staging,))
        try:
            yield connection
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            raise BooksError(
                f"{Path(folder).parent} or the memory is too small for these files, nothing was written;"
                " free some space or load fewer files at once"
            ) from error
        finally:
            connection.close()


def _attach(connection: duckdb.DuckDBPyConnection, books: Books, record: Record) -> None:
    required = frozenset(item.name for item in record.columns if item.required)
    shape = record.stored
    files = books.fact_entries(record.name)
    attach(connection, versions.past(record), shape, books.layout.folder, files, required)
    versions.prepare(connection, record)


def _make_tables(connection: duckdb.DuckDBPyConnection, client: Client) -> None:
    shapes = {take.quarantined(feed): take.QUARANTINE_SHAPE for feed in client.feeds}
    for name, shape in {**shapes, take.ROWS: take.ROWS_SHAPE}.items():
        run(connection, empty_table(name, shape))


def _take(
    connection: duckdb.DuckDBPyConnection,
    books: Books,
    one: Claimed,
    around: Surroundings,
    world: take.Books,
    taken: Sequence[FileReport],
) -> FileReport:
    """Take one file, or say why not."""
    refused = FileReport(one.path.name, one.feed.name, Outcome.REFUSED)
    try:
        source = read_source(one.path)
        if is_export(source):
            message = "an export of the quarantine, each row of which stands in the place of another"
            raise FileRefusedError(message, 1, "take it out of the folder and run `tieout quarantine resubmit FILE`")
        earlier = _earlier(source, one.feed, books, taken)
        if earlier is not None:
            return replace(refused, outcome=Outcome.KNOWN, sha256=source.sha256, size=len(source.data), message=earlier)
        return take.take_file(connection, source, one.feed, around, world)
    except FileRefusedError as error:
        return replace(refused, message=error.message, help=error.help, line=error.line)


def _earlier(source: SourceFile, feed: Feed, books: Books, taken: Sequence[FileReport]) -> str | None:
    """Words for a file whose content was loaded before, in this load or an earlier one."""
    for report in taken:
        if (report.sha256, report.feed, report.outcome) == (source.sha256, feed.name, Outcome.LOADED):
            return f"same content as {report.name}: nothing done"
    known = books.known_file(source.sha256, feed.name)
    return None if known is None else f"same content as {known.file_name}, loaded {known.loaded_at[:10]}: nothing done"


def _publish(
    connection: duckdb.DuckDBPyConnection, books: Books, schema: Schema, report: LoadReport, is_again: bool = False
) -> None:
    loaded = [file for file in report.files if file.outcome is Outcome.LOADED]
    records = sorted({name for file in loaded for name, count in file.facts if count})
    feeds = sorted({file.feed for file in loaded if file.quarantined})
    with books.publication("load", subject=", ".join(file.name for file in loaded)) as publication:
        files: dict[str, FileEntry] = {}
        for name in records:
            record = schema.record(name)
            if record is not None:
                files[f"facts {name}"] = publication.write(connection, _ordered_facts(record), name)
        for feed in feeds:
            query = _ordered(f"quarantine:{feed}", take.QUARANTINE_SHAPE, ("source-file", "source-row"))
            files[f"quarantine {feed}"] = publication.write_quarantine(connection, query, feed)
        verbatim = _ordered(take.ROWS, take.ROWS_SHAPE, ("source-file", "source-row"))
        files[VERBATIM] = publication.write(connection, verbatim, VERBATIM)
        if is_again:
            replaced = _ordered(RESUBMITTED, RESUBMITTED_SHAPE, ("replaced-file", "replaced-row"))
            files[RESUBMITTED] = publication.write(connection, replaced, RESUBMITTED)
        loads = [_new_load(file, files) for file in loaded]
        publication.commit(lambda changes: [changes.add_load(new) for new in loads])


def _ordered_facts(record: Record) -> exp.Select:
    keys = dict.fromkeys(("identity", *record.row_key, "version", "source-file", "source-row"))
    return _ordered(versions.new_facts(record), record.stored, tuple(keys))


def _ordered(name: str, shape: Sequence[tuple[str, str]], keys: Sequence[str]) -> exp.Select:
    query = exp.select(*(column(one) for one, _ in shape)).from_(table(name))
    return query.order_by(*(column(key) for key in keys))


def _new_load(file: FileReport, files: dict[str, FileEntry]) -> NewLoad:
    """A file as the ledger records it, with the Parquet files that hold its rows."""
    wanted = [f"facts {name}" for name, count in file.facts if count] + [VERBATIM]
    wanted += [f"quarantine {file.feed}"] if file.quarantined else []
    wanted += [RESUBMITTED] if RESUBMITTED in files else []
    totals = tuple(
        ControlTotal(total.column, total.received, total.accepted, total.quarantined, total.declared)
        for total in file.totals
    )
    return NewLoad(
        file_name=file.name,
        sha256=file.sha256,
        feed=file.feed,
        size=file.size,
        received=file.received,
        accepted=file.accepted,
        quarantined=file.quarantined,
        control_totals=totals,
        files=tuple(files[name] for name in dict.fromkeys(wanted)),
    )
