"""Commands over the exceptions of a period: list what its last run raised, look into one, give it to somebody, talk
about it, resolve it or accept it with a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from adapters.books.store import Books, open_books
from adapters.cli.command import InOrder, client_option, command
from adapters.cli.faults import DONE
from adapters.cli.material import Material, require_material
from adapters.cli.terminal import Terminal
from adapters.closing.exception_shown import exception_shown
from adapters.closing.exceptions import accept
from adapters.closing.handling import Handled, assign, comment, resolve_by_file, resolve_by_override
from adapters.closing.worklist import worklist_of
from adapters.report.blocks import Column, Table
from adapters.report.conditions import decided_tables, standing_json
from adapters.report.exception_page import exception_json, exception_page
from adapters.report.text import block_lines, page_text
from adapters.wording import counted, figure
from engine.ledger.money import minor_digits
from engine.run.conditions import KINDS, STATES, Conditions, Standing

LISTED = 50
"""How many exceptions are shown as text unless told otherwise."""

SEVERITIES = ("critical", "high", "medium", "low", "info")
"""The gravest first, which is how exceptions are listed."""


class Amount(click.ParamType[Decimal]):
    """An amount as options take it: decimal digits, never a floating-point number."""

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """The amount; a usage error that shows how one is written."""
        try:
            found = Decimal(str(value).replace(",", ""))
        except InvalidOperation:
            found = Decimal("NaN")
        if not found.is_finite():
            self.fail(f"`{value}` is no amount; write one like 10000 or 2500.50", param, ctx)
        return found


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which exceptions are listed; what is None or untrue asks for nothing."""

    only_open: bool
    of: str | None
    severity: str | None
    owner: str | None
    assigned: str | None
    state: str | None
    older_than: int | None
    over: Decimal | None

    def holds(self, one: Standing) -> bool:
        """Whether an exception is one of them."""
        raised, work = one.raised, one.work
        asked = (
            (self.of, raised.of), (self.severity, raised.severity), (self.owner, raised.owner),
            (self.assigned, work.assigned_to), (self.state, one.state),
        )  # fmt: skip
        return (
            all(wanted in (None, found) for wanted, found in asked)
            and (one.is_open or not self.only_open)
            and (one.is_raised or one.is_resolved or self.state is not None)
            and (self.older_than is None or work.age > self.older_than)
            and (self.over is None or (raised.value is not None and abs(raised.value) > self.over))
        )


@click.group("exceptions", cls=InOrder)
def exceptions() -> None:
    """Show what asks for a decision before a period is closed for good, and settle it: by a corrected file, by an
    approved override, or by accepting it with a reason."""


@command(
    "list",
    "tieout exceptions list FY2026-P01 --open",
    "tieout exceptions list FY2026-P01 --of reconciliation --over 10000 --older-than 30",
)
@client_option
@click.option("--open", "only_open", is_flag=True, help="Only those that wait for a decision.")
@click.option("--of", type=click.Choice(KINDS), help="Only those of one kind.")
@click.option("--severity", metavar="WORD", help="Only those of one severity.")
@click.option("--owner", metavar="ROLE", help="Only those that go to one role.")
@click.option("--assigned", metavar="PERSON", help="Only those that one person looks into.")
@click.option("--state", type=click.Choice(STATES), help="Only those that stand so.")
@click.option("--older-than", type=click.IntRange(0), metavar="DAYS", help="Only those that stand for more days.")
@click.option("--over", type=Amount(), metavar="AMOUNT", help="Only those worth more, whichever their sign.")
@click.option(
    "--limit", type=click.IntRange(1), default=LISTED, metavar="N", help="Exceptions shown as text; by default 50."
)
@click.argument("period")
def list_(terminal: Terminal, client: Path, limit: int, period: str, **wanted: Any) -> int:
    """List the exceptions of a period as its last close raised them; nothing is run again.

    Those in the way of a hard close stand first, then the gravest, then those worth most. Their age is in days from the
    end of the first period from which on each raised them, or from the load of their file, to the end of this one.
    """
    material = require_material(client)
    with open_books(material.client.books, write=False) as books:
        found = worklist_of(books, material.ruleset, period)
    blocking = {one.raised.id for one in found.conditions.in_the_way}
    asked = Wanted(**wanted)
    chosen = _sorted([one for one in found.standings if asked.holds(one)], blocking)
    title = f"Exceptions of {period}, {found.last}"
    shown = chosen[:limit]
    lines = block_lines(_table(title, shown, blocking, material.ruleset.head.currency), terminal.has_colour)
    if len(chosen) > limit:
        lines += ["", f"the first {limit:,} of {len(chosen):,} shown: --limit shows more, --format json all"]
    for table in decided_tables(shown):
        lines += ["", *block_lines(table, terminal.has_colour)]
    lines += ["", _summary(found.conditions)]
    values = {
        "period": period,
        "run": found.last,
        "exceptions": [{**standing_json(one), "in-the-way": one.raised.id in blocking} for one in chosen],
    }
    terminal.show("\n".join(line.rstrip() for line in lines), values)
    return DONE


