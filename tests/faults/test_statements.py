"""A statement of a publication that fails, or that the database only pretends to have done, is never a success."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import duckdb
import pytest

from adapters.books.errors import BooksError
from adapters.books.store import open_books
from dsl.diagnostics import InternalError
from tests.adapters.books.publishing import fixed_clock, publish_load
from tests.support.promises import SCALE, reached, trials

Fail = Callable[[sqlite3.Connection, str, Any], Any]
"""What happens in the place of a statement: it raises, or answers as if the statement had been done."""

ZEROS = "0" * 64
SILENT = ("COMMIT is not done", "COMMIT takes everything back")
"""Failures that no error tells; only reading the head back can."""


def _instead(statement: str) -> Fail:
    return lambda connection, _, __: connection.execute(statement)


def _raising(error: BaseException, code: int = 0) -> Fail:
    def fail(*_: Any) -> Any:
        if isinstance(error, sqlite3.Error):
            error.sqlite_errorcode = code
        raise error

    return fail


def _interrupted(connection: sqlite3.Connection, _: str, __: Any) -> Any:
    connection.set_progress_handler(lambda: 1, 1)
    try:
        return connection.execute("SELECT count(*) FROM head, sqlite_schema")
    finally:
        connection.set_progress_handler(None, 0)


def _full(connection: sqlite3.Connection, _: str, __: Any) -> Any:
    connection.execute("PRAGMA max_page_count = 1")
    try:
        return connection.execute("CREATE TABLE filler AS SELECT zeroblob(10000000) AS filler")
    finally:
        connection.execute("PRAGMA max_page_count = 1073741823")


def _done_and_failed(connection: sqlite3.Connection, statement: str, values: Any) -> Any:
    connection.execute(statement, values).fetchall()
    error = sqlite3.OperationalError("disk I/O error")
    return _raising(error, sqlite3.SQLITE_IOERR)(connection, statement, values)


CLASSES: dict[str, Fail] = {
    "a key that is there": _instead(f"INSERT INTO head VALUES (1, 0, '{ZEROS}', '{ZEROS}')"),
    "a check": _instead(f"INSERT INTO head VALUES (2, -1, '{ZEROS}', '{ZEROS}')"),
    "a wrong type": _instead(f"INSERT INTO head VALUES ('one', 0, '{ZEROS}', '{ZEROS}')"),
    "an unknown name": _instead("SELECT nothing FROM head"),
    "a misspelt statement": _instead("SELEC 1"),
    "an interrupt": _interrupted,
    "a full disk": _full,
    "no memory": _raising(MemoryError()),
    "a broken disk": _raising(sqlite3.OperationalError("disk I/O error"), sqlite3.SQLITE_IOERR),
    "Ctrl-C": _raising(KeyboardInterrupt()),
    "a broken disk once it was done": _done_and_failed,
}
"""Classes of failures, most of them real ones."""


class Failing:
    """A connection whose statement of some number fails; `statements` are those it was given."""

    def __init__(self, connection: sqlite3.Connection, at: int, fail: Fail) -> None:
        self._connection = connection
        self._at = at
        self._fail = fail
        self.statements: list[str] = []

    def execute(self, statement: str, values: Any = ()) -> Any:
        self.statements.append(statement)
        if len(self.statements) == self._at:
            return self._fail(self._connection, statement, values)
        return self._connection.execute(statement, values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def _publish(folder: Path, connection: duckdb.DuckDBPyConnection, at: int, fail: Fail) -> tuple[bool, str, list[str]]:
    """Publish a load with a failing connection: whether it was told, what was said, and the statements given."""
    with open_books(folder, write=True, clock=fixed_clock, actor="preparer") as books:
        failing = Failing(books.ledger.connection, at, fail)
        books.ledger.connection = cast("sqlite3.Connection", failing)
        try:
            publish_load(books, connection, "b.csv")
        except (BooksError, InternalError, sqlite3.Error, MemoryError, KeyboardInterrupt) as error:
            return False, str(error), failing.statements
    return True, "", failing.statements


def _stored(folder: Path) -> list[str]:
    with open_books(folder, write=True) as books:
        assert books.verify() == []
        return [one.file_name for one in books.loads()]


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """A folder with books that hold one load."""
    folder = tmp_path / "begun" / "books"
    with open_books(folder, write=True, create=True, clock=fixed_clock) as books, duckdb.connect() as connection:
        publish_load(books, connection, "a.csv")
    return tmp_path / "begun"


def test_no_failed_statement_of_a_publication_is_a_success(begun: Path, tmp_path: Path) -> None:
    connection = duckdb.connect()
    place = tmp_path / "client"
    shutil.copytree(begun, place)
    told, _, statements = _publish(place / "books", connection, 0, _full)
    assert told
    commit = statements.index("COMMIT") + 1
    points = [(at, name, fail) for at in range(1, len(statements) + 1) for name, fail in CLASSES.items()]
    if SCALE != "release":
        points = random.Random(20260401).sample(points, trials(len(points), 12))
    points += [(commit, name, fail) for name, fail in CLASSES.items()]
    points += [(commit, SILENT[0], lambda *_: None), (commit, SILENT[1], _instead("ROLLBACK"))]
    false_successes, uncertain = 0, 0
    for at, name, fail in points:
        shutil.rmtree(place)
        shutil.copytree(begun, place)
        told, said, statements = _publish(place / "books", connection, at, fail)
        stored = _stored(place / "books")
        where = f"{name} at statement {at}, {statements[at - 1].split(chr(10))[0]}"
        assert stored in (["a.csv"], ["a.csv", "b.csv"]), where
        false_successes += told and stored != ["a.csv", "b.csv"]
        if not told and len(stored) == 2:
            uncertain += 1
            assert "nothing was written" not in said, where
        if len(stored) == 1:
            assert _publish(place / "books", connection, 0, _full)[0], where
            assert _stored(place / "books") == ["a.csv", "b.csv"], where
    connection.close()
    reached(
        "P8", "failures of a statement of a publication", len(points), false_successes, stored_and_not_told=uncertain
    )
    assert false_successes == 0
    assert uncertain > 0
