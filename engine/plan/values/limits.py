"""Running limits: rows served one after another, by date and then identity, until a limit is used up.

`limit NAME` has a row for each row that asks in this period: facts of the period and those of closed periods that did
not get all they asked for, layers as they stand, or parts of layers that a change touches. What closed periods gave
stands: it is used up before the first row here is served, and what a fact got is read from the hand-over
(docs/decisions/0075).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.datatypes import DataType, Family
from engine.model.expression import ItemOf, Key, MomentOf
from engine.model.ruleset import Amount, Cap, Ruleset
from engine.plan.facts import reaches_beyond
from engine.plan.fragments import running, scale_of
from engine.plan.numbers import Value, aligned, decimal_type
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.units.stock import union_all
from engine.plan.values import items
from engine.plan.values.currencies import meet
from engine.plan.values.frame import Frame, Tools
from engine.plan.values.substitute import in_terms_of
from engine.plan.world import RunStopped, World, date_literal

YES_NO = DataType(Family.YES_NO)
TEXT = DataType(Family.TEXT)
WHOLE = DataType(Family.NUMBER)
ASKED, LIMIT, USED, GIVEN, NOW, CLOSED = "asked", "limit", "used", "given", "now", "closed"
"""Columns of `limit NAME`: what a row asks for, the limit, what rows before it used up, what it has got in all, what of
that in this period, and whether it is a fact of a closed period."""

CURRENCY = "currency"
"""The currency of what is limited, where a ruleset has rates; else the hand-over has none."""

HALF = "half"
"""A column of facts that stand twice: -1 where a fact stands as it was before this period gave it anything."""

HANDED_DIGITS = 12
"""Digits behind the point that the hand-over keeps of what was given; an amount with more is refused."""


def running_cap(amount: Amount) -> Cap | None:
    """The limit that rows of an amount use up; None where it has none."""
    return next((cap for cap in amount.caps if cap.form == "running"), None)


def amount_scope(amount: Amount) -> tuple[Key, ...]:
    """The keys of what shares a limit, the period left out."""
    cap = running_cap(amount)
    return () if cap is None or cap.grain is None else tuple(one for one in cap.grain.keys if one.name != "period")


def is_limited(ruleset: Ruleset, name: str) -> bool:
    """Whether a name is an amount whose rows use up a limit."""
    return name in ruleset.amounts and running_cap(ruleset.amounts[name]) is not None


def limit_name(name: str) -> str:
    """The relation of the rows that share a limit."""
    return f"limit {name}"


def handed_name(name: str) -> str:
    """The relation of what closed periods gave under a limit."""
    return f"handed limit {name}"


@dataclass(frozen=True, slots=True)
class Rows:
    """What tells the rows of a grain apart, and the order in which they are served; both total."""

    keys: tuple[str, ...]
    order: tuple[str, ...]


def define_limited(frame: Frame, node: ItemOf) -> None:
    """Give the asker's frame a column with what each row has got under the limit."""
    if frame.remembered(node) is not None:
        return
    amount = frame.world.ruleset.amounts[node.item]
    made = make_limit(frame.world, amount, frame.tools)
    keys = rows_of(frame, amount).keys
    alias = frame.join(table(made.name), {one: frame.column(one) for one in keys})
    storage = made.type_of(GIVEN)
    given: exp.Expr = column(GIVEN, alias)
    own: exp.Expr | None = column(CURRENCY, alias) if CURRENCY in made.column_names else None
    if amount.grain.form == "rows" and handed_name(amount.name) in frame.world.given:
        before = frame.join(_given_before(amount.name), {"identity": frame.column("identity")})
        earlier = exp.Coalesce(this=column(GIVEN, before), expressions=[exp.Literal.number("0")])
        served = exp.Not(this=exp.Is(this=column(keys[0], alias), expression=exp.Null()))
        given = exp.Case().when(served, given).else_(earlier)
        own = None if own is None else exp.Coalesce(this=own, expressions=[column(CURRENCY, before)])
    if HALF in frame.world.relation(frame.base).column_names:
        is_before = exp.EQ(this=frame.column(HALF), expression=exp.Literal.number("-1"))
        now = exp.Coalesce(this=column(NOW, alias), expressions=[exp.Literal.number("0")])
        given = exp.Case().when(is_before, exp.Sub(this=given, expression=now)).else_(given.copy())
    value = Value(cast(given, storage), amount.type, scale_of(storage), currency=own)
    frame.remember(node, frame.label_of(frame.define(node.item, value)))


