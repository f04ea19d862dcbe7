"""The quarantine's way out and back: rows of a feed in its own shape, mended by a person, and read again.

An export has the feed's columns, separator and encoding, and columns of tieout's own behind them: which row of which
file each is, why it waits, and how it was delivered. What the feed takes from a file's name or from a row's number
stands in such columns too, since the mended file has another name. Every text is safe to open in a spreadsheet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.client.config import Client, Delimited, Feed, Supply
from adapters.client.file_names import name_pattern
from adapters.feeds.refusal import FileRefusedError
from adapters.feeds.source_file import SourceFile, decoded, joined_rows, read_source, split_line
from adapters.limits import LONGEST_LINE
from adapters.quarantine import Refused
from adapters.spreadsheet import as_delivered, harmless
from adapters.wording import visible

ROW, FILE, LINE, WHY, DELIVERED = (f"tieout-{name}" for name in ("row", "file", "line", "why", "as-delivered"))
PART = "tieout-part-"
OWN = "tieout-"
"""How the columns are called that an export adds: reference, file, line, reasons, text; parts of the file's name."""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_EXPORT_AGAIN = "write a new one with `tieout quarantine export`"


@dataclass(frozen=True, slots=True)
class Resubmission:
    """A mended export: its rows in the shape of its feed, and the row in quarantine that each line replaces."""

    source: SourceFile
    feed: Feed
    replaced: Mapping[int, Refused]


def is_export(source: SourceFile) -> bool:
    """Whether the first line of a file has the column by which rows refer to the quarantine."""
    top = source.data[:LONGEST_LINE].split(b"\n", 1)[0]
    return ROW.encode() in top or ROW.encode("utf-16-le") in top


def export_bytes(feed: Feed, rows: Sequence[Refused]) -> bytes:
    """Rows that wait as a file to be mended; UnicodeEncodeError where a file's name has no place in the encoding.

    Cells of a row that cannot be cut are left empty: how it was delivered stands beside them.
    """
    own = tuple(dict.fromkeys(name for row in rows for name in row.columns if not name.startswith(OWN)))
    parts = tuple(dict.fromkeys(name for pattern in feed.files for name in name_pattern(pattern).parts))
    headings = (*own, ROW, FILE, LINE, *(PART + part for part in parts), WHY, DELIVERED)
    shape = _shape(feed.delimited)
    encoding = "utf-8" if shape.encoding == "utf-8-sig" else shape.encoding
    lines = [_line(headings, shape)]
    for row in rows:
        cells = _cells(row, feed)
        told = _told(row, cells, feed, parts, encoding)
        lines.append(_line([harmless({**cells, **told}.get(name, "")) for name in headings], shape))
    return "".join(lines).encode(encoding)


def _cells(row: Refused, feed: Feed) -> dict[str, str]:
    """The cells of a row by column; none where it cannot be cut as its columns say, or holds what nobody sees."""
    was_mended = ROW in row.columns
    cells = split_line(row.text, _shape(feed.delimited) if was_mended else feed.delimited)
    if cells is None or len(cells) != len(row.columns) or _UNPRINTABLE.search(row.text):
        return {}
    found: dict[str, str] = {}
    for name, cell in zip(row.columns, cells, strict=True):
        found.setdefault(name, cell)
    return found


def _told(row: Refused, cells: Mapping[str, str], feed: Feed, parts: Sequence[str], encoding: str) -> dict[str, str]:
    """The columns of tieout's own. A row that was mended before keeps the file and line that it came from at first."""
    of_name = next((found for one in feed.files if (found := name_pattern(one).match(row.file)) is not None), {})
    return {
        **{PART + part: cells.get(PART + part, of_name.get(part, "")) for part in parts},
        ROW: row.reference,
        FILE: cells.get(FILE, row.file),
        LINE: cells.get(LINE, str(row.row)),
        WHY: _shown("; ".join(row.reasons), encoding),
        DELIVERED: cells.get(DELIVERED, _shown(row.text, encoding)),
    }


def _shown(text: str, encoding: str) -> str:
    """A text for people to read, with what the encoding lacks as question marks."""
    return visible(text).encode(encoding, "replace").decode(encoding)


def _shape(delimited: Delimited) -> Delimited:
    """How an export is written and read: as files of the feed are, with a header, quotes and cells of several lines."""
    shape: dict[str, object] = {
        "columns": None,
        "skip_lines": 0,
        "trailer": None,
        "escape": "doubled",
        "line_breaks_in_cells": True,
    }
    if delimited.quote == "none":
        shape["quote"] = "'" if delimited.separator == '"' else '"'
    if delimited.encoding == "utf-8":
        shape["encoding"] = "utf-8-sig"
    return delimited.model_copy(update=shape)


