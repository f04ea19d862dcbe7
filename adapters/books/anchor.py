"""The heads of the books, kept outside them: a file beside the books folder that grows by one line with every commit.

    books.heads     00000012 <hash> 2026-02-03T08:15:00.000000Z

Books that were put back to an earlier state, or that lost their write-ahead log, are sound in themselves; only what
lies outside them can tell. A line is written after the commit it tells of and before anybody hears of that commit: so
books are never behind their heads, and at most one ahead, when a process died in between. The file may be a link to one
on another disk. Who can change both the books and their heads is not found out by these; a printed page names the head
too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.books import durable
from adapters.books.chain import Head
from adapters.books.errors import BooksCorrupted, BooksError
from adapters.books.ledger import Ledger

LONGEST_LINE = 128
"""The most bytes of a line."""

_LINE = re.compile(r"([0-9]{8,18}) ([0-9a-f]{64}) (\S+)")


@dataclass(frozen=True, slots=True)
class Anchored:
    """A line of the heads: publications so far, the hash of the chain then, and when that was published (UTC)."""

    seq: int
    hash: str
    at: str


class Anchor:
    """The file of heads of one books folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> tuple[Anchored, ...]:
        """Every line, oldest first; BooksCorrupted for a line that tieout did not write.

        The rest of a line that was being written when a process died is none.
        """
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return ()
        whole, _, _ = text.rpartition(b"\n")
        return tuple(self._line(one) for one in whole.decode("ascii", "replace").splitlines())

    def last(self) -> Anchored | None:
        """The last line; None where there is no file, or nothing in it."""
        found = self.lines()
        return found[-1] if found else None

    def begin(self, genesis: Head, at: str) -> None:
        """Write the first line of new books; BooksError where the file tells of others."""
        last = self.last()
        if last is not None and last.seq > 0:
            raise BooksError(
                f"{self.path} tells of books with {last.seq} publications, which are gone; restore them from a backup,"
                " or move that file away to begin anew"
            )
        self.path.unlink(missing_ok=True)
        self.add(genesis, at)

    def write(self, lines: Iterable[tuple[int, str, str]]) -> None:
        """Write the file anew, from publication, hash and time of each line, and force it to the disk; OSError."""
        text = "".join(_text(*line) for line in lines)
        self.path.write_text(text, encoding="ascii")
        durable.fsync_file(self.path)
        durable.fsync_folder(self.path.resolve().parent)

    def reserve(self) -> None:
        """Make room for a line, so that a disk that fills up stops a publication before its commit; OSError."""
        with self._opened() as (descriptor, end):
            os.posix_fallocate(descriptor, end, LONGEST_LINE)

    def add(self, head: Head, at: str) -> None:
        """Write a head as the last line, if it is not, and force it to the disk; OSError if that failed."""
        last = self.last()
        if last is not None and (last.seq, last.hash) == (head.seq, head.hash):
            durable.fsync_file(self.path)
            return
        line = _text(head.seq, head.hash, at).encode()
        is_new = not self.path.exists()
        with self._opened() as (descriptor, end):
            os.pwrite(descriptor, line, end)
            os.ftruncate(descriptor, end + len(line))
            os.fsync(descriptor)
        if is_new:
            durable.fsync_folder(self.path.resolve().parent)

    @contextmanager
    def _opened(self) -> Iterator[tuple[int, int]]:
        """The file and where its last whole line ends: what is behind that was only begun, and nobody heard of it."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            size = os.fstat(descriptor).st_size
            tail = os.pread(descriptor, min(size, 4 * LONGEST_LINE), max(size - 4 * LONGEST_LINE, 0))
            yield descriptor, size - (len(tail) - tail.rfind(b"\n") - 1)
        finally:
            os.close(descriptor)

    def _line(self, text: str) -> Anchored:
        found = _LINE.fullmatch(text)
        if found is None:
            raise BooksCorrupted(f"{self.path} holds a line that tieout did not write; restore it from a backup")
        return Anchored(int(found[1]), found[2], found[3])


def _text(seq: int, hash_: str, at: str) -> str:
    return f"{seq:08d} {hash_} {at}\n"


def anchor_of(folder: Path) -> Anchor:
    """The heads of a books folder: beside it, under its name."""
    return Anchor(folder.with_name(f"{folder.name}.heads"))


def check(anchor: Anchor, last: Anchored | None, ledger: Ledger) -> bool:
    """Whether books are as far as their heads say; False where they are ahead. BooksCorrupted where they are not them.

    `last` is the last head, read before the ledger was opened: a writer at work may have gone on since.
    """
    if last is None:
        raise BooksCorrupted(
            f"{anchor.path} is missing, which tells how far {ledger.path.parent} was; put it back, or let an"
            " administrator vouch for the books with `tieout books anchor`"
        )
    head = ledger.head()
    if head.seq < last.seq:
        raise BooksCorrupted(
            f"{ledger.path.parent} ends with publication {head.seq}, but {anchor.path} knows {last.seq}: older books"
            " were put back, or their write-ahead log was lost; restore the whole from one backup"
        )
    if ledger.hash_at(last.seq) != last.hash:
        raise BooksCorrupted(
            f"{ledger.path.parent} is not the books whose heads are in {anchor.path}: publication {last.seq} is another"
            " one; restore the whole from one backup"
        )
    return head.seq == last.seq


def lines_of(ledger: Ledger) -> Iterator[Anchored]:
    """The lines that the heads of books have, from their beginning to their last publication."""
    yield Anchored(0, ledger.genesis().hash, ledger.created_at)
    yield from (Anchored(one.seq, one.hash, one.at) for one in ledger.audit_events())


def problems(anchor: Anchor, ledger: Ledger, upto: int | None) -> Iterator[str]:
    """What does not agree between the heads and the chain, line by line.

    `upto` is the last publication that the heads knew when the ledger was opened for reading: a writer at work goes on.
    """
    known = {one.seq: one for one in lines_of(ledger)}
    expected = 0
    for line in (one for one in anchor.lines() if upto is None or one.seq <= upto):
        if line.seq != expected:
            yield f"{anchor.path} goes from publication {expected - 1} to {line.seq}; restore it from a backup"
        if known.get(line.seq) != line:
            yield f"{anchor.path} knows another publication {line.seq} than {ledger.path} has; one of them was changed"
        expected = line.seq + 1
    if upto is None and expected not in (max(known), max(known) + 1):
        yield f"{anchor.path} ends with publication {expected - 1} and {ledger.path} with {max(known)}"
