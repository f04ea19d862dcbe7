"""Syntax errors."""

from __future__ import annotations

from collections.abc import Sequence

from dsl.diagnostics import Diagnostic
from dsl.pieces import Piece
from dsl.span import Source, Span


def refuse_text(source: Source) -> list[Diagnostic]:
    """Why a text is not read at all."""
    return []


def unread_lines(source: Source, text: str, pieces: Sequence[Piece]) -> list[Diagnostic]:
    """What stands before the first item."""
    return []
