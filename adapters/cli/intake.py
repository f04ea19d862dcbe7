"""Commands that bring a client's files into its books: load, and what waits in quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import click
import duckdb
from sqlglot import exp

from adapters.books.layout import QUARANTINE
from adapters.books.store import Books, open_books
from adapters.books.tables import attach
from adapters.cli.command import DAY, EXISTING_OR_NOT, InOrder, client_option, command
from adapters.cli.faults import DONE, PROBLEMS, RefusedError
from adapters.cli.material import Material, require_client, require_material, write_whole
from adapters.cli.terminal import Terminal
from adapters.closing.running import file_name
from adapters.feeds.report import LoadReport
from adapters.feeds.take import QUARANTINE_SHAPE
from adapters.feeds.versions import Closed
from adapters.intake import load as load_files
from adapters.load_text import load_json, load_text
from adapters.report.blocks import Column, Table
from adapters.report.text import block_lines
from adapters.spreadsheet import csv_text
from adapters.wording import counted, plain
from engine.model.identity import schema_of
from engine.plan.facts import SETTLED
from engine.plan.posting.differences import recomputes
from engine.run.close import close_calendar

LISTED = 50
"""How many rows `quarantine list` shows unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A row in quarantine: the feed and file it came by, its line in the file, why it waits, and its text."""

    feed: str
    file: str
    row: int
    reasons: tuple[str, ...]
    text: str


@command("load", "tieout load incoming", "tieout load --client clients/acme incoming/acme_pos_2026-02.csv")
@client_option
@click.option("--on", "loaded_on", type=DAY, metavar="DATE", help="The day the files became known; by default today.")
@click.option("--strict", is_flag=True, help="Write nothing if any row cannot be read.")
@click.argument("files", nargs=-1, type=EXISTING_OR_NOT, metavar="[FILE]...")
def load(terminal: Terminal, client: Path, loaded_on: datetime | None, strict: bool, files: tuple[Path, ...]) -> int:
    """Load a client's files into its books.

    FILE is a file or a folder of files; by default the client's incoming folder. Rows that cannot be read wait in
    quarantine, each with a reason, and the exit code is 1. A file that is not whole refuses the load: then nothing is
    written.
    """
    material = require_material(client)
    paths = files or (material.client.incoming,)
    if not files and not material.client.incoming.is_dir():
        raise RefusedError(f"there is no folder {material.client.incoming}", "make it, or name the files to load")
    day = loaded_on.date() if loaded_on is not None else date.today()  # noqa: DTZ011 (the user's own day)
    with (
        terminal.working("loading"),
        open_books(material.client.books, write=True, create=True, policy=material.policy) as books,
    ):
        report = load_client(books, material, paths, day, strict)
    text = load_text(report)
    if report.quarantined and report.is_written:
        text += "see `tieout quarantine list`\n"
    terminal.show(text, load_json(report))
    return PROBLEMS if report.refused or report.quarantined else DONE


@click.group("quarantine", cls=InOrder)
def quarantine() -> None:
    """Show the rows that could not be read, and why."""


@command("list", "tieout quarantine list", "tieout quarantine list --feed acme-pos")
@client_option
@click.option("--feed", metavar="FEED", help="Only the rows of one feed.")
@click.option("--limit", type=click.IntRange(1), default=LISTED, metavar="N", help="Rows shown at most; by default 50.")
def list_(terminal: Terminal, client: Path, feed: str | None, limit: int) -> int:
    """List the rows in quarantine, newest file last, each with its reasons."""
    rows = _refused(client, feed)
    columns = (Column("file"), Column("row", True), Column("reason"))
    shown = tuple((row.file, f"{row.row:,}", "; ".join(row.reasons)) for row in rows[:limit])
    lines = block_lines(Table("Quarantine", columns, shown, (), "no row waits"), terminal.has_colour)
    lines = [line.rstrip() for line in lines]
    if rows:
        more = f", the first {limit:,} of them shown" if len(rows) > limit else ""
        lines += ["", f"{counted(len(rows), 'row')} in quarantine{more}; correct the file and load it again"]
    terminal.show("\n".join(lines), {"count": len(rows), "rows": plain(rows[:limit])})
    return DONE


@command("export", "tieout quarantine export refused.csv")
@client_option
@click.option("--feed", metavar="FEED", help="Only the rows of one feed.")
@click.argument("file", type=EXISTING_OR_NOT)
def export(terminal: Terminal, client: Path, feed: str | None, file: Path) -> int:
    """Write the rows in quarantine to FILE as CSV, each as it was delivered, with its reasons."""
    rows = _refused(client, feed)
    if not file.parent.is_dir():
        raise RefusedError(f"there is no folder {file.parent}", "make it first")
    cells = ((row.feed, row.file, row.row, "; ".join(row.reasons), row.text) for row in rows)
    write_whole(file, csv_text(("feed", "file", "row", "reasons", "text"), cells))
    terminal.show(f"{counted(len(rows), 'row')} written to {file}", {"file": str(file), "rows": len(rows)})
    return DONE


quarantine.add_command(list_)
quarantine.add_command(export)


def load_client(
    books: Books, material: Material, paths: Sequence[Path], loaded_on: date, strict: bool = False
) -> LoadReport:
    """Load files of a client into its books, opened for writing; no closed period will have known of them.

    Where late facts recompute from their date, another version of what a closed period counted is one of them.
    """
    run = books.last_hard_closed(close_calendar(material.ruleset).name)
    period = books.period(run.calendar, run.period).period if run is not None else None
    settled = books.run_files(run).get(file_name(SETTLED)) if run is not None else None
    closed = None
    if period is not None:
        stands = date.min if recomputes(material.ruleset) else period.end
        closed = Closed(stands, period.name, settled)
    frozen = period.end if period is not None else None
    return load_files(
        books, material.client.client, schema_of(material.ruleset), paths, loaded_on, closed, frozen, strict
    )


def refused_rows(books: Books, feed: str | None) -> list[Refused]:
    """The rows in quarantine, of all feeds or of one, in the order of their files."""
    found: list[Refused] = []
    with duckdb.connect(":memory:") as connection:
        for entry in books.ledger.files_in(QUARANTINE):
            if feed is not None and entry.name != feed:
                continue
            attach(connection, "refused", QUARANTINE_SHAPE, books.layout.folder, [entry])
            names = ("file-name", "source-row", "reasons", "text")
            query = exp.select(*(exp.column(name, quoted=True) for name in names)).from_("refused")
            query = query.order_by(*(exp.column(name, quoted=True) for name in ("file-name", "source-row", "text")))
            for file, row, reasons, text in connection.execute(query.sql("duckdb")).fetchall():
                found.append(Refused(entry.name, file, row, tuple(reasons), text))
    return found


def _refused(client: Path, feed: str | None) -> list[Refused]:
    with open_books(require_client(client).books, write=False) as books:
        return refused_rows(books, feed)
