"""Expressions: each node of the syntax bound to names of its asker, with its type and whether it may be missing."""

from __future__ import annotations

from dataclasses import replace

from dsl import syntax
from dsl.diagnostics import Diagnostics
from engine.model.binding.algebra import agree, fit_pair, is_zero, result_of, said_type
from engine.model.binding.asker import Asker, Facts
from engine.model.binding.conditions import Binding, bind_tests, facts_of, facts_of_not
from engine.model.binding.fingerprint import fingerprint
from engine.model.binding.literals import literal_named
from engine.model.binding.names import bind_name, find, report_unknown, unknown
from engine.model.binding.sources import source_for
from engine.model.binding.suggestions import did_you_mean
from engine.model.binding.terms import (
    ACCOUNT_ROLE,
    CALENDAR_WORDS,
    DATE,
    DAYS,
    NUMBER,
    PERIOD,
    QUANTITY,
    RATE,
    UNKNOWN,
    in_currency,
)
from engine.model.binding.world import World
from engine.model.datatypes import DataType, Family
from engine.model.expression import (
    AbsoluteOf,
    AggregateOf,
    Arithmetic,
    AtExtreme,
    BandOf,
    BucketOf,
    ChoiceOf,
    Converted,
    Expression,
    FactField,
    FieldOf,
    ItemOf,
    KeyOf,
    LedgerBalance,
    Literal,
    Minus,
    MomentOf,
    Otherwise,
    RegisterField,
    RoundedOf,
    WindowOf,
)

UNITS = {"days": DAYS, "day": DAYS, "units": QUANTITY, "unit": QUANTITY}
SPANS = {"days": "day", "weeks": "week", "periods": "period", "quarters": "quarter", "years": "year"}
"""Calendar words in the plural, as windows say them."""


def bind(world: World, asker: Asker, node: syntax.Expression, expected: DataType | None = None) -> Expression:
    """Bind one expression; `expected` is the type its surroundings ask for, which lets a word stand for a value."""
    if isinstance(node, syntax.Ref):
        return _name(world, asker, node, expected)
    if isinstance(node, syntax.Measure | syntax.Percent | syntax.Number | syntax.DateLiteral | syntax.PeriodLiteral):
        return _literal(world, node, expected)
    if isinstance(node, syntax.Moment):
        return MomentOf(DATE, node.span, False, node.shift, node.unit, node.edge)
    if isinstance(node, syntax.Binary):
        return _binary(world, asker, node)
    if isinstance(node, syntax.Negate):
        operand = needed(world, asker, bind(world, asker, node.operand, expected))
        return Minus(operand.type, node.span, False, operand)
    if isinstance(node, syntax.Convert):
        return _convert(world, asker, node)
    if isinstance(node, syntax.OnDate):
        return _on_date(world, asker, node)
    if isinstance(node, syntax.Band):
        return _band(world, asker, node)
    if isinstance(node, syntax.AtExtreme):
        return _at_extreme(world, asker, node)
    if isinstance(node, syntax.Rounded):
        return _rounded(world, asker, node, expected)
    if isinstance(node, syntax.Choice):
        return _choice(world, asker, node, expected)
    if isinstance(node, syntax.Aggregate):
        return _aggregate(world, asker, node)
    if isinstance(node, syntax.BalanceOf):
        return _balance(world, asker, node)
    operand = needed(world, asker, bind(world, asker, node.value))
    return AbsoluteOf(operand.type, node.span, False, operand)


def needed(world: World, asker: Asker, expression: Expression) -> Expression:
    """An expression whose value is used: one that may be missing here is T205."""
    if asker.may_be_missing(expression):
        text = " ".join(expression.span.text.split())
        world.error(
            "T205",
            f"`{text}` may be missing",
            expression.span,
            f"say first `when {text} is not missing`, or `but ... when {text} is missing`",
        )
    return expression


