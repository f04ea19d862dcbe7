"""Allocations: a whole shared over its parts, to the last cent or unit.

`allocation NAME` has a row for each part with its share. Gifts come first; what is left goes by weight, each part its
floor, and the units that are then left over one by one to the largest remainders (language reference, section 7). All
of it in whole numbers of the minor unit: a share has no digit that was not there.

Where a ruleset has rates, a whole is shared in its own currency, to that currency's minor unit. Beside each share stand
the running totals of its whole up to and before it: lines that book shares convert those, so that the parts of a whole
add up in the company's currency too (docs/decisions/0090).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from sqlglot import exp

from dsl.diagnostics import InternalError
from dsl.span import Span
from engine.ledger.money import MOST_DIGITS, unusual
from engine.model.datatypes import DataType, Family
from engine.model.expression import Grain, ItemOf, LocalOf, TestsOf
from engine.model.ruleset import Allocation, Meta, Ruleset, Shares
from engine.model.schema import IDENTITY_SEPARATOR
from engine.plan.facts import PERIOD
from engine.plan.numbers import Value, at_scale, decimal_type, stored
from engine.plan.relation import Origin, Relation, case, cast, column, named, table
from engine.plan.values.currencies import among_currencies
from engine.plan.values.frame import Frame, Tools
from engine.plan.values.items import Rule, define_answer, survives
from engine.plan.values.lookups import referred
from engine.plan.values.periods import OUTSIDE, periods_frame, speaks_of_period
from engine.plan.values.shares_told import Shared, Way, told
from engine.plan.world import RunStopped, World, date_literal

UNTIL, SINCE = "until", "since"
"""Columns beside a share: its whole's running totals up to it and before it."""

_NUMBER = DataType(Family.NUMBER)
_TEXT = DataType(Family.TEXT)
_WHOLE = "HUGEINT"
_CURRENCY, _STEP = "#currency", "#step"
"""Columns of the parts: the currency of the whole, and how many of the smallest units kept its minor unit is."""


def allocation_name(allocation: Allocation) -> str:
    """The relation of an allocation's shares."""
    return f"allocation {allocation.name}"


def digits_shared(world: World, allocation: Allocation) -> int:
    """Digits behind the point that shares keep: those of the currency's minor unit, none of units."""
    return world.digits if allocation.shares.leftover == "cents" else 0


def define_share(frame: Frame, node: ItemOf) -> None:
    """Give a column of the frame the share of the asker's part, or of the part that a reference or its keys name."""
    if frame.remembered(node) is not None:
        return
    allocation = frame.world.ruleset.allocations[node.item]
    made, on = make_allocation(frame.world, allocation, frame.tools), part_named(frame, node)
    if allocation.shares.over == PERIOD:
        value = _of_period(frame, allocation, node.type, made, on)
    else:
        value = _joined(frame.world, allocation, node.type, frame.join(table(made.name), on))
    frame.remember(node, frame.label_of(frame.define(node.item, value)))


def part_named(frame: Frame, node: ItemOf) -> dict[str, exp.Expr]:
    """The part whose share a row asks for (over periods: the whole), as columns of the shares and what they equal."""
    allocation = frame.world.ruleset.allocations[node.item]
    by_period = allocation.shares.over == PERIOD
    part, given = allocation.grain.rows[0] if by_period else allocation.shares.over, dict(node.keys)
    identity = frame.world.ruleset.kinds[part].record.identity
    frame.prepare(tuple(given.values()), allocation.grain)
    if part in given:
        return {"identity": referred(frame, part, frame.value(given[part]).sql)}
    if frame.has_row(part):
        return {name: frame.field(part, name).sql for name in identity}
    return {name: frame.value(given[name]).sql for name in identity}


def _of_period(frame: Frame, allocation: Allocation, type_: DataType, made: Relation, on: dict[str, exp.Expr]) -> Value:
    """The share of the row's period: nothing in a period that the whole does not reach; missing without a whole."""
    share = _joined(frame.world, allocation, type_, frame.join(table(made.name), {**on, PERIOD: frame.key(PERIOD).sql}))
    held = [column(one) for one in on]
    first = named(exp.Min(this=column(PERIOD)), "some")
    wholes = exp.select(*held, first).from_(table(made.name)).group_by(*(one.copy() for one in held))
    if share.currency is not None:
        wholes = wholes.select(named(exp.Min(this=column(f"{allocation.name}:currency")), "currency"))
    whole = frame.join(wholes, on)
    zero = cast(exp.Literal.number("0"), decimal_type(share.scale or 0))

    def or_nothing(sql: exp.Expr) -> exp.Expr:
        return exp.Coalesce(this=sql, expressions=[zero.copy()])

    known = exp.Not(this=_unknown(column("some", whole)))
    found = replace(share, sql=exp.Case().when(known, or_nothing(share.sql)))
    if share.currency is None or share.along is None:
        return found
    along = (or_nothing(share.along[0]), or_nothing(share.along[1]))
    return replace(found, currency=column("currency", whole), along=along)


