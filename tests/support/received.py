"""How many rows and cents a delivered file holds, read from its bytes alone; nothing of intake is used.

A row is what ends at a line feed (at a carriage return where a file has no line feed); line ends behind the last row
are no rows. A cell counts in a total where the row is whole and the cell is a plain number.
"""

from __future__ import annotations

from dataclasses import dataclass

LINE_FEED, CARRIAGE_RETURN, TAB = 0x0A, 0x0D, 0x09
DIGITS = b"0123456789"
DIGITS_OF_A_TERM = 19


@dataclass(frozen=True, slots=True)
class Dialect:
    """How files of a feed are written: what separates cells, stands before cents, quotes, and begins a trailer."""

    separator: bytes
    decimal: bytes
    encoding: str
    trailer: bytes = b""
    quote: bytes = b'"'


@dataclass(frozen=True, slots=True)
class Received:
    """Rows by line, each as its bytes; the sum of one column in millionths, and the rows that add nothing to it."""

    rows: dict[int, bytes]
    millionths: int
    unreadable: int


def count_received(data: bytes, dialect: Dialect, summed: bytes) -> Received:
    """What a file below its header brings, its trailer left out where it has one; `summed` is the column to add up."""
    lines = lines_of(data)
    header = cells_of(lines[1], dialect)
    assert header is not None
    place, width = header.index(summed), len(header)
    rows = {number: line for number, line in lines.items() if number > 1}
    if dialect.trailer:
        del rows[max(rows)]
    millionths = unreadable = 0
    for line in rows.values():
        cells = cells_of(line, dialect)
        whole = cells is not None and len(cells) == width and not any(_is_control(byte) for byte in line)
        whole = whole and not (dialect.trailer and line.startswith(dialect.trailer))
        figure = _millionths(cells[place], dialect.decimal) if cells is not None and whole else None
        millionths += figure or 0
        unreadable += figure is None
    return Received(rows, millionths, unreadable)


def lines_of(data: bytes) -> dict[int, bytes]:
    """The lines of a file by number from 1, without their ends; what is empty at the end is left out."""
    end_byte = LINE_FEED if LINE_FEED in data else CARRIAGE_RETURN
    lines: dict[int, bytes] = {}
    line, number = bytearray(), 1
    for byte in data:
        if byte != end_byte:
            line.append(byte)
            continue
        lines[number], line, number = bytes(line), bytearray(), number + 1
    lines[number] = bytes(line)
    while lines and not lines[number].strip(b"\r"):
        del lines[number]
        number -= 1
    return {at: one[:-1] if one[-1:] == b"\r" else one for at, one in lines.items()}


def cells_of(line: bytes, dialect: Dialect) -> list[bytes] | None:
    """The cells of a line, one byte after the other; None where its quotes do not pair up."""
    cells, cell, state = [], bytearray(), "begins"
    for at in range(len(line)):
        byte = line[at : at + 1]
        if state == "begins" and byte == dialect.quote:
            state = "quoted"
        elif state == "quoted":
            if byte == dialect.quote:
                state = "quote seen"
            else:
                cell += byte
        elif state == "quote seen" and byte == dialect.quote:
            cell += byte
            state = "quoted"
        elif byte == dialect.separator:
            cells.append(bytes(cell))
            cell, state = bytearray(), "begins"
        elif byte == dialect.quote or state == "quote seen":
            return None
        else:
            cell += byte
            state = "plain"
    return None if state == "quoted" else [*cells, bytes(cell)]


def _is_control(byte: int) -> bool:
    return (byte < 0x20 and byte != TAB) or byte == 0x7F


def _millionths(cell: bytes, decimal: bytes) -> int | None:
    """A plain number as a whole count of millionths; None for anything else."""
    sign, digits = (-1, cell[1:]) if cell[:1] == b"-" else (1, cell)
    whole, mark, behind = digits.partition(decimal)
    if any(byte not in DIGITS for byte in whole + behind) or not whole + behind or (mark and not behind):
        return None
    if len(whole.lstrip(b"0")) > DIGITS_OF_A_TERM or len(behind) > 6:
        return None
    return sign * int((whole or b"0") + behind.ljust(6, b"0"))