def bind_answer(world: World, asker: Asker, answer: syntax.Answer, expected: DataType | None = None) -> Expression:
    """Bind `E, but F when T`: E knows that T does not hold, F that it does.

    A value that may be missing is handed on as such: whoever reads the amount must ask first.
    """
    if answer.otherwise is None:
        value = bind(world, asker, answer.value, expected)
        return value if asker.may_be_missing(value) else replace(value, perhaps=False)
    tests = bind_tests(world, BINDING, asker, answer.otherwise.when)
    usual_asker = asker.knowing(facts_of_not(tests))
    usual = bind(world, usual_asker, answer.value, expected)
    if usual_asker.may_be_missing(usual):
        needed(world, usual_asker, usual)
    other_asker = asker.knowing(facts_of(world, tests))
    other = needed(world, other_asker, bind(world, other_asker, answer.otherwise.value, expected or usual.type))
    usual, other = fit_pair(usual, other)
    agree(world, usual, other, other.span, "choose")
    type_ = other.type if is_zero(usual) and not is_zero(other) else usual.type
    return Otherwise(type_, answer.span, False, usual, other, tests)


# ---- names and literals ----------------------------------------------------------------------------------------------


def _name(world: World, asker: Asker, ref: syntax.Ref, expected: DataType | None) -> Expression:
    if expected is not None and len(ref.parts) == 1:
        value = literal_named(world, expected, ref.parts[0], closed=True)
        if value is not None:
            return value
    found = find(world, asker, ref)
    if found is None and expected is not None and len(ref.parts) == 1:
        value = literal_named(world, expected, ref.parts[0], closed=False)
        if value is not None:
            return value
        if expected == UNKNOWN:
            # The word is compared with what was already reported: it may well be a value of it.
            return unknown(ref.span)
        if expected.family is Family.ENUMERATION:
            help_text = (
                did_you_mean(ref.text, expected.values) or f"a {expected.domain} is one of {', '.join(expected.values)}"
            )
            world.error("T208", f"`{ref.text}` is no {expected.domain}", ref.span, help_text)
            return unknown(ref.span)
    if found is None:
        report_unknown(world, asker, ref)
        return unknown(ref.span)
    if isinstance(found, ItemOf) and _is_banded(world, found.item):
        world.error(
            "T209", f"`{ref.text}` has a value for each band", ref.span, f"say which: `{ref.text} at the band of VALUE`"
        )
    return found


def _literal(world: World, node: syntax.Expression, expected: DataType | None) -> Expression:
    if isinstance(node, syntax.Percent):
        return Literal(RATE, node.span, False, node.value)
    if isinstance(node, syntax.Number):
        return Literal(NUMBER, node.span, False, node.value)
    if isinstance(node, syntax.DateLiteral):
        return Literal(DATE, node.span, False, node.value)
    if isinstance(node, syntax.PeriodLiteral):
        return Literal(PERIOD, node.span, False, node.text)
    assert isinstance(node, syntax.Measure)
    unit = node.unit.text
    if unit in UNITS:
        return Literal(UNITS[unit], node.span, False, node.number)
    if len(unit) == 3 and unit.isupper():
        family = expected.family if expected and expected.family is Family.PRICE else Family.MONEY
        return Literal(DataType(family, unit), node.span, False, node.number)
    help_text = did_you_mean(unit, (*UNITS, "USD", "EUR")) or "write units, days or a currency such as USD"
    world.error("T001", f"no unit `{unit}` can stand in a value", node.unit.span, help_text)
    return unknown(node.span)


def bind_role(world: World, asker: Asker, ref: syntax.Ref) -> Expression:
    """An account role: a name of the chart, or a field of type role."""
    if len(ref.parts) == 1 and ref.text in world.account_roles:
        return Literal(ACCOUNT_ROLE, ref.span, False, ref.text)
    found = find(world, asker, ref)
    if found is None or found.type.family is not Family.ROLE:
        help_text = did_you_mean(ref.text, world.account_roles) or "add it to `accounts`"
        world.error("T101", f"no account role `{ref.text}` in `accounts`", ref.span, help_text)
        return unknown(ref.span)
    return needed(world, asker, found)


# ---- arithmetic ------------------------------------------------------------------------------------------------------


