"""Putting files and folders in the place of others, all at once.

No single rename changes both the books and the file of heads beside them. So what is to be moved is first written down,
in a note beside the books, and the rename that puts the note in place is the moment at which all of it has happened:
whoever opens the books next finishes what a process that died left undone.

    books.moving    {"aside": [["books", "books.before-..."]], "into": [["books.restoring", "books"]]}
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.books import durable
from adapters.books.anchor import anchor_of
from adapters.books.errors import BooksError, BooksInUse
from adapters.books.layout import STAGING

Moves = tuple[tuple[Path, Path], ...]
"""From where to where."""


def move_all(folder: Path, aside: Moves, into: Moves) -> None:
    """Move what lies in the way aside, then what is new into its place: all of it or, before that, nothing.

    `folder` is that of the books, resolved. What is moved aside goes to free names; all paths lie beside the books, in
    them, in their staging or beside the file that holds their heads. OSError where it could not be begun.
    """
    note = _note(folder)
    text = json.dumps({"aside": _told(folder, aside), "into": _told(folder, into)}, indent=1)
    new = note.with_name(f"{note.name}.new")
    new.write_text(text + "\n", encoding="utf-8")
    durable.fsync_file(new)
    for source, _ in into:
        # What is new is on the disk, names included, before anything says that it counts.
        durable.fsync_folder(source.parent)
    is_begun = False
    try:
        os.rename(new, note)
        is_begun = True
        durable.fsync_folder(note.parent)
        finish(folder)
    except OSError as error:
        if not is_begun:
            raise
        reason = error.strerror or str(error)
        raise BooksError(f"{folder} is changed, but not to the end ({reason}); mend that and run it again") from error


def finish(folder: Path) -> bool:
    """Finish what was begun to be moved in the place of books, if anything; whether there was something.

    BooksError where a note is none that tieout wrote; OSError where something cannot be moved.
    """
    note = _note(folder)
    try:
        descriptor = os.open(note, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if not _is_there(descriptor, note):
            return True
        aside, into = _read(folder, note)
        for source, target in aside:
            if os.path.lexists(source) and not os.path.lexists(target):
                durable.rename(source, target)
        for source, target in into:
            if os.path.lexists(source):
                durable.rename(source, target)
        note.unlink()
        durable.fsync_folder(note.parent)
    finally:
        os.close(descriptor)
    return True


class Claim:
    """A folder that is this process's own; `keep` leaves it in place when the claim ends."""

    def __init__(self) -> None:
        self.is_kept = False

    def keep(self) -> None:
        """From now on somebody else says what becomes of the folder."""
        self.is_kept = True


@contextmanager
def claimed(folder: Path, words: str) -> Iterator[Claim]:
    """Make a folder anew for this process alone, and remove it in the end if it is still there.

    What a process that died left in it is removed. BooksInUse, with words for what is going on, where another process
    has it.
    """
    folder.mkdir(exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
            raise BooksInUse(f"{words} by another process; wait until it is done") from None
        if not _is_there(descriptor, folder):
            raise BooksInUse(f"{words} by another process; run it again")
        for path in folder.iterdir():
            durable.remove(path)
        claim = Claim()
        try:
            yield claim
        finally:
            if not claim.is_kept and _is_there(descriptor, folder):
                durable.remove(folder)
    finally:
        os.close(descriptor)


def _note(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.moving")


def _is_there(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


def _told(folder: Path, moves: Iterable[tuple[Path, Path]]) -> list[list[str]]:
    """Moves with their paths from the folder beside the books, so that a client's folder may be moved in between."""
    return [[os.path.relpath(path, folder.parent) for path in move] for move in moves]


def _read(folder: Path, note: Path) -> tuple[Moves, Moves]:
    """The moves of a note, none of which may lead anywhere but to the books and what belongs to them."""
    places = {folder.parent, folder, folder / STAGING, anchor_of(folder).path.resolve().parent}
    try:
        told = json.loads(note.read_text(encoding="utf-8"))
        aside, into = (
            tuple((_place(folder, source), _place(folder, target)) for source, target in told[key])
            for key in ("aside", "into")
        )
    except (ValueError, TypeError, KeyError):
        raise BooksError(f"{note} was not written by tieout; move it away") from None
    if any(path.parent not in places for move in (*aside, *into) for path in move):
        raise BooksError(f"{note} would move what does not belong to the books; move it away")
    return aside, into


def _place(folder: Path, told: str) -> Path:
    return Path(os.path.normpath(folder.parent / told))
