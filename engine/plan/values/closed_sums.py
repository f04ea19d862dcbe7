"""Sums over parts of layers of every period closed, not of one alone.

Parts of layers are kept for their own period. What a sum without `period` has of closed periods is therefore handed
over: `sum NAME` has a row for each of its keys, what was handed over and what this period adds
(docs/decisions/0077). A sum for each fact over the parts that this fact itself touched has the fact's identity for
its keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.checks.reading import graph, reachable
from engine.model.expression import AggregateOf, FieldOf, Grain, ItemOf, KeyOf
from engine.model.ruleset import Amount, Item, Ruleset
from engine.model.walk import walk
from engine.plan.fragments import scale_of
from engine.plan.numbers import Value, at_scale, decimal_type
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.units.stock import union_all
from engine.plan.values.aggregates import (
    UNKNOWN,
    asked_keys,
    has_quotients,
    result,
    rows_added_up,
    unknown_among,
)
from engine.plan.values.currencies import GREATEST, LEAST, one_currency, watched
from engine.plan.values.frame import Frame, Tools
from engine.plan.world import RunStopped, World, empty

CURRENCY = "currency"


def is_closed_sum(ruleset: Ruleset, node: AggregateOf, scope: Grain | None) -> bool:
    """Whether a sum is over parts of layers of every period: for keys, or for each fact over its own parts."""
    if node.source.grain.form != "slices" or node.window is not None or scope is None or scope.has_period:
        return False
    if scope.form == "rows" and scope.rows[0] in ruleset.kinds:
        return _is_of_own_parts(ruleset, node, scope)
    return scope.form in ("keys", "once") or (scope.form == "rows" and scope.rows[0] in ruleset.registers)


def _is_of_own_parts(ruleset: Ruleset, node: AggregateOf, scope: Grain) -> bool:
    agreeing = {one.name for one, _ in node.source.matching if isinstance(one, KeyOf | FieldOf)}
    identity = ruleset.kinds[scope.rows[0]].record.identity
    return node.source.grain.touched == scope.rows and set(identity) <= agreeing


def sum_name(world: World, node: AggregateOf) -> str:
    """The relation of a sum, named by the item that holds it and its place there."""
    place = _place(node)
    if place not in world.sums:
        world.sums.update({_place(one): name for name, one, _ in _every(world.ruleset)})
    if place not in world.sums:
        raise InternalError(f"the sum at {node.span} is held by no item")
    return world.sums[place]


def _place(node: AggregateOf) -> tuple[str, int, int]:
    return (node.span.source.name, node.span.start, node.span.end)


def _every(ruleset: Ruleset) -> Iterator[tuple[str, AggregateOf, Item]]:
    """Sums of every period with their names, in order of the text; each with the scope it is read in."""
    families = (ruleset.amounts, ruleset.decisions, ruleset.tables, ruleset.controls, ruleset.journals, ruleset.reports)
    for family in families:
        for item in family.values():
            word = "" if isinstance(item, Amount) else f"{type(item).__name__.lower()} "
            for number, (node, scope) in enumerate(_held(item, item.grain), start=1):
                if is_closed_sum(ruleset, node, scope):
                    yield f"sum {word}{item.name} {number}", replace(node, scope=scope), item


def _held(item: Item, grain: Grain) -> Iterator[tuple[AggregateOf, Grain]]:
    for node in walk(item):
        if isinstance(node, AggregateOf):
            yield node, _limit_grain(item, node) or grain


def _limit_grain(item: Item, node: AggregateOf) -> Grain | None:
    """The scope of the limit that holds a sum; None where no limit does."""
    caps = item.caps if isinstance(item, Amount) else ()
    return next((cap.grain for cap in caps if any(one is node for one in walk(cap.limit))), None)


def define_closed_sum(frame: Frame, node: AggregateOf) -> None:
    """Give a sum over all periods a column of the asker's frame."""
    if frame.remembered(node) is not None:
        return
    made = make_closed_sum(frame.world, node, frame.tools)
    labels = [one for one in made.grain if one != CURRENCY]
    on = dict(zip(labels, asked_keys(frame, node.source.matching, node.scope), strict=True))
    by_currency = CURRENCY in made.grain and frame.by_currency and node.function != "count"
    if by_currency:
        on[CURRENCY] = frame.key(CURRENCY).sql
    kept = [*labels, CURRENCY] if by_currency else labels
    alias = frame.join(_over_currencies(made, kept), on)
    scale = scale_of(made.type_of("total")) or 0
    value = result(node, alias, Value(column("total", alias), node.type, scale), UNKNOWN in made.column_names)
    if CURRENCY in made.grain and node.function != "count":
        own = frame.key(CURRENCY).sql if by_currency else one_currency(frame, node.span, alias)
        value = replace(value, currency=own)
    frame.remember(node, frame.label_of(frame.define(f"{node.function} #{len(frame.values) + 1}", value)))


