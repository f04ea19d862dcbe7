"""Limits on adjustments: facts pass whole, by date and then identity, until the first that does not fit.

The limit is one of the period: what it measures are units, of the fact that is adjusted or of the one that is recorded.
"""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from engine.model.datatypes import DataType, Family
from engine.model.expression import MomentOf
from engine.model.ruleset import Adjustment, Cap
from engine.plan.fragments import running
from engine.plan.numbers import Value, aligned
from engine.plan.values.frame import Frame
from engine.plan.values.substitute import in_terms_of
from engine.plan.world import RunStopped, World, date_literal


def keep_within_limits(world: World, adjustment: Adjustment, frame: Frame) -> None:
    """Drop the rows that an adjustment's limits do not let pass; RunStopped where a row has less than no units."""
    for cap in adjustment.caps:
        _keep(world, adjustment, cap, frame)


def _keep(world: World, adjustment: Adjustment, cap: Cap, frame: Frame) -> None:
    scope = cap.grain or adjustment.grain
    units = _units(adjustment, frame)
    end = MomentOf(DataType(Family.DATE), cap.span, False, "", "period", "end")
    mode, frame.mode = frame.mode, ""
    limit = frame.lower(in_terms_of(cap.limit, {}, end, scope), scope)
    frame.mode = mode
    asked, most = aligned([units, limit])
    frame.define_all([("#units", asked), ("#most", most)])
    _stop_where_negative(world, adjustment, frame)
    partition = [frame.key(key.name).sql for key in scope.keys if key.name != "period"]
    sum_so_far = running(exp.Sum(this=frame.column("#units")), partition, _order(adjustment, frame))
    frame.define("#so far", replace(frame.value_of("#units"), sql=sum_so_far))
    frame.filter(exp.LTE(this=frame.column("#so far"), expression=frame.column("#most")))


def _units(adjustment: Adjustment, frame: Frame) -> Value:
    """The units that an adjustment of a row moves."""
    if adjustment.action.form == "record" and adjustment.action.value is not None:
        return frame.lower(adjustment.action.value, adjustment.grain)
    return frame.field(adjustment.grain.rows[0], "quantity")


def _order(adjustment: Adjustment, frame: Frame) -> list[exp.Expr]:
    """What rows are served by: facts by date and identity, rows of a reconciliation by their keys."""
    if "identity" in frame.keys:
        return [frame.date.copy(), frame.column("identity")]
    return [frame.key(key.name).sql for key in adjustment.grain.keys] or [date_literal(frame.world.period.end)]


def _stop_where_negative(world: World, adjustment: Adjustment, frame: Frame) -> None:
    less = exp.LT(this=frame.column("#units"), expression=exp.Literal.number("0"))
    shown = exp.Anonymous(this="concat_ws", expressions=[exp.Literal.string(" "), *_order(adjustment, frame)])
    query = frame.rows_query([]).select(shown).where(less).order_by(exp.Literal.number("1")).limit(1)
    for (row,) in world.executor.rows(query):
        words = str(row).replace("\x1f", " ")
        message = (
            f"`{adjustment.name}` passes rows until a limit is used up, so none may have less than no units: {words}"
        )
        raise RunStopped("T428", message, (f"adjustment {adjustment.name}",))
