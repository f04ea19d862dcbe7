"""Restoring a backup: verified whole, copied, verified again, and put in the place of the books at once.

The heads beside the books are restored with them, and the former books and heads are kept under another name: so the
restored books are sound, and what was known before can still be held against them. The restore itself is the first
publication after the state of the backup, and names the head that was known before; nobody can take restored books for
books that were never put back.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from adapters.books import backup as backups
from adapters.books import durable, moving
from adapters.books.anchor import Anchored, anchor_of
from adapters.books.backup import Backup, problems_of, read_backup
from adapters.books.chain import AuditEvent
from adapters.books.entries import Receipt
from adapters.books.errors import BooksCorrupted, BooksError, BooksInUse, NotAllowed, storage_fault
from adapters.books.layout import SUFFIX, Layout
from adapters.books.ledger import Ledger
from adapters.books.lock import WriterLock
from adapters.books.publication import READ_ONLY, Clock
from adapters.books.store import open_books, utc_now
from engine.governance.acts import Restored

KIND = "restore"
QUIET = frozenset({backups.KIND, KIND})
"""Kinds of publication that a restore may undo without being told so: they change nothing of what the books say."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a restore came to: the backup, the head of the books now, and where the former books lie (None where there
    were none); `is_new` is False where the books were as the backup has them already."""

    backup: Backup
    head: Receipt
    aside: Path | None
    is_new: bool


@dataclass(frozen=True, slots=True)
class _Former:
    """What is known of the books in whose place a backup is put.

    `events` are their publications, None where their ledger cannot be read; `last` is the last line of their heads.
    """

    is_there: bool
    is_sound: bool
    events: tuple[AuditEvent, ...] | None
    last: Anchored | None

    @property
    def head(self) -> str:
        """The furthest head that is known of them, as `seq:hash`; empty where none is."""
        known = [(one.seq, one.hash) for one in (self.events or ())[-1:]]
        if self.last is not None:
            known.append((self.last.seq, self.last.hash))
        return "{}:{}".format(*max(known)) if known else ""


def restore_backup(
    source: Path,
    folder: Path,
    *,
    replaces: bool = False,
    comment: str = "",
    clock: Clock = utc_now,
    actor: str | None = None,
) -> Outcome:
    """Put a backup in the place of the books in a folder; nothing happens where they are in that state already.

    `replaces` with a comment puts it also over books that know more than the backup. BooksCorrupted where the backup is
    damaged; NotAllowed, BooksInUse; BooksError where it would undo publications without being told so.
    """
    backup = read_backup(source)
    found = problems_of(backup)
    if found:
        raise BooksCorrupted(f"{source} is damaged, nothing was restored: {found[0]}; use another backup")
    layout = Layout(folder.resolve())
    if backup.folder.is_relative_to(layout.folder) or layout.folder.is_relative_to(backup.folder):
        raise BooksError(f"{folder} and {source} lie in one another; name another folder")
    try:
        moving.finish(layout.folder)
        if os.path.lexists(layout.folder) and not layout.folder.is_dir():
            raise BooksError(f"{folder} is not a folder; name another")
        former = _former(layout, backup, comment, clock, actor)
        if former.is_sound and _is_restored(backup, former.events or ()):
            last = (former.events or ())[-1]
            return Outcome(backup, Receipt(last.seq, last.hash), None, False)
        undone = _undone(layout, backup, former)
        if undone and not (replaces and comment.strip()):
            raise BooksError(
                f"{undone}; it ends with publication {backup.seq}. Nothing was restored: --replace with a --comment"
                " puts the former books aside"
            )
        with _alone(layout, former, clock):
            return _restore(backup, layout, former, comment, clock, actor)
    except (OSError, sqlite3.Error) as error:
        raise storage_fault(error, layout.folder) from error


def _act(backup: Backup, former: str, comment: str) -> Restored:
    return Restored(f"{backup.seq}:{backup.hash}", backup.folder.name, former, comment.strip())


def _former(layout: Layout, backup: Backup, comment: str, clock: Clock, actor: str | None) -> _Former:
    """Look at what lies where the backup goes; NotAllowed where whoever acts may not restore these books."""
    heads = anchor_of(layout.folder)
    is_there = os.path.lexists(layout.ledger) or bool(layout.published())
    if os.path.lexists(layout.ledger):
        try:
            with open_books(layout.folder, write=True, clock=clock, actor=actor) as books:
                books.require(_act(backup, "", comment))
                return _Former(is_there, not books.verify(), books.ledger.audit_events(), heads.last())
        except (NotAllowed, BooksInUse):
            raise
        except BooksError:
            # They are damaged, or of another version; what can be read of them counts all the same.
            pass
    events, last = None, None
    with suppress(BooksError):
        ledger = Ledger(layout.ledger, write=False)
        try:
            events = ledger.audit_events()
        finally:
            ledger.close()
    with suppress(BooksError):
        last = heads.last()
    return _Former(is_there, False, events, last)


def _is_restored(backup: Backup, events: tuple[AuditEvent, ...]) -> bool:
    """Whether books are in the state of a backup, but for publications that say nothing of their own."""
    at = events[backup.seq - 1].hash if 0 < backup.seq <= len(events) else ""
    return at == backup.hash and all(one.action in QUIET for one in events[backup.seq :])


def _undone(layout: Layout, backup: Backup, former: _Former) -> str:
    """What a restore would undo, as the beginning of a sentence; empty where that is nothing."""
    known, own = _hashes(backup), {one.seq: one.hash for one in former.events or ()}
    lost = [one.seq for one in former.events or () if known.get(one.seq) != one.hash and one.action not in QUIET]
    if lost:
        return f"{layout.folder} goes on to publication {lost[-1]}, which the backup does not know"
    last = former.last
    if last is not None and last.seq > 0 and last.hash not in (known.get(last.seq), own.get(last.seq)):
        return f"{anchor_of(layout.folder).path} tells of publication {last.seq}, which the backup does not know"
    if former.is_there and former.events is None and last is None:
        return f"{layout.folder} cannot be read, so nobody can tell how far it goes"
    return ""


def _hashes(backup: Backup) -> dict[int, str]:
    ledger = Ledger(backup.layout.ledger, write=False, sealed=True)
    try:
        return {one.seq: one.hash for one in ledger.audit_events()}
    finally:
        ledger.close()


@contextmanager
def _alone(layout: Layout, former: _Former, clock: Clock) -> Iterator[None]:
    """Keep writers of the former books away; BooksError where one was at them since they were looked at."""
    if not former.is_there:
        yield
        return
    lock = WriterLock(layout.lock, clock())
    try:
        last = None
        with suppress(BooksError):
            last = anchor_of(layout.folder).last()
        if last != former.last:
            raise BooksError(f"{layout.folder} was changed by another process, nothing was restored; run it again")
        yield
    finally:
        lock.release()


def _restore(backup: Backup, layout: Layout, former: _Former, comment: str, clock: Clock, actor: str | None) -> Outcome:
    folder = layout.folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    staged = folder.with_name(f"{folder.name}.restoring")
    staged_heads = anchor_of(staged).path
    with moving.claimed(staged, f"{folder} is being restored") as claim:
        durable.remove(staged_heads)
        _copy(backup, staged, staged_heads)
        with open_books(staged, write=True, clock=clock, actor=actor) as books:
            books.record(KIND, _act(backup, former.head, comment))
            found = books.verify()
            head = books.ledger.head()
        if found:
            raise BooksCorrupted(f"{found[0]}: the copy did not read back as it was written; check the disk")
        for place, _, _ in os.walk(staged):
            durable.fsync_folder(Path(place))
        claim.keep()
        aside = _put_in_place(folder, staged, staged_heads, clock)
    return Outcome(backup, Receipt(head.seq, head.hash), aside, True)


def _copy(backup: Backup, staged: Path, staged_heads: Path) -> None:
    """Copy a backup's books and heads; BooksCorrupted where what is read back is not what the backup lists."""
    for name, (_, sha256) in backup.files.items():
        source = backup.folder / name
        is_heads = source == backup.heads.path
        target = staged_heads if is_heads else staged / source.relative_to(backup.layout.folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        durable.copy_file(source, target)
        if source.suffix == SUFFIX:
            target.chmod(READ_ONLY)
        if durable.sha256_file(target) != sha256:
            raise BooksCorrupted(f"{target} did not read back as it was written, nothing was restored; check the disk")


def _put_in_place(folder: Path, staged: Path, staged_heads: Path, clock: Clock) -> Path | None:
    """Put what was restored in the place of books and heads at once; where the former ones lie then, if any."""
    heads = anchor_of(folder).path.resolve()
    aside = _free_name(folder, f"{folder.name}.before-{clock().astimezone(UTC):%Y%m%dT%H%M%SZ}")
    aside_heads = heads.with_name(anchor_of(aside).path.name)
    if heads.parent != folder.parent:
        # The heads are a link to a file on another disk, and so they stay.
        new = heads.with_name(f"{heads.name}.new")
        durable.remove(new)
        durable.copy_file(staged_heads, new)
        durable.remove(staged_heads)
        staged_heads = new
    former = [(folder, aside)] if folder.is_dir() and any(folder.iterdir()) else []
    former += [(heads, aside_heads)] if os.path.lexists(heads) else []
    moving.move_all(folder, tuple(former), ((staged, folder), (staged_heads, heads)))
    return aside if os.path.lexists(aside) else None


def _free_name(folder: Path, name: str) -> Path:
    tries = (folder.with_name(name if number == 1 else f"{name}-{number}") for number in range(1, 1_000_000))
    return next(one for one in tries if not os.path.lexists(one) and not os.path.lexists(anchor_of(one).path))
