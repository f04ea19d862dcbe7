"""What is asked for and agreed to about a period, as commands tell it; and the command that reopens a closed one."""

from __future__ import annotations

from pathlib import Path

import click

from adapters.books.store import open_books
from adapters.cli.command import client_option, command
from adapters.cli.faults import DONE, PROBLEMS
from adapters.cli.material import require_material
from adapters.cli.terminal import Terminal
from adapters.closing.signing import Asked, approve_reopening, reject_reopening, request_reopening
from adapters.report.conditions import refusal


@command(
    "reopen",
    'tieout reopen FY2026-P01 --comment "ACME restated December"',
    "tieout reopen FY2026-P01 --approve",
)
@client_option
@click.option("--approve", is_flag=True, help="Agree to what somebody else asked for; two must.")
@click.option("--reject", is_flag=True, help="Turn it down: the period stays closed.")
@click.option("--comment", default="", metavar="TEXT", help="Why it must be opened again, or stays closed.")
@click.argument("period")
def reopen(terminal: Terminal, client: Path, approve: bool, reject: bool, comment: str, period: str) -> int:
    """Open the period that was hard-closed last again: one asks with a reason, two others approve.

    Its close stays in the books and can be verified for ever. A correction that posts in the next period is mostly the
    better way: `tieout load` the file, and the next close posts what is late.
    """
    if approve and reject:
        raise click.UsageError("take one of --approve and --reject")
    material = require_material(client)
    with open_books(material.client.books, write=True, policy=material.policy) as books:
        if reject:
            reject_reopening(books, material.ruleset, period, comment)
            return turned_down(terminal, period, "reopening")
        if approve:
            missing = approve_reopening(books, material.ruleset, period)
            if missing:
                return approved(terminal, period, "reopening", missing)
            terminal.show(
                f"{period} is open again; `tieout close {period}` makes a trial", {"period": period, "open": True}
            )
            return DONE
        is_new = request_reopening(books, material.ruleset, period, comment)
    told = "two others approve it with `--approve`" if is_new else "so it was asked before, nothing to do"
    terminal.show(f"the reopening of {period} is asked for; {told}", {"period": period, "open": False})
    return DONE


def requested(terminal: Terminal, asked: Asked, period: str) -> int:
    """Tell what became of a request for a hard close."""
    values = {"period": period, "trial": asked.run.number, "manifest": asked.manifest, "asked": True}
    if not asked.conditions.allows_hard_close:
        message, help_text = refusal(asked.conditions, period)
        problem = {"message": message, "help": help_text}
        terminal.show("nothing was asked for", {**values, "asked": False, "problems": [problem]})
        if not terminal.wants_json:
            terminal.note(f"error: {message}\n  help: {help_text}")
        return PROBLEMS
    told = f"the close of {period} is asked for, as trial {asked.run.number} shows it"
    told += f" (manifest {asked.manifest[:10]}); another approves it with `tieout close {period} --approve`"
    terminal.show(told if asked.is_new else f"{told}: so it was before, nothing to do", values)
    return DONE


def approved(terminal: Terminal, period: str, what: str, missing: tuple[str, ...]) -> int:
    """Tell that an approval was recorded and others are missing."""
    roles = ", ".join(one or "another controller" for one in missing)
    left = f"; still missing: {roles}" if missing else ", and nothing is missing"
    terminal.show(
        f"the {what} of {period} is approved by you{left}",
        {"period": period, "missing": list(missing)},
    )
    return DONE


def turned_down(terminal: Terminal, period: str, what: str) -> int:
    """Tell that a request was turned down."""
    terminal.show(f"the {what} of {period} is turned down", {"period": period, "rejected": True})
    return DONE
