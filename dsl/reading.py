"""One item from text to node: the parser, built once, and the walk from its tree to the syntax tree."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput
from lark.utils import TextSlice

from dsl.makers.answers import ANSWERS
from dsl.makers.facts import FACTS
from dsl.makers.values import TOKENS, VALUES, WORD_CLASSES, BuildError
from dsl.diagnostics import Diagnostic
from dsl.pieces import Piece
from dsl.span import Source, Span
from dsl.words import WordError, Words

RULES = VALUES | FACTS | ANSWERS
"""What makes the node of each rule of the grammar."""

GRAMMAR = Path(__file__).with_name("grammar.lark")


@cache
def parser() -> Lark:
    """The parser of one item."""
    return Lark(GRAMMAR.read_text(encoding="utf-8"), parser="lalr", lexer=Words, keep_all_tokens=True)


def read_item(source: Source, text: str, piece: Piece) -> tuple[Any, list[Diagnostic]]:
    """The node of one item, or None and why it does not read."""
    try:
        tree = parser().parse(TextSlice(text, piece.start, piece.end))
        return _build(source, tree)[0], []
    except BuildError as fault:
        return None, [fault.diagnostic]
    except WordError as fault:
        return None, [Diagnostic("T002", fault.reason, Span(source, fault.start, fault.end))]
    except UnexpectedInput as fault:
        return None, [Diagnostic("T002", str(fault), Span(source, piece.start, piece.end))]


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
