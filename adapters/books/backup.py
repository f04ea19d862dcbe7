"""Backups: a folder with a copy of the books, of their heads, and the SHA-256 of every file in it.

    FOLDER/northwind-00000012-3f9a0c2b71de/     client, publication and hash of the head it is as of
        backup.json                             what it is a copy of, and every file with its size and SHA-256
        books.heads
        books/                                  ledger.sqlite, facts/, quarantine/, runs/

A backup is made beside a writer: it holds the books as a reader sees them when it opens them. It is made under another
name, forced to the disk, read back and verified, and only then gets its own; so what has a backup's name is one.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.books import durable, moving, schema, verify
from adapters.books.anchor import Anchor, anchor_of
from adapters.books.errors import BooksCorrupted, BooksError, BooksInUse, NotAllowed, storage_fault
from adapters.books.layout import Layout
from adapters.books.ledger import Ledger
from adapters.books.publication import READ_ONLY, Clock, utc_text
from adapters.books.store import Books, open_books, utc_now
from engine.governance.acts import BackedUp

KIND = "backup"
"""The kind of the publication that records one."""

LIST = "backup.json"
BOOKS = "books"
FORMAT = 1
"""The version of this layout of a backup."""

_NAMES = ("client", "books", "store", "seq", "hash", "at", "made_at", "tieout")


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup as its list tells: the books' identity and store version, the head it is as of, when that was published
    and when the copy was made (UTC), and size in bytes and SHA-256 of every file by its path."""

    folder: Path
    client: str
    books: str
    store: int
    seq: int
    hash: str
    at: str
    made_at: str
    tieout: str
    files: Mapping[str, tuple[int, str]]

    @property
    def layout(self) -> Layout:
        """Where its books lie."""
        return Layout(self.folder / BOOKS)

    @property
    def heads(self) -> Anchor:
        """Its heads."""
        return anchor_of(self.layout.folder)

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(size for size, _ in self.files.values())


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was asked for; `is_new` where it was not there already."""

    backup: Backup
    is_new: bool


def back_up(
    folder: Path, into: Path, client: str, tieout: str, *, clock: Clock = utc_now, actor: str | None = None
) -> Made:
    """Back the books in a folder up into another folder, unless a sound backup as of the same state is there.

    In books that name people this is recorded, after the backup was verified. NotAllowed; BooksCorrupted where the
    books are damaged; BooksError where it cannot be written, or not recorded while another writes.
    """
    try:
        with open_books(folder, write=False, clock=clock, actor=actor) as books:
            is_governed = books.state.is_governed
            if is_governed:
                books.require(_act(books.layout.folder, books.ledger.head().seq, books.ledger.head().hash))
            made = _make(books, into.resolve(), client, tieout, clock)
            act = _act(made.backup.folder, made.backup.seq, made.backup.hash)
            is_recorded = not is_governed or any(
                isinstance(one.act, BackedUp) and one.act.head == act.head for one in books.ledger.happened()
            )
    except NotAllowed as error:
        with open_books(folder, write=True, clock=clock, actor=actor) as books:
            # Asked again where it can be written, for what is refused is kept in the books.
            books.require(error.act)
        raise
    if not is_recorded:
        try:
            with open_books(folder, write=True, clock=clock, actor=actor) as books:
                books.record(KIND, act)
        except BooksInUse as error:
            raise BooksError(f"{made.backup.folder} is made and verified, but not recorded: {error}") from None
    return made


def read_backup(folder: Path) -> Backup:
    """A backup by its list; BooksError where there is none, BooksCorrupted where the list was changed."""
    folder = folder.resolve()
    path = folder / LIST
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BooksError(f"{folder} is no backup: it has no {LIST}; name a folder that `tieout backup` made") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BooksCorrupted(f"{path} cannot be read ({error}); use another backup") from error
    try:
        told = json.loads(text)
        if told["format"] != FORMAT:
            raise BooksError(f"{folder} has format {told['format']} of backups; use the tieout that made it")
        sound = _list_text({name: value for name, value in told.items() if name != "sum"}) == text
        files = {str(name): (int(one["size"]), str(one["sha256"])) for name, one in told["files"].items()}
        backup = Backup(folder=folder, files=files, **{name: told[name] for name in _NAMES})
    except (ValueError, TypeError, KeyError, AttributeError):
        sound = False
    if not sound:
        raise BooksCorrupted(f"{path} was changed; use another backup")
    return backup


def backups_in(folder: Path) -> tuple[Path, ...]:
    """The backups in a folder that holds some, by name; the folder itself where it is one."""
    if (folder / LIST).exists() or not folder.is_dir():
        return (folder,)
    named = (path for path in folder.iterdir() if not path.name.startswith(".") and (path / LIST).is_file())
    return tuple(sorted(named)) or (folder,)


def newest_of(folder: Path) -> Path:
    """The newest backup in a folder, by its publication; BooksError where backups of several books leave it open."""
    found = [read_backup(path) for path in backups_in(folder)]
    newest = [one for one in found if one.seq == max(other.seq for other in found)]
    if len({one.books for one in found}) > 1 or len(newest) > 1:
        raise BooksError(f"{folder} holds backups of several books or of several ways they went on; name one of them")
    return newest[0].folder


def problems_of(backup: Backup) -> list[str]:
    """Everything that is wrong with a backup, one sentence each, after reading every byte; empty if nothing is."""
    found = [*_file_problems(backup)]
    if found:
        # What was changed is not opened as a database.
        return found
    try:
        ledger = Ledger(backup.layout.ledger, write=False, sealed=True)
        try:
            found += verify.ledger_problems(backup.layout, ledger, backup.heads, _unlisted(backup))
            head, books = ledger.head(), ledger.books
        finally:
            ledger.close()
    except BooksError as error:
        return [str(error)]
    last = backup.heads.last()
    if (head.seq, head.hash, books) != (backup.seq, backup.hash, backup.books) or (last and last.hash) != head.hash:
        found.append(f"{backup.folder / LIST} tells of another state than {backup.layout.ledger} is in")
    return found


def _act(folder: Path, seq: int, hash_: str) -> BackedUp:
    return BackedUp(str(folder), f"{seq}:{hash_}")


def _make(books: Books, into: Path, client: str, tieout: str, clock: Clock) -> Made:
    if into.is_relative_to(books.layout.folder):
        raise BooksError(f"{into} lies in the books themselves; name a folder outside, best on another disk")
    word = re.sub(r"[^a-z0-9]+", "-", client.lower()).strip("-") or BOOKS
    events = books.ledger.audit_events()
    # That a backup was made is no reason for another.
    since = next((one.seq for one in reversed(events) if one.action != KIND), 0)
    for seq in range(since, len(events) + 1):
        place = into / _name(word, seq, books.ledger.hash_at(seq))
        if os.path.lexists(place):
            return Made(_checked(place), False)
    head = books.ledger.head()
    place = into / _name(word, head.seq, head.hash)
    try:
        durable.make_folder(into)
        part = into / f".{place.name}.part"
        with moving.claimed(part, f"{place} is being made"):
            backup = _copy(books, part, client, tieout, clock)
            found = problems_of(backup)
            if found:
                raise BooksCorrupted(next(iter(books.verify()), f"{found[0]}: check the disk; nothing was backed up"))
            durable.rename(part, place)
    except (OSError, sqlite3.Error) as error:
        raise storage_fault(error, into) from error
    return Made(read_backup(place), True)


def _name(word: str, seq: int, hash_: str) -> str:
    return f"{word}-{seq:08d}-{hash_[:12]}"


def _checked(place: Path) -> Backup:
    """A backup that is there already; BooksCorrupted where it is not sound."""
    backup = read_backup(place)
    found = problems_of(backup)
    if found:
        raise BooksCorrupted(f"{place} is there already and damaged: {found[0]}; move it away and run it again")
    return backup


def _copy(books: Books, part: Path, client: str, tieout: str, clock: Clock) -> Backup:
    """Copy the books as they were opened into a folder, with the list of what was copied, all forced to the disk."""
    entries = books.ledger.files()
    needed = sum(one.size for one in entries) + books.layout.ledger.stat().st_size
    free = shutil.disk_usage(part).free
    if free < needed:
        raise BooksError(
            f"the disk that holds {part.parent} has {free:,} bytes free and the backup needs {needed:,}, nothing was"
            " written; free some space and run it again"
        )
    layout = Layout(part / BOOKS)
    layout.folder.mkdir()
    files = {f"{BOOKS}/{one.path}": (one.size, one.sha256) for one in entries}
    for one in entries:
        target = layout.folder / one.path
        target.parent.mkdir(parents=True, exist_ok=True)
        durable.copy_file(books.path(one), target)
        target.chmod(READ_ONLY)
    with closing(sqlite3.connect(layout.ledger, isolation_level=None)) as copy:
        copy.execute("PRAGMA synchronous = FULL")
        # The connection holds a read transaction, so what is copied is what it sees, whoever writes meanwhile.
        books.ledger.connection.backup(copy)
    durable.fsync_file(layout.ledger)
    head, at = books.ledger.head(), _times(books)
    heads = anchor_of(layout.folder)
    heads.write((seq, books.ledger.hash_at(seq), at[seq]) for seq in range(head.seq + 1))
    for path in (layout.ledger, heads.path):
        files[path.relative_to(part).as_posix()] = (path.stat().st_size, durable.sha256_file(path))
    backup = Backup(
        folder=part,
        client=client,
        books=books.ledger.books,
        store=schema.STORE_VERSION,
        seq=head.seq,
        hash=head.hash,
        at=at[head.seq],
        made_at=utc_text(clock()),
        tieout=tieout,
        files=files,
    )
    (part / LIST).write_text(_list_text(_told(backup)), encoding="utf-8")
    durable.fsync_file(part / LIST)
    for folder, _, _ in os.walk(part):
        durable.fsync_folder(Path(folder))
    return backup


def _times(books: Books) -> dict[int, str]:
    """When each head of the books was written outside them; of one that is not yet, when it was published."""
    published = {one.seq: one.at for one in books.ledger.audit_events()}
    return {**published, **{one.seq: one.at for one in books.heads.lines()}}


def _told(backup: Backup) -> dict[str, Any]:
    files = {name: {"size": size, "sha256": sha256} for name, (size, sha256) in backup.files.items()}
    return {"format": FORMAT, **{name: getattr(backup, name) for name in _NAMES}, "files": files}


def _list_text(told: Mapping[str, Any]) -> str:
    """The list of a backup as it is written, with the SHA-256 of the rest as its last line."""
    text = json.dumps(told, ensure_ascii=False, sort_keys=True)
    return json.dumps({**told, "sum": hashlib.sha256(text.encode()).hexdigest()}, ensure_ascii=False, indent=1) + "\n"


def _file_problems(backup: Backup) -> Iterator[str]:
    """Files that are missing, are no file, were changed, or are not on the list."""
    there = {LIST}
    for folder, folders, names in os.walk(backup.folder):
        place = Path(folder)
        links = [name for name in folders if (place / name).is_symlink()]
        there |= {(place / name).relative_to(backup.folder).as_posix() for name in (*names, *links)}
    for name, (size, sha256) in backup.files.items():
        path = backup.folder / name
        if name not in there:
            yield f"{path} is missing"
        elif path.is_symlink() or not path.is_file():
            yield f"{path} is no file but a link or something else"
        elif path.stat().st_size != size:
            yield f"{path} has {path.stat().st_size} bytes instead of {size}"
        else:
            try:
                is_changed = durable.sha256_file(path) != sha256
            except OSError as error:
                yield f"{path} cannot be read ({error.strerror})"
            else:
                if is_changed:
                    yield f"{path} was changed"
    for name in sorted(there - {LIST, *backup.files}):
        yield f"{backup.folder / name} does not belong to the backup"


def _unlisted(backup: Backup) -> verify.Check:
    """Holds the files that the ledger names against the list."""

    def check(_: Layout, ledger: Ledger) -> Iterator[str]:
        named = {f"{BOOKS}/{one.path}": (one.size, one.sha256) for one in ledger.files()}
        own = {path.relative_to(backup.folder).as_posix() for path in (backup.layout.ledger, backup.heads.path)}
        listed = {name: one for name, one in backup.files.items() if name not in own}
        if named != listed or not own <= set(backup.files):
            yield f"{backup.folder / LIST} lists other files than {backup.layout.ledger} names"

    return check
