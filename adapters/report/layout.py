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
    least = [_least(table, at) for at in range(len(table.columns))]
    groups = [[0]]
    for at in range(1, len(table.columns)):
        if sum(least[one] + GAP for one in groups[-1]) + least[at] > width and len(groups[-1]) > 1:
            groups.append([0])
        groups[-1].append(at)
    return tuple(_piece(table, group, least, width) for group in groups)


def _piece(table: Table, group: list[int], least: list[int], width: int) -> Piece:
    """The widths of a group: room that is left goes to texts, evenly, and then to headings, if all of them fit."""
    widths = {at: least[at] for at in group}
    room = width - sum(widths.values()) - GAP * (len(group) - 1)
    texts = {at: max(_cells(table, at), cell_len(table.columns[at].heading)) - widths[at] for at in group}
    wanting = sorted((more, at) for at, more in texts.items() if not table.columns[at].is_figure)
    for number, (more, at) in enumerate(wanting):
        given = max(0, min(more, room // (len(wanting) - number)))
        widths[at] += given
        room -= given
    figures = {at: cell_len(table.columns[at].heading) for at in group if table.columns[at].is_figure}
    if sum(max(0, wide - widths[at]) for at, wide in figures.items()) <= room:
        widths.update({at: max(wide, widths[at]) for at, wide in figures.items()})
    return Piece(tuple(group), tuple(widths[at] for at in group))


def _least(table: Table, at: int) -> int:
    """The width below which a column cannot go: figures stay whole, texts are folded."""
    column = table.columns[at]
    cells = _cells(table, at)
    return max(cells if column.is_figure or column.is_whole else min(cells, NARROWEST), _heading_width(column))


def _cells(table: Table, at: int) -> int:
    """The width of the widest cell of a column."""
    rows = [*table.rows, *([table.total] if table.total else [])]
    return max((cell_len(row[at]) for row in rows), default=0)


def _heading_width(column: Column) -> int:
    """The width of the longest part of a heading."""
    return max(cell_len(part) for part in _BREAKS.split(column.heading))
