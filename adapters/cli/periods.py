"""Commands over a period: roll it forward to any day, close it on trial or for good."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from adapters.books.entries import ControlTotal, Load
from adapters.books.store import open_books
from adapters.cli.command import DAY, EXISTING_OR_NOT, client_option, command
from adapters.cli.faults import DONE, PROBLEMS, RefusedError
from adapters.cli.material import require_material, restored, write_whole
from adapters.cli.signing import approved, requested, turned_down
from adapters.cli.terminal import Terminal
from adapters.closing.close import close_period
from adapters.closing.inspect import roll_forward
from adapters.closing.known import known_on
from adapters.closing.signing import approve_close, behind, reject_close, request_close
from adapters.quarantine import resubmitted_counts
from adapters.report.close_page import (
    close_json,
    close_page,
    known_json,
    known_page,
    report_tables,
    roll_forward_json,
    roll_forward_page,
)
from adapters.report.closing import Closing, FileLine, TotalLine
from adapters.report.conditions import refusal
from adapters.report.html import page_html
from adapters.report.text import page_text
from adapters.wording import counted
from engine.run.close import close_calendar


@command("reconcile", "tieout reconcile --as-of 2026-02-14")
@client_option
@click.option("--as-of", type=DAY, required=True, metavar="DATE", help="The day at whose end the stock is shown.")
def reconcile(terminal: Terminal, client: Path, as_of: datetime) -> int:
    """Roll the channel's stock forward to any day and hold it against the reports; nothing is posted."""
    material = require_material(client)
    name = material.client.client.client
    with (
        open_books(material.client.books, write=False) as books,
        terminal.working(f"rolling forward to {as_of:%Y-%m-%d}"),
    ):
        result = roll_forward(books, material.ruleset, as_of.date())
    terminal.show(page_text(roll_forward_page(name, result), terminal.has_colour), roll_forward_json(name, result))
    return DONE if result.publishable else PROBLEMS


@command(
    "close",
    "tieout close FY2026-P01",
    "tieout close FY2026-P01 --hard --html FY2026-P01.html",
    'tieout close FY2026-P01 --request --comment "all reports in"',
    "tieout close FY2026-P01 --approve",
)
@client_option
@click.option("--hard", is_flag=True, help="Freeze the period, in books that name no people.")
@click.option("--request", is_flag=True, help="Ask that the period be frozen as its last trial shows it.")
@click.option("--approve", is_flag=True, help="Agree to what somebody else asked for; the last approval freezes it.")
@click.option("--reject", is_flag=True, help="Turn down what was asked for.")
@click.option("--comment", default="", metavar="TEXT", help="A word with a request; why, with --reject.")
@click.option(
    "--html", type=EXISTING_OR_NOT, metavar="FILE", help="Write the page, with the reports, as HTML for A4 too."
)
@click.argument("period")
def close(
    terminal: Terminal,
    client: Path,
    hard: bool,
    request: bool,
    approve: bool,
    reject: bool,
    comment: str,
    html: Path | None,
    period: str,
) -> int:
    """Close a period: reconcile, post, check every tie-out, and print the page to sign.

    Without an option it is a trial, which can be repeated. If a tie-out fails nothing is published. If the conditions
    of a hard close are not met it is refused, and kept as a trial; `tieout exceptions` shows what is open and accepts
    it.

    In books that name people one asks for the hard close of a trial and others approve it. The last approval runs the
    period again, and freezes it if that run finds, file by file, what the trial found.
    """
    if sum((hard, request, approve, reject)) > 1:
        raise click.UsageError("take one of --hard, --request, --approve and --reject")
    if html is not None and not html.parent.is_dir():
        raise RefusedError(f"there is no folder {html.parent}", "make it first")
    material = require_material(client)
    calendar = close_calendar(material.ruleset).name
    with (
        open_books(material.client.books, write=True, policy=material.policy) as books,
        terminal.working(f"closing {period}") as progress,
    ):
        frozen = books.last_hard_closed(calendar)
        if request:
            return requested(terminal, request_close(books, material.ruleset, period, comment), period)
        if reject:
            reject_close(books, material.ruleset, period, comment)
            return turned_down(terminal, period, "close")

        def say(words: str) -> None:
            progress(f"closing {period}: {words}")

        if approve:
            agreement = approve_close(books, material.ruleset, period, progress=say)
            if agreement.closed is None:
                return approved(terminal, period, "close", agreement.missing)
            closed = agreement.closed
        else:
            closed = close_period(books, material.ruleset, period, hard=hard, progress=say)
        loads = [one for one in books.loads() if frozen is None or one.seq > frozen.id]
        again = resubmitted_counts(books)
        closing = Closing(
            client=material.client.client.client,
            kind="hard close" if (hard or approve) and not closed.is_refused else "trial",
            number=closed.run.number if closed.run is not None else None,
            known_at=None,
            files=tuple(_file(one, again[one.feed, one.sha256]) for one in loads),
            result=closed.result,
            conditions=closed.conditions,
            is_refused=closed.is_refused,
            built_on=closed.built_on,
            replayed=closed.replayed,
            behind=behind(books, calendar, period) if closed.run is not None else None,
        )
    return _told(terminal, closing, html)


