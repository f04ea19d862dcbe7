"""Bound expressions to SQL values over the rows of a frame."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from sqlglot import exp

from dsl.diagnostics import InternalError
from dsl.span import Span
from engine.model.datatypes import DataType, Family
from engine.model.expression import (
    AbsoluteOf,
    AggregateOf,
    Arithmetic,
    AtExtreme,
    BandOf,
    BucketOf,
    ChoiceOf,
    ComparisonOf,
    Converted,
    ExistsTest,
    Expression,
    FactField,
    FieldOf,
    Grain,
    ItemOf,
    KeyOf,
    LedgerBalance,
    Literal,
    LocalOf,
    Minus,
    MissingTest,
    MomentOf,
    OneOfTest,
    Otherwise,
    PeriodTest,
    RegisterField,
    RoundedOf,
    TestOf,
    TestsOf,
)
from engine.plan.numbers import Value, absolute, add, choose, compare, divide, multiply, negate, number, rounded
from engine.plan.posting import balances
from engine.plan.relation import cast
from engine.plan.units import along_layer
from engine.plan.values import aggregates, allocations, bands, closed_sums, currencies, extremes, items, limits, lookups
from engine.plan.values.frame import IN_CURRENCY, Frame
from engine.plan.values.substitute import in_terms_of, parts
from engine.plan.world import date_literal, empty

_COMPARISONS: dict[str, type[exp.Binary]] = {
    "is": exp.EQ,
    "is-not": exp.NEQ,
    "at-least": exp.GTE,
    "at-most": exp.LTE,
    "under": exp.LT,
    "before": exp.LT,
    "over": exp.GT,
    "after": exp.GT,
}
_WHOLE = (Family.QUANTITY, Family.DAYS, Family.NUMBER)


class Lowerer:
    """Lowers expressions over one frame; what needs a column of its own is prepared first."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def prepare(self, node: object, scope: Grain) -> None:
        """Give every item, sum and `exists` inside `node` a column, so that lowering adds no steps."""
        if self._frame.world.converts and currencies.speaks_of_company(node):
            currencies.define_company_currency(self._frame)
        for part in parts(in_terms_of(node, {}, None, scope)):
            if isinstance(part, ItemOf) and part.item in self._frame.world.ruleset.allocations:
                allocations.define_share(self._frame, part)
            elif isinstance(part, ItemOf) and limits.is_limited(self._frame.world.ruleset, part.item):
                limits.define_limited(self._frame, part)
            elif isinstance(part, ItemOf):
                items.define_item(self._frame, part)
            elif isinstance(part, AggregateOf) and closed_sums.is_closed_sum(
                self._frame.world.ruleset, part, part.scope
            ):
                closed_sums.define_closed_sum(self._frame, part)
            elif isinstance(part, AggregateOf):
                aggregates.define_aggregate(self._frame, part)
            elif isinstance(part, AtExtreme):
                extremes.define_extreme(self._frame, part)
            elif isinstance(part, BandOf):
                bands.define_band(self._frame, part)
            elif isinstance(part, LedgerBalance):
                balances.define_balance(self._frame, part)
            elif isinstance(part, ExistsTest):
                aggregates.define_exists(self._frame, part, scope)
        self._scope = scope

    def value(self, node: Expression) -> Value:
        """The SQL value of a prepared expression."""
        frame = self._frame
        match node:
            case Literal():
                return self._constant(node)
            case KeyOf():
                return frame.key(node.name)
            case FieldOf(row="layer", name="age"):
                opened = exp.Sub(this=frame.date.copy(), expression=frame.field("layer", "opened").sql)
                return Value(cast(exp.Paren(this=opened), "BIGINT"), node.type, 0)
            case FieldOf():
                return frame.field(node.row, node.name)
            case LocalOf():
                return frame.value_of(node.name)
            case RegisterField():
                return lookups.register_field(frame, node, self.value)
            case FactField():
                return lookups.fact_field(frame, node, self.value)
            case BucketOf():
                return lookups.bucket(frame, node, self.value)
            case MomentOf():
                return Value(frame.moment(node.shift, node.unit, node.edge), DataType(Family.DATE))
            case ItemOf() | AggregateOf() | AtExtreme() | LedgerBalance() | BandOf():
                return self._prepared(node)
            case _:
                return self._computed(node)

    def _prepared(self, node: ItemOf | AggregateOf | AtExtreme | LedgerBalance | BandOf) -> Value:
        keyed = in_terms_of(node, {}, None, self._scope)
        label = self._frame.remembered(keyed)
        if label is None:
            raise InternalError(f"{node} was not prepared")
        return self._frame.value_of(label)

    def _computed(self, node: Expression) -> Value:
        match node:
            case Arithmetic():
                return self._arithmetic(node)
            case Minus():
                return negate(self.value(node.operand))
            case AbsoluteOf():
                return absolute(self.value(node.value))
            case RoundedOf():
                return self._rounded(node)
            case Converted():
                value, currency, day = self.value(node.value), self.value(node.currency), self.value(node.on)
                return currencies.lower_converted(self._frame, node, value, currency.sql, day.sql)
            case ChoiceOf():
                return self._choice(node)
            case Otherwise():
                return choose(self.tests(node.when), self.value(node.otherwise), self.value(node.value))
            case _:
                raise InternalError(
                    f"{type(node).__name__} at {node.span} reached the plan; check refuses what does not run"
                )

    def _constant(self, node: Literal) -> Value:
        found, named = literal(node), node.type.domain
        if not self._frame.world.converts or node.type.family not in IN_CURRENCY or not named or not node.value:
            return found
        return replace(found, currency=exp.Literal.string(named))

    def _met(self, one: Expression, two: Expression, span: Span) -> tuple[Value, Value]:
        """Two values that meet, which must be of one currency where they are money."""
        left, right = self.value(one), self.value(two)
        if self._frame.world.converts:
            currencies.meet(self._frame, left, right, span)
        return left, right

    def _arithmetic(self, node: Arithmetic) -> Value:
        left, right = self._met(node.left, node.right, node.span)
        if Family.DATE in (left.type.family, right.type.family):
            return _date_arithmetic(node, left, right)
        if node.operator == "*":
            return multiply(left, right, node.type)
        if node.operator == "/":
            return divide(left, right, node.type)
        return add(left, right, node.type, node.operator)

    def _rounded(self, node: RoundedOf) -> Value:
        along = along_layer.rounded_along(self._frame, node.value, self.value, self._nearest)
        return along if along is not None else self._nearest(self.value(node.value))

    def _nearest(self, value: Value) -> Value:
        """Rounded to the minor unit of its currency, or to whole units."""
        world = self._frame.world
        if world.converts and value.type.family in IN_CURRENCY:
            return currencies.rounded_to_minor(self._frame, value)
        return rounded(value, digits_of(value.type, world.digits), world.half)

    def _choice(self, node: ChoiceOf) -> Value:
        left, right = self._met(node.left, node.right, node.span)
        operator = exp.LTE if node.which in ("lower", "earlier") else exp.GTE
        first = compare(operator, left, right)
        # A missing side makes the choice missing; GREATEST and LEAST would skip it.
        chosen = choose(first, left, right)
        known = exp.Not(this=exp.Is(this=exp.Paren(this=first.copy()), expression=exp.Null()))
        return Value(
            exp.Case().when(known, chosen.sql, copy=False).else_(exp.Null(), copy=False),
            chosen.type,
            chosen.scale,
            chosen.over,
            chosen.over_scale,
            currency=chosen.currency,
        )

    # ---- tests ---------------------------------------------------------------------------------------------------

    def tests(self, node: TestsOf) -> exp.Expr:
        """Tests as one SQL condition, three-valued."""
        joined = [exp.Paren(this=self.test(one)) for one in node.tests]
        if len(joined) == 1:
            return joined[0]
        return exp.Paren(this=(exp.or_ if node.joined == "or" else exp.and_)(*joined, copy=False))

    def test(self, node: TestOf) -> exp.Expr:
        """One test as a SQL condition."""
        match node:
            case ComparisonOf():
                left, right = self._met(node.left, node.right, node.span)
                return compare(_COMPARISONS[node.operator], left, right)
            case OneOfTest():
                left = self.value(node.left)
                found = exp.In(this=left.sql, expressions=[self.value(option).sql for option in node.options])
                return exp.Not(this=found) if node.negated else found
            case MissingTest():
                missing = exp.Is(this=self.value(node.left).sql, expression=exp.Null())
                return exp.Not(this=missing) if node.negated else missing
            case ExistsTest():
                label = self._frame.remembered(in_terms_of(node, {}, None, self._scope))
                if label is None:
                    raise InternalError("an exists test was not prepared")
                exists = self._frame.column(label)
                return exp.Not(this=exists) if node.negated else exists
            case PeriodTest():
                return self._in_period(node)

    def _in_period(self, node: PeriodTest) -> exp.Expr:
        day = self.value(node.left)
        if isinstance(node.period, Literal):
            spans = self._frame.world.calendar.span(str(node.period.value))
            first, last = date_literal(spans[0].start), date_literal(spans[-1].end)
        else:
            first, last = (self._frame.moment("", "period", edge) for edge in ("start", "end"))
        inside = exp.Between(this=day.sql, low=first, high=last)
        return exp.Not(this=inside) if node.negated else inside