def _binary(world: World, asker: Asker, node: syntax.Binary) -> Expression:
    if (
        node.operator == "*"
        and isinstance(node.right, syntax.Convert)
        and not _is_money(world, asker, node.right.value)
    ):
        # `a * b converted to C` reads as the product converted: conversion is linear.
        product = syntax.Binary(node.span, "*", node.left, node.right.value)
        return _convert(world, asker, replace(node.right, span=node.span, value=product))
    left = needed(world, asker, bind(world, asker, node.left))
    right = needed(world, asker, bind(world, asker, node.right))
    if node.operator in "+-":
        left, right = fit_pair(left, right)
    if node.operator == "/":
        _not_zero(world, asker, right)
    type_ = result_of(world, node.operator, left, right, node.span)
    return Arithmetic(type_, node.span, False, node.operator, left, right)


def _is_money(world: World, asker: Asker, node: syntax.Expression) -> bool:
    """Whether an expression is money, a price or not known; faults are reported when it is bound for good."""
    silent = replace(world, diagnostics=Diagnostics())
    return bind(silent, asker, node).type.family not in (Family.RATE, Family.NUMBER, Family.QUANTITY)


def _not_zero(world: World, asker: Asker, divisor: Expression) -> None:
    if isinstance(divisor, Literal) and not is_zero(divisor):
        return
    if fingerprint(divisor) in asker.nonzero or divisor.type == UNKNOWN or _is_held(divisor):
        return
    text = " ".join(divisor.span.text.split())
    message = f"divides by `{text}`, which can be 0"
    help_text = f"say what then: `, but 0 when {text} is 0`"
    recorded = isinstance(divisor, FieldOf) and divisor.row not in world.reconciliations
    if recorded or isinstance(divisor, RegisterField | FactField):
        # A recorded value is 0 only where the record is wrong, and the run stops there naming the row.
        world.warning("T204", message, divisor.span, help_text)
    else:
        world.error("T204", message, divisor.span, help_text)


def _is_held(value: Expression) -> bool:
    """Units a layer still holds, or a slice moves: there is no layer and no slice without any."""
    return isinstance(value, FieldOf) and (value.row, value.name) in (("layer", "remaining"), ("slice", "quantity"))


def _rounded(world: World, asker: Asker, node: syntax.Rounded, expected: DataType | None) -> Expression:
    value = needed(world, asker, bind(world, asker, node.value, expected))
    if value.type.family not in (Family.MONEY, Family.QUANTITY, Family.PRICE) and value.type != UNKNOWN:
        world.error("T201", f"cannot round {said_type(value.type)}", node.span, "round money, prices or quantities")
    return RoundedOf(value.type, node.span, False, value)


def _choice(world: World, asker: Asker, node: syntax.Choice, expected: DataType | None) -> Expression:
    left = needed(world, asker, bind(world, asker, node.left, expected))
    right = needed(world, asker, bind(world, asker, node.right, expected or left.type))
    left, right = fit_pair(left, right)
    if agree(world, left, right, node.span, "compare"):
        dates = left.type.family is Family.DATE
        if dates is not (node.which in ("earlier", "later")) and left.type != UNKNOWN:
            right_word = {"lower": "earlier", "higher": "later", "earlier": "lower", "later": "higher"}[node.which]
            world.error(
                "T201", f"`{node.which} of` does not fit {said_type(left.type)}", node.span, f"write `{right_word} of`"
            )
    type_ = right.type if is_zero(left) else left.type
    return ChoiceOf(type_, node.span, False, node.which, left, right)


def _convert(world: World, asker: Asker, node: syntax.Convert) -> Expression:
    value = needed(world, asker, bind(world, asker, node.value))
    if value.type.family not in (Family.MONEY, Family.PRICE) and value.type != UNKNOWN:
        world.error("T201", f"cannot convert {said_type(value.type)}", node.span, "convert money or a price")
    currency = _currency(world, asker, node.currency)
    rates, on = bind_rate(world, asker, node.at)
    domain = currency.value if isinstance(currency, Literal) and isinstance(currency.value, str) else "company"
    return Converted(in_currency(value.type, domain), node.span, False, value, currency, rates, on)


