"""Commands that keep books safe: back them up, verify and restore a backup, bring books to this version of tieout."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from adapters.books.backup import Backup, back_up, backups_in, newest_of, problems_of, read_backup
from adapters.books.errors import BooksCorrupted
from adapters.books.restore import restore_backup
from adapters.books.upgrade import upgrade_books
from adapters.cli.command import EXISTING_OR_NOT, client_option, command
from adapters.cli.faults import DONE, PROBLEMS
from adapters.cli.material import require_client, shown_path
from adapters.cli.terminal import Terminal
from adapters.wording import counted


@command("backup", "tieout backup backups", "tieout backup --client clients/acme /mnt/safe/acme")
@client_option
@click.argument("folder", type=EXISTING_OR_NOT)
def backup(terminal: Terminal, client: Path, folder: Path) -> int:
    """Copy the books into FOLDER, as a backup that was read back and verified.

    It may run beside a load or a close, and holds the books as they stood when it began. Where a sound backup of the
    same state is there already, nothing is done.
    """
    found = require_client(client)
    with terminal.working("copying and verifying the books"):
        made = back_up(found.books, folder, found.client.client, version("tieout"))
    lines = _described(made.backup)
    if not made.is_new:
        lines.append("it was there already, and nothing was published since")
    terminal.show("\n".join(lines), {"is_new": made.is_new, **_values(made.backup)})
    return DONE


@command("verify", "tieout verify backups", "tieout verify backups/acme-00000012-3f9a0c2b71de")
@click.argument("backup", type=EXISTING_OR_NOT)
def verify(terminal: Terminal, backup: Path) -> int:
    """Read every byte of BACKUP, or of every backup in a folder, and say whether it is whole, and as of when.

    Neither the books nor the client's folder are needed.
    """
    found = [_verified(terminal, path) for path in backups_in(backup)]
    lines = [line for own, _ in found for line in own]
    terminal.show("\n".join(lines), {"backups": [values for _, values in found]})
    return DONE if all(values["sound"] for _, values in found) else PROBLEMS


def _verified(terminal: Terminal, backup: Path) -> tuple[list[str], dict[str, Any]]:
    """A backup after every byte of it was read, as lines and as values."""
    read = None
    try:
        read = read_backup(backup)
        with terminal.working("reading every file of the backup"):
            problems = problems_of(read)
    except BooksCorrupted as error:
        problems = [str(error)]
    values = {"sound": not problems, "problems": problems, **(_values(read) if read is not None else {})}
    if problems or read is None:
        found = f"{shown_path(backup)} has {counted(len(problems), 'problem')}; use another backup"
        return [*(f"✗ {one}" for one in problems), found], values
    return _described(read), values


@command(
    "restore",
    "tieout restore backups",
    "tieout restore backups/acme-00000012-3f9a0c2b71de --into drill/books",
)
@client_option
@click.option("--into", type=EXISTING_OR_NOT, metavar="FOLDER", help="Another books folder than the client's.")
@click.option("--replace", is_flag=True, help="Also where the books there know more than the backup.")
@click.option("--comment", default="", metavar="TEXT", help="Why; the books keep it.")
@click.argument("backup", type=EXISTING_OR_NOT)
def restore(terminal: Terminal, client: Path, into: Path | None, replace: bool, comment: str, backup: Path) -> int:
    """Put BACKUP, or the newest backup in a folder, in the place of the client's books, once all of it was verified.

    Nothing is deleted: books that were there are put aside under a name with the time. The books keep that they were
    restored, and which publication had been the last.
    """
    if replace and not comment.strip():
        raise click.UsageError("--replace needs a --comment: why are newer books put aside?")
    folder = into if into is not None else require_client(client).books
    with terminal.working("verifying and copying the backup"):
        done = restore_backup(newest_of(backup), folder, replaces=replace, comment=comment)
    lines = _described(done.backup)
    aside = shown_path(done.aside) if done.aside is not None else None
    if done.is_new:
        lines.append(f"restored to {shown_path(folder)}, which goes on as publication {done.head.seq}")
    else:
        lines.append(f"{shown_path(folder)} is as this backup has it already; nothing was done")
    if aside is not None:
        lines.append(f"the former books are in {aside}")
    values = {"is_new": done.is_new, "folder": str(folder), "publication": done.head.seq, "head": done.head.hash}
    terminal.show("\n".join(lines), {**values, "aside": aside, "backup": _values(done.backup)})
    return DONE


@command("upgrade", "tieout upgrade", "tieout upgrade --client clients/acme")
@client_option
def upgrade(terminal: Terminal, client: Path) -> int:
    """Bring books that an earlier tieout made to what this one reads; no hash of what was published changes."""
    with terminal.working("copying and verifying the ledger"):
        done = upgrade_books(require_client(client).books, version("tieout"))
    if done.kept is None:
        lines = [f"the books are of version {done.version} already; nothing was done"]
    else:
        lines = [
            f"✓ the books are of version {done.version}",
            f"every hash up to publication {done.head.seq - 1} is what it was",
            f"the ledger of version {done.former} is kept as {shown_path(done.kept)}",
        ]
    values = {"former": done.former, "version": done.version, "publication": done.head.seq, "head": done.head.hash}
    terminal.show("\n".join(lines), {**values, "is_new": done.kept is not None})
    return DONE


def _described(backup: Backup) -> list[str]:
    size = f"{counted(len(backup.files), 'file')}, {backup.size:,} bytes"
    return [
        f"✓ {shown_path(backup.folder)} is whole: {size}",
        f"books of {backup.client} as of publication {backup.seq}, {backup.at[:19].replace('T', ' ')} UTC",
        f"head {backup.hash}",
    ]


def _values(backup: Backup) -> dict[str, Any]:
    names = ("client", "books", "store", "seq", "hash", "at", "made_at", "tieout", "size")
    return {"folder": str(backup.folder), **{name: getattr(backup, name) for name in names}, "files": len(backup.files)}