def digits_of(type_: DataType, currency_digits: int) -> int:
    """Digits that `rounded` keeps: the currency's minor unit for money and prices, none for what is counted."""
    return 0 if type_.family in _WHOLE else currency_digits


def literal(node: Literal) -> Value:
    """A constant of the text."""
    value = node.value
    if isinstance(value, bool):
        return Value(exp.true() if value else exp.false(), node.type)
    if isinstance(value, Decimal):
        return number(value, node.type)
    if isinstance(value, date):
        return Value(date_literal(value), node.type)
    if node.type.family is Family.YES_NO:
        return Value(exp.true() if value == "yes" else exp.false(), node.type)
    return Value(exp.Literal.string(str(value)), node.type)


def _date_arithmetic(node: Arithmetic, left: Value, right: Value) -> Value:
    if left.type.family is Family.DATE and right.type.family is Family.DATE:
        days = cast(exp.Paren(this=exp.Sub(this=left.sql, expression=right.sql)), "BIGINT")
        return Value(days, DataType(Family.DAYS), 0)
    moved = exp.Add if node.operator == "+" else exp.Sub
    days_side = right if left.type.family is Family.DATE else left
    date_side = left if left.type.family is Family.DATE else right
    whole = cast(days_side.sql, "INTEGER")
    return Value(exp.Paren(this=moved(this=date_side.sql, expression=whole)), DataType(Family.DATE))


def missing(type_: DataType) -> Value:
    """A missing value of a type."""
    scale = 0 if type_.is_numeric else None
    return Value(empty("DECIMAL(38,0)" if scale is not None else type_.storage), type_, scale)
