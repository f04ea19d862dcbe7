"""Bringing books of an earlier version of the store to this one, on a copy.

The Parquet files stay where they are. A new ledger is written beside the old one, with the tables of today and every
row as it was, so that every hash of the chain stays what it was; the upgrade is its next publication. Only when the
whole was verified does the new ledger take the old one's place, and the old one is kept as `ledger.sqlite.v3`.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from adapters.books import durable, moving, schema, verify
from adapters.books.anchor import Anchor, anchor_of
from adapters.books.changes import NO_POLICY
from adapters.books.entries import Receipt
from adapters.books.errors import BooksCorrupted, BooksError, storage_fault
from adapters.books.identity import who_acts
from adapters.books.layout import Layout, refuse_links
from adapters.books.ledger import BUSY_SECONDS, Ledger, new_ledger
from adapters.books.lock import WriterLock
from adapters.books.publication import Clock, Publication
from adapters.books.store import make_folders, missing, utc_now

COMPANIONS = ("-wal", "-shm")
"""What SQLite keeps beside a ledger."""


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What an upgrade came to: the version before and now, and the head now.

    `kept` is where the former ledger lies, None where there was nothing to do.
    """

    former: int
    version: int
    head: Receipt
    kept: Path | None


def upgrade_books(folder: Path, tieout: str, *, clock: Clock = utc_now, actor: str | None = None) -> Upgraded:
    """Bring the books in a folder to this version of the store; nothing happens to books that are of it already.

    `tieout` is the version of tieout that is recorded. BooksMissing, BooksInUse; BooksCorrupted where the books are not
    sound, BooksError where they are of a version that is not brought to this one.
    """
    layout = Layout(folder.resolve())
    try:
        moving.finish(layout.folder)
        if not os.path.lexists(layout.ledger):
            raise missing(layout)
        refuse_links(layout)
        lock = WriterLock(layout.lock, clock())
        try:
            return _upgrade(layout, lock, tieout, clock, actor)
        finally:
            lock.release()
    except (OSError, sqlite3.Error) as error:
        raise storage_fault(error, layout.folder) from error


def _upgrade(layout: Layout, lock: WriterLock, tieout: str, clock: Clock, actor: str | None) -> Upgraded:
    uri = f"{layout.ledger.as_uri()}?mode=rw"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS)) as old:
        former = _version(layout, old)
        if former == schema.STORE_VERSION:
            [(seq, head)] = old.execute("SELECT seq, hash FROM head").fetchall()
            return Upgraded(former, former, Receipt(seq, head), None)
        if former not in schema.UPGRADED:
            raise BooksError(f"{layout.folder} has books of store version {former}: {schema.what_to_do(former)}")
        heads = _new_heads(layout)
        make_folders(layout)
        staged = layout.staging / layout.ledger.name
        for path in _with_companions(staged):
            durable.remove(path)
        old.execute("BEGIN")
        _copy(old, staged, former)
        _begin_heads(old, staged, heads)
        receipt = _record(layout, staged, heads, lock, tieout, clock, actor)
        _compare(old, staged, former)
    kept = layout.ledger.with_name(f"{layout.ledger.name}.v{former}")
    _put_in_place(layout, staged, heads, kept)
    return Upgraded(former, schema.STORE_VERSION, receipt, kept)


def _version(layout: Layout, old: sqlite3.Connection) -> int:
    try:
        [(version,)] = old.execute("SELECT version FROM store_version").fetchall()
    except (sqlite3.OperationalError, ValueError):
        raise BooksCorrupted(f"{layout.ledger} is not a ledger of tieout; restore the books from a backup") from None
    return int(version)


def _new_heads(layout: Layout) -> Anchor:
    """The file of heads to be, empty; BooksError where there is one, for books so old have none."""
    heads = anchor_of(layout.folder)
    if heads.last() is not None:
        raise BooksError(
            f"{heads.path} is there, but books of an earlier version have none: either these were put in the place of"
            " newer books, or it is left from other books; look into it, and move it away"
        )
    place = heads.path.resolve()
    new = Anchor(place.with_name(f"{place.name}.new"))
    new.path.unlink(missing_ok=True)
    return new


