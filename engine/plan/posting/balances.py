"""Balances of the ledger as posted so far, by role and dimension, and `balance of ROLE` read from them."""

from __future__ import annotations

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.datatypes import Family
from engine.model.expression import Grain, LedgerBalance
from engine.plan.numbers import Value, decimal_type
from engine.plan.relation import Origin, Relation, case, cast, column, named, table
from engine.plan.units.stock import union_all
from engine.plan.values.currencies import GREATEST, LEAST, company_currency, is_in_company_currency, one_currency
from engine.plan.values.frame import Frame
from engine.plan.world import World, date_literal

DIMENSIONS = ("company", "partner", "part", "programme", "authorisation")
"""What balances are kept by, beside their role and currency."""

_KEPT_BY = ("role", *DIMENSIONS, "currency")


def make_balances(world: World, postings: str) -> None:
    """Balances by role and dimension, on the role's normal side: those so far and what `postings` adds.

    What hard closes left comes in with the first.
    """
    money = world.relation(postings).type_of("amount")
    kept = measures(world)
    same = exp.EQ(this=column("role", "a"), expression=column("role", "p"))
    on_normal = exp.EQ(this=column("side", "p"), expression=column("normal", "a"))
    signed = [
        named(exp.Case().when(on_normal.copy(), column(one, "p")).else_(exp.Neg(this=column(one, "p"))), one)
        for one in kept
    ]
    moved = exp.select(*(column(one, "p") for one in _KEPT_BY), *signed)
    moved = moved.from_(table(postings, "p")).join(table("account", "a"), on=same, copy=False)
    branches: list[exp.Query] = [moved]
    earlier = world.balances or ("handed balance" if "handed balance" in world.given else None)
    if earlier is not None:
        branches.append(exp.select(*(column(one) for one in (*_KEPT_BY, *kept))).from_(table(earlier)))
    totals = [named(cast(exp.Sum(this=column(one, "b")), money), one) for one in kept]
    query = exp.select(*(column(one, "b") for one in _KEPT_BY), *totals)
    query = query.from_(union_all(branches).subquery(exp.to_identifier("b", quoted=True)))
    query = query.group_by(*(column(one, "b") for one in _KEPT_BY))
    columns = (*((one, "VARCHAR") for one in _KEPT_BY), *((one, money) for one in kept))
    name = f"balance after {postings}"
    world.add(Relation(name, _KEPT_BY, columns, query, Origin("balances")))
    world.balances = name


def measures(world: World) -> tuple[str, ...]:
    """What is summed: the amount, and where there are rates what it is booked at in the company's currency."""
    return ("amount", "booked") if world.converts else ("amount",)


def define_balance(frame: Frame, node: LedgerBalance) -> None:
    """Give the balance of a role, at the asker's keys, a column of the frame; 0 where nothing was posted.

    In its company's currency it is what was booked; else it is of one currency, of the asker's where that has one. A
    row that asks for the balance of another day than the period's end finds it missing: only that one is known.
    """
    if frame.remembered(node) is not None:
        return
    world = frame.world
    measure = "booked" if node.company_currency and world.converts else "amount"
    days = [value for _, value in node.keys if value.type.family is Family.DATE]
    keys = [name for name, value in node.keys if name != "currency" and value not in days]
    frame.prepare((tuple(value for _, value in node.keys), node.role), Grain("once", (), (), (), ""))
    asked = {name: frame.value(value).sql for name, value in node.keys if name in keys}
    asked["role"] = frame.value(node.role).sql
    own = balance_currency(frame, node) if world.converts else None
    if own is not None and (measure == "amount" or not node.type.domain):
        keys.append("currency")
        asked["currency"] = own.copy()
    several = world.converts and own is None
    ends = [named(exp.Min(this=column("currency")), LEAST), named(exp.Max(this=column("currency")), GREATEST)]
    total = named(exp.Sum(this=column(measure)), "amount")
    grouped = exp.select(column("role"), *(column(name) for name in keys), total, *(ends if several else []))
    grouped = grouped.from_(_balances_in(world, node.book)).group_by(column("role"), *(column(name) for name in keys))
    alias = frame.join(grouped, {"role": asked["role"], **{name: asked[name] for name in keys}})
    held: exp.Expr = exp.Coalesce(this=column("amount", alias), expressions=[exp.Literal.number("0")])
    for day in days:
        at_end = exp.EQ(this=frame.value(day).sql, expression=date_literal(world.period.end))
        held = case([(at_end, held)])
    if several:
        own = one_currency(frame, node.span, alias)
    value = Value(cast(held, decimal_type(world.digits)), node.type, world.digits, currency=own)
    frame.remember(node, frame.label_of(frame.define(f"balance #{len(frame.values) + 1}", value)))


def _balances_in(world: World, book: str) -> exp.Expr:
    """The balances as posted so far of the book named, else of the book worked on."""
    if book in ("", world.book):
        return table(world.balances)
    other = world.books.get(book)
    if other is None or not other.balances:
        raise InternalError(f"the balances of book {book} are read before it has posted")
    return table(other.balances, namespace=other.executor.namespace)


def balance_currency(frame: Frame, node: LedgerBalance) -> exp.Expr | None:
    """The currency a balance is asked in: the one its type names, else that of the asker's rows."""
    if is_in_company_currency(node.type):
        return company_currency(frame)
    if node.type.domain:
        return exp.Literal.string(node.type.domain)
    return frame.own_currency() if frame.by_currency else None


def make_ledger_balances(world: World) -> str:
    """The balances as posted so far as rows that rules read, with what their roles are in the accounts."""
    name = f"ledger {world.balances}"
    if world.has(name):
        return name
    base = world.relation(world.balances)
    same = exp.EQ(this=column("role", "a"), expression=column("role", "b"))
    accounts = [column(one, "a") for one in ("nature", "normal")]
    query = exp.select(*(column(one, "b") for one in base.column_names), *accounts)
    query = query.from_(table(base.name, "b")).join(table("account", "a"), on=same, copy=False)
    columns = (*base.columns, ("nature", "VARCHAR"), ("normal", "VARCHAR"))
    world.add(Relation(name, base.grain, columns, query, Origin("balances"), stored=False))
    return name
