"""Holds `client.yaml` against the records of the ruleset: names, values and what is left unsupplied."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from adapters.client.config import Feed, Fill, Supply
from adapters.client.dates import date_format, parse_date
from adapters.client.loader import ClientFile
from adapters.client.yaml_text import Path
from dsl.diagnostics import Diagnostics
from engine.model.datatypes import DataType, Family
from engine.model.schema import Column, Record, Schema

YES_NO = ("yes", "no")
_SPELLED = (Family.TEXT, Family.REGISTER)
"""What may come in several spellings."""


def check_client(file: ClientFile, schema: Schema, diagnostics: Diagnostics) -> None:
    """Record what in a client's feeds does not fit the records of its ruleset."""
    for at, feed in enumerate(file.client.feeds):
        for number, fill in enumerate(feed.fills):
            place = _fill_place(file, at, number)
            record = schema.record(fill.record)
            if record is None:
                names = [one.name for one in schema.records]
                message, help = f"no register or kind `{fill.record}`", _meant(fill.record, names, "the ruleset has")
                if fill.record in schema.told:
                    message, help = f"no feed for `{fill.record}`: the books tell of it themselves", "leave it out"
                where = file.document.place((*place, "record"))
                diagnostics.error("C003", f"the ruleset has {message}", where, help)
                continue
            if record.fed_by not in ("", feed.name):
                message = (
                    f"the ruleset takes `{record.name}` from the feed `{record.fed_by}`, and this is `{feed.name}`"
                )
                where = file.document.place((*place, "record"))
                diagnostics.error("C003", message, where, f"name the feed `{record.fed_by}`")
            _check_fill(file, feed, fill, record, place, schema, diagnostics)


def _fill_place(file: ClientFile, feed: int, fill: int) -> Path:
    """Where a fill stands, whether or not it was written as a list."""
    single: Path = ("feeds", feed, "fills")
    return (*single, fill) if (*single, fill) in file.document.values else single


def _check_fill(
    file: ClientFile,
    feed: Feed,
    fill: Fill,
    record: Record,
    place: Path,
    schema: Schema,
    diagnostics: Diagnostics,
) -> None:
    columns = {column.name: column for column in record.columns}
    for name, supply in fill.columns.items():
        where = (*place, "columns", name)
        if name not in columns:
            help = _meant(name, columns, f"{record.name} has")
            message = f"{record.family} `{record.name}` has no `{name}`"
            diagnostics.error("C003", message, file.document.place(where, of_key=True), help)
            continue
        if supply.spelling is not None and columns[name].type.family not in _SPELLED:
            message = f"`{name}` has one spelling already: it is {_words(columns[name].type, supply, feed)}"
            diagnostics.error("C004", message, file.document.place(where), "leave out `spelling`")
        if supply.calendar is not None:
            _check_calendar(file, supply, columns[name], schema, where, diagnostics)
        if supply.unit is not None:
            _check_unit(file, feed, supply.unit, columns[name], schema, where, diagnostics)
        for value in _unfit(supply, feed, columns[name].type):
            message = f"`{name}` cannot be `{value}`; it is {_words(columns[name].type, supply, feed)}"
            diagnostics.error("C004", message, file.document.place(where))
    missing = [name for name, column in columns.items() if column.required and name not in fill.columns]
    if missing:
        listed = ", ".join(f"`{name}`" for name in missing)
        where = (*place, "record")
        help = "say under columns which column, constant or part of the file name supplies it"
        diagnostics.error("C005", f"nothing supplies {listed} of `{record.name}`", file.document.place(where), help)


def _check_calendar(
    file: ClientFile, supply: Supply, of: Column, schema: Schema, where: Path, diagnostics: Diagnostics
) -> None:
    """A day of a period or week is a date, in a calendar the ruleset has."""
    place = file.document.place(where)
    if of.type.family is not Family.DATE:
        diagnostics.error("C004", f"`{of.name}` is no day of a calendar: it is {of.type}", place, "supply a date")
    elif schema.calendar(supply.calendar or "") is None:
        help = _meant(supply.calendar or "", [one.name for one in schema.calendars], "the ruleset has")
        diagnostics.error("C003", f"the ruleset has no calendar `{supply.calendar}`", place, help)


def _check_unit(
    file: ClientFile, feed: Feed, unit: Supply, of: Column, schema: Schema, where: Path, diagnostics: Diagnostics
) -> None:
    """A unit is that of a quantity, and its constant or code map names units the ruleset has."""
    place = file.document.place(where)
    if of.type.family is not Family.QUANTITY:
        diagnostics.error("C004", f"`{of.name}` has no unit: it is {of.type}", place, "leave out `unit`")
        return
    given = feed.codes[unit.codes].values() if unit.codes is not None else [unit.constant] if unit.constant else []
    known = ["units", *(one.name for one in schema.measures)]
    for name in dict.fromkeys(given):
        if schema.measure(name) is None:
            diagnostics.error("C004", f"the ruleset has no unit `{name}`", place, _meant(name, known, "it has"))


def _unfit(supply: Supply, feed: Feed, type_: DataType) -> list[str]:
    """The values that a constant or code map gives and the type does not have."""
    given: Iterable[str] = feed.codes[supply.codes].values() if supply.codes is not None else (supply.constant or "",)
    if supply.codes is None and supply.constant is None:
        return []
    if type_.family is Family.DATE and supply.calendar is not None:
        return []
    if type_.family is Family.DATE:
        formats = [date_format(one) for one in supply.format or feed.delimited.dates]
        return [value for value in given if all(parse_date(value, one) is None for one in formats)]
    known = YES_NO if type_.family is Family.YES_NO else type_.values
    return [value for value in dict.fromkeys(given) if known and value not in known]


def _words(type_: DataType, supply: Supply, feed: Feed) -> str:
    if type_.family is Family.DATE:
        return f"a date in {' or '.join(supply.format or feed.delimited.dates)}"
    return "yes or no" if type_.family is Family.YES_NO else str(type_)


def _meant(name: str, known: Iterable[str], words: str) -> str:
    names = sorted(known)
    close = get_close_matches(name, names, 1)
    return f"did you mean `{close[0]}`?" if close else f"{words}: {', '.join(names)}"
