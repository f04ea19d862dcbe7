"""What the makers of items share: lines said once, marks, and picking clauses apart by type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from dsl import syntax
from dsl.diagnostics import Diagnostic, Label
from dsl.makers.values import Maker
from dsl.span import Span

Clause = TypeVar("Clause")


class SaidTwiceError(Exception):
    """A line that stands twice in one item; carries its diagnostic (T018)."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


@dataclass(frozen=True, slots=True)
class Line:
    """A line that may be said once in its item, under the words that name it; never part of the syntax tree."""

    span: Span
    words: str
    value: Any


@dataclass(frozen=True, slots=True)
class Mark:
    """A clause that only says that it is there, or one name which its item keeps; never part of the syntax tree."""

    span: Span
    word: str
    name: syntax.Name | None = None


def line(words: str) -> Maker:
    """The maker of a line: its value is its only child, or all of them."""
    return lambda span, *values: Line(span, words, values[0] if len(values) == 1 else values)


def mark(word: str) -> Maker:
    """The maker of a mark."""
    return lambda span, name=None: Mark(span, word, name)


def every(children: tuple[Any, ...], kind: type[Clause]) -> tuple[Clause, ...]:
    """The children of one type, in order."""
    return tuple(child for child in children if isinstance(child, kind))


def first(children: tuple[Any, ...], kind: type[Clause]) -> Clause | None:
    """The first child of a type, or None."""
    return next((child for child in children if isinstance(child, kind)), None)


def clauses(children: tuple[Any, ...]) -> tuple[Any, ...]:
    """The children that are nodes of the syntax tree."""
    return tuple(child for child in children if not isinstance(child, Line | Mark))


def said(lines: tuple[Line, ...]) -> dict[str, Any]:
    """What each line says, by its words; raises SaidTwiceError."""
    known: dict[str, Line] = {}
    for one in lines:
        if one.words in known:
            advice = "write all names in one line, with commas" if one.words == "cites" else "keep one of them"
            label = Label(known[one.words].span, "said here first")
            message = f"`{one.words}` is said twice in one item"
            raise SaidTwiceError(Diagnostic("T018", message, one.span, advice, labels=(label,)))
        known[one.words] = one
    return {words: one.value for words, one in known.items()}


def meta(item: Span, children: tuple[Any, ...]) -> syntax.Meta:
    """The version, dates, reason and authority of an item; without width at the item's end where it says none."""
    lines = every(children, Line)
    values = said(lines)
    span = lines[0].span.to(lines[-1].span) if lines else Span(item.source, item.end, item.end)
    version = values.get("version")
    start, through = values.get("effective from", (None, None))
    return syntax.Meta(
        span,
        version.value if version else None,
        start.value if start else None,
        through.value if through else None,
        values.get("why"),
        values.get("cites", ()),
    )
