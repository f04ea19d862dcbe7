"""What the surface of a text gives away before it is parsed: its size, its characters, its grids and its dates.

These faults would lead the parser astray or past them, so they are looked for first and their lines are left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice, pairwise

from dsl.diagnostics import Diagnostic, Label
from dsl.pieces import Piece, blocks, is_literate
from dsl.span import Source, Span

SIZE_LIMIT = 256 * 1024
"""The most bytes of one text that are read."""

_HIDDEN = re.compile(r'"[^"\n]*"?|#[^\n]*')
_FORBIDDEN = re.compile(r"\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_DATE = re.compile(r"(?<!\w)(?<!\w-)\d{4}-\d{1,2}-\d{1,2}(?![\w-])", re.ASCII)
_EDIT_ROW = re.compile(r"add[ \t]+(?:row|column)[ \t]+(?=\|)")


def hide(text: str) -> str:
    """The text with strings filled and comments blanked, character for character, so marks in them do not count."""
    return _HIDDEN.sub(_filled, text)


def _filled(match: re.Match[str]) -> str:
    hidden = match[0]
    return " " * len(hidden) if hidden.startswith("#") else '"' + "x" * (len(hidden) - 1)


def refuse(source: Source) -> Iterator[Diagnostic]:
    """Why a text is not read at all: it is too large (T014), or holds characters nobody sees (T015)."""
    size = len(source.text.encode("utf-8", "surrogatepass"))
    if size > SIZE_LIMIT:
        yield too_large(source, size)
        return
    for match in _FORBIDDEN.finditer(source.text):
        yield forbidden_character(Span(source, match.start(), match.end()))


def too_large(source: Source, size: int) -> Diagnostic:
    """The finding that a text of so many bytes is not read."""
    message = f"the text holds {size:,} bytes; at most {SIZE_LIMIT:,} are read"
    return Diagnostic("T014", message, Span(source, 0, 0), "split it: a ruleset may be a folder of files")


def forbidden_character(span: Span) -> Diagnostic:
    """The finding that a character has no place in a text, with its name."""
    character = span.text
    name = unicodedata.name(character, "control character").lower()
    message = f"the character U+{ord(character):04X} ({name}) has no place here"
    category = "Pd" if character == "\N{MINUS SIGN}" else unicodedata.category(character)
    advice = {"Zs": "write a plain space", "Pd": "write a plain hyphen: `-`"}.get(category, "remove it")
    return Diagnostic("T015", message, span, advice)


def scan(source: Source, hidden: str, pieces: tuple[Piece, ...]) -> Iterator[Diagnostic]:
    """The faults of a text that show on its surface; `hidden` is what `hide` makes of the text that compiles."""
    if not pieces:
        advice = "begin with `ruleset NAME version NUMBER` in column 1"
        yield Diagnostic("T016", "the text holds no items", Span(source, 0, 0), advice)
    yield from _block_faults(source, hidden)
    first = pieces[0].start if pieces else len(hidden)
    for _, start, end in islice(_lines(hidden[:first]), 1):
        advice = "begin the item in column 1"
        yield Diagnostic("T009", "an indented line before the first item", Span(source, start, end), advice)
    if "\t" in hidden:
        yield from _tabs(source, hidden)
    for match in _DATE.finditer(hidden):
        if (fault := _date_fault(Span(source, match.start(), match.end()))) is not None:
            yield fault
    yield from _grid_faults(source, hidden)


def _lines(text: str, offset: int = 0) -> Iterator[tuple[int, int, int]]:
    """Where each line that holds something begins, and where its words begin and end."""
    for line in text.split("\n"):
        words = line.strip(" \t\r")
        if words:
            start = offset + line.index(words[0])
            yield offset, start, start + len(words)
        offset += len(line) + 1


def _block_faults(source: Source, hidden: str) -> Iterator[Diagnostic]:
    if not is_literate(source):
        return
    compiled = [block for block in blocks(source.text) if block.compiles]
    for block in compiled:
        if not block.closed:
            message = "the block of rules is not closed"
            span = Span(source, source.text.rfind("\n", 0, block.start - 1) + 1, block.start)
            yield Diagnostic("T021", message, _trimmed(span), "end it with a line of the same marks")
    for before, block in pairwise(compiled):
        for line, start, end in islice(_lines(hidden[block.start : block.end], block.start), 1):
            if start > line and hidden[before.start : before.end].strip():
                message = "an item does not go over into the next block"
                advice = "begin each block with an item in column 1"
                yield Diagnostic("T009", message, Span(source, start, end), advice)


def _trimmed(span: Span) -> Span:
    return Span(span.source, span.start, span.start + len(span.text.rstrip()))


def _tabs(source: Source, hidden: str) -> Iterator[Diagnostic]:
    for line, start, _ in _lines(hidden):
        tab = hidden.find("\t", line, start)
        if tab >= 0:
            yield Diagnostic("T009", "the line is indented by a tab", Span(source, tab, start), "indent by 4 spaces")


def _date_fault(span: Span) -> Diagnostic | None:
    year, month, day = span.text.split("-")
    if len(span.text) < 10:
        message = f"`{span.text}` is not a date: month and day have two digits"
        return Diagnostic("T012", message, span, f"write `{year}-{month:0>2}-{day:0>2}`")
    try:
        date.fromisoformat(span.text)
    except ValueError:
        return Diagnostic(
            "T012", f"`{span.text}` is not a day of the calendar", span, _date_help(int(year), int(month))
        )
    return None


def _date_help(year: int, month: int) -> str:
    if not (0 < year < 9999 and 1 <= month <= 12):
        return "write year-month-day: `2026-01-31`"
    last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    return f"the last day of that month is {last}"


# ---- grids ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a grid: the span from its first to its last mark, and the spans of its cells by side of `=>`."""

    span: Span
    inputs: tuple[Span, ...]
    outputs: tuple[Span, ...]

    @property
    def cells(self) -> tuple[Span, ...]:
        return self.inputs + self.outputs


