"""Sums, counts, averages and `exists` over other rows, joined back to the rows that ask.

The rows are grouped by what must agree with the asker, so each asker meets at most one group. Where an event asks,
what was known up to its date is wanted: groups then run by date, each valid until the next, and an interval join
finds the one in force. With a period in scope the open facts of this run are the period's; in an adjustment, and with
neither, everything known up to the period's end counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.datatypes import DataType, Family
from engine.model.expression import AggregateOf, ExistsTest, Expression, Grain, KeyOf, MomentOf, Source, WindowOf
from engine.plan.fragments import in_force, running_sums
from engine.plan.numbers import Value, decimal_type, one, sum_of_terms, term
from engine.plan.relation import cast, column, named
from engine.plan.values.currencies import beside_sum, running, sum_currency, watch_within
from engine.plan.values.frame import EVERY_DAY, Frame
from engine.plan.values.substitute import in_terms_of
from engine.plan.world import World, date_literal

QUOTIENT = "#quotient"
"""The column of what is added up where it is a quotient; `#value` is then what it comes to in digits."""

UNKNOWN = "some unknown"
"""A column beside a sum of quotients: whether one of them is missing, or divides by nothing."""


def define_aggregate(frame: Frame, node: AggregateOf) -> None:
    """Give a sum, count or average a column of the asker's frame."""
    if frame.remembered(node) is not None:
        return
    scope = node.scope
    by_date = _asks_by_date(frame, scope, node.source)
    of_day = is_of_a_day(frame, node)
    rows = _rows(frame, node.source, scope, node.window, of_day)
    keys, total, day = _grouped_values(rows, node, by_date, of_day)
    asked = asked_keys(frame, node.source.matching, scope)
    if of_day:
        keys.append("#of day")
        asked.append(frame.key("day").sql)
    if frame.by_currency and node.function != "count" and isinstance(total.currency, exp.Column):
        keys.append(total.currency.name)
        asked.append(frame.key("currency").sql)
    grouped = _group(rows, keys, day)
    extra = in_force(frame.date) if day is not None else None
    alias = frame.join(grouped, dict(zip(keys, asked, strict=True)), extra)
    value = result(node, alias, total, has_quotients(rows))
    if node.function != "count" and total.currency is not None:
        value = replace(value, currency=sum_currency(frame, node.span, total, alias))
    watch_within(frame, rows, alias)
    frame.remember(node, frame.label_of(frame.define(f"{node.function} #{_number(frame)}", value)))


def rows_added_up(frame: Frame, node: AggregateOf, scope: Grain) -> Frame:
    """The rows a sum goes over for every asker: their `#value`, and `key 1`, `key 2`, ... that must agree with it."""
    rows = _rows(frame, node.source, scope, node.window)
    _grouped_values(rows, node, by_date=False)
    return rows


def define_exists(frame: Frame, node: ExistsTest, scope: Grain) -> None:
    """Give an `exists` test a yes/no column: the earliest agreeing row is dated in time for the asker."""
    if frame.remembered(node) is not None:
        return
    by_date = _asks_by_date(frame, scope, node.source)
    rows = _rows(frame, node.source, scope, None)
    own = tuple(one for one, _ in node.source.matching)
    rows.prepare(own, node.source.grain)
    keys = [(f"key {index}", rows.value(one)) for index, one in enumerate(own, start=1)]
    grouped_keys = [named(value.sql, name) for name, value in keys]
    grouped = rows.rows_query([]).select(*grouped_keys, named(exp.Min(this=rows.date.copy()), "first"))
    grouped = grouped.group_by(*(exp.Literal.number(str(index + 1)) for index in range(len(keys))))
    asked = asked_keys(frame, node.source.matching, scope)
    before = None if node.before is None else frame.lower(node.before, scope).sql
    alias = frame.join(grouped, dict(zip((name for name, _ in keys), asked, strict=True)))
    first = column("first", alias)
    found: exp.Expr = exp.Not(this=exp.Is(this=first, expression=exp.Null()))
    if before is not None:
        found = exp.Coalesce(this=exp.LT(this=first.copy(), expression=before), expressions=[exp.false()])
    elif by_date:
        found = exp.Coalesce(this=exp.LTE(this=first.copy(), expression=frame.date.copy()), expressions=[exp.false()])
    label = frame.define(f"exists #{_number(frame)}", Value(found, DataType(Family.YES_NO)))
    frame.remember(node, frame.label_of(label))


