"""Filling a record: rows of `cut` as typed rows of one register or kind, and what is wrong with the others.

A filled table has, for each column of the record, its text (`text:part`), the code it was made from where a code map
stands between (`code:part`), and its value (`part`); then `currency`, `known-at`, `identity` and `row key`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import duckdb
from sqlglot import exp

from adapters.client.config import Delimited, Feed, Fill, Supply
from adapters.feeds.conditions import fills
from adapters.feeds.expressions import (
    both,
    call,
    cast,
    concatenated,
    create_table,
    is_given,
    is_missing,
    run,
    text,
    texts,
    when,
)
from adapters.feeds.measures import count_in_units, unit_of
from adapters.feeds.refusal import FileRefusedError
from adapters.feeds.spans import read_day
from adapters.feeds.staging import CUT, ROW, Check, cell, record_reasons
from adapters.feeds.values import Reading, date_formats, read, read_date, shown
from engine.model.datatypes import DataType, Family
from engine.model.schema import IDENTITY_SEPARATOR, Record, Schema
from engine.plan.relation import column, named, table

ROW_KEY = "row key"
CURRENCY = "currency"
KNOWN_AT = "known-at"
_VALUED = (Family.MONEY, Family.PRICE)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a row does not say itself: parts of the file name, day of loading, currencies, and the day before which
    nothing can have become known any more (the last hard close), if any.
    """

    parts: Mapping[str, str]
    loaded_on: date
    known_after: date | None
    currency: str
    schema: Schema
    """The records of the ruleset, its reporting currency and its units of measure."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A record that rows of the file at hand fill: its shape, what fills it, and the table of its typed rows."""

    record: Record
    fill: Fill
    name: str


def text_of(name: str) -> str:
    """The name of a column's text in a filled table."""
    return f"text:{name}"


def fill_record(
    connection: duckdb.DuckDBPyConnection, feed: Feed, filled: Filled, around: Surroundings, business: exp.Expression
) -> None:
    """Make the table of a filled record from the rows that are the feed's `business`, and record what is wrong."""
    record, fill, delimited = filled.record, filled.fill, feed.delimited
    wanted = exp.Coalesce(this=both(business, fills(fill, feed)), expressions=[exp.false()])
    selected: list[exp.Expression] = [column(ROW)]
    checks: list[Check] = []
    measured: list[str] = []
    for item in record.columns:
        supply = fill.columns.get(item.name)
        if supply is None:
            selected += [named(_nothing("VARCHAR"), text_of(item.name)), named(_nothing(item.type.storage), item.name)]
            continue
        texts_of, mapped = _texts(item.name, supply, feed, around)
        raw, value = column(text_of(item.name)), column(item.name)
        if supply.calendar is None:
            reading = read(item.name, raw, value, item.type, supply, delimited)
        else:
            cells = exp.select(*texts_of).from_(table(CUT)).subquery("cells")
            named_in = exp.select(raw.copy()).distinct().from_(cells)
            reading = read_day(connection, item.name, raw, value, supply, named_in, around.schema)
        selected += [*texts_of, named(reading.value, item.name)]
        checks += [*mapped, *reading.checks]
        if item.required:
            checks.append(_missing(item.name, supply))
        if supply.unit is not None:
            texts_of, mapped = _texts(unit_of(item.name), supply.unit, feed, around)
            selected += texts_of
            checks += mapped
            measured.append(item.name)
    implied, implied_checks = _implied(record, feed, around)
    query = exp.select(*selected, *implied, *_keys(record), copy=False)
    query = query.from_(table(CUT), copy=False).where(wanted, copy=False)
    run(connection, create_table(filled.name, query))
    _refuse_foreign_dates(connection, filled, delimited)
    record_reasons(connection, filled.name, [*checks, *implied_checks])
    if measured:
        count_in_units(connection, filled.name, record, measured, around.schema)


def _nothing(storage: str) -> exp.Expression:
    return cast(exp.Null(), storage)


def _texts(name: str, supply: Supply, feed: Feed, around: Surroundings) -> tuple[list[exp.Expression], list[Check]]:
    """The text of a column, behind a code map if it has one, with the check that the map knows the code."""
    origin = _origin(supply, around)
    if supply.codes is None:
        return [named(origin, text_of(name))], []
    codes = feed.codes[supply.codes]
    code_name = f"code:{name}"
    code: exp.Expression = column(code_name)
    given = is_given(code)
    if "" in codes:
        code = exp.Coalesce(this=code, expressions=[text("")])
    place = call("list_position", texts(codes), code)
    unknown = Check(
        both(given, is_missing(column(text_of(name)))),
        concatenated(text(f"{name}: code "), shown(column(code_name)), text(f" is not in the code map {supply.codes}")),
        f"{name} code unknown",
    )
    return [named(origin, code_name), named(call("list_extract", texts(codes.values()), place), text_of(name))], [
        unknown
    ]


