"""The command that lists a period's journal line by line: what explanations are asked for."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from sqlglot import exp

from adapters.books.entries import Run
from adapters.books.store import Books, open_books
from adapters.books.tables import attach
from adapters.cli.command import client_option, command
from adapters.cli.faults import DONE, RefusedError
from adapters.cli.material import require_material
from adapters.cli.terminal import Terminal
from adapters.closing.running import file_name
from adapters.confined import confined
from adapters.report.blocks import Column, Table
from adapters.report.text import block_lines
from adapters.wording import counted, figure, plain
from engine.ledger.money import minor_digits
from engine.model.books import other_books, posting_book
from engine.model.ruleset import Ruleset
from engine.plan.books import book_relation
from engine.run.close import close_calendar

LINES = "ledger line"
"""The relation of a run that holds its journal's lines."""

LISTED = 50
"""How many lines are shown as text unless told otherwise."""

SIDES = ("debit", "credit")
WHERE = ("partner", "part")
"""The dimensions shown as text; JSON has all."""


@command(
    "journal",
    "tieout journal FY2026-P01",
    "tieout journal FY2026-P01 --account 4010 --partner ACME",
    "tieout journal FY2026-P01 --book management",
)
@client_option
@click.option("--account", metavar="NUMBER", help="Only the lines of one account.")
@click.option("--partner", metavar="CODE", help="Only the lines of one partner.")
@click.option("--journal", "name", metavar="NAME", help="Only the lines of one journal of the ruleset.")
@click.option("--book", metavar="NAME", help="The lines of a book that does not post; by default of the one that does.")
@click.option(
    "--limit", type=click.IntRange(1), default=LISTED, metavar="N", help="Lines shown as text; by default 50."
)
@click.argument("period")
def journal(
    terminal: Terminal,
    client: Path,
    account: str | None,
    partner: str | None,
    name: str | None,
    book: str | None,
    limit: int,
    period: str,
) -> int:
    """List the journal lines of a period as its last close posted them; `tieout explain LINE` explains one."""
    material = require_material(client)
    wanted = {"account": account, "partner": partner, "journal": name}
    with open_books(material.client.books, write=False) as books:
        runs = books.runs(close_calendar(material.ruleset).name, period)
        if not runs:
            raise RefusedError(f"{period} was not closed yet", f"run `tieout close {period}`")
        of_run = _relation_of(material.ruleset, books, runs[-1], book)
        lines = _lines(books, runs[-1], of_run, {key: value for key, value in wanted.items() if value is not None})
    home = material.ruleset.head.currency
    measures = ("amount", "booked") if any(line["currency"] != home for line in lines) else ("amount",)
    shown = tuple(_cells(line, measures, home) for line in lines[:limit])
    sides = [side if measure == "amount" else f"{side} booked" for measure in measures for side in SIDES]
    headings = ("line", "account", *WHERE, "journal", *(["currency"] if len(measures) > 1 else []), *sides)
    columns = tuple(Column(heading, heading in sides, heading == "line") for heading in headings)
    sums = [figure(_sum(lines, side, measures[-1]), minor_digits(home)) for side in SIDES]
    total = ("total", *("" for _ in headings[1:-2]), *sums)
    run = f"{runs[-1].kind.value} {runs[-1].number}"
    title = f"Journal of {period}, {run}" if book is None else f"Journal of {period} in book {book}, {run}"
    table = Table(title, columns, shown, total if len(shown) == len(lines) else (), "no lines")
    text = [line.rstrip() for line in block_lines(table, terminal.has_colour)]
    if len(shown) < len(lines):
        text += [
            "",
            f"{counted(len(lines), 'line')}, the first {len(shown):,} shown: --limit shows more, --format json all",
        ]
    terminal.show("\n".join(text), {"period": period, "run": run, "lines": plain(lines)})
    return DONE


def _relation_of(ruleset: Ruleset, books: Books, run: Run, book: str | None) -> str:
    """The relation with the lines of a book; RefusedError where the run kept none."""
    if book is None or book == posting_book(ruleset):
        return LINES
    found = book_relation(book, LINES)
    if file_name(found) in books.run_entries(run):
        return found
    kept = ", ".join(one.name for one in other_books(ruleset)) or "none but the one that posts"
    raise RefusedError(f"{run.period} was closed without a book called {book}", f"the books of the rules: {kept}")


def _lines(books: Books, run: Run, of_run: str, wanted: dict[str, str]) -> list[dict[str, Any]]:
    """The lines of a run that have all values wanted, by id."""
    entry = books.run_entries(run).get(file_name(of_run))
    if entry is None:
        return []
    with confined({}, [books.path(entry)]) as connection:
        attach(connection, LINES, entry.columns, books.layout.folder, [entry])
        names = [name for name, _ in entry.columns]
        query = exp.select(*(exp.column(one, quoted=True) for one in names)).from_(
            exp.to_identifier(LINES, quoted=True)
        )
        for key, value in wanted.items():
            query = query.where(exp.EQ(this=exp.column(key, quoted=True), expression=exp.Literal.string(value)))
        rows = connection.execute(query.order_by(exp.column("id", quoted=True)).sql("duckdb")).fetchall()
    return [dict(zip(names, row, strict=True)) for row in rows]


def _cells(line: dict[str, Any], measures: tuple[str, ...], home: str) -> tuple[str, ...]:
    """A line as text; with a second measure, its currency and what is booked of it."""
    places = {"amount": minor_digits(line["currency"]), "booked": minor_digits(home)}
    sides = [
        figure(line[one], places[one]) if line["side"] == side and line[one] else ""
        for one in measures
        for side in SIDES
    ]
    currency = [line["currency"]] if len(measures) > 1 else []
    account = f"{line['account'] or 'no account'} {line['account.title'] or ''}".rstrip()
    return (line["id"], account, *(str(line.get(one) or "") for one in WHERE), line["journal"], *currency, *sides)


def _sum(lines: list[dict[str, Any]], side: str, measure: str) -> Decimal:
    return sum((line[measure] for line in lines if line["side"] == side), Decimal(0))
