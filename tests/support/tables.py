"""Tables as accountants write them, in tests: a heading, then rows, cells parted by blanks.

A cell is one word; `-` is a cell that says nothing. Lines that are empty or begin with `#` are skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

T = TypeVar("T")
Cell = str | None
Row = dict[str, Cell]


def read_table(text: str) -> list[Row]:
    """The rows of a table, each by the names in its heading; ValueError names a row that does not fit under it."""
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        raise ValueError("a table needs a heading")
    heading, *rows = lines
    if len(set(heading)) != len(heading):
        raise ValueError(f"two columns of {' '.join(heading)} share a name")
    return [_row(heading, cells) for cells in rows]


def _row(heading: list[str], cells: list[str]) -> Row:
    if len(cells) != len(heading):
        raise ValueError(f"{len(cells)} cells under {len(heading)} columns: {' '.join(cells)}")
    return {name: None if cell == "-" else cell for name, cell in zip(heading, cells, strict=True)}


def needed(row: Mapping[str, Cell], name: str) -> str:
    """A cell that must say something; ValueError where it does not."""
    cell = row.get(name)
    if cell is None:
        raise ValueError(f"{name} is missing in {dict(row)}")
    return cell


def optional(row: Mapping[str, Cell], name: str, read: Callable[[str], T], otherwise: T) -> T:
    """A cell as `read` understands it, or the other value where the column or the cell says nothing."""
    cell = row.get(name)
    return otherwise if cell is None else read(cell)
