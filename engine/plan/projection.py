"""What a scenario projects for each pool, asked at the end of the last period known, for each period ahead.

A sum looks back from the last day known, so that no week ahead is fed by facts that the projection itself made; words
of the calendar and dated parameters are those of the period ahead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from typing import Any, cast

from dsl.span import Span
from engine.ledger.calendar import Calendar, Period
from engine.model.binding.terms import CALENDAR_WORDS
from engine.model.datatypes import DataType, Family
from engine.model.expression import AggregateOf, Expression, Grain, Literal, MomentOf, WindowOf
from engine.model.scenarios import AnyProjection, Projection
from engine.plan.relation import Origin, Relation
from engine.plan.values.frames import frame_of
from engine.plan.values.substitute import in_terms_of
from engine.plan.world import World

DATE, TEXT = DataType(Family.DATE), DataType(Family.TEXT)
DAYS_OF_WEEK = 7


def pool_grain(projection: AnyProjection) -> Grain:
    """The grain of a projection without its week: one row for each pool."""
    keys = tuple(key for key in projection.grain.keys if key.name not in CALENDAR_WORDS)
    return replace(projection.grain, keys=keys)


def at_period(projection: Projection, calendar: Calendar, known: Period, ahead: Period) -> Expression:
    """A projection's value for a week of a period ahead, looking back from the end of the last period known."""
    span = projection.span
    words: dict[str, Expression] = {
        "period": Literal(DataType(Family.PERIOD), span, False, ahead.name),
        "quarter": Literal(TEXT, span, False, f"Q{ahead.quarter}"),
        "year": Literal(TEXT, span, False, f"FY{ahead.year}"),
    }
    end = Literal(DATE, span, False, ahead.end)
    looked_back = _dated(projection.value, calendar, known, ahead)
    return in_terms_of(cast(Expression, looked_back), words, end, pool_grain(projection))


def make_projected(world: World, projection: Projection, ahead: Sequence[Period]) -> Relation:
    """`projected KIND`: pools, and the quantity a week in each period ahead under the period's name.

    A quotient stays exact: its denominator stands beside it, as `NAME:over`.
    """
    grain = pool_grain(projection)
    frame = frame_of(world, grain)
    values = [at_period(projection, world.calendar, world.period, one) for one in ahead]
    frame.prepare(tuple(values), grain)
    outputs = [(key.name, frame.key(key.name)) for key in grain.keys]
    outputs += [(one.name, frame.value(value)) for one, value in zip(ahead, values, strict=True)]
    name = f"projected {projection.kind}"
    keys = tuple(key.name for key in grain.keys)
    return frame.relation(name, keys, outputs, Origin(f"project {projection.kind}", projection.span))


def _dated(node: Any, calendar: Calendar, known: Period, ahead: Period) -> Any:
    """The same expression with windows counted back from the last day known, and moments of the period ahead."""
    if isinstance(node, MomentOf) and node.unit in ("period", "quarter", "year"):
        return Literal(DATE, node.span, False, calendar.moment(ahead, node.shift, node.unit, node.edge))
    if isinstance(node, tuple):
        return tuple(_dated(one, calendar, known, ahead) for one in node)
    if isinstance(node, AggregateOf):
        window = None if node.window is None else _looking_back(node.window, calendar, known, node.span)
        return replace(node, window=_dated(window, calendar, known, ahead))
    if isinstance(node, (DataType, Grain)) or not is_dataclass(node) or isinstance(node, type):
        return node
    changed = {
        one.name: _dated(getattr(node, one.name), calendar, known, ahead) for one in fields(node) if one.name != "span"
    }
    return replace(node, **changed)


def _looking_back(window: WindowOf, calendar: Calendar, known: Period, span: Span) -> WindowOf:
    if window.last is None:
        return window
    first = _first_day(window.last, window.unit, calendar, known)
    return WindowOf(None, "", _day(first, span), _day(known.end, span))


def _first_day(last: int, unit: str, calendar: Calendar, known: Period) -> date:
    """The first of so many units that end with the last day known."""
    if unit in ("week", "day"):
        return known.end - timedelta(days=last * (DAYS_OF_WEEK if unit == "week" else 1) - 1)
    period = known
    for _ in range(last - 1):
        period = calendar.period_of(calendar.moment(period, "", unit, "start") - timedelta(days=1))
    return calendar.moment(period, "", unit, "start")


def _day(day: date, span: Span) -> Expression:
    return Literal(DATE, span, False, day)
