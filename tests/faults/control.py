"""The block of shared memory through which `intercept.c` is told what to do, and the record it writes."""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from pathlib import Path

CONTROL = "FAULTS_CONTROL"
LOG = "FAULTS_LOG"
"""The variables of the environment that name both files."""

FIELDS = ("armed", "classes", "mode", "at", "error", "torn", "count", "fired", "recording", "reads", "no_sync")
SIZE = 8 * len(FIELDS) + 4096
_ENTRY = struct.Struct("<6q")


class Mode(IntEnum):
    """What happens at an operation that is hit."""

    COUNT = 0
    KILL = 1
    FAIL_ONCE = 2
    FAIL_ON = 3


class Kind(IntFlag):
    """Classes of file operations: bytes and sizes, forcing to the disk, names and modes, reading."""

    WRITES = 1
    SYNCS = 2
    NAMES = 4
    READS = 8
    CHANGES = 7


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: what happens (`mode`, for refusals the `error` number) at which operation of which kinds, from 1.

    `torn` lets a write that is hit be half done first.
    """

    mode: Mode = Mode.COUNT
    at: int = 0
    error: int = 0
    kinds: Kind = Kind.CHANGES
    torn: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A recorded operation: c created, t truncated to `offset`, w wrote, s forced to the disk, r renamed, u unlinked,
    m made a folder, l linked, a a mark; `file` is the inode.
    """

    kind: str
    file: int
    offset: int
    first: str
    second: str
    data: bytes


class Control:
    """The shared block, and the record."""

    def __init__(self, folder: Path) -> None:
        """Watch operations under a folder; the files are those that the environment of this process names."""
        self._log = Path(os.environ[LOG])
        with open(os.environ[CONTROL], "r+b") as file:
            self._block = mmap.mmap(file.fileno(), SIZE)
        path = str(folder).encode() + b"\0"
        self._block[8 * len(FIELDS) : 8 * len(FIELDS) + len(path)] = path
        self._mark = ctypes.CDLL(None).faults_mark

    def __getitem__(self, name: str) -> int:
        place = 8 * FIELDS.index(name)
        return int(struct.unpack_from("<q", self._block, place)[0])

    def __setitem__(self, name: str, value: int) -> None:
        struct.pack_into("<q", self._block, 8 * FIELDS.index(name), value)

    def arm(self, fault: Fault) -> None:
        """From now on the operations of this process count, and one may be hit."""
        self["classes"], self["mode"], self["at"] = int(fault.kinds), int(fault.mode), fault.at
        self["error"], self["torn"], self["count"], self["fired"] = fault.error, int(fault.torn), 0, 0
        self["reads"] = 0
        self["armed"] = os.getpid()

    def disarm(self) -> None:
        """No operation counts any more."""
        self["armed"] = 0

    def mark(self, words: str) -> None:
        """Put a mark into the record."""
        self._mark(words.encode())

    def start_record(self) -> None:
        """Forget what was recorded and record what armed processes do."""
        os.truncate(self._log, 0)
        self["recording"] = 1

    def end_record(self) -> list[Entry]:
        """End the recording; what it holds, in order."""
        self["recording"] = 0
        return list(_entries(self._log.read_bytes()))


def make_files(folder: Path) -> dict[str, str]:
    """Make both files in a folder; the variables a driver must be started with, but for LD_PRELOAD."""
    (folder / "control").write_bytes(bytes(SIZE))
    (folder / "log").touch()
    return {CONTROL: str(folder / "control"), LOG: str(folder / "log")}


def _entries(content: bytes) -> Iterator[Entry]:
    at = 0
    while at < len(content):
        kind, file, offset, size, first, second = _ENTRY.unpack_from(content, at)
        at += _ENTRY.size
        ends = at + first, at + first + second, at + first + second + size
        names = content[at : ends[0]].decode(), content[ends[0] : ends[1]].decode()
        yield Entry(chr(kind), file, offset, *names, content[ends[1] : ends[2]])
        at = ends[2]
