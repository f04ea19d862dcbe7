"""Where everything lies inside a books folder, and what is refused there.

    books/lock                          held by the one writer
    books/ledger.sqlite                 says which files are true
    books/staging/<publication>/        being written
    books/facts/<publication>/          Parquet of accepted rows, one file per record
    books/quarantine/<publication>/     Parquet of rows that were refused
    books/runs/<publication>/           Parquet of one trial or hard close

A publication is named by the head it leads to, eight digits or more. So a folder that the ledger does not know is the
rest of an interrupted publication if it is the very next one, and proof of an older ledger put back if it is later.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from adapters.books.errors import BooksCorrupted, BooksError
from dsl.diagnostics import InternalError

FACTS = "facts"
QUARANTINE = "quarantine"
RUNS = "runs"
HOMES = (FACTS, QUARANTINE, RUNS)
"""The folders that hold published files."""

STAGING = "staging"
SUFFIX = ".parquet"
_NAME = re.compile(r"\w[\w.-]*")
_PUBLICATION = re.compile(r"[0-9]{8,18}")


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one books folder; `folder` is resolved, so one folder has one lock."""

    folder: Path

    @property
    def lock(self) -> Path:
        """The file whose flock the writer holds."""
        return self.folder / "lock"

    @property
    def ledger(self) -> Path:
        """The SQLite file."""
        return self.folder / "ledger.sqlite"

    @property
    def staging(self) -> Path:
        """The folder of what is not yet published."""
        return self.folder / STAGING

    def home(self, home: str) -> Path:
        """The folder of a kind of published file."""
        return self.folder / home

    def published(self) -> tuple[tuple[str, int], ...]:
        """Home and publication number of every publication folder on disk, whether or not the ledger knows it."""
        found = []
        for home in HOMES:
            if self.home(home).is_dir():
                names = (entry.name for entry in os.scandir(self.home(home)) if entry.is_dir(follow_symlinks=False))
                found += [(home, int(name)) for name in names if _PUBLICATION.fullmatch(name)]
        return tuple(sorted(found))


def publication_name(number: int) -> str:
    """The folder name of a publication."""
    return f"{number:08d}"


def relative_path(home: str, number: int, name: str) -> str:
    """The path of a published file inside the books, as the ledger holds it; InternalError for an unfit name."""
    if not _NAME.fullmatch(name):
        raise InternalError(f"`{name}` cannot name a file in the books")
    return f"{home}/{publication_name(number)}/{name}{SUFFIX}"


def refuse_links(layout: Layout) -> None:
    """BooksError if the ledger, the lock or a folder of the books is a link.

    Two names for one ledger would be two locks and two write-ahead logs, and rows would vanish without an error.
    """
    for path in (layout.ledger, layout.lock, *(Path(f"{layout.ledger}{end}") for end in ("-wal", "-shm"))):
        status = _status(path)
        if status is None:
            continue
        if stat.S_ISLNK(status.st_mode):
            raise BooksError(f"{path} is a symbolic link, which could hide a second writer; put the file itself there")
        if not stat.S_ISREG(status.st_mode):
            raise BooksCorrupted(f"{path} is not a file; restore the books from a backup")
        if status.st_nlink > 1:
            raise BooksError(
                f"{path} has a second name (hard link), which could hide a second writer;"
                " remove the other name, or copy the file"
            )
    for name in (*HOMES, STAGING):
        status = _status(layout.folder / name)
        if status is not None and not stat.S_ISDIR(status.st_mode):
            raise BooksError(f"{layout.folder / name} must be a folder of its own, not a link or file; move it aside")


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except FileNotFoundError:
        return None
