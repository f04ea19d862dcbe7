"""Short ways to publish into books, for the tests of books."""

from __future__ import annotations

import hashlib
import shutil
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import sqlglot
from sqlglot import exp

from adapters.books.anchor import anchor_of
from adapters.books.changes import Changes
from adapters.books.entries import ControlTotal, NewAcceptance, NewLoad, NewRun, Period, Receipt, RunKind
from adapters.books.store import Books

ROWS = 40
REFUSED = 3
CALENDAR = "fiscal"
MONTHS = (
    Period(CALENDAR, "2026-01", date(2026, 1, 1), date(2026, 1, 31)),
    Period(CALENDAR, "2026-02", date(2026, 2, 1), date(2026, 2, 28)),
    Period(CALENDAR, "2026-03", date(2026, 3, 1), date(2026, 3, 31)),
)
TEXTS = {"standard.tieout": "ruleset standard\n", "client.tieout": "ruleset client\n"}


def parsed(text: str) -> exp.Query:
    """A query as it is published."""
    query = sqlglot.parse_one(text, dialect="duckdb")
    assert isinstance(query, exp.Query)
    return query


def fixed_clock() -> datetime:
    """A clock that stands still."""
    return datetime(2026, 4, 1, 8, 30, tzinfo=UTC)


def content_hash(name: str) -> str:
    """A stand-in for the SHA-256 of a delivered file."""
    return hashlib.sha256(name.encode()).hexdigest()


def publish_load(books: Books, connection: duckdb.DuckDBPyConnection, name: str) -> Receipt:
    """Publish one load: 40 accepted rows of record `pos`, 3 refused rows, a control total."""
    with books.publication("load", subject=name) as publication:
        accepted = publication.write(
            connection,
            parsed(f"SELECT i, i::DECIMAL(18, 4) AS amount FROM range({ROWS}) AS rows (i) ORDER BY i"),
            "pos",
        )
        refused = publication.write_quarantine(
            connection,
            parsed(f"SELECT i AS source_row, 'no date' AS reason FROM range({REFUSED}) AS rows (i) ORDER BY i"),
            "feed",
        )
        total = ControlTotal("amount", Decimal("783.00"), Decimal("780.00"), Decimal("3.00"), Decimal("783"))
        load = NewLoad(
            name, content_hash(name), "feed", 1234, ROWS + REFUSED, ROWS, REFUSED, (total,), (accepted, refused)
        )
        return publication.commit(lambda changes: changes.add_load(load))


def register_months(books: Books) -> None:
    """Publish the three months of the calendar."""
    with books.publication("periods") as publication:
        publication.commit(lambda changes: changes.add_periods(MONTHS))


def publish_run(
    books: Books, connection: duckdb.DuckDBPyConnection, period: str, kind: RunKind, calendar: str = CALENDAR
) -> Receipt:
    """Publish one run of a period, over all facts of `pos`, with a journal of two rows."""
    inputs = tuple(file.path for file in books.fact_entries("pos"))

    def changes_of_run(changes: Changes) -> None:
        ruleset = changes.add_ruleset("client", "7", TEXTS)
        changes.add_run(NewRun(calendar, period, kind, ruleset, inputs, {"duckdb": "2.0.0"}))

    with books.publication("run", subject=f"{period} {kind.value}") as publication:
        publication.write(connection, parsed("SELECT i AS posting FROM range(2) AS rows (i) ORDER BY i"), "journal")
        return publication.commit(changes_of_run)


def publish_acceptance(books: Books, period: str, *names: str, comment: str = "counted again") -> Receipt:
    """Accept one exception of each name, as the last run of a period raised it."""
    run = books.runs(CALENDAR, period)[-1]
    accepted = NewAcceptance(run, comment, tuple((name, '[["part","X"]]', content_hash(name)) for name in names))
    with books.publication("acceptance", subject=period) as publication:
        return publication.commit(lambda changes: changes.add_acceptance(accepted))


def publish_upgrade(books: Books) -> Receipt:
    """Record an upgrade as its own publication."""
    with books.publication("upgrade") as publication:
        return publication.commit(lambda changes: changes.add_upgrade(4, "0.1"))


def copy_books(folder: Path, target: Path) -> Path:
    """A copy of books with what anchors them, under another name; where it lies."""
    shutil.copytree(folder, target)
    shutil.copy(anchor_of(folder).path, anchor_of(target).path)
    return target


def files_on_disk(folder: Path) -> set[str]:
    """Every Parquet file in the books, by path, named by the ledger or not."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")}
