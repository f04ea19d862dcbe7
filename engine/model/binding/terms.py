"""The types that names have: terms, plurals, rows that are referred to, and the words the language itself brings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from dsl import syntax
from dsl.diagnostics import Diagnostics
from engine.model.binding.suggestions import did_you_mean
from engine.model.datatypes import DataType, Family

CALENDAR_WORDS = ("day", "week", "period", "quarter", "year")
SEVERITIES = ("info", "low", "medium", "high", "critical")
NATURES = ("monetary", "non-monetary")
ACCOUNT_TYPES = ("asset", "liability", "equity", "revenue", "expense")
CAUSES = ("error", "late-fact", "ruleset")

UNKNOWN = DataType(Family.TEXT, "?")
"""The type of a value that was already reported: it fits everything, so one fault is told once."""

TEXT = DataType(Family.TEXT)
DATE = DataType(Family.DATE)
DAYS = DataType(Family.DAYS)
MONEY = DataType(Family.MONEY)
PRICE = DataType(Family.PRICE)
NUMBER = DataType(Family.NUMBER)
QUANTITY = DataType(Family.QUANTITY)
RATE = DataType(Family.RATE)
CURRENCY = DataType(Family.CURRENCY)
PERIOD = DataType(Family.PERIOD)
YES_NO = DataType(Family.YES_NO)
ACCOUNT_ROLE = DataType(Family.ROLE)
PERSON_ROLE = DataType(Family.ROLE, "people")

_PLURALS = {
    "money": Family.MONEY,
    "price": Family.PRICE,
    "prices": Family.PRICE,
    "quantity": Family.QUANTITY,
    "quantities": Family.QUANTITY,
    "number": Family.NUMBER,
    "numbers": Family.NUMBER,
    "rate": Family.RATE,
    "rates": Family.RATE,
    "date": Family.DATE,
    "dates": Family.DATE,
    "days": Family.DAYS,
    "period": Family.PERIOD,
    "periods": Family.PERIOD,
    "calendar": Family.CALENDAR,
    "calendars": Family.CALENDAR,
    "currency": Family.CURRENCY,
    "currencies": Family.CURRENCY,
    "role": Family.ROLE,
    "roles": Family.ROLE,
    "text": Family.TEXT,
    "texts": Family.TEXT,
}


def one_of(domain: str, values: Iterable[str]) -> DataType:
    """The type of a closed list of values."""
    return DataType(Family.ENUMERATION, domain, tuple(values))


def calendar_type(word: str) -> DataType:
    """The type of a calendar word as a key: a day is a date, the others are spans."""
    return DATE if word == "day" else DataType(Family.PERIOD, "" if word == "period" else word)


def type_named(name: str, registers: Mapping[str, object]) -> DataType | None:
    """The type that one word names, in the singular or plural; None where there is none."""
    if name in _PLURALS:
        return DataType(_PLURALS[name])
    if name in registers:
        return DataType(Family.REGISTER, name)
    if name.endswith("s") and name[:-1] in registers:
        return DataType(Family.REGISTER, name[:-1])
    if name.endswith("ies") and name[:-3] + "y" in registers:
        return DataType(Family.REGISTER, name[:-3] + "y")
    return None


def declared_terms(
    blocks: Iterable[syntax.Terms], registers: Mapping[str, object], diagnostics: Diagnostics
) -> dict[str, DataType]:
    """The terms of a text, each with its one type. Reports T101 for an unknown type and T103 for a term said twice."""
    terms: dict[str, DataType] = {}
    for block in blocks:
        for line in block.lines:
            for name in line.names:
                found = _term_type(name.text, line.type, registers, diagnostics)
                if name.text in terms:
                    diagnostics.error(
                        "T103", f"the term `{name.text}` is declared twice", name.span, "keep one of the two lines"
                    )
                    continue
                terms[name.text] = found
    return terms


def _term_type(
    name: str, words: syntax.TypeWords, registers: Mapping[str, object], diagnostics: Diagnostics
) -> DataType:
    if words.form == "one-of":
        return one_of(name, (value.text for value in words.names))
    if words.form == "yes-no":
        return YES_NO
    word = words.names[0].text
    found = type_named(word, registers)
    if found is None:
        help_text = (
            did_you_mean(word, (*_PLURALS, *registers))
            or "say money, price, quantity, number, rate, date, days or text"
        )
        diagnostics.error("T101", f"no type `{word}`", words.span, help_text)
        return UNKNOWN
    return found


def in_currency(type_: DataType, currency: str) -> DataType:
    """Money or price with the currency it is known to be in ('' is the row's own)."""
    return replace(type_, domain=currency) if type_.family in (Family.MONEY, Family.PRICE) else type_
