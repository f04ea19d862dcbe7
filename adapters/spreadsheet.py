"""CSV that is safe to open in a spreadsheet: no text is read as a formula, and every figure stays a figure.

A spreadsheet runs a cell that begins with `=`, `+`, `-` or `@`, however it came into the file; `=cmd|' /C calc'!A1`
begins a program. Before such a text stands an apostrophe, by which people tell a spreadsheet that a text is meant. A
program set to another country splits lines at semicolons or tabs, whatever the quotes say, so a part of a text behind
one is looked at like a cell of its own. Texts that begin with apostrophes before such a sign get one more: so
`as_delivered` gives back exactly what was written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal

SIGNS = frozenset(
    "=+-@\u2212\u207a\u207c\u208a\u208c\u2a75\u2a76\ufb29\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20"
)
"""What a formula begins with, and the characters that Unicode holds to be the same."""

_PARTS = re.compile("([;\t\r\n\v\f\x85\u2028\u2029])")
"""Where a spreadsheet may begin a cell within a text: at another separator, or at the end of a line."""

_TO_QUOTE = re.compile('[",;\t\r\n\v\f\x85\u2028\u2029]')
_NUMBER = re.compile(r" *[+-]?([0-9]+([.,][0-9]+)*|[.,][0-9]+)([eE][+-]?[0-9]+)? *%?")
_PLAIN = re.compile(r"[A-Za-z0-9][^;\t\r\n\v\f\x85\u2028\u2029]*")
_FILLERS = frozenset('"\u115f\u1160\u2800\u3164\uffa0')
"""Characters that show nothing though they are letters or signs; and the quote, which another reader takes away."""

Value = str | int | Decimal | date | None


def csv_text(headings: Iterable[str], rows: Iterable[Iterable[Value]]) -> str:
    """A CSV file: commas, lines that end in a line feed, first the headings; figures plain, texts made harmless.

    Figures are written whole, without an exponent; dates as year-month-day; nothing for None.
    """
    return "".join(",".join(_quoted(cell(one)) for one in row) + "\n" for row in (headings, *rows))


def cell(value: Value) -> str:
    """A value as the text of a cell; a text that is no number never begins like a formula."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if value is None:
        return ""
    return harmless(value) if isinstance(value, str) else str(value)


def _quoted(text: str) -> str:
    # Python's own writer leaves a carriage return bare where lines end in a line feed; most readers end a line there.
    return '"' + text.replace('"', '""') + '"' if _TO_QUOTE.search(text) else text


def harmless(text: str) -> str:
    """The text as a cell that no spreadsheet runs; what is a number is left as it is."""
    return _by_parts(text, lambda part: "'" + part if _is_formula(part) else part)


def as_delivered(text: str) -> str:
    """The text that `harmless` made a cell of."""
    return _by_parts(text, lambda part: part[1:] if part[:1] == "'" and _is_formula(part[1:]) else part)


def _by_parts(text: str, change: Callable[[str], str]) -> str:
    if _PLAIN.fullmatch(text):
        return text
    return "".join(change(part) for part in _PARTS.split(text))


def _is_formula(part: str) -> bool:
    """Whether a text begins, after apostrophes and what nobody sees, with a sign of formulas and is no number."""
    for one in part.lstrip("'"):
        if one in SIGNS:
            return not _NUMBER.fullmatch(part)
        if not (one in _FILLERS or unicodedata.category(one)[0] in "ZCM"):
            return False
    return False
