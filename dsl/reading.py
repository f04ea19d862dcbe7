"""One item from text to node: the parser, built once, and the walk from its tree to the syntax tree."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

from dsl.build_items import RULES
from dsl.build_values import TOKENS, BuildFault
from dsl.diagnostics import Diagnostic
from dsl.indentation import Indentation, TokenFault
from dsl.pieces import Piece
from dsl.span import Source, Span

GRAMMAR = Path(__file__).with_name("grammar.lark")


@cache
def parser() -> Lark:
    """The parser of one item."""
    return Lark(
        GRAMMAR.read_text(encoding="utf-8"),
        parser="lalr",
        postlex=Indentation(),
        propagate_positions=True,
        maybe_placeholders=True,
    )


def read_item(source: Source, text: str, piece: Piece) -> tuple[Any, list[Diagnostic]]:
    """The node of one item, or None and why it does not read."""
    words = text[piece.start : piece.end].rstrip() + "\n"
    try:
        return _node(source, piece.start, parser().parse(words)), []
    except BuildFault as fault:
        return None, [fault.diagnostic]
    except TokenFault as fault:
        return None, [Diagnostic("T002", fault.reason, Span(source, piece.start, piece.end))]
    except UnexpectedInput as fault:
        return None, [Diagnostic("T002", str(fault), Span(source, piece.start, piece.end))]


def _node(source: Source, base: int, tree: Tree[Token] | Token | None) -> Any:
    if isinstance(tree, Tree):
        if tree.data == "start":
            return _node(source, base, tree.children[0])
        children = [_node(source, base, child) for child in tree.children]
        meta = tree.meta
        return RULES[tree.data](Span(source, base + meta.start_pos, base + meta.end_pos), *children)
    if tree is None:
        return None
    maker = TOKENS.get(tree.type)
    if maker is None:
        return tree
    start = base + (tree.start_pos or 0)
    return maker(Span(source, start, start + len(tree)), str(tree))
