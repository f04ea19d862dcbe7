"""Rules asked again: what each decision, table and amount with exceptions answers for a few rows, and by which rule.

A question is an item read in the terms of the row that asks. It is lowered as in a close; beside the answer the columns
hold which rules were in play, and what each of their tests compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.datatypes import DataType, Family
from engine.model.expression import (
    AggregateOf,
    ExistsTest,
    Expression,
    FieldOf,
    Grain,
    ItemOf,
    Literal,
    TestsOf,
)
from engine.model.ruleset import Amount, Decision, Item, Meta, Parameter, Ruleset, Table
from engine.model.walk import operands
from engine.plan.facts import PERIOD
from engine.plan.numbers import Value
from engine.plan.relation import column, named
from engine.plan.values.frame import Frame
from engine.plan.values.limits import define_asked, is_limited
from engine.plan.values.substitute import all_parts, in_terms_of, parts
from engine.plan.values.tables import table_of
from engine.plan.world import World
from engine.run.explanation import Answer, Candidate, Named, Tested
from engine.run.said import place, rule, said, text, words_of

Key = tuple[object, ...]
DATE = DataType(Family.DATE)


@dataclass(frozen=True)
class Asked:
    """Rows that questions are asked of: frames over them, the columns that tell them apart, and what each is called."""

    frame: Callable[[], Frame]
    grain: Grain
    keys: tuple[str, ...]
    wanted: frozenset[Key]
    names: Mapping[Key, str]


@dataclass(frozen=True, slots=True)
class Question:
    """An item in the asker's terms, and the grain it was read at."""

    node: ItemOf
    scope: Grain


@dataclass
class Questions:
    """What some texts read: items to be asked of the same rows, items of a reconciliation's rows, carried names."""

    own: list[Question] = field(default_factory=list)
    reconciled: list[Question] = field(default_factory=list)
    carried: list[str] = field(default_factory=list)
    nodes: list[object] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Rule:
    """One answer an item may give, as the plan has it, with the text it stands in and its tests as written."""

    name: str
    item: Item
    word: str
    when: TestsOf | None
    written: TestsOf | None
    value: Expression | None
    to: tuple[str, ...]


def questions(ruleset: Ruleset, roots: Sequence[object], grain: Grain) -> Questions:
    """Everything that texts bound at a grain read, through other items too, in order of reading."""
    found = Questions()
    seen: set[ItemOf] = set()
    _collect(ruleset, tuple(roots), grain, found, seen)
    return found


def _collect(ruleset: Ruleset, nodes: object, scope: Grain, found: Questions, seen: set[ItemOf]) -> None:
    rewritten = in_terms_of(nodes, {}, None, scope)
    found.nodes.append(rewritten)
    for part in parts(rewritten):
        if isinstance(part, FieldOf) and _is_carried(ruleset, part) and part.name not in found.carried:
            found.carried.append(part.name)
        if not isinstance(part, ItemOf) or part in seen:
            continue
        seen.add(part)
        if part.item in ruleset.allocations:
            found.own.append(Question(part, scope))
            _collect_whole(ruleset, part, found, seen)
            continue
        item = item_of(ruleset, part.item)
        if item is None:
            continue
        if _belongs_elsewhere(ruleset, item.grain, scope):
            found.reconciled.append(Question(part, scope))
            continue
        found.own.append(Question(part, scope))
        _collect(ruleset, _inside(item, part), item.grain, found, seen)


def _collect_whole(ruleset: Ruleset, node: ItemOf, found: Questions, seen: set[ItemOf]) -> None:
    """A share of periods is one of a whole of the same row, which may itself be a share."""
    allocation = ruleset.allocations[node.item]
    if allocation.shares.over == PERIOD and allocation.shares.value is not None:
        _collect(ruleset, in_terms_of(allocation.shares.value, dict(node.keys), None, allocation.grain),
                 allocation.grain, found, seen)  # fmt: skip


def _is_carried(ruleset: Ruleset, node: FieldOf) -> bool:
    return node.row == "layer" and any(node.name in layers.carried for layers in ruleset.layers.values())


