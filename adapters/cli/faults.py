"""What went wrong, in words: whose fault it was, the exit code, and what the user can do next."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

import click
import duckdb

from adapters.books.errors import BooksError, is_disk_full
from adapters.cli.terminal import Terminal, as_json
from adapters.diagnostic_text import as_json as diagnostic_as_json
from adapters.diagnostic_text import render
from adapters.duckdb_executor import ResourceError
from adapters.withholding import without_quoted
from dsl.diagnostics import Diagnostic, InternalError
from engine.plan.world import RunStopped

DONE = 0
PROBLEMS = 1
WRONG_USAGE = 2
BUG = 70
STOPPED = 130

TRACE = "TIEOUT_TRACE"
"""The environment variable that asks for the traceback of a bug."""


class RefusedError(Exception):
    """Something in the user's material keeps a command from its work: findings in texts, or a sentence and a help."""

    def __init__(self, message: str = "", help: str = "", diagnostics: Iterable[Diagnostic] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.help = help
        self.diagnostics = tuple(diagnostics)


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault as it is told: exit code, sentence, next action, findings in texts."""

    code: int
    message: str
    help: str = ""
    diagnostics: tuple[Diagnostic, ...] = field(default=())


def fault_of(error: BaseException) -> Fault:
    """What an exception comes to; whatever is not known to be the user's is ours."""
    if _is_stop(error):
        return Fault(STOPPED, "stopped by Ctrl-C; what was not published is not in the books")
    if isinstance(error, RefusedError):
        return Fault(PROBLEMS, error.message, error.help, error.diagnostics)
    if isinstance(error, (BooksError, ResourceError)):
        return Fault(PROBLEMS, str(error))
    if isinstance(error, RunStopped):
        rules = ", ".join(f"`{rule}`" for rule in error.rules)
        return Fault(
            PROBLEMS, f"[{error.code}] {error.message}" if error.code else error.message, rules and f"see {rules}"
        )
    if isinstance(error, click.UsageError):
        return Fault(WRONG_USAGE, error.format_message())
    if isinstance(error, click.ClickException):
        return Fault(PROBLEMS, error.format_message())
    if isinstance(error, Exception) and is_disk_full(error):
        return Fault(PROBLEMS, "the disk is full, nothing was written", "free some space and run it again")
    if isinstance(error, OSError) and error.filename is not None:
        return Fault(
            PROBLEMS,
            f"{error.filename}: {(error.strerror or str(error)).lower()}",
            "look at the file and its permissions",
        )
    if isinstance(error, OSError) and error.errno == errno.EIO:
        return Fault(PROBLEMS, "a disk failed while a file was read or written", "check the disk and run it again")
    if isinstance(error, MemoryError):
        return Fault(
            PROBLEMS, "the memory of this machine is used up, nothing was written", "run it where there is more"
        )
    return Fault(BUG, _bug(error), f"send this text to who maintains tieout; with {TRACE}=1 it says more")


def _is_stop(error: BaseException | None) -> bool:
    """Whether an exception, or one it was raised for, is a Ctrl-C; DuckDB makes a RuntimeError of it."""
    while error is not None:
        if isinstance(error, (KeyboardInterrupt, click.Abort, duckdb.InterruptException)):
            return True
        if isinstance(error, RuntimeError) and str(error) == "Query interrupted":
            return True
        error = error.__cause__ or error.__context__
    return False


def tell(terminal: Terminal, fault: Fault, error: BaseException) -> int:
    """Say a fault where it belongs and give its exit code."""
    if terminal.wants_json:
        click.echo(as_json({"problems": _as_values(fault)}))
    elif isinstance(error, click.UsageError):
        error.show()
    else:
        if fault.diagnostics:
            terminal.note(render(fault.diagnostics, terminal.notes_have_colour))
        if fault.message:
            terminal.note(f"{'' if fault.code == STOPPED else 'error: '}{fault.message}")
        if fault.help:
            terminal.note(f"  help: {fault.help}")
    if fault.code == BUG and os.environ.get(TRACE):
        sys.stderr.writelines(_trace(error))
    return fault.code


def _as_values(fault: Fault) -> list[dict[str, Any]]:
    sentences = [{"message": fault.message, "help": fault.help}] if fault.message else []
    return [*(diagnostic_as_json(one) for one in fault.diagnostics), *sentences]


def _bug(error: BaseException) -> str:
    """The sentence for a bug of ours: what, where in our code, which version."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
    return f"this is a bug in tieout {metadata.version('tieout')}, not in your material: {_words(error)}{place}"


def _words(error: BaseException) -> str:
    """An exception without a value of any row: of ours the text without what it quotes, of others the name alone."""
    text = without_quoted(str(error)) if isinstance(error, InternalError) else ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _trace(error: BaseException) -> Iterator[str]:
    """The traceback of an exception and of those it was raised for, first cause first, each without values."""
    seen: list[BaseException] = []
    last: BaseException | None = error
    while last is not None and last not in seen:
        seen.append(last)
        last = last.__cause__ or (None if last.__suppress_context__ else last.__context__)
    for one in reversed(seen):
        yield "Traceback (most recent call last):\n"
        yield from traceback.format_tb(one.__traceback__)
        yield f"{_words(one)}\n\n"
