"""Controls: the rows of each that break their sentence."""

from __future__ import annotations

from sqlglot import exp

from engine.model.datatypes import DataType, Family
from engine.model.ruleset import Control
from engine.plan.effective import in_effect
from engine.plan.frames import frame_of
from engine.plan.numbers import Value
from engine.plan.relation import Origin
from engine.plan.world import World


def control_name(control: Control) -> str:
    """The relation of rows that broke a control."""
    return f"control {control.name}"


def make_control(world: World, control: Control) -> None:
    """Rows of the control's grain where its `when` holds and its sentence does not (unknown does not hold)."""
    frame = frame_of(world, control.grain)
    if dates := in_effect(control.meta, frame.date):
        frame.filter(exp.and_(*dates, copy=False))
    if control.when is not None:
        frame.filter(frame.test(control.when, control.grain))
    holds = exp.Coalesce(this=exp.Paren(this=frame.test(control.needs, control.grain)), expressions=[exp.false()])
    frame.filter(exp.Not(this=holds))
    keys = [key for key in control.grain.keys if key.name in frame.keys]
    outputs = [(key.name, frame.key(key.name)) for key in keys]
    if not outputs and "identity" in frame.keys:
        outputs = [("identity", Value(frame.column("identity"), DataType(Family.TEXT)))]
    names = tuple(name for name, _ in outputs)
    frame.relation(control_name(control), names, outputs, Origin(f"control {control.name}", control.span))
