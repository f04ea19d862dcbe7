"""What a client must supply: the rows of each register and kind, column by column.

A record's columns are named as in the language (`sale-date`), and every stored table has them under these names, then
the implied columns of `IMPLIED`. `identity` of a row is its identifying fields as text, in order, joined by U+001F
(missing is empty), so that comparing identities by code point compares field by field.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.ledger.calendar import Calendar
from engine.model.datatypes import DataType

IDENTITY_SEPARATOR = "\x1f"

IMPLIED: tuple[tuple[str, str], ...] = (
    ("identity", "VARCHAR"),
    ("currency", "VARCHAR"),
    ("known-at", "DATE"),
    ("version", "INTEGER"),
    ("source-file", "VARCHAR"),
    ("source-row", "BIGINT"),
)
"""Columns every stored row has behind its own: identity, currency of its money, day it became known, version from 1,
SHA-256 of the file it came from, and physical line in that file."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a record; a column that is not `required` may be missing (NULL)."""

    name: str
    type: DataType
    required: bool


@dataclass(frozen=True, slots=True)
class Record:
    """The shape of one kind or register.

    `family` is 'kind' or 'register'. `identity` names the identifying columns; `on` is the date column of a kind (a
    register with history has `date`); `columns` holds identity, date and fields, each once, in that order.
    A path in an identity (`partner.region`) is a column of that name. `bands_by` is the column whose values begin the
    bands of a register `with bands by` it.
    """

    name: str
    family: str
    identity: tuple[str, ...]
    on: str | None
    columns: tuple[Column, ...]
    bands_by: str | None = None
    fed_by: str = ""
    """The feed that alone may fill it, where the text names one."""

    @property
    def stored(self) -> tuple[tuple[str, str], ...]:
        """Names and types of its stored columns: its own, then the implied ones it does not declare itself."""
        own = tuple((one.name, one.type.storage) for one in self.columns)
        names = {name for name, _ in own}
        return own + tuple(item for item in IMPLIED if item[0] not in names)

    @property
    def row_key(self) -> tuple[str, ...]:
        """The columns that tell rows apart: a register with history adds its date, one with bands its band column."""
        extra = (self.on if self.family == "register" else None, self.bands_by)
        return (*self.identity, *(name for name in extra if name))

    def column(self, name: str) -> Column:
        """The column of a name; KeyError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Measure:
    """A unit that quantities may be given in: how many of `of` it is, a number, or else the field of the register row
    that the row's field of the register's name refers to."""

    name: str
    of: str
    number: Decimal | None
    register: str = ""
    field: str = ""
    by_date: bool = False
    """Whether the register has history, so that the row of the day counts."""

    @property
    def names(self) -> tuple[str, str]:
        """What one and several are called."""
        return (self.name, f"{self.name}s")


UNITS = ("unit", "units")
"""What quantities are kept in."""


@dataclass(frozen=True, slots=True)
class Schema:
    """All records of a ruleset, with its reporting currency, whether it converts others, its units of measure, and its
    calendars."""

    records: tuple[Record, ...]
    reporting_currency: str
    converts: bool = False
    """Whether the ruleset has rates, so that money may be in any currency."""
    measures: tuple[Measure, ...] = ()
    calendars: tuple[Calendar, ...] = ()
    told: tuple[str, ...] = ()
    """Kinds that the books tell of, so that no client supplies their rows."""

    def calendar(self, name: str) -> Calendar | None:
        """The calendar of a name, or None."""
        return next((one for one in self.calendars if one.name == name), None)

    def measure(self, name: str) -> tuple[Measure, ...] | None:
        """The units that lead from one called so to units, each of so many of the next; None for an unknown name."""
        if name in UNITS:
            return ()
        for one in self.measures:
            if name in one.names:
                rest = self.measure(one.of)
                return None if rest is None else (one, *rest)
        return None

    def record(self, name: str) -> Record | None:
        """The record of a name, or None."""
        return next((record for record in self.records if record.name == name), None)