def _joined(world: World, allocation: Allocation, type_: DataType, alias: str) -> Value:
    """A share as it stands in its relation, with its currency and running totals where there are any."""
    name, scale = allocation.name, digits_shared(world, allocation)
    value = Value(cast(column(name, alias), decimal_type(scale)), type_, scale)
    if not _has_currency(world, allocation):
        return value
    along = (column(f"{name}:{UNTIL}", alias), column(f"{name}:{SINCE}", alias))
    return replace(value, currency=column(f"{name}:currency", alias), along=along)


def _has_currency(world: World, allocation: Allocation) -> bool:
    return world.converts and allocation.shares.leftover == "cents"


def make_allocation(world: World, allocation: Allocation, tools: Tools) -> Relation:
    """The shares of every part known by the period's end; RunStopped where a whole cannot be shared."""
    name = allocation_name(allocation)
    if world.has(name):
        return world.relation(name)
    if allocation.shares.over == PERIOD:
        return _make_by_period(world, allocation, tools)
    frame = _parts(world, allocation, tools)
    shares = allocation.shares
    partition = [f"{allocation.grain.rows[0]}.{key.name}" for key in allocation.grain.keys]
    shared = define_shares_of(frame, allocation, partition)
    keys = [(one, frame.field(shares.over, one)) for one in world.ruleset.kinds[shares.over].record.identity]
    outputs = [*keys, ("identity", frame.key("identity")), *shares_shown(frame, allocation, shared, partition)]
    rule = Origin(f"allocation {allocation.name}", allocation.span)
    made = frame.relation(name, tuple(one for one, _ in keys), outputs, rule)
    _refuse_without_parts(world, allocation, tools)
    _refuse_late_parts(world, allocation)
    return made


def _make_by_period(world: World, allocation: Allocation, tools: Tools) -> Relation:
    """The share of each period of every whole known; RunStopped where one weighs beyond the days it names."""
    frame = periods_frame(world, allocation, tools)
    shared = define_shares_of(frame, allocation, ["fact"])
    weights = [frame.column(one) for one in frame.values if one.startswith("weight #")]
    some = [exp.NEQ(this=one, expression=exp.Literal.number("0")) for one in weights]
    beyond = exp.and_(frame.column(OUTSIDE), exp.Paren(this=exp.or_(*some, copy=False)), copy=False)
    words = (
        f"`{allocation.name}` weighs in a period that lies outside the days it names of its {allocation.grain.rows[0]}"
    )
    frame.guard("T424", words, (f"allocation {allocation.name}",), beyond)
    keys = [(one.name, frame.key(one.name)) for one in allocation.shares.part_grain.keys]
    outputs = [*keys, ("identity", frame.key("identity")), *shares_shown(frame, allocation, shared, ["fact"])]
    rule = Origin(f"allocation {allocation.name}", allocation.span)
    return frame.relation(allocation_name(allocation), tuple(one for one, _ in keys), outputs, rule)


def shares_shown(
    frame: Frame, allocation: Allocation, shared: Shared, partition: Sequence[str]
) -> list[tuple[str, Value]]:
    """The share as its relation keeps it and how it came about; with its currency and the running totals of its whole
    where there are rates.

    The totals begin where those of the whole begin, if the whole is itself a share of something.
    """
    name, share = allocation.name, frame.value_of(shared.label)
    step = frame.column(_STEP) if _STEP in frame.values else exp.Literal.number("1")
    beside = told(frame, shared, digits_shared(frame.world, allocation), step)
    if not _has_currency(frame.world, allocation):
        return [(name, share), *beside]
    order = [exp.Ordered(this=frame.column(allocation.shares.ties), nulls_first=True)]
    order.append(exp.Ordered(this=frame.column("identity"), nulls_first=True))
    rows = exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW")
    by = [frame.column(one) for one in partition]
    total = exp.Window(
        this=exp.Sum(this=share.sql.copy()), partition_by=by, order=exp.Order(expressions=order), spec=rows
    )
    begun = frame.value_of("#whole").along if "#whole" in frame.values else None
    first = exp.Literal.number("0") if begun is None else begun[1]
    scale = share.scale or 0
    until = exp.Add(this=first.copy(), expression=cast(total, decimal_type(scale)))
    upto = frame.define(f"{name}:{UNTIL}", Value(cast(until, decimal_type(scale)), share.type, scale))
    since = exp.Sub(this=upto.sql.copy(), expression=frame.column(shared.label))
    own = share.currency if share.currency is not None else frame.column(_CURRENCY)
    return [
        (name, replace(share, currency=None)),
        (f"{name}:currency", Value(own, _TEXT)),
        (f"{name}:{UNTIL}", upto),
        (f"{name}:{SINCE}", Value(cast(exp.Paren(this=since), decimal_type(scale)), share.type, scale)),
        *beside,
    ]


