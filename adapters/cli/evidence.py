"""Commands that show what is behind a figure: the SQL of a relation."""

from __future__ import annotations

from pathlib import Path

import click

from adapters.cli.command import client_option, command
from adapters.cli.faults import DONE, RefusedError
from adapters.cli.material import check_path
from adapters.cli.terminal import Terminal
from adapters.closing.inspect import planned_relations, relation_sql
from adapters.report.blocks import Column, Table
from adapters.report.text import block_lines
from dsl.diagnostics import Diagnostics
from engine.model.ruleset import Ruleset
from engine.run.close import close_calendar


@command("sql", "tieout sql siso", "tieout sql recognise-on-resale --period FY2026-P02", "tieout sql")
@client_option
@click.option(
    "--period", metavar="PERIOD", help="The period whose dates stand in the SQL; by default the first of 2026."
)
@click.argument("name", required=False)
def sql(terminal: Terminal, client: Path, period: str | None, name: str | None) -> int:
    """Print the SQL of a relation, with the rule and the line it came from.

    NAME is a relation, or an item of the ruleset that makes one; without it all relations are listed.
    """
    ruleset = _require_ruleset(client)
    calendar = close_calendar(ruleset)
    if period is not None and calendar.period(period) is None:
        raise RefusedError(f"calendar `{calendar.name}` has no period {period}", "periods are called like FY2026-P01")
    with terminal.working("planning"):
        if name is None:
            return _list(terminal, ruleset, period)
        try:
            text = relation_sql(ruleset, name, period)
        except KeyError as error:
            near = f"did you mean {error.args[0]}?" if error.args[0] else "`tieout sql` lists them all"
            raise RefusedError(f"no relation is called `{name}`", near) from None
    terminal.show(text, {"name": name, "sql": text})
    return DONE


def _list(terminal: Terminal, ruleset: Ruleset, period: str | None) -> int:
    relations = planned_relations(ruleset, period).values()
    rows = tuple((one.name, ", ".join(one.grain), str(one.origin)) for one in relations)
    table = Table(
        "Relations, in the order they are made", (Column("name"), Column("one row per"), Column("from")), rows
    )
    lines = [line.rstrip() for line in block_lines(table, terminal.has_colour)]
    values = [
        {"name": name, "grain": list(one.grain), "from": origin}
        for (name, _, origin), one in zip(rows, relations, strict=True)
    ]
    terminal.show("\n".join(lines), {"relations": values})
    return DONE


def _require_ruleset(path: Path) -> Ruleset:
    """The ruleset of a client's folder, or of a path to rules; RefusedError where it is not sound."""
    diagnostics = Diagnostics()
    ruleset = check_path(path, diagnostics)
    if ruleset is None or diagnostics.errors:
        raise RefusedError(diagnostics=diagnostics)
    return ruleset
