from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from adapters.books.entries import FileEntry
from adapters.books.errors import BooksError
from adapters.books.store import Books
from adapters.books.tables import attach, attach_record
from engine.model.datatypes import DataType, Family
from engine.model.schema import IMPLIED, Column, Record
from tests.adapters.books.publishing import parsed

PART = Column("part", DataType(Family.TEXT), required=True)
QUANTITY = Column("quantity", DataType(Family.QUANTITY), required=True)
PROMISED = Column("promised-on", DataType(Family.DATE), required=False)
SALE = Record("sale line", "kind", ("part",), None, (PART, QUANTITY, PROMISED))
IMPLIED_VALUES = """part AS identity, 'USD' AS currency, DATE '2026-02-01' AS "known-at", 1 AS version,
    'abc' AS "source-file", 1::BIGINT AS "source-row" """


def _publish(books: Books, connection: duckdb.DuckDBPyConnection, columns: str) -> FileEntry:
    with books.publication("load") as publication:
        file = publication.write(connection, parsed(f"SELECT {columns} ORDER BY ALL"), "sale-line")
        publication.commit(lambda changes: None)
    return file


def _sale(part: str, quantity: str, more: str = "") -> str:
    return f"'{part}' AS part, {quantity} AS quantity, {more} {IMPLIED_VALUES}"


def test_files_of_different_shapes_are_one_record(books: Books, connection: duckdb.DuckDBPyConnection) -> None:
    files = (
        _publish(books, connection, _sale("A", "2.5::DECIMAL(18, 3)")),
        _publish(books, connection, _sale("B", "3::DECIMAL(18, 3)", "DATE '2026-03-04' AS \"promised-on\",")),
        _publish(books, connection, _sale("C", "4::DECIMAL(18, 3)", "'gone' AS former,")),
        _publish(books, connection, _sale("D", "5::DECIMAL(16, 1)")),
    )
    assert files == books.fact_entries("sale-line")
    attach_record(connection, SALE, books.layout.folder, files)
    described = connection.execute('DESCRIBE "sale line"').fetchall()
    expected = [(column.name, column.type.storage) for column in SALE.columns] + list(IMPLIED)
    assert [(row[0], row[1]) for row in described] == expected
    rows = connection.execute('SELECT part, quantity, CAST("promised-on" AS TEXT) FROM "sale line" ORDER BY part')
    assert rows.fetchall() == [
        ("A", Decimal("2.500"), None),
        ("B", Decimal("3.000"), "2026-03-04"),
        ("C", Decimal("4.000"), None),
        ("D", Decimal("5.000"), None),
    ]


def test_a_record_without_files_has_its_columns_and_no_rows(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    attach_record(connection, SALE, tmp_path, ())
    assert connection.execute('SELECT count(*) FROM "sale line"').fetchall() == [(0,)]
    described = connection.execute('DESCRIBE "sale line"').fetchall()
    assert [(row[0], row[1]) for row in described][1] == ("quantity", "DECIMAL(18,3)")


def test_attaching_again_replaces(books: Books, connection: duckdb.DuckDBPyConnection) -> None:
    file = _publish(books, connection, "1::BIGINT AS id")
    attach(connection, "fact", [("id", "BIGINT")], books.layout.folder, ())
    attach(connection, "fact", [("id", "BIGINT")], books.layout.folder, (file,))
    assert connection.execute("SELECT id FROM fact").fetchall() == [(1,)]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (f"'A' AS part, {IMPLIED_VALUES}", "loaded without quantity, which is now required"),
        (_sale("A", "2::DECIMAL(18, 6)"), r"quantity as DECIMAL\(18,6\), which is now DECIMAL\(18,3\)"),
        (_sale("A", "2::DECIMAL(18, 0)"), r"quantity as DECIMAL\(18,0\), which is now DECIMAL\(18,3\)"),
        (_sale("A", "'2'"), r"quantity as VARCHAR, which is now DECIMAL\(18,3\)"),
    ],
)
def test_nothing_is_rounded_or_guessed(
    books: Books, connection: duckdb.DuckDBPyConnection, columns: str, sentence: str
) -> None:
    file = _publish(books, connection, columns)
    with pytest.raises(BooksError, match=sentence):
        attach_record(connection, SALE, books.layout.folder, (file,))
