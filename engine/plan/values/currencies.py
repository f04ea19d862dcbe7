"""Money in several currencies: of what currency a value is, conversion at a rate, rounding to the minor unit.

Only rulesets with rates come here. A value carries its currency beside it (`Value.currency`), so that money of two
currencies that would meet in a row stops the run, and so that it is rounded as its own currency is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from dsl.span import Span
from engine.ledger.money import MOST_DIGITS, minor_digits, unusual
from engine.model.datatypes import DataType, Family
from engine.model.expression import Converted
from engine.model.ruleset import RateSet
from engine.model.walk import walk
from engine.plan.numbers import Value, decimal_type, divide, multiply, rounded, rounded_by_row
from engine.plan.relation import cast, column, named, table
from engine.plan.values.frame import IN_CURRENCY, Frame, Guard
from engine.plan.values.rates import rates_name

RATE = DataType(Family.EXCHANGE)
RATE_DIGITS = 8
USUAL_DIGITS = 2
COMPANY = "company currency"
LEAST, GREATEST = "least currency", "greatest currency"


def company_currency(frame: Frame) -> exp.Expr:
    """The currency that a row's company keeps its books in; the reporting currency where no register says another."""
    known = frame.remembered(COMPANY)
    return frame.column(known) if known is not None else _looked_up(frame)


def _looked_up(frame: Frame) -> exp.Expr:
    reporting = exp.Literal.string(frame.world.ruleset.head.currency)
    register = frame.world.ruleset.registers.get("company")
    asked = "company" in frame.keys or ("layer", "company") in frame.fields
    if register is None or not asked or "currency" not in {one.name for one in register.record.columns}:
        return reporting
    extra: exp.Expr | None = None
    if register.history:
        since = exp.LTE(this=column("valid-from", "@"), expression=frame.date.copy())
        extra = exp.and_(since, exp.GT(this=column("valid-until", "@"), expression=frame.date.copy()), copy=False)
    alias = frame.join(table("company"), {register.record.identity[0]: frame.key("company").sql}, extra)
    return exp.Coalesce(this=column("currency", alias), expressions=[reporting])


def define_company_currency(frame: Frame) -> None:
    """Give the currency of a row's company a column of the frame, so that all who ask read the same; where no register
    says it, it is known without one."""
    if frame.remembered(COMPANY) is not None:
        return
    found = _looked_up(frame)
    if not isinstance(found, exp.Literal):
        frame.remember(COMPANY, frame.label_of(frame.define(COMPANY, Value(found, DataType(Family.CURRENCY)))))


def define_rates(frame: Frame, source: exp.Expr, target: exp.Expr, rates: RateSet, day: exp.Expr) -> None:
    """Give what two currencies are quoted at on a day columns of the frame, which every conversion at them reads."""
    same = exp.EQ(this=source.copy(), expression=target.copy())
    for number, currency in enumerate((source, target)):
        key = _rate_key(rates, currency, same, day)
        if frame.remembered(key) is None:
            found = _quoted(frame, currency, same, rates, day)
            if found is not None:
                frame.remember(key, frame.label_of(frame.define(f"rate {number + 1}", found)))


def _rate_key(rates: RateSet, currency: exp.Expr, same: exp.Expr, day: exp.Expr) -> tuple[str, ...]:
    return ("rate", rates.name, currency.sql(), same.sql(), day.sql())


def speaks_of_company(node: object) -> bool:
    """Whether some money or price of an expression is in its company's currency."""
    return any(is_in_company_currency(one.type) for one in walk(node))


def speaks_of_own(node: object) -> bool:
    """Whether a value is money in the currency of its own rows, so that it is keyed by currency."""
    type_ = getattr(node, "type", None)
    return isinstance(type_, DataType) and type_.family in IN_CURRENCY and type_.domain == ""


def is_in_company_currency(type_: DataType) -> bool:
    """Whether a type is money or a price in the currency of the row's company."""
    return type_.family in IN_CURRENCY and type_.domain == "company"


