"""A small client with one register and two kinds, for tests of intake: its schema, its folder, and loading into it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from adapters.books.store import open_books
from adapters.client.loader import ClientFile, read_client
from adapters.feeds.report import FileReport, LoadReport
from adapters.feeds.versions import Closed
from adapters.intake import load, resubmit
from adapters.quarantine import Refused, refused_rows
from adapters.resubmission import export_bytes
from dsl.diagnostics import Diagnostics
from engine.model.datatypes import DataType, Family
from engine.model.schema import Column, Record, Schema

TIERS = ("gold", "silver")
TEXT = DataType(Family.TEXT)
DATE = DataType(Family.DATE)
QUANTITY = DataType(Family.QUANTITY)
LOADED_ON = date(2026, 3, 2)


def record(family: str, name: str, identity: tuple[str, ...], on: str | None, **columns: DataType) -> Record:
    """A record; columns are named with underscores, and those of the identity and the date are required."""
    required = {*identity, *((on,) if on else ()), "quantity"}
    shape = {key.replace("_", "-"): type_ for key, type_ in columns.items()}
    return Record(
        name, family, identity, on, tuple(Column(key, type_, key in required) for key, type_ in shape.items())
    )


PART = record("register", "part", ("code",), "date", code=TEXT, date=DATE, list_price=DataType(Family.PRICE), line=TEXT)
SALE = record(
    "kind",
    "pos-sale",
    ("partner", "invoice-number"),
    "sale-date",
    partner=TEXT,
    invoice_number=TEXT,
    sale_date=DATE,
    part=DataType(Family.REGISTER, "part"),
    quantity=QUANTITY,
    amount=DataType(Family.MONEY),
    tier=DataType(Family.ENUMERATION, "tier", TIERS),
    discount=DataType(Family.RATE),
    promotional=DataType(Family.YES_NO),
)
RETURN = record(
    "kind",
    "customer-return",
    ("partner", "invoice-number"),
    "return-date",
    partner=TEXT,
    invoice_number=TEXT,
    return_date=DATE,
    part=DataType(Family.REGISTER, "part"),
    quantity=QUANTITY,
)
SCHEMA = Schema((PART, SALE, RETURN), "USD", told=("delivery",))

FEED = """
  - name: acme-pos
    files: "acme_pos_*.csv"
    delimited: {separator: comma, encoding: utf-8}
    control-total: QTY
    fills:
      record: pos-sale
      columns:
        partner: {constant: ACME}
        invoice-number: INV
        sale-date: DATE
        part: SKU
        quantity: QTY
"""
HEAD = "INV,DATE,SKU,QTY"
"""The header of files of `FEED`."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A client's folder in a temporary place."""

    path: Path
    schema: Schema = SCHEMA

    def configure(self, *feeds: str, currency: str = "USD") -> None:
        """Write `client.yaml` with some feeds."""
        head = f"client: acme\nruleset: acme.tieout\ncurrency: {currency}\nfeeds:"
        (self.path / "client.yaml").write_text(head + "".join(feeds), encoding="utf-8")

    def deliver(self, name: str, content: str | bytes) -> Path:
        """Put a file into the incoming folder."""
        path = self.path / "incoming" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def client(self) -> ClientFile:
        """The client, which must be sound."""
        diagnostics = Diagnostics()
        client = read_client(self.path, diagnostics)
        assert client is not None, [one.message for one in diagnostics]
        return client

    def load(
        self, *paths: Path, on: date = LOADED_ON, closed: Closed | None = None, known_after: date | None = None
    ) -> LoadReport:
        """Load files, or the incoming folder."""
        client = self.client()
        with open_books(client.books, write=True, create=True) as books:
            return load(books, client.client, self.schema, paths or (client.incoming,), on, closed, known_after)

    def waiting(self, feed: str) -> list[Refused]:
        """The rows of a feed that wait in quarantine."""
        with open_books(self.path / "books", write=False) as books:
            return [row for row in refused_rows(books, feed) if row.state == "waiting"]

    def export(self, feed: str) -> bytes:
        """The rows of a feed that wait, as a file to be mended."""
        [found] = [one for one in self.client().client.feeds if one.name == feed]
        return export_bytes(found, self.waiting(feed))

    def resubmit(self, name: str, content: bytes, on: date = LOADED_ON) -> FileReport:
        """Load a mended export."""
        path = self.path / name
        path.write_bytes(content)
        client = self.client()
        with open_books(client.books, write=True) as books:
            [report] = resubmit(books, client.client, self.schema, path, on).files
        return report

    def take(self, name: str, content: str | bytes) -> FileReport:
        """Deliver and load one file."""
        report = self.load(self.deliver(name, content))
        assert len(report.files) == 1
        return report.files[0]

    def facts(self, name: str) -> list[dict[str, Any]]:
        """The rows that the books hold of a record, oldest file first, in stored order."""
        with open_books(self.path / "books", write=False) as books:
            return [row for path in books.fact_files(name) for row in rows_of(path)]

    def quarantine(self) -> dict[int, list[str]]:
        """The reasons of rows in quarantine by line; lines of several files must not be the same."""
        with open_books(self.path / "books", write=False) as books:
            rows = [row for path in books.quarantine_files() for row in rows_of(path)]
        return {row["source-row"]: row["reasons"] for row in rows}


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a Parquet file."""
    with duckdb.connect() as connection:
        result = connection.execute("SELECT * FROM read_parquet($path)", {"path": str(path)})
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