@command("show", "tieout exceptions show FY2026-P01 E-3f09a1c2b4")
@client_option
@click.argument("period")
@click.argument("key")
def show(terminal: Terminal, client: Path, period: str, key: str) -> int:
    """Show everything about one exception: its rule, its row's figures, the delivered rows beneath it, which runs
    raised it, what people did about it, and what can be done next.

    KEY is what `exceptions list` calls it, or the beginning of that.
    """
    material = require_material(client)
    with open_books(material.client.books, write=False) as books:
        found = exception_shown(books, material.ruleset, period, key)
    terminal.show(page_text(exception_page(found), terminal.has_colour), exception_json(found))
    return DONE


@command("assign", "tieout exceptions assign FY2026-P01 E-3f09a1c2b4 anna")
@client_option
@click.argument("period")
@click.argument("key")
@click.argument("person")
def assign_(terminal: Terminal, client: Path, period: str, key: str, person: str) -> int:
    """Give an exception to somebody to look into; the last one it was given to has it."""
    said = (f"is with {person}", f"is with {person} already")
    return _handle(terminal, client, said, lambda books, of: assign(books, of.ruleset, period, key, person))


@command("comment", 'tieout exceptions comment FY2026-P01 E-3f09a1c2b4 --comment "ACME counts again on Monday"')
@client_option
@click.option("--comment", "words", required=True, metavar="TEXT", help="What is to be known; kept with your name.")
@click.argument("period")
@click.argument("key")
def comment_(terminal: Terminal, client: Path, words: str, period: str, key: str) -> int:
    """Say something about an exception that those who look into it should know; it decides nothing."""
    said = ("has your comment", "has that comment as its last already")
    return _handle(terminal, client, said, lambda books, of: comment(books, of.ruleset, period, key, words))


@command(
    "resolve",
    "tieout exceptions resolve FY2026-P01 E-3f09a1c2b4 --by-file acme_stock_2026-02-09.csv",
    "tieout exceptions resolve FY2026-P01 E-3f09a1c2b4 --by-override O-7d0c11",
)
@client_option
@click.option("--by-file", "file", metavar="FILE", help="A corrected file that was loaded since.")
@click.option("--by-override", "override", metavar="OVERRIDE", help="An approved override of the exception's row.")
@click.option("--comment", "words", default="", metavar="TEXT", help="What else is to be known; kept with your name.")
@click.argument("period")
@click.argument("key")
def resolve(
    terminal: Terminal, client: Path, file: str | None, override: str | None, words: str, period: str, key: str
) -> int:
    """Say what settled an exception: a corrected file, or an approved override.

    Close the period on trial first: what the last run still raises as it was is not settled. It stays resolved while
    what it is about does not change; if it does, it is open again. To let it stand for a reason, accept it.
    """
    if bool(file) == bool(override):
        raise click.UsageError("name what settled it: --by-file FILE or --by-override OVERRIDE")

    def settle(books: Books, of: Material) -> Handled:
        if file:
            return resolve_by_file(books, of.ruleset, period, key, file, words)
        return resolve_by_override(books, of.ruleset, period, key, override or "", words)

    said = (f"is resolved by {file or override}", f"is resolved by {file or override} already")
    return _handle(terminal, client, said, settle)


