"""Small ways of saying things that every page shares: counts, figures, texts made safe to show, values for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from engine.ledger.money import minor_digits

NIL = "-"
"""What stands where a figure is zero."""


def counted(count: int, noun: str, plural: str = "") -> str:
    """A count with its noun: `1 row`, `1,204 rows`, `2 entries`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def plural(noun: str) -> str:
    """A noun for several: `parts`, `batches`, `categories`."""
    if noun.endswith(("s", "x", "ch", "sh")):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"


def figure(value: Decimal, places: int) -> str:
    """A figure with thousands separated and a fixed number of decimals; zero is `-`."""
    return NIL if value == 0 else f"{value:,.{places}f}"


def decimals(values: Iterable[Decimal | None]) -> int:
    """How many decimals a column of figures needs so that none is rounded."""
    return max((_decimals(value) for value in values if value is not None), default=0)


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def visible(text: str) -> str:
    """The text with tabs and line ends as spaces and characters that a terminal would act upon as `·`."""
    if text.isprintable():
        return text
    return "".join(" " if one in "\t\r\n" else one if one.isprintable() else "·" for one in text)


def plain(value: Any) -> Any:
    """A value as JSON knows it: figures that may have decimals as texts, dates in ISO, records by field name."""
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name.replace("_", "-"): plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    return value


def money_places(currency: str, values: Iterable[Decimal | None]) -> int:
    """Decimals of an amount: those of the currency, more where a figure would be rounded and no longer add up."""
    return max(minor_digits(currency), decimals(values))
