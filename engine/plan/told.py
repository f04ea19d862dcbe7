"""Kinds that the books tell of: deliveries, what adjustments did, and exceptions with the day since which they stand.

Each is made from relations of the run that are there by then, and has the columns of a kind's facts, so rules read it
as any other. Only the open period is told of: what no hard close consumed. A row lacking a field that the kind
requires, or whose name is none of an enumeration's values, is not told of.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlglot import exp

from engine.model.datatypes import Family
from engine.model.ruleset import Adjustment, Kind
from engine.model.schema import IDENTITY_SEPARATOR
from engine.model.told import ADJUSTMENTS, DELIVERIES, EXCEPTIONS
from engine.plan.adjust import EFFECTS, MAKING, effect_name
from engine.plan.controls import control_name
from engine.plan.facts import Cutoff, consumed, days_after, fact_columns, number_of
from engine.plan.parting import originals_of
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.units.stock import union_all
from engine.plan.unresolved import unresolved
from engine.plan.world import World, date_literal, empty

REFUSED_ROWS = "refused rows"
"""Given to a run whose rules ask for it: how many rows of each `file` were refused, as `rows`; missing where the file
holds rows that were mended here and is no delivery."""

RAISED = "told exception"
HANDED_RAISED = "handed told exception"
"""Every exception of the period by finding and row, with the last day of the period since which it was raised in each;
and the same of the period before."""

WHOSE = ("company", "partner", "part")
ZERO, ONE = exp.Literal.number("0"), exp.Literal.number("1")


def tells(world: World, told: str) -> list[Kind]:
    """The kinds that are told of something, where the run makes them: in an example their rows are given."""
    return [one for one in world.ruleset.kinds.values() if one.told == told and world.strict]


def tell_before_controls(world: World, cutoff: Cutoff | None) -> None:
    """Make the kinds that tell of deliveries and of adjustments; `cutoff` is what earlier hard closes consumed."""
    for kind in tells(world, DELIVERIES):
        _tell(world, kind, _deliveries(world, kind, cutoff), ("file", *_whose(kind), "delivered", "before"))
    for kind in tells(world, ADJUSTMENTS):
        _tell(world, kind, _adjustments(world), ("adjustment", "adjusted", "fact-name"))


def tell_before_reports(world: World) -> None:
    """Make the kinds that tell of exceptions, once every control is there."""
    kinds = tells(world, EXCEPTIONS)
    if kinds:
        _make_raised(world)
    for kind in kinds:
        rows = exp.select(exp.Star()).from_(table(RAISED))
        _tell(world, kind, rows, ("finding", "row-name"))


def told_kinds(world: World) -> tuple[str, ...]:
    """The kinds that the run was told of by then."""
    return tuple(name for name, one in world.ruleset.kinds.items() if one.told and world.has(name))


def handed_exceptions(world: World) -> dict[str, exp.Query]:
    """Since when each exception of the period was raised, for the next."""
    if not world.has(RAISED):
        return {}
    names = [column(one) for one in ("finding", "row-name", "since")]
    return {HANDED_RAISED: exp.select(*names).distinct().from_(table(RAISED))}


# ---- what every told kind shares -----------------------------------------------------------------------------------


def _whose(kind: Kind) -> tuple[str, ...]:
    have = {one.name for one in kind.record.columns}
    return tuple(name for name in WHOSE if name in have)


def _values(kind: Kind, field: str) -> tuple[str, ...] | None:
    """The values that a field of a kind is limited to; None where it is not."""
    for one in kind.record.columns:
        if one.name == field and one.type.family is Family.ENUMERATION:
            return one.type.values
    return None


def _tell(world: World, kind: Kind, rows: exp.Query, key: Sequence[str]) -> None:
    """Facts of a kind from rows that have every column the books tell; `key` tells the rows apart."""
    parts = [exp.Coalesce(this=cast(column(one, "t"), "VARCHAR"), expressions=[_text("")]) for one in key]
    own = {
        "identity": _joined(parts, IDENTITY_SEPARATOR), "currency": _text(world.ruleset.head.currency),
        "known-at": date_literal(world.period.end), "version": ONE, "source-file": _text(""), "source-row": ZERO,
        "counted-on": column(kind.record.on or "", "t"), "fact": number_of([column(one, "t") for one in key]),
    }  # fmt: skip
    have = {one.name for one in kind.record.columns}
    selected = [
        named(cast(column(name, "t") if name in have else own.get(name, exp.Null()), storage), name)
        for name, storage in fact_columns(kind.record)
    ]
    query = exp.select(*selected).from_(rows.subquery(exp.to_identifier("t", quoted=True)))
    conditions: list[exp.Expr] = []
    for one in kind.record.columns:
        if one.required:
            conditions.append(exp.Not(this=exp.Is(this=column(one.name, "t"), expression=exp.Null())))
        if one.type.family is Family.ENUMERATION:
            conditions.append(exp.In(this=column(one.name, "t"), expressions=[_text(each) for each in one.type.values]))
    rule = Origin(f"kind {kind.name}", kind.span)
    world.add(Relation(kind.name, ("fact",), fact_columns(kind.record), query.where(*conditions), rule))


def _text(value: str) -> exp.Expr:
    return exp.Literal.string(value)


def _joined(parts: Sequence[exp.Expr], by: str) -> exp.Expr:
    whole = parts[0]
    for part in parts[1:]:
        whole = exp.DPipe(this=exp.DPipe(this=whole, expression=_text(by)), expression=part)
    return whole


def _or_missing(names: Sequence[str], alias: str, have: Sequence[str]) -> list[exp.Alias]:
    """Texts of rows under some names, missing where the rows have no column of the name."""
    return [named(column(one, alias) if one in have else empty("VARCHAR"), one) for one in names]


# ---- deliveries ----------------------------------------------------------------------------------------------------


def _deliveries(world: World, kind: Kind, cutoff: Cutoff | None) -> exp.Query:
    """For each file, kind, and whose facts they are: when it became known, the days it speaks of, and its rows.

    What a file says of days that a hard close has counted is a row of its own (`before`).
    """
    wanted = _values(kind, "delivered")
    required = {one.name for one in kind.record.columns if one.required} & set(WHOSE)
    fed = [one for one in world.ruleset.kinds.values() if not one.told and (wanted is None or one.name in wanted)]
    parts = [
        _delivered(world, kind, one, cutoff) for one in fed if required <= {field.name for field in one.record.columns}
    ]
    whose = [exp.Coalesce(this=column(one), expressions=[_text("")]) for one in _whose(kind)]
    whole = _joined(whose or [_text("")], IDENTITY_SEPARATOR)
    told = union_all(parts) if parts else _no_delivery(kind)
    file = [column("file")]
    order = exp.Order(
        expressions=[exp.Ordered(this=column(one), nulls_first=True) for one in ("before", *_whose(kind), "delivered")]
    )
    windows = [
        named(exp.Window(this=exp.RowNumber(), partition_by=file, order=order), "place"),
        named(exp.Window(this=exp.Min(this=whole), partition_by=[one.copy() for one in file]), "first of"),
        named(exp.Window(this=exp.Max(this=whole.copy()), partition_by=[one.copy() for one in file]), "last of"),
    ]
    placed = exp.select(exp.Star(), *windows).from_(told.subquery("told"))
    return _with_refused(world, placed)


def _no_delivery(kind: Kind) -> exp.Query:
    texts = [named(empty("VARCHAR"), one) for one in (*_whose(kind), "delivered", "file")]
    days = [named(empty("DATE"), one) for one in ("received-on", "first-day", "last-day")]
    rest = [named(empty("BOOLEAN"), "before"), named(ZERO, "rows"), named(ZERO.copy(), "corrected-rows")]
    return exp.select(*texts, *days, *rest).where(exp.false())


def _delivered(world: World, told: Kind, kind: Kind, cutoff: Cutoff | None) -> exp.Query:
    """What each file says in facts of one kind that no hard close consumed, all versions of a fact included."""
    on = kind.record.on or ""
    have = [one.name for one in kind.record.columns]
    last = world.period.end + timedelta(days=days_after(world.ruleset, kind))
    conditions: list[exp.Expr] = [exp.LTE(this=column(on, "b"), expression=date_literal(last))]
    if cutoff is not None:
        conditions.append(exp.Not(this=consumed(kind, cutoff)))
    before: exp.Expr = exp.false()
    if world.follows:
        before = exp.LT(this=column(on, "b"), expression=date_literal(world.period.start))
    again = exp.GT(this=column("version", "b"), expression=ONE)
    rows = exp.select(
        *_or_missing(_whose(told), "b", have), named(column("source-file", "b"), "file"), named(before, "before"),
        column("known-at", "b"), named(column(on, "b"), "day"),
        named(exp.Case().when(again, ONE).else_(ZERO), "again"),
    ).from_(table(f"input {kind.name}", "b")).where(*conditions)  # fmt: skip
    keys = [*_whose(told), "file", "before"]
    return (
        exp.select(
            *(column(one) for one in _whose(told)), named(cast(_text(kind.name), "VARCHAR"), "delivered"),
            column("file"), named(exp.Max(this=column("known-at")), "received-on"),
            named(exp.Min(this=column("day")), "first-day"), named(exp.Max(this=column("day")), "last-day"),
            column("before"), named(exp.Count(this=exp.Star()), "rows"),
            named(exp.Sum(this=column("again")), "corrected-rows"),
        )
        .from_(rows.subquery("delivered"))
        .group_by(*(column(one) for one in keys))
    )  # fmt: skip


def _with_refused(world: World, placed: exp.Query) -> exp.Query:
    """Deliveries with the rows of their file that were refused, once, where all of the file is one's."""
    if not world.executor_has(REFUSED_ROWS):
        return exp.select(exp.Star(), named(ZERO, "refused-rows")).from_(placed.subquery("p"))
    alone = exp.EQ(this=column("first of", "p"), expression=column("last of", "p"))
    first = exp.EQ(this=column("place", "p"), expression=ONE)
    counted = exp.Coalesce(this=column("rows", "q"), expressions=[ZERO])
    refused = exp.Case().when(exp.and_(alone, first), counted).else_(ZERO)
    star = exp.Column(this=exp.Star(), table=exp.to_identifier("p"))
    same = exp.EQ(this=column("file", "q"), expression=column("file", "p"))
    query = exp.select(star, named(refused, "refused-rows")).from_(placed.subquery("p"))
    is_mended = exp.and_(_is_there(column("file", "q")), exp.Not(this=_is_there(column("rows", "q"))))
    query = query.join(table(REFUSED_ROWS, "q"), on=same, join_type="left", copy=False)
    return query.where(exp.Not(this=exp.Paren(this=is_mended)), copy=False)