@command("known", "tieout known FY2026-P01 --on 2026-02-10")
@client_option
@click.option("--on", type=DAY, required=True, metavar="DATE", help="The day at whose end (UTC) it was known.")
@click.argument("period")
def known(terminal: Terminal, client: Path, on: datetime, period: str) -> int:
    """Show what the books knew on a day about a period: how far it was, and what it came to by what was loaded then.

    The period is run again with the facts and the rules of that day; nothing is published.
    """
    material = require_material(client)
    day = on.date().isoformat()
    with (
        open_books(material.client.books, write=False, policy=material.policy) as books,
        terminal.working(f"running {period} as known on {day}"),
    ):
        found = known_on(books, material.ruleset, period, on.date(), restored)
    name = material.client.client.client
    by = "no run of it was made" if found.run is None else f"its last run was {found.run.kind.value} {found.run.number}"
    said = (f"{period} was {found.state.value}; {by}", f"{counted(len(found.files), 'file')} had been loaded")
    values = {
        **known_json(name, found.result, day),
        "state": found.state.value,
        "run": None if found.run is None else f"{found.run.kind.value} {found.run.number}",
        "publication": found.publication,
        "files": list(found.files),
    }
    terminal.show(page_text(known_page(name, found.result, day, said), terminal.has_colour), values)
    return DONE


def _told(terminal: Terminal, closing: Closing, html: Path | None) -> int:
    """Print the page of a close, write it where asked for, and say how it went as an exit code."""
    period = closing.result.period
    page, values = close_page(closing), close_json(closing)
    if closing.is_refused:
        message, help_text = refusal(closing.conditions, period)
        values["problems"] = [{"message": message, "help": help_text}]
    terminal.show(page_text(page, terminal.has_colour), values)
    for problem in values.get("problems", ()):
        if not terminal.wants_json:
            terminal.note(f"error: {problem['message']}\n  help: {problem['help']}")
    is_published = closing.number is not None
    if html is not None and is_published:
        write_whole(html, page_html(page, report_tables(closing.result)))
        terminal.note(f"the page was written to {html}")
    is_hard = closing.kind == "hard close"
    good = is_published and not closing.is_refused and (is_hard or closing.conditions.allows_trial)
    return DONE if good else PROBLEMS


def _file(load: Load, resubmitted: int) -> FileLine:
    return FileLine(
        load.file_name,
        load.feed,
        date.fromisoformat(load.loaded_at[:10]),
        load.received,
        load.accepted,
        load.quarantined,
        tuple(_total(total) for total in load.control_totals),
        resubmitted,
    )


def _total(total: ControlTotal) -> TotalLine:
    return TotalLine(total.name, total.received, total.accepted, total.quarantined, total.declared)