def rows_of(frame: Frame, amount: Amount) -> Rows:
    """What tells the rows of an amount apart and what they are served by."""
    grain = amount.grain
    if grain.form == "rows":
        day = frame.world.ruleset.kinds[grain.rows[0]].record.on or ""
        return Rows(("fact",), (day, "identity"))
    if grain.form == "layers":
        keys = frame.world.relation("layer").grain
        return Rows(keys, ("opened", "opening-kind", "identity", *keys))
    keys = frame.world.relation("slice").grain
    return Rows(keys, ("event-date", "identity", *keys))


def make_limit(world: World, amount: Amount, tools: Tools) -> Relation:
    """Every row that asks in this period with what it gets; RunStopped where one asks for less than nothing."""
    name, cap = limit_name(amount.name), running_cap(amount)
    if world.has(name):
        return world.relation(name)
    if cap is None or cap.grain is None:
        raise InternalError(f"amount {amount.name} has no limit that rows use up")
    frame = _asking(world, amount, tools)
    asked, usual = _define_asked(frame, amount)
    end = MomentOf(DataType(Family.DATE), cap.span, False, "", "period", "end")
    limit = frame.lower(in_terms_of(cap.limit, {}, end, cap.grain), cap.grain)
    if world.converts:
        meet(frame, asked, limit, cap.span)
    asked_then, limit = aligned([asked, limit])
    frame.define_all([("#asked", replace(asked_then, currency=asked.currency)), ("#limit", limit)])
    scope = [key.name for key in amount_scope(amount)]
    _serve(frame, amount, scope, usual)
    return _relation(frame, amount, scope, name)


def _asking(world: World, amount: Amount, tools: Tools) -> Frame:
    """The rows that ask in this period, with `#before`: what a fact of a closed period has got so far."""
    closed = _facts_not_served(world, amount)
    if closed is None:
        frame = tools.frame_of(world, amount.grain, "", False)
        frame.define_all([("#before", _zero()), ("#closed", Value(exp.false(), YES_NO))])
        return frame
    frame = tools.facts_of(world, amount.grain.rows[0], closed)
    frame.define_all([
        ("#before", Value(frame.column("before"), amount.type, scale_of(world.relation(closed).type_of("before")))),
        ("#closed", Value(frame.column("closed"), YES_NO)),
    ])  # fmt: skip
    return frame


def _zero() -> Value:
    return Value(cast(exp.Literal.number("0"), decimal_type(0)), WHOLE, 0)


def _facts_not_served(world: World, amount: Amount) -> str | None:
    """The relation of facts that ask, open ones and those of closed periods; None where there are only open ones.

    Without a hand-over of the limit, periods were closed before it stood: their facts got what they asked for, which
    is told by `before` being missing.
    """
    cap, handed = running_cap(amount), handed_name(amount.name)
    if amount.grain.form != "rows" or cap is None or cap.grain is None or cap.grain.has_period:
        return None
    kind = world.ruleset.kinds[amount.grain.rows[0]]
    if kind.name not in world.closed:
        return None
    name = f"{kind.name} under {amount.name}"
    opened = world.relation(world.facts(kind.name))
    world.known(kind.name)
    closed = world.relation(f"{kind.name} closed")
    own = list(opened.column_names)
    scale = decimal_type(HANDED_DIGITS)
    missing = named(cast(exp.Null(), scale), "before")
    waiting = exp.select(*(column(one, "f") for one in own)).from_(table(closed.name, "f"))
    if handed in world.given:
        served = _given_before(amount.name).having(
            exp.LT(this=exp.Sum(this=column(GIVEN)), expression=exp.Max(this=column(ASKED)))
        )
        same = exp.EQ(this=column("identity", "b"), expression=column("identity", "f"))
        waiting = waiting.select(named(cast(column(GIVEN, "b"), scale), "before"), copy=False)
        waiting = waiting.join(served.subquery(exp.to_identifier("b", quoted=True)), on=same, copy=False)
    else:
        waiting = waiting.select(missing, copy=False)
    here = exp.select(*(column(one, "f") for one in own), named(cast(exp.Literal.number("0"), scale), "before"))
    here = here.select(named(exp.false(), "closed"), copy=False).from_(table(opened.name, "f"))
    if reaches_beyond(world.ruleset, kind.name):
        day = column(kind.record.on or "", "f")
        here = here.where(exp.LTE(this=day, expression=date_literal(world.period.end)), copy=False)
    both = exp.union(waiting.select(named(exp.true(), "closed"), copy=False), here, distinct=False, copy=False)
    columns = (*opened.columns, ("before", scale), ("closed", "BOOLEAN"))
    world.add(Relation(name, ("fact",), columns, _alike(both), Origin(f"amount {amount.name}", amount.span), False))
    return name


