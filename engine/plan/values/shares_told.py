"""How shares came about: columns beside each share, from which an explanation says what was shared, by what weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlglot import exp

from engine.model.datatypes import DataType, Family
from engine.plan.numbers import Value, decimal_type
from engine.plan.relation import case, cast
from engine.plan.values.frame import Frame

BY, WHOLE, LEFT, GIVEN, WEIGHT, WEIGHTS, MORE = (
    f"told {one}" for one in ("by", "whole", "left", "given", "weight", "weights", "more")
)
TOLD = (BY, WHOLE, LEFT, GIVEN, WEIGHT, WEIGHTS, MORE)
"""The rule that shared (its exception's name, '' the usual one); the whole, and what gifts leave of it; what the part
was given; its weight and those of all parts; and whether it took an odd cent."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way of sharing: its exception's name, the number of its columns, digits of its weights, where it stands."""

    name: str
    number: int
    scale: int
    stands: exp.Expr


@dataclass(frozen=True, slots=True)
class Shared:
    """The column with the share of each row, and the ways it may have come about."""

    label: str
    ways: tuple[Way, ...]


def told(frame: Frame, shared: Shared, digits: int, step: exp.Expr) -> list[tuple[str, Value]]:
    """The columns of `TOLD` over the rows of a frame; `step` is how many of the last digit a minor unit is."""
    ways = shared.ways
    widest = max(one.scale for one in ways)
    nothing, plain = [0] * len(ways), exp.Literal.number("1")
    shifts = [widest - one.scale for one in ways]
    by = case([(one.stands.copy(), exp.Literal.string(one.name)) for one in ways])
    return [
        (BY, Value(by, DataType(Family.TEXT))),
        (WHOLE, _standing(frame, ways, "whole", nothing, step, digits)),
        (LEFT, _standing(frame, ways, "rest", nothing, step, digits)),
        (GIVEN, _standing(frame, ways, "gift", nothing, step, digits)),
        (WEIGHT, _standing(frame, ways, "weight", shifts, plain, widest)),
        (WEIGHTS, _standing(frame, ways, "all", shifts, plain, widest)),
        (MORE, _standing(frame, ways, "one more", nothing, plain, 0)),
    ]


def _standing(
    frame: Frame, ways: Sequence[Way], label: str, shifts: Sequence[int], step: exp.Expr, digits: int
) -> Value:
    """A column of whole numbers, of the way that stands, as a decimal."""
    answers: list[tuple[exp.Expr, exp.Expr]] = []
    for one, shift in zip(ways, shifts, strict=True):
        units = exp.Mul(this=frame.column(f"{label} #{one.number}"), expression=exp.Paren(this=step.copy()))
        whole = cast(
            exp.Mul(this=exp.Paren(this=units), expression=exp.Literal.number(str(10**shift))), decimal_type(0)
        )
        unit = cast(exp.Literal.number(f"{Decimal(1).scaleb(-digits):f}"), decimal_type(digits))
        answers.append((one.stands.copy(), cast(exp.Mul(this=whole, expression=unit), decimal_type(digits))))
    return Value(case(answers), DataType(Family.NUMBER), digits)
