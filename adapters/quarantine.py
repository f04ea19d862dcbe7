"""What waits in quarantine, and what was resubmitted since: rows as they were delivered, each with where it stands.

A row waits until another is delivered in its place (`adapters.resubmission`). Then it is `resubmitted`, and its story
goes on with the other row, which was accepted or waits itself. Nothing is ever taken out of the quarantine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
from sqlglot import exp

from adapters.books.entries import FileEntry
from adapters.books.layout import QUARANTINE
from adapters.books.store import Books
from adapters.books.tables import attach
from adapters.confined import confined
from adapters.feeds.take import QUARANTINE_SHAPE
from engine.plan.relation import column, table

RESUBMITTED = "source.resubmitted"
"""The name under which the books keep which row stands in the place of which; no record can have it, for its dot."""

RESUBMITTED_SHAPE = (
    ("feed", "VARCHAR"),
    ("replaced-file", "VARCHAR"),
    ("replaced-row", "BIGINT"),
    ("source-file", "VARCHAR"),
    ("file-name", "VARCHAR"),
    ("source-row", "BIGINT"),
    ("fate", "VARCHAR"),
)
"""The row replaced by feed, hash of its file and line; the row in its place, and what became of that one."""

SHORT_HASH = 12
"""Characters of a file's hash in the reference of a row."""

_ROWS = ("source-file", "file-name", "source-row", "text", "reasons", "columns")

Key = tuple[str, str, int]
"""A row in quarantine by feed, hash of its file and line."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """The row that was delivered in the place of another: file and line, and whether it was accepted."""

    file: str
    row: int
    fate: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A row in quarantine: the feed and file it came by, its line in the file, why it waits, and its text.

    `sha256` is the hash of its file and `columns` its columns, none where an earlier tieout loaded it.
    """

    feed: str
    file: str
    row: int
    reasons: tuple[str, ...]
    text: str
    sha256: str
    columns: tuple[str, ...] = ()
    replaced_by: Replacement | None = None

    @property
    def key(self) -> Key:
        """What tells it from every other row."""
        return self.feed, self.sha256, self.row

    @property
    def reference(self) -> str:
        """What people and exports call it by."""
        return f"{self.feed}/{self.sha256[:SHORT_HASH]}/{self.row}"

    @property
    def state(self) -> str:
        """`waiting`, or `resubmitted` once another row was delivered in its place."""
        return "waiting" if self.replaced_by is None else "resubmitted"


def refused_rows(books: Books, feed: str | None = None) -> list[Refused]:
    """The rows that ever went to quarantine, of all feeds or of one, in the order of their files."""
    found: list[Refused] = []
    replaced = _replacements(books)
    entries = books.ledger.files_in(QUARANTINE)
    with confined({}, [books.path(one) for one in entries]) as connection:
        for entry in entries:
            if feed is not None and entry.name != feed:
                continue
            for sha256, file, row, text, reasons, columns in _rows(connection, books, entry):
                by = replaced.get((entry.name, sha256, row))
                found.append(Refused(entry.name, file, row, tuple(reasons), text, sha256, tuple(columns or ()), by))
    return found


def replacement(books: Books, key: Key) -> Replacement | None:
    """The row that was resubmitted in the place of one in quarantine; None while it waits."""
    return _replacements(books).get(key)


def replaced_by(books: Books, feed: str, sha256: str, row: int) -> str:
    """The row, as `FILE:ROW`, in whose place this one was resubmitted; empty for one that came in a file of its own."""
    for of_feed, replaced, at in _replacements(books, sha256, row):
        if of_feed == feed:
            names = [one.file_name for one in books.loads() if (one.sha256, one.feed) == (replaced, feed)]
            return f"{names[0]}:{at}"
    return ""


def resubmitted_counts(books: Books) -> Counter[tuple[str, str]]:
    """How many rows of each file, by feed and hash, were resubmitted since."""
    return Counter((feed, sha256) for feed, sha256, _ in _replacements(books))


def _rows(
    connection: duckdb.DuckDBPyConnection, books: Books, entry: FileEntry
) -> Sequence[tuple[str, str, int, str, list[str], list[str] | None]]:
    attach(connection, "refused", QUARANTINE_SHAPE, books.layout.folder, [entry])
    query = exp.select(*(column(name) for name in _ROWS)).from_(table("refused"))
    query = query.order_by(*(column(name) for name in ("file-name", "source-row", "text")))
    return connection.execute(query.sql("duckdb")).fetchall()


def _replacements(books: Books, sha256: str | None = None, row: int = 0) -> dict[Key, Replacement]:
    """Which row stands in the place of which, or in the place of which one row does by its file's hash and its line.

    None is replaced by two, and none stands in the place of two.
    """
    entries = books.fact_entries(RESUBMITTED)
    if not entries:
        return {}
    with confined({}, [books.path(one) for one in entries]) as connection:
        attach(connection, "resubmitted", RESUBMITTED_SHAPE, books.layout.folder, entries)
        query = exp.select(*(column(name) for name, _ in RESUBMITTED_SHAPE)).from_(table("resubmitted"))
        if sha256 is not None:
            query = query.where(exp.EQ(this=column("source-file"), expression=exp.Literal.string(sha256)))
            query = query.where(exp.EQ(this=column("source-row"), expression=exp.Literal.number(row)))
        rows = connection.execute(query.sql("duckdb")).fetchall()
    return {(feed, file, row): Replacement(name, at, fate) for feed, file, row, _, name, at, fate in rows}
