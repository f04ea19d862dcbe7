"""Two and three writers whose steps come in every order: some serial order, or a clear refusal.

Each writer has a thread, and a step of it runs when its turn comes. The lock lets one writer in at a time, so to look
behind it its file is removed before others open, too: then the head and SQLite's own lock must keep them apart.
"""

from __future__ import annotations

import random
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from adapters.books import ledger
from adapters.books.entries import RunKind
from adapters.books.errors import BooksError
from adapters.books.publication import Publication
from adapters.books.store import Books, open_books
from tests.adapters.books.publishing import (
    fixed_clock,
    publish_acceptance,
    publish_load,
    publish_run,
    register_months,
)
from tests.support.promises import reached, trials

Work = Callable[[Books, duckdb.DuckDBPyConnection], object]

WORKS: dict[str, Work] = {
    "load": lambda books, connection: publish_load(books, connection, "b.csv"),
    "load of another file": lambda books, connection: publish_load(books, connection, "c.csv"),
    "trial": lambda books, connection: publish_run(books, connection, "2026-01", RunKind.TRIAL),
    "hard close": lambda books, connection: publish_run(books, connection, "2026-01", RunKind.HARD),
    "acceptance": lambda books, _: publish_acceptance(books, "2026-01", "every-report-in"),
}
STEPS = 6
"""Opening, writing files, recording, moving files, committing, closing."""


@dataclass
class Writer:
    """One writer: what it does, its turn, and how it ended."""

    name: str
    folder: Path
    connection: duckdb.DuckDBPyConnection
    has_turn: threading.Event = field(default_factory=threading.Event)
    has_stopped: threading.Event = field(default_factory=threading.Event)
    seq: int = 0
    refusal: str = ""
    fault: BaseException | None = None
    is_over: bool = False

    def live(self) -> None:
        """Open the books, do the work, close them; one step at each turn."""
        _here.writer = self
        self._wait()
        try:
            with open_books(self.folder, write=True, clock=fixed_clock, actor="preparer") as books:
                step()
                self.seq = WORKS[self.name](books, self.connection).seq  # type: ignore[attr-defined]
                step()
        except BooksError as error:
            self.refusal = str(error)
        except BaseException as error:
            self.fault = error
        self.is_over = True
        self.has_stopped.set()

    def take_turn(self) -> None:
        """Let it go one step."""
        if not self.is_over:
            self.has_stopped.clear()
            self.has_turn.set()
            assert self.has_stopped.wait(20), f"{self.name} waits for ever"

    def _wait(self) -> None:
        self.has_turn.wait()
        self.has_turn.clear()

    def pause(self) -> None:
        """End a step."""
        self.has_stopped.set()
        self._wait()


_here = threading.local()


def step() -> None:
    """End a step of the writer whose thread this is."""
    writer = getattr(_here, "writer", None)
    if writer is not None:
        writer.pause()


def _then_pause(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*arguments: Any) -> Any:
        step()
        answer = function(*arguments)
        if function.__name__ == "_move":
            step()
        return answer

    return run


@pytest.fixture
def connections() -> Iterator[list[duckdb.DuckDBPyConnection]]:
    found = [duckdb.connect() for _ in range(3)]
    yield found
    for one in found:
        one.close()


@pytest.fixture
def begun(tmp_path: Path, connections: list[duckdb.DuckDBPyConnection]) -> Path:
    """A folder with books: a load, months, and a trial of January."""
    place = tmp_path / "begun"
    with open_books(place / "books", write=True, create=True, clock=fixed_clock, actor="preparer") as books:
        publish_load(books, connections[0], "a.csv")
        register_months(books)
        publish_run(books, connections[0], "2026-01", RunKind.TRIAL)
    return place


def _orders(chance: random.Random, wanted: int) -> Iterator[tuple[tuple[str, ...], tuple[int, ...], bool]]:
    """Works of two or three writers, whose turn it is at each step, and whether the lock's file is removed before each
    opening."""
    for number in range(wanted):
        count = 2 + number % 3 // 2
        names = tuple(chance.choice(list(WORKS)) for _ in range(count))
        turns = [one for one in range(count) for _ in range(STEPS)]
        chance.shuffle(turns)
        yield names, tuple(turns), number % 4 != 0


def _run(place: Path, names: Sequence[str], turns: Sequence[int], is_unlocked: bool, connections: Any) -> list[Writer]:
    writers = [Writer(name, place / "books", connection) for name, connection in zip(names, connections, strict=False)]
    threads = [threading.Thread(target=one.live, daemon=True) for one in writers]
    for thread in threads:
        thread.start()
    begun: set[int] = set()
    for turn in (*turns, *(one for one in range(len(writers)) for _ in range(STEPS))):
        if is_unlocked and turn not in begun:
            (place / "books" / "lock").unlink(missing_ok=True)
        begun.add(turn)
        writers[turn].take_turn()
    for thread in threads:
        thread.join(20)
    return writers


def _serially(begun: Path, place: Path, names: Sequence[str], connection: duckdb.DuckDBPyConnection) -> str:
    """The head that works lead to, one after the other."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(begun, place)
    for name in names:
        with open_books(place / "books", write=True, clock=fixed_clock, actor="preparer") as books:
            WORKS[name](books, connection)
    with open_books(place / "books", write=False) as books:
        return books.ledger.head().hash


def test_writers_whose_steps_come_in_any_order_end_as_if_one_after_the_other(
    begun: Path, tmp_path: Path, connections: list[duckdb.DuckDBPyConnection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "BUSY_SECONDS", 0)
    monkeypatch.setattr(Publication, "_record", _then_pause(Publication._record))
    monkeypatch.setattr(Publication, "_move", _then_pause(Publication._move))
    serial: dict[tuple[str, ...], str] = {}
    place, stored, refused, failures = tmp_path / "client", 0, 0, list[str]()
    ran = trials(5000, 24)
    for names, turns, is_unlocked in _orders(random.Random(20260401), ran):
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(begun, place)
        writers = _run(place, names, turns, is_unlocked, connections)
        done = tuple(one.name for one in sorted(writers, key=lambda one: one.seq) if one.seq)
        stored, refused = stored + len(done), refused + sum(bool(one.refusal) for one in writers)
        where = f"{names}, turns {turns}, {'un' if is_unlocked else ''}locked"
        failures += [f"{where}: {one.fault!r}" for one in writers if one.fault is not None]
        if done not in serial:
            serial[done] = _serially(begun, tmp_path / "serial", done, connections[0])
        try:
            with open_books(place / "books", write=True) as books:
                found, head = books.verify(), books.ledger.head().hash
        except BooksError as error:
            found, head = [str(error)], ""
        if found or head != serial[done]:
            failures.append(f"{where}: {found or 'another head than one after the other'}")
    reached("P14", "orders of the steps of two and three writers", ran, len(failures), stored=stored, refused=refused)
    assert failures == []
    assert min(stored, refused) > ran / 2