def _line(cells: Sequence[str], shape: Delimited) -> str:
    return shape.separator.join(_quoted(cell, shape) for cell in cells) + "\r\n"


def _quoted(cell: str, shape: Delimited) -> str:
    """A cell between quotes where it needs them."""
    if any(one in cell for one in (shape.separator, shape.quote, "\r", "\n", " ", ";", "\t")):
        return shape.quote + cell.replace(shape.quote, shape.quote * 2) + shape.quote
    return cell


def read_resubmission(path: Path, client: Client, rows: Sequence[Refused]) -> Resubmission:
    """A mended export, held against the rows in quarantine; FileRefusedError where it is none, or a row of it has no
    place to go: each names one row that waits, and no two the same.
    """
    source = read_source(path)
    feed, columns, found = _cut(source, client)
    shape = _shape(feed.delimited)
    by_reference = {row.reference: row for row in rows if row.feed == feed.name}
    replaced: dict[int, Refused] = {}
    lines = [_line(columns, shape)]
    for number, cells in found:
        reference = cells[columns.index(ROW)]
        row = by_reference.get(reference)
        if row is None:
            message = f'{ROW} is "{visible(reference)}", which is no row in quarantine'
            raise FileRefusedError(message, number, f"leave {ROW} as it was, or {_EXPORT_AGAIN}")
        if row.replaced_by is not None:
            by = f"line {row.replaced_by.row} of {row.replaced_by.file}"
            message = f"{row.file}:{row.row} was resubmitted before, as {by}"
            raise FileRefusedError(message, number, f"leave the line out, or {_EXPORT_AGAIN}")
        if row in replaced.values():
            raise FileRefusedError(f"{row.file}:{row.row} is in it twice", number, "keep one of the two lines")
        replaced[number] = row
        lines.append(_line([as_delivered(cell) for cell in cells], shape))
    if not replaced:
        raise FileRefusedError("has no rows", None, _EXPORT_AGAIN)
    # A row begins in the line it began in: no cell gains or loses a line break.
    data = "".join(line.removesuffix("\r\n") + "\n" for line in lines).encode()
    return Resubmission(SourceFile(source.name, data, source.sha256), _of_resubmission(feed), replaced)


def _cut(source: SourceFile, client: Client) -> tuple[Feed, list[str], list[tuple[int, list[str]]]]:
    """The feed of an export by what its rows refer to, its columns, and the cells of each row with its line."""
    fault = FileRefusedError("not an export of the quarantine, or no longer one", None, _EXPORT_AGAIN)
    for feed in client.feeds:
        shape = _shape(feed.delimited)
        try:
            lines = decoded(source, shape.encoding)
        except FileRefusedError as error:
            fault = error
            continue
        columns = split_line(lines.line(1) or "", shape) or []
        if columns.count(ROW) != 1:
            continue
        rows: list[tuple[int, list[str]]] = []
        for numbers, texts in joined_rows(lines, 1, shape):
            for number, text in zip(numbers, texts, strict=True):
                cells = split_line(text, shape)
                if cells is None or len(cells) != len(columns):
                    width = "quotation marks that do not pair up" if cells is None else f"{len(cells)} cells"
                    message = f"the row has {width}, and the file has {len(columns)} columns"
                    raise FileRefusedError(message, number, "mend the row, or leave it out")
                rows.append((number, cells))
        if all(cells[columns.index(ROW)].startswith(f"{feed.name}/") for _, cells in rows):
            return feed, columns, rows
        fault = FileRefusedError(f"{ROW} does not name rows of one feed", None, _EXPORT_AGAIN)
    raise fault


def _of_resubmission(feed: Feed) -> Feed:
    """The feed as it reads a mended export: what it took from file names and row numbers stands in columns there."""
    shape = _shape(feed.delimited).model_copy(update={"encoding": "utf-8"})
    fills = tuple(
        fill.model_copy(update={"columns": {name: _supplied(one) for name, one in fill.columns.items()}})
        for fill in feed.fills
    )
    implied = {
        name: None if supply is None else _supplied(supply)
        for name, supply in (("currency", feed.currency), ("known_at", feed.known_at))
    }
    return feed.model_copy(update={"delimited": shape, "fills": fills, **implied})


def _supplied(supply: Supply) -> Supply:
    unit = None if supply.unit is None else _supplied(supply.unit)
    update: dict[str, object] = {"unit": unit}
    if supply.file_name is not None:
        update |= {"file_name": None, "column": PART + supply.file_name, "format": ("YYYY-MM-DD",)}
    elif supply.row_number:
        update |= {"row_number": False, "column": LINE}
    return supply.model_copy(update=update)