def define_shares_of(frame: Frame, allocation: Allocation, partition: Sequence[str]) -> Shared:
    """The column with the share of each row of a frame over parts; rows that agree in `partition` share one whole.

    Missing where a whole cannot be shared to the last cent or unit, which stops the run.
    """
    digits, shares = digits_shared(frame.world, allocation), allocation.shares
    if shares.value is not None:
        whole = frame.define("#whole", frame.lower(shares.value, allocation.grain))
        if _has_currency(frame.world, allocation):
            _define_currency(frame, whole)
    found: list[tuple[str, Shares, TestsOf | None, Meta, tuple[str, ...]]] = [("", shares, None, allocation.meta, ())]
    found += [(one.name, one.shares, one.when, one.meta, one.to) for one in allocation.exceptions if one.shares]
    rules: list[Rule] = []
    numbered: list[tuple[str, int, int]] = []
    for name, way, when, meta, to in found:
        number = len(frame.values) + 1
        label = _define_shares(frame, partition, way, allocation, digits)
        rules.append(Rule(name, when, LocalOf(allocation.type, way.weight.span, False, label), (), meta, to))
        frame.prepare(way.weight, way.part_grain)
        numbered.append((name, number, frame.value(way.weight).scale or 0))
    label = define_answer(frame, allocation.name, rules, allocation.grain, allocation.type, None)
    for way in (shares, *(one.shares for one in allocation.exceptions if one.shares is not None)):
        _guard_missing(frame, allocation, way, label)
    sentence = (
        f"`{allocation.name}` cannot be shared to the last {shares.leftover.rstrip('s')}: no part takes a share, "
        "a weight is under nothing, or the whole or a gift is not rounded"
    )
    frame.guard("T424", sentence, (f"allocation {allocation.name}",), _unknown(frame.column(label)))
    in_play = {one.name: frame.column(f"{allocation.name}?{one.name}") for one in rules if one.name}
    stands = [survives(one, rules, allocation.name, in_play) for one in rules]
    ways = [Way(*one, test) for one, test in zip(numbered, stands, strict=True)]
    return Shared(label, tuple(ways))


def _guard_missing(frame: Frame, allocation: Allocation, shares: Shares, label: str) -> None:
    """Stop the run where nothing says what a part weighs or is given, or whether it takes part at all."""
    frame.prepare((shares.weight, shares.when, tuple((one.value, one.when) for one in shares.gifts)), shares.part_grain)
    takes = exp.true() if shares.when is None else frame.tests(shares.when)
    lacking = [exp.and_(takes, _unknown(frame.value(shares.weight).sql), copy=False), _unknown(exp.Paren(this=takes))]
    for one in shares.gifts:
        given = frame.tests(one.when)
        lacking += [exp.and_(given, _unknown(frame.value(one.value).sql), copy=False), _unknown(exp.Paren(this=given))]
    broken = exp.and_(_unknown(frame.column(label)), exp.Paren(this=exp.or_(*lacking, copy=False)))
    asked = dict.fromkeys(
        " ".join(one.span.text.split()) for one in (shares.weight, *(one.value for one in shares.gifts))
    )
    words = " or ".join(f"`{one}`" for one in asked)
    sentence = (
        f"`{allocation.name}` cannot be shared: {words} is missing for a part, or what says whether it takes part"
    )
    frame.guard("T424", sentence, (f"allocation {allocation.name}",), broken)


