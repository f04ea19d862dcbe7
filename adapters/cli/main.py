"""`tieout`: every command under one name, every fault told in a sentence, every end with its exit code."""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Sequence

import click

from adapters.cli import (
    audit,
    books,
    demo,
    evidence,
    examples,
    exceptions,
    explain,
    folders,
    intake,
    journal,
    overrides,
    people,
    periods,
    quarantine,
    rules,
    safekeeping,
    scorecard,
    signing,
    versions,
    what_if,
)
from adapters.cli.command import InOrder
from adapters.cli.faults import DONE, fault_of, tell
from adapters.cli.terminal import Terminal

COMMANDS: tuple[click.Command, ...] = (
    folders.init,
    rules.check,
    rules.format_,
    examples.test,
    intake.load,
    quarantine.quarantine,
    periods.reconcile,
    periods.close,
    signing.reopen,
    periods.known,
    exceptions.exceptions,
    overrides.override,
    journal.journal,
    explain.explain,
    scorecard.scorecard,
    what_if.what_if,
    people.people,
    versions.rules,
    evidence.sql,
    books.books,
    audit.audit,
    safekeeping.backup,
    safekeeping.verify,
    safekeeping.restore,
    safekeeping.upgrade,
    rules.schema,
    demo.demo,
)
"""The commands in the order of a user's day."""

SETTINGS = {"help_option_names": ["--help", "-h"], "max_content_width": 100}

EXIT_CODES = "\b\nExit codes:\n  0  done\n  1  problems in your material\n  2  wrong usage\n  70 a bug in tieout"


@click.group("tieout", cls=InOrder, epilog=EXIT_CODES, context_settings=SETTINGS)
@click.version_option(package_name="tieout", message="%(prog)s %(version)s")
def tieout() -> None:
    """Reconcile channel inventory and post sell-through journals from rules that controllers write.

    Every command answers --help with an example.
    """


for one in COMMANDS:
    tieout.add_command(one)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and answer its exit code; by default the arguments of the process."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A tick that a terminal cannot show is no reason to fail.
            stream.reconfigure(errors="replace")
    # Planning makes hundreds of thousands of tree nodes that live on; looking them all through for rubbish each time
    # some more are there takes a tenth of a close.
    gc.set_threshold(100_000, 50, 50)
    terminal = Terminal()
    try:
        code = tieout.main(arguments, prog_name="tieout", standalone_mode=False, obj=terminal)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):
        # Who reads the output has read enough (click makes it a SystemExit); nothing more is said at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except BaseException as error:
        return tell(terminal, fault_of(error), error)
    return code if isinstance(code, int) else DONE
