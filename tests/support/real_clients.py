"""The two real clients taken in and closed as the command line does it, from the files beside the repository."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from adapters.books.anchor import anchor_of
from adapters.books.store import open_books
from adapters.client.check import check_client
from adapters.client.loader import read_client
from adapters.closing.close import Closed, close_period
from adapters.closing.inspect import roll_forward
from adapters.feeds.report import FileReport
from adapters.intake import load
from adapters.ruleset_files import read_ruleset
from dsl.diagnostics import Diagnostics
from engine.model.identity import schema_of
from engine.model.ruleset import Ruleset
from engine.run.results import CloseResult, StockLine
from tests.support.channel_client import rows_of
from tests.support.shared import ROOT

LOADED_ON = date(2026, 1, 1)
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class RealClient:
    """A real client's ruleset, the folder of its books, and what the load of each file came to."""

    ruleset: Ruleset
    folder: Path
    files: dict[str, FileReport]

    def facts(self, record: str) -> Rows:
        """The facts of a kind or the rows of a register, in the books."""
        with open_books(self.folder, write=False) as books:
            return [row for path in books.fact_files(record) for row in rows_of(path)]

    def copy(self, folder: Path) -> RealClient:
        """The same client with books of its own, as they stand."""
        shutil.copytree(self.folder, folder)
        shutil.copy(anchor_of(self.folder).path, anchor_of(folder).path)
        return RealClient(self.ruleset, folder, self.files)

    def close(self, period: str, *, hard: bool = False) -> ClosedClient:
        """Close a period, whose tie-outs must all hold."""
        with open_books(self.folder, write=True) as books:
            closed = close_period(books, self.ruleset, period, hard=hard)
            assert [one.sentence for one in closed.result.tie_outs if not one.passed] == []
            assert closed.run is not None
            return ClosedClient(closed, books.run_files(closed.run))

    def held_on(self, day: date) -> dict[str, StockLine]:
        """The roll-forward as at the end of a day, by part."""
        with open_books(self.folder, write=False) as books:
            return {line.name: line for line in roll_forward(books, self.ruleset, day).stock}


@dataclass(frozen=True, slots=True)
class ClosedClient:
    """A close and the files it published."""

    closed: Closed
    files: dict[str, Path]

    @property
    def result(self) -> CloseResult:
        """What the close found."""
        return self.closed.result

    def rows(self, relation: str) -> Rows:
        """The rows of a published relation."""
        return rows_of(self.files[relation.replace(" ", "_")])

    def report(self, name: str) -> dict[str, dict[str, Any]]:
        """The rows of a report, by part."""
        return {row["part"]: row for row in self.rows(f"report {name}")}

    def closing_balance(self, report: str) -> dict[str, Decimal]:
        """The closing balance a report rolls, by part."""
        return {row["part"]: row["amount"] for row in self.rows(f"roll of {report}") if row["movement"] == "closing"}

    def broken(self) -> dict[str, int]:
        """How many rows broke each control, without those that held."""
        return {one.name: one.broken for one in self.result.controls if one.broken}


def take_in(name: str, data: Path, books_folder: Path) -> RealClient:
    """A client of `rulesets/clients` with all its files loaded into new books."""
    diagnostics = Diagnostics()
    client = read_client(ROOT / "rulesets" / "clients" / name, diagnostics)
    assert client is not None
    ruleset, found = read_ruleset(client.rulesets[-1])
    diagnostics.extend(found)
    assert ruleset is not None
    schema = schema_of(ruleset)
    check_client(client, schema, diagnostics)
    assert [one.message for one in diagnostics.errors] == []
    files = [path for path in sorted(data.iterdir()) if any(path.name in feed.files for feed in client.client.feeds)]
    with open_books(books_folder, write=True, create=True) as books:
        report = load(books, client.client, schema, files, LOADED_ON)
    return RealClient(ruleset, books_folder, {file.name: file for file in report.files})
