"""The canonical text of a ruleset: one way to write it, so that a change shows only what changed.

Words are parted by one space and indented by 4; grids are aligned, and so are runs of lines of one kind and the
comments behind them. Between items stands at most one blank line, and always one above a comment in column 1; inside
an item none. Comments keep their words, strings and numbers are left as written. An item that does not read stays as
it is. The canonical text says the same, and is its own canonical text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from lark import Token, Tree

from dsl.pieces import Piece, blocks, cut, is_literate
from dsl.reading import item_tree
from dsl.span import Source
from dsl.surface import hide, refuse, scan

_INDENT = 4
_ALIGNED: dict[str, tuple[tuple[int, ...], int]] = {
    "citation": ((2, 3), 52),
    "local_amount": ((2,), 40),
    "posting_line": ((1, 2), 32),
    "rates": ((2, 4), 24),
    "role": ((2,), 32),
    "term_line": ((1,), 24),
}
"""Rules whose lines are aligned in runs: the children that begin a column, and the widest cell that is waited for."""

_COMMENTED = 100
"""Comments behind neighbouring lines begin in one column, but wait for no line longer than this."""

_TIGHT_BEFORE = frozenset({",", ")", "."})
_TIGHT_AFTER = frozenset({"(", "."})


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of an item with its place in the text.

    opens: None inside a cell; '' where a word begins a column of `kind`; `|` and `=>`, which are marks, not text.
    first: whether it begins a clause; level: how deep that clause is indented.
    """

    text: str
    start: int
    end: int
    sign: bool = False
    opens: str | None = None
    kind: str = ""
    first: bool = False
    level: int = 0


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the canonical text: cells of which each begins with its mark, and the comment behind them.

    kind: 'row', a rule of `_ALIGNED`, 'comment', 'blank', or '' for a line that is aligned with no other.
    """

    indent: int
    kind: str
    cells: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    comment: str = ""


def format_source(source: Source) -> str:
    """The canonical text of a source; of a literate one only its closed blocks of rules change."""
    if any(True for _ in refuse(source)):
        return source.text
    if not is_literate(source):
        return _canonical(source.text)
    parts: list[str] = []
    done = 0
    for block in blocks(source.text):
        if block.compiles and block.closed:
            parts += [source.text[done : block.start], _canonical(source.text[block.start : block.end])]
            done = block.end
    return "".join([*parts, source.text[done:]])


def _canonical(text: str) -> str:
    source = Source("", text.replace("\r\n", "\n"))
    pieces = cut(source.text)
    faults = [fault.span.start for fault in scan(source, hide(source.text), pieces)]
    lines = list(_between(source.text[: pieces[0].start if pieces else len(source.text)]))
    for piece in pieces:
        end = piece.start + len(_own_lines(source.text, piece))
        tree = None if any(piece.start <= fault < piece.end for fault in faults) else item_tree(source.text, piece)
        if tree is None:
            lines += [
                _Line(0, "", (line,), ("",)) for line in source.text[piece.start : end].rstrip(" \t\n").split("\n")
            ]
        else:
            lines += _item(source.text, end, tree)
        lines += _between(source.text[end : piece.end])
    return "".join(f"{line}\n" for line in _written(_parted(lines)))


# ---- what stands between items -------------------------------------------------------------------------------------


def _own_lines(text: str, piece: Piece) -> str:
    """The text of an item without the blank lines and the comments in column 1 that lead to the next."""
    lines = text[piece.start : piece.end].splitlines(keepends=True)
    one_line = not any(line[0] in " \t" and line.strip() and not line.lstrip().startswith("#") for line in lines)
    while len(lines) > 1 and (not lines[-1].strip() or lines[-1].startswith("#") or one_line):
        lines.pop()
    return "".join(lines)


def _between(text: str) -> Iterator[_Line]:
    """The comments and blank lines of a text between items; words that no item holds stay as they are."""
    for line in text.splitlines():
        if not line.strip():
            yield _Line(0, "blank")
        elif line.lstrip().startswith("#"):
            yield _Line(0, "comment", comment=line.strip())
        else:
            yield _Line(0, "", (line,), ("",))


def _parted(lines: Sequence[_Line]) -> list[_Line]:
    """The lines with one blank line where there were several or a comment begins in column 1, none at either end."""
    parted: list[_Line] = []
    blank = False
    for line in lines:
        if line.kind == "blank":
            blank = True
            continue
        heading = line.kind == "comment" and line.indent == 0
        if parted and (blank or (heading and parted[-1].kind != "comment")):
            parted.append(_Line(0, "blank"))
        parted.append(line)
        blank = False
    return parted


# ---- one item ------------------------------------------------------------------------------------------------------


def _item(text: str, end: int, tree: Tree[Any]) -> Iterator[_Line]:
    """The lines of an item that reads; `end` is where its own lines end."""
    words = list(_words(tree))
    begins = [
        index for index, word in enumerate(words) if word.first or "\n" in text[words[index - 1].end : word.start]
    ]
    rows = [words[begin:stop] for begin, stop in pairwise([*begins, len(words)])]
    indents = _indents(rows)
    followings = [*indents[1:], words[-1].level * _INDENT]
    stops = [*(row[0].start for row in rows[1:]), end]
    for row, indent, following, stop in zip(rows, indents, followings, stops, strict=True):
        comment, _, own = text[row[-1].end : stop].partition("\n")
        yield _line(row, indent, comment.strip())
        for words_of_comment in filter(None, map(str.strip, own.split("\n"))):
            yield _Line(following, "comment", comment=words_of_comment)


def _indents(rows: Sequence[Sequence[_Word]]) -> list[int]:
    """The indentation of each line; `and` and `or` end where the `when` or `needs` above them ends."""
    indents: list[int] = []
    head = rows[0][0]
    for row in rows:
        if row[0].first:
            head = row[0]
            indents.append(head.level * _INDENT)
        elif head.text in ("when", "needs"):
            indents.append(head.level * _INDENT + len(head.text) - len(row[0].text))
        else:
            indents.append((head.level + 1) * _INDENT)
    return indents


def _words(tree: Tree[Any]) -> Iterator[_Word]:
    """The words of an item in order, each knowing its clause."""
    level = 0
    first = True
    for kind, word in _leaves(tree):
        if kind == "_INDENT":
            level += 1
        elif kind == "_DEDENT":
            level -= 1
        elif kind == "_NL":
            first = True
        else:
            yield replace(word, first=first, level=level)
            first = False


def _leaves(tree: Tree[Any]) -> Iterator[tuple[str, _Word]]:
    """The tokens of a tree in order, with their kinds."""
    columns, _ = _ALIGNED.get(tree.data, ((), 0))
    for index, child in enumerate(tree.children):
        if child is None:
            continue
        leaves: Iterator[tuple[str, _Word]] = iter([_leaf(tree, child)]) if isinstance(child, Token) else _leaves(child)
        if index in columns:
            kind, word = next(leaves)
            yield kind, replace(word, opens="", kind=str(tree.data))
        yield from leaves


def _leaf(tree: Tree[Any], token: Token) -> tuple[str, _Word]:
    start, end = token.start_pos or 0, token.end_pos or 0
    if tree.data == "row" and token.type in ("VBAR", "ARROW"):
        return token.type, _Word(str(token), start, end, opens=str(token), kind="row")
    return token.type, _Word(str(token), start, end, sign=tree.data == "negate" and token.type == "MINUS")


def _line(words: Sequence[_Word], indent: int, comment: str) -> _Line:
    marks: list[str] = []
    cells: list[list[_Word]] = []
    for word in words:
        if word.opens is not None or not cells:
            marks.append(word.opens or "")
            cells.append([])
        if not word.opens:
            cells[-1].append(word)
    kind = next((word.kind for word in words if word.opens is not None), "")
    return _Line(indent, kind, tuple(map(_spaced, cells)), tuple(marks), comment)


def _spaced(words: Sequence[_Word]) -> str:
    """Words with one space between them, none inside brackets, before commas, in paths and behind a sign."""
    parts = [word.text for word in words[:1]]
    for before, word in pairwise(words):
        tight = word.text in _TIGHT_BEFORE or before.text in _TIGHT_AFTER or before.sign
        tight = tight or (word.text == "(" and before.text == "rounded")
        parts.append(word.text if tight else f" {word.text}")
    return "".join(parts)


# ---- alignment -----------------------------------------------------------------------------------------------------


def _written(lines: Sequence[_Line]) -> list[str]:
    """The lines as text, columns and comments aligned."""
    texts = [""] * len(lines)
    for run in _runs(lines):
        widths = _widths([lines[index] for index in run])
        for index in run:
            texts[index] = _joined(lines[index], widths)
    begin = 0
    while begin < len(lines):
        stop = begin + 1
        if lines[begin].comment and lines[begin].kind != "comment":
            while stop < len(lines) and lines[stop].comment and lines[stop].kind != "comment":
                stop += 1
            column = max((_width(text) for text in texts[begin:stop] if _width(text) <= _COMMENTED), default=0)
            for index in range(begin, stop):
                padding = " " * max(0, column - _width(texts[index]))
                texts[index] += f"{padding}  {lines[index].comment}"
        begin = stop
    return texts


def _runs(lines: Sequence[_Line]) -> Iterator[list[int]]:
    """The indexes of lines that are aligned together; a comment between them does not part them."""
    run: list[int] = []
    for index, line in enumerate(lines):
        if line.kind == "comment":
            yield [index]
            continue
        if run and not (line.kind and _alike(lines[run[-1]], line)):
            yield run
            run = []
        run.append(index)
    if run:
        yield run


def _alike(one: _Line, other: _Line) -> bool:
    same = one.kind == other.kind and one.indent == other.indent
    return same and (one.kind != "row" or one.marks == other.marks)


def _widths(lines: Sequence[_Line]) -> list[int]:
    """The width of each column of a run; a line's last cell needs none."""
    widths: list[int] = []
    for line in lines:
        for index, cell in enumerate(line.cells[:-1]):
            if index == len(widths):
                widths.append(0)
            width = _width(cell)
            if line.kind == "row" or width <= _ALIGNED[line.kind][1]:
                widths[index] = max(widths[index], width)
    return widths


def _joined(line: _Line, widths: Sequence[int]) -> str:
    if line.kind == "comment":
        return " " * line.indent + line.comment
    parts: list[str] = []
    for index, (mark, cell) in enumerate(zip(line.marks, line.cells, strict=True)):
        padding = " " * max(0, widths[index] - _width(cell)) if index < len(line.cells) - 1 else ""
        parts.append(f"{mark} {cell}{padding}" if mark else f"{cell}{padding}")
    return (" " * line.indent + " ".join(parts)).rstrip(" \t") if line.cells else ""


def _width(text: str) -> int:
    """How many columns an editor gives to a text."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(bool(unicodedata.combining(character)) for character in text)
