"""The shape of values by their type: how many digits they have behind the point."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from dsl.span import Span
from engine.ledger.money import MOST_DIGITS, minor_digits
from engine.model.datatypes import SCALES, DataType, Family
from engine.model.expression import Converted, Literal
from engine.model.ruleset import Ruleset
from engine.plan.numbers import SCALE_MAX
from engine.plan.refusals.offered import Shape


def shape_of(type_: DataType) -> Shape:
    """The shape a stored value of a type has."""
    return Shape(SCALES.get(type_.family))


def literal_shape(node: Literal) -> Shape:
    """The shape of a constant of the text."""
    if isinstance(node.value, Decimal):
        return Shape(max(0, -int(node.value.normalize().as_tuple().exponent)))
    return Shape()


def kept_digits(ruleset: Ruleset) -> int:
    """Digits behind the point of rounded money: those of the reporting currency, or of any where there are rates."""
    return MOST_DIGITS if ruleset.rates else minor_digits(ruleset.head.currency)


def converted_shape(ruleset: Ruleset, node: Converted, of: Shape) -> Shape:
    """Money times the rate of its currency, over the rate of the other one where that may have one."""
    digits = SCALES[Family.EXCHANGE]
    rates = ruleset.rates.get(node.rates)
    to_quoted = isinstance(node.currency, Literal) and rates is not None and node.currency.value == rates.quoted_to
    to_quoted = to_quoted and rates is not None and not rates.from_quoted
    under = of.over if to_quoted else (of.over or 0) + digits
    return Shape((of.scale or 0) + digits, under)


def said(span: Span) -> str:
    """The text of a place in one line."""
    return " ".join(span.text.split())


class Digits:
    """Keeps shapes within the digits that are exact; `refuse` takes a place, what is refused and what to write."""

    def __init__(self, refuse: Callable[[Span, str, str], None]) -> None:
        self._refuse = refuse

    def held(self, shape: Shape, span: Span) -> Shape:
        """The shape where it keeps within the digits that are exact; else refused, and taken to be short."""
        widest = max(shape.scale or 0, shape.over or 0)
        if widest <= SCALE_MAX:
            return shape
        self._refuse(
            span,
            f"`{said(span)}`: it needs {widest} digits behind the point, and {SCALE_MAX} are kept exactly",
            "round a part of it: `rounded(...)`",
        )
        return Shape(SCALES[Family.MONEY])

    def compared(self, left: Shape, right: Shape, span: Span) -> None:
        """Refuse a comparison whose cross-multiplied sides run out of digits."""
        if left.scale is not None and right.scale is not None:
            self.held(Shape(max(left.scale + (right.over or 0), right.scale + (left.over or 0))), span)

    def aligned(self, shapes: Iterable[Shape], span: Span) -> Shape:
        """The one shape that several answers of a value are brought to."""
        held = list(shapes)
        scales = [one.scale for one in held if one.scale is not None]
        if len(scales) < len(held) or not held:
            return Shape()
        return self.held(
            Shape(max(scales), max((one.over for one in held if one.over is not None), default=None)), span
        )
