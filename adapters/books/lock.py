"""The writer's lock: a flock on `books/lock`, held for as long as the books are open for writing.

The kernel drops it when the holder dies, so it is never stale. It is on a file of its own because closing any other
descriptor of an SQLite file would drop SQLite's locks. Who holds it stands inside, for the message to the second.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
from datetime import datetime
from pathlib import Path

from adapters.books.errors import BooksError, BooksInUse
from dsl.diagnostics import InternalError

NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "fuse.sshfs", "fuse.glusterfs"}
)
"""File systems on which locks and SQLite's write-ahead log are not to be relied on."""


class WriterLock:
    """An exclusive lock on a books folder; taken when made, given back by `release`, useless after a fork."""

    def __init__(self, path: Path, since: datetime) -> None:
        """Take the lock; BooksInUse naming the holder if it is taken, BooksError on a network file system."""
        refuse_network(path.parent, Path("/proc/self/mountinfo"))
        self._path = path
        self._process = os.getpid()
        self._descriptor = _open_locked(path)
        holder = {"pid": self._process, "host": socket.gethostname(), "since": since.isoformat(timespec="seconds")}
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, (json.dumps(holder) + "\n").encode(), 0)

    @property
    def is_held(self) -> bool:
        """Whether this process still has the lock on the file of that name."""
        return os.getpid() == self._process and _is_same_file(self._descriptor, self._path)

    def assert_held(self) -> None:
        """BooksError if the lock file was removed or replaced; InternalError in a forked child, which has no lock."""
        if os.getpid() != self._process:
            raise InternalError("books that were opened for writing were used in a forked process")
        if not self.is_held:
            raise BooksError(f"{self._path} was removed or replaced during the run, nothing was written; run it again")

    def release(self) -> None:
        """Give the lock back; in a forked child this leaves the parent's lock alone."""
        if os.getpid() == self._process:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)


def refuse_network(folder: Path, mounts: Path) -> None:
    """BooksError if the folder lies on a network file system, by the mount table (`/proc/self/mountinfo`)."""
    if not mounts.exists():
        return
    best = ("", "")
    for line in mounts.read_text(errors="replace").splitlines():
        place, _, rest = line.partition(" - ")
        fields, kinds = place.split(" "), rest.split(" ")
        if len(fields) > 4 and _contains(fields[4], folder) and len(fields[4]) >= len(best[0]):
            best = (fields[4], kinds[0])
    if best[1] in NETWORK_FILE_SYSTEMS:
        raise BooksError(
            f"{folder} lies on a network file system ({best[1]}), where two writers cannot be told apart;"
            " put the books on a local disk"
        )


def _contains(mount: str, folder: Path) -> bool:
    place = mount.replace("\\040", " ").rstrip("/")
    return str(folder) == place or str(folder).startswith(place + "/")


def _open_locked(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _holder(descriptor)
            os.close(descriptor)
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
            raise BooksInUse(
                f"{path.parent} is being written by {holder}; wait until it is done and run it again"
            ) from None
        if _is_same_file(descriptor, path):
            return descriptor
        os.close(descriptor)


def _holder(descriptor: int) -> str:
    try:
        holder = json.loads(os.pread(descriptor, 4096, 0))
        return f"process {int(holder['pid'])} on {holder['host']} since {holder['since']}"
    except (ValueError, KeyError, TypeError):
        return "another process"


def _is_same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False
