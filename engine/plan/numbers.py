"""Exact arithmetic as SQL: decimals with a known scale, quotients kept as numerator and denominator.

DuckDB traps this module exists for (docs/decisions/0003): decimal division is DOUBLE; two DECIMAL(18) factors
overflow at 18 digits; a CASE over two scales takes the first one's. So factors are widened to 38 digits, division
never reaches SQL, and branches are brought to one scale before they meet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.datatypes import SCALES, DataType, Family
from engine.plan.relation import case, cast

WIDTH = 38
SCALE_MAX = 30
"""More digits behind the point than this leave too few before it; such a product is refused when it is planned."""


@dataclass(frozen=True)
class Value:
    """A typed SQL value: `scale` digits behind the point where it is a number (None elsewhere).

    `currency` is that of money and prices where a ruleset has rates: a constant or a column, None where any will do.

    A quotient has a denominator `over` (never negative) of scale `over_scale`; its value is sql / over.
    """

    sql: exp.Expr
    type: DataType
    scale: int | None = None
    over: exp.Expr | None = None
    over_scale: int = 0
    kept_as: str = ""
    """A narrower column type that is known to hold it, where wide decimals would waste room."""
    currency: exp.Expr | None = None
    along: tuple[exp.Expr, exp.Expr] | None = None
    """The running totals along a layer or a whole, up to and before the slice or part, that this is the difference
    of."""

    @property
    def storage(self) -> str:
        """The column type that holds `sql`."""
        if self.kept_as:
            return self.kept_as
        return self.type.storage if self.scale is None else decimal_type(self.scale)


def decimal_type(scale: int) -> str:
    """The wide decimal of a scale."""
    return f"DECIMAL({WIDTH},{scale})"


def stored(sql: exp.Expr, type_: DataType) -> Value:
    """A value read from a column at its storage type."""
    return Value(sql, type_, SCALES.get(type_.family))


def number(value: Decimal, type_: DataType) -> Value:
    """A constant."""
    scale = max(0, -int(value.normalize().as_tuple().exponent))
    return Value(cast(exp.Literal.number(f"{value:f}"), decimal_type(scale)), type_, scale)


def at_scale(value: Value, scale: int) -> exp.Expr:
    """The SQL of a plain number at a wider scale."""
    if value.scale is None:
        raise InternalError("a value without a scale was used as a number")
    if scale < value.scale:
        raise InternalError(f"scale {value.scale} cannot be narrowed to {scale} without rounding")
    return cast(value.sql, decimal_type(scale))


def one() -> Value:
    """The number one."""
    return Value(cast(exp.Literal.number("1"), decimal_type(0)), DataType(Family.NUMBER), 0)


def _denominator(value: Value) -> Value:
    if value.over is None:
        return one()
    return Value(value.over, DataType(Family.NUMBER), value.over_scale)


def _numerator(value: Value) -> Value:
    return replace(value, over=None, over_scale=0)


def _product(left: Value, right: Value, type_: DataType) -> Value:
    """The product of two plain numbers."""
    if left.scale is None or right.scale is None:
        raise InternalError("a value without a scale was multiplied")
    scale = left.scale + right.scale
    if scale > SCALE_MAX:
        raise InternalError(f"a product needs {scale} digits behind the point; at most {SCALE_MAX} are kept exactly")
    sql = exp.Paren(this=exp.Mul(this=at_scale(left, left.scale), expression=at_scale(right, right.scale)))
    return Value(sql, type_, scale, currency=currency_of(type_, left, right))


def currency_of(type_: DataType, *values: Value) -> exp.Expr | None:
    """The currency of a result: that of the first value in money that has one; None for what is no money."""
    if type_.family not in (Family.MONEY, Family.PRICE):
        return None
    return next((one.currency for one in values if one.currency is not None), None)


def multiply(left: Value, right: Value, type_: DataType) -> Value:
    """left * right."""
    top = _product(_numerator(left), _numerator(right), type_)
    if left.over is None and right.over is None:
        return top
    bottom = _denominator(left) if right.over is None else _denominator(right)
    if left.over is not None and right.over is not None:
        bottom = _product(_denominator(left), _denominator(right), DataType(Family.NUMBER))
    return replace(top, over=bottom.sql, over_scale=bottom.scale or 0)


def divide(left: Value, right: Value, type_: DataType) -> Value:
    """left / right, kept as a quotient whose denominator is not negative; a zero denominator gives NULL when
    rounded."""
    top = _product(_numerator(left), _denominator(right), type_) if right.over is not None else _numerator(left)
    bottom = (
        _product(_denominator(left), _numerator(right), DataType(Family.NUMBER))
        if left.over is not None
        else _numerator(right)
    )
    if bottom.scale is None or top.scale is None:
        raise InternalError("a value without a scale was divided")
    negative = exp.LT(this=bottom.sql, expression=exp.Literal.number("0"))
    plain = at_scale(top, top.scale)
    signed = case([(negative, exp.Neg(this=exp.Paren(this=plain)))], plain)
    below, currency = exp.Abs(this=at_scale(bottom, bottom.scale)), currency_of(type_, left, right)
    return Value(signed, type_, top.scale, below, bottom.scale, currency=currency)


def add(left: Value, right: Value, type_: DataType, operator: str) -> Value:
    """left + right or left - right."""
    if left.over is not None or right.over is not None:
        number_type = DataType(Family.NUMBER)
        first = _product(_numerator(left), _denominator(right), type_) if right.over is not None else _numerator(left)
        second = _product(_numerator(right), _denominator(left), type_) if left.over is not None else _numerator(right)
        bottom = _denominator(left) if right.over is None else _denominator(right)
        if left.over is not None and right.over is not None:
            bottom = _product(_denominator(left), _denominator(right), number_type)
        return replace(add(first, second, type_, operator), over=bottom.sql, over_scale=bottom.scale or 0)
    if left.scale is None or right.scale is None:
        raise InternalError("a value without a scale was added")
    scale = max(left.scale, right.scale)
    node = exp.Add if operator == "+" else exp.Sub
    sql = exp.Paren(this=node(this=at_scale(left, scale), expression=at_scale(right, scale)))
    return Value(sql, type_, scale, currency=currency_of(type_, left, right))


def negate(value: Value) -> Value:
    """The negative."""
    along = None
    if value.along is not None:
        until, since = (exp.Neg(this=exp.Paren(this=one)) for one in value.along)
        along = (until, since)
    return replace(value, sql=exp.Neg(this=exp.Paren(this=value.sql)), along=along)


def absolute(value: Value) -> Value:
    """The value without its sign."""
    return replace(value, sql=exp.Abs(this=value.sql), along=None)


def aligned(values: list[Value]) -> list[Value]:
    """The same values in one shape: one scale, and quotients all or none; what is not a number is left alone."""
    if any(value.scale is None for value in values):
        return values
    if any(value.over is not None for value in values):
        over_scale = max(value.over_scale for value in values if value.over is not None)
        values = [
            replace(value, over=cast(_denominator(value).sql, decimal_type(over_scale)), over_scale=over_scale)
            for value in values
        ]
    scale = max(value.scale or 0 for value in values)
    return [replace(value, sql=at_scale(_numerator(value), scale), scale=scale) for value in values]


def choose(test: exp.Expr, when_true: Value, otherwise: Value) -> Value:
    """CASE WHEN test THEN a ELSE b END, both brought to one shape first."""
    first, second = aligned([when_true, otherwise])
    sql = case([(test, first.sql)], second.sql)
    over = None
    if first.over is not None and second.over is not None:
        over = case([(test, first.over)], second.over)
    currency = currency_of(when_true.type, when_true, otherwise)
    if when_true.currency is not None and otherwise.currency not in (None, when_true.currency):
        currency = case([(test, when_true.currency)], otherwise.currency)
    return Value(sql, when_true.type, first.scale, over, first.over_scale, currency=currency)


def compare(node: type[exp.Binary], left: Value, right: Value) -> exp.Expr:
    """left op right; quotients are cross-multiplied (their denominators are not negative)."""
    if left.scale is None or right.scale is None:
        return node(this=left.sql, expression=right.sql)
    top = _product(_numerator(left), _denominator(right), left.type) if right.over is not None else _numerator(left)
    bottom = _product(_numerator(right), _denominator(left), right.type) if left.over is not None else _numerator(right)
    scale = max(top.scale or 0, bottom.scale or 0)
    return node(this=at_scale(top, scale), expression=at_scale(bottom, scale))


def rounded(value: Value, digits: int, half: str) -> Value:
    """Rounded to `digits` behind the point; half is 'half-up' (away from zero) or 'half-even'."""
    if value.scale is None:
        raise InternalError("a value without a scale was rounded")
    if value.over is None:
        if value.scale <= digits:
            return Value(at_scale(value, digits), value.type, digits, currency=value.currency)
        function = exp.Anonymous(this="ROUND_EVEN", expressions=[value.sql, exp.Literal.number(str(digits))])
        plain = exp.Round(this=at_scale(value, value.scale), decimals=exp.Literal.number(str(digits)))
        nearest = cast(function if half == "half-even" else plain, decimal_type(digits))
        return Value(nearest, value.type, digits, currency=value.currency)
    return _rounded_quotient(value, digits, half)


def rounded_by_row(
    value: Value, digits: Sequence[tuple[exp.Expr, int]], otherwise: int, scale: int, half: str
) -> Value:
    """Rounded to as many digits as the first test that holds of a row says; kept at `scale`, the most there are.

    A quotient is divided once, whichever test holds.
    """
    if value.over is None:
        answers = [(test, at_scale(rounded(value, one, half), scale)) for test, one in digits]
        return Value(case(answers, at_scale(rounded(value, otherwise, half), scale)), value.type, scale)

    def by_row(of: Callable[[int], exp.Expr]) -> exp.Expr:
        return case([(test.copy(), of(one)) for test, one in digits], of(otherwise))

    shift = value.over_scale - (value.scale or 0)
    top = exp.Mul(
        this=_integer(exp.Abs(this=value.sql), value.scale or 0, value.scale or 0),
        expression=by_row(lambda one: _ten(max(shift + one, 0))),
    )
    bottom = exp.Mul(
        this=_integer(value.over, value.over_scale, value.over_scale),
        expression=by_row(lambda one: _ten(max(-shift - one, 0))),
    )
    whole = _nearest(exp.Paren(this=top), exp.Paren(this=bottom), half)
    return _signed(value, whole, by_row(lambda one: _unit(one, scale)), scale)


def _rounded_quotient(value: Value, digits: int, half: str) -> Value:
    shift = value.over_scale + digits - (value.scale or 0)
    top = _integer(exp.Abs(this=value.sql), (value.scale or 0) + max(shift, 0), value.scale or 0)
    bottom = _integer(value.over or one().sql, value.over_scale + max(-shift, 0), value.over_scale)
    return replace(_signed(value, _nearest(top, bottom, half), _unit(digits, digits), digits), currency=value.currency)


def _nearest(top: exp.Expr, bottom: exp.Expr, half: str) -> exp.Expr:
    """The whole number nearest to N/D: half-up it is (2N + D) // 2D; half-even steps back from an odd tie."""
    two = exp.Literal.number("2")
    bottom_or_null = exp.Nullif(this=bottom, expression=exp.Literal.number("0"))
    doubled = exp.Paren(this=exp.Mul(this=two, expression=top))
    divisor = exp.Paren(this=exp.Mul(this=two, expression=bottom_or_null))
    whole: exp.Expr = exp.IntDiv(this=exp.Paren(this=exp.Add(this=doubled, expression=bottom)), expression=divisor)
    if half == "half-even":
        whole = exp.Paren(this=exp.Sub(this=whole, expression=_odd_tie(doubled, bottom, divisor, whole)))
    return whole