def _alike(both: exp.Query) -> exp.Select:
    return exp.select(*(column(one) for one in both.named_selects)).from_(both.subquery("both"))


def _given_before(name: str) -> exp.Select:
    """What each fact got in closed periods, under its identity."""
    return (
        exp.select(
            column("identity"),
            named(exp.Sum(this=column(GIVEN)), GIVEN),
            named(exp.Max(this=column(CURRENCY)), CURRENCY),
        )
        .from_(table(handed_name(name)))
        .group_by(column("identity"))
    )


def define_asked(frame: Frame, node: ItemOf, amount: Amount) -> None:
    """Give what each row asks for, before any limit that rows share, a column of the frame."""
    plain = replace(amount, caps=tuple(one for one in amount.caps if one.form != "running"))
    items.define_amount(frame, node, plain)


def _define_asked(frame: Frame, amount: Amount) -> tuple[Value, exp.Expr]:
    """What each row asks for, and whether the usual answer stands, which the limit is for."""
    own = ItemOf(amount.type, amount.span, False, amount.name, (), None)
    define_asked(frame, own, amount)
    label = frame.remembered(own)
    if label is None:
        raise InternalError(f"amount {amount.name} was not worked out over {frame.base}")
    excepted = [frame.column(f"{amount.name}?{one.name}") for one in amount.exceptions if amount.name in one.to]
    usual: exp.Expr = exp.Not(this=exp.Paren(this=exp.or_(*excepted, copy=False))) if excepted else exp.true()
    return frame.value_of(label), usual


def _serve(frame: Frame, amount: Amount, scope: Sequence[str], usual: exp.Expr) -> None:
    """Columns with what is used up before each row, and what the row gets.

    A row whose usual answer does not stand gets what its exception says, and uses up as much of the limit. So what is
    used up before a row may be taken from what was asked: once that is over the limit, nothing is left either way.
    """
    zero = exp.Literal.number("0")
    asked, storage = frame.column("#asked"), frame.value_of("#asked").storage
    before = exp.Coalesce(this=frame.column("#before"), expressions=[asked.copy()])
    open_rest = exp.Sub(this=asked, expression=exp.Case().when(frame.column("#closed"), before).else_(zero.copy()))
    rest = exp.Greatest(this=cast(exp.Paren(this=open_rest), storage), expressions=[cast(zero.copy(), storage)])
    frame.guard(
        "T428",
        f"`{amount.name}` is served until a limit is used up, so no row may ask for less than nothing",
        (f"amount {amount.name}",),
        exp.LT(this=asked.copy(), expression=zero.copy()),
    )
    value = replace(frame.value_of("#asked"), currency=None)
    frame.define_all([("#rest", replace(value, sql=rest)), ("#usual", Value(usual.copy(), YES_NO))])
    asked_before = _before(frame, amount, scope, exp.Sum(this=frame.column("#rest")))
    unknown = exp.or_(*(exp.Is(this=frame.column(one), expression=exp.Null()) for one in ("#asked", "#limit")))
    unknown_before = _before(frame, amount, scope, exp.LogicalOr(this=exp.Paren(this=unknown)))
    frame.define_all([
        ("#taken", replace(value, sql=exp.Coalesce(this=asked_before, expressions=[zero.copy()]))),
        ("#unknown", Value(exp.Coalesce(this=unknown_before, expressions=[exp.false()]), YES_NO)),
        ("#granted", replace(value, sql=_granted(frame, amount, scope))),
    ])  # fmt: skip
    gone = exp.Add(this=frame.column("#granted"), expression=frame.column("#taken"))
    left = cast(exp.Paren(this=exp.Sub(this=frame.column("#limit"), expression=exp.Paren(this=gone))), storage)
    some = exp.Greatest(this=left, expressions=[cast(zero.copy(), storage)])
    served = exp.Least(this=frame.column("#rest"), expressions=[some])
    told = exp.Case().when(exp.Or(this=frame.column("#unknown"), expression=_missing(frame)), exp.Null())
    now = told.when(frame.column("#usual"), served).else_(frame.column("#rest"))
    frame.define("#now", replace(value, sql=cast(now, storage)))


