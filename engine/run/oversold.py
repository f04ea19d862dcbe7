"""Units sold beyond stock, as exceptions: those that wait for a receipt, and those that took the last price.

One for each pool; what the rules say of oversold units is a phrase of their layers, so that is where its rule stands.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlglot import exp

from dsl import syntax
from engine.ledger.money import minor_digits
from engine.model.datatypes import Family
from engine.model.ruleset import Layers, Ruleset
from engine.plan.relation import cast, column, named, table
from engine.plan.units.stock import union_all
from engine.plan.values.frames import carried_type
from engine.plan.world import World, empty
from engine.run.conditions import BEYOND_STOCK, OVERSELL, Raised, Row, digest_of
from engine.run.said import number, place, said

WAIT, LAST_PRICE = "wait for the next receipt", "took the last price, which the next receipt settles"
SEVERITY = "high"
"""What units sold beyond stock are worth looking at: revenue or cost of them is not what it will be."""


@dataclass(slots=True)
class _Pool:
    """What is found of one pool: units that wait and units that took the last price, their worth where it is known."""

    units: dict[str, Decimal] = field(default_factory=dict)
    worth: Decimal | None = Decimal(0)
    content: list[str] = field(default_factory=list)


def oversold(world: World) -> list[Raised]:
    """An exception for each pool that sold more than it held, in the order of the pools' keys."""
    if not world.has("unit-waiting"):
        return []
    layers = next(iter(world.ruleset.layers.values()))
    keys = [key.name for key in layers.grain.keys]
    found: dict[Row, _Pool] = {}
    for cells in world.executor.rows(_units(world, layers, keys)):
        *key, how, day, bucket, quantity, price, over = cells
        row = tuple((name, None if one is None else said(one)) for name, one in zip(keys, key, strict=True))
        _add(found.setdefault(row, _Pool()), str(how), _units_of(quantity), price, over)
        found[row].content.append(f"{how} {day} {bucket} {quantity}")
    digits = minor_digits(world.ruleset.head.currency)
    return [_raised(world.ruleset, layers, row, pool, digits) for row, pool in found.items()]


def owner_of(close: syntax.Close | None, needed: Iterable[str] = ()) -> str:
    """Whose an exception of no rule is: who does the first step of a close that needs one of some names, else the
    first step; empty where there is none."""
    steps = [one for one in close.lines if isinstance(one, syntax.Step)] if close is not None else []
    names = frozenset(needed)
    chosen = [one for one in steps if names & {need.text for need in one.needs}] or steps
    return next((role.text for one in chosen for role in one.by), "")


def phrase_of(layers: Layers) -> str:
    """Where the rules say what becomes of units sold beyond stock, as file:line."""
    return str(place(dict(layers.phrases).get("Oversell", layers.span)))


def _units(world: World, layers: Layers, keys: list[str]) -> exp.Query:
    """Every sale beyond stock: its pool's keys, what became of it, day, bucket, thousandths of units, and the price of
    the layer opened last, a quotient."""
    origin = world.relation("layer origin")
    price = _price(world, layers)
    zero, one = exp.Null(), exp.Literal.number("1")
    top: exp.Expr = column(price, "o") if price and price in origin.column_names else zero
    bottom: exp.Expr = column(f"{price}:over", "o") if f"{price}:over" in origin.column_names else one
    waiting = exp.select(
        column("pool", "w"), column("event", "w"), named(exp.Literal.string(WAIT), "how"), column("date", "w"),
        column("bucket", "w"), column("quantity", "w"), column("layer", "l"),
    )  # fmt: skip
    last = exp.EQ(this=column("pool", "l"), expression=column("pool", "w"))
    waiting = waiting.from_(table("unit-waiting", "w")).join(table("unit-last", "l"), on=last, join_type="left")
    owed = exp.select(
        column("pool"), column("event"), named(exp.Literal.string(LAST_PRICE), "how"), named(empty("DATE"), "date"),
        column("bucket"), column("quantity"), column("layer"),
    ).from_(table("unit-owed"))  # fmt: skip
    pooled = exp.EQ(this=column("pool", "p"), expression=column("pool", "s"))
    opened = exp.EQ(this=column("layer", "o"), expression=column("layer", "s"))
    shown = [column(key, "p") for key in keys]
    query = exp.select(
        *shown, *(column(name, "s") for name in ("how", "date", "bucket", "quantity")),
        named(cast(top, "DECIMAL(38, 12)"), "price"), named(cast(bottom, "DECIMAL(38, 12)"), "over"),
    )  # fmt: skip
    query = query.from_(union_all([waiting, owed]).subquery(exp.to_identifier("s", quoted=True)))
    query = query.join(table("pool", "p"), on=pooled).join(table("layer origin", "o"), on=opened, join_type="left")
    order = [*(one.copy() for one in shown), column("how", "s"), column("event", "s")]
    return query.order_by(*(exp.Ordered(this=one, nulls_first=True) for one in order))


def _price(world: World, layers: Layers) -> str:
    """The first carried price, where it can be in no other currency than that of reports; else empty."""
    if world.converts:
        return ""
    return next((one for one in layers.carried if carried_type(world, one).family is Family.PRICE), "")


def _units_of(quantity: Any) -> Decimal:
    return Decimal(int(quantity)).scaleb(-3)


def _add(pool: _Pool, how: str, units: Decimal, price: Any, over: Any) -> None:
    pool.units[how] = pool.units.get(how, Decimal(0)) + units
    known = isinstance(price, Decimal) and isinstance(over, Decimal) and over
    pool.worth = pool.worth + units * price / over if known and pool.worth is not None else None


def _raised(ruleset: Ruleset, layers: Layers, row: Row, pool: _Pool, digits: int) -> Raised:
    sentence = "; ".join(f"{number(units)} units sold beyond stock {how}" for how, units in sorted(pool.units.items()))
    worth = None
    if pool.worth is not None:
        worth = pool.worth.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
        sentence += f", {worth:,.{digits}f} {ruleset.head.currency} at the last price"
    owner = owner_of(ruleset.close, ruleset.reconciliations)
    digest = digest_of((sentence, SEVERITY, owner, *sorted(pool.content)))
    return Raised(
        OVERSELL, BEYOND_STOCK, row, "", SEVERITY, (OVERSELL,), owner, worth, sentence, digest, phrase_of(layers)
    )
