"""The ledger: opening `ledger.sqlite`, and everything that is read from it.

Readers see the books as they stood when they opened them: they hold one read transaction, which blocks nobody. All
lists come in a total order.
"""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from adapters.books import chain, schema
from adapters.books.chain import AuditEvent, Head, Value
from adapters.books.entries import (
    Acceptance,
    ControlTotal,
    FileEntry,
    Load,
    Period,
    PeriodState,
    PeriodStatus,
    Run,
    RunKind,
)
from adapters.books.errors import BooksCorrupted, BooksError, BooksInUse, UnknownPeriod, is_disk_full, storage_fault
from dsl.diagnostics import InternalError
from engine.governance import acts
from engine.governance.acts import Act, act_of
from engine.governance.state import Happened, State, after

BUSY_SECONDS = 10
"""How long a reader waits while another process recovers or tidies the write-ahead log."""

_RUN = """SELECT run.id, run.calendar, run.period, kind, number, ruleset.name, version, ruleset, manifest, published_at
    FROM run JOIN ruleset ON ruleset.hash = run.ruleset"""
_STATUS = """SELECT period.calendar, name, start_date, end_date, to_state, epoch, run
    FROM period LEFT JOIN period_transition AS latest
      ON latest.calendar = period.calendar AND latest.period = name AND latest.seq = (
        SELECT max(seq) FROM period_transition AS one
        WHERE one.calendar = period.calendar AND one.period = period.name)"""
_UNRECORDED = """SELECT seq, at, actor, what, about, period, comment FROM audit_event JOIN (
        SELECT seq, 'load' AS what, file_name AS about, '' AS period, '' AS comment FROM load
        UNION ALL SELECT seq, kind, calendar, period, '' FROM run
        UNION SELECT seq, 'accepted', calendar, period, comment FROM exception_act) USING (seq)
    WHERE seq > ? AND seq NOT IN (SELECT seq FROM act) ORDER BY seq, what, about, period"""
_FILE = "SELECT path, home, name, row_count, size, sha256, columns, file.seq FROM file"


Built = TypeVar("Built")


