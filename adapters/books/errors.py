"""What can go wrong with books, each as one sentence for the user that ends in the next action."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import duckdb

from engine.governance.acts import Act

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class BooksError(Exception):
    """The books cannot do what was asked; the message says why and what to do next, and nothing was written."""


class BooksMissing(BooksError):  # noqa: N818
    """There are no books in this folder."""


class BooksInUse(BooksError):  # noqa: N818
    """Another process is writing these books."""


class BooksCorrupted(BooksError):  # noqa: N818
    """The books were damaged, or changed by something other than tieout."""


class UnknownPeriod(BooksError):  # noqa: N818
    """The books have no such period."""


class PeriodClosed(BooksError):  # noqa: N818
    """The period is hard-closed; it changes only by being reopened."""


class NotAllowed(BooksError):  # noqa: N818
    """Somebody may not do this; `act` is what they tried. That they did is kept in the books."""

    def __init__(self, sentence: str, act: Act) -> None:
        super().__init__(sentence)
        self.act = act


class PeriodOutOfOrder(BooksError):  # noqa: N818
    """Periods are registered and closed one after another, without a gap; this one is not next."""


def storage_fault(error: Exception, folder: Path) -> BooksError:
    """The sentence for a failed read or write of the operating system, of SQLite or of DuckDB, before any commit."""
    if is_disk_full(error):
        return BooksError(
            f"the disk that holds {folder} is full, nothing was written; free some space and run it again"
        )
    if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
        return BooksCorrupted(
            f"{folder / 'ledger.sqlite'} is damaged, or its disk fails ({error}), nothing was written;"
            " run `tieout books verify`, and restore the books from a backup if it finds the same"
        )
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return BooksError(f"{folder} cannot be written ({reason}), nothing was written; check the disk and run it again")


def commit_fault(error: sqlite3.DatabaseError, folder: Path) -> BooksError:
    """The sentence for a commit that failed.

    A full disk kept the commit mark from being written. After any other failure the mark may or may not have reached
    the disk, and only a fresh look can tell.
    """
    if is_disk_full(error):
        return storage_fault(error, folder)
    return BooksError(
        f"the disk of {folder} failed while the ledger was committed ({error}), so it may or may not be stored;"
        " check the disk and run it again, which does nothing if it is"
    )


def anchor_fault(error: OSError, path: Path) -> BooksError:
    """The sentence for a commit that is stored, and whose head could not be written outside the books."""
    reason = "the disk is full" if is_disk_full(error) else error.strerror or str(error)
    return BooksError(
        f"what was asked is stored, but {path} could not be written ({reason}); mend that and run it again, which"
        " does nothing twice"
    )


def unread_fault(error: BooksError, folder: Path) -> BooksError:
    """The sentence for a commit that went well and could not be read back."""
    return BooksError(
        f"what was asked was committed, but {folder} could not be read back ({error.__cause__ or error}), so it may or"
        " may not be stored; check the disk and run it again, which does nothing if it is"
    )


def is_disk_full(error: Exception) -> bool:
    """Whether a fault of the operating system, of SQLite or of DuckDB says that there is no room left."""
    if isinstance(error, OSError):
        return error.errno in DISK_FULL
    if isinstance(error, sqlite3.Error):
        # Without room for its shared memory SQLite reports an input/output error of this kind.
        return getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
    if isinstance(error, duckdb.Error):
        return any(
            words in str(error) for words in ("No space left on device", "File too large", "Disk quota exceeded")
        )
    return False