def _missing(frame: Frame) -> exp.Expr:
    """GREATEST and LEAST skip what is missing; so a row that lacks something is looked at first."""
    lacking = [exp.Is(this=frame.column(one), expression=exp.Null()) for one in ("#asked", "#limit", "#usual")]
    return exp.Paren(this=exp.or_(*lacking, copy=False))


def _before(frame: Frame, amount: Amount, scope: Sequence[str], function: exp.Expr) -> exp.Expr:
    """A running value over the rows of a scope that are served before a row: closed periods' rests, then by order."""
    order = [exp.Ordered(this=frame.column("#closed"), desc=True)]
    order += [exp.Ordered(this=frame.column(one), nulls_first=True) for one in rows_of(frame, amount).order]
    return running(function, [frame.key(one).sql for one in scope], order, before=True)


def _granted(frame: Frame, amount: Amount, scope: Sequence[str]) -> exp.Expr:
    """What closed periods gave of the limit that a row shares."""
    zero = exp.Literal.number("0")
    if not _is_handed(amount):
        return zero
    if handed_name(amount.name) not in frame.world.given:
        # Closed facts that got what they asked for before there was a limit.
        free = exp.Is(this=frame.column("#before"), expression=exp.Null())
        asked = exp.Case().when(free, frame.column("#asked")).else_(zero.copy())
        keys = [frame.key(one).sql for one in scope]
        return exp.Coalesce(this=exp.Window(this=exp.Sum(this=asked), partition_by=keys), expressions=[zero])
    rows = _granted_by_scope(frame.world, amount, scope)
    alias = frame.join(rows, {one: frame.key(one).sql for one in scope})
    return exp.Coalesce(this=column(GIVEN, alias), expressions=[zero])


def _granted_by_scope(world: World, amount: Amount, scope: Sequence[str]) -> exp.Query:
    """What closed periods gave, by the keys of what shares a limit: those of the facts that got it, as they are."""
    handed = handed_name(amount.name)
    if amount.grain.form != "rows":
        lacking = {*scope} - {name for name, _ in world.executor.types(exp.select("*").from_(table(handed)))}
        if lacking:
            message = f"`{amount.name}` is limited for each {', '.join(scope)}, and periods were closed without that"
            raise RunStopped("T429", message, (f"amount {amount.name}",))
        keys, rows = [column(one) for one in scope], exp.select().from_(table(handed))
    else:
        kind = amount.grain.rows[0]
        world.known(kind)
        same = exp.EQ(this=column("identity", "f"), expression=column("identity", "h"))
        keys = [column(one, "f") for one in scope]
        rows = exp.select().from_(table(handed, "h")).join(table(f"{kind} closed", "f"), on=same, copy=False)
    rows = rows.select(*keys, named(exp.Sum(this=column(GIVEN)), GIVEN))
    return rows.group_by(*(one.copy() for one in keys)) if keys else rows


def _is_handed(amount: Amount) -> bool:
    """Whether what was given counts in later periods: layers are asked anew, and so is a limit of one period."""
    cap = running_cap(amount)
    return cap is not None and cap.grain is not None and amount.grain.form != "layers" and not cap.grain.has_period