def _currency(world: World, asker: Asker, ref: syntax.Ref) -> Expression:
    if len(ref.parts) == 1 and len(ref.text) == 3 and ref.text.isupper():
        return Literal(DataType(Family.CURRENCY), ref.span, False, ref.text)
    found = bind_name(world, asker, ref)
    if found.type.family is not Family.CURRENCY and found.type != UNKNOWN:
        world.error(
            "T201", f"`{ref.text}` is {said_type(found.type)}, not a currency", ref.span, "name a currency such as USD"
        )
    return needed(world, asker, found)


def bind_rate(world: World, asker: Asker, at: syntax.AtRate) -> tuple[str, Expression]:
    """A rate set by name and the date its rate is taken on."""
    if at.rates.text not in world.rates:
        help_text = did_you_mean(at.rates.text, world.rates) or "declare it with `rates`"
        world.error("T101", f"no rates `{at.rates.text}`", at.rates.span, help_text)
    return at.rates.text, bind_date(world, asker, at.on)


def bind_date(world: World, asker: Asker, node: syntax.Expression) -> Expression:
    """An expression that must be a date."""
    found = needed(world, asker, bind(world, asker, node, DATE))
    if found.type.family is not Family.DATE and found.type != UNKNOWN:
        world.error("T201", f"`{found.span.text}` is {said_type(found.type)}, not a date", found.span, "name a date")
    return found


# ---- dated values, bands, extremes -----------------------------------------------------------------------------------


def _on_date(world: World, asker: Asker, node: syntax.OnDate) -> Expression:
    value = bind_name(world, asker, node.value)
    on = bind_date(world, asker, node.on)
    if isinstance(value, RegisterField):
        return replace(value, on=on, span=node.span)
    if isinstance(value, BucketOf):
        return replace(value, on=on, span=node.span)
    if value.type != UNKNOWN:
        world.error(
            "T201", f"`{node.value.text}` has no value for each day", node.span, "`on` reads a register or stock"
        )
    return value


def _is_banded(world: World, item: str) -> bool:
    declared = world.declared.get(item)
    return declared is not None and isinstance(declared.node, syntax.Parameter) and declared.node.band_of is not None


def _band(world: World, asker: Asker, node: syntax.Band) -> Expression:
    value = find(world, asker, node.value)
    of = needed(world, asker, bind(world, asker, node.of))
    if value is None:
        report_unknown(world, asker, node.value)
        return unknown(node.span)
    band_type: DataType | None = None
    if isinstance(value, ItemOf) and _is_banded(world, value.item):
        band_type = world.band_types.get(value.item)
    elif isinstance(value, RegisterField) and world.records[value.register].bands_by:
        record = world.records[value.register]
        band_type = record.column(record.bands_by or "").type
    if band_type is None:
        world.error("T209", f"`{node.value.text}` has no bands", node.span, "read it without `at the band of`")
        return value
    if of.type.family is not band_type.family and UNKNOWN not in (of.type, band_type) and not is_zero(of):
        world.error(
            "T209",
            f"the bands of `{node.value.text}` are of {said_type(band_type)}, and this is {said_type(of.type)}",
            node.of.span,
            f"give {said_type(band_type)}",
        )
    type_ = value.type
    if node.through:
        type_ = result_of(world, "*", value, of, node.span)
    return BandOf(type_, node.span, False, value, of, node.through)


def _at_extreme(world: World, asker: Asker, node: syntax.AtExtreme) -> Expression:
    source = source_for(world, asker, (node.value, node.by), node.span, f"{node.value.text} at the {node.extreme}")
    if source is None:
        return unknown(node.span)
    inner = asker.at(source.grain)
    value = bind(world, inner, node.value)
    by = needed(world, inner, bind(world, inner, node.by))
    perhaps = not any(row in asker.peopled for row in source.grain.rows)
    return AtExtreme(value.type, node.span, perhaps, source, value, node.extreme, by)


# ---- aggregates ------------------------------------------------------------------------------------------------------


