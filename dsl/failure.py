"""Where the parser stopped in an item, and the views of that place which explanations read."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from dsl.pieces import Piece
from dsl.span import Source, Span
from dsl.surface import hide

_WORD_SHOWN = 60
_HEAD = re.compile(r'\S+(?:[ \t]+(?:"[^"\n]*"|[^\s,]+))?')


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that a misspelt one most likely means; '' where none is near."""
    if len(word) > _WORD_SHOWN:
        return ""
    near = difflib.get_close_matches(word.lower(), [other for other in known if other != word], 1, 0.72)
    return near[0] if near else ""


@dataclass(frozen=True)
class Failure:
    """Where the parser stopped: a word (`start` to `end`), its kind of token, and the words that could stand there.

    `kind` may also be the reason of a WordError: 'indentation', 'deep', 'long'. `expected` holds kinds of tokens.
    """

    source: Source
    text: str
    piece: Piece
    start: int
    end: int
    kind: str
    words: tuple[str, ...]
    expected: frozenset[str] = frozenset()

    @property
    def at(self) -> str:
        """The word the parser stopped at, cut to what a message can show; '' at the end of a line."""
        word = self.text[self.start : self.end]
        return word if len(word) <= _WORD_SHOWN else word[: _WORD_SHOWN - 1] + "…"

    @property
    def at_end(self) -> bool:
        """Whether the parser stopped at the end of a line or of the item."""
        return self.kind in ("_NL", "_INDENT", "_DEDENT", "$END")

    @property
    def span(self) -> Span:
        """The span of the word, or of the last word of the line where the parser stopped at its end."""
        if self.start < self.end:
            return Span(self.source, self.start, self.end)
        line = self.text[self.line_start : self.start]
        return self.cover(len(line) - len((line.split() or [""])[-1]), len(line))

    @cached_property
    def line_start(self) -> int:
        """Where the line begins, behind its indentation."""
        start = self.text.rfind("\n", 0, self.start) + 1
        indented = self.text[start : self.start]
        return start + len(indented) - len(indented.lstrip())

    @cached_property
    def before(self) -> str:
        """The line up to the word, its strings filled."""
        return hide(self.text[self.line_start : self.start]).rstrip()

    @cached_property
    def previous(self) -> str:
        """The word before the word."""
        return self.before.rpartition(" ")[2]

    @cached_property
    def line(self) -> str:
        """The line from its first word, without its comment."""
        end = self.text.find("\n", self.start)
        line = self.text[self.line_start : end if end >= 0 else len(self.text)]
        return line[: len(hide(line).rstrip())]

    @cached_property
    def after(self) -> str:
        """The line behind the word."""
        return self.line[self.end - self.line_start :].strip()

    @cached_property
    def item(self) -> str:
        """The word of the item."""
        return self.text[self.piece.start : self.piece.end].split(maxsplit=1)[0]

    @cached_property
    def item_span(self) -> Span:
        """The item's word and name."""
        head = _HEAD.match(self.text, self.piece.start, self.piece.end)
        return Span(self.source, self.piece.start, head.end() if head else self.piece.start)

    @property
    def begins_line(self) -> bool:
        """Whether the word is the first of a line below the item's own."""
        return not self.before and self.line_start != self.piece.start

    def cover(self, begin: int, end: int) -> Span:
        """A span from and to offsets within the line."""
        return Span(self.source, self.line_start + begin, self.line_start + end)

    def with_previous(self) -> Span:
        """The span of the word before and the word."""
        return self.cover(len(self.before) - len(self.previous), self.end - self.line_start)
