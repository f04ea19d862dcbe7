"""The way into the books of a client: `open_books`, and `Books`, what can be asked of them and published to them.

    with open_books(client / "books", write=True, create=True) as books:
        with books.publication("load", subject="pos-2026-01.csv") as publication:
            accepted = publication.write(connection, ordered_select, "pos")
            refused = publication.write_quarantine(connection, ordered_select_of_refused_rows, "pos-feed")
            publication.commit(lambda changes: changes.add_load(NewLoad(..., files=(accepted, refused))))

    with open_books(client / "books", write=False) as books:
        paths = books.fact_files("pos")

Kinds of publication: `load` (files go to facts and quarantine), `run` (files go to runs; `changes.add_run` says trial
or hard close), and any other word for changes of the ledger alone (`periods`, `ruleset`). What may be changed stands
in `adapters.books.changes`, the values in `adapters.books.entries`, the errors in `adapters.books.errors`; attaching
the files to DuckDB in `adapters.books.tables`.
"""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from adapters.books import anchor, durable, moving, verify
from adapters.books.anchor import Anchor, anchor_of
from adapters.books.changes import NO_POLICY, Changes, require
from adapters.books.entries import FileEntry, Load, PeriodStatus, Run
from adapters.books.errors import BooksCorrupted, BooksError, BooksMissing, NotAllowed, storage_fault
from adapters.books.identity import who_acts
from adapters.books.layout import FACTS, HOMES, QUARANTINE, RUNS, STAGING, Layout, refuse_links
from adapters.books.ledger import Ledger, create_ledger
from adapters.books.lock import WriterLock
from adapters.books.publication import Clock, Publication, utc_text
from dsl.diagnostics import InternalError
from engine.governance.acts import Act, Refused
from engine.governance.scene import Policy
from engine.governance.state import State


