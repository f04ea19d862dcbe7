"""The command that leads from a journal line to the rule that made it and the rows under it, and from a row back."""

from __future__ import annotations

from pathlib import Path

import click

from adapters.books.store import open_books
from adapters.cli.command import client_option, command
from adapters.cli.faults import DONE
from adapters.cli.material import require_material, restored
from adapters.cli.terminal import Terminal
from adapters.closing.explain import explain as explain_line
from adapters.closing.explain_row import explain_row
from adapters.explain_text import line_json, line_text, row_json, row_text


@command(
    "explain",
    "tieout explain JL-FY2026-P01-000482",
    "tieout explain JL-FY2026-P01-000482 --all",
    "tieout explain --not acme_pos_2026-01.csv:17",
)
@client_option
@click.option("--all", "everything", is_flag=True, help="Show every source row and layer, not only the largest.")
@click.option(
    "--not", "row", metavar="ROW", help="Say why a row posts nothing: FILE:ROW, or a number such as an invoice's."
)
@click.argument("line", required=False)
def explain(terminal: Terminal, client: Path, everything: bool, row: str | None, line: str | None) -> int:
    """Lead from a journal line to the rule that made it and the raw rows under it.

    LINE is a line's id, such as JL-FY2026-P01-000482. It is explained by the rules and rows its run used.
    """
    if (line is None) == (row is None):
        raise click.UsageError("name a journal line, or a row with --not")
    material = require_material(client)
    with open_books(material.client.books, write=False) as books, terminal.working(f"explaining {line or row}"):
        if line is not None:
            found = explain_line(books, material.ruleset, line, restored, everything=everything)
            text, values = line_text(found), line_json(found)
        else:
            told = explain_row(books, material.ruleset, row or "", restored, material.client.incoming)
            text, values = row_text(told), row_json(told)
    terminal.show(text, values)
    return DONE