def _number(frame: Frame) -> int:
    return len(frame.values) + 1


def _asks_by_date(frame: Frame, scope: Grain | None, source: Source) -> bool:
    """Whether an event asks, so that only rows up to its date count."""
    if scope is None or frame.mode == "adjustment" or source.grain.form not in ("rows", "slices"):
        return False
    if source.grain.form == "rows" and source.grain.rows[0] not in frame.world.ruleset.kinds:
        return False
    asked_by_kind = any(row in frame.world.ruleset.kinds for row in scope.rows)
    return not scope.has_period and (asked_by_kind or scope.form == "slices")


def _rows(frame: Frame, source: Source, scope: Grain | None, window: WindowOf | None, is_of_day: bool = False) -> Frame:
    world = frame.world
    if is_of_day:
        return frame.tools.frame_of(world, source.grain, EVERY_DAY, True)
    everything = frame.mode == "adjustment" or scope is None or not scope.has_period
    if window is None or source.grain.form != "rows":
        return frame.tools.frame_of(world, source.grain, frame.mode, everything)
    if source.grain.rows[0] in world.ruleset.reconciliations:
        return frame.tools.history_of(world, source.grain.rows[0])
    rows = frame.tools.frame_of(world, source.grain, frame.mode, True)
    if window.last is None:
        return _within_days(rows, source, window)
    first, last = days_of(world, window)
    rows.filter(exp.Between(this=rows.date.copy(), low=date_literal(first), high=date_literal(last)))
    return rows


def _within_days(rows: Frame, source: Source, window: WindowOf) -> Frame:
    """Rows dated within days that the asker names, worked out from the keys they share; never after the period."""
    shared = {asked.name: own for own, asked in source.matching if isinstance(asked, KeyOf)}
    since, through = window.since, window.through
    if since is None or through is None:
        raise InternalError("a window of named days lacks one of its ends")
    end = MomentOf(DataType(Family.DATE), since.span, False, "", "period", "end")
    ends = tuple(in_terms_of(one, shared, end, source.grain) for one in (since, through))
    rows.prepare(ends, source.grain)
    first, last = (rows.value(one).sql for one in ends)
    inside = exp.Between(this=rows.date.copy(), low=first, high=last)
    until = exp.LTE(this=rows.date.copy(), expression=date_literal(rows.world.period.end))
    rows.filter(exp.and_(inside, until, copy=False))
    return rows


def days_of(world: World, window: WindowOf) -> tuple[date, date]:
    """The first and last day of a window over facts; both count, and no day after the period."""
    calendar, period = world.calendar, world.period
    if window.last is None:
        raise InternalError("a window of named days has no fixed length")
    for _ in range(window.last - 1):
        period = calendar.period_of(calendar.moment(period, "", window.unit, "start") - timedelta(days=1))
    return calendar.moment(period, "", window.unit, "start"), world.period.end


def is_of_a_day(frame: Frame, node: AggregateOf) -> bool:
    """Whether the rows asked for are those of the asker's day."""
    return "day" in frame.keys and node.source.grain.form == "rows"


