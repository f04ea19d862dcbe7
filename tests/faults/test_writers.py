"""Second writers, forks, links, copies, byte readers, removed locks and clocks that jump: nothing told is ever lost."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.books.entries import Receipt
from adapters.books.errors import BooksError, BooksInUse
from adapters.books.store import Books, open_books
from dsl.diagnostics import InternalError
from tests.support.promises import reached, trials

ACTIONS = 14
"""What happens to one client's books in one trial."""
SECOND = 1.0
"""Within how many seconds a second writer must hear that it is one."""


def _in_child(work: Callable[[], object]) -> int:
    """Do something in a forked child: 0 if it went well, 1 if it was refused."""
    child = os.fork()
    if child == 0:
        code = 2
        try:
            work()
            code = 0
        except (BooksError, InternalError):
            code = 1
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _publish(books: Books, number: int) -> Receipt:
    with books.publication("ruleset", str(number)) as publication:
        return publication.commit(lambda changes: changes.add_ruleset("client", str(number), {"text": str(number)}))


class Life:
    """One client's books, the writer that has them open, and what was told so far."""

    def __init__(self, place: Path, chance: random.Random) -> None:
        self.folder = place / "books"
        self.place = place
        self.chance = chance
        self.now = datetime(2026, 4, 1, 8, 30, tzinfo=UTC)
        self.told: dict[int, str] = {}
        self.number = 0
        self.slow = 0.0
        self.writer: Books | None = None
        self.opened = ExitStack()
        self.has_lost_lock = False

    def clock(self) -> datetime:
        """A moment that may lie years before the last one."""
        self.now += timedelta(days=self.chance.randint(-4000, 4000))
        return self.now

    def open(self) -> None:
        """Open the books for writing, or go on."""
        if self.writer is None:
            self.writer = self.opened.enter_context(open_books(self.folder, write=True, create=True, clock=self.clock))
            self.has_lost_lock = False

    def close(self) -> None:
        """Close them."""
        self.opened.close()
        self.writer = None

    def publish(self) -> None:
        """Publish something; only a writer whose lock was removed is refused."""
        self.open()
        assert self.writer is not None
        if self.has_lost_lock:
            with pytest.raises(BooksError, match="was removed or replaced"):
                _publish(self.writer, self._next())
            self.close()
        else:
            receipt = _publish(self.writer, self._next())
            self.told[receipt.seq] = receipt.hash

    def second_writer(self) -> None:
        """Another process, or another place of this one, opens the books by one of their names."""
        name = self.folder
        if self.chance.random() < 0.5:
            name = self.place / "other-name"
            name.unlink(missing_ok=True)
            name.symlink_to(self.folder)
        started = time.monotonic()
        if self.writer is not None and not self.has_lost_lock:
            with pytest.raises(BooksInUse, match=f"process {os.getpid()} on"), open_books(name, write=True):
                pass
            assert _in_child(lambda: self._open_elsewhere(name)) == 1
            self.slow = max(self.slow, time.monotonic() - started)
        elif self.writer is None and self.folder.exists():
            assert _in_child(lambda: self._open_elsewhere(name)) == 0

    def _open_elsewhere(self, name: Path) -> None:
        with open_books(name, write=True):
            pass

    def reader(self) -> None:
        """Another process reads the books."""
        self.open()
        assert _in_child(self._read) == 0

    def _read(self) -> None:
        with open_books(self.folder, write=False) as books:
            assert books.verify() == []

    def bytes_read(self) -> None:
        """This process opens and closes the ledger's file itself, which drops SQLite's locks; then others look."""
        self.open()
        with (self.folder / "ledger.sqlite").open("rb") as file:
            file.read(100)
        assert _in_child(self._look_by_sqlite) == 0

    def _look_by_sqlite(self) -> None:
        connection = sqlite3.connect(self.folder / "ledger.sqlite", timeout=0)
        connection.execute("SELECT count(*) FROM audit_event").fetchall()
        connection.close()

    def forked(self) -> None:
        """A forked child uses the books of its parent, and ends."""
        self.open()
        writer = self.writer
        assert writer is not None
        assert _in_child(lambda: _publish(writer, 0)) == 1
        if not self.has_lost_lock:
            with pytest.raises(BooksInUse), open_books(self.folder, write=True):
                pass

    def hard_linked(self) -> None:
        """The ledger gets a second name; whoever opens either is refused."""
        self.open()
        self.close()
        other = self.place / "linked" / "books"
        shutil.copytree(self.folder, other, copy_function=os.link)
        for folder in (self.folder, other):
            with pytest.raises(BooksError, match="has a second name"), open_books(folder, write=True):
                pass
        shutil.rmtree(self.place / "linked")

    def copied(self) -> None:
        """The folder is copied while a writer has it: the copy holds all that was told, or is refused."""
        self.open()
        other = self.place / "copy"
        for path in sorted(self.place.iterdir()):
            if path.name.startswith("books"):
                copy = shutil.copytree if path.is_dir() else shutil.copy2
                other.mkdir(exist_ok=True)
                copy(path, other / path.name)
        with open_books(other / "books", write=True) as books:
            assert books.verify() == []
            assert _hashes(books) == self.told
            _publish(books, self._next())
        shutil.rmtree(other)

    def lock_removed(self) -> None:
        """Somebody removes or replaces the lock's file."""
        if self.writer is not None:
            (self.folder / "lock").unlink(missing_ok=True)
            if self.chance.random() < 0.5:
                (self.folder / "lock").touch()
            self.has_lost_lock = True

    def _next(self) -> int:
        self.number += 1
        return self.number


def _hashes(books: Books) -> dict[int, str]:
    return {one.seq: one.hash for one in books.ledger.audit_events()}


WAYS = (
    Life.publish, Life.publish, Life.close, Life.second_writer, Life.reader, Life.bytes_read, Life.forked,
    Life.hard_linked, Life.copied, Life.lock_removed,
)  # fmt: skip


def test_nothing_told_is_lost_to_second_writers_forks_links_copies_or_clocks(tmp_path: Path) -> None:
    ran, told, lost, slowest = trials(1000, 6), 0, 0, 0.0
    for seed in range(ran):
        place = tmp_path / str(seed)
        place.mkdir()
        chance = random.Random(20260401 + seed)
        life = Life(place, chance)
        ways = [chance.choice(WAYS) for _ in range(ACTIONS)]
        for way in ways:
            way(life)
        life.close()
        with open_books(life.folder, write=True, create=True) as books:
            assert books.verify() == [], (seed, ways)
            lost += len(life.told.items() - _hashes(books).items())
            assert len(_hashes(books)) == len(life.told), (seed, ways)
        told, slowest = told + len(life.told), max(slowest, life.slow)
        shutil.rmtree(place)
    reached("P15", "lives of books with second writers, forks, links, copies, clock jumps", ran, lost, told=told)
    assert lost == 0
    assert told >= ran
    assert slowest < SECOND
