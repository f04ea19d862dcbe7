"""Rounding along the layer, so that slices of a layer telescope and the last cent leaves with the last unit.

`rounded(quantity * layer.C)` of a slice from offset u to w of a layer is round(w * C) - round(u * C), for every
carried C; a sum of such terms is rounded term by term, all else of the expression by itself (language reference,
section 6, residue).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlglot import exp

from engine.model.datatypes import DataType, Family
from engine.model.expression import Arithmetic, Expression, FieldOf, ItemOf, Minus
from engine.model.ruleset import Change
from engine.plan.numbers import Value, add, decimal_type, multiply, negate
from engine.plan.relation import cast
from engine.plan.values.frame import Frame

Nearest = Callable[[Value], Value]
"""Rounds a value to its minor unit."""

Term = tuple[int, str | None, Expression | None]
"""Sign, then either the column of a carried value (times the slice's quantity) or any other expression."""


def rounded_along(
    frame: Frame, node: Expression, lower: Callable[[Expression], Value], nearest: Nearest
) -> Value | None:
    """The rounded value where it holds a term that is linear along the layer, or where cents post apart; else None."""
    if frame.carried is None:
        return None
    terms = _terms(frame, node, 1)
    if frame.leftover_apart:
        return _alone(frame, terms, lower(node), lower, nearest)
    if not any(carried for _, carried, _ in terms):
        return None
    money = DataType(Family.MONEY)
    pieces: list[Value] = []
    rest: Value | None = None
    for sign, carried, other in terms:
        if carried is not None:
            value = _between(frame, carried, nearest)
            pieces.append(value if sign > 0 else negate(value))
        elif other is not None:
            value = lower(other) if sign > 0 else negate(lower(other))
            rest = value if rest is None else add(rest, value, money, "+")
    if rest is not None:
        pieces.append(nearest(rest))
    total = pieces[0]
    for piece in pieces[1:]:
        total = replace(add(total, piece, money, "+"), along=_sum_along(total, piece))
    return total


def _sum_along(one: Value, two: Value) -> tuple[exp.Expr, exp.Expr] | None:
    """The running totals of a sum, where both its parts have them."""
    if one.along is None or two.along is None:
        return None
    until, since = (exp.Paren(this=exp.Add(this=a, expression=b)) for a, b in zip(one.along, two.along, strict=True))
    return until, since


def _between(frame: Frame, carried: str, nearest: Nearest) -> Value:
    """round(to * C) - round(from * C)."""
    return _stretch(frame, frame.carried_value(carried), nearest)


def _stretch(frame: Frame, price: Value, nearest: Nearest) -> Value:
    money = DataType(Family.MONEY)
    units = DataType(Family.QUANTITY)
    start = Value(frame.column("layer.from"), units, 3)
    end = Value(frame.column("layer.to"), units, 3)
    upper = nearest(multiply(end, price, money))
    lower = nearest(multiply(start, price, money))
    along = (upper.sql, lower.sql) if frame.world.converts else None
    return replace(add(upper, lower, money, "-"), along=along)


def _alone(
    frame: Frame, terms: list[Term], whole: Value, lower: Callable[[Expression], Value], nearest: Nearest
) -> Value:
    """The slice rounded alone; in a leftover row what the layer has left of the prices, and nothing of all else.

    Provisional units are rounded along what was short, so that settling them in parts leaves nothing behind.
    """
    money, digits = DataType(Family.MONEY), frame.world.digits
    alone = nearest(whole)
    left = Value(cast(exp.Literal.number("0"), decimal_type(digits)), money, digits)
    price: Value | None = None
    others: list[Value] = []
    for sign, carried, other in terms:
        operator = "+" if sign > 0 else "-"
        if carried is not None:
            value = frame.carried_value(carried)
            price = add(price, value, value.type, operator) if price else value if sign > 0 else negate(value)
            if not carried.endswith(":after"):
                left = add(left, Value(frame.column(f"rest:{carried}"), money, digits), money, operator)
        elif other is not None:
            others.append(nearest(lower(other)) if sign > 0 else negate(nearest(lower(other))))
    case = exp.Case().when(frame.column("leftover"), left.sql)
    if price is not None:
        owed = _stretch(frame, price, nearest)
        for one in others:
            owed = add(owed, one, money, "+")
        case = case.when(frame.column("provisional"), owed.sql)
    return Value(case.else_(alone.sql), whole.type, digits)


def _terms(frame: Frame, node: Expression, sign: int) -> list[Term]:
    if isinstance(node, Minus):
        return _terms(frame, node.operand, -sign)
    if isinstance(node, Arithmetic) and node.operator in "+-":
        right = sign if node.operator == "+" else -sign
        return _terms(frame, node.left, sign) + _terms(frame, node.right, right)
    if isinstance(node, Arithmetic) and node.operator == "*":
        for units, price in ((node.left, node.right), (node.right, node.left)):
            if isinstance(units, FieldOf) and (units.row, units.name) == ("slice", "quantity"):
                spread = _spread(frame, price, sign)
                if spread is not None:
                    return spread
    return [(sign, None, node)]


def _spread(frame: Frame, price: Expression, sign: int) -> list[Term] | None:
    """The carried values a price is a sum of, or None where it is anything else.

    What a change gives is a sum of them too: the value after, or for an addition the value after less the one before.
    """
    if isinstance(price, Arithmetic) and price.operator in "+-":
        right = sign if price.operator == "+" else -sign
        first, second = _spread(frame, price.left, sign), _spread(frame, price.right, right)
        return None if first is None or second is None else first + second
    if isinstance(price, FieldOf) and price.row == "layer" and price.name in (frame.carried or ()):
        return [(sign, price.name, None)]
    for change in frame.changes:
        if _is_given_by(change, price):
            after: Term = (sign, f"{change.carried}:after", None)
            return [after] if change.form == "to" else [after, (-sign, change.carried, None)]
    return None


def _is_given_by(change: Change, price: Expression) -> bool:
    """Whether a price is what the text says a change gives: the same item, or the same field of its fact."""
    given = change.value
    if isinstance(given, ItemOf) and isinstance(price, ItemOf):
        return given.item == price.item
    if isinstance(given, FieldOf) and isinstance(price, FieldOf):
        return given.name == price.name and given.row == change.kind and price.row in ("slice", change.kind)
    return False
