"""From characters to words: the lexer of one item, with its indentation.

A word is taken whole, then looked up: it is a quoted word of the grammar or one of a class of words where the parser
can accept that, and a name otherwise; so `is over-time` never splits and `amount value` needs no escape. A line end
becomes a token without width behind the last word, so a clause never reaches into the comments that follow it.
What fits no word comes out as UNKNOWN, which no rule accepts.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from typing import Any

from lark import Token
from lark.common import LexerConf
from lark.lexer import Lexer, LexerState, PatternStr, TerminalDef
from lark.utils import TextSlice

NESTING_LIMIT = 64
"""The deepest brackets, and the most operations in one clause: more is refused, so no pass runs out of stack."""

_WORD_CLASS = re.compile(r"\(\?:([a-z]+(?:\|[a-z]+)*)\)")
_CONTINUES = re.compile(r"(?:and|or)[ \t]")
_OPERATORS = {"+", "-", "*", "/"}
_SHAPES = {
    "NAME": "",
    "STRING": "",
    "DATE": r"(?![\w-])",
    "PERCENT": r"(?!\w)",
    "NUMBER": r"(?![\w%]|[,.]\d)",
}
"""Terminals told by their shape, in order, each with what may not follow it."""


class WordError(Exception):
    """A word that cannot stand where it does: `reason` is 'indentation', 'deep' or 'long'; offsets of the word."""

    def __init__(self, reason: str, start: int, end: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.start = start
        self.end = end


class Words(Lexer):
    """Cuts one item into tokens; built once from the grammar's terminals, holds no state between texts."""

    __future_interface__ = 2

    def __init__(self, lexer_conf: LexerConf) -> None:
        patterns = {terminal.name: terminal.pattern for terminal in lexer_conf.terminals}
        self._words = vocabulary(lexer_conf.terminals)
        self._marks = {
            pattern.value: name
            for name, pattern in patterns.items()
            if isinstance(pattern, PatternStr) and pattern.value not in self._words
        }
        shapes = "|".join(f"(?P<{name}>{patterns[name].value}){guard}" for name, guard in _SHAPES.items())
        marks = "|".join(re.escape(mark) for mark in sorted(self._marks, key=len, reverse=True))
        self._next = re.compile(
            rf"[ \t\r]*(?:#[^\n]*)?(?:(?P<LINE>(?:\n[ \t\r]*(?:#[^\n]*)?)+)|{shapes}|(?P<MARK>{marks})"
            r'|(?P<END>\Z)|(?P<UNKNOWN>"[^"\n]*|[<>=!]+|\d[^\s|()#"]*|.))',
            re.ASCII,
        )
        self._period = re.compile(patterns["PERIOD"].value)
        self._contextual = {name: re.compile(patterns[name].value) for name in ("ZONE", "WEEKS")}

    def lex(self, lexer_state: LexerState, parser_state: Any) -> Iterator[Token]:
        """The tokens of one item, ending with a line end and the dedents that close it; raises WordError."""
        piece: TextSlice[str] = lexer_state.text
        text, position, end = piece.text, piece.start, piece.end
        states = parser_state.parse_conf.states
        levels = [0]
        last = position
        depth = operations = 0
        while True:
            match = self._next.match(text, position, end)
            assert match is not None, "every character is a word, a mark or UNKNOWN"
            kind = match.lastgroup or ""
            start, position = match.start(kind), match.end()
            if kind == "LINE" and position < end:
                if _CONTINUES.match(text, position):
                    continue
                width = position - text.rindex("\n", start, position) - 1
                depth = operations = 0
                yield Token("_NL", "", last, end_pos=last)
                yield from _indentation(levels, width, last, position)
                continue
            if kind in ("LINE", "END"):
                yield Token("_NL", "", last, end_pos=last)
                yield from _indentation(levels, 0, last, position)
                return
            accepted = states[parser_state.position]
            for name, pattern in self._contextual.items():
                if name in accepted and (found := pattern.match(text, start, end)):
                    kind, position = name, found.end()
            value = text[start:position]
            if kind == "MARK":
                kind = self._marks[value]
                depth += (value == "(") - (value == ")")
                operations += value in _OPERATORS
                if max(depth, operations) > NESTING_LIMIT:
                    raise WordError("deep" if depth > NESTING_LIMIT else "long", start, position)
            elif kind == "NAME":
                kind = self._kind_of_word(value, accepted)
            yield Token(kind, value, start, end_pos=position)
            last = position

    def _kind_of_word(self, word: str, accepted: Container[str]) -> str:
        for kind in self._words.get(word, ()):
            if kind in accepted:
                return kind
        if "PERIOD" in accepted and self._period.fullmatch(word):
            return "PERIOD"
        return "NAME"


def vocabulary(terminals: Iterable[TerminalDef]) -> dict[str, tuple[str, ...]]:
    """Every word the grammar quotes or classes, with the kinds of token it may be, the quoted word first."""
    words: dict[str, tuple[str, ...]] = {}
    for terminal in terminals:
        pattern = terminal.pattern
        if isinstance(pattern, PatternStr) and pattern.value[0].isalpha():
            words[pattern.value] = (terminal.name, *words.get(pattern.value, ()))
        elif word_class := _WORD_CLASS.fullmatch(pattern.value):
            for word in word_class[1].split("|"):
                words[word] = (*words.get(word, ()), terminal.name)
    return words


def _indentation(levels: list[int], width: int, last: int, position: int) -> Iterator[Token]:
    if width > levels[-1]:
        levels.append(width)
        yield Token("_INDENT", "", last, end_pos=last)
    while width < levels[-1]:
        levels.pop()
        yield Token("_DEDENT", "", last, end_pos=last)
    if width != levels[-1]:
        raise WordError("indentation", position - width, position)
