"""Amounts, decisions, parameters and tables as columns of the rows that ask for them.

One mechanism serves all: a usual answer, exceptions in play by date and test, those defeated by other exceptions in
play, and one answer left. Each exception becomes a yes/no column named `item?exception`; two answers left that differ
break a guard that names both rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.datatypes import DataType, Family
from engine.model.expression import Expression, Grain, ItemOf, Literal, LocalOf, Minus, TestsOf
from engine.model.ruleset import Amount, Cap, Decision, ExceptionRule, Meta, Parameter
from engine.plan import fragments
from engine.plan.numbers import Value, aligned, choose, compare, decimal_type, negate, number
from engine.plan.relation import case, cast, column, table
from engine.plan.values import tables
from engine.plan.values.effective import governing_day, guard_governed, in_effect
from engine.plan.values.frame import Frame
from engine.plan.values.substitute import in_terms_of
from engine.plan.world import date_literal, empty


@dataclass(frozen=True, slots=True)
class Rule:
    """One answer an item may have: the usual one has no exception's name."""

    name: str
    when: TestsOf | None
    value: Expression
    caps: tuple[Cap, ...]
    meta: Meta
    to: tuple[str, ...]


def define_item(frame: Frame, node: ItemOf) -> None:
    """Give the value of an item, in the asker's terms, a column of the frame."""
    if frame.remembered(node) is not None:
        return
    ruleset = frame.world.ruleset
    name = node.item
    if name in ruleset.parameters:
        _define_parameter(frame, node, ruleset.parameters[name])
    elif name in ruleset.amounts and not _of_other_rows(frame, ruleset.amounts[name].grain):
        define_amount(frame, node, ruleset.amounts[name])
    elif name in ruleset.decisions:
        _define_decision(frame, node, ruleset.decisions[name])
    else:
        table_item = tables.table_of(ruleset, name)
        if table_item is not None and not _of_other_rows(frame, table_item.grain):
            tables.define_table(frame, node, table_item)
        else:
            _define_reconciled(frame, node)


def _of_other_rows(frame: Frame, grain: Grain) -> bool:
    """Whether an item belongs to rows of a reconciliation that the asker is not: it is joined, not computed again."""
    return any(row in frame.world.ruleset.reconciliations and not frame.has_row(row) for row in grain.rows)


def _define_reconciled(frame: Frame, node: ItemOf) -> None:
    """A value of a reconciliation's row (a local, or an item at its grain), joined by its keys."""
    for reconciliation in frame.world.ruleset.reconciliations.values():
        label = node.item.removeprefix(f"{reconciliation.name}.")
        if (
            not frame.world.has(reconciliation.name)
            or label not in frame.world.relation(reconciliation.name).column_names
        ):
            continue
        relation = frame.world.relation(reconciliation.name)
        given = dict(node.keys)
        frame.prepare(tuple(given.values()), reconciliation.grain)
        on = {key.name: frame.value(given[key.name]).sql for key in reconciliation.grain.keys if key.name in given}
        alias = frame.join(table(reconciliation.name), on)
        type_ = tables.type_of(frame.world.ruleset, node.item)
        over_label = f"{label}:over"
        divided = over_label in relation.column_names
        over = column(over_label, alias) if divided else None
        over_scale = fragments.scale_of(relation.type_of(over_label)) or 0 if divided else 0
        value = Value(column(label, alias), type_, fragments.scale_of(relation.type_of(label)), over, over_scale)
        value = frame.in_currency(value)
        frame.remember(node, frame.label_of(frame.define(node.item, value)))
        return
    raise InternalError(f"{node.item} is read at {node.span} but no relation holds it")


# ---- amounts and decisions ---------------------------------------------------------------------------------------


def define_amount(frame: Frame, node: ItemOf, amount: Amount) -> None:
    """Give an amount's value, in the asker's terms, a column of the frame; each row's own caps applied."""
    keys = dict(node.keys)
    guard_governed(frame, amount, amount.grain, node.as_of)
    value = in_terms_of(amount.value, keys, node.as_of, amount.grain)
    usual = Rule("", None, value, in_terms_of(amount.caps, keys, node.as_of, amount.grain), amount.meta, ())
    rules = [usual, *(_exception_rule(rule, keys, node.as_of, amount.grain) for rule in amount.exceptions)]
    label = define_answer(frame, node.item, rules, amount.grain, amount.type, node.as_of)
    if amount.when is not None:
        when = in_terms_of(amount.when, keys, node.as_of, amount.grain)
        frame.prepare(when, amount.grain)
        answer = frame.value_of(label)
        zero = Value(cast(exp.Literal.number("0"), decimal_type(answer.scale or 0)), amount.type, answer.scale)
        test = frame.tests(when)
        unknown = exp.Is(this=exp.Paren(this=test.copy()), expression=exp.Null())
        guarded = choose(test, answer, zero)
        over = None if guarded.over is None else exp.Case().when(unknown.copy(), exp.Null()).else_(guarded.over)
        sql = exp.Case().when(unknown, exp.Null()).else_(guarded.sql)
        label = frame.label_of(frame.define(f"{label}:when", replace(guarded, sql=sql, type=amount.type, over=over)))
    frame.remember(node, label)


