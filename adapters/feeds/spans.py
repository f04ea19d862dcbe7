"""Days that a file names by a period or week of somebody's calendar: their first or last day, as dates."""

from __future__ import annotations

from datetime import date

import duckdb
from sqlglot import exp

from adapters.client.config import Supply
from adapters.feeds.expressions import both, call, cast, concatenated, is_given, is_missing, run, text, texts
from adapters.feeds.staging import Check
from adapters.feeds.values import Reading, shown
from dsl.diagnostics import InternalError
from engine.ledger.calendar import Calendar
from engine.model.schema import Schema


def read_day(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    raw: exp.Expression,
    value: exp.Expression,
    supply: Supply,
    named_in: exp.Select,
    schema: Schema,
) -> Reading:
    """The reading of a cell such as `FY2026-W05` as a day; `named_in` selects the texts that cells have.

    The calendar is asked once for each text, not for each row.
    """
    calendar = schema.calendar(supply.calendar or "")
    if calendar is None:
        raise InternalError(f"there is no calendar {supply.calendar}; check refuses it")
    days: dict[str, date] = {}
    for (cell,) in run(connection, named_in):
        span = None if cell is None else calendar.days(str(cell))
        if span is not None:
            days[str(cell)] = span[0] if supply.first_day_in is not None else span[1]
    place = call("list_position", texts(days), raw)
    found = cast(call("list_extract", texts(one.isoformat() for one in days.values()), place), "DATE")
    fails = both(is_given(raw), is_missing(value))
    reason = concatenated(text(f"{name}: "), shown(raw), text(f" is {_unlike(calendar)}"))
    return Reading(found if days else cast(exp.Null(), "DATE"), (Check(fails, reason, f"{name} in no calendar"),))


def _unlike(calendar: Calendar) -> str:
    weeks = " or a week such as FY2026-W05" if calendar.pattern else ""
    return f"no period such as FY2026-P01{weeks} of calendar {calendar.name}"