class Ledger:
    """One connection to the ledger; useless after a fork."""

    def __init__(self, path: Path, *, write: bool, sealed: bool = False) -> None:
        """Open an existing ledger; BooksCorrupted if it is not one, BooksError if its version is not known.

        `sealed` is a ledger that nobody writes, such as that of a backup: nothing is made beside it.
        """
        self.path = path
        self.write = write
        self.sealed = sealed
        self._process = os.getpid()
        self._state: tuple[int, State] = (0, State())
        mode = "rw" if write else "ro&immutable=1" if sealed else "ro"
        with self._reading():
            self.connection = sqlite3.connect(
                f"{path.as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=BUSY_SECONDS
            )
        try:
            self._configure()
        except BaseException:
            self.connection.close()
            raise

    def _configure(self) -> None:
        for pragma in ("foreign_keys = ON", "trusted_schema = OFF", "cell_size_check = ON", "synchronous = FULL"):
            self.rows(f"PRAGMA {pragma}")
        if not self.write:
            self.rows("BEGIN")
        if not self.rows("SELECT 1 FROM sqlite_schema WHERE name = 'store_version'"):
            raise BooksCorrupted(f"{self.path} is not a ledger of tieout; restore the books from a backup")
        version = self._version()
        if version != schema.STORE_VERSION:
            raise BooksError(f"{self.path.parent} has books of store version {version}: {schema.what_to_do(version)}")
        if not self.sealed and self.rows("PRAGMA journal_mode") != [("wal",)]:
            raise BooksCorrupted(f"{self.path} has lost its write-ahead log setting; restore the books from a backup")

    def close(self) -> None:
        """Close the connection; a forked child leaves it alone, since closing it would drop the parent's locks."""
        if os.getpid() == self._process:
            self.connection.close()

    def rows(self, query: str, values: tuple[Value, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query; BooksCorrupted or BooksError if the ledger cannot be read."""
        with self._reading():
            return self.connection.execute(query, values).fetchall()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other connection from writing while this lasts, and write nothing; BooksInUse if one does.

        The writer's lock keeps writers apart. This holds even where its file was removed while one was at work.
        """
        try:
            self.connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            raise BooksInUse(
                f"{self.path.parent} is being written by another process; wait until it is done and run it again"
            ) from error
        try:
            yield
        finally:
            self.connection.execute("ROLLBACK")

    def tidy(self) -> None:
        """Copy the write-ahead log into the ledger file as far as readers allow, so that little hangs on the log."""
        try:
            self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error:
            # What was committed is in the log all the same; the next opening copies it.
            return

    def head(self) -> Head:
        """The head row."""
        rows = self.rows("SELECT seq, prev_hash, hash FROM head")
        if len(rows) != 1:
            raise BooksCorrupted(f"{self.path} has no head; restore the books from a backup")
        return Head(*rows[0])

    def genesis(self) -> Head:
        """The head these books began with."""
        return chain.genesis(*self._beginning()[1:])

    def hash_at(self, seq: int) -> str:
        """The hash of the chain after a publication; empty where there was none of that number."""
        if seq == 0:
            return self.genesis().hash
        return next((str(row[0]) for row in self.rows("SELECT hash FROM audit_event WHERE seq = ?", (seq,))), "")

    def happened(self, since: int = 0) -> tuple[Happened, ...]:
        """What people did after a publication, oldest first."""
        query = """SELECT act.seq, at, actor, verb, act.content FROM act JOIN audit_event USING (seq)
            WHERE act.seq > ? ORDER BY act.seq, number"""
        recorded = self._built(lambda row: Happened(row[0], row[1], row[2], act_of(row[3], row[4])), query, (since,))
        if self._beginning()[1] >= schema.SINCE["act"]:
            return recorded
        unrecorded = self._built(_unrecorded, _UNRECORDED, (since,))
        return tuple(sorted((*recorded, *unrecorded), key=lambda one: one.seq))

    def state(self) -> State:
        """Where people, rules, overrides and approvals stand, by all that was published."""
        seq, state = self._state
        head = self.head().seq
        if head != seq:
            for one in self.happened(seq):
                state = after(state, one)
            self._state = (head, state)
        return state

    def audit_events(self) -> tuple[AuditEvent, ...]:
        """All publications, oldest first."""
        query = "SELECT seq, at, actor, action, subject, content, prev_hash, hash FROM audit_event ORDER BY seq"
        return self._built(lambda row: AuditEvent(*row), query)

    def content_digest(self, seq: int) -> str:
        """The digest of every row that a publication wrote, computed from the rows as they are now."""
        tables = {
            table: self.rows(
                f"SELECT {', '.join(columns)} FROM {table} WHERE seq = ? ORDER BY {', '.join(columns)}", (seq,)
            )
            for table, columns in schema.CONTENT.items()
        }
        return chain.content_digest(tables)

    def files(self) -> tuple[FileEntry, ...]:
        """Every file the books name, oldest first."""
        return self._files(f"{_FILE} ORDER BY seq, path")

    def files_named(self, home: str, name: str) -> tuple[FileEntry, ...]:
        """The files of one record or relation in a home, oldest first."""
        return self._files(f"{_FILE} WHERE home = ? AND name = ? ORDER BY seq, path", (home, name))

    def files_in(self, home: str) -> tuple[FileEntry, ...]:
        """All files of a home, oldest first."""
        return self._files(f"{_FILE} WHERE home = ? ORDER BY seq, path", (home,))

    def files_of(self, home: str, seq: int) -> tuple[FileEntry, ...]:
        """The files that one publication put into a home, by path."""
        return self._files(f"{_FILE} WHERE home = ? AND seq = ? ORDER BY path", (home, seq))

    def loads(self) -> tuple[Load, ...]:
        """All loads, oldest first."""
        return self._built(self._load, "SELECT * FROM load ORDER BY id")

    def known_file(self, sha256: str, feed: str | None = None) -> Load | None:
        """The earliest load of this content, by any feed or by one; None if it was never loaded."""
        query = "SELECT * FROM load WHERE sha256 = ?1 AND (?2 IS NULL OR feed = ?2) ORDER BY id LIMIT 1"
        return next(iter(self._built(self._load, query, (sha256, feed))), None)

    def periods(self, calendar: str) -> tuple[PeriodStatus, ...]:
        """The periods of a calendar and where they stand, by start."""
        return self._built(_status, f"{_STATUS} WHERE period.calendar = ? ORDER BY start_date", (calendar,))

    def period(self, calendar: str, name: str) -> PeriodStatus:
        """One period; UnknownPeriod naming the known ones."""
        statuses = self.periods(calendar)
        for status in statuses:
            if status.period.name == name:
                return status
        known = ", ".join(status.period.name for status in statuses) or "none"
        raise UnknownPeriod(f"the books have no period {name} in calendar {calendar} (known: {known}); check the name")

    def state_of_period(self, calendar: str, name: str, upto: int) -> PeriodState:
        """How far a period was after a publication."""
        query = """SELECT to_state FROM period_transition WHERE calendar = ? AND period = ? AND seq <= ?
            ORDER BY seq DESC LIMIT 1"""
        rows = self.rows(query, (calendar, name, upto))
        return PeriodState(rows[0][0]) if rows else PeriodState.OPEN

    def first_open_period(self, calendar: str) -> PeriodStatus | None:
        """The earliest period that is not hard-closed; None if there is none."""
        return next((one for one in self.periods(calendar) if not one.state.is_closed), None)

    def run(self, run: int) -> Run:
        """A run by its number of publication; InternalError if there is none."""
        runs = self._built(_run, f"{_RUN} WHERE run.id = ?", (run,))
        if not runs:
            raise InternalError(f"the books have no run {run}")
        return runs[0]

    def runs(self, calendar: str, period: str | None = None) -> tuple[Run, ...]:
        """The history of runs of a calendar, or of one of its periods, oldest first."""
        query = f"{_RUN} WHERE calendar = ?1 AND (?2 IS NULL OR period = ?2) ORDER BY run.id"
        return self._built(_run, query, (calendar, period))

    def last_hard_closed(self, calendar: str) -> Run | None:
        """The hard close of the latest hard-closed period; None before the first."""
        closed = self.closes(calendar)
        return closed[-1] if closed else None

    def closes(self, calendar: str, before: int | None = None) -> tuple[Run, ...]:
        """The hard close of each closed period, by start; as things stood before a publication, or stand now.

        The close of a period that was reopened since is none of them; it stays in the history of runs.
        """
        query = f"""{_RUN} JOIN period AS closed ON closed.calendar = run.calendar AND closed.name = run.period
            JOIN period_transition AS latest ON latest.run = run.id
            WHERE run.calendar = ?1 AND latest.to_state IN ('hard-closed', 'reopen-requested') AND latest.seq = (
                SELECT max(seq) FROM period_transition AS one WHERE one.calendar = run.calendar
                AND one.period = run.period AND (?2 IS NULL OR one.seq < ?2))
            ORDER BY start_date"""
        return self._built(_run, query, (calendar, before))

    def latest_trial(self, calendar: str, period: str) -> Run | None:
        """The newest trial of a period; None if there was none."""
        trials = [run for run in self.runs(calendar, period) if run.kind is RunKind.TRIAL]
        return trials[-1] if trials else None

    def acceptances(self, calendar: str, period: str) -> tuple[Acceptance, ...]:
        """What was accepted of a period's exceptions, oldest first."""
        query = """SELECT name, row, digest, comment, run, actor, at
            FROM exception_act JOIN audit_event USING (seq)
            WHERE calendar = ? AND period = ? AND act = 'accepted' ORDER BY seq, name, row"""
        return self._built(lambda row: Acceptance(*row), query, (calendar, period))

    def ruleset_texts(self, ruleset: str) -> dict[str, str]:
        """The texts of a ruleset by name, from its hash; empty if the books do not have it."""
        query = "SELECT name, text FROM ruleset_text WHERE ruleset = ? ORDER BY name"
        return dict(self.rows(query, (ruleset,)))

    def rulesets(self) -> tuple[str, ...]:
        """The hashes of all rulesets, sorted."""
        return tuple(row[0] for row in self.rows("SELECT hash FROM ruleset ORDER BY hash"))

    @property
    def books(self) -> str:
        """The identity of these books, given to them when they were made."""
        return self._beginning()[2]

    @property
    def created_at(self) -> str:
        """When these books were made (UTC)."""
        return self._beginning()[3]

    def _version(self) -> int:
        rows = self.rows("SELECT version FROM store_version")
        if len(rows) != 1:
            raise BooksCorrupted(f"{self.path} does not say its version; restore the books from a backup")
        return int(rows[0][0])

    def _beginning(self) -> tuple[int, int, str, str]:
        """The store's version now and when the books were made, their identity, and when that was."""
        rows = self.rows("SELECT version, first_version, books, created_at FROM store_version")
        if len(rows) != 1:
            raise BooksCorrupted(f"{self.path} does not say its version; restore the books from a backup")
        version, first_version, books, created_at = rows[0]
        return version, first_version, books, created_at

    def _files(self, query: str, values: tuple[Value, ...] = ()) -> tuple[FileEntry, ...]:
        return self._built(_file, query, values)

    def _built(
        self, build: Callable[[tuple[Any, ...]], Built], query: str, values: tuple[Value, ...] = ()
    ) -> tuple[Built, ...]:
        rows = self.rows(query, values)
        try:
            return tuple(build(row) for row in rows)
        except (ValueError, TypeError, ArithmeticError) as error:
            raise BooksCorrupted(
                f"{self.path} holds a row that tieout did not write; restore the books from a backup"
            ) from error

    def _load(self, row: tuple[Any, ...]) -> Load:
        totals = self.rows(
            "SELECT name, received, accepted, quarantined, declared FROM load_total WHERE load = ? ORDER BY name",
            row[:1],
        )
        files = self._files(f"{_FILE} JOIN load_file USING (path) WHERE load = ? ORDER BY path", row[:1])
        number, file_name, sha256, feed, size, received, accepted, quarantined, loaded_at, seq = row
        control_totals = tuple(_control_total(total) for total in totals)
        counts = (size, received, accepted, quarantined)
        return Load(number, file_name, sha256, feed, *counts, control_totals, files, loaded_at, seq)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        if os.getpid() != self._process:
            raise InternalError("books that were opened in one process were used in a forked one")
        try:
            yield
        except sqlite3.OperationalError as error:
            if is_disk_full(error):
                raise storage_fault(error, self.path.parent) from error
            raise BooksError(f"{self.path} cannot be read ({error}); run `tieout books verify`") from error
        except sqlite3.DatabaseError as error:
            # SQLite says the same of damaged bytes and of bytes that the disk would not read.
            raise BooksCorrupted(
                f"{self.path} is damaged, or its disk fails ({error}); run `tieout books verify`, and restore the books"
                " from a backup if it finds the same"
            ) from error
        except UnicodeDecodeError as error:
            raise BooksCorrupted(f"{self.path} is damaged ({error}); restore the books from a backup") from error


def create_ledger(path: Path, books: str, created_at: str) -> Head:
    """Make an empty ledger at a path that is free, one complete file, closed; answer the head it begins with.

    The write-ahead log is switched on last. Written through the log, the tables would still be in it if the disk filled
    up while it was copied at closing, which SQLite does not report.
    """
    start = chain.genesis(schema.STORE_VERSION, books, created_at)
    with new_ledger(path, books, created_at, schema.STORE_VERSION) as connection:
        connection.execute("INSERT INTO head VALUES (1, ?, ?, ?)", (start.seq, start.prev_hash, start.hash))
    return start


@contextmanager
def new_ledger(path: Path, books: str, created_at: str, first_version: int) -> Iterator[sqlite3.Connection]:
    """A ledger with nothing but its tables and its beginning, to be filled; it is complete when the block has ended."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        for statement in schema.statements():
            connection.execute(statement)
        beginning = (schema.STORE_VERSION, books, created_at, first_version)
        connection.execute("INSERT INTO store_version VALUES (1, ?, ?, ?, ?)", beginning)
        yield connection
        connection.execute("COMMIT")
        # SQLite does not say so if it could not: it answers how the log is kept.
        if connection.execute("PRAGMA journal_mode = WAL").fetchall() != [("wal",)]:
            raise OSError(errno.EIO, "the write-ahead log could not be switched on")
    finally:
        connection.close()


def _file(row: tuple[Any, ...]) -> FileEntry:
    columns = tuple((name, kind) for name, kind in json.loads(row[6]))
    path, home, name, rows, size, sha256, _, seq = row
    return FileEntry(path, home, name, rows, size, sha256, columns, seq)


def _unrecorded(row: tuple[Any, ...]) -> Happened:
    """What somebody did before the books had a table of acts, by what it left in other tables."""
    seq, at, by, what, about, period, comment = row
    act: Act
    if what == "load":
        act = acts.Loaded(about, "")
    elif what == "accepted":
        act = acts.Accepted(about, period, comment)
    else:
        act = (
            acts.HardClosed(about, period, seq, "") if what == RunKind.HARD.value else acts.TrialRun(about, period, seq)
        )
    return Happened(seq, at, by, act)


def _control_total(row: tuple[Any, ...]) -> ControlTotal:
    received, accepted, quarantined, declared = (None if text is None else Decimal(text) for text in row[1:])
    if accepted is None:
        raise InternalError("a control total without its accepted part")
    return ControlTotal(row[0], received, accepted, quarantined, declared)


def _status(row: tuple[Any, ...]) -> PeriodStatus:
    period = Period(row[0], row[1], date.fromisoformat(row[2]), date.fromisoformat(row[3]))
    return PeriodStatus(period, PeriodState(row[4] or PeriodState.OPEN.value), row[5] or 0, row[6])


def _run(row: tuple[Any, ...]) -> Run:
    run, calendar, period, kind, *rest = row
    return Run(run, calendar, period, RunKind(kind), *rest)