def _signed(value: Value, whole: exp.Expr, unit: exp.Expr, scale: int) -> Value:
    """A whole number of units with the sign of a value's numerator."""
    negative = exp.LT(this=value.sql, expression=exp.Literal.number("0"))
    sign = case([(negative, exp.Literal.number("-1"))], exp.Literal.number("1"))
    signed = exp.Mul(this=cast(exp.Paren(this=whole), "DECIMAL(38,0)"), expression=unit)
    product = exp.Mul(this=exp.Paren(this=signed), expression=sign)
    return Value(cast(product, decimal_type(scale)), value.type, scale)


def _unit(digits: int, scale: int) -> exp.Expr:
    return cast(exp.Literal.number(f"{Decimal(1).scaleb(-digits):f}"), decimal_type(scale))


SHOWN_DIGITS = 6
"""Digits a quotient is shown with; nothing is posted from it."""


def shown(value: Value, half: str) -> Value:
    """A value as it is shown: a quotient rounded to SHOWN_DIGITS."""
    return value if value.over is None else rounded(value, SHOWN_DIGITS, half)


def in_lowest_terms(value: Value) -> list[exp.Expr]:
    """Numerator and denominator as whole numbers without a common factor; the denominator of a plain number is a power
    of ten."""
    if value.scale is None:
        raise InternalError("a value without a scale was reduced")
    shift = value.over_scale - value.scale
    top = _integer(value.sql, value.scale + max(shift, 0), value.scale)
    bottom = _integer(value.over or one().sql, value.over_scale + max(-shift, 0), value.over_scale)
    common = exp.Nullif(this=exp.Anonymous(this="GCD", expressions=[top, bottom]), expression=exp.Literal.number("0"))
    return [
        cast(exp.Paren(this=exp.IntDiv(this=whole.copy(), expression=common.copy())), decimal_type(0))
        for whole in (top, bottom)
    ]


