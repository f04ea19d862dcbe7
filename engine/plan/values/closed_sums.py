"""Sums over what is kept for one period only, of every period closed: parts of layers, and values by period.

What such a sum has of closed periods is handed over: `sum NAME` has a row for each of its keys, what was handed over
and what this period adds (docs/decisions/0077). A sum for each fact over the parts that this fact itself touched has
the fact's identity for its keys. Where it matters when something was added, the day is one key more: a fact counts
what other facts of its identity did before it, and a value by period counts on the last day of its period
(docs/decisions/0102).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.checks.reading import graph, reachable, values_of
from engine.model.expression import (
    LEDGER_ROWS,
    AggregateOf,
    Arithmetic,
    AtExtreme,
    Expression,
    FieldOf,
    Grain,
    ItemOf,
    KeyOf,
    LedgerBalance,
    Literal,
    MomentOf,
    WindowOf,
)
from engine.model.ruleset import Amount, Item, Ruleset
from engine.model.walk import walk
from engine.plan.fragments import in_force, running_sums, scale_of
from engine.plan.numbers import Value, at_scale, decimal_type
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.units.stock import union_all
from engine.plan.values.aggregates import (
    UNKNOWN,
    asked_keys,
    days_of,
    has_quotients,
    result,
    rows_added_up,
    unknown_among,
)
from engine.plan.values.currencies import GREATEST, LEAST, one_currency, running, watched
from engine.plan.values.frame import Frame, Tools
from engine.plan.world import RunStopped, World, date_literal, empty

CURRENCY = "currency"
ADDED_ON = "added-on"
"""The day that something counts on, where a sum asks for it."""


def is_closed_sum(ruleset: Ruleset, node: AggregateOf, scope: Grain | None) -> bool:
    """Whether a sum is over what closed periods had of what is kept for one: parts of layers, or values by period."""
    if scope is None:
        return False
    of_facts = scope.form == "rows" and scope.rows[0] in ruleset.kinds
    of_keys = scope.form in ("keys", "once") or (scope.form == "rows" and scope.rows[0] in ruleset.registers)
    if node.source.grain.form == "keys":
        return of_keys and _is_of_periods(ruleset, node, scope)
    if node.source.grain.form != "slices" or node.window is not None or scope.has_period:
        return False
    return _is_of_own_parts(ruleset, node, scope) if of_facts else of_keys


def _is_of_own_parts(ruleset: Ruleset, node: AggregateOf, scope: Grain) -> bool:
    agreeing = {one.name for one, _ in node.source.matching if isinstance(one, KeyOf | FieldOf)}
    identity = ruleset.kinds[scope.rows[0]].record.identity
    return scope.rows[0] in node.source.grain.touched and set(identity) <= agreeing


def _is_of_periods(ruleset: Ruleset, node: AggregateOf, scope: Grain) -> bool:
    """Whether a sum goes over values of several periods, which are known once layers are and before anything posts."""
    words = {"day", "week", "period", "quarter", "year"} & {key.name for key in node.source.grain.keys}
    if words != {"period"} or (scope.has_period and node.window is None):
        return False
    return _has_fixed_days(node.window) and not _reads_postings(ruleset, node)


def _has_fixed_days(window: WindowOf | None) -> bool:
    """Whether the days of a window are the same for every row."""
    if window is None:
        return True
    units = ("period", "quarter", "year")
    if window.last is not None:
        return window.unit in units
    ends = [*walk(window.since), *walk(window.through)]
    edges = [one.unit in units for one in ends if isinstance(one, MomentOf)]
    return all(edges) and all(isinstance(one, Literal | Arithmetic | MomentOf) for one in ends)


def _reads_postings(ruleset: Ruleset, node: AggregateOf) -> bool:
    """Whether what is added up reads what was posted, or what the books tell of: both are known later."""
    values, reads = values_of(ruleset), graph(ruleset)
    names = {name for one in walk(node) if isinstance(one, ItemOf) for name in reachable(reads, one.item)}
    inside = (one for holder in (node, *(values[name] for name in sorted(names & set(values)))) for one in walk(holder))
    return any(
        isinstance(one, LedgerBalance)
        or (isinstance(one, AggregateOf | AtExtreme) and _is_told_later(ruleset, one.source.grain))
        for one in inside
    )


def _is_told_later(ruleset: Ruleset, grain: Grain) -> bool:
    told = any(one in ruleset.kinds and ruleset.kinds[one].told for one in grain.rows)
    return told or grain.form in LEDGER_ROWS.values()


def _is_dated(node: AggregateOf, scope: Grain) -> bool:
    """Whether it matters when something was added."""
    return node.source.grain.form == "keys" or (scope.form == "rows" and node.source.grain.touched != scope.rows)


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
    labels = [one for one in made.grain if one not in (CURRENCY, ADDED_ON)]
    on = dict(zip(labels, asked_keys(frame, node.source.matching, node.scope), strict=True))
    by_currency = CURRENCY in made.grain and frame.by_currency and node.function != "count"
    if by_currency:
        on[CURRENCY] = frame.key(CURRENCY).sql
    kept = [*labels, CURRENCY] if by_currency else labels
    scope = node.scope or node.source.grain
    if ADDED_ON in made.grain and scope.form == "rows":
        alias = frame.join(_up_to_each_day(made, kept), on, in_force(frame.date))
    else:
        alias = frame.join(_over_currencies(made, kept, _days(frame.world, node.window)), on)
    scale = scale_of(made.type_of("total")) or 0
    value = result(node, alias, Value(column("total", alias), node.type, scale), UNKNOWN in made.column_names)
    if CURRENCY in made.grain and node.function != "count":
        own = frame.key(CURRENCY).sql if by_currency else one_currency(frame, node.span, alias)
        value = replace(value, currency=own)
    frame.remember(node, frame.label_of(frame.define(f"{node.function} #{len(frame.values) + 1}", value)))


def _over_currencies(made: Relation, kept: list[str], days: exp.Expr | None) -> exp.Expr:
    """The rows of a sum by the keys that its asker has, within days where it names some."""
    if tuple(kept) == made.grain:
        return table(made.name)
    query = _summed(made, kept)
    query = query.where(days) if days is not None else query
    return query.group_by(*(column(one) for one in kept)) if kept else query


def _up_to_each_day(made: Relation, kept: list[str]) -> exp.Expr:
    """The rows of a sum by the keys that its asker has, up to and including each day."""
    daily = _summed(made, kept).select(named(column(ADDED_ON), "day"))
    daily = daily.group_by(*(column(one) for one in (*kept, ADDED_ON)))
    beside = [one.alias for one in _beside(made)]
    return running_sums(daily, kept, [(name, running(name)) for name in beside])


def _summed(made: Relation, kept: list[str]) -> exp.Select:
    sums = [named(exp.Sum(this=column(one)), one) for one in ("total", "rows")]
    return exp.select(*(column(one) for one in kept), *sums, *_beside(made)).from_(table(made.name))


def _beside(made: Relation) -> list[exp.Alias]:
    found = [named(exp.LogicalOr(this=column(UNKNOWN)), UNKNOWN)] if UNKNOWN in made.column_names else []
    if CURRENCY in made.grain:
        found += [named(exp.Min(this=column(CURRENCY)), LEAST), named(exp.Max(this=column(CURRENCY)), GREATEST)]
    return found


def _days(world: World, window: WindowOf | None) -> exp.Expr | None:
    """Whether something counts within the days of a window; None where there is none."""
    if window is None:
        return None
    first, last = days_of(world, window) if window.last is not None else _named_days(world, window)
    return exp.Between(this=column(ADDED_ON), low=date_literal(first), high=date_literal(last))


def _named_days(world: World, window: WindowOf) -> tuple[date, date]:
    first, last = _fixed(world, window.since), _fixed(world, window.through)
    if not isinstance(first, date) or not isinstance(last, date):
        raise InternalError("a window over periods has an end that is no day")
    return first, last


def _fixed(world: World, node: Expression | None) -> object:
    """A day or number of days that is the same for every row."""
    match node:
        case Literal():
            return node.value
        case MomentOf():
            return world.calendar.moment(world.period, node.shift, node.unit, node.edge)
        case Arithmetic():
            left, right = _fixed(world, node.left), _fixed(world, node.right)
            if isinstance(left, date) and isinstance(right, Decimal):
                return left + timedelta(days=int(right)) * (1 if node.operator == "+" else -1)
    raise InternalError("a window over periods has an end that no one row fixes")


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
    rows = rows_added_up(asker, replace(node, window=None), node.scope or node.source.grain)
    total = rows.value_of("#value")
    labels = [f"key {index}" for index in range(1, len(node.source.matching) + 1)]
    keys = [(one, rows.value_of(one).storage) for one in labels]
    by = {one: rows.column(one) for one in labels}
    if isinstance(total.currency, exp.Column):
        keys.append((CURRENCY, "VARCHAR"))
        by[CURRENCY] = total.currency
    if _is_dated(node, node.scope or node.source.grain):
        keys.append((ADDED_ON, "DATE"))
        by[ADDED_ON] = _added_on(world, rows, node)
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


def _added_on(world: World, rows: Frame, node: AggregateOf) -> exp.Expr:
    """The day that each row counts on: of a value its period's last, of a part that of the fact that touched it.

    On the asker's own day a fact counts that acts before it: units leave before others come back, and kinds act in the
    order of their names. Any other counts from the next day on.
    """
    if node.source.grain.form == "keys" or node.scope is None:
        return date_literal(world.period.end)
    layers = next(iter(world.ruleset.layers.values()))
    asker = node.scope.rows[0]

    def place(kind: str) -> tuple[bool, bool, str]:
        return kind in layers.returning_kinds, kind in layers.leaving_kinds, kind

    case_ = exp.Case()
    for kind in node.source.grain.touched:
        day = rows.column(world.ruleset.kinds[kind].record.on or "")
        if place(kind) > place(asker):
            day = cast(exp.Add(this=day, expression=exp.Literal.number("1")), "DATE")
        is_kind = exp.EQ(this=rows.column("event-kind"), expression=exp.Literal.string(kind))
        case_ = case_.when(is_kind, day)
    return case_


def _stop_where_watched(world: World, rows: Frame) -> None:
    """RunStopped where a row that is added up meets what must not be, such as a rate that is missing."""
    for guard in watched(rows):
        query = rows.rows_query([]).select(rows.column(guard.said), copy=False)
        query = query.where(rows.column(guard.column), copy=False).order_by(exp.Literal.number("1"), copy=False)
        found = world.executor.rows(query.limit(1, copy=False))
        if found:
            raise RunStopped(guard.code, f"{guard.message}{found[0][0]}".replace("\x1f", " "), guard.rules)


# ---- hand-over -------------------------------------------------------------------------------------------------------


def handed_sums(world: World, tools: Tools) -> dict[str, exp.Query]:
    """Every sum of all periods that some rule or example reads, made now where nothing asked for it in this run."""
    found: dict[str, exp.Query] = {}
    every = list(_every(world.ruleset))
    read = _read(world.ruleset, world.wanted) if every else frozenset()
    for name, node, item in every:
        if item.name not in read:
            continue
        made = make_closed_sum(world, node, tools)
        query = exp.select(*(column(one) for one in made.column_names)).from_(table(made.name))
        if node.function == "sum" and UNKNOWN not in made.column_names:
            query = query.where(exp.NEQ(this=column("total"), expression=exp.Literal.number("0")))
        found[f"handed {name}"] = query
    return found


def _read(ruleset: Ruleset, wanted: frozenset[str] | None) -> frozenset[str]:
    """Names of items that post, control, report, segment, and of those that these and examples read; only those wanted
    and what they read, where not everything is."""
    roots: list[Item] = [*ruleset.journals.values(), *ruleset.controls.values(), *ruleset.reports.values()]
    if wanted is not None:
        roots = [one for one in roots if one.name in wanted]
    names = {one.name for one in roots} | (wanted or frozenset())
    names |= {expected.name.text for example in ruleset.examples if wanted is None for expected in example.expects}
    reads = graph(ruleset)
    for root in roots:
        names |= {node.item for node in walk(root) if isinstance(node, ItemOf)}
    return frozenset(name for one in names for name in reachable(reads, one)) | names
