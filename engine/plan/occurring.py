"""Combinations of keys that occur: with stock, in a fact known by the period's end, or with a balance.

A combination stays from the first period that has it, so that a target which falls to nothing still releases what
was booked (language reference, section 5, Grain).
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from engine.model.binding.terms import CALENDAR_WORDS
from engine.model.expression import Grain, Key
from engine.model.posting_order import needs_balances
from engine.model.ruleset import Ruleset
from engine.plan.balances import DIMENSIONS
from engine.plan.facts import reaches_beyond
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.stock import union_all
from engine.plan.world import World, date_literal


def kinds_having(ruleset: Ruleset, names: Sequence[str]) -> tuple[str, ...]:
    """Kinds whose facts have every one of some keys."""
    wanted = set(names)
    return tuple(kind.name for kind in ruleset.kinds.values() if wanted <= {one.name for one in kind.record.columns})


def of_stock_alone(ruleset: Ruleset, names: Sequence[str]) -> bool:
    """Whether combinations are those of stock: it is kept by all of them, and no rule asks for balances."""
    stock = ruleset.stock
    return stock is not None and set(names) <= set(stock.keys) and not needs_balances(ruleset)


def named_keys(grain: Grain) -> list[Key]:
    """The keys of a grain that are no words of the calendar."""
    return [key for key in grain.keys if key.name not in CALENDAR_WORDS]


def make_keys(world: World, grain: Grain) -> str:
    """The relation of the combinations that occur for a grain."""
    keys = named_keys(grain)
    names = [key.name for key in keys]
    alone = of_stock_alone(world.ruleset, names)
    name = f"keys {', '.join(names)}" + (f" with {world.balances}" if world.balances and not alone else "")
    if world.has(name):
        return name
    branches: list[exp.Query] = []
    if world.has("stock key") and set(names) <= set(world.relation("stock key").column_names):
        branches.append(exp.select(*(column(one) for one in names)).from_(table("stock key")))
    if not alone:
        branches += [_of_facts(world, kind, keys) for kind in kinds_having(world.ruleset, names)]
        if world.balances and set(names) <= set(DIMENSIONS):
            branches.append(_complete(exp.select(*(column(one) for one in names)).from_(table(world.balances)), names))
    rows = union_all(branches).subquery("occurring")
    query = exp.select(*(column(one) for one in names)).distinct().from_(rows)
    columns = tuple((key.name, key.type.storage) for key in keys)
    world.add(Relation(name, tuple(names), columns, query, Origin("keys that occur")))
    return name


def _of_facts(world: World, kind: str, keys: Sequence[Key]) -> exp.Select:
    record = world.ruleset.kinds[kind].record
    query = exp.select(*(named(cast(column(key.name), key.type.storage), key.name) for key in keys))
    query = query.from_(table(world.known(kind)))
    if record.on and reaches_beyond(world.ruleset, kind):
        query = query.where(exp.LTE(this=column(record.on), expression=date_literal(world.period.end)))
    return _complete(query, [key.name for key in keys])


def _complete(query: exp.Select, names: Sequence[str]) -> exp.Select:
    """Only rows that have every key: the company alone may be left unsaid."""
    given = [exp.Not(this=exp.Is(this=column(one), expression=exp.Null())) for one in names if one != "company"]
    return query.where(*given, copy=False) if given else query