def _is_there(value: exp.Expr) -> exp.Expr:
    return exp.Not(this=exp.Is(this=value, expression=exp.Null()))


# ---- adjustments ---------------------------------------------------------------------------------------------------


def _adjustments(world: World) -> exp.Query:
    """For each adjustment the facts it touched or made; parts count as the fact they stand in the place of."""
    here = [one for one in world.ruleset.adjustments.values() if world.has(effect_name(one))]
    parts = [_adjusted(world, one) for one in here]
    if parts:
        return union_all(parts)
    texts = [named(empty("VARCHAR"), one) for one in (*WHOSE, "adjustment", "adjusted", "action", "fact-name")]
    return exp.select(*texts, named(empty("DATE"), "changed-on"), named(ZERO, "quantity")).where(exp.false())


def _adjusted(world: World, adjustment: Adjustment) -> exp.Query:
    action = EFFECTS[adjustment.action.form]
    name = adjustment.action.name if adjustment.action.form == "record" else adjustment.grain.rows[0]
    kind = world.ruleset.kinds[name]
    have = [one.name for one in kind.record.columns]
    units = column("quantity", "f") if "quantity" in have else empty("DECIMAL(18,3)")
    selected = [
        *_or_missing(WHOSE, "f", have), named(_text(adjustment.name), "adjustment"), named(_text(name), "adjusted"),
        named(_text(action), "action"), named(column("identity", "f"), "fact-name"),
        named(date_literal(world.period.end), "changed-on"), named(units, "quantity"),
    ]  # fmt: skip
    made = effect_name(adjustment)
    if action == "recorded":
        return exp.select(*selected).from_(table(made, "f"))
    touched: exp.Expr = table(made, "e")
    if action in MAKING:
        touched = originals_of(made).subquery(exp.to_identifier("e", quoted=True))
    same = exp.EQ(this=column("fact", "e"), expression=column("fact", "f"))
    facts = _ever(world, kind, have).subquery(exp.to_identifier("f", quoted=True))
    return exp.select(*selected).from_(touched).join(facts, on=same, copy=False)