def _belongs_elsewhere(ruleset: Ruleset, grain: Grain, scope: Grain) -> bool:
    """Whether an item is of a reconciliation's rows and the asker is none of them."""
    return any(row in ruleset.reconciliations and row not in scope.rows for row in grain.rows)


def item_of(ruleset: Ruleset, name: str) -> Amount | Decision | Parameter | Table | None:
    """The item that a name, or the name of a table's output, asks for; None where it is neither."""
    return (
        ruleset.decisions.get(name)
        or ruleset.amounts.get(name)
        or ruleset.parameters.get(name)
        or table_of(ruleset, name)
    )


def _inside(item: Amount | Decision | Parameter | Table, node: ItemOf) -> object:
    """What an item reads, in the asker's terms."""
    keys, as_of = dict(node.keys), _as_of(item, node)
    if isinstance(item, Table):
        inner: object = item.inputs
    else:
        rules = tuple((one.when, one.value, one.caps) for one in item.exceptions)
        usual: object = () if isinstance(item, Parameter) else item.usual if isinstance(item, Decision) else item.value
        own = tuple(cap for cap in item.caps if cap.form != "running") if isinstance(item, Amount) else ()
        extra: object = (item.when, own) if isinstance(item, Amount) else ()
        inner = (usual, extra, rules)
    return in_terms_of(inner, keys, as_of, item.grain)


def _as_of(item: Item, node: ItemOf) -> Expression | None:
    if isinstance(item, Decision) and item.as_of_moment is not None:
        return item.as_of_moment
    return node.as_of


# ---- asking ----------------------------------------------------------------------------------------------------------


def answers(world: World, asked: Asked, question: Question) -> list[Answer]:
    """What an item answers for the rows asked of, alike rows together; nothing for an amount without any choice."""
    item = item_of(world.ruleset, question.node.item)
    if item is None or not _can_be_asked(item, question):
        return []
    if isinstance(item, Table):
        return _table_answers(world, asked, question, item)
    if not isinstance(item, Decision) and not item.exceptions:
        return []
    return _chosen_answers(world, asked, question, item)


def _can_be_asked(item: Item, question: Question) -> bool:
    """Slices that others touched are not here, so what adds them up cannot be asked again."""
    inner = (question.node, _inside(item, question.node))  # type: ignore[arg-type]  # item_of gives these
    return not any(
        isinstance(one, (AggregateOf, ExistsTest)) and one.source.grain.form in ("slices", "keys")
        for one in all_parts(inner)
    )


class _Columns:
    """The columns of one query over a frame: values are added by name and read back from its rows."""

    def __init__(self) -> None:
        self._selected: list[exp.Expr] = []
        self._places: dict[object, tuple[int, DataType, bool]] = {}

    def add(self, name: object, value: Value) -> None:
        """Ask for a value, with its denominator where it has one."""
        self._places[name] = (len(self._selected), value.type, value.over is not None)
        self._selected.append(value.sql)
        if value.over is not None:
            self._selected.append(value.over)

    def rows(self, frame: Frame, asked: Asked) -> list[tuple[Key, tuple[object, ...]]]:
        """The rows wanted, by their keys, in a total order."""
        keys = [frame.column(name) for name in asked.keys]
        selected = [named(one, f"c{index}") for index, one in enumerate((*keys, *self._selected))]
        query = frame.rows_query([]).select(*selected)
        query = query.order_by(*(exp.Ordered(this=column(f"c{index}")) for index in range(len(selected))))
        found = [(tuple(row[: len(keys)]), tuple(row[len(keys) :])) for row in frame.world.executor.rows(query)]
        return [one for one in found if one[0] in asked.wanted]

    def read(self, name: object, row: tuple[object, ...]) -> object:
        """A value of a row; a quotient as a fraction brought to six decimals at most."""
        at, _, divided = self._places[name]
        if not divided or row[at] is None or not row[at + 1]:
            return row[at]
        return decimal_of(fraction(row[at]) / fraction(row[at + 1]))

    def type_of(self, name: object) -> DataType:
        """The type of a value asked for."""
        return self._places[name][1]

    def has(self, name: object) -> bool:
        """Whether a value was asked for."""
        return name in self._places