def shared_fields(ruleset: Ruleset, whole: str, part: str) -> tuple[str, ...]:
    """What a part and its whole agree on: the keys of the whole where the part has them all, else every field that both
    have."""
    record = ruleset.kinds[whole].record
    if set(record.identity) <= {one.name for one in ruleset.kinds[part].record.columns}:
        return record.identity
    theirs = {one.name for one in record.columns}
    return tuple(one.name for one in ruleset.kinds[part].record.columns if one.name in theirs)


def _parts(world: World, allocation: Allocation, tools: Tools) -> Frame:
    """Facts of the parts, each with the fields of its whole; both known by the period's end."""
    whole, part = allocation.grain.rows[0], allocation.shares.over
    keys = allocation.shares.part_grain.keys
    frame = tools.frame_of(world, Grain("rows", (part,), (), keys, ""), "", True)
    record = world.ruleset.kinds[whole].record
    on = {one: frame.column(one) for one in shared_fields(world.ruleset, whole, part)}
    known = exp.LTE(this=column(record.on or "", "@"), expression=date_literal(world.period.end))
    alias = frame.join(table(world.known(whole)), on, known)
    columns = [(f"{whole}.{one.name}", stored(column(one.name, alias), one.type)) for one in record.columns]
    types = {one.name: one.type for one in record.columns}
    if world.converts and "currency" not in types:
        types["currency"] = _TEXT
        columns.append((f"{whole}.currency", Value(column("currency", alias), _TEXT)))
    frame.define_all(columns)
    frame.fields.update({(whole, name): (f"{whole}.{name}", type_) for name, type_ in types.items()})
    frame.filter(exp.Not(this=_unknown(frame.column(f"{whole}.{record.on}"))))
    return frame


def _unknown(sql: exp.Expr) -> exp.Expr:
    return exp.Is(this=sql, expression=exp.Null())


# ---- sharing ---------------------------------------------------------------------------------------------------------


def _define_shares(frame: Frame, by: Sequence[str], shares: Shares, allocation: Allocation, digits: int) -> str:
    """One way of sharing as a column: the part's share in decimals, missing where the whole cannot be shared so."""
    grain, number = shares.part_grain, len(frame.values) + 1
    frame.prepare((shares.weight, shares.when, tuple((one.value, one.when) for one in shares.gifts)), grain)
    takes = exp.true() if shares.when is None else frame.tests(shares.when)
    gift = _gift(frame, shares, digits)
    weight = frame.value(shares.weight)
    _watch_currency(frame, weight, takes, shares.weight.span)
    for one in shares.gifts:
        _watch_currency(frame, frame.value(one.value), frame.tests(one.when), one.value.span)
    own = None if shares.value is None else frame.lower(shares.value, allocation.grain)
    if own is not None:
        _watch_currency(frame, own, exp.true(), shares.weight.span if shares.value is None else shares.value.span)
    whole = _minor(frame, own if own is not None else frame.value_of("#whole"), digits)
    zero = exp.Literal.number("0")
    weighed = exp.Case().when(takes, _whole_number(weight)).when(exp.Not(this=takes.copy()), zero)
    labels = {one: f"{one} #{number}" for one in ("whole", "gift", "weight", "rest", "all", "floor", "remainder")}
    frame.define_all(
        [(labels["whole"], _value(whole)), (labels["gift"], _value(gift)), (labels["weight"], _value(weighed))]
    )
    partition = [frame.column(one) for one in by]

    def summed(name: str) -> exp.Expr:
        return cast(
            exp.Window(this=exp.Sum(this=frame.column(labels[name])), partition_by=[one.copy() for one in partition]),
            _WHOLE,
        )

    given = summed("gift") if shares.value is None else zero.copy()
    rest = exp.Paren(this=exp.Sub(this=frame.column(labels["whole"]), expression=given))
    frame.define_all([(labels["rest"], _value(rest)), (labels["all"], _value(summed("weight")))])
    over = exp.Nullif(this=frame.column(labels["all"]), expression=zero.copy())
    part = exp.Paren(
        this=exp.Mul(this=exp.Abs(this=frame.column(labels["rest"])), expression=frame.column(labels["weight"]))
    )
    floor = exp.Paren(this=exp.IntDiv(this=part, expression=over))
    remainder = exp.Paren(this=exp.Mod(this=part.copy(), expression=over.copy()))
    frame.define_all([(labels["floor"], _value(floor)), (labels["remainder"], _value(remainder))])
    order = exp.Order(
        expressions=[
            exp.Ordered(this=frame.column(labels["remainder"]), desc=True, nulls_first=False),
            exp.Ordered(this=frame.column(shares.ties), nulls_first=True),
            exp.Ordered(this=frame.column("identity"), nulls_first=True),
        ]
    )
    place = exp.Window(this=exp.RowNumber(), partition_by=[one.copy() for one in partition], order=order)
    spare = exp.Sub(this=exp.Abs(this=frame.column(labels["rest"])), expression=summed("floor"))
    one_more = (
        exp.Case()
        .when(exp.LTE(this=place, expression=exp.Paren(this=spare)), exp.Literal.number("1"))
        .else_(zero.copy())
    )
    frame.define(f"one more #{number}", _value(one_more))
    return _share(frame, shares, labels, number, digits, _unshared(frame, shares))


