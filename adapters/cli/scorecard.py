"""The command that shows how partners report: a card of each for a period, and the trend over those closed."""

from __future__ import annotations

from pathlib import Path

import click

from adapters.books.store import open_books
from adapters.cli.command import EXISTING_OR_NOT, client_option, command
from adapters.cli.faults import DONE, RefusedError
from adapters.cli.material import require_material, write_whole
from adapters.cli.terminal import Terminal
from adapters.closing.scorecards import report_of
from adapters.closing.scorecards import scorecard as read_scorecard
from adapters.report.html import page_html
from adapters.report.scorecard_charts import pictures_of_cards
from adapters.report.scorecard_page import scorecard_json, scorecard_page
from adapters.report.text import page_text


@command(
    "scorecard",
    "tieout scorecard",
    "tieout scorecard FY2026-P02 --partner ACME",
    "tieout scorecard --html scorecard.html",
)
@client_option
@click.option("--partner", metavar="PARTNER", help="Only the cards of one partner.")
@click.option("--report", "name", metavar="REPORT", help="Another report for each partner and period.")
@click.option("--html", type=EXISTING_OR_NOT, metavar="FILE", help="Write the page with pictures as HTML for A4 too.")
@click.argument("period", required=False)
def scorecard(
    terminal: Terminal, client: Path, partner: str | None, name: str | None, html: Path | None, period: str | None
) -> int:
    """Show how partners report: a card of each for a PERIOD, by default the last one closed, and the trend up to it.

    The figures and their thresholds are rules: the last report of them called `...scorecard`. Nothing is run again.
    """
    if html is not None and not html.parent.is_dir():
        raise RefusedError(f"there is no folder {html.parent}", "make it first")
    material = require_material(client)
    report = report_of(material.ruleset, name)
    with open_books(material.client.books, write=False) as books:
        found = read_scorecard(books, material.ruleset, report, period, partner)
    who = material.client.client.client
    page = scorecard_page(who, found)
    terminal.show(page_text(page, terminal.has_colour), scorecard_json(who, found))
    if html is not None:
        write_whole(html, page_html(page, pictures=pictures_of_cards(found)))
        terminal.note(f"the page was written to {html}")
    return DONE
