"""File operations that survive a power cut: what they return from is on the disk, names included."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

CHUNK_BYTES = 1 << 20


def fsync_file(path: Path) -> None:
    """Force a file's content to the disk; OSError if that failed."""
    _fsync(path, os.O_RDONLY)


def fsync_folder(path: Path) -> None:
    """Force the names in a folder to the disk; OSError if that failed."""
    _fsync(path, os.O_RDONLY | os.O_DIRECTORY)


def rename(source: Path, target: Path) -> None:
    """Move a file or folder to a name that must be free or an empty folder, and force both parents to the disk."""
    os.rename(source, target)
    fsync_folder(target.parent)
    fsync_folder(source.parent)


def make_folder(path: Path) -> None:
    """Create a folder in an existing one, if it is not there, and force its name to the disk."""
    if not path.is_dir():
        os.mkdir(path)
        fsync_folder(path.parent)


def make_folders(path: Path) -> None:
    """Create a folder and those above it that are missing, and force their names to the disk."""
    if not path.is_dir():
        make_folders(path.parent)
        make_folder(path)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file's bytes to a new file and force them to the disk; what is read of it next comes from the disk."""
    with source.open("rb") as read, target.open("xb") as written:
        while chunk := read.read(CHUNK_BYTES):
            written.write(chunk)
        written.flush()
        os.fsync(written.fileno())
        os.posix_fadvise(written.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def remove(path: Path) -> None:
    """Remove a file or a folder with all it holds, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _fsync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