def _define_decision(frame: Frame, node: ItemOf, decision: Decision) -> None:
    keys = dict(node.keys)
    as_of = node.as_of if decision.as_of_moment is None else decision.as_of_moment
    if decision.as_of and as_of is not None:
        keys.setdefault(decision.as_of, as_of)
    guard_governed(frame, decision, decision.grain, as_of)
    usual = Rule("", None, in_terms_of(decision.usual, keys, as_of, decision.grain), (), decision.meta, ())
    rules = [usual, *(_exception_rule(rule, keys, as_of, decision.grain) for rule in decision.exceptions)]
    label = define_answer(frame, node.item, rules, decision.grain, decision.type, as_of)
    frame.remember(node, label)


def _exception_rule(rule: ExceptionRule, keys: dict[str, Expression], as_of: Expression | None, grain: Grain) -> Rule:
    if rule.value is None:
        raise InternalError(f"exception {rule.name} has no value; check refuses allocations")
    return Rule(
        rule.name,
        in_terms_of(rule.when, keys, as_of, grain),
        in_terms_of(rule.value, keys, as_of, grain),
        in_terms_of(rule.caps, keys, as_of, grain),
        rule.meta,
        rule.to,
    )


def define_answer(
    frame: Frame, item: str, rules: Sequence[Rule], grain: Grain, type_: DataType, as_of: Expression | None
) -> str:
    """The one answer left among `rules` (the usual one first) as a column; returns the column's name."""
    if len(rules) == 1:
        return frame.label_of(frame.define(item, _capped_value(frame, rules[0], grain)))
    ordered = _parents_first(item, rules)
    in_play = _define_in_play(frame, item, ordered, grain, as_of)
    for rule in rules:
        frame.prepare((rule.value, *(cap.limit for cap in rule.caps)), grain)
    stands = {rule.name: survives(rule, rules, item, in_play) for rule in rules}
    values = aligned([_capped_value(frame, rule, grain, prepared=True) for rule in rules])
    # Unknown in any answer that could stand makes the whole unknown; live data has no unknown.
    unknown = exp.or_(*(exp.Is(this=test, expression=exp.Null()) for test in stands.values()), copy=False)
    standing = [(stands[rule.name], value) for rule, value in zip(rules, values, strict=True)]
    answer = case([(unknown, exp.Null()), *((stands, value.sql) for stands, value in standing)])
    below = [(stands, value.over) for stands, value in standing if value.over is not None]
    over = case([(unknown, exp.Null()), *below]) if below else None
    first = values[0]
    currency = _currency(rules, values, stands)
    result = Value(answer, type_, first.scale, over, first.over_scale, currency=currency)
    conflicts = _conflicts(frame, item, rules, stands, values)
    label = frame.label_of(frame.define(item, result))
    for names, broken in conflicts:
        both = " and ".join(names)
        sentence = f"{both} both answer `{item}`, with different answers; say which yields with `exception ... to ...`"
        frame.guard("T311", sentence, names, broken)
    return label


def _currency(rules: Sequence[Rule], values: Sequence[Value], survives: dict[str, exp.Expr]) -> exp.Expr | None:
    """The currency of the answer that stands, where any answer has one."""
    known = [(rule, value.currency) for rule, value in zip(rules, values, strict=True) if value.currency is not None]
    if not known or all(own == known[0][1] for _, own in known):
        return known[0][1] if known else None
    return case([(survives[rule.name], own) for rule, own in known])


def _capped_value(frame: Frame, rule: Rule, grain: Grain, prepared: bool = False) -> Value:
    if not prepared:
        frame.prepare((rule.value, *(cap.limit for cap in rule.caps)), grain)
    value = frame.value(rule.value)
    for cap in rule.caps:
        limit = frame.value(cap.limit)
        beyond = compare(exp.GT if cap.form == "capped" else exp.LT, value, limit)
        value = choose(beyond, limit, value)
    return value


def _parents_first(item: str, rules: Sequence[Rule]) -> list[Rule]:
    """Exceptions after the exceptions they except; a cycle was refused by check."""
    names = {rule.name for rule in rules}
    placed: list[Rule] = []
    waiting = [rule for rule in rules if rule.name]
    while waiting:
        ready = [
            rule for rule in waiting if not {one for one in rule.to if one in names} - {done.name for done in placed}
        ]
        if not ready:
            raise InternalError(f"the exceptions of {item} go round")
        placed += ready
        waiting = [rule for rule in waiting if rule not in ready]
    return placed