def _ever(world: World, kind: Kind, have: Sequence[str]) -> exp.Query:
    """The facts that adjustments of the period may have met: those loaded and those that adjustments made."""
    names = ["fact", "identity", *(one for one in (*WHOSE, "quantity") if one in have)]
    makers = [
        effect_name(one)
        for one in world.ruleset.adjustments.values()
        if EFFECTS[one.action.form] in MAKING
        and kind.name == (one.action.name if one.action.form == "record" else one.grain.rows[0])
    ]
    sources = [one for one in (f"{kind.name} as loaded", *makers) if world.has(one)]
    return union_all([exp.select(*(column(one) for one in names)).from_(table(one)) for one in sources])


# ---- exceptions ----------------------------------------------------------------------------------------------------


def _make_raised(world: World) -> None:
    parts = [
        _raised_by(world, one.name, control_name(one), one.grain.rows)
        for one in world.ruleset.controls.values()
        if world.has(control_name(one))
    ]
    for found in world.ruleset.reconciliations.values():
        if world.has(found.name):
            grain = [key.name for key in found.grain.keys]
            rows = unresolved(world, found, grain).subquery(exp.to_identifier("c", quoted=True))
            parts.append(_finding(found.name, rows, grain, grain))
    texts = ("finding", "row-name", *WHOSE)
    now = union_all(parts) if parts else exp.select(*(named(empty("VARCHAR"), one) for one in texts)).where(exp.false())
    end = date_literal(world.period.end)
    since: exp.Expr = end.copy()
    joined = exp.select().from_(now.subquery("n"))
    if world.executor_has(HANDED_RAISED):
        pairs = [exp.EQ(this=column(one, "h"), expression=column(one, "n")) for one in ("finding", "row-name")]
        joined = joined.join(table(HANDED_RAISED, "h"), on=exp.and_(*pairs), join_type="left", copy=False)
        since = exp.Coalesce(this=column("since", "h"), expressions=[end.copy()])
    age = cast(exp.Paren(this=exp.Sub(this=end.copy(), expression=since.copy())), "INTEGER")
    days = {"raised-on": end, "since": since, "age": age}
    query = joined.select(
        *(named(column(one, "n"), one) for one in texts), *(named(sql, name) for name, sql in days.items())
    )
    columns = (*((one, "VARCHAR") for one in texts), ("raised-on", "DATE"), ("since", "DATE"), ("age", "INTEGER"))
    world.add(Relation(RAISED, ("finding", "row-name"), columns, query, Origin("what the books tell of exceptions")))


