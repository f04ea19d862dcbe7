from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import duckdb
import pytest

from adapters.books.errors import BooksCorrupted, BooksError, commit_fault, storage_fault

FOLDER = Path("client/books")


def _sqlite_error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk trouble")
    error.sqlite_errorcode = code
    return error


FULL = [
    OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)),
    _sqlite_error(sqlite3.SQLITE_FULL),
    _sqlite_error(sqlite3.SQLITE_IOERR_SHMSIZE),
    duckdb.IOException('IO Error: Could not write file "x": No space left on device'),
]


@pytest.mark.parametrize("error", FULL)
def test_a_full_disk_is_called_so(error: Exception) -> None:
    assert str(storage_fault(error, FOLDER)) == (
        "the disk that holds client/books is full, nothing was written; free some space and run it again"
    )


def test_other_faults_give_their_reason() -> None:
    assert str(storage_fault(OSError(errno.EACCES, "Permission denied"), FOLDER)) == (
        "client/books cannot be written (Permission denied), nothing was written; check the disk and run it again"
    )
    assert "cannot be written (disk trouble)" in str(storage_fault(_sqlite_error(sqlite3.SQLITE_IOERR), FOLDER))


def test_a_malformed_ledger_is_corruption() -> None:
    fault = storage_fault(sqlite3.DatabaseError("database disk image is malformed"), FOLDER)
    assert isinstance(fault, BooksCorrupted)
    assert "client/books/ledger.sqlite is damaged, or its disk fails (database disk image is malformed)" in str(fault)


def test_a_failed_commit_claims_nothing_unless_the_disk_was_full() -> None:
    assert "nothing was written" in str(commit_fault(_sqlite_error(sqlite3.SQLITE_FULL), FOLDER))
    uncertain = commit_fault(_sqlite_error(sqlite3.SQLITE_IOERR_FSYNC), FOLDER)
    assert isinstance(uncertain, BooksError)
    assert "nothing was written" not in str(uncertain)
    assert "may or may not be stored" in str(uncertain)