def _copied(former: int) -> dict[str, tuple[str, ...]]:
    """The tables that books of a version have, with their columns."""
    events = ("seq", "at", "actor", "action", "subject", "content", "prev_hash", "hash")
    covered = {
        table: (*columns, "seq") for table, columns in schema.CONTENT.items() if schema.SINCE.get(table, 0) <= former
    }
    return {"audit_event": events, **covered}


def _copy(old: sqlite3.Connection, staged: Path, former: int) -> None:
    [(books, created_at)] = old.execute("SELECT books, created_at FROM store_version").fetchall()
    with new_ledger(staged, books, created_at, former) as new:
        for table, columns in _copied(former).items():
            names, marks = ", ".join(columns), ", ".join("?" for _ in columns)
            rows = old.execute(f"SELECT {names} FROM {table} ORDER BY seq, rowid")
            new.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)
        head = old.execute("SELECT id, seq, prev_hash, hash FROM head").fetchall()
        new.executemany("INSERT INTO head VALUES (?, ?, ?, ?)", head)


def _begin_heads(old: sqlite3.Connection, staged: Path, heads: Anchor) -> None:
    """Write the heads of the books so far, each with the time of its publication."""
    ledger = Ledger(staged, write=False, sealed=True)
    try:
        [(created_at,)] = old.execute("SELECT created_at FROM store_version").fetchall()
        lines = [(0, ledger.genesis().hash, created_at)]
        lines += [(one.seq, one.hash, one.at) for one in ledger.audit_events()]
    finally:
        ledger.close()
    heads.write(lines)


def _record(
    layout: Layout, staged: Path, heads: Anchor, lock: WriterLock, tieout: str, clock: Clock, actor: str | None
) -> Receipt:
    """Publish the upgrade to the copy, and verify the whole of it."""
    ledger = Ledger(staged, write=True)
    try:
        by = who_acts(ledger.state(), ledger.books, clock(), actor)
        publication = Publication(
            layout, ledger, lock, heads, clock, by, NO_POLICY, "upgrade", f"store version {schema.STORE_VERSION}"
        )
        receipt = publication.commit(lambda changes: changes.add_upgrade(schema.STORE_VERSION, tieout))
        found = verify.problems(layout, ledger, heads)
    finally:
        ledger.close()
    if found:
        raise BooksCorrupted(f"{found[0]}; nothing was upgraded")
    return receipt


def _compare(old: sqlite3.Connection, staged: Path, former: int) -> None:
    """BooksCorrupted unless every row of the old ledger, closed hashes and manifests among them, is in the new one."""
    with closing(sqlite3.connect(f"{staged.as_uri()}?mode=ro&immutable=1", uri=True)) as new:
        for table, columns in _copied(former).items():
            query = f"SELECT {', '.join(columns)} FROM {table} WHERE seq <= ? ORDER BY {', '.join(columns)}"
            [(last,)] = old.execute("SELECT seq FROM head").fetchall()
            pairs = zip_longest(
                old.execute(query.replace("WHERE seq <= ?", "WHERE ? IS NOT NULL"), (last,)),
                new.execute(query, (last,)),
            )
            if any(before != after for before, after in pairs):
                raise BooksCorrupted(f"{table} is not the same in the upgraded ledger; nothing was upgraded")


def _put_in_place(layout: Layout, staged: Path, heads: Anchor, kept: Path) -> None:
    if any(os.path.lexists(path) for path in _with_companions(staged)[1:]):
        raise BooksError(f"{staged} is open in another process, nothing was upgraded; run it again")
    durable.fsync_file(staged)
    aside = tuple(
        (path, target)
        for path, target in zip(_with_companions(layout.ledger), _with_companions(kept), strict=True)
        if os.path.lexists(path)
    )
    place = anchor_of(layout.folder).path.resolve()
    moving.move_all(layout.folder, aside, ((staged, layout.ledger), (heads.path, place)))


def _with_companions(ledger: Path) -> tuple[Path, ...]:
    return (ledger, *(ledger.with_name(f"{ledger.name}{end}") for end in COMPANIONS))
