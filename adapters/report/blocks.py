"""What a page is made of, whatever it is shown on: a heading, tables, checks, sentences and a place to sign."""

from __future__ import annotations

from dataclasses import dataclass

from dsl.diagnostics import InternalError

MISSING = "missing"
"""What stands where a figure is not known."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; figures stand to the right, texts to the left. What `is_whole` is never folded, as figures
    never are: a name that is to be copied.
    """

    heading: str
    is_figure: bool = False
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns, each cell a finished text; `total` is a last row set apart.

    Where the columns do not fit beside each other the first is repeated and the others go on below.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    total: tuple[str, ...] = ()
    empty: str = "none"
    """What is said in place of a table without rows."""

    def __post_init__(self) -> None:
        for row in (*self.rows, *([self.total] if self.total else [])):
            if len(row) != len(self.columns):
                raise InternalError(f"a row of `{self.title}` has {len(row)} cells under {len(self.columns)} columns")


@dataclass(frozen=True, slots=True)
class Check:
    """A promise that held or did not; `details` are lines below it, the last of them what to do."""

    held: bool
    sentence: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checks:
    """Promises under a title."""

    title: str
    checks: tuple[Check, ...]
    empty: str = "none"


@dataclass(frozen=True, slots=True)
class Sentences:
    """Lines of prose under a title, or without one."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a page comes to, in one sentence, and what goes with it."""

    good: bool
    sentence: str
    aside: str = ""


@dataclass(frozen=True, slots=True)
class Signatures:
    """Places to sign, one for each role, with a date."""

    roles: tuple[str, ...]


Block = Table | Checks | Sentences | Verdict | Signatures


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its title, what is said of it in one or more lines below, and its blocks in order."""

    title: str
    headings: tuple[str, ...]
    blocks: tuple[Block, ...]
