"""Combinations of keys that occur: with stock, in a fact known by the period's end, or with a balance.

A combination stays from the first period that has it, so that a target which falls to nothing still releases what
was booked (language reference, section 5, Grain).
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from engine.model.binding.terms import CALENDAR_WORDS
from engine.model.datatypes import DataType, Family
from engine.model.expression import Grain, Key
from engine.model.posting_order import needs_balances
from engine.model.ruleset import Ruleset
from engine.plan.facts import reaches_beyond
from engine.plan.posting.balances import DIMENSIONS
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.units.stock import union_all
from engine.plan.world import World, date_literal


def kinds_having(ruleset: Ruleset, names: Sequence[str]) -> tuple[str, ...]:
    """Kinds whose facts have every one of some keys."""
    wanted = set(names)
    fed = (kind for kind in ruleset.kinds.values() if not kind.told)
    return tuple(kind.name for kind in fed if wanted <= {one.name for one in kind.record.columns})


def beside(ruleset: Ruleset, grain: Grain) -> tuple[str, ...]:
    """The keys of a grain of facts that no field of the fact is: registers and words of the calendar."""
    record = ruleset.kinds[grain.rows[0]].record
    own = {one.name for one in record.columns}
    return tuple(key.name for key in grain.keys if key.name not in own)


def of_stock_alone(ruleset: Ruleset, names: Sequence[str]) -> bool:
    """Whether combinations are those of stock: it is kept by all of them, and no rule asks for balances."""
    stock = ruleset.stock
    return stock is not None and set(names) <= set(stock.keys) and not needs_balances(ruleset)


def named_keys(grain: Grain) -> list[Key]:
    """The keys of a grain that are no words of the calendar."""
    return [key for key in grain.keys if key.name not in CALENDAR_WORDS]


def make_keys(world: World, grain: Grain, by_currency: bool = False) -> str:
    """The relation of the combinations that occur for a grain, with the currencies of their money if asked for."""
    keys = named_keys(grain)
    names = [key.name for key in keys]
    if by_currency:
        return _make_keys_by_currency(world, keys)
    alone = of_stock_alone(world.ruleset, names)
    name = f"keys {', '.join(names)}" + (f" with {world.balances}" if world.balances and not alone else "")
    if world.has(name):
        return name
    branches: list[exp.Query] = []
    if world.has("stock key") and set(names) <= set(world.relation("stock key").column_names):
        branches.append(exp.select(*(column(one) for one in names)).from_(table("stock key")))
    if not alone:
        branches += [_of_pairs(world, source, keys) for source in paired_grains(world.ruleset, names)]
        branches += [_of_facts(world, kind, keys) for kind in kinds_having(world.ruleset, names)]
        if world.balances and set(names) <= set(DIMENSIONS):
            branches.append(_complete(exp.select(*(column(one) for one in names)).from_(table(world.balances)), names))
    rows = union_all(branches).subquery("occurring")
    query = exp.select(*(column(one) for one in names)).distinct().from_(rows)
    columns = tuple((key.name, key.type.storage) for key in keys)
    world.add(Relation(name, tuple(names), columns, query, Origin("keys that occur")))
    return name


def _make_keys_by_currency(world: World, keys: Sequence[Key]) -> str:
    """Combinations of keys and currencies that occur in facts and balances; stock has no currency."""
    names = [key.name for key in keys]
    name = f"keys {', '.join((*names, 'currency'))}" + (f" with {world.balances}" if world.balances else "")
    if world.has(name):
        return name
    all_keys = [*keys, Key("currency", DataType(Family.TEXT))]
    all_names = [*names, "currency"]
    branches: list[exp.Query] = [_of_pairs(world, source, all_keys) for source in paired_grains(world.ruleset, names)]
    branches += [_of_facts(world, kind, all_keys) for kind in kinds_having(world.ruleset, names)]
    if world.balances and set(names) <= set(DIMENSIONS):
        held = exp.select(*(column(one) for one in all_names)).from_(table(world.balances))
        branches.append(_complete(held, all_names))
    query = exp.select(*(column(one) for one in all_names)).distinct().from_(union_all(branches).subquery("occurring"))
    columns = tuple((key.name, key.type.storage) for key in all_keys)
    world.add(Relation(name, tuple(all_names), columns, query, Origin("keys that occur")))
    return name


def _of_facts(world: World, kind: str, keys: Sequence[Key]) -> exp.Select:
    record = world.ruleset.kinds[kind].record
    query = exp.select(*(named(cast(column(key.name), key.type.storage), key.name) for key in keys))
    query = query.from_(table(world.known(kind)))
    if record.on and reaches_beyond(world.ruleset, kind):
        query = query.where(exp.LTE(this=column(record.on), expression=date_literal(world.period.end)))
    return _complete(query, [key.name for key in keys])


def _of_pairs(world: World, grain: Grain, keys: Sequence[Key]) -> exp.Select:
    """Keys of facts beside the registers they are paired with; every register row counts.

    Facts are brought down to the keys they tell apart before they are paired, however many there are.
    """
    kind, others = grain.rows[0], beside(world.ruleset, grain)
    own = [key for key in keys if key.name not in others]
    told = [named(cast(column(key.name), key.type.storage), key.name) for key in own]
    facts = exp.select(*(told or [named(exp.true(), "some fact")])).distinct().from_(table(world.known(kind)))
    query = exp.select(*(named(cast(column(key.name), key.type.storage), key.name) for key in keys))
    query = query.from_(facts.subquery(exp.to_identifier("fact", quoted=True)))
    for other in others:
        identity = world.ruleset.registers[other].record.identity[0]
        rows = exp.select(named(column(identity), other)).distinct().from_(table(other))
        query = query.join(rows.subquery(exp.to_identifier(f"of {other}", quoted=True)), join_type="cross", copy=False)
    return _complete(query, [key.name for key in own])


def paired_grains(ruleset: Ruleset, names: Sequence[str]) -> list[Grain]:
    """Grains of amounts that pair facts with registers and have all of some keys, some of them of a register."""
    found: dict[str, Grain] = {}
    for amount in ruleset.amounts.values():
        grain = amount.grain
        if grain.form != "rows" or len(grain.rows) != 1 or grain.rows[0] not in ruleset.kinds:
            continue
        others = [name for name in beside(ruleset, grain) if name in ruleset.registers]
        own = {one.name for one in ruleset.kinds[grain.rows[0]].record.columns}
        if set(others) & set(names) and set(names) <= own | set(others):
            found.setdefault(f"{grain.rows[0]} {others}", grain)
    return list(found.values())


def _complete(query: exp.Select, names: Sequence[str]) -> exp.Select:
    """Only rows that have every key: the company alone may be left unsaid."""
    given = [exp.Not(this=exp.Is(this=column(one), expression=exp.Null())) for one in names if one != "company"]
    return query.where(*given, copy=False) if given else query