def fraction(value: object) -> Fraction:
    """A number of the database without loss; InternalError where it is none."""
    if isinstance(value, (Decimal, int)):
        return Fraction(value)
    raise InternalError(f"{value!r} is not a number")


def decimal_of(value: Fraction, places: int = 6) -> Decimal:
    """A fraction as a decimal of at most some places, without idle zeros."""
    scaled = round(value * 10**places)
    found = Decimal(scaled).scaleb(-places).normalize()
    return found if found.as_tuple().exponent <= 0 else found.quantize(Decimal(1))  # type: ignore[operator]


def _rules(item: Amount | Decision | Parameter, node: ItemOf) -> list[_Rule]:
    keys, as_of = dict(node.keys), _as_of(item, node)
    word = "decision" if isinstance(item, Decision) else "parameter" if isinstance(item, Parameter) else "amount"
    usual = None if isinstance(item, Parameter) else item.usual if isinstance(item, Decision) else item.value
    found = [_Rule("", item, word, None, None, usual, ())]
    for one in item.exceptions:
        when = in_terms_of(one.when, keys, as_of, item.grain)
        found.append(_Rule(one.name, one, word if one.is_version else "exception", when, one.when, one.value, one.to))
    return found


def _chosen_answers(
    world: World, asked: Asked, question: Question, item: Amount | Decision | Parameter
) -> list[Answer]:
    """Answers of an item with exceptions: which were in play, which defeated which, and why."""
    frame = asked.frame()
    node, rules = question.node, _rules(item, question.node)
    as_of = _as_of(item, node)
    frame.prepare(node, question.scope)
    outcome_of = frame.value(node)
    if is_limited(world.ruleset, node.item):
        # What a row got is joined from the limit; which exceptions were in play is what it asked for by.
        define_asked(frame, node, world.ruleset.amounts[node.item])
    frame.prepare((*(one.when for one in rules), as_of), item.grain)
    columns = _Columns()
    columns.add("answer", outcome_of)
    columns.add("day", Value(frame.date.copy(), DATE) if as_of is None else frame.value(as_of))
    for one in rules[1:]:
        label = f"{node.item}?{one.name}"
        if label in frame.values:
            columns.add(("plays", one.name), frame.value_of(label))
        _add_tests(frame, columns, one.name, one.when)
    governed = _governed_by(item, as_of)
    groups: dict[tuple[object, ...], list[Answer]] = {}
    for key, row in columns.rows(frame, asked):
        plays = {one.name: one.name == "" or columns.read(("plays", one.name), row) is True for one in rules}
        outcome = said(columns.read("answer", row), columns.type_of("answer"))
        day = _day(columns.read("day", row))
        candidates = tuple(_candidate(world.ruleset, node.item, one, rules, plays, columns, row, day) for one in rules)
        about, name = rule(world.ruleset, rules[0].word, item), asked.names.get(key, "")
        answer = Answer(node.item, about, outcome, (governed, day), name, 1, candidates)
        # Figures differ from row to row; what matters of them is which rule gave them.
        alike = (outcome if isinstance(item, Decision) else "", *plays.values())
        groups.setdefault(alike, []).append(answer)
    return _merged(groups.values())


def _merged(groups: Iterable[Sequence[Answer]]) -> list[Answer]:
    """Of rows answered alike the one governed by the earliest day, with their count; no outcome where it differs."""
    found: list[Answer] = []
    for group in groups:
        first = min(group, key=lambda one: (one.governed_by[1] or date.max, one.about))
        same = all(one.outcome == first.outcome for one in group)
        found.append(replace(first, rows=len(group), outcome=first.outcome if same else ""))
    return found


def _day(value: object) -> date | None:
    return value if isinstance(value, date) else None