def _relation(frame: Frame, amount: Amount, scope: Sequence[str], name: str) -> Relation:
    """The finished rows."""
    value = replace(frame.value_of("#asked"), currency=None)
    before = exp.Coalesce(this=frame.column("#before"), expressions=[frame.column("#asked")])
    given = exp.Add(
        this=exp.Case().when(frame.column("#closed"), before).else_(exp.Literal.number("0")),
        expression=frame.column("#now"),
    )
    given_before = _before(frame, amount, scope, exp.Sum(this=frame.column("#now")))
    used = exp.Add(
        this=frame.column("#granted"),
        expression=exp.Coalesce(this=given_before, expressions=[exp.Literal.number("0")]),
    )
    rows = rows_of(frame, amount)
    types = dict(frame.world.relation(frame.base).columns)
    outputs = [(one, Value(frame.column(one), TEXT, kept_as=types[one])) for one in rows.keys]
    outputs.append(("identity", frame.key("identity")))
    if amount.grain.form == "slices":
        outputs += [(one, replace(frame.key(one), currency=None)) for one in scope if one not in rows.keys]
    outputs += [
        (ASKED, value),
        (LIMIT, replace(value, sql=frame.column("#limit"))),
        (USED, replace(value, sql=exp.Paren(this=used))),
        (GIVEN, replace(value, sql=exp.Paren(this=given))),
        (NOW, replace(value, sql=frame.column("#now"))),
        (CLOSED, Value(frame.column("#closed"), YES_NO)),
    ]
    own = frame.value_of("#asked").currency
    if own is not None:
        outputs.append((CURRENCY, Value(own, TEXT)))
    grain = ("identity",) if amount.grain.form == "rows" else rows.keys
    return frame.relation(name, grain, outputs, Origin(f"amount {amount.name}", amount.span))


# ---- hand-over -------------------------------------------------------------------------------------------------------


def handed_limits(world: World) -> dict[str, exp.Query]:
    """What was given under each limit in this period and those before it, by the name the next run is given it under.

    Of facts one by one, as a fact keeps what it was given and may get the rest later; of parts of layers by scope.
    """
    found: dict[str, exp.Query] = {}
    for amount in world.ruleset.amounts.values():
        name, handed = limit_name(amount.name), handed_name(amount.name)
        if not _is_handed(amount):
            continue
        branches: list[exp.Query] = []
        if world.has(name):
            branches.append(_given_here(world, amount))
        if handed in world.given:
            names = _handed_columns(amount)
            branches.append(exp.select(*(column(one) for one in names)).from_(table(handed)))
        found[handed] = union_all(branches) if branches else _nothing_given(amount)
    return found


def _nothing_given(amount: Amount) -> exp.Query:
    """Facts of a period in which nothing asked for the amount got nothing."""
    types = [("identity", "VARCHAR"), (CURRENCY, "VARCHAR")]
    if amount.grain.form != "rows":
        types = [(key.name, key.type.storage) for key in amount_scope(amount)]
    types += [(ASKED, decimal_type(HANDED_DIGITS)), (GIVEN, decimal_type(HANDED_DIGITS))]
    return exp.select(*(named(cast(exp.Null(), storage), one) for one, storage in types)).where(exp.false())


def _handed_columns(amount: Amount) -> list[str]:
    keys = ["identity", CURRENCY] if amount.grain.form == "rows" else [key.name for key in amount_scope(amount)]
    return [*keys, ASKED, GIVEN]


def _given_here(world: World, amount: Amount) -> exp.Query:
    """What rows of this period were given; where no limit stood before, with what closed periods gave without one."""
    made, wide = world.relation(limit_name(amount.name)), decimal_type(HANDED_DIGITS)
    of = NOW if handed_name(amount.name) in world.given else GIVEN
    query = exp.select().from_(table(made.name))
    some = exp.NEQ(this=column(ASKED), expression=exp.Literal.number("0"))
    if amount.grain.form == "rows":
        own = column(CURRENCY) if CURRENCY in made.column_names else named(cast(exp.Null(), "VARCHAR"), CURRENCY)
        kept = [named(cast(column(one), wide), to) for one, to in ((ASKED, ASKED), (of, GIVEN))]
        return query.select(column("identity"), own, *kept).where(some)
    keys = [column(key.name) for key in amount_scope(amount)]
    summed = [named(cast(exp.Sum(this=column(of)), wide), one) for one in (ASKED, GIVEN)]
    query = query.select(*keys, *summed).where(some)
    return query.group_by(*(one.copy() for one in keys)) if keys else query