def _define_in_play(
    frame: Frame, item: str, ordered: Sequence[Rule], grain: Grain, as_of: Expression | None
) -> dict[str, exp.Expr]:
    """A yes/no column for each exception: dates hold, test met, something it excepts in play."""
    labels: dict[str, str] = {}
    for rule in ordered:
        frame.prepare((rule.when, as_of), grain)
        tests = [frame.tests(rule.when)] if rule.when is not None else []
        tests += in_effect(rule.meta, governing_day(frame, as_of))
        parents = [frame.column(labels[name]) for name in rule.to if name in labels]
        if item not in rule.to and parents:
            tests.append(exp.Paren(this=exp.or_(*parents, copy=False)))
        test = exp.and_(*tests, copy=False) if tests else exp.true()
        defined = frame.define(f"{item}?{rule.name}", Value(test, DataType(Family.YES_NO)))
        labels[rule.name] = frame.label_of(defined)
    return {name: frame.column(label) for name, label in labels.items()}


def survives(rule: Rule, rules: Sequence[Rule], item: str, in_play: dict[str, exp.Expr]) -> exp.Expr:
    """The condition that an answer stands: in play, and no exception to it in play."""
    defeats = [in_play[other.name] for other in rules if other.name and (rule.name or item) in other.to]
    tests = [in_play[rule.name]] if rule.name else []
    if defeats:
        tests.append(exp.Not(this=exp.Paren(this=exp.or_(*(one.copy() for one in defeats), copy=False))))
    return exp.Paren(this=exp.and_(*(one.copy() for one in tests), copy=False)) if tests else exp.true()


def _conflicts(
    frame: Frame, item: str, rules: Sequence[Rule], survives: dict[str, exp.Expr], values: Sequence[Value]
) -> list[tuple[tuple[str, str], exp.Expr]]:
    """For each pair of answers that may both stand and differ: their names and the condition, as columns."""
    found: list[tuple[tuple[str, str], exp.Expr]] = []
    for first in range(len(rules)):
        for second in range(first + 1, len(rules)):
            one, two = rules[first], rules[second]
            if (one.name or item) in two.to or (two.name or item) in one.to or _same(one.value, two.value):
                continue
            differ = compare(exp.NEQ, values[first], values[second])
            both = exp.and_(survives[one.name].copy(), survives[two.name].copy(), differ, copy=False)
            defined = Value(both, DataType(Family.YES_NO))
            frame.add_column(f"{item}!{one.name}!{two.name}", defined)
            found.append(((one.name or item, two.name), frame.column(f"{item}!{one.name}!{two.name}")))
    return found


def _same(left: Expression, right: Expression) -> bool:
    return isinstance(left, Literal) and isinstance(right, Literal) and left.value == right.value


# ---- parameters --------------------------------------------------------------------------------------------------


def _define_parameter(frame: Frame, node: ItemOf, parameter: Parameter) -> None:
    grain = Grain("once", (), (), (), "")
    frame.prepare((tuple(value for _, value in node.keys), node.as_of), grain)
    guard_governed(frame, parameter, grain, node.as_of)
    usual_label = f"{node.item}:grid" if parameter.exceptions else node.item
    label = frame.label_of(frame.define(usual_label, _grid_value(frame, node, parameter)))
    if parameter.exceptions:
        label = _excepted_parameter(frame, node, parameter, label, grain)
    frame.remember(node, label)


def _grid_value(frame: Frame, node: ItemOf, parameter: Parameter) -> Value:
    day = governing_day(frame, node.as_of)
    numbers = [literal_number(cell) for _, row in parameter.rows for cell in row]
    scale = max(value.scale or 0 for value in numbers)
    by_date: list[tuple[exp.Expr, exp.Expr]] = []
    for since, row in sorted(parameter.rows, key=lambda pair: pair[0], reverse=True):
        cells = [cast(literal_number(cell).sql, decimal_type(scale)) for cell in row]
        begun = exp.GTE(this=day, expression=date_literal(since))
        by_date.append((begun, _by_column(frame, node, parameter, cells, scale)))
    return frame.in_currency(Value(case(by_date, empty(decimal_type(scale))), parameter.type, scale))


def _by_column(frame: Frame, node: ItemOf, parameter: Parameter, cells: Sequence[exp.Expr], scale: int) -> exp.Expr:
    if parameter.bands[0].name == "any":
        return cells[0]
    key = frame.value(node.keys[0][1]).sql
    bands = zip(parameter.bands, cells, strict=True)
    tests = [(exp.EQ(this=key, expression=exp.Literal.string(band.name)), cell) for band, cell in bands]
    return case(tests, empty(decimal_type(scale)))


def literal_number(cell: Expression) -> Value:
    """A cell of a parameter as a constant."""
    if isinstance(cell, Minus):
        return negate(literal_number(cell.operand))
    if not isinstance(cell, Literal) or not isinstance(cell.value, Decimal):
        raise InternalError("a parameter's cell is not a number")
    return number(cell.value, cell.type)


def _excepted_parameter(frame: Frame, node: ItemOf, parameter: Parameter, label: str, grain: Grain) -> str:
    """An exception to a parameter is answered at the asker's date and with the asker's names."""
    usual = Rule("", None, LocalOf(parameter.type, parameter.span, False, label), (), parameter.meta, ())
    rules = [usual, *(_exception_rule(rule, dict(node.keys), node.as_of, grain) for rule in parameter.exceptions)]
    return define_answer(frame, node.item, rules, grain, parameter.type, node.as_of)
