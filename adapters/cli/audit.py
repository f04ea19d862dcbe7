"""Commands for an auditor: a second verifier of the books, the log of what people did."""

from __future__ import annotations

from pathlib import Path

import click

from adapters.audit.export import SAMPLE, export
from adapters.audit.log import LogEntry, log_of, selected
from adapters.audit.verifier import LIST
from adapters.audit.verifier import verify as verify_apart
from adapters.books.store import open_books
from adapters.cli.command import EXISTING_OR_NOT, InOrder, client_option, command
from adapters.cli.faults import DONE, PROBLEMS
from adapters.cli.material import require_client, require_material, restored, shown_path
from adapters.cli.terminal import Terminal
from adapters.report.blocks import Column, Table
from adapters.report.text import block_lines
from adapters.wording import counted, plain


@click.group("audit", cls=InOrder)
def audit() -> None:
    """Verify the books apart from tieout, and show who did what."""


@command("verify", "tieout audit verify", "tieout audit verify --head 12:9c1f4e03b7aa52d1")
@client_option
@click.option("--head", default="", metavar="SEQ:HASH", help="A printed head, which the books must lead through.")
def verify(terminal: Terminal, client: Path, head: str) -> int:
    """Verify the books by a second program that shares nothing with the one that writes them.

    It goes through what people did as well: who asked, who agreed, what was frozen. `tieout audit export` hands that
    program over, to be run where tieout is not installed.
    """
    folder = require_client(client).books
    with terminal.working("verifying every row and every file"):
        found = verify_apart(Path(shown_path(folder)), head=head)
    lines = [f"✗ {one}" for one in found.problems]
    count = counted(found.publications, "publication")
    sound = f"✓ {count}: every row, every file, every link and every act is as it should be"
    lines.append(f"{counted(len(lines), 'problem')} found" if lines else sound)
    if found.head:
        lines.append(f"head {found.head}")
    values = {"sound": not found.problems, "problems": list(found.problems), "head": found.head}
    terminal.show("\n".join(lines), values)
    return PROBLEMS if found.problems else DONE


@command("log", "tieout audit log", "tieout audit log --by pia --period FY2026-P01", "tieout audit log --verb refused")
@client_option
@click.option("--by", metavar="PERSON", help="Only what one person did or tried.")
@click.option("--verb", metavar="VERB", help='Only acts of one kind, such as "close approved"; refused ones too.')
@click.option("--period", metavar="PERIOD", help="Only what is about one period.")
def log(terminal: Terminal, client: Path, by: str | None, verb: str | None, period: str | None) -> int:
    """List who did what and when, oldest first; what was tried and refused is in it."""
    with open_books(require_client(client).books, write=False) as books:
        found = selected(log_of(books.ledger), by, verb, period)
    columns = (Column("no.", True), Column("at"), Column("by"), Column("did"), Column("of"), Column("with"))
    table = Table("What people did", columns, tuple(_cells(one) for one in found), (), "nothing")
    lines = [line.rstrip() for line in block_lines(table, terminal.has_colour)]
    terminal.show("\n".join(lines), {"acts": plain(found)})
    return DONE


def _cells(one: LogEntry) -> tuple[str, ...]:
    did = f"{one.did}: {one.tried}" if one.tried else one.did
    return (str(one.seq), one.at[:19].replace("T", " "), one.by, did, one.of, one.words)


@command(
    "export",
    "tieout audit export evidence/P01 --period FY2026-P01",
    "tieout audit export P01 --period FY2026-P01 --sample 60",
)
@client_option
@click.option("--period", required=True, metavar="PERIOD", help="The period that is handed over.")
@click.option(
    "--sample", type=click.IntRange(0), default=SAMPLE, metavar="N", help="Lines to follow to their source; 25."
)
@click.option("--seed", default="", metavar="TEXT", help="Draws other lines; by default the run's manifest draws them.")
@click.argument("folder", type=EXISTING_OR_NOT)
def export_(terminal: Terminal, client: Path, period: str, sample: int, seed: str, folder: Path) -> int:
    """Hand a period over to an auditor in one new FOLDER, which verifies itself where tieout is not installed.

    Memo, rules, journal, lineage of a sample, decisions, overrides, exceptions, refused acts, and the proofs.
    """
    material = require_material(client)
    with open_books(material.client.books, write=False) as books, terminal.working("gathering evidence") as progress:
        done = export(
            books, material.ruleset, restored, material.client.client.client, period, folder.absolute(),
            sample=sample, seed=seed, progress=progress,
        )  # fmt: skip
    text = (
        f"✓ {folder}: {counted(done.files, 'file')}, {counted(len(done.sample), 'line')} followed to their source\n"
        f"head {done.head}\nSHA-256 of {LIST}: {done.sha256}\nnext: `python verifier.py .` in that folder"
    )
    values = {
        "folder": str(folder),
        "files": done.files,
        "lines": list(done.sample),
        "head": done.head,
        "sha256": done.sha256,
    }
    terminal.show(text, values)
    return DONE


audit.add_command(verify)
audit.add_command(log)
audit.add_command(export_)