def in_order(value: Value) -> list[exp.Expr]:
    """What values of one shape are put in order by: of a quotient its whole part, then its digits, nine at a time.

    After 27 digits behind the point two quotients are taken to be equal.
    """
    if value.over is None:
        return [value.sql]
    rest = _integer(value.sql, value.scale or 0, value.scale or 0)
    over = exp.Nullif(this=_integer(value.over, value.over_scale, value.over_scale), expression=exp.Literal.number("0"))
    found: list[exp.Expr] = []
    for _ in range(4):
        found.append(exp.IntDiv(this=exp.Paren(this=rest.copy()), expression=over.copy()))
        left = exp.Paren(this=exp.Mod(this=exp.Paren(this=rest), expression=over.copy()))
        rest = exp.Mul(this=left, expression=_ten(9))
    return found


SUMMED_DIGITS = 12
"""Digits behind the point of a sum of quotients (docs/decisions/0076)."""

_TERM_DIGITS = 10
"""Half the digits that each quotient of a sum is taken to: they are divided out in two steps, so that no step needs
more room than the denominator times ten to this."""


def term(value: Value) -> Value:
    """A quotient to twice _TERM_DIGITS digits, the last one rounded; missing where it divides by nothing."""
    if value.over is None or value.scale is None:
        raise InternalError("only a quotient is brought to digits before it is added up")
    shift = value.over_scale - value.scale
    top = _integer(exp.Abs(this=value.sql.copy()), value.scale + max(shift, 0), value.scale)
    bottom = _integer(value.over, value.over_scale + max(-shift, 0), value.over_scale)
    bottom = exp.Paren(this=exp.Nullif(this=bottom, expression=exp.Literal.number("0")))
    digits: exp.Expr = exp.Paren(this=exp.IntDiv(this=exp.Paren(this=top), expression=bottom))
    rest = exp.Paren(this=exp.Mod(this=exp.Paren(this=top.copy()), expression=bottom.copy()))
    for _ in range(2):
        more = exp.Paren(this=exp.Mul(this=rest, expression=_ten(_TERM_DIGITS)))
        next_ones = exp.Paren(this=exp.IntDiv(this=more, expression=bottom.copy()))
        shifted = exp.Mul(this=digits, expression=_ten(_TERM_DIGITS))
        digits = exp.Paren(this=exp.Add(this=shifted, expression=next_ones))
        rest = exp.Paren(this=exp.Mod(this=more.copy(), expression=bottom.copy()))
    twice = exp.Mul(this=exp.Literal.number("2"), expression=rest)
    up = exp.Case().when(exp.GTE(this=twice, expression=bottom.copy()), exp.Literal.number("1"))
    nearest = exp.Add(this=digits, expression=exp.Paren(this=up.else_(exp.Literal.number("0"))))
    sign = exp.Case().when(exp.LT(this=value.sql.copy(), expression=exp.Literal.number("0")), exp.Literal.number("-1"))
    whole = exp.Mul(this=exp.Paren(this=nearest), expression=sign.else_(exp.Literal.number("1")))
    unit = cast(exp.Literal.number(f"{Decimal(1).scaleb(-2 * _TERM_DIGITS):f}"), decimal_type(2 * _TERM_DIGITS))
    exact = exp.Mul(this=cast(exp.Paren(this=whole), decimal_type(0)), expression=unit)
    scale = 2 * _TERM_DIGITS
    return Value(cast(exact, decimal_type(scale)), value.type, scale, currency=value.currency)


