"""A text cut into items: each begins with a word in column 1 and ends where the next one begins.

In a literate text (`*.tieout.md`) only the fenced `tieout` blocks count. The rest is blanked, character for character,
so every offset still points into the markdown file.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from dsl.span import Source

LITERATE_SUFFIX = ".tieout.md"

_FENCE = re.compile(r"^(`{3,}|~{3,})[ \t]*([^\s`]*)[^\n]*$", re.MULTILINE)
_HEADING = re.compile(r"^(#{1,6})[ \t]+([^\n]*)$", re.MULTILINE)
_ITEM_START = re.compile(r"^[^\s#]", re.MULTILINE)
_NOT_LINE_END = re.compile(r"[^\r\n]")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of a literate text: offsets of its content; `closed` says whether its fence ends it."""

    start: int
    end: int
    compiles: bool
    closed: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """One item's text: offsets from its first character to the beginning of the next item."""

    start: int
    end: int


def is_literate(source: Source) -> bool:
    """Whether a source is markdown around its rules."""
    return source.name.endswith(LITERATE_SUFFIX)


def blocks(text: str) -> tuple[Block, ...]:
    """The fenced blocks of a markdown text, in order; a block that is never closed reaches to the end."""
    found: list[Block] = []
    opening: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opening is None:
            opening = fence
        elif fence[1].startswith(opening[1]) and not fence[2]:
            found.append(_block(text, opening, fence.start()))
            opening = None
    if opening is not None:
        found.append(_block(text, opening, None))
    return tuple(found)


def _block(text: str, opening: re.Match[str], closing: int | None) -> Block:
    start = min(opening.end() + 1, len(text))
    return Block(start, len(text) if closing is None else closing, opening[2] == "tieout", closing is not None)


def compiled_text(source: Source) -> str:
    """The text that compiles, as long as the source: a plain source's own, a literate one's with its prose blanked."""
    if not is_literate(source):
        return source.text
    parts: list[str] = []
    done = 0
    for block in blocks(source.text):
        if block.compiles:
            parts.append(_NOT_LINE_END.sub(" ", source.text[done : block.start]))
            parts.append(source.text[block.start : block.end])
            done = block.end
    parts.append(_NOT_LINE_END.sub(" ", source.text[done:]))
    return "".join(parts)


def cut(text: str) -> tuple[Piece, ...]:
    """The items of a text by their offsets; what stands before the first is not part of any."""
    starts = [match.start() for match in _ITEM_START.finditer(text)]
    return tuple(Piece(start, end) for start, end in pairwise([*starts, len(text)]))


def heading_at(source: Source, offset: int) -> str:
    """The policy headings above an offset of a literate text, outermost first, joined by `, `; '' where there are none.

    `Revenue policy, 3.2 Returns` cites an item the way an auditor would.
    """
    if not is_literate(source):
        return ""
    starts, paths = _headings(source.text)
    return paths[bisect_right(starts, offset)]


@lru_cache(maxsize=16)
def _headings(text: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Where each heading of a markdown text begins, and the path of headings before the first and from each on."""
    fenced = blocks(text)
    starts: list[int] = []
    paths = [""]
    above: list[tuple[int, str]] = []
    for heading in _HEADING.finditer(text):
        block = bisect_right(fenced, heading.start(), key=lambda block: block.start) - 1
        if block >= 0 and heading.start() < fenced[block].end:
            continue
        depth = len(heading[1])
        above = [(level, title) for level, title in above if level < depth]
        above.append((depth, _title(heading[2])))
        starts.append(heading.start())
        paths.append(", ".join(title for _, title in above))
    return tuple(starts), tuple(paths)


def _title(written: str) -> str:
    """A heading's words without the marks that may close it."""
    words = written.strip().rstrip("#")
    return words.rstrip() if words != words.rstrip() else written.strip()