def _raised_by(world: World, finding: str, relation: str, rows: Sequence[str]) -> exp.Query:
    made = world.relation(relation)
    fields = {name: f"{row}.{name}" for row in reversed(rows) for name in WHOSE}
    columns = [name if name in made.column_names else fields.get(name, "") for name in WHOSE]
    have = [one for one in columns if one in made.column_names]
    return _finding(finding, table(relation, "c"), list(made.grain), have)


def _finding(finding: str, rows: exp.Expr, grain: Sequence[str], have: Sequence[str]) -> exp.Query:
    """Each row of a finding once: rows that nothing tells apart are one. The period does not tell them apart, so that
    what is raised again is known again."""
    keys = [one for one in grain if one != "period"]
    parts = [exp.Coalesce(this=cast(column(one, "c"), "VARCHAR"), expressions=[_text("")]) for one in keys]
    found = {one.rpartition(".")[2]: column(one, "c") for one in have}
    whose = [named(cast(exp.Max(this=found.get(name, exp.Null())), "VARCHAR"), name) for name in WHOSE]
    name = _joined(parts or [_text("")], ", ")
    query = exp.select(named(_text(finding), "finding"), named(name, "row-name"), *whose).from_(rows)
    if parts:
        return query.group_by(name.copy())
    return query.having(exp.GT(this=exp.Count(this=exp.Star()), expression=ZERO))