def meet(frame: Frame, left: Value, right: Value, span: Span) -> None:
    """Watch that two values in money which meet in a row are of one currency."""
    one, two = left.currency, right.currency
    if one is None or two is None or one == two:
        return
    said = " ".join(span.text.split())
    differ = exp.NEQ(this=one.copy(), expression=two.copy())
    some = exp.and_(_is_some(left), _is_some(right), differ, copy=False)
    words = _joined(one.copy(), exp.Literal.string(" and "), two.copy(), *_of_row(frame))
    frame.watch("T202", f"`{said}`: money of two currencies meets, ", (said,), some, words)


def _is_some(value: Value) -> exp.Expr:
    return exp.NEQ(this=value.sql.copy(), expression=exp.Literal.number("0"))


def beside_sum(rows: Frame) -> list[exp.Alias]:
    """Columns that a sum of `#value` keeps beside it: the first and last of its currencies, and what is watched."""
    found: list[exp.Alias] = []
    own = rows.value_of("#value").currency
    if isinstance(own, exp.Column):
        found += [named(exp.Min(this=own.copy()), LEAST), named(exp.Max(this=own.copy()), GREATEST)]
    for guard in watched(rows):
        broken = rows.column(guard.column)
        found.append(named(exp.LogicalOr(this=broken), guard.column))
        words = exp.Case().when(broken.copy(), rows.column(guard.said))
        found.append(named(exp.Min(this=words), guard.said))
    return found


def running(name: str) -> exp.Expr:
    """The running form of a column that `beside_sum` made, over sums by day."""
    made = column(name, "d")
    if name == GREATEST:
        return exp.Max(this=made)
    return exp.Min(this=made) if name == LEAST or name.endswith(":said") else exp.LogicalOr(this=made)


def watched(rows: Frame) -> list[Guard]:
    """Guards of rows that speak of money."""
    return [guard for guard in rows.guards if guard.said]


def watch_within(frame: Frame, rows: Frame, alias: str) -> None:
    """Watch in the asker's rows what is watched in the rows it sums."""
    for guard in watched(rows):
        broken, words = column(guard.column, alias), column(guard.said, alias)
        frame.watch(guard.code, guard.message, guard.rules, broken, words)


def sum_currency(frame: Frame, span: Span, total: Value, alias: str) -> exp.Expr | None:
    """The currency of a sum: all its rows are of one."""
    if not isinstance(total.currency, exp.Column):
        return total.currency
    if frame.by_currency:
        return frame.key("currency").sql
    return one_currency(frame, span, alias)


def one_currency(frame: Frame, span: Span, alias: str) -> exp.Expr:
    """The one currency of joined rows that keep the first and last of theirs; watches that these are one."""
    least, greatest = column(LEAST, alias), column(GREATEST, alias)
    words = _joined(least.copy(), exp.Literal.string(" and "), greatest)
    differ = exp.NEQ(this=least.copy(), expression=greatest.copy())
    said = " ".join(span.text.split())
    frame.watch("T202", f"`{said}`: money of two currencies meets, ", (said,), differ, words)
    return least


def _of_row(frame: Frame) -> list[exp.Expr]:
    """The words ` in IDENTITY`, where rows have one."""
    if "identity" not in frame.keys:
        return []
    return [exp.Literal.string(" in "), exp.Coalesce(this=frame.key("identity").sql, expressions=[_nothing()])]


def _nothing() -> exp.Expr:
    return exp.Literal.string("")


def _joined(*parts: exp.Expr) -> exp.Expr:
    found = parts[0]
    for part in parts[1:]:
        found = exp.DPipe(this=found, expression=part)
    return found


