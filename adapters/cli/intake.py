"""The command that brings a client's files into its books."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import click

from adapters.books.store import Books, open_books
from adapters.cli.command import DAY, EXISTING_OR_NOT, client_option, command
from adapters.cli.faults import DONE, PROBLEMS, RefusedError
from adapters.cli.material import Material, require_material
from adapters.cli.terminal import Terminal
from adapters.closing.running import file_name
from adapters.feeds.report import LoadReport
from adapters.feeds.versions import Closed
from adapters.intake import load as load_files
from adapters.load_text import load_json, load_text
from engine.model.identity import schema_of
from engine.plan.facts import SETTLED
from engine.plan.posting.differences import recomputes
from engine.run.close import close_calendar


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


def load_client(
    books: Books, material: Material, paths: Sequence[Path], loaded_on: date, strict: bool = False
) -> LoadReport:
    """Load files of a client into its books, opened for writing; no closed period will have known of them.

    Where late facts recompute from their date, another version of what a closed period counted is one of them.
    """
    closed, frozen = known_by(books, material)
    return load_files(
        books, material.client.client, schema_of(material.ruleset), paths, loaded_on, closed, frozen, strict
    )


def known_by(books: Books, material: Material) -> tuple[Closed | None, date | None]:
    """The last hard-closed period as rows are held against it, and the day as of which it was frozen."""
    run = books.last_hard_closed(close_calendar(material.ruleset).name)
    period = books.period(run.calendar, run.period).period if run is not None else None
    settled = books.run_files(run).get(file_name(SETTLED)) if run is not None else None
    closed = None
    if period is not None:
        stands = date.min if recomputes(material.ruleset) else period.end
        closed = Closed(stands, period.name, settled)
    return closed, period.end if period is not None else None
