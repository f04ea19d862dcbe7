"""Fitting tables into a width counted in characters: folding texts, and carrying columns over to a table below."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells

from adapters.report.blocks import Column, Table

GAP = 2
"""Characters between two columns."""

NARROWEST = 14
"""The width below which a column of text is not folded."""

_BREAKS = re.compile(r"\s+|(?<=[-/])(?=\w)")


@dataclass(frozen=True, slots=True)
class Piece:
    """Columns of a table that stand beside each other, by index, with the width of each."""

    columns: tuple[int, ...]
    widths: tuple[int, ...]


def fold(text: str, width: int) -> list[str]:
    """The text in lines of at most a width, broken at spaces and hyphens, and inside a word only where it must be."""
    lines = [""]
    position = 0
    for match in [*_BREAKS.finditer(text), None]:
        word = text[position : match.start() if match else len(text)]
        position = match.end() if match else len(text)
        for part in chop_cells(word, width) if cell_len(word) > width else [word]:
            if cell_len(lines[-1]) + cell_len(part) <= width:
                lines[-1] += part
            else:
                lines.append(part)
        if match and match.group() and lines[-1]:
            lines[-1] += " "
    return [line.rstrip() for line in lines if line.rstrip()] or [""]


def pieces(table: Table, width: int) -> tuple[Piece, ...]:
    """How a table is cut so that no piece is wider than a width; the first column begins every piece."""
    least = [_width(table, at, narrow=True) for at in range(len(table.columns))]
    most = [_width(table, at, narrow=False) for at in range(len(table.columns))]
    groups = [[0]]
    for at in range(1, len(table.columns)):
        if sum(least[one] + GAP for one in groups[-1]) + least[at] > width and len(groups[-1]) > 1:
            groups.append([0])
        groups[-1].append(at)
    return tuple(_piece(group, least, most, width) for group in groups)


def _piece(group: list[int], least: list[int], most: list[int], width: int) -> Piece:
    """The widths of a group: each its least, and what room is left to the texts that want it, from the left."""
    room = width - sum(least[at] for at in group) - GAP * (len(group) - 1)
    widths = []
    for at in group:
        more = max(0, min(room, most[at] - least[at]))
        widths.append(least[at] + more)
        room -= more
    return Piece(tuple(group), tuple(widths))


def _width(table: Table, at: int, narrow: bool) -> int:
    column = table.columns[at]
    rows = [*table.rows, *([table.total] if table.total else [])]
    cells = max((cell_len(row[at]) for row in rows), default=0)
    heading = _heading_width(column) if narrow else cell_len(column.heading)
    if narrow and not column.is_figure:
        cells = min(cells, NARROWEST)
    return max(cells, heading)


def _heading_width(column: Column) -> int:
    """The width of the longest part of a heading."""
    return max(cell_len(part) for part in _BREAKS.split(column.heading))
