"""Staging: every row of a file verbatim with its number, then cut into the cells that a feed reads.

`staged` holds row and text of each row; `cut` holds the row and one text per source column that the feed names, missing
cells as NULL; `reasons` holds what is wrong with a row: its full reason, and a short word for it to count by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import duckdb
from sqlglot import exp

from adapters.client.config import Delimited, Feed
from adapters.feeds.expressions import (
    both,
    call,
    cast,
    certainly,
    concatenated,
    create_table,
    either,
    empty_table,
    insert_into,
    is_missing,
    is_one_of,
    number,
    run,
    text,
    when,
)
from adapters.feeds.refusal import FileRefusedError
from adapters.feeds.source_file import (
    Lines,
    cell_pattern,
    huge_line,
    joined_rows,
    split_line,
)
from adapters.limits import LONGEST_LINE, MOST_COLUMNS, MOST_EMPTY_LINES
from engine.plan.relation import column, named, table

STAGED = "staged"
CUT = "cut"
REASONS = "reasons"
ROW = "source-row"
TEXT = "text"
REASON_PARTS = ("place", "reason", "summary")
_REASONS_SHAPE = ((ROW, "BIGINT"), ("place", "INTEGER"), ("reason", "VARCHAR"), ("summary", "VARCHAR"))


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a file in order, and how many lines at its top are not rows."""

    columns: tuple[str, ...]
    lines: int

    def place(self, name: str) -> int:
        """The position of a column, from 1."""
        return self.columns.index(name) + 1


def cell(name: str) -> str:
    """The name that a source column's cells have in `cut`."""
    return f"cell:{name}"


def rows_of(name: str) -> exp.Select:
    """The row numbers in a table."""
    return exp.select(column(ROW)).from_(table(name))


def is_among(query: exp.Query, row: exp.Expression | None = None) -> exp.Expression:
    """Whether a row's number is among those of a query."""
    return exp.In(this=row or column(ROW), query=exp.Subquery(this=query))


def is_good(row: exp.Expression | None = None) -> exp.Expression:
    """Whether nothing is wrong with a row, as far as is known."""
    return exp.Not(this=is_among(rows_of(REASONS), row))


def read_header(lines: Lines, feed: Feed) -> Header:
    """The columns of a file; FileRefusedError if one that the feed reads is not among them, or is there twice."""
    delimited = feed.delimited
    if delimited.columns is not None:
        return _checked(Header(delimited.columns, delimited.skip_lines), feed)
    top = delimited.skip_lines + 1
    line = lines.line(top)
    if line is None:
        raise FileRefusedError("has no header line", None, "ask for the file again, or correct skip-lines")
    cells = split_line(line, delimited)
    if cells is None:
        raise FileRefusedError("the header's quotation marks do not pair up", top, "ask for the file again")
    return _checked(Header(tuple(cells), top), feed)


def _checked(header: Header, feed: Feed) -> Header:
    if len(header.columns) > MOST_COLUMNS:
        raise FileRefusedError(f"has more than {MOST_COLUMNS:,} columns", header.lines, "check the separator")
    for name in feed.source_columns:
        if name not in header.columns:
            close = get_close_matches(name, header.columns, 1)
            listed = ", ".join(header.columns[:20])
            help = f"did you mean `{close[0]}`?" if close else f"its columns are {listed}; check the separator"
            raise FileRefusedError(f"has no column `{name}`, which feed {feed.name} reads", header.lines or None, help)
        if header.columns.count(name) > 1:
            raise FileRefusedError(f"has two columns named `{name}`", header.lines or None, "name them apart")
    return header


