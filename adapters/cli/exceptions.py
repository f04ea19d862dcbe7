"""Commands over the exceptions of a period: list what its last run raised, accept some with a reason."""

from __future__ import annotations

from pathlib import Path

import click

from adapters.books.store import open_books
from adapters.cli.command import InOrder, client_option, command
from adapters.cli.faults import DONE
from adapters.cli.material import require_material
from adapters.cli.terminal import Terminal
from adapters.closing.exceptions import accept, standing_of
from adapters.report.blocks import Column, Table
from adapters.report.conditions import accepted_table, standing_json, state_of
from adapters.report.text import block_lines
from adapters.wording import counted, figure
from engine.ledger.money import minor_digits
from engine.run.conditions import Conditions, Standing

LISTED = 50
"""How many exceptions are shown as text unless told otherwise."""


@click.group("exceptions", cls=InOrder)
def exceptions() -> None:
    """Show what asks for a decision before a period is closed for good, and accept it with a reason."""


@command("list", "tieout exceptions list FY2026-P01 --open", "tieout exceptions list FY2026-P01 --severity high")
@client_option
@click.option("--severity", metavar="WORD", help="Only those of one severity.")
@click.option("--open", "only_open", is_flag=True, help="Only those that are not accepted as they are now.")
@click.option(
    "--limit", type=click.IntRange(1), default=LISTED, metavar="N", help="Exceptions shown as text; by default 50."
)
@click.argument("period")
def list_(terminal: Terminal, client: Path, severity: str | None, only_open: bool, limit: int, period: str) -> int:
    """List the exceptions of a period as its last close raised them; nothing is run again."""
    material = require_material(client)
    with open_books(material.client.books, write=False) as books:
        run, conditions = standing_of(books, material.ruleset, period)
    found = [
        one
        for one in conditions.standings
        if severity in (None, one.raised.severity) and (one.is_open or not only_open)
    ]
    blocking = {one.raised.id for one in conditions.in_the_way}
    title = f"Exceptions of {period}, {run.kind.value} {run.number}"
    shown = found[:limit]
    lines = block_lines(_table(title, shown, blocking, material.ruleset.head.currency), terminal.has_colour)
    if len(found) > limit:
        lines += ["", f"the first {limit:,} of {len(found):,} shown: --limit shows more, --format json all"]
    if accepted := [one for one in shown if one.acceptance is not None]:
        lines += ["", *block_lines(accepted_table(accepted), terminal.has_colour)]
    lines += ["", _summary(conditions)]
    values = {
        "period": period,
        "run": f"{run.kind.value} {run.number}",
        "exceptions": [{**standing_json(one), "in-the-way": one.raised.id in blocking} for one in found],
    }
    terminal.show("\n".join(line.rstrip() for line in lines), values)
    return DONE


@command(
    "accept",
    'tieout exceptions accept FY2026-P01 E-3f09a1c2b4 --comment "count confirmed by ACME by phone"',
    'tieout exceptions accept FY2026-P01 --all-of every-report-in --comment "reports follow in February"',
)
@client_option
@click.option("--all-of", metavar="NAME", help="Every open exception of a control or reconciliation.")
@click.option("--comment", required=True, metavar="TEXT", help="Why it can be accepted; kept with your name.")
@click.argument("period")
@click.argument("keys", nargs=-1, metavar="[KEY]...")
def accept_(
    terminal: Terminal, client: Path, all_of: str | None, comment: str, period: str, keys: tuple[str, ...]
) -> int:
    """Accept exceptions of a period with a reason, so that they no longer keep it from being closed.

    KEY is what `exceptions list` calls one, or the beginning of it. It stays accepted while what it is about does not
    change; if it does, it is open again.
    """
    if bool(keys) == bool(all_of):
        raise click.UsageError("name the exceptions to accept, or give --all-of NAME")
    material = require_material(client)
    with open_books(material.client.books, write=True) as books:
        accepted = accept(books, material.ruleset, period, comment, keys, all_of or "")
    lines = [f"✓ {_told(one)}" for one in accepted.new]
    lines += [f"- {_told(one)}: accepted before by {_by(one)}, nothing to do" for one in accepted.already]
    lines += ["", _summary(accepted.conditions)]
    values = {
        "period": period,
        "accepted": [one.raised.id for one in accepted.new],
        "accepted-before": [one.raised.id for one in accepted.already],
        "in-the-way": [one.raised.id for one in accepted.conditions.in_the_way],
    }
    terminal.show("\n".join(lines), values)
    return DONE


exceptions.add_command(list_)
exceptions.add_command(accept_)


def _table(title: str, standings: list[Standing], blocking: set[str], currency: str) -> Table:
    columns = (
        Column("exception", is_whole=True),
        Column("what"),
        Column("severity"),
        Column("to"),
        Column(currency, True),
        Column("state"),
        Column("hard close"),
    )
    places = minor_digits(currency)
    rows = tuple(
        (
            one.raised.id,
            f"{one.raised.name} {one.raised.where}: {one.raised.sentence}",
            one.raised.severity,
            one.raised.owner,
            "" if one.raised.value is None else figure(one.raised.value, places),
            state_of(one),
            "stopped" if one.raised.id in blocking else "",
        )
        for one in standings
    )
    return Table(title, columns, rows)


def _told(one: Standing) -> str:
    return f"{one.raised.id}  {one.raised.name} {one.raised.where}"


def _by(one: Standing) -> str:
    acceptance = one.acceptance
    return "" if acceptance is None else f"{acceptance.by} on {acceptance.at[:10]} ({acceptance.comment})"


def _summary(conditions: Conditions) -> str:
    left = conditions.in_the_way
    if left:
        return f"{counted(len(left), 'exception')} in the way of a hard close"
    return "nothing is in the way of a hard close, by what the last run found"