def _over_currencies(made: Relation, kept: list[str]) -> exp.Expr:
    """The rows of a sum by the keys that its asker has."""
    if tuple(kept) == made.grain:
        return table(made.name)
    more = [named(exp.LogicalOr(this=column(UNKNOWN)), UNKNOWN)] if UNKNOWN in made.column_names else []
    query = exp.select(
        *(column(one) for one in kept),
        named(exp.Sum(this=column("total")), "total"),
        named(exp.Sum(this=column("rows")), "rows"),
        named(exp.Min(this=column(CURRENCY)), LEAST),
        named(exp.Max(this=column(CURRENCY)), GREATEST),
        *more,
    ).from_(table(made.name))
    return query.group_by(*(column(one) for one in kept)) if kept else query


def make_closed_sum(world: World, node: AggregateOf, tools: Tools) -> Relation:
    """A sum with what closed periods have of it; RunStopped where periods were closed before the rules asked for it."""
    name = sum_name(world, node)
    if world.has(name):
        return world.relation(name)
    handed = f"handed {name}"
    if world.follows and handed not in world.given:
        said = " ".join(node.span.text.split())
        sentence = (
            f"`{said}` adds up every period, and periods were closed before the rules asked for it; ask for it "
            "with `period` among its keys, or close these books anew from their first period"
        )
        raise RunStopped("T429", sentence, (said,))
    asker = tools.frame_of(world, node.source.grain, "", False)
    rows = rows_added_up(asker, node, node.scope or node.source.grain)
    total = rows.value_of("#value")
    labels = [f"key {index}" for index in range(1, len(node.source.matching) + 1)]
    keys = [(one, rows.value_of(one).storage) for one in labels]
    by = {one: rows.column(one) for one in labels}
    if isinstance(total.currency, exp.Column):
        keys.append((CURRENCY, "VARCHAR"))
        by[CURRENCY] = total.currency
    _stop_where_watched(world, rows)
    before = dict(world.executor.types(exp.select("*").from_(table(handed)))) if handed in world.given else {}
    scale = max(total.scale or 0, scale_of(before.get("total", "")) or 0)
    columns = [*keys, ("total", decimal_type(scale)), ("rows", "BIGINT")]
    columns += [(UNKNOWN, "BOOLEAN")] if has_quotients(rows) else []
    here = rows.rows_query([]).select(
        *(named(cast(by[one], storage), one) for one, storage in keys),
        named(at_scale(total, scale), "total"),
        named(exp.Literal.number("1"), "rows"),
        *unknown_among(rows),
    )
    branches: list[exp.Query] = [here]
    if before:
        known = [column(one) if one in before else named(empty(storage), one) for one, storage in columns]
        branches.append(exp.select(*known).from_(table(handed)))
    sums = {"total": exp.Sum, "rows": exp.Sum, UNKNOWN: exp.LogicalOr}
    selected = [
        named(cast(sums[one](this=column(one)), storage), one) if one in sums else column(one)
        for one, storage in columns
    ]
    query = exp.select(*selected).from_(union_all(branches).subquery("parts"))
    query = query.group_by(*(column(one) for one, _ in keys)) if keys else query
    rule = Origin(" ".join(node.span.text.split()), node.span)
    return world.add(Relation(name, tuple(one for one, _ in keys), tuple(columns), query, rule))


def _stop_where_watched(world: World, rows: Frame) -> None:
    """RunStopped where a row that is added up meets what must not be, such as a rate that is missing."""
    for guard in watched(rows):
        query = rows.rows_query([]).select(rows.column(guard.said)).where(rows.column(guard.column))
        found = world.executor.rows(query.order_by(exp.Literal.number("1")).limit(1))
        if found:
            raise RunStopped(guard.code, f"{guard.message}{found[0][0]}".replace("\x1f", " "), guard.rules)


# ---- hand-over -------------------------------------------------------------------------------------------------------


def handed_sums(world: World, tools: Tools) -> dict[str, exp.Query]:
    """Every sum of all periods that some rule or example reads, made now where nothing asked for it in this run."""
    found: dict[str, exp.Query] = {}
    every = list(_every(world.ruleset)) if world.ruleset.layers else []
    read = _read(world.ruleset) if every else frozenset()
    for name, node, item in every:
        if item.name not in read:
            continue
        made = make_closed_sum(world, node, tools)
        query = exp.select(*(column(one) for one in made.column_names)).from_(table(made.name))
        if node.function == "sum" and UNKNOWN not in made.column_names:
            query = query.where(exp.NEQ(this=column("total"), expression=exp.Literal.number("0")))
        found[f"handed {name}"] = query
    return found


def _read(ruleset: Ruleset) -> frozenset[str]:
    """Names of items that post, control, report, segment, and of those that these and examples read."""
    roots: list[Item] = [*ruleset.journals.values(), *ruleset.controls.values(), *ruleset.reports.values()]
    names = {one.name for one in roots}
    names |= {expected.name.text for example in ruleset.examples for expected in example.expects}
    reads = graph(ruleset)
    for root in roots:
        names |= {node.item for node in walk(root) if isinstance(node, ItemOf)}
    return frozenset(name for one in names for name in reachable(reads, one)) | names
