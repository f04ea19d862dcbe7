"""What a command says and where: results on standard output as text or JSON, everything else on standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO

import click
import rich.console

Progress = Callable[[str], None]
"""Takes a few words on what is being done now."""


@dataclass
class Terminal:
    """One command's way to speak; `wants_json` is what `--format` said."""

    wants_json: bool = False

    def show(self, text: str, values: Any) -> None:
        """Give the result: the text, or the values where JSON was asked for."""
        click.echo(as_json(values) if self.wants_json else text, nl=not text.endswith("\n") or self.wants_json)

    def note(self, text: str) -> None:
        """Say something that is not the result."""
        click.echo(text, err=True)

    @property
    def has_colour(self) -> bool:
        """Whether results may be coloured."""
        return not self.wants_json and _is_coloured(sys.stdout)

    @property
    def notes_have_colour(self) -> bool:
        """Whether notes may be coloured."""
        return _is_coloured(sys.stderr)

    @contextmanager
    def working(self, words: str) -> Iterator[Progress]:
        """Show that work is under way, on a terminal only; the answer takes new words as the work goes on."""
        if self.wants_json or not sys.stderr.isatty():
            yield _say_nothing
            return
        console = rich.console.Console(stderr=True)
        with console.status(f"{words} ...") as status:
            yield lambda now: status.update(f"{now} ...")


def as_json(values: Any) -> str:
    """Values as JSON for people and programs: indented, letters of all scripts as they are."""
    return json.dumps(values, indent=2, ensure_ascii=False)


def _say_nothing(_: str) -> None:
    return None


def _is_coloured(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