def _grid_faults(source: Source, hidden: str) -> Iterator[Diagnostic]:
    head: _Line | None = None
    for _, start, end in _lines(hidden):
        edit = _EDIT_ROW.match(hidden, start, end)
        if edit is None and hidden[start] != "|":
            head = None
            continue
        start = edit.end() if edit else start
        if hidden[end - 1] != "|" or start == end - 1:
            head = head or _grid_line(source, hidden, start, end)
            yield _not_closed(Span(source, start, end))
            continue
        line = _grid_line(source, hidden, start, end - 1)
        yield from _empty_cells(line, head)
        if head is not None and edit is None:
            yield from _not_square(line, head)
        elif edit is None:
            head = line


def _grid_line(source: Source, hidden: str, start: int, end: int) -> _Line:
    sides: list[list[Span]] = [[]]
    begin = start + 1
    for mark in re.finditer(r"\||=>", hidden[start + 1 : end]):
        sides[-1].append(Span(source, begin, start + 1 + mark.start()))
        begin = start + 1 + mark.end()
        if mark[0] == "=>":
            sides.append([])
    sides[-1].append(Span(source, begin, end))
    return _Line(Span(source, start, end + 1), tuple(sides[0]), tuple(cell for side in sides[1:] for cell in side))


def _not_closed(span: Span) -> Diagnostic:
    if '"' in span.text and span.text.rstrip().endswith("|"):
        string = Span(span.source, span.start + span.text.rindex('"'), span.end)
        return Diagnostic("T010", "the string is not closed", string, 'end it with `"` before the next `|`')
    return Diagnostic("T007", "the line of the grid is not closed", span, "end it with `|`")


def _empty_cells(line: _Line, head: _Line | None) -> Iterator[Diagnostic]:
    for index, cell in enumerate(line.cells):
        if not cell.text.strip():
            under = f" under `{head.cells[index].text.strip()}`" if head and index < len(head.cells) else ""
            span = Span(cell.source, cell.start - 1, cell.end + 1)
            yield Diagnostic("T001", f"an empty cell{under}", span, "write the value, `missing` or `any`")


def _not_square(line: _Line, head: _Line) -> Iterator[Diagnostic]:
    name = f"row `{line.cells[0].text.strip()}`"
    here, there = len(line.cells), len(head.cells)
    label = (Label(head.span, "the head of the grid"),)
    if bool(line.outputs) != bool(head.outputs):
        message = f"{name} has no `=>`" if head.outputs else f"{name} has `=>`, the head of its grid has none"
        advice = "put `=>` between the inputs and the outputs" if head.outputs else "write `|` instead"
        yield Diagnostic("T001", message, line.span, advice, labels=label)
    elif here != there:
        message = f"{name} has {_count(here, 'cell')}, its grid has {_count(there, 'column')}"
        last = head.cells[-1].text.strip()
        advice = f"add {_count(there - here, 'cell')}; the last column is `{last}`"
        if here > there:
            advice = f"remove {_count(here - there, 'cell')}, or give the grid a column more"
        yield Diagnostic("T001", message, line.span, advice, labels=label)
    elif len(line.inputs) != len(head.inputs):
        message = f"{name} has {_count(len(line.inputs), 'input')}, its grid has {len(head.inputs)}"
        yield Diagnostic("T001", message, line.span, "put `=>` where the head of the grid has it", labels=label)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
