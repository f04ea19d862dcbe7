"""Faults of signs, numbers, dates, strings and characters: what no text of this language writes like that."""

from __future__ import annotations

import re

from dsl.diagnostics import Diagnostic
from dsl.failure import Failure
from dsl.surface import forbidden_character, hide

_SIGNS = {
    ">=": "is at least",
    "=>": "is at least",
    "<=": "is at most",
    "=<": "is at most",
    ">": "is over",
    "<": "is under",
    "=": "is",
    "==": "is",
    "!=": "is not",
    "<>": "is not",
}
_DATE_LIKE = re.compile(r"(?<!\w)\d{1,4}([-/.])\d{1,2}\1\d{1,4}(?!\w)")
_PERIOD_LIKE = re.compile(r"(?<![\w-])(?:FY)?(\d{4})-?([PQ])?(\d{1,2})(?![\w-])", re.IGNORECASE)
_QUOTES = frozenset("'‘’“”«»„`")
_CURRENCIES = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"}


def comparison_sign(failure: Failure) -> Diagnostic | None:
    """A comparison written as a sign (T004), or `=>` where a row has had it."""
    words = _SIGNS.get(failure.at)
    if words is None:
        return None
    if failure.at == "=>" and failure.line.startswith("|"):
        message = "`=>` stands once in a row, between inputs and outputs"
        return Diagnostic("T001", message, failure.span, "write `|` between cells of one side")
    if failure.line.startswith("|"):
        words = words.removeprefix("is ")
    elif words == "is" and failure.item == "exception" and "becomes" in failure.words:
        words = "becomes"
    message = f"`{failure.at}` is not used here; comparisons are words"
    return Diagnostic("T004", message, failure.span, f"write `{words}`")


def string(failure: Failure) -> Diagnostic | None:
    """A string that is not closed, in other quotes or in none (T010)."""
    if failure.kind == "UNKNOWN" and failure.at.startswith('"'):
        return Diagnostic("T010", "the string is not closed", failure.span, 'end it with `"` on the same line')
    if failure.kind == "UNKNOWN" and failure.at in _QUOTES:
        message = f"`{failure.at}` does not begin a string"
        return Diagnostic("T010", message, failure.span, 'write straight double quotes: `"..."`')
    if failure.expected == {"STRING"} and not failure.at_end:
        message = f"`{failure.previous}` takes a text in quotes"
        return Diagnostic("T010", message, failure.span, f'write `{failure.previous} "..."`')
    return None


def date_or_period(failure: Failure) -> Diagnostic | None:
    """A date by another custom (T012), or a period by another name (T011)."""
    if "PERIOD" in failure.expected and "NAME" not in failure.expected:
        match = _PERIOD_LIKE.search(failure.line, failure.start - failure.line_start)
        year, letter, number = match.groups() if match else ("2026", None, "1")
        span = failure.cover(match.start(), match.end()) if match else failure.span
        letter = (letter or "P").upper()
        written = f"FY{year}-Q{number}" if letter == "Q" else f"FY{year}-P{number:0>2}"
        return Diagnostic("T011", f"`{span.text}` is not a period", span, f"write `{written}`")
    for match in _DATE_LIKE.finditer(hide(failure.line)):
        span = failure.cover(match.start(), match.end())
        if span.start <= failure.start < span.end:
            parts = match[0].split(match[1])
            iso = "-".join(f"{part:0>2}" for part in parts)
            advice = f"write `{iso}`" if len(parts[0]) == 4 else "write year-month-day: `2026-01-31`"
            return Diagnostic("T012", f"`{match[0]}` is not a date as dates are written here", span, advice)
    return None


def number(failure: Failure) -> Diagnostic | None:
    """A number, per cent, unit or currency that is not written as one (T011)."""
    at, previous = failure.at, failure.previous
    if at == "%":
        if re.fullmatch(r"[\d,]+(?:\.\d+)?", previous):
            message = "`%` stands apart from its number"
            return Diagnostic("T011", message, failure.with_previous(), f"write `{previous}%`")
        return Diagnostic("T011", "`%` without a number", failure.span, "write a number before it: `5%`")
    if failure.kind == "UNKNOWN" and at[:1].isdigit():
        return _unreadable_number(failure)
    if failure.kind == "UNKNOWN" and at in _CURRENCIES:
        advice = f"write the currency behind the number: `5 {_CURRENCIES[at]}`"
        return Diagnostic("T011", f"`{at}` does not name a currency", failure.span, advice)
    if failure.kind == "NUMBER" and re.fullmatch(r"\d[\d,]*", previous):
        span = failure.with_previous()
        return Diagnostic("T011", f"`{span.text}` is not one number", span, "part thousands with commas: `1,000`")
    if failure.kind == "NUMBER" and re.fullmatch(r"[A-Z]{3}", previous):
        span = failure.with_previous()
        return Diagnostic("T011", "the unit stands before its number", span, f"write `{at} {previous}`")
    return None


def _unreadable_number(failure: Failure) -> Diagnostic:
    at = failure.at
    if glued := re.fullmatch(r"([\d.,]*\d)([A-Za-z][\w-]*)", at):
        message = f"`{at}` runs a number and its unit together"
        return Diagnostic("T011", message, failure.span, f"write `{glued[1]} {glued[2]}`")
    advice = "write digits, commas between thousands and a point: `1,000.00`"
    if re.fullmatch(r"\d+(?:,\d+)+(?:\.\d+)?%?", at):
        advice = "commas part thousands, in threes: `1,000.00`"
    return Diagnostic("T011", f"`{at}` is not a number", failure.span, advice)


def character(failure: Failure) -> Diagnostic | None:
    """A character that no word holds: one nobody sees (T015), `_` in a name, or punctuation (T002)."""
    if failure.kind != "UNKNOWN":
        return None
    at = failure.at
    if not (at.isascii() and at.isprintable()):
        return forbidden_character(failure.span)
    if at.startswith("_"):
        return Diagnostic("T002", "`_` does not join words", failure.span, "join the words of a name by `-`")
    if at == "&":
        return Diagnostic("T002", "`&` does not join tests", failure.span, "write `and` at the beginning of a line")
    return Diagnostic("T002", f"`{at}` has no meaning here", failure.span, "remove it")
