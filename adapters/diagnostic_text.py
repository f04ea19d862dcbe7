"""Diagnostics for people and for programs: text with the line and a caret under the fault, and plain dictionaries.

error[T101] acme.tieout:153:12  no account role `deferred-revnue` in `accounts ledger`
 153 | credit deferred-revnue   price
     |        ^^^^^^^^^^^^^^^ help: did you mean `deferred-revenue` (2310)?
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable

from dsl.diagnostics import Diagnostic, Severity
from dsl.span import Span

WIDTH = 100
"""Columns that source lines, help and labels keep to."""

_RED, _YELLOW, _BLUE, _BOLD, _PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[34m", "\x1b[1m", "\x1b[0m"
_CUT = "…"


def render(diagnostics: Iterable[Diagnostic], colour: bool = False, width: int = WIDTH) -> str:
    """All findings as text, one after the other, in the order given."""
    return "\n".join(render_one(diagnostic, colour, width) for diagnostic in diagnostics)


def render_one(diagnostic: Diagnostic, colour: bool = False, width: int = WIDTH) -> str:
    """One finding as text: what and where, the line with a caret under the fault, the next action, second places."""
    tone = (_RED if diagnostic.severity is Severity.ERROR else _YELLOW) if colour else ""
    title = _toned(f"{diagnostic.severity.value}[{diagnostic.code}]", _BOLD + tone if colour else "")
    help_ = f"help: {_visible(diagnostic.help)}" if diagnostic.help else ""
    if diagnostic.span.source.text:
        lines = [f"{title} {diagnostic.span}  {_visible(diagnostic.message)}"]
        lines += _place(diagnostic.span, help_, tone, colour, width)
    else:
        # There is no line to show of a file that is not there, or is empty.
        lines = [f"{title} {diagnostic.span.source.name}  {_visible(diagnostic.message)}"]
        lines += textwrap.wrap(help_, width, initial_indent="  ", subsequent_indent="        ")
    for label in diagnostic.labels:
        if label.span.source is not diagnostic.span.source:
            lines.append(f"{_gutter('', colour)}in {label.span.source.name}")
        lines += _place(label.span, _visible(label.text), _BLUE if colour else "", colour, width)
    for note in diagnostic.notes:
        lines += [f"{_gutter('', colour)}{part}" for part in textwrap.wrap(f"note: {_visible(note)}", width - 7)]
    return "\n".join(lines)


def as_json(diagnostic: Diagnostic) -> dict[str, object]:
    """One finding as values that JSON knows; lines and columns count from 1, the end is the first column behind it."""
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "help": diagnostic.help,
        **_span_as_json(diagnostic.span),
        "labels": [{"text": label.text, **_span_as_json(label.span)} for label in diagnostic.labels],
        "notes": list(diagnostic.notes),
    }


def _span_as_json(span: Span) -> dict[str, object]:
    start, end = span.location, span.source.location(span.end)
    return {
        "file": span.source.name,
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
        "underlined": span.text,
    }


def _place(span: Span, words: str, tone: str, colour: bool, width: int) -> list[str]:
    """The line a span begins in, the caret line, and the words beside the carets or, where they are long, below."""
    line = span.location.line
    text = span.source.line_text(line)
    begin = span.location.column - 1
    length = max(1, min(span.end - span.start, len(text) - begin))
    indent = min(len(text) - len(text.lstrip()), begin)
    room = width - 7
    shown, begin, length = _window(_visible(text[indent:]), begin - indent, length, room)
    before, marked = _columns(shown[:begin]), max(1, _columns(shown[begin : begin + length]))
    lines = [f"{_gutter(str(line), colour)}{shown.rstrip()}"]
    carets = " " * before + _toned("^" * marked, tone)
    if not words or before + marked + 1 + len(words) <= room:
        return [*lines, f"{_gutter('', colour)}{carets} {words}".rstrip()]
    lines.append(f"{_gutter('', colour)}{carets}")
    return lines + [f"{_gutter('', colour)}{part}" for part in textwrap.wrap(words, room, subsequent_indent="      ")]


def _window(text: str, begin: int, length: int, room: int) -> tuple[str, int, int]:
    """The part of a line that fits the room and holds the marked stretch, with where that stretch now lies."""
    if len(text) <= room:
        return text, begin, length
    start = 0 if begin + length <= room - 1 else max(0, begin - room // 3)
    end = start + room - (2 if start else 1)
    shown = text[start:end] + (_CUT if end < len(text) else "")
    if start:
        shown = _CUT + shown
    begin = begin - start + (1 if start else 0)
    return shown, begin, max(1, min(length, len(shown) - begin))


def _gutter(number: str, colour: bool) -> str:
    return _toned(f"{number:>4} | ", _BLUE if colour else "")


def _toned(text: str, tone: str) -> str:
    return f"{tone}{text}{_PLAIN}" if tone else text


def _visible(text: str) -> str:
    """The text with tabs as spaces and characters that a terminal would act upon as `·`."""
    if text.isprintable():
        return text
    return "".join(" " if character == "\t" else character if character.isprintable() else "·" for character in text)


def _columns(text: str) -> int:
    """How many columns a terminal gives to a text."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(bool(unicodedata.combining(character)) for character in text)