@command(
    "accept",
    'tieout exceptions accept FY2026-P01 E-3f09a1c2b4 --comment "count confirmed by ACME by phone"',
    'tieout exceptions accept FY2026-P01 --all-of every-report-in --comment "reports follow in February"',
)
@client_option
@click.option(
    "--all-of", metavar="NAME", help="Every open one of a control or reconciliation, of quarantine or of oversell."
)
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
    with open_books(material.client.books, write=True, policy=material.policy) as books:
        accepted = accept(books, material.ruleset, period, comment, keys, all_of or "")
    lines = [f"✓ {_told(one)}" for one in accepted.new]
    lines += [f"- {_told(one)}: {_before(one)}, nothing to do" for one in accepted.already]
    lines += ["", _summary(accepted.conditions)]
    values = {
        "period": period,
        "accepted": [one.raised.id for one in accepted.new],
        "accepted-before": [one.raised.id for one in accepted.already],
        "in-the-way": [one.raised.id for one in accepted.conditions.in_the_way],
    }
    terminal.show("\n".join(lines), values)
    return DONE


for _one in (list_, show, assign_, comment_, resolve, accept_):
    exceptions.add_command(_one)


def _handle(terminal: Terminal, client: Path, said: tuple[str, str], do: Callable[[Books, Material], Handled]) -> int:
    """Do something to an exception, and say what it came to: done now, or so before."""
    material = require_material(client)
    with open_books(material.client.books, write=True, policy=material.policy) as books:
        handled = do(books, material)
    mark, words = ("-", f"{said[1]}, nothing to do") if handled.was_so else ("✓", said[0])
    values = {**standing_json(handled.standing), "done": not handled.was_so}
    terminal.show(f"{mark} {_told(handled.standing)} {words}", values)
    return DONE


def _sorted(standings: list[Standing], blocking: set[str]) -> list[Standing]:
    """Those in the way of a hard close, the gravest, those worth most; else as the run raised them."""
    grave = {word: at for at, word in enumerate(SEVERITIES)}

    def order(one: Standing) -> tuple[bool, bool, int, Decimal]:
        raised = one.raised
        worth = -abs(raised.value) if raised.value is not None else Decimal(0)
        return raised.id not in blocking, not one.is_open, grave.get(raised.severity, len(grave)), worth

    return sorted(standings, key=order)


def _table(title: str, standings: list[Standing], blocking: set[str], currency: str) -> Table:
    columns = (
        Column("exception", is_whole=True),
        Column("what"),
        Column("severity"),
        Column("to"),
        Column(currency, True),
        Column("days", True),
        Column("state"),
        Column("hard close"),
    )
    places = minor_digits(currency)
    rows = tuple(
        (
            one.raised.id,
            f"{one.raised.name} {one.raised.where}: {one.raised.sentence}",
            one.raised.severity,
            one.work.assigned_to or one.raised.owner,
            "" if one.raised.value is None else figure(one.raised.value, places),
            f"{one.work.age:,}",
            one.state,
            "stopped" if one.raised.id in blocking else "",
        )
        for one in standings
    )
    return Table(title, columns, rows)


def _told(one: Standing) -> str:
    return f"{one.raised.id}  {one.raised.name} {one.raised.where}"


def _before(one: Standing) -> str:
    """Who decided on an exception before, how and when."""
    if one.is_resolved:
        return f"{one.state} before: {one.decided}"
    acceptance = one.acceptance
    by = "" if acceptance is None else f"{acceptance.by} on {acceptance.at[:10]} ({acceptance.comment})"
    return f"accepted before by {by}"


def _summary(conditions: Conditions) -> str:
    left = conditions.in_the_way
    if left:
        return f"{counted(len(left), 'exception')} in the way of a hard close"
    return "nothing is in the way of a hard close, by what the last run found"
