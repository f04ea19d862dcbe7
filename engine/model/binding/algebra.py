"""Arithmetic of types: what a sum, a product or a quotient is, and which literals fit where."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from dsl.span import Span
from engine.model.binding.terms import DATE, DAYS, NUMBER, QUANTITY, RATE, UNKNOWN
from engine.model.binding.world import World
from engine.model.datatypes import DataType, Family
from engine.model.expression import Expression, Literal

ADDING = (Family.MONEY, Family.PRICE, Family.QUANTITY, Family.NUMBER, Family.RATE, Family.DAYS)
FACTORS = (Family.RATE, Family.NUMBER)
IN_CURRENCY = (Family.MONEY, Family.PRICE)
NAMES = {
    Family.MONEY: "money",
    Family.PRICE: "a price",
    Family.QUANTITY: "a quantity (units)",
    Family.NUMBER: "a number",
    Family.RATE: "a rate",
    Family.DATE: "a date",
    Family.DAYS: "days",
    Family.PERIOD: "a period",
    Family.TEXT: "a text",
    Family.YES_NO: "yes or no",
    Family.ROLE: "a role",
    Family.CURRENCY: "a currency",
    Family.CALENDAR: "a calendar",
}


def said_type(type_: DataType) -> str:
    """A type in a sentence, with its article and, where known, its currency."""
    if type_.family in IN_CURRENCY and type_.domain:
        of = f"{type_.domain} per unit" if type_.family is Family.PRICE else type_.domain
        return f"{NAMES[type_.family]} in {of}"
    if type_.family is Family.ENUMERATION:
        return f"a {type_.domain}"
    if type_.family in (Family.REGISTER, Family.KIND):
        return f"a {type_.domain}"
    return NAMES[type_.family]


def is_zero(expression: Expression) -> bool:
    """Whether an expression is the literal 0."""
    return isinstance(expression, Literal) and isinstance(expression.value, Decimal) and expression.value == 0


def is_bare_number(expression: Expression) -> bool:
    """Whether an expression is a number written without a unit."""
    return isinstance(expression, Literal) and expression.type.family is Family.NUMBER


def fitted(expression: Expression, type_: DataType) -> Expression:
    """The expression as a value of a type where a literal may take that type: 0, and money written for a price."""
    if not isinstance(expression, Literal):
        return expression
    if is_zero(expression) and type_.family in ADDING:
        return replace(expression, type=type_)
    if expression.type.family is Family.MONEY and type_.family is Family.PRICE:
        return replace(expression, type=DataType(Family.PRICE, expression.type.domain))
    return expression


def fit_pair(left: Expression, right: Expression) -> tuple[Expression, Expression]:
    """Two expressions that meet, each literal fitted to the other side."""
    return fitted(left, right.type), fitted(right, left.type)


def agree(world: World, left: Expression, right: Expression, span: Span, doing: str) -> bool:
    """Whether two values are of one type; reports T201, T202 or T001 saying what was tried (`add`, `compare`)."""
    one, two = left.type, right.type
    if UNKNOWN in (one, two):
        return True
    if one.family is not two.family:
        if is_bare_number(left) or is_bare_number(right):
            return _bare_number(world, left, right, doing)
        world.error("T201", f"cannot {doing} {said_type(two)} {_with(doing)} {said_type(one)}", span, _hint(one, two))
        return False
    if one.family in IN_CURRENCY and one.domain != two.domain and not is_zero(left) and not is_zero(right):
        return _currencies(world, one, two, span, doing)
    if (one.family in (Family.REGISTER, Family.KIND) and one.domain != two.domain) or _no_value_in_common(one, two):
        world.error(
            "T201",
            f"cannot {doing} {said_type(two)} {_with(doing)} {said_type(one)}",
            span,
            "compare values of one kind",
        )
        return False
    return True


def _no_value_in_common(one: DataType, two: DataType) -> bool:
    return one.family is Family.ENUMERATION and not set(one.values) & set(two.values)


def _currencies(world: World, one: DataType, two: DataType, span: Span, doing: str) -> bool:
    own = "the row's own currency"
    names = (one.domain or own, two.domain or own)
    # Without rates nothing can be converted, so every row is in the reporting currency.
    if not world.rates and {one.domain, two.domain} <= {"", "company", world.reporting_currency}:
        return True
    # What is the company's currency is known only per row, as is the row's own: the run compares the two.
    if {one.domain, two.domain} == {"", "company"}:
        return True
    world.error(
        "T202",
        f"cannot {doing} money in {names[1]} {_with(doing)} money in {names[0]}",
        span,
        f"add `converted to {one.domain or two.domain} at RATES rate on DATE`",
    )
    return False


def _bare_number(world: World, left: Expression, right: Expression, doing: str) -> bool:
    number, other = (left, right) if is_bare_number(left) else (right, left)
    written = number.span.text
    if other.type.family is Family.QUANTITY and doing == "compare":
        world.warning(
            "T001", f"`{written}` has no unit, and it is compared with units", number.span, f"write `{written} units`"
        )
        return True
    units = {Family.QUANTITY: "units", Family.MONEY: "USD", Family.PRICE: "USD", Family.DAYS: "days"}
    unit = other.type.domain or units.get(other.type.family, "")
    if other.type.family not in units and other.type.family is not Family.RATE:
        world.error("T201", f"cannot {doing} a number {_with(doing)} {said_type(other.type)}", number.span, "")
        return False
    help_text = f"write `{written}%`" if other.type.family is Family.RATE else f"write `{written} {unit}`"
    world.error("T001", f"`{written}` has no unit, and it meets {said_type(other.type)}", number.span, help_text)
    return False


def _with(doing: str) -> str:
    return {"add": "to", "subtract": "from", "compare": "with"}.get(doing, "with")


def _hint(one: DataType, two: DataType) -> str:
    pair = {one.family, two.family}
    if pair == {Family.QUANTITY, Family.PRICE}:
        return "a quantity times a price is money"
    if pair == {Family.QUANTITY, Family.MONEY}:
        return "multiply the quantity by a price first"
    if pair == {Family.MONEY, Family.PRICE}:
        return "multiply the price by a quantity first"
    return ""


def result_of(world: World, operator: str, left: Expression, right: Expression, span: Span) -> DataType:
    """The type of `left operator right`; reports what does not combine and gives UNKNOWN for it."""
    if UNKNOWN in (left.type, right.type):
        return UNKNOWN
    if operator in "+-":
        return _sum_type(world, operator, left, right, span)
    found = _product(left.type, right.type) if operator == "*" else _quotient(left.type, right.type)
    if found is None:
        word = "multiply" if operator == "*" else "divide"
        by = "by"
        world.error(
            "T201",
            f"cannot {word} {said_type(left.type)} {by} {said_type(right.type)}",
            span,
            _product_hint(operator, left, right),
        )
        return UNKNOWN
    return found


def _sum_type(world: World, operator: str, left: Expression, right: Expression, span: Span) -> DataType:
    one, two = left.type.family, right.type.family
    if one is Family.DATE and two is Family.DAYS:
        return DATE
    if one is Family.DAYS and two is Family.DATE and operator == "+":
        return DATE
    if one is Family.DATE and two is Family.DATE and operator == "-":
        return DAYS
    doing = "add" if operator == "+" else "subtract"
    if one is two and one not in ADDING:
        world.error("T201", f"cannot {doing} {said_type(right.type)} {_with(doing)} {said_type(left.type)}", span, "")
        return UNKNOWN
    if not agree(world, left, right, span, doing):
        return UNKNOWN
    return right.type if is_zero(left) else left.type


def _product(left: DataType, right: DataType) -> DataType | None:
    pair = (left.family, right.family)
    if set(pair) == {Family.QUANTITY, Family.PRICE}:
        price = left if left.family is Family.PRICE else right
        return DataType(Family.MONEY, price.domain)
    if left.family is Family.NUMBER and right.family is Family.NUMBER:
        return NUMBER
    if left.family in FACTORS and right.family in FACTORS:
        return RATE
    if left.family in FACTORS and right.family in ADDING:
        return right
    if right.family in FACTORS and left.family in ADDING:
        return left
    return None


def _quotient(left: DataType, right: DataType) -> DataType | None:
    if left.family in IN_CURRENCY and left.family is right.family:
        return RATE
    if left.family is right.family and left.family in ADDING:
        return RATE
    if left.family is Family.MONEY and right.family is Family.QUANTITY:
        return DataType(Family.PRICE, left.domain)
    if left.family is Family.MONEY and right.family is Family.PRICE:
        return QUANTITY
    if right.family in FACTORS and left.family in ADDING:
        return left
    return None


def _product_hint(operator: str, left: Expression, right: Expression) -> str:
    if operator == "*" and {left.type.family, right.type.family} == {Family.MONEY, Family.QUANTITY}:
        return "money is already a quantity times a price"
    if operator == "*":
        return "multiply a quantity by a price, or anything by a rate or a number"
    return "divide like by like, money by a quantity or a price, or anything by a rate or a number"
