"""Journals of facts that get more of a limit in a later period than the one they were closed in.

What such a fact got in its own period was posted there and stands. Now the difference posts: the fact's lines as they
come to with all it has got, less the same lines with what it had got before (docs/decisions/0075).
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from engine.model.checks.reading import graph, reachable
from engine.model.expression import ItemOf
from engine.model.ruleset import Journal
from engine.model.walk import walk
from engine.plan.facts import reaches_beyond
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.values.frame import Frame
from engine.plan.values.frames import TOOLS, fact_frame
from engine.plan.values.limits import CLOSED, HALF, NOW, handed_name, is_limited, make_limit
from engine.plan.values.occurring import beside
from engine.plan.world import World, date_literal


def frame_served_later(world: World, journal: Journal) -> Frame | None:
    """Facts of a journal's rows, those of closed periods that get more now among them twice, marked in `half`: as they
    stand now, and as they stood before. None where no fact of a closed period gets more."""
    limits = _limits_read(world, journal)
    served = [one for one in limits if not _is_empty(world, one)]
    if not served:
        return None
    kind = world.ruleset.kinds[journal.grain.rows[0]]
    opened, closed = world.relation(world.facts(kind.name)), world.relation(f"{kind.name} closed")
    own = opened.column_names
    facts = [exp.select(column("fact")).from_(table(one)).where(_more_now()) for one in served]
    more: exp.Query = facts[0]
    for one in facts[1:]:
        more = exp.union(more, one, distinct=True, copy=False)
    here = exp.select(*(column(one) for one in own), named(_whole(0), HALF)).from_(table(opened.name))
    if reaches_beyond(world.ruleset, kind.name):
        until = exp.LTE(this=column(kind.record.on or ""), expression=date_literal(world.period.end))
        here = here.where(until, copy=False)
    both: exp.Query = here
    for half in (-1, 1):
        rows = exp.select(*(column(one) for one in own), named(_whole(half), HALF)).from_(table(closed.name))
        rows = rows.where(exp.In(this=column("fact"), query=more.copy().subquery()))
        both = exp.union(both, rows, distinct=False, copy=False)
    name = f"{kind.name} served later in {journal.name}"
    query = exp.select(*(column(one) for one in (*own, HALF))).from_(both.subquery("both"))
    rule = Origin(f"journal {journal.name}", journal.span)
    world.add(Relation(name, ("fact", HALF), (*opened.columns, (HALF, "INTEGER")), query, rule, stored=False))
    return fact_frame(world, kind.name, name)


def _whole(number: int) -> exp.Expr:
    return cast(exp.Literal.number(str(number)), "INTEGER")


def _more_now() -> exp.Expr:
    some = exp.NEQ(this=column(NOW), expression=exp.Literal.number("0"))
    return exp.and_(column(CLOSED), some, copy=False)


def _is_empty(world: World, limit: str) -> bool:
    return not world.executor.rows(exp.select(column("fact")).from_(table(limit)).where(_more_now()).limit(1))


def _limits_read(world: World, journal: Journal) -> list[str]:
    """Relations of the limits, handed over by closed periods, that the lines of a journal of facts read."""
    grain, ruleset = journal.grain, world.ruleset
    if grain.form != "rows" or grain.rows[0] not in ruleset.kinds or beside(ruleset, grain):
        return []
    amounts = [
        one
        for name, one in ruleset.amounts.items()
        if is_limited(ruleset, name) and one.grain.rows == grain.rows and handed_name(name) in world.given
    ]
    if not amounts:
        return []
    reads = graph(ruleset)
    asked = {name for node in walk(journal) if isinstance(node, ItemOf) for name in reachable(reads, node.item)}
    return [make_limit(world, one, TOOLS).name for one in amounts if one.name in asked]


def difference(world: World, halves: Relation, name: str, summed: Sequence[str]) -> Relation:
    """The rows of a journal with what each line comes to now, less what it came to before."""
    before = exp.EQ(this=column(HALF), expression=_whole(-1))
    own = [(label, storage) for label, storage in halves.columns if label not in (*summed, HALF, "guard")]
    selected: list[exp.Expr] = [column(label) for label, _ in own]
    columns = list(own)
    for label in summed:
        storage = halves.type_of(label)
        signed = exp.Case().when(before.copy(), exp.Neg(this=column(label))).else_(column(label))
        told = exp.EQ(this=exp.Count(this=exp.Star()), expression=exp.Count(this=column(label)))
        total = exp.Case().when(told, exp.Sum(this=signed)).else_(exp.Null())
        selected.append(named(cast(total, storage), label))
        columns.append((label, storage))
    query = exp.select(*selected).from_(table(halves.name)).group_by(*(column(label) for label, _ in own))
    return world.add(Relation(name, (), tuple(columns), query, halves.origin))
