"""Pages as text of a fixed width, for a terminal or a typewriter face on paper."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len

from adapters.report.blocks import Block, Check, Checks, Page, Sentences, Signatures, Table, Verdict
from adapters.report.layout import GAP, Piece, fold, pieces
from adapters.wording import visible

WIDTH = 100
"""Characters that no line exceeds."""

_GREEN, _RED, _BOLD, _PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[1m", "\x1b[0m"


def page_text(page: Page, colour: bool = False, width: int = WIDTH) -> str:
    """A page as lines of at most a width; colour only stresses what the words say."""
    lines = [_toned(line, _BOLD, colour) for line in _folded(page.title, width)]
    for heading in page.headings:
        lines += _folded(heading, width)
    for block in page.blocks:
        lines += ["", *block_lines(block, colour, width)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def block_lines(block: Block, colour: bool = False, width: int = WIDTH) -> list[str]:
    """The lines of one block."""
    if isinstance(block, Table):
        return list(_table(block, colour, width))
    if isinstance(block, Checks):
        return list(_checks(block, colour, width))
    if isinstance(block, Sentences):
        title = [_toned(block.title, _BOLD, colour)] if block.title else []
        indent = 2 if block.title else 0
        return title + [" " * indent + part for line in block.lines for part in _folded(line, width - indent)]
    if isinstance(block, Verdict):
        return list(_verdict(block, colour, width))
    return list(_signatures(block, width))


def _table(table: Table, colour: bool, width: int) -> Iterator[str]:
    if not table.rows:
        yield f"{_toned(table.title, _BOLD, colour)}  {table.empty}"
        return
    indent = 2
    for number, piece in enumerate(pieces(table, width - indent)):
        if number:
            yield ""
        title = table.title if not number else f"{table.title} (continued)"
        yield _toned(title, _BOLD, colour)
        for line in _piece(table, piece):
            yield " " * indent + line


def _piece(table: Table, piece: Piece) -> Iterator[str]:
    yield from _row(table, piece, tuple(column.heading for column in table.columns), from_below=True)
    for row in table.rows:
        yield from _row(table, piece, row)
    if table.total:
        yield _rule(table, piece)
        yield from _row(table, piece, table.total)


def _rule(table: Table, piece: Piece) -> str:
    """A line above the totals, under figures that are added up."""
    parts = [
        ("-" if table.columns[at].is_figure and table.total[at] else " ") * width
        for at, width in zip(piece.columns, piece.widths, strict=True)
    ]
    return (" " * GAP).join(parts)


def _row(table: Table, piece: Piece, cells: tuple[str, ...], from_below: bool = False) -> Iterator[str]:
    """One row, in as many lines as its tallest cell has; headings stand on the last of them."""
    folded = [fold(visible(cells[at]), width) for at, width in zip(piece.columns, piece.widths, strict=True)]
    height = max(len(lines) for lines in folded)
    for at in range(height):
        parts = []
        for index, width, lines in zip(piece.columns, piece.widths, folded, strict=True):
            place = at - (height - len(lines)) if from_below else at
            text = lines[place] if 0 <= place < len(lines) else ""
            blank = " " * (width - cell_len(text))
            parts.append(blank + text if table.columns[index].is_figure else text + blank)
        yield (" " * GAP).join(parts)


def _checks(block: Checks, colour: bool, width: int) -> Iterator[str]:
    if not block.checks:
        yield f"{_toned(block.title, _BOLD, colour)}  {block.empty}"
        return
    yield _toned(block.title, _BOLD, colour)
    for check in block.checks:
        yield from _check(check, colour, width)


def _check(check: Check, colour: bool, width: int) -> Iterator[str]:
    mark = _toned("✓", _GREEN, colour) if check.held else _toned("✗", _RED, colour)
    for number, line in enumerate(_folded(check.sentence, width - 4)):
        yield f"  {mark} {line}" if not number else f"    {line}"
    for detail in check.details:
        for line in _folded(detail, width - 8):
            yield f"      {line}"


def _verdict(block: Verdict, colour: bool, width: int) -> Iterator[str]:
    tone = _GREEN if block.good else _RED
    sentences = _folded(block.sentence, width)
    room = width - cell_len(sentences[-1]) - cell_len(block.aside)
    for line in sentences[:-1]:
        yield _toned(line, tone, colour)
    last = _toned(sentences[-1], tone, colour)
    if block.aside and room > GAP:
        yield f"{last}{' ' * room}{block.aside}"
    else:
        yield last
        if block.aside:
            yield from _folded(block.aside, width)


def _signatures(block: Signatures, width: int) -> Iterator[str]:
    longest = max(cell_len(role) for role in block.roles)
    for role in block.roles:
        yield ""
        start, end = f"{role:<{longest}}  ", "  date ______________"
        yield start + "_" * min(50, width - cell_len(start) - cell_len(end)) + end


def _folded(text: str, width: int) -> list[str]:
    """Lines of at most a width; a text that fits keeps its spacing."""
    shown = visible(text)
    return [shown] if cell_len(shown) <= width else fold(shown, width)


def _toned(text: str, tone: str, colour: bool) -> str:
    return f"{tone}{text}{_PLAIN}" if colour else text
