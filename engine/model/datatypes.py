"""The types of the language, and how each is stored.

Storage is exact: quantities, prices, money and rates are DECIMAL of at most 18 digits at rest (an integer inside the
engine) and are widened to 38 digits before they are multiplied. Nothing is ever DOUBLE.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Family(Enum):
    """What a value is, whatever its domain."""

    MONEY = "money"
    PRICE = "price"
    QUANTITY = "quantity"
    NUMBER = "number"
    RATE = "rate"
    DATE = "date"
    DAYS = "days"
    PERIOD = "period"
    CALENDAR = "calendar"
    CURRENCY = "currency"
    ROLE = "role"
    TEXT = "text"
    YES_NO = "yes or no"
    ENUMERATION = "enumeration"
    REGISTER = "register"
    KIND = "kind"
    EXCHANGE = "exchange rate"


SCALES = {
    Family.MONEY: 4,
    Family.PRICE: 6,
    Family.QUANTITY: 3,
    Family.NUMBER: 6,
    Family.RATE: 6,
    Family.DAYS: 0,
    Family.EXCHANGE: 8,
}
"""Digits behind the point that a stored value of a family has."""


@dataclass(frozen=True, slots=True)
class DataType:
    """One type of the language.

    `domain` is the term that names an enumeration, the register or kind a value refers to, or empty; `values` are an
    enumeration's values in the order declared.
    """

    family: Family
    domain: str = ""
    values: tuple[str, ...] = ()

    @property
    def is_numeric(self) -> bool:
        """Whether values of this type are numbers with a scale."""
        return self.family in SCALES

    @property
    def storage(self) -> str:
        """The column type at rest, in DuckDB's words."""
        if self.family is Family.DAYS:
            return "INTEGER"
        if self.family in SCALES:
            return f"DECIMAL(18,{SCALES[self.family]})"
        if self.family is Family.DATE:
            return "DATE"
        if self.family is Family.YES_NO:
            return "BOOLEAN"
        return "VARCHAR"

    def __str__(self) -> str:
        if self.family is Family.ENUMERATION:
            return f"one of {', '.join(self.values)}"
        if self.family in (Family.REGISTER, Family.KIND):
            return self.domain
        return str(self.family.value)