def _governed_by(item: Item, as_of: Expression | None) -> str:
    if isinstance(item, Decision) and item.as_of:
        return item.as_of
    return "" if as_of is None else text(as_of.span)


def _add_tests(frame: Frame, columns: _Columns, name: str, when: TestsOf | None) -> None:
    for index, test in enumerate(when.tests if when is not None else ()):
        holds = frame.tests(TestsOf((test,), "and"))
        columns.add(("holds", name, index), Value(holds, DataType(Family.YES_NO)))
        for at, one in enumerate(operands(test)):
            if at == 0 or not isinstance(one, Literal):
                columns.add(("operand", name, index, at), frame.value(one))


def _read_tests(columns: _Columns, name: str, when: TestsOf | None, row: tuple[object, ...]) -> tuple[Tested, ...]:
    """The tests of a rule as written, with what they compared in a row."""
    found: list[Tested] = []
    for index, test in enumerate(when.tests if when is not None else ()):
        values = {
            at: (columns.read(("operand", name, index, at), row), columns.type_of(("operand", name, index, at)))
            for at in range(len(operands(test)))
            if columns.has(("operand", name, index, at))
        }
        holds = columns.read(("holds", name, index), row)
        found.append(words_of(test, holds if isinstance(holds, bool) else None, values))
    return tuple(found)


def _candidate(
    ruleset: Ruleset,
    item: str,
    one: _Rule,
    rules: Sequence[_Rule],
    plays: Mapping[str, bool],
    columns: _Columns,
    row: tuple[object, ...],
    day: date | None,
) -> Candidate:
    defeated = tuple(
        other.name for other in rules if other.name and plays[other.name] and (one.name or item) in other.to
    )
    tests = list(_read_tests(columns, one.name, one.written, row))
    if one.name or one.item.meta.dated:
        tests += _date_tests(one.item.meta, day)
    if one.name:
        known = {other.name for other in rules if other.name}
        above = [name for name in one.to if name in known]
        if item not in one.to and above and not any(plays[name] for name in above):
            tests.append(Tested(f"{' and '.join(above)}, which it excepts, is not in play", False))
    shown = "" if one.value is None else _answer_text(one.value)
    return Candidate(one.name, rule(ruleset, one.word, one.item), shown, plays[one.name], defeated, tuple(tests))


def _date_tests(meta: Meta, day: date | None) -> list[Tested]:
    """The effective dates of a rule, where the governing day lies outside."""
    first, last = meta.effective_from, meta.effective_through
    early = day is not None and first is not None and day < first
    late = day is not None and last is not None and day > last
    if not early and not late:
        return []
    since = f" from {first}" if first is not None else ""
    through = f" through {last}" if last is not None else ""
    return [Tested(f"effective{since}{through}, governed by {day}", False)]


def _answer_text(value: Expression) -> str:
    return said(value.value, value.type) if isinstance(value, Literal) else text(value.span)


# ---- tables ----------------------------------------------------------------------------------------------------------


def _table_answers(world: World, asked: Asked, question: Question, item: Table) -> list[Answer]:
    """The row of a table that held, what its inputs were and what it gave."""
    frame = asked.frame()
    node = question.node
    keys = dict(node.keys)
    inputs = [in_terms_of(one, keys, node.as_of, item.grain) for one in item.inputs]
    frame.prepare(node, question.scope)
    frame.prepare(tuple(inputs), item.grain)
    columns = _Columns()
    columns.add("row", frame.value_of(f"{item.name}:row"))
    for name, _ in item.outputs:
        columns.add(("output", name), frame.value_of(f"{item.name}:{name}"))
    for index, one in enumerate(inputs):
        columns.add(("input", index), frame.value(one))
    columns.add("day", Value(frame.date.copy(), DATE))
    return _table_rows(world, asked, item, columns, columns.rows(frame, asked))


