"""Balances of the ledger as posted so far, by role and dimension, and `balance of ROLE` read from them."""

from __future__ import annotations

from sqlglot import exp

from engine.model.expression import Grain, LedgerBalance
from engine.plan.frame import Frame
from engine.plan.numbers import Value, decimal_type
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.stock import union_all
from engine.plan.world import World

DIMENSIONS = ("company", "partner", "part", "programme", "authorisation")
"""What balances are kept by, beside their role and currency."""

_KEPT_BY = ("role", *DIMENSIONS, "currency")


def make_balances(world: World, postings: str) -> None:
    """Balances by role and dimension, on the role's normal side: those so far and what `postings` adds.

    What hard closes left comes in with the first.
    """
    money = world.relation(postings).type_of("amount")
    same = exp.EQ(this=column("role", "a"), expression=column("role", "p"))
    on_normal = exp.EQ(this=column("side", "p"), expression=column("normal", "a"))
    signed = exp.Case().when(on_normal, column("amount", "p")).else_(exp.Neg(this=column("amount", "p")))
    moved = exp.select(*(column(one, "p") for one in _KEPT_BY), named(signed, "amount"))
    moved = moved.from_(table(postings, "p")).join(table("account", "a"), on=same, copy=False)
    branches: list[exp.Query] = [moved]
    earlier = world.balances or ("handed balance" if "handed balance" in world.given else None)
    if earlier is not None:
        branches.append(exp.select(*(column(one) for one in (*_KEPT_BY, "amount"))).from_(table(earlier)))
    total = named(cast(exp.Sum(this=column("amount", "b")), money), "amount")
    query = exp.select(*(column(one, "b") for one in _KEPT_BY), total)
    query = query.from_(union_all(branches).subquery(exp.to_identifier("b", quoted=True)))
    query = query.group_by(*(column(one, "b") for one in _KEPT_BY))
    columns = (*((one, "VARCHAR") for one in _KEPT_BY), ("amount", money))
    name = f"balance after {postings}"
    world.add(Relation(name, _KEPT_BY, columns, query, Origin("balances")))
    world.balances = name


def define_balance(frame: Frame, node: LedgerBalance) -> None:
    """Give the balance of a role, at the asker's keys, a column of the frame; 0 where nothing was posted."""
    if frame.remembered(node) is not None:
        return
    world = frame.world
    scale = world.digits
    keys = [name for name, _ in node.keys]
    frame.prepare((tuple(value for _, value in node.keys), node.role), Grain("once", (), (), (), ""))
    total = named(exp.Sum(this=column("amount")), "amount")
    grouped = exp.select(column("role"), *(column(name) for name in keys), total).from_(table(world.balances))
    grouped = grouped.group_by(column("role"), *(column(name) for name in keys))
    asked = {"role": frame.value(node.role).sql, **{name: frame.value(value).sql for name, value in node.keys}}
    alias = frame.join(grouped, asked)
    held = exp.Coalesce(this=column("amount", alias), expressions=[exp.Literal.number("0")])
    value = Value(cast(held, decimal_type(scale)), node.type, scale)
    frame.remember(node, frame.label_of(frame.define(f"balance #{len(frame.values) + 1}", value)))
