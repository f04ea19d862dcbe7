"""Values by band: the one that holds a value, or summed band by band over it.

A band of quantities that begins with the f-th unit holds the units f to next - 1; of anything else it holds what lies
from f to under the next (language reference, section 4). No units at all lie in the band of the first unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.datatypes import DataType, Family
from engine.model.expression import BandOf, Expression, Grain, ItemOf, RegisterField
from engine.model.ruleset import Parameter
from engine.plan.numbers import Value, add, at_scale, decimal_type, multiply, number, stored
from engine.plan.relation import cast, column, named, table
from engine.plan.values.effective import governing_day
from engine.plan.values.frame import Frame
from engine.plan.values.items import literal_number
from engine.plan.world import date_literal, empty

_ONCE = Grain("once", (), (), (), "")
UNTIL = "band-until"
"""The column of a register with bands that holds where the next band begins; missing in the last one."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One band: where it begins, where the next begins (None in the last), and its value."""

    low: Value
    until: Value | None
    value: Value


def define_band(frame: Frame, node: BandOf) -> None:
    """Give a banded value a column of the frame; missing where no band holds the value asked for."""
    if frame.remembered(node) is not None:
        return
    keys = node.value.keys if isinstance(node.value, RegisterField | ItemOf) else ()
    frame.prepare((node.of, keys), _ONCE)
    of = frame.value(node.of)
    if isinstance(node.value, RegisterField):
        found = _summed(frame, node, node.value, of) if node.through else _held(frame, node.value, of)
    elif isinstance(node.value, ItemOf):
        found = _of_parameter(frame, node, node.value, of)
    else:
        raise InternalError(f"{node} has no bands; check refuses it")
    frame.remember(node, frame.label_of(frame.define(f"band #{len(frame.values) + 1}", found)))


# ---- registers -------------------------------------------------------------------------------------------------------


def _held(frame: Frame, node: RegisterField, of: Value) -> Value:
    """The field in the register's row whose band holds a value."""
    record = frame.world.ruleset.registers[node.register].record
    type_ = record.column(record.bands_by or "").type
    low = stored(column(record.bands_by or "", "@"), type_)
    until = stored(column(UNTIL, "@"), type_)
    keys = {name: frame.value(key).sql for name, key in zip(record.identity, node.keys, strict=True)}
    last = exp.Is(this=until.sql.copy(), expression=exp.Null())
    under = exp.Paren(this=exp.or_(last, _before(_place(of), until), copy=False))
    alias = frame.join(
        table(node.register), keys, exp.and_(exp.Not(this=exp.Paren(this=_before(_place(of), low))), under)
    )
    return stored(column(node.name, alias), record.column(node.name).type)


def _summed(frame: Frame, node: BandOf, field: RegisterField, of: Value) -> Value:
    """The sum over a register's bands of the field times the part of a value inside."""
    record = frame.world.ruleset.registers[field.register].record
    type_ = record.column(record.bands_by or "").type
    step = _Step(
        stored(column(record.bands_by or "", "b"), type_),
        stored(column(UNTIL, "b"), type_),
        stored(column(field.name, "b"), record.column(field.name).type),
    )
    share = multiply(step.value, _part(of, step), node.type)
    same = [
        exp.NullSafeEQ(this=column(name, "b"), expression=frame.value(key).sql)
        for name, key in zip(record.identity, field.keys, strict=True)
    ]
    total = exp.select(named(exp.Sum(this=share.sql), "total")).from_(table(field.register, "b")).where(*same)
    scale = share.scale or 0
    return Value(cast(exp.Paren(this=total), decimal_type(scale)), node.type, scale)


# ---- parameters ------------------------------------------------------------------------------------------------------


def _of_parameter(frame: Frame, node: BandOf, item: ItemOf, of: Value) -> Value:
    """A parameter's cell at the band, or over the bands, in the row of the governing date."""
    parameter = frame.world.ruleset.parameters[item.item]
    day = governing_day(frame, item.as_of)
    rows = [(since, _over_bands(node, _steps(parameter, row), of)) for since, row in parameter.rows]
    scale = max(value.scale or 0 for _, value in rows)
    by_date = exp.Case()
    for since, value in sorted(rows, key=lambda pair: pair[0], reverse=True):
        begun = exp.GTE(this=day.copy(), expression=date_literal(since))
        by_date = by_date.when(begun, at_scale(value, scale))
    return Value(by_date.else_(empty(decimal_type(scale))), node.type, scale)


def _steps(parameter: Parameter, row: Sequence[Expression]) -> list[_Step]:
    type_ = parameter.band_type or DataType(Family.NUMBER)
    found: list[_Step] = []
    for band, cell in zip(parameter.bands, row, strict=True):
        low = number(band.low or Decimal(1 if type_.family is Family.QUANTITY else 0), type_)
        until = None if band.high is None else number(band.high, type_)
        found.append(_Step(low, until, literal_number(cell)))
    return found


def _over_bands(node: BandOf, steps: Sequence[_Step], of: Value) -> Value:
    if node.through:
        parts = [multiply(step.value, _part(of, step), node.type) for step in steps]
        total = parts[0]
        for part in parts[1:]:
            total = add(total, part, node.type, "+")
        return total
    scale = max(step.value.scale or 0 for step in steps)
    case = exp.Case()
    for step in reversed(steps):
        inside = exp.Not(this=exp.Paren(this=_before(_place(of), step.low)))
        case = case.when(inside, at_scale(step.value, scale))
    return Value(case.else_(empty(decimal_type(scale))), node.type, scale)


# ---- parts of a value ------------------------------------------------------------------------------------------------


def _place(of: Value) -> Value:
    """What is looked up: no units lie where the first unit lies."""
    if of.type.family is not Family.QUANTITY:
        return of
    first = at_scale(number(Decimal(1), of.type), of.scale or 0)
    return Value(exp.Greatest(this=of.sql.copy(), expressions=[first]), of.type, of.scale)


def _before(left: Value, right: Value) -> exp.Expr:
    scale = max(left.scale or 0, right.scale or 0)
    return exp.LT(this=at_scale(left, scale), expression=at_scale(right, scale))


def _part(of: Value, step: _Step) -> Value:
    """How much of a value lies inside a band, not under 0."""
    counted = of.type.family is Family.QUANTITY
    one = number(Decimal(1), of.type)
    below = add(step.low, one, of.type, "-") if counted else step.low
    scale = max(of.scale or 0, below.scale or 0)
    reached = at_scale(of, scale)
    if step.until is not None:
        limit = add(step.until, one, of.type, "-") if counted else step.until
        scale = max(scale, limit.scale or 0)
        within = exp.LT(this=at_scale(limit, scale), expression=at_scale(of, scale))
        reached = exp.Case().when(within, at_scale(limit, scale)).else_(at_scale(of, scale))
    inside = exp.Sub(this=reached, expression=at_scale(below, scale))
    nothing = cast(exp.Literal.number("0"), decimal_type(scale))
    known = exp.Is(this=of.sql.copy(), expression=exp.Null())
    part = exp.Greatest(this=nothing, expressions=[exp.Paren(this=inside)])
    return Value(exp.Case().when(known, exp.Null()).else_(part), of.type, scale)
