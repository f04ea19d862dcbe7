"""What a hard close hands to the next period, as queries over the run by the name the next run is given them under.

Rows grow with layers and keys, not with events: stock by key, balances by dimension, open units and layers, the
adjustments that must be remembered, and the reconciliation's rows of the last periods.
"""

from __future__ import annotations

from sqlglot import exp

from engine.plan.adjust import handed_adjustments
from engine.plan.books import of_book
from engine.plan.facts import fact_columns
from engine.plan.posting.corrections import handed_corrections
from engine.plan.posting.reversals import HANDED, handed_reversal
from engine.plan.refusals.offered import HISTORY_PERIODS
from engine.plan.relation import column, named, table
from engine.plan.reports import handed_balance
from engine.plan.told import handed_exceptions
from engine.plan.units.slices import handed_layers
from engine.plan.units.stock import key_types
from engine.plan.values.closed_sums import handed_sums
from engine.plan.values.frames import TOOLS
from engine.plan.values.limits import handed_limits
from engine.plan.world import World


def hand_over(world: World) -> dict[str, exp.Query]:
    """Every hand-over relation of a run, those of other books after those of the book that posts; each query is in a
    total order."""
    found = _of_world(world)
    for other in world.books.values():
        if other is not world:
            found |= of_book(other, _of_world(other))
    return {name: _ordered(query) for name, query in found.items()}


def _of_world(world: World) -> dict[str, exp.Query]:
    found = dict(handed_adjustments(world))
    if world.has("stock"):
        keys = [*key_types(world), "bucket"]
        some = exp.NEQ(this=column("closing"), expression=exp.Literal.number("0"))
        stock = (
            exp.select(*(column(key) for key in keys), named(column("closing"), "quantity"))
            .from_(table("stock"))
            .where(some)
        )
        found["handed stock"] = stock
    if world.has("unit-open"):
        found.update(handed_layers(world))
        found.update(_waiting_facts(world))
    if world.has("ledger line"):
        found["handed balance"] = handed_balance(world)
        due = handed_reversal(world)
        if due is not None:
            found[HANDED] = due
        found.update(handed_corrections(world))
    for reconciliation in world.ruleset.reconciliations.values():
        if world.has(reconciliation.name):
            found[f"handed {reconciliation.name} history"] = _history(world, reconciliation.name)
    found.update(handed_limits(world))
    found.update(handed_sums(world, TOOLS))
    found.update(handed_exceptions(world))
    return found


def _ordered(query: exp.Query) -> exp.Query:
    """The same rows in the order of all their columns, so that the same rows give the same file."""
    names = list(query.named_selects)
    rows = exp.select(*(column(name) for name in names)).from_(query.subquery("handed"))
    return rows.order_by(*(exp.Ordered(this=column(name), nulls_first=True) for name in names))


def _waiting_facts(world: World) -> dict[str, exp.Query]:
    """Facts whose units wait for a receipt or are owed: they act in a later period."""
    found: dict[str, exp.Query] = {}
    for name in next(iter(world.ruleset.layers.values())).leaving_kinds:
        kind = world.ruleset.kinds[name]
        source = f"{name} acting" if world.has(f"{name} acting") else name
        facts = exp.select(column("fact")).from_(table("event"))
        waiting = exp.union(
            *(exp.select(column("event")).from_(table(one)) for one in ("unit-waiting", "unit-owed")), distinct=True
        ).subquery()
        facts = facts.where(exp.In(this=column("event"), query=waiting))
        held: exp.Query = facts
        if "handed event" in world.given:
            earlier = exp.select(column("fact")).from_(table("handed event"))
            held = exp.union(facts, earlier.where(exp.In(this=column("event"), query=waiting.copy())), distinct=True)
        query = exp.select(*(column(one) for one, _ in fact_columns(kind.record))).from_(table(source))
        found[f"handed waiting {name}"] = query.where(exp.In(this=column("fact"), query=held.subquery()))
    return found


def _history(world: World, name: str) -> exp.Query:
    """Rows of this period and of those handed over, of the last periods only."""
    columns = world.relation(name).column_names
    query: exp.Query = exp.select(*(column(one) for one in columns)).from_(table(name))
    if f"handed {name} history" in world.given:
        names = []
        period = world.period
        for _ in range(HISTORY_PERIODS):
            period = world.calendar.previous(period)
            names.append(exp.Literal.string(period.name))
        before = exp.select(*(column(one) for one in columns)).from_(table(f"handed {name} history"))
        query = exp.union(
            query, before.where(exp.In(this=column("period"), expressions=names)), distinct=False, copy=False
        )
    return query
