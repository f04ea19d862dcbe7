"""The shape of values by their type: how many digits they have behind the point."""

from __future__ import annotations

from decimal import Decimal

from engine.model.datatypes import SCALES, DataType
from engine.model.expression import Literal
from engine.plan.offered import Shape


def shape_of(type_: DataType) -> Shape:
    """The shape a stored value of a type has."""
    return Shape(SCALES.get(type_.family))


def literal_shape(node: Literal) -> Shape:
    """The shape of a constant of the text."""
    if isinstance(node.value, Decimal):
        return Shape(max(0, -int(node.value.normalize().as_tuple().exponent)))
    return Shape()
