"""Commands over rows that could not be read: list them, give them out to be mended, take them back in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from adapters.books.store import open_books
from adapters.cli.command import DAY, EXISTING_OR_NOT, InOrder, client_option, command
from adapters.cli.faults import DONE, PROBLEMS, RefusedError
from adapters.cli.intake import known_by
from adapters.cli.material import require_client, require_material, write_whole_bytes
from adapters.cli.terminal import Terminal
from adapters.client.config import Feed
from adapters.client.loader import ClientFile
from adapters.intake import resubmit as resubmit_file
from adapters.load_text import load_json, load_text
from adapters.quarantine import Refused, refused_rows
from adapters.report.blocks import Column, Table
from adapters.report.text import block_lines
from adapters.resubmission import export_bytes
from adapters.wording import counted, plain, visible
from engine.model.identity import schema_of

LISTED = 50
"""How many rows `quarantine list` shows unless told otherwise."""

WAITING = "waiting"
STATES = (WAITING, "resubmitted", "all")

Function = TypeVar("Function", bound=Callable[..., Any])


@click.group("quarantine", cls=InOrder)
def quarantine() -> None:
    """Show the rows that could not be read, and why; mend them and take them back in."""


def _which(function: Function) -> Function:
    """The options that choose rows: by feed, file and reason."""
    for option in (
        click.option("--reason", metavar="TEXT", help="Only the rows with this text in a reason."),
        click.option("--file", "of_file", metavar="NAME", help="Only the rows of the file of this name."),
        click.option("--feed", metavar="FEED", help="Only the rows of one feed."),
    ):
        function = option(function)
    return function


@command("list", "tieout quarantine list", "tieout quarantine list --feed acme-pos --reason 'not a known part'")
@client_option
@_which
@click.option("--state", type=click.Choice(STATES), default=WAITING, help="Rows that wait (by default), or others.")
@click.option("--limit", type=click.IntRange(1), default=LISTED, metavar="N", help="Rows shown at most; by default 50.")
def list_(
    terminal: Terminal,
    client: Path,
    feed: str | None,
    of_file: str | None,
    reason: str | None,
    state: str,
    limit: int,
) -> int:
    """List the rows in quarantine, newest file last, each with its reasons.

    A row waits until another was resubmitted in its place; it stays on record.
    """
    every = _chosen(require_client(client), feed, of_file, reason)
    rows = [row for row in every if state in (row.state, "all")]
    has_state = state != WAITING
    columns = (Column("file"), Column("row", True), *([Column("state")] if has_state else []), Column("reason"))
    shown = tuple(
        (visible(row.file), f"{row.row:,}", *([_state(row)] if has_state else []), visible("; ".join(row.reasons)))
        for row in rows[:limit]
    )
    block = block_lines(Table("Quarantine", columns, shown, (), "no row waits"), terminal.has_colour)
    lines = [line.rstrip() for line in block]
    again = sum(row.replaced_by is not None for row in every)
    if every:
        resubmitted = f", {again:,} more resubmitted" if again else ""
        more = f", the first {limit:,} shown" if len(rows) > limit else ""
        waiting = f"{counted(len(every) - again, 'row')} in quarantine{resubmitted}{more}"
        lines += ["", f"{waiting}; `tieout quarantine export FILE` writes them to be mended"]
    values = {"count": len(rows), "waiting": len(every) - again, "resubmitted": again}
    terminal.show("\n".join(lines), {**values, "rows": [_json(row) for row in rows[:limit]]})
    return DONE


@command("export", "tieout quarantine export mend.csv", "tieout quarantine export mend.csv --feed acme-pos")
@client_option
@_which
@click.argument("file", type=EXISTING_OR_NOT)
def export(
    terminal: Terminal, client: Path, feed: str | None, of_file: str | None, reason: str | None, file: Path
) -> int:
    """Write the rows of a feed that wait to FILE, to be mended and resubmitted.

    FILE has the columns, the separator and the encoding of the feed, and columns behind them that say which row each
    is and why it waits. It is safe to open in a spreadsheet. Rows left out of it wait on.
    """
    found = require_client(client)
    rows = [row for row in _chosen(found, feed, of_file, reason) if row.state == WAITING]
    feeds = sorted({row.feed for row in rows})
    if not rows:
        raise RefusedError("no row waits that is asked for, nothing was written", "see `tieout quarantine list`")
    if len(feeds) > 1:
        raise RefusedError(f"rows of {len(feeds)} feeds wait: {', '.join(feeds)}", "name one with --feed")
    if not file.parent.is_dir():
        raise RefusedError(f"there is no folder {file.parent}", "make it first")
    whole = [row for row in rows if row.columns]
    if not whole:
        raise RefusedError(
            "these rows were loaded by an earlier tieout, which kept no columns", "load a corrected file"
        )
    try:
        write_whole_bytes(file, export_bytes(_feed(found, feeds[0]), whole))
    except UnicodeEncodeError as error:
        character = visible(error.object[error.start : error.end])
        message = f"feed {feeds[0]} is written in {error.encoding}, which has no `{character}` of a file's name"
        raise RefusedError(message, "choose other rows with --file") from error
    left = len(rows) - len(whole)
    left_out = f"; {counted(left, 'row')} of an earlier tieout left out" if left else ""
    words = f"{counted(len(whole), 'row')} written to {file}{left_out}"
    advice = f"mend the rows, leave their first column of tieout as it is, then `tieout quarantine resubmit {file}`"
    terminal.show(f"{words}\n{advice}", {"file": str(file), "rows": len(whole), "feed": feeds[0]})
    return DONE


@command("resubmit", "tieout quarantine resubmit mend.csv")
@client_option
@click.option("--on", "loaded_on", type=DAY, metavar="DATE", help="The day the rows became known; by default today.")
@click.argument("file", type=EXISTING_OR_NOT)
def resubmit(terminal: Terminal, client: Path, loaded_on: datetime | None, file: Path) -> int:
    """Load FILE, a mended export, each row in the place of the one in quarantine that it names.

    A row that still cannot be read waits again, and the exit code is 1. The rows replaced stay on record. The same
    file again does nothing, and no row is replaced twice.
    """
    material = require_material(client)
    day = loaded_on.date() if loaded_on is not None else date.today()  # noqa: DTZ011 (the user's own day)
    with (
        terminal.working("resubmitting"),
        open_books(material.client.books, write=True, policy=material.policy) as books,
    ):
        of_client, schema = material.client.client, schema_of(material.ruleset)
        report = resubmit_file(books, of_client, schema, file, day, *known_by(books, material))
    terminal.show(load_text(report), load_json(report))
    return PROBLEMS if report.refused or report.quarantined else DONE


quarantine.add_command(list_)
quarantine.add_command(export)
quarantine.add_command(resubmit)


def _chosen(client: ClientFile, feed: str | None, of_file: str | None, reason: str | None) -> Sequence[Refused]:
    with open_books(client.books, write=False) as books:
        rows = refused_rows(books, feed)
    return [
        row
        for row in rows
        if of_file in (None, row.file) and (reason is None or any(reason in one for one in row.reasons))
    ]


def _feed(client: ClientFile, name: str) -> Feed:
    for feed in client.client.feeds:
        if feed.name == name:
            return feed
    raise RefusedError(f"client.yaml has no feed {name} any more", "give the feed its former name")


def _state(row: Refused) -> str:
    by = row.replaced_by
    return WAITING if by is None else f"resubmitted: {visible(by.file)}:{by.row}, {by.fate}"


def _json(row: Refused) -> dict[str, Any]:
    values: dict[str, Any] = plain(row)
    return {**values, "state": row.state, "reference": row.reference}