class Books:
    """Opened books; made by `open_books`. Queries not found here are on `ledger`."""

    def __init__(
        self,
        layout: Layout,
        ledger: Ledger,
        lock: WriterLock | None,
        heads: Anchor,
        clock: Clock,
        by: str,
        policy: Policy = NO_POLICY,
    ) -> None:
        self.layout = layout
        self.ledger = ledger
        self.by = by
        """Who acts: a person the books name, or in books that name none the system's user."""
        self.policy = policy
        """What the rules say of approvals, as who opened the books has them."""
        self._lock = lock
        self._heads = heads
        self._clock = clock
        last = None if self.is_writable else heads.last()
        self._upto = None if last is None else min(last.seq, ledger.head().seq)
        """For readers, beside whom a writer goes on: the last publication whose head they hold against their books."""
        self._is_publishing = False
        self._is_stopped = False

    @property
    def is_writable(self) -> bool:
        """Whether they were opened for writing: only then can anything be published."""
        return self._lock is not None

    @property
    def heads(self) -> Anchor:
        """The heads of these books, kept outside them."""
        return self._heads

    @contextmanager
    def publication(self, kind: str, subject: str = "") -> Iterator[Publication]:
        """A publication of a kind, one at a time; what is not committed when the block ends is discarded.

        `subject` says in the audit event what it is about. BooksError after a commit that failed for want of a sound
        disk: then the books must be opened again.
        """
        if self._lock is None:
            raise InternalError("books that were opened for reading cannot be written")
        if self._is_publishing:
            raise InternalError("a publication is under way already")
        if self._is_stopped:
            raise BooksError(f"{self.layout.folder} failed to commit and must be opened again; run it again")
        publication = Publication(
            self.layout, self.ledger, self._lock, self._heads, self._clock, self.by, self.policy, kind, subject
        )
        self._is_publishing = True
        try:
            yield publication
        finally:
            self._is_publishing = False
            self._is_stopped = publication.is_uncertain
            publication.discard()

    @property
    def state(self) -> State:
        """Where people, rules, overrides and approvals stand."""
        return self.ledger.state()

    def require(self, act: Act) -> None:
        """NotAllowed with the reason where whoever acts may not do this; asked again when it is published."""
        require(self.ledger, self.state, self.by, act, self.policy)

    def record(self, kind: str, *acts: Act) -> None:
        """Publish acts that change nothing else; NotAllowed, and nothing but the refusal recorded, where one is."""

        def changes_of(changes: Changes) -> None:
            for one in acts:
                changes.record(one)

        with self.publication(kind, acts[0].subject) as publication:
            publication.commit(changes_of)

    def record_refusal(self, error: NotAllowed) -> None:
        """Keep in the books that somebody tried what they may not do."""
        act = Refused(error.act.verb, error.act.subject, str(error))
        try:
            self.record("refused", act)
        except BooksError as unrecorded:
            error.add_note(f"that it was refused could not be recorded: {unrecorded}")

    def known_file(self, sha256: str, feed: str | None = None) -> Load | None:
        """The earliest load of this content, by any feed or by one; None if it was never loaded."""
        return self.ledger.known_file(sha256, feed)

    def loads(self) -> tuple[Load, ...]:
        """All loads, oldest first."""
        return self.ledger.loads()

    def fact_entries(self, record: str) -> tuple[FileEntry, ...]:
        """The files that hold accepted rows of a record, oldest first, with their columns."""
        return self.ledger.files_named(FACTS, record)

    def fact_files(self, record: str) -> list[Path]:
        """The paths of the files that hold accepted rows of a record, oldest first."""
        return [self.path(file) for file in self.fact_entries(record)]

    def quarantine_files(self) -> list[Path]:
        """The paths of all files of refused rows, oldest first."""
        return [self.path(file) for file in self.ledger.files_in(QUARANTINE)]

    def run_entries(self, run: Run) -> dict[str, FileEntry]:
        """The files of a run by the relation they hold, with their columns."""
        return {file.name: file for file in self.ledger.files_of(RUNS, run.id)}

    def run_files(self, run: Run) -> dict[str, Path]:
        """The paths of the files of a run by the relation they hold."""
        return {name: self.path(file) for name, file in self.run_entries(run).items()}

    def path(self, file: FileEntry) -> Path:
        """Where a file lies."""
        return self.layout.folder / file.path

    def periods(self, calendar: str) -> tuple[PeriodStatus, ...]:
        """The periods of a calendar and where they stand, by start."""
        return self.ledger.periods(calendar)

    def period(self, calendar: str, name: str) -> PeriodStatus:
        """One period; UnknownPeriod naming the known ones."""
        return self.ledger.period(calendar, name)

    def first_open_period(self, calendar: str) -> PeriodStatus | None:
        """The earliest period that is not hard-closed; None if there is none."""
        return self.ledger.first_open_period(calendar)

    def last_hard_closed(self, calendar: str) -> Run | None:
        """The hard close of the latest hard-closed period, from whose files the next starts; None before the first."""
        return self.ledger.last_hard_closed(calendar)

    def latest_trial(self, calendar: str, period: str) -> Run | None:
        """The newest trial of a period; None if there was none."""
        return self.ledger.latest_trial(calendar, period)

    def runs(self, calendar: str, period: str | None = None) -> tuple[Run, ...]:
        """The history of runs of a calendar, or of one of its periods, oldest first."""
        return self.ledger.runs(calendar, period)

    def ruleset_texts(self, ruleset: str) -> dict[str, str]:
        """The texts of a ruleset by name, from its hash; empty if the books do not have it."""
        return self.ledger.ruleset_texts(ruleset)

    def check_bytes(self) -> None:
        """BooksCorrupted naming the first file whose bytes are not those that were published."""
        verify.check_bytes(self.layout, self.ledger)

    def verify(self) -> list[str]:
        """Everything that is wrong with the books, one sentence each, after reading every byte; empty if nothing is."""
        return verify.problems(self.layout, self.ledger, self._heads, self._upto)


def utc_now() -> datetime:
    """The moment by the system's clock."""
    return datetime.now(UTC)


@contextmanager
def open_books(
    folder: Path,
    *,
    write: bool,
    create: bool = False,
    clock: Clock = utc_now,
    actor: str | None = None,
    policy: Policy = NO_POLICY,
) -> Iterator[Books]:
    """Open the books in a folder, and close them when the block ends.

    There is one writer at a time, and readers beside it who see the books as they were when they opened them. `create`
    makes books where there are none (writers only). `actor` is the account of who acts, by default whom the
    environment's token names or the operating system's user; `policy` is what the rules say of approvals. What is
    refused to somebody (NotAllowed) is kept in the books.

    BooksMissing; BooksInUse naming the writer; BooksCorrupted naming the file; BooksError for anything else that keeps
    them from being opened, such as links or a newer store. What fails inside the block because a file's bytes are not
    those published is BooksCorrupted too.
    """
    if create and not write:
        raise InternalError("books are created by opening them for writing")
    layout = Layout(folder.resolve())
    lock = None
    heads = anchor_of(layout.folder)
    try:
        moving.finish(layout.folder)
        lock = _lock(layout, create, clock) if write else None
        ledger = _open_ledger(layout, heads, create, clock, write)
    except BaseException as error:
        if lock is not None:
            lock.release()
        if isinstance(error, (OSError, sqlite3.Error)):
            raise storage_fault(error, layout.folder) from error
        raise
    try:
        books = Books(
            layout, ledger, lock, heads, clock, who_acts(ledger.state(), ledger.books, clock(), actor), policy
        )
        try:
            yield books
        except NotAllowed as error:
            if books.is_writable:
                books.record_refusal(error)
            raise
    except Exception as error:
        if _may_be_damage(error):
            _blame_damage(layout, ledger, heads, error)
        raise
    finally:
        ledger.close()
        if lock is not None:
            lock.release()


