"""Rounding along the layer, so that slices of a layer telescope and the last cent leaves with the last unit.

`rounded(quantity * layer.C)` of a slice from offset u to w of a layer is round(w * C) - round(u * C), for every
carried C; a sum of such terms is rounded term by term, all else of the expression by itself (language reference,
section 6, residue).
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from engine.model.datatypes import DataType, Family
from engine.model.expression import Arithmetic, Expression, FieldOf, ItemOf, Minus
from engine.model.ruleset import Change
from engine.plan.frame import Frame
from engine.plan.numbers import Value, add, decimal_type, multiply, negate, rounded
from engine.plan.relation import cast

Term = tuple[int, str | None, Expression | None]
"""Sign, then either the column of a carried value (times the slice's quantity) or any other expression."""


def rounded_along(frame: Frame, node: Expression, lower: Callable[[Expression], Value], digits: int) -> Value | None:
    """The rounded value where it holds a term that is linear along the layer, or where cents post apart; else None."""
    if frame.carried is None:
        return None
    terms = _terms(frame, node, 1)
    if frame.leftover_apart:
        return _alone(frame, terms, lower(node), lower, digits)
    if not any(carried for _, carried, _ in terms):
        return None
    money = DataType(Family.MONEY)
    half = frame.world.half
    pieces: list[Value] = []
    rest: Value | None = None
    for sign, carried, other in terms:
        if carried is not None:
            value = _between(frame, carried, digits, half)
            pieces.append(value if sign > 0 else negate(value))
        elif other is not None:
            value = lower(other) if sign > 0 else negate(lower(other))
            rest = value if rest is None else add(rest, value, money, "+")
    if rest is not None:
        pieces.append(rounded(rest, digits, half))
    total = pieces[0]
    for piece in pieces[1:]:
        total = add(total, piece, money, "+")
    return total


def _between(frame: Frame, carried: str, digits: int, half: str) -> Value:
    """round(to * C) - round(from * C)."""
    return _stretch(frame, frame.carried_value(carried), digits, half)


def _stretch(frame: Frame, price: Value, digits: int, half: str) -> Value:
    money = DataType(Family.MONEY)
    units = DataType(Family.QUANTITY)
    start = Value(frame.column("layer.from"), units, 3)
    end = Value(frame.column("layer.to"), units, 3)
    upper = rounded(multiply(end, price, money), digits, half)
    lower = rounded(multiply(start, price, money), digits, half)
    return add(upper, lower, money, "-")


def _alone(frame: Frame, terms: list[Term], whole: Value, lower: Callable[[Expression], Value], digits: int) -> Value:
    """The slice rounded alone; in a leftover row what the layer has left of the prices, and nothing of all else.

    Provisional units are rounded along what was short, so that settling them in parts leaves nothing behind.
    """
    money, half = DataType(Family.MONEY), frame.world.half
    alone = rounded(whole, digits, half)
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
            others.append(
                rounded(lower(other), digits, half) if sign > 0 else negate(rounded(lower(other), digits, half))
            )
    case = exp.Case().when(frame.column("leftover"), left.sql)
    if price is not None:
        owed = _stretch(frame, price, digits, half)
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
