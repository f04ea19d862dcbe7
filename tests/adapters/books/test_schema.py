from __future__ import annotations

import sqlite3

import duckdb
import pytest

from adapters.books import schema
from adapters.books.entries import RunKind
from adapters.books.store import Books
from tests.adapters.books.publishing import (
    publish_acceptance,
    publish_load,
    publish_run,
    publish_upgrade,
    register_months,
)


@pytest.mark.parametrize("verb", ["UPDATE", "DELETE"])
def test_what_was_written_is_neither_changed_nor_deleted(
    books: Books, connection: duckdb.DuckDBPyConnection, verb: str
) -> None:
    publish_load(books, connection, "a.csv")
    register_months(books)
    publish_run(books, connection, "2026-01", RunKind.TRIAL)
    publish_acceptance(books, "2026-01", "siso")
    publish_upgrade(books)
    for table in schema.APPEND_ONLY:
        [(column, *_), *_] = books.ledger.rows(f"SELECT name FROM pragma_table_info('{table}')")
        statement = f"UPDATE {table} SET {column} = {column}" if verb == "UPDATE" else f"DELETE FROM {table}"
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            books.ledger.connection.execute(statement)
    with pytest.raises(sqlite3.IntegrityError, match="one head"):
        books.ledger.connection.execute("DELETE FROM head")
    assert books.verify() == []


def test_every_column_is_covered_by_the_chain(books: Books) -> None:
    tables = {row[0] for row in books.ledger.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    assert tables == {*schema.APPEND_ONLY, "head"}
    for table, columns in schema.CONTENT.items():
        stored = [row[0] for row in books.ledger.rows(f"SELECT name FROM pragma_table_info('{table}') ORDER BY cid")]
        assert stored == [*columns, "seq"]


@pytest.mark.parametrize(
    ("former", "next_state", "allowed"),
    [
        ("open", "trial", True),
        ("trial", "trial", True),
        ("open", "hard-closed", True),
        ("trial", "hard-closed", True),
        ("hard-closed", "trial", False),
        ("hard-closed", "open", False),
        ("trial", "open", False),
        ("hard-closed", "hard-closed", False),
        ("trial", "close-requested", True),
        ("open", "close-requested", False),
        ("close-requested", "trial", True),
        ("close-requested", "hard-closed", True),
        ("hard-closed", "reopened", False),
        ("hard-closed", "reopen-requested", True),
        ("reopen-requested", "reopened", True),
        ("reopen-requested", "hard-closed", True),
        ("reopened", "trial", True),
        ("reopened", "hard-closed", True),
    ],
)
def test_a_period_moves_only_forward(former: str, next_state: str, allowed: bool) -> None:
    ledger = sqlite3.connect(":memory:")
    for statement in schema.statements():
        ledger.execute(statement)
    insert = "INSERT INTO period_transition VALUES ('fiscal', '2026-01', 1, ?, ?, 1, 1)"
    if allowed:
        assert ledger.execute(insert, (former, next_state)).rowcount == 1
    else:
        with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
            ledger.execute(insert, (former, next_state))
    ledger.close()