def _may_be_damage(error: Exception) -> bool:
    """Whether an error is one that a damaged file of the books may have led to: none that was meant for the user."""
    by_database = isinstance(error, duckdb.Error) or isinstance(error.__cause__, duckdb.Error)
    return by_database or isinstance(error, (InternalError, sqlite3.Error, ValueError, TypeError, KeyError))


def _blame_damage(layout: Layout, ledger: Ledger, heads: Anchor, error: Exception) -> None:
    """BooksCorrupted in place of an error, if the books are damaged."""
    found = verify.problems(layout, ledger, heads)
    if found:
        raise BooksCorrupted(found[0]) from error


def verify_books(folder: Path) -> list[str]:
    """Everything that is wrong with the books in a folder, also where they cannot be opened; empty if nothing is."""
    layout = Layout(folder.resolve())
    moving.finish(layout.folder)
    if not os.path.lexists(layout.ledger):
        return [str(missing(layout))]
    try:
        refuse_links(layout)
        ledger = Ledger(layout.ledger, write=False)
    except BooksError as error:
        return [str(error)]
    try:
        return verify.problems(layout, ledger, anchor_of(layout.folder))
    finally:
        ledger.close()


def _lock(layout: Layout, create: bool, clock: Clock) -> WriterLock:
    if create:
        durable.make_folders(layout.folder)
    elif not layout.folder.is_dir():
        raise missing(layout)
    refuse_links(layout)
    return WriterLock(layout.lock, clock())


def _open_ledger(layout: Layout, heads: Anchor, create: bool, clock: Clock, write: bool) -> Ledger:
    if not os.path.lexists(layout.ledger):
        if not create or layout.published():
            raise missing(layout)
        _create(layout, heads, clock)
    refuse_links(layout)
    last = heads.last()
    ledger = Ledger(layout.ledger, write=write)
    try:
        is_anchored = anchor.check(heads, last, ledger)
        verify.check_files(layout, ledger)
        if write:
            make_folders(layout)
            with ledger.alone():
                verify.sweep(layout, ledger)
            if not is_anchored:
                _anchor(heads, ledger)
    except BaseException:
        ledger.close()
        raise
    return ledger


def _anchor(heads: Anchor, ledger: Ledger) -> None:
    """Write the head of a publication whose process died before it could."""
    head = ledger.head()
    last = heads.last()
    if last is None or head.seq not in (last.seq, last.seq + 1):
        raise BooksCorrupted(
            f"{ledger.path.parent} goes on beyond {heads.path} by more than one publication; restore both from one"
            " backup"
        )
    heads.add(head, list(anchor.lines_of(ledger))[-1].at)


def _create(layout: Layout, heads: Anchor, clock: Clock) -> None:
    make_folders(layout)
    staged = layout.staging / layout.ledger.name
    for path in layout.staging.iterdir():
        durable.remove(path)
    at = utc_text(clock())
    heads.begin(create_ledger(staged, uuid.uuid4().hex, at), at)
    durable.fsync_file(staged)
    durable.rename(staged, layout.ledger)
    # A run that was killed may have made the folder and not forced its name to the disk.
    durable.fsync_folder(layout.folder.parent)


def make_folders(layout: Layout) -> None:
    """Make the folders of books that are not there yet."""
    for name in (*HOMES, STAGING):
        durable.make_folder(layout.folder / name)


def missing(layout: Layout) -> BooksError:
    """The sentence for books whose ledger is not there."""
    if layout.published():
        return BooksCorrupted(f"{layout.ledger} is missing but the files it names are there; restore it from a backup")
    return BooksMissing(f"there are no books in {layout.folder}; load a file to begin them")
