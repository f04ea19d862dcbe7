"""Control totals and trailers: that a file is whole, and that every unit and every row of it is accounted for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import duckdb
from sqlglot import exp

from adapters.client.config import Delimited, Feed
from adapters.feeds.expressions import both, cast, number, run
from adapters.feeds.refusal import FileRefusedError
from adapters.feeds.report import TotalReport
from adapters.feeds.source_file import split_line
from adapters.feeds.staging import CUT, REASONS, ROW, STAGED, TEXT, Header, cell, is_among, rows_of
from adapters.feeds.values import TOTAL_TYPE, number_pattern, total_of
from engine.model.datatypes import Family
from engine.model.schema import Schema
from engine.plan.relation import column, named, table

SET_ASIDE = "set aside"
"""The table of rows that the feed declares not to be its business."""

_ASK_AGAIN = "ask for the whole file again"


@dataclass(frozen=True, slots=True)
class Declared:
    """What a trailer says: sums by column, and the count of rows if it has one; `line` is where it stands."""

    sums: Mapping[str, Decimal]
    rows: int | None
    line: int


def take_trailer(connection: duckdb.DuckDBPyConnection, header: Header, delimited: Delimited) -> Declared | None:
    """Take the last row of `staged` out as the trailer, if the feed declares one; FileRefusedError if there is none."""
    trailer = delimited.trailer
    if trailer is None:
        return None
    last = exp.Ordered(this=column(ROW), desc=True)
    found = run(connection, exp.select(column(ROW), column(TEXT)).from_(table(STAGED)).order_by(last).limit(1))
    row, line = (int(str(found[0][0])), str(found[0][1])) if found else (header.lines, "")
    cells = split_line(line, delimited) or []
    names = trailer.columns or header.columns
    cell_of = dict(zip(names, cells, strict=False))
    if len(cells) != len(names) or cell_of.get(trailer.column) != trailer.text:
        message = f"does not end in a {trailer.text} row, so part of it may be missing"
        raise FileRefusedError(message, row, _ASK_AGAIN)
    is_trailer = exp.EQ(this=column(ROW), expression=number(row))
    run(connection, exp.Delete(this=table(STAGED), where=exp.Where(this=is_trailer)))
    sums = {name: _number(cell_of, name, delimited, row) for name in trailer.totals}
    rows = None if trailer.rows is None else int(_number(cell_of, trailer.rows, delimited, row))
    return Declared(sums, rows, row)


def _number(cells: Mapping[str, str], name: str, delimited: Delimited, line: int) -> Decimal:
    """The number that a trailer's cell writes as declared."""
    written = cells.get(name, "").strip(" ")
    if re.fullmatch(number_pattern(delimited), written) is None:
        raise FileRefusedError(f'the trailer\'s {name} is "{written}", which is not a number', line, _ASK_AGAIN)
    plain = written.replace(delimited.thousands or "\0", "").replace(delimited.decimal, ".")
    is_negative = plain.endswith("-") or plain.startswith(("(", "-"))
    figure = Decimal(plain.strip("()-"))
    return -figure if is_negative else figure


def check_trailer(connection: duckdb.DuckDBPyConnection, declared: Declared | None, feed: Feed) -> None:
    """FileRefusedError if a trailer's totals are not those of the rows above it."""
    if declared is None:
        return
    [(count,)] = run(connection, exp.select(exp.Count(this=exp.Star())).from_(table(STAGED)))
    if declared.rows is not None and declared.rows != count:
        message = f"its trailer counts {declared.rows:,} rows and it has {count:,}"
        raise FileRefusedError(message, declared.line, _ASK_AGAIN)
    for name, figure in declared.sums.items():
        value = total_of(column(cell(name)), feed.delimited)
        query = exp.select(_sum(value), exp.Count(this=value.copy())).from_(table(CUT))
        [(total, readable)] = run(connection, query)
        if total == figure:
            continue
        unread = int(str(count)) - int(str(readable))
        extra = f"; {unread:,} of its rows have no readable {name}" if unread else ""
        raise FileRefusedError(
            f"its trailer says {_shown(figure)} for {name} and its rows add up to {_shown(_plain(total))}{extra}",
            declared.line,
            _ASK_AGAIN,
        )


def _sum(value: exp.Expression) -> exp.Expression:
    return exp.Coalesce(this=exp.Sum(this=value), expressions=[cast(number(0), TOTAL_TYPE)])


def _shown(figure: Decimal) -> str:
    return f"{figure:,f}"


def _plain(figure: object) -> Decimal:
    """A sum without the zeros that the type of totals puts behind it."""
    return Decimal(f"{Decimal(str(figure)).normalize():f}")


def control_totals(
    connection: duckdb.DuckDBPyConnection, feed: Feed, schema: Schema, declared: Declared | None, currency: str
) -> tuple[TotalReport, ...]:
    """The sums of the columns that a feed accounts for, once all reasons are known."""
    sums = declared.sums if declared is not None else {}
    return tuple(
        _total(connection, name, _unit(name, feed, schema, currency), feed, sums.get(name))
        for name in dict.fromkeys((*feed.control_total, *sums))
    )


def _total(
    connection: duckdb.DuckDBPyConnection, name: str, unit: str, feed: Feed, declared: Decimal | None
) -> TotalReport:
    value = total_of(column(cell(name)), feed.delimited)
    fate = exp.select(
        named(value, "value"),
        named(is_among(rows_of(REASONS)), "is bad"),
        named(is_among(rows_of(SET_ASIDE)), "is aside"),
    ).from_(table(CUT))
    bad, aside = column("is bad"), column("is aside")
    good = both(exp.Not(this=bad), exp.Not(this=aside))
    sums = [_sum(exp.If(this=test, true=column("value"))) for test in (good, bad, aside)]
    [(accepted, quarantined, set_aside, readable)] = run(
        connection, exp.select(*sums, exp.Count(this=column("value"))).from_(fate.subquery("fate"))
    )
    [(rows,)] = run(connection, exp.select(exp.Count(this=exp.Star())).from_(table(STAGED)))
    figures = [_plain(one) for one in (accepted, quarantined, set_aside)]
    return TotalReport(
        column=name,
        unit=unit,
        received=figures[0] + figures[1],
        accepted=figures[0],
        quarantined=figures[1],
        set_aside=figures[2],
        unreadable=int(str(rows)) - int(str(readable)),
        declared=declared,
    )


def _unit(name: str, feed: Feed, schema: Schema, currency: str) -> str:
    """What a source column counts, by the first column of the language it supplies."""
    for fill in feed.fills:
        record = schema.record(fill.record)
        for item in record.columns if record is not None else ():
            supply = fill.columns.get(item.name)
            if supply is not None and supply.column == name and item.type.family is Family.QUANTITY:
                return "units"
            if supply is not None and supply.column == name and item.type.family is Family.MONEY:
                return currency
    return ""
