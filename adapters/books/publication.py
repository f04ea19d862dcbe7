"""Publishing: files first, then one ledger transaction, then reading the head back.

Files are written into `books/staging/<publication>/`. The commit records and checks every change, forces the files to
the disk, renames them into place, and only then commits the transaction that names them. A crash before that leaves
files nobody names, which the next writer sweeps; a crash after it leaves a finished publication. Last, the head is
written outside the books (`anchor.py`); only then does anybody hear of the publication.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from sqlglot import exp

from adapters.books import chain, durable
from adapters.books.anchor import Anchor
from adapters.books.chain import AuditEvent, Head
from adapters.books.changes import Changes
from adapters.books.entries import FileEntry, Receipt
from adapters.books.errors import (
    BooksCorrupted,
    BooksError,
    anchor_fault,
    commit_fault,
    storage_fault,
    unread_fault,
)
from adapters.books.layout import FACTS, HOMES, QUARANTINE, RUNS, Layout, publication_name, relative_path
from adapters.books.ledger import Ledger
from adapters.books.lock import WriterLock
from adapters.books.parquet_files import columns_of, write_rows
from dsl.diagnostics import InternalError
from engine.governance.scene import Policy

LOAD = "load"
RUN = "run"
HOME_OF_KIND = {LOAD: FACTS, RUN: RUNS}
"""The kinds of publication that hold files, and where these go; publications of other kinds only change the ledger."""

INEXACT = ("DOUBLE", "FLOAT")
READ_ONLY = 0o444

Clock = Callable[[], datetime]
"""Answers the moment, with its time zone."""


class Publication:
    """One publication under way; made by `Books.publication`, ended by leaving its `with` block."""

    def __init__(
        self,
        layout: Layout,
        ledger: Ledger,
        lock: WriterLock,
        anchor: Anchor,
        clock: Clock,
        actor: str,
        policy: Policy,
        kind: str,
        subject: str,
    ) -> None:
        self.kind = kind
        self.subject = subject
        self.files: tuple[FileEntry, ...] = ()
        self.receipt: Receipt | None = None
        self.is_uncertain = False
        """Whether the commit failed so that only opening the books again can tell whether it is stored."""
        self._layout = layout
        self._ledger = ledger
        self._lock = lock
        self._anchor = anchor
        self._clock = clock
        self._actor = actor
        self._policy = policy
        self._head = ledger.head()
        self._name = publication_name(self._head.seq + 1)
        self._moved: list[Path] = []

    @property
    def number(self) -> int:
        """The number this publication will have: the head it leads to, and the id of the run it may hold."""
        return self._head.seq + 1

    @property
    def staging(self) -> Path:
        """The folder this publication writes into."""
        return self._layout.staging / self._name

    def write(self, connection: duckdb.DuckDBPyConnection, query: exp.Query, name: str) -> FileEntry:
        """Write the rows of an ordered query as one Parquet file of this publication.

        `name` is the record or relation the rows are of. The order must be total: then the same rows give the same
        bytes. InternalError if the query has no ORDER BY of its own or has a floating-point column; BooksError if the
        disk is full. The connection must be allowed to write into the books folder.
        """
        return self.write_all(connection, {name: query})[0]

    def write_all(
        self, connection: duckdb.DuckDBPyConnection, queries: Mapping[str, exp.Query]
    ) -> tuple[FileEntry, ...]:
        """Write the rows of ordered queries by name, as `write` does, each to a file of its own."""
        if self.kind not in HOME_OF_KIND:
            raise InternalError(f"a publication of kind {self.kind} holds no files")
        return self._write(connection, queries, HOME_OF_KIND[self.kind])

    def write_quarantine(self, connection: duckdb.DuckDBPyConnection, query: exp.Query, name: str) -> FileEntry:
        """Write refused rows, as `write` does, into the quarantine; only a load has them. `name` is the feed."""
        if self.kind != LOAD:
            raise InternalError(f"a publication of kind {self.kind} has no quarantine")
        return self._write(connection, {name: query}, QUARANTINE)[0]

    def commit(self, changes: Callable[[Changes], object]) -> Receipt:
        """Publish the files and the changes together or not at all; returns once they are stored and read back.

        `changes` gets what may be changed in the ledger; an exception it raises ends the publication and is passed on.
        """
        if self.receipt is not None or self.is_uncertain:
            raise InternalError("a publication was committed twice")
        try:
            self._anchor.reserve()
            event = self._record_and_move(changes)
        except sqlite3.IntegrityError as error:
            raise InternalError(f"the ledger refused a change: {error}") from error
        except (OSError, sqlite3.DatabaseError) as error:
            raise storage_fault(error, self._layout.folder) from error
        self.is_uncertain = True
        try:
            self._ledger.connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            raise commit_fault(error, self._layout.folder) from error
        head = Head(event.seq, event.prev_hash, event.hash)
        self._read_back(head)
        try:
            self._anchor.add(head, event.at)
        except OSError as error:
            raise anchor_fault(error, self._anchor.path) from error
        self.is_uncertain = False
        self.receipt = Receipt(event.seq, event.hash)
        self._ledger.tidy()
        return self.receipt

    def _read_back(self, expected: Head) -> None:
        """BooksError unless the head is there in a transaction of its own: only that is success."""
        if self._ledger.connection.in_transaction:
            raise BooksError(f"{self._layout.ledger} did not commit, nothing was written; run it again")
        try:
            head = self._ledger.head()
        except BooksError as error:
            raise unread_fault(error, self._layout.folder) from error
        if head != expected:
            raise BooksCorrupted(
                f"{self._layout.ledger} did not keep what was committed; restore the books from a backup"
            )

    def discard(self) -> None:
        """Remove what was staged and not published; what cannot be removed is swept when books are next opened."""
        try:
            if self._lock.is_held:
                durable.remove(self.staging)
        except OSError:
            return

    def _write(
        self, connection: duckdb.DuckDBPyConnection, queries: Mapping[str, exp.Query], home: str
    ) -> tuple[FileEntry, ...]:
        targets = {name: self._target(home, name, query) for name, query in queries.items()}
        if len({name.casefold() for name in targets}) < len(targets):
            raise InternalError("two files of one publication have the same name")
        if not targets:
            return ()
        self._lock.assert_held()
        try:
            (self.staging / home).mkdir(parents=True, exist_ok=True)
            rows = {name: write_rows(connection, query, targets[name]) for name, query in queries.items()}
            columns = columns_of(connection, tuple(targets.values()))
            stored = {name: (one.stat().st_size, durable.sha256_file(one)) for name, one in targets.items()}
        except (OSError, duckdb.IOException, duckdb.FatalException) as error:
            raise storage_fault(error, self._layout.folder) from error
        written: list[FileEntry] = []
        for name, target in targets.items():
            path = relative_path(home, self.number, name)
            written.append(FileEntry(path, home, name, rows[name], *stored[name], columns[target], self.number))
            for column, kind in columns[target]:
                if any(inexact in kind for inexact in INEXACT):
                    raise InternalError(f"column {column} of {name} is {kind}, which is not exact")
        self.files = (*self.files, *written)
        return tuple(written)

    def _target(self, home: str, name: str, query: exp.Query) -> Path:
        """Where a file is written; InternalError where it was written already, or its rows have no order."""
        path = relative_path(home, self.number, name)
        if any(file.path.casefold() == path.casefold() for file in self.files):
            raise InternalError(f"{name} was written twice in one publication")
        if query.args.get("order") is None:
            raise InternalError("what is published must be one ordered query")
        return self.staging / home / Path(path).name

    def _record_and_move(self, changes: Callable[[Changes], object]) -> AuditEvent:
        connection = self._ledger.connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Whoever took the lock since then waits for this transaction before sweeping what was staged.
            self._lock.assert_held()
            event = self._record(changes)
            self._move()
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._take_back()
            raise
        return event

    def _record(self, changes: Callable[[Changes], object]) -> AuditEvent:
        at = utc_text(self._clock())
        changes(Changes(self._ledger, self._head, at, self.files, self._actor, self._policy))
        content = self._ledger.content_digest(self.number)
        event = chain.next_event(self._head, at, self._actor, self.kind, self.subject, content)
        fields = (event.seq, event.at, event.actor, event.action, event.subject, event.content)
        connection = self._ledger.connection
        connection.execute(
            "INSERT INTO audit_event VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*fields, event.prev_hash, event.hash)
        )
        moved = connection.execute(
            "UPDATE head SET seq = ?, prev_hash = ?, hash = ? WHERE seq = ? AND hash = ?",
            (event.seq, event.prev_hash, event.hash, self._head.seq, self._head.hash),
        )
        if moved.rowcount != 1:
            raise BooksError(f"{self._layout.folder} was changed by another process, nothing was written; run it again")
        return event

    def _move(self) -> None:
        for home in HOMES:
            files = [file for file in self.files if file.home == home]
            if not files:
                continue
            staged, target = self.staging / home, self._layout.home(home) / self._name
            for file in files:
                path = staged / Path(file.path).name
                if path.stat().st_size != file.size:
                    raise InternalError(f"{file.name} changed between writing and publishing")
                path.chmod(READ_ONLY)
                durable.fsync_file(path)
            durable.fsync_folder(staged)
            if target.exists():
                raise BooksError(f"{target} is there already, nothing was written; run it again")
            self._moved.append(target)
            durable.rename(staged, target)

    def _take_back(self) -> None:
        for target in self._moved:
            try:
                durable.remove(target)
            except OSError:
                # The ledger does not name it, so the next writer sweeps it.
                continue


def utc_text(moment: datetime) -> str:
    """A moment as ISO text in UTC; InternalError for one without a time zone."""
    if moment.tzinfo is None:
        raise InternalError("a clock without a time zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