def _aggregate(world: World, asker: Asker, node: syntax.Aggregate) -> Expression:
    refs = (*refs_of(node.value), *(test_refs(node.where) if node.where else ()))
    source = source_for(world, asker, refs, node.span, f"{node.function} of {' '.join(node.value.span.text.split())}")
    window = _window(world, asker, node.window) if node.window else None
    if source is None:
        return unknown(node.span)
    rows = frozenset((*source.grain.rows, *source.grain.touched))
    inner = asker.at(source.grain).knowing(Facts(peopled=rows))
    where = bind_tests(world, BINDING, inner, node.where) if node.where else None
    if where is not None:
        inner = inner.knowing(facts_of(world, where))
    is_rows = (
        isinstance(node.value, syntax.Ref)
        and len(node.value.parts) == 1
        and node.value.text in (*source.grain.rows, *source.grain.touched)
    )
    value: Expression | None = None
    if not is_rows:
        value = bind(world, inner, node.value)
        if node.function != "count":
            value = needed(world, inner, value)
    elif node.function != "count":
        world.error(
            "T201", f"`{node.value.span.text}` is a row, not a number", node.value.span, "name one of its fields"
        )
        return unknown(node.span)
    if node.function == "count":
        return AggregateOf(NUMBER, node.span, False, "count", source, value, where, window)
    assert value is not None
    if not value.type.is_numeric and value.type != UNKNOWN:
        world.error(
            "T201", f"cannot add up {said_type(value.type)}", node.value.span, "count the rows instead: `count of`"
        )
        return unknown(node.span)
    return AggregateOf(value.type, node.span, node.function == "average", node.function, source, value, where, window)


def _window(world: World, asker: Asker, node: syntax.Window) -> WindowOf | None:
    if node.last is not None:
        unit = SPANS.get(node.last.unit.text) or (node.last.unit.text if node.last.unit.text in SPANS.values() else "")
        if not unit:
            world.error(
                "T001",
                f"no calendar unit `{node.last.unit.text}`",
                node.last.unit.span,
                did_you_mean(node.last.unit.text, SPANS),
            )
        return WindowOf(int(node.last.number), unit, None, None)
    assert node.since is not None
    assert node.through is not None
    return WindowOf(None, "", bind_date(world, asker, node.since), bind_date(world, asker, node.through))


def _balance(world: World, asker: Asker, node: syntax.BalanceOf) -> Expression:
    book, role_ref = "", node.role
    if len(role_ref.parts) == 2 and role_ref.parts[0].text in world.books:
        book, role_ref = role_ref.parts[0].text, syntax.Ref(role_ref.span, role_ref.parts[1:])
    if not asker.balances:
        world.error(
            "T406",
            f"{asker.item} may not read a balance",
            node.span,
            "true-ups, reports and controls read balances, and amounts that only they read",
        )
    role = bind_role(world, asker, role_ref)
    currency = "company" if node.company_currency else ""
    keys = tuple(
        (key.name, KeyOf(key.type, node.span, False, key.name))
        for key in asker.grain.keys
        if key.name not in CALENDAR_WORDS and not (key.name == role_ref.parts[-1].text == "role")
    )
    return LedgerBalance(DataType(Family.MONEY, currency), node.span, False, role, book, node.company_currency, keys)


def refs_of(node: object) -> tuple[syntax.Ref, ...]:
    """Every name an expression speaks of, in order of writing."""
    if isinstance(node, syntax.Ref):
        return (node,)
    if isinstance(node, syntax.Binary | syntax.Choice):
        return (*refs_of(node.left), *refs_of(node.right))
    if isinstance(node, syntax.Negate):
        return refs_of(node.operand)
    if isinstance(node, syntax.Band):
        return (*refs_of(node.value), *refs_of(node.of))
    if isinstance(node, syntax.Convert | syntax.OnDate | syntax.Rounded | syntax.Absolute):
        return refs_of(node.value)
    return ()


def test_refs(tests: syntax.Tests) -> tuple[syntax.Ref, ...]:
    """Every name the left sides of tests speak of, in order of writing."""
    found: list[syntax.Ref] = []
    for test in tests.tests:
        if not isinstance(test, syntax.Exists):
            found.extend(refs_of(test.left))
    return tuple(found)


BINDING = Binding(bind, needed)