def _table_rows(
    world: World, asked: Asked, item: Table, columns: _Columns, rows: Sequence[tuple[Key, tuple[object, ...]]]
) -> list[Answer]:
    groups: dict[tuple[object, ...], list[Answer]] = {}
    for key, row in rows:
        name = said(columns.read("row", row))
        held = next((one for one in item.rows if one.name == name), None)
        outputs = tuple((label, said(columns.read(("output", label), row), type_)) for label, type_ in item.outputs)
        inputs: Named = tuple(
            (text(one.span), said(columns.read(("input", index), row), columns.type_of(("input", index))))
            for index, one in enumerate(item.inputs)
        )
        in_force = item if held is None or held.meta is None else replace(item, meta=held.meta)
        about = rule(world.ruleset, "table", in_force)
        candidates: tuple[Candidate, ...] = ()
        if held is not None:
            cells = tuple(
                Tested(f"{label} is {value}, {text(cell.span)}", True)
                for (label, value), cell in zip(inputs, held.cells, strict=True)
                if cell.form != "any"
            )
            of_row = type(about)("row", held.name, place(held.span))
            candidates = (Candidate(held.name, of_row, "", True, (), cells),)
        outcome = ", ".join(value for _, value in outputs)
        answer = Answer(
            item.name, about, outcome, ("", _day(columns.read("day", row))), asked.names.get(key, ""), 1, candidates,
            inputs, outputs,
        )  # fmt: skip
        groups.setdefault((name, outcome), []).append(answer)
    return _merged(groups.values())


def asked_keys(asked: Asked, question: Question, names: Sequence[str]) -> list[tuple[object, ...]]:
    """The values that a question gives to some keys, one for each kind of row, in order; a key it lacks is None."""
    frame = asked.frame()
    keys = dict(question.node.keys)
    frame.prepare(tuple(keys.values()), question.scope)
    columns = _Columns()
    for name in names:
        if name in keys:
            columns.add(name, frame.value(keys[name]))
    rows = columns.rows(frame, asked)
    found = {tuple(columns.read(name, row) if columns.has(name) else None for name in names): None for _, row in rows}
    return list(found)


# ---- tests and values of the rows themselves -------------------------------------------------------------------------


def read_when(asked: Asked, when: TestsOf) -> dict[Key, tuple[Tested, ...]]:
    """For each row the tests of a `when`, with what they compared."""
    frame = asked.frame()
    frame.prepare(when, asked.grain)
    rewritten = in_terms_of(when, {}, None, asked.grain)
    columns = _Columns()
    _add_tests(frame, columns, "when", rewritten)
    return {key: _read_tests(columns, "when", when, row) for key, row in columns.rows(frame, asked)}


def read_values(
    asked: Asked, locals_: Sequence[tuple[str, Expression]], wanted: Sequence[tuple[str, Expression]]
) -> dict[Key, dict[str, Fraction]]:
    """For each row the numbers that expressions come to, exactly, after the local amounts they read; missing ones left
    out."""
    frame = asked.frame()
    for name, expression in locals_:
        frame.define(name, frame.lower(expression, asked.grain))
    frame.prepare(tuple(expression for _, expression in wanted), asked.grain)
    values = [(name, frame.value(expression)) for name, expression in wanted]
    keys = [frame.column(name) for name in asked.keys]
    selected = [named(one, f"k{index}") for index, one in enumerate(keys)]
    for index, (_, value) in enumerate(values):
        selected.append(named(value.sql, f"v{index}"))
        selected.append(named(exp.Literal.number("1") if value.over is None else value.over, f"o{index}"))
    rows = frame.world.executor.rows(frame.rows_query([]).select(*selected))
    found: dict[Key, dict[str, Fraction]] = {}
    for row in rows:
        key = tuple(row[: len(keys)])
        if key in asked.wanted:
            pairs = [(row[len(keys) + 2 * at], row[len(keys) + 2 * at + 1]) for at in range(len(values))]
            found[key] = {
                name: fraction(top) / fraction(bottom)
                for (name, _), (top, bottom) in zip(values, pairs, strict=True)
                if isinstance(top, (Decimal, int)) and not isinstance(top, bool) and bottom
            }
    return found
