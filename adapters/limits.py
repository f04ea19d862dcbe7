"""How much is read of what people deliver and write; more is refused in one sentence, before it fills memory or time.

The limits of rules stand where rules are read: `dsl.surface.SIZE_LIMIT` and `dsl.words.NESTING_LIMIT`. All of them are
told in docs/limits.md.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

LARGEST_FILE = 1 << 30
"""Bytes of a delivered file."""

LONGEST_LINE = 1_000_000
"""Bytes of one row of a delivered file."""

MOST_COLUMNS = 2_000
"""Columns of a delivered file, and cells of one of its rows."""

MOST_EMPTY_LINES = 1_000
"""Lines of a delivered file that may be empty where there are more of them than of others."""

LARGEST_CONFIGURATION = 1_000_000
"""Characters of `client.yaml`."""

DEEPEST_CONFIGURATION = 32
"""Levels that `client.yaml` is nested."""

MOST_FINDINGS = 100
"""Findings in one `client.yaml` that are told; a file with more is better mended from the top."""

ARCHIVES = {
    b"PK\x03\x04": "a zip archive, as .xlsx workbooks are too",
    b"PK\x05\x06": "a zip archive with nothing in it",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ\x00": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstandard archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "a workbook of an old spreadsheet",
    b"PAR1": "a Parquet file",
    b"%PDF-": "a PDF",
}
"""What a file is that begins with these bytes."""

MARK_BYTES = max(map(len, ARCHIVES))


class NotAFileError(Exception):
    """What stands at a path is no regular file of its own; the message says what it is."""


def archive(beginning: bytes) -> str:
    """What archive, workbook or page a file is that begins like this; empty if it may be text."""
    return next((what for mark, what in ARCHIVES.items() if beginning.startswith(mark)), "")


def open_regular(path: Path, may_be_link: bool = False) -> BinaryIO:
    """Open a file for reading its bytes; NotAFileError for a link, folder, pipe or device, which are never waited for.

    What is looked at is what was opened, so that nothing can be put in its place in between. OSError as usual.
    """
    if path.is_symlink() and not may_be_link:
        raise NotAFileError("a link")
    kind = stat.S_IFMT(path.stat().st_mode)
    if kind != stat.S_IFREG:
        raise NotAFileError(_KINDS.get(kind, "no file"))
    follow = 0 if may_be_link else os.O_NOFOLLOW
    descriptor = os.open(path, os.O_RDONLY | follow | os.O_NONBLOCK | os.O_CLOEXEC)
    file = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise NotAFileError("no file")
    return file


_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def size_of(file: BinaryIO) -> int:
    """The bytes that an open file holds now."""
    return os.fstat(file.fileno()).st_size