def _origin(supply: Supply, around: Surroundings) -> exp.Expression:
    if supply.column is not None:
        return column(cell(supply.column))
    if supply.join is not None:
        parts: list[exp.Expression] = []
        for one in supply.join:
            parts += [text(supply.joined_by), column(cell(one))]
        return concatenated(*parts[1:])
    if supply.file_name is not None:
        return text(around.parts[supply.file_name])
    if supply.row_number:
        return cast(column(ROW), "VARCHAR")
    return text(supply.constant or "")


def _missing(name: str, supply: Supply) -> Check:
    absent = is_missing(column(text_of(name)))
    fails = both(absent, is_missing(column(f"code:{name}"))) if supply.codes is not None else absent
    where = f" (column {', '.join(supply.source_columns)})" if supply.source_columns else ""
    return Check(fails, text(f"{name}: missing{where}"), f"{name} missing")


def _implied(record: Record, feed: Feed, around: Surroundings) -> tuple[list[exp.Expression], list[Check]]:
    """Currency and known-at of a row, unless the record has columns of these names itself."""
    own = {item.name for item in record.columns}
    selected: list[exp.Expression] = []
    checks: list[Check] = []
    if CURRENCY not in own:
        supply = feed.currency or Supply(constant=around.currency)
        columns, mapped = _texts(CURRENCY, supply, feed, around)
        reading = read(CURRENCY, column(text_of(CURRENCY)), column(CURRENCY), _CURRENCY_TYPE, supply, feed.delimited)
        selected += [*columns, named(reading.value, CURRENCY)]
        checks += [*mapped, *reading.checks, _missing(CURRENCY, supply)]
        if not around.schema.converts and any(item.type.family in _VALUED for item in record.columns):
            checks.append(_foreign(around.schema.reporting_currency))
    if KNOWN_AT not in own:
        columns, reading, mapped = _known_at(feed, around)
        selected += [*columns, named(_not_before(reading.value, around.known_after), KNOWN_AT)]
        checks += [*mapped, *reading.checks]
    return selected, checks


_CURRENCY_TYPE = DataType(Family.CURRENCY)


def _foreign(reporting: str) -> Check:
    other = exp.NEQ(this=column(CURRENCY), expression=text(reporting))
    reason = concatenated(
        text("currency: "),
        column(CURRENCY),
        text(f" cannot be converted: the ruleset reports in {reporting} and has no `rates`"),
    )
    return Check(other, reason, f"currency is not {reporting}")


def _known_at(feed: Feed, around: Surroundings) -> tuple[list[exp.Expression], Reading, list[Check]]:
    supply = feed.known_at
    if supply is None:
        day = text(around.loaded_on.isoformat())
        return [named(day, text_of(KNOWN_AT))], Reading(cast(column(text_of(KNOWN_AT)), "DATE"), ()), []
    columns, mapped = _texts(KNOWN_AT, supply, feed, around)
    formats = date_formats(supply, feed.delimited)
    reading = read_date(KNOWN_AT, column(text_of(KNOWN_AT)), column(KNOWN_AT), formats)
    return columns, reading, [*mapped, _missing(KNOWN_AT, supply)]


def _not_before(value: exp.Expression, known_after: date | None) -> exp.Expression:
    """A day after the last hard close: what was not there when a period was frozen became known after it."""
    if known_after is None:
        return value
    first = date.fromordinal(known_after.toordinal() + 1).isoformat()
    return when(is_given(value), call("greatest", value.copy(), cast(text(first), "DATE")))


def _keys(record: Record) -> list[exp.Expression]:
    return [named(_joined(record.identity), "identity"), named(_joined(record.row_key), ROW_KEY)]


def _joined(columns: tuple[str, ...]) -> exp.Expression:
    """Columns as one text; a missing one is empty."""
    parts: list[exp.Expression] = [text("")]
    for name in columns:
        as_text = cast(column(name), "VARCHAR")
        parts += [text(IDENTITY_SEPARATOR), exp.Coalesce(this=as_text, expressions=[text("")])]
    return concatenated(*parts[2:]) if columns else text("")


def _refuse_foreign_dates(connection: duckdb.DuckDBPyConnection, filled: Filled, delimited: Delimited) -> None:
    """FileRefusedError if not one of several dates of a column is in its declared format: the declaration is wrong."""
    for item in filled.record.columns:
        supply = filled.fill.columns.get(item.name)
        if item.type.family is not Family.DATE or supply is None or supply.column is None or supply.calendar:
            continue
        raw = column(text_of(item.name))
        query = exp.select(
            exp.Count(this=raw),
            exp.Count(this=column(item.name)),
            call("arg_min", raw.copy(), column(ROW)),
            exp.Min(this=column(ROW)),
        ).from_(table(filled.name))
        [(given, dates, first, row)] = run(connection, query.where(is_given(raw.copy())))
        if isinstance(given, int) and isinstance(row, int) and given > 1 and dates == 0:
            formats = " or ".join(one.text for one in date_formats(supply, delimited))
            raise FileRefusedError(
                f'none of the {given:,} dates in column {supply.column} is in {formats}; the first is "{first}"',
                row,
                f"declare the format that the file uses for {supply.column}",
            )