def sum_of_terms(sql: exp.Expr, type_: DataType) -> Value:
    """A sum of `term`s at SUMMED_DIGITS: what is further behind the point is what their last digits were rounded by."""
    scale = 2 * _TERM_DIGITS
    return rounded(Value(cast(sql, decimal_type(scale)), type_, scale), SUMMED_DIGITS, "half-up")


def _odd_tie(doubled: exp.Expr, bottom: exp.Expr, divisor: exp.Expr, whole: exp.Expr) -> exp.Expr:
    zero = exp.Literal.number("0")
    sum_ = exp.Paren(this=exp.Add(this=doubled, expression=bottom))
    tie = exp.EQ(this=exp.Mod(this=sum_, expression=divisor), expression=zero)
    odd = exp.EQ(
        this=exp.Mod(this=exp.Paren(this=whole), expression=exp.Literal.number("2")),
        expression=exp.Literal.number("1"),
    )
    return case([(exp.and_(tie, odd, copy=False), exp.Literal.number("1"))], zero)


def _integer(sql: exp.Expr, power: int, scale: int) -> exp.Expr:
    """A decimal times 10^power as a whole number; power is at least the scale, so nothing is lost."""
    whole = cast(exp.Mul(this=cast(sql, decimal_type(scale)), expression=_ten(scale)), "HUGEINT")
    return whole if power == scale else exp.Paren(this=exp.Mul(this=whole, expression=_ten(power - scale)))


def _ten(power: int) -> exp.Expr:
    return cast(exp.Literal.number(str(10**power)), "HUGEINT")