def _grouped_values(
    rows: Frame, node: AggregateOf, by_date: bool, of_day: bool = False
) -> tuple[list[str], Value, exp.Expr | None]:
    """Filter the source rows and add columns for what they group by and sum; names of the group's columns."""
    grain = node.source.grain
    if node.where is not None:
        rows.prepare(node.where, grain)
        rows.filter(rows.tests(node.where))
    if node.window is not None and node.window.last is not None and grain.rows[0] in rows.world.ruleset.reconciliations:
        rows.filter(exp.In(this=rows.column("period"), expressions=_last_periods(rows, node.window.last)))
    if rows.leftover_apart and node.function != "sum":
        rows.filter(exp.Not(this=rows.column("leftover")))
    value = one() if node.value is None or node.function == "count" else rows.lower(node.value, grain)
    if grain.form == "slices":
        # A slice that comes back counts negative.
        back = (
            exp.Case().when(rows.column("returning"), exp.Neg(this=exp.Paren(this=value.sql))).else_(value.sql.copy())
        )
        value = replace(value, sql=back)
    keys = [(f"key {index}", rows.lower(own, grain)) for index, (own, _) in enumerate(node.source.matching, start=1)]
    keyed = [(QUOTIENT if value.over is not None else "#value", value), *keys]
    if of_day:
        keyed.append(("#of day", Value(rows.date.copy(), DataType(Family.DATE))))
    if by_date:
        keyed.append(("#day", Value(rows.date.copy(), DataType(Family.DATE))))
    rows.define_all(keyed)
    if value.over is not None:
        rows.define("#value", term(rows.value_of(QUOTIENT)))
    day = rows.column("#day") if by_date else None
    return [name for name, _ in keys], rows.value_of("#value"), day


def _last_periods(frame: Frame, count: int) -> list[exp.Expr]:
    period = frame.world.period
    names = [period.name]
    for _ in range(count - 1):
        period = frame.world.calendar.previous(period)
        names.append(period.name)
    return [exp.Literal.string(name) for name in names]


def asked_keys(frame: Frame, matching: Sequence[tuple[Expression, Expression]], scope: Grain | None) -> list[exp.Expr]:
    """What the rows added up must agree with, in the asker's rows."""
    for _, asked in matching:
        frame.prepare(asked, scope or Grain("once", (), (), (), ""))
    return [frame.value(asked).sql for _, asked in matching]


def _group(rows: Frame, keys: Sequence[str], day: exp.Expr | None) -> exp.Query:
    group = [rows.column(name) for name in keys]
    selected: list[exp.Expr] = [named(rows.column(name), name) for name in keys]
    total = exp.Sum(this=rows.column("#value"))
    count = exp.Count(this=exp.Star())
    beside = beside_sum(rows)
    beside += [named(exp.LogicalOr(this=one.this), UNKNOWN) for one in unknown_among(rows)]
    if day is None:
        query = rows.rows_query([]).select(*selected, named(total, "total"), named(count, "rows"), *beside, copy=False)
        return query.group_by(*group, copy=False) if group else query
    query = rows.rows_query([]).select(
        *selected, named(day, "day"), named(total, "total"), named(count, "rows"), *beside, copy=False
    )
    daily = query.group_by(*group, day.copy(), copy=False)
    return running_sums(daily, keys, [(one.alias, running(one.alias)) for one in beside])


def has_quotients(rows: Frame) -> bool:
    """Whether what is added up are quotients."""
    return QUOTIENT in rows.values


def unknown_among(rows: Frame) -> list[exp.Alias]:
    """Beside quotients that are added up a column that says where one of them is missing."""
    unknown = exp.Is(this=rows.column("#value"), expression=exp.Null())
    return [named(unknown, UNKNOWN)] if has_quotients(rows) else []


def result(node: AggregateOf, alias: str, total: Value, of_quotients: bool) -> Value:
    """What a joined group comes to. A sum of quotients is missing where one of them is: it would else be a sum of the
    others."""
    zero = exp.Literal.number("0")
    if node.function == "count":
        counted = exp.Coalesce(this=column("rows", alias), expressions=[zero])
        return Value(cast(counted, decimal_type(0)), node.type, 0)
    summed = Value(cast(column("total", alias), decimal_type(total.scale or 0)), node.type, total.scale or 0)
    if of_quotients:
        whole = sum_of_terms(column("total", alias), node.type)
        lacking = exp.Coalesce(this=column(UNKNOWN, alias), expressions=[exp.false()])
        summed = replace(whole, sql=exp.Case().when(exp.Not(this=lacking), whole.sql))
    if node.function == "sum":
        none = exp.Is(this=column("rows", alias), expression=exp.Null())
        nothing = exp.Case().when(none, zero).else_(summed.sql)
        return replace(summed, sql=cast(nothing, decimal_type(summed.scale or 0)))
    return replace(summed, over=cast(column("rows", alias), decimal_type(0)), over_scale=0)