def convert(frame: Frame, value: Value, target: exp.Expr, rates: RateSet, day: exp.Expr, said: str) -> Value:
    """Money or a price in the currency `target`, at the rates of a day; watches that they are there.

    From A to B is times what 1 A is quoted at, over what 1 B is; the other way round where rates are quoted from their
    currency. Exactly, so it may be a quotient.
    """
    source = value.currency or exp.Literal.string(frame.world.ruleset.head.currency)
    if source == target:
        return replace(value, currency=target)
    same = exp.EQ(this=source.copy(), expression=target.copy())
    over, under = _quoted(frame, source, same, rates, day), _quoted(frame, target, same, rates, day)
    if rates.from_quoted:
        over, under = under, over
    factors = [one.sql.copy() for one in (over, under) if one is not None]
    lacking: list[exp.Expr] = [exp.Is(this=one, expression=exp.Null()) for one in factors]
    if not rates.crossed_through:
        quoted = exp.Literal.string(rates.quoted_to)
        neither = [exp.NEQ(this=one.copy(), expression=quoted.copy()) for one in (source, target)]
        lacking.append(exp.and_(*neither, exp.Not(this=same.copy()), copy=False))
    broken = exp.and_(_is_some(value), exp.Paren(this=exp.or_(*lacking, copy=False)), copy=False)
    words = _joined(
        source.copy(), exp.Literal.string(" to "), target.copy(), exp.Literal.string(" on "),
        cast(day.copy(), "VARCHAR"), *_of_row(frame),
    )  # fmt: skip
    days = "1 day" if rates.stale_after == 1 else f"{rates.stale_after} days"
    message = f"`{said}`: rates `{rates.name}` have none that is not stale (after {days}) for "
    frame.watch("T504", message, (f"rates {rates.name}",), broken, words)
    plain = replace(value, currency=None)
    found = plain if over is None else multiply(plain, over, value.type)
    found = found if under is None else divide(found, under, value.type)
    nothing = exp.EQ(this=value.sql.copy(), expression=exp.Literal.number("0"))
    sql = exp.Case().when(nothing, cast(exp.Literal.number("0"), decimal_type(found.scale or 0))).else_(found.sql)
    below = None if found.over is None else exp.Coalesce(this=found.over, expressions=[_one()])
    return replace(found, sql=sql, over=below, currency=target)


def _quoted(frame: Frame, currency: exp.Expr, same: exp.Expr, rates: RateSet, day: exp.Expr) -> Value | None:
    """What 1 of a currency is quoted at; None where it is always the currency that rates are quoted to."""
    quoted = exp.Literal.string(rates.quoted_to)
    if currency == quoted:
        return None
    known = frame.remembered(_rate_key(rates, currency, same, day))
    if known is not None:
        return frame.value_of(known)
    alias = frame.join(table(rates_name(rates.name)), {"currency": currency.copy(), "day": day.copy()})
    itself = exp.or_(same.copy(), exp.EQ(this=currency.copy(), expression=quoted), copy=False)
    found = exp.Case().when(itself, _one()).else_(cast(column("rate", alias), decimal_type(RATE_DIGITS)))
    return Value(found, RATE, RATE_DIGITS)


def _one() -> exp.Expr:
    return cast(exp.Literal.number("1"), decimal_type(RATE_DIGITS))


def lower_converted(frame: Frame, node: Converted, value: Value, currency: exp.Expr, day: exp.Expr) -> Value:
    """`M converted to C at R rate on D` over the rows of a frame."""
    target = company_currency(frame) if is_in_company_currency(node.type) else currency
    rates = frame.world.ruleset.rates[node.rates]
    return convert(frame, value, target, rates, day, " ".join(node.span.text.split()))


def among_currencies(currency: exp.Expr, names: Sequence[str]) -> exp.Expr:
    """Whether a currency is one of a list, by its place in it: DuckDB makes a join of its own of a long IN, and of a
    chain of OR or LIST_CONTAINS, wherever it stands."""
    listed = exp.Array(expressions=[exp.Literal.string(one) for one in names])
    place = exp.Anonymous(this="LIST_POSITION", expressions=[listed, currency.copy()])
    return exp.GT(this=place, expression=exp.Literal.number("0"))


def rounded_to_minor(frame: Frame, value: Value) -> Value:
    """Rounded to the minor unit of the value's own currency, row by row where that varies."""
    world = frame.world
    own = value.currency
    if own is None or isinstance(own, exp.Literal):
        return rounded(value, world.digits if own is None else minor_digits(own.name), world.half)
    digits = [(among_currencies(own, names), number) for number, names in unusual().items()]
    return replace(rounded_by_row(value, digits, USUAL_DIGITS, MOST_DIGITS, world.half), currency=own)