def stage(connection: duckdb.DuckDBPyConnection, lines: Lines, header: Header, delimited: Delimited) -> None:
    """Fill `staged` with the rows below the header; FileRefusedError for a huge line, or mostly empty ones."""
    run(connection, empty_table(STAGED, ((ROW, "BIGINT"), (TEXT, "VARCHAR"))))
    if delimited.line_breaks_in_cells:
        query = exp.select(call("unnest", exp.Parameter(this=number(1))), call("unnest", exp.Parameter(this=number(2))))
        for batch in joined_rows(lines, header.lines, delimited):
            connection.execute(insert_into(STAGED, query).sql("duckdb"), list(batch)).fetchall()
    else:
        statement = insert_into(STAGED, _split_query()).sql("duckdb")
        for first, chunk in lines.chunks(header.lines):
            connection.execute(statement, [chunk, first]).fetchall()
    too_long = exp.GT(this=call("strlen", column(TEXT)), expression=number(LONGEST_LINE))
    longest = exp.Min(this=exp.If(this=too_long, true=column(ROW)))
    is_empty = exp.EQ(this=column(TEXT), expression=text(""))
    empty = exp.Count(this=exp.If(this=is_empty, true=number(1)))
    [(row, blank, rows)] = run(connection, exp.select(longest, empty, exp.Count(this=exp.Star())).from_(table(STAGED)))
    if isinstance(row, int):
        raise huge_line(row)
    if isinstance(blank, int) and isinstance(rows, int) and blank > max(MOST_EMPTY_LINES, rows // 2):
        message = f"{blank:,} of its {rows:,} rows are empty lines"
        raise FileRefusedError(message, None, "its line ends are not what they seem; ask for it again")


def _split_query() -> exp.Select:
    """Rows of a chunk given as parameter 1, whose first line has the number given as parameter 2."""
    split = call("string_split", exp.Parameter(this=number(1)), call("chr", number(10)))
    inner = exp.select(named(split, "lines"), named(exp.Parameter(this=number(2)), "first")).subquery("chunk")
    first = cast(column("first"), "BIGINT")
    numbers = call("range", first, exp.Add(this=first, expression=call("len", column("lines"))))
    parts = exp.select(named(call("unnest", numbers), ROW), named(call("unnest", column("lines")), TEXT)).from_(inner)
    carriage = call("suffix", column(TEXT), call("chr", number(13)))
    shorter = call("left", column(TEXT), number(-1))
    return exp.select(column(ROW), named(when(carriage, shorter, column(TEXT)), TEXT)).from_(parts.subquery("parts"))


def cut(connection: duckdb.DuckDBPyConnection, feed: Feed, header: Header, has_quotes: bool) -> None:
    """Fill `cut` with the cells of rows that are whole, and `reasons` with what is wrong with the others.

    `has_quotes` says whether a quote stands anywhere in the file; without one, cells are cut at separators alone.
    """
    delimited = feed.delimited if has_quotes else feed.delimited.model_copy(update={"quote": "none"})
    cells = _cells(delimited)
    split = exp.select(column(ROW), column(TEXT), named(cells, "cells")).from_(table(STAGED)).subquery("split")
    chosen = [
        _value(call("list_extract", column("cells"), number(header.place(name))), delimited)
        for name in feed.source_columns
    ]
    lengths = call("list_sum", call("list_transform", column("cells"), _length_of_each()))
    rest = exp.NEQ(
        this=exp.Add(this=call("coalesce", lengths, number(0)), expression=call("len", column("cells"))),
        expression=exp.Add(this=call("length", column(TEXT)), expression=number(1)),
    )
    has_quote = call("contains", column(TEXT), text(delimited.quote))
    query = exp.select(
        column(ROW),
        named(call("len", column("cells")), "cell count"),
        named(is_missing(column("cells")), "is overfull"),
        named(exp.EQ(this=column(TEXT), expression=text("")), "is empty"),
        named(_unprintable(delimited), "first unprintable"),
        named(exp.false() if delimited.quote == "none" else both(has_quote, rest), "is torn"),
        *(named(value, cell(name)) for name, value in zip(feed.source_columns, chosen, strict=True)),
        copy=False,
    ).from_(split, copy=False)
    run(connection, create_table(CUT, query))
    run(connection, empty_table(REASONS, _REASONS_SHAPE))
    if record_reasons(connection, CUT, _structure_checks(feed, header)):
        run(connection, exp.Delete(this=table(CUT), where=exp.Where(this=is_among(rows_of(REASONS)))))


def has_reasons(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether anything is wrong with any row, as far as is known."""
    return bool(run(connection, rows_of(REASONS).limit(1)))


def _cells(delimited: Delimited) -> exp.Expression:
    """The cells of a row, quotes and all; none of a row with more separators than any file may have columns.

    Thousands of rows are cut at once, and a cell takes many times the room of the separator it stands for.
    """
    plain = call("string_split", column(TEXT), text(delimited.separator))
    cells: exp.Expression = plain
    if delimited.quote != "none":
        whole = concatenated(text(delimited.separator), column(TEXT))
        quoted = call("regexp_extract_all", whole, text(cell_pattern(delimited)), number(1))
        cells = when(call("contains", column(TEXT), text(delimited.quote)), quoted, plain)
    return when(exp.Not(this=exp.Paren(this=_is_overfull(delimited))), cells)


def _is_overfull(delimited: Delimited) -> exp.Expression:
    """Whether a row has more separators than any file may have columns; few are long enough to be looked at."""
    without = call("replace", column(TEXT), text(delimited.separator), text(""))
    separators = exp.Sub(this=call("length", column(TEXT)), expression=call("length", without))
    is_long = exp.GT(this=call("strlen", column(TEXT)), expression=number(2 * MOST_COLUMNS))
    return both(is_long, exp.GT(this=separators, expression=number(MOST_COLUMNS)))


def _length_of_each() -> exp.Expression:
    one = exp.to_identifier("one", quoted=True)
    return exp.Lambda(this=call("length", column("one")), expressions=[one])


def _value(raw: exp.Expression, delimited: Delimited) -> exp.Expression:
    """A cell without its quotes; NULL where it says that there is no value."""
    value = call("trim", raw, text(" ")) if delimited.spaces == "trim" else raw
    if delimited.quote != "none":
        inside = exp.Bracket(this=raw.copy(), expressions=[exp.Slice(this=number(2), expression=number(-2))])
        if delimited.escape == "doubled":
            inner = call("replace", inside, text(delimited.quote * 2), text(delimited.quote))
        else:
            escaped = "\\" + delimited.escape if delimited.escape in "\\^" else delimited.escape
            inner = call("regexp_replace", inside, text(rf"(?s){escaped}(.)"), text(r"\1"), text("g"))
        value = when(call("starts_with", raw.copy(), text(delimited.quote)), inner, value)
    if not delimited.missing:
        return exp.Nullif(this=value, expression=text(""))
    return when(exp.Not(this=is_one_of(value, ("", *delimited.missing))), value.copy())


def _unprintable(delimited: Delimited) -> exp.Expression:
    """The first control character of a row, or an empty text."""
    allowed_breaks = r"\x{0b}\x{0c}\x{0e}" if delimited.line_breaks_in_cells else r"\x{0b}-\x{0e}"
    return call("regexp_extract", column(TEXT), text(rf"[\x{{00}}-\x{{08}}{allowed_breaks}\x{{0f}}-\x{{1f}}\x{{7f}}]"))


@dataclass(frozen=True, slots=True)
class Check:
    """Something that may be wrong with a row: when it is, the reason for people, and a short word to count by."""

    fails: exp.Expression
    reason: exp.Expression
    summary: str


def _structure_checks(feed: Feed, header: Header) -> list[Check]:
    """What makes a row unreadable as a whole, so that its cells are not looked at."""
    is_empty, unprintable = column("is empty"), column("first unprintable")
    is_overfull, is_torn = column("is overfull"), both(column("is torn"), exp.Not(this=column("is overfull")))
    miscounted = exp.NEQ(this=column("cell count"), expression=number(len(header.columns)))
    count = concatenated(
        cast(column("cell count"), "VARCHAR"), text(f" cells where the file has {len(header.columns)} columns")
    )
    code = cast(call("unicode", unprintable), "VARCHAR")
    checks = [
        Check(is_empty, text("the line is empty"), "empty line"),
        Check(
            exp.NEQ(this=unprintable, expression=text("")),
            concatenated(text("a character that cannot be printed (code "), code, text(") is in the line")),
            "unprintable character",
        ),
        Check(is_overfull, text(f"more than {MOST_COLUMNS:,} cells"), "wrong number of cells"),
        Check(
            is_torn,
            text("the quotation marks do not pair up, or one stands inside a cell that does not begin with one"),
            "quotation marks do not pair up",
        ),
        Check(
            exp.And(
                this=miscounted, expression=exp.Not(this=exp.Paren(this=exp.Or(this=is_empty, expression=is_torn)))
            ),
            count,
            "wrong number of cells",
        ),
    ]
    trailer = feed.delimited.trailer
    if trailer is not None and trailer.column in feed.source_columns:
        is_total = exp.EQ(this=column(cell(trailer.column)), expression=text(trailer.text))
        reason = text(f"a {trailer.text} row that is not the last of the file")
        checks.append(Check(is_total, reason, f"{trailer.text} row inside the file"))
    return checks


def record_reasons(connection: duckdb.DuckDBPyConnection, name: str, checks: Sequence[Check]) -> bool:
    """Add to `reasons` what is wrong with the rows of a table; whether anything is."""
    if not checks:
        return False
    any_fails = either(*(certainly(check.fails) for check in checks))
    if not run(connection, rows_of(name).where(any_fails).limit(1)):
        return False
    found = [when(certainly(check.fails), _problem(at, check)) for at, check in enumerate(checks)]
    problem = exp.to_identifier("problem", quoted=True)
    given = exp.Lambda(this=exp.Not(this=exp.Is(this=column("problem"), expression=exp.Null())), expressions=[problem])
    listed = call("list_filter", exp.Array(expressions=found), given)
    inner = exp.select(column(ROW), named(call("unnest", listed), "problem"), copy=False)
    inner = inner.from_(table(name), copy=False).where(any_fails, copy=False)
    parts = (exp.Dot(this=column("problem"), expression=exp.to_identifier(key)) for key in REASON_PARTS)
    query = exp.select(column(ROW), *parts).from_(inner.subquery("found", copy=False), copy=False)
    run(connection, insert_into(REASONS, query))
    return True


def _problem(place: int, check: Check) -> exp.Expression:
    values = (number(place), check.reason, text(check.summary))
    return exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(key), expression=value)
            for key, value in zip(REASON_PARTS, values, strict=True)
        ]
    )
