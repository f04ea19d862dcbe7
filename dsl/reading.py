"""One item from text to node: the parser, built once, the walk from its tree to the syntax tree, and recovery.

Where a line does not read, its fault is noted, the line is blanked and the item is tried again, so that several faults
of one item are found in one go. From the second try on only faults that the blanking cannot have caused are kept.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedToken
from lark.utils import TextSlice

from dsl.diagnostics import Diagnostic
from dsl.failure import Failure
from dsl.makers.answers import ANSWERS
from dsl.makers.facts import FACTS
from dsl.makers.lines import SaidTwiceError
from dsl.makers.values import TOKENS, VALUES, WORD_CLASSES
from dsl.pieces import Piece
from dsl.span import Source, Span
from dsl.syntax_errors import explain
from dsl.words import WordError, Words, vocabulary

RULES = VALUES | FACTS | ANSWERS
"""What makes the node of each rule of the grammar."""

GRAMMAR = Path(__file__).with_name("grammar.lark")

FAULTS_OF_AN_ITEM = 20
"""The most faults of one item that are looked for."""

_CONTINUES = re.compile(r"[ \t]+(?:and|or)[ \t]|[ \t\r]*(?:#|$)")
_NOT_LINE_END = re.compile(r"[^\r\n]")


@cache
def parser() -> Lark:
    """The parser of one item, its table read from where Python keeps the bytecode of this module.

    To make the table took 0.7 s, to read it 0.04 s. It is as trustworthy as the bytecode beside it, and made anew when
    grammar, lark or Python change, when it is broken, and where no bytecode is kept.
    """
    kept = GRAMMAR.parent / "__pycache__" / "grammar.table"
    keeps = not sys.dont_write_bytecode and os.access(kept.parent, os.W_OK)
    text = GRAMMAR.read_text(encoding="utf-8")
    return Lark(text, parser="lalr", lexer=Words, keep_all_tokens=True, cache=str(kept) if keeps else False)


@cache
def _vocabulary() -> dict[str, tuple[str, ...]]:
    return vocabulary(parser().terminals)


def item_tree(text: str, piece: Piece) -> Tree[Any] | None:
    """The parse tree of one item, every word in it; None where it does not read."""
    try:
        return parser().parse(TextSlice(text, piece.start, piece.end))
    except (UnexpectedToken, WordError):
        return None


def read_item(source: Source, text: str, piece: Piece, known: Sequence[Diagnostic]) -> tuple[Any, list[Diagnostic]]:
    """The node of one item, or None and its faults beside those already `known` of it."""
    for one in known:
        text = _without_clause(text, piece, one.span.start)
    found: list[Diagnostic] = []
    while text[piece.start].strip() and len(found) < FAULTS_OF_AN_ITEM:
        try:
            tree = parser().parse(TextSlice(text, piece.start, piece.end))
            node = _build(source, tree)[0]
        except SaidTwiceError as error:
            return None, [*found, error.diagnostic]
        except (UnexpectedToken, WordError) as error:
            failure = _failure(source, text, piece, error)
            fault = explain(failure, first=not (known or found))
            if fault is None:
                break
            found.append(fault)
            text = _without_clause(text, piece, failure.start)
        else:
            return (None if known or found else node), found
    return None, found


def _failure(source: Source, text: str, piece: Piece, error: UnexpectedToken | WordError) -> Failure:
    if isinstance(error, WordError):
        return Failure(source, text, piece, error.start, error.end, error.reason, ())
    expected: set[str] = error.interactive_parser.accepts()  # type: ignore[no-untyped-call]
    words = tuple(word for word, kinds in _vocabulary().items() if not expected.isdisjoint(kinds))
    start, end = error.token.start_pos or 0, error.token.end_pos or 0
    return Failure(source, text, piece, start, end, error.token.type, words, frozenset(expected))


def _without_clause(text: str, piece: Piece, offset: int) -> str:
    """The text with the line of an offset blanked, and the lines that continue it."""
    start = text.rfind("\n", 0, offset) + 1
    end = _line_end(text, offset)
    while end < piece.end and _CONTINUES.match(text, end + 1, _line_end(text, end + 1)):
        end = _line_end(text, end + 1)
    return text[:start] + _NOT_LINE_END.sub(" ", text[start:end]) + text[end:]


def _line_end(text: str, offset: int) -> int:
    end = text.find("\n", offset)
    return end if end >= 0 else len(text)


def _build(source: Source, tree: Tree[Any]) -> tuple[Any, int, int]:
    """The node of a tree and the offsets of its words; words the grammar quotes count for the offsets only."""
    children: list[Any] = []
    start, end = -1, 0
    for child in tree.children:
        if child is None:
            children.append(None)
            continue
        if isinstance(child, Token):
            first, last = child.start_pos or 0, child.end_pos or 0
            maker = TOKENS.get(child.type)
            if maker is not None:
                children.append(maker(Span(source, first, last), str(child)))
            elif child.type in WORD_CLASSES:
                children.append(str(child))
        else:
            node, first, last = _build(source, child)
            children.append(node)
        if start < 0:
            start = first
        if last > end:
            end = last
    return RULES[tree.data](Span(source, start, end), *children), start, end
