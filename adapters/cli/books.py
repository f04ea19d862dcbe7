"""Commands over the books as such: whether they are whole, and what was published to them."""

from __future__ import annotations

from pathlib import Path

import click

from adapters.books.anew import anchor_anew
from adapters.books.store import open_books, verify_books
from adapters.cli.command import InOrder, client_option, command
from adapters.cli.faults import DONE, PROBLEMS
from adapters.cli.material import require_client
from adapters.cli.terminal import Terminal
from adapters.report.blocks import Column, Table
from adapters.report.text import block_lines
from adapters.wording import counted, plain


@click.group("books", cls=InOrder)
def books() -> None:
    """Check the books, and show what was published to them."""


@command("verify", "tieout books verify", "tieout books verify --client clients/acme")
@client_option
def verify(terminal: Terminal, client: Path) -> int:
    """Read every byte of the books and say whether anything was damaged or changed."""
    folder = require_client(client).books
    with terminal.working("reading every file of the books"):
        problems = verify_books(folder)
    if problems:
        lines = [*(f"✗ {one}" for one in problems), f"{counted(len(problems), 'problem')} found"]
    else:
        lines = ["✓ every file and every row is as it was published"]
    terminal.show("\n".join(lines), {"sound": not problems, "problems": problems})
    return PROBLEMS if problems else DONE


@command("history", "tieout books history")
@client_option
def history(terminal: Terminal, client: Path) -> int:
    """List what was published to the books, oldest first: when, by whom, what."""
    with open_books(require_client(client).books, write=False) as opened:
        events = opened.ledger.audit_events()
    columns = (Column("no.", True), Column("at"), Column("by"), Column("what"), Column("of"))
    rows = tuple((str(one.seq), one.at[:19].replace("T", " "), one.actor, one.action, one.subject) for one in events)
    table = Table("Publications", columns, rows, (), "none yet")
    lines = [line.rstrip() for line in block_lines(table, terminal.has_colour)]
    terminal.show("\n".join(lines), {"publications": plain(events)})
    return DONE


@command("anchor", 'tieout books anchor --comment "disk of the heads failed; head 12 is on the page I signed"')
@client_option
@click.option("--comment", required=True, metavar="TEXT", help="How the heads were lost; kept with your name.")
def anchor(terminal: Terminal, client: Path, comment: str) -> int:
    """Write the lost file of heads anew, vouching that these are the newest books; for administrators."""
    folder = require_client(client).books
    with terminal.working("reading every file of the books"):
        head = anchor_anew(folder, comment)
    terminal.show(
        f"✓ the heads are written anew, up to publication {head.seq}\nhead {head.seq}:{head.hash}",
        {"head": f"{head.seq}:{head.hash}"},
    )
    return DONE


books.add_command(verify)
books.add_command(history)
books.add_command(anchor)