def _unshared(frame: Frame, shares: Shares) -> exp.Expr | None:
    """Whether a whole is not shared at all: a test that is the same in all its periods does not hold."""
    if shares.over != PERIOD or shares.when is None or speaks_of_period(frame.world.ruleset, shares.when):
        return None
    return exp.Not(this=frame.tests(shares.when))


def _share(
    frame: Frame, shares: Shares, labels: dict[str, str], number: int, digits: int, unshared: exp.Expr | None
) -> str:
    """Gift and part together, with the sign of what was left; nothing shared needs no weight."""
    zero = exp.Literal.number("0")
    nothing = exp.EQ(this=frame.column(labels["rest"]), expression=zero)
    taken = exp.Add(this=frame.column(labels["floor"]), expression=frame.column(f"one more #{number}"))
    signed = exp.Mul(this=exp.Sign(this=frame.column(labels["rest"])), expression=exp.Paren(this=taken))
    minor: exp.Expr = exp.Add(
        this=frame.column(labels["gift"]),
        expression=exp.Paren(this=exp.Case().when(nothing, zero.copy()).else_(signed)),
    )
    negative = exp.LT(this=frame.column(labels["weight"]), expression=zero.copy())
    unit = cast(exp.Literal.number(f"{Decimal(1).scaleb(-digits):f}"), decimal_type(digits))
    if _STEP in frame.values:
        minor = exp.Mul(this=exp.Paren(this=minor), expression=frame.column(_STEP))
    exact = exp.Mul(this=cast(exp.Paren(this=minor), decimal_type(0)), expression=unit)
    value = exp.Case().when(negative, exp.Null()).else_(cast(exact, decimal_type(digits)))
    if unshared is not None:
        value = exp.Case().when(unshared, cast(zero.copy(), decimal_type(digits))).else_(value)
    type_ = shares.weight.type if shares.value is None else shares.value.type
    own = frame.column(_CURRENCY) if _STEP in frame.values else None
    return frame.label_of(frame.define(f"share #{number}", Value(value, type_, digits, currency=own)))


def _define_currency(frame: Frame, whole: Value) -> None:
    """The currency of each row's whole, and the step of its minor unit."""
    reporting = exp.Literal.string(frame.world.ruleset.head.currency)
    own = reporting if whole.currency is None else exp.Coalesce(this=whole.currency.copy(), expressions=[reporting])
    frame.define(_CURRENCY, Value(own, _TEXT))
    steps = []
    for digits, names in unusual().items():
        steps.append(
            (among_currencies(frame.column(_CURRENCY), names), exp.Literal.number(str(10 ** (MOST_DIGITS - digits))))
        )
    frame.define(_STEP, _value(case(steps, exp.Literal.number(str(10 ** (MOST_DIGITS - 2))))))


def _watch_currency(frame: Frame, value: Value, taken: exp.Expr, span: Span) -> None:
    """Watch that a weight or a gift that is money is of the currency of its whole."""
    if _STEP not in frame.values or value.currency is None:
        return
    said = " ".join(span.text.split())
    differ = exp.NEQ(this=value.currency.copy(), expression=frame.column(_CURRENCY))
    words: exp.Expr = value.currency.copy()
    for part in (exp.Literal.string(" in a whole in "), frame.column(_CURRENCY), exp.Literal.string(" of ")):
        words = exp.DPipe(this=words, expression=part)
    words = exp.DPipe(this=words, expression=frame.column("identity"))
    broken = exp.and_(exp.Paren(this=taken.copy()), differ, copy=False)
    frame.watch("T202", f"`{said}`: money of two currencies meets, ", (said,), broken, words)


