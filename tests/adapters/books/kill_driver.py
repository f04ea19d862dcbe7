"""Kills a writer of books again and again, and looks at what each kill left.

    python kill_driver.py FOLDER random TRIALS SEED       SIGKILL a random time after opening
    python kill_driver.py FOLDER operation TRIALS SEED    SIGKILL just before the k-th file operation, k = 1, 2, ...
    python kill_driver.py FOLDER file-size TRIALS SEED    no kill, but no file may grow beyond k times 15,000 bytes

Every trial forks a child that opens the books and publishes loads until it dies, telling each receipt through a pipe
once it has it. Then the books must open, be sound, hold every load that was told, and hold each load as a whole. Prints
its figures as one JSON object; a broken promise is an exception. It is a process of its own so that the forked children
start from one that has no threads.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from adapters.books.errors import BooksError
from adapters.books.layout import HOMES, Layout
from adapters.books.store import open_books, verify_books
from tests.adapters.books.publishing import REFUSED, ROWS, content_hash, publish_load

READY = b"ready\n"
SECONDS = 0.06
SECONDS_MAX = 0.2
LOADS_A_LIFE = 40
LIMIT_STEP = 15000
OPERATIONS = ("fsync", "rename", "mkdir", "chmod", "unlink", "rmdir", "open", "pwrite", "ftruncate")


@dataclass
class Figures:
    """What the trials came to; `refusals` are the sentences of refused publications."""

    trials: int = 0
    told: int = 0
    stored_untold: int = 0
    with_leftovers: int = 0
    refusals: list[str] = field(default_factory=list)


def publish_until_the_end(folder: Path, first: int, pipe: int) -> None:
    """Publish loads one after another; each is told through the pipe once it is stored, a refusal ends it."""
    try:
        with open_books(folder, write=True, create=True) as books, duckdb.connect() as connection:
            os.write(pipe, READY)
            for number in range(first, first + LOADS_A_LIFE):
                publish_load(books, connection, f"{number}.csv")
                os.write(pipe, f"{number}\n".encode())
    except BooksError as error:
        os.write(pipe, f"! {error}\n".encode())


def kill_at_operation(count: int) -> None:
    """Let this process die just before its `count`-th file operation."""
    left = [count]

    def counted(operation: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return operation(*arguments, **named)

        return run

    for name in OPERATIONS:
        setattr(os, name, counted(getattr(os, name)))


def live_and_die(folder: Path, first: int, mode: str, trial: int, delay: float) -> list[str]:
    """Run one child to its end; what it told."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            if mode == "operation":
                kill_at_operation(trial)
            if mode == "file-size":
                resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_STEP * trial, resource.RLIM_INFINITY))
            publish_until_the_end(folder, first, writer)
        finally:
            os._exit(3)
    os.close(writer)
    if mode == "random":
        os.read(reader, len(READY))
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reader) as lines:
        told = [line for line in lines.read().splitlines() if line != READY.decode().strip()]
    os.waitpid(child, 0)
    return told


def examine(folder: Path, told: set[int]) -> set[int]:
    """The loads the books hold; AssertionError if one is missing or in part, or the books are unsound."""
    if not (folder / "ledger.sqlite").exists():
        assert not told
        return set()
    with open_books(folder, write=True) as books:
        assert books.verify() == []
        stored = set()
        for load in books.loads():
            assert {(file.home, file.rows) for file in load.files} == {("facts", ROWS), ("quarantine", REFUSED)}
            assert load.sha256 == content_hash(load.file_name)
            assert len(load.control_totals) == 1
            stored.add(int(load.file_name.removesuffix(".csv")))
        assert told <= stored, f"lost: {sorted(told - stored)}"
        assert len(books.ledger.audit_events()) == len(stored) == books.ledger.head().seq
        assert set(books.layout.published()) == {(file.home, file.seq) for file in books.ledger.files()}
        assert list(books.layout.staging.iterdir()) == []
    return stored


def has_leftovers(folder: Path) -> bool:
    """Whether an interrupted publication left files: in staging, or in place but not named by the ledger."""
    layout = Layout(folder)
    if layout.staging.is_dir() and any(layout.staging.rglob("*.parquet")):
        return True
    if not layout.ledger.exists():
        return False
    with open_books(folder, write=False) as books:
        named = {(file.home, file.seq) for file in books.ledger.files()}
    return any(one not in named for one in layout.published() if one[0] in HOMES)


def main(folder: Path, mode: str, trials: int, seed: int) -> Figures:
    """Run the trials on one books folder."""
    chance = random.Random(seed)
    figures = Figures()
    told: set[int] = set()
    stored: set[int] = set()
    seconds = SECONDS
    for trial in range(1, trials + 1):
        lines = live_and_die(folder, max(stored, default=0) + 1, mode, trial, chance.uniform(0, seconds))
        told_now = {int(line) for line in lines if not line.startswith("!")}
        # Lives as long as two or three publications take on this machine, now: most kills then hit the midst of one.
        seconds = min(seconds * 1.4, SECONDS_MAX) if len(told_now) < 2 else seconds / 1.4
        told |= told_now
        figures.refusals += [line[2:] for line in lines if line.startswith("!")]
        figures.with_leftovers += has_leftovers(folder)
        stored = examine(folder, told)
        figures.stored_untold += len(stored - told)
        told |= stored
        figures.trials += 1
    figures.told = len(told)
    assert verify_books(folder) == [] or not stored
    return figures


if __name__ == "__main__":
    print(json.dumps(asdict(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))))  # noqa: T201