def _gift(frame: Frame, shares: Shares, digits: int) -> exp.Expr:
    """What a part is given before the rest is shared, in minor units; the first gift whose test holds."""
    zero = exp.Literal.number("0")
    answers: list[tuple[exp.Expr, exp.Expr]] = []
    for one in shares.gifts:
        given = frame.tests(one.when)
        answers.append((_unknown(exp.Paren(this=given.copy())), exp.Null()))
        answers.append((given, _minor(frame, frame.value(one.value), digits)))
    return case(answers, zero) if answers else zero


def _minor(frame: Frame, value: Value, digits: int) -> exp.Expr:
    """A value in minor units as a whole number; missing where it has finer digits, so that nothing is rounded away."""
    if value.over is not None or value.scale is None:
        raise InternalError("a quotient reached an allocation; check refuses it")
    if value.scale <= digits:
        units = _whole_number(Value(at_scale(value, digits), value.type, digits))
        return units if _STEP not in frame.values else _whole_times(units, frame.column(_STEP))
    finer = exp.Literal.number(str(10 ** (value.scale - digits)))
    step = finer if _STEP not in frame.values else exp.Mul(this=finer, expression=frame.column(_STEP))
    return _whole_times(_whole_number(value), exp.Paren(this=step))


def _whole_times(units: exp.Expr, step: exp.Expr) -> exp.Expr:
    """How many steps some units are; missing where they are no whole number of them."""
    exact = exp.EQ(this=exp.Mod(this=units, expression=step), expression=exp.Literal.number("0"))
    return exp.Case().when(exact, exp.IntDiv(this=units.copy(), expression=step.copy())).else_(exp.Null())


def _whole_number(value: Value) -> exp.Expr:
    """A decimal as a whole number of its last digit."""
    scale = value.scale or 0
    ten = cast(exp.Literal.number(str(10**scale)), decimal_type(0))
    return exp.Paren(this=cast(exp.Mul(this=at_scale(value, scale), expression=ten), _WHOLE))


def _value(sql: exp.Expr) -> Value:
    return Value(cast(sql, _WHOLE), _NUMBER, 0)


def _refuse_without_parts(world: World, allocation: Allocation, tools: Tools) -> None:
    """A whole of something that has no part is lost money: the run stops and names it."""
    whole, part = allocation.grain.rows[0], allocation.shares.over
    if allocation.shares.value is None:
        return
    frame = tools.frame_of(world, allocation.grain, "", True)
    frame.define("#whole", frame.lower(allocation.shares.value, allocation.grain))
    on = {one: frame.column(one) for one in shared_fields(world.ruleset, whole, part)}
    keys = exp.select(*(column(one) for one in on), named(exp.Min(this=column("fact")), "fact"))
    keys = keys.from_(table(world.known(part))).group_by(*(column(one) for one in on))
    alias = frame.join(keys, on)
    some = exp.NEQ(this=frame.column("#whole"), expression=exp.Literal.number("0"))
    shown = [frame.column(key.name) for key in allocation.grain.keys]
    query = frame.rows_query([]).select(*shown, copy=False).where(some, _unknown(column("fact", alias)), copy=False)
    found = world.executor.rows(query.order_by(*(one.copy() for one in shown)).limit(1))
    if found:
        where = ", ".join(str(one) for one in found[0] if one is not None)
        raise RunStopped(
            "T424",
            f"`{allocation.name}` has nothing to share {whole} {where} over: no {part} belongs to it",
            (f"allocation {allocation.name}",),
        )


def _refuse_late_parts(world: World, allocation: Allocation) -> None:
    """A part that comes to a whole which a hard close shared would change what is posted: the run stops, naming it."""
    whole, part = allocation.grain.rows[0], allocation.shares.over
    if not world.follows or part not in world.closed:
        return
    world.known(part)
    keys = shared_fields(world.ruleset, whole, part)
    same = [exp.NullSafeEQ(this=column(one, "n"), expression=column(one, "c")) for one in keys]
    query = exp.select(column("identity", "n")).from_(table(world.facts(part), "n"))
    query = query.join(table(f"{part} closed", "c"), on=exp.and_(*same, copy=False), copy=False)
    found = world.executor.rows(query.order_by(column("identity", "n")).limit(1))
    if found:
        raise RunStopped(
            "T424",
            f"`{allocation.name}` was shared by a hard close before {part} {_in_words(found[0][0])} became known, and "
            f"what its {whole} posted would change; leave it out by an adjustment, or give it a {whole} of its own",
            (f"allocation {allocation.name}",),
        )


def _in_words(identity: object) -> str:
    return str(identity).replace(IDENTITY_SEPARATOR, " ").strip()
