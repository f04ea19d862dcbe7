"""The facts that a line of a key adds up: every sum its target reads, with the facts in it, largest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from sqlglot import exp

from engine.model.expression import AggregateOf, ItemOf, KeyOf
from engine.model.ruleset import Journal, PostingLine
from engine.model.walk import walk
from engine.plan.numbers import SUMMED_DIGITS
from engine.plan.posting.journal import entry_name
from engine.plan.values.aggregates import rows_added_up
from engine.plan.values.frame import Frame
from engine.plan.values.frames import TOOLS
from engine.plan.world import World
from engine.run.evidence import Delivered, RawRows
from engine.run.explanation import LineOfLedger, RawRow, Summed, SummedFact
from engine.run.facts_asked import delivered
from engine.run.said import identity, place, text

Row = dict[str, object]


def summed_facts(
    world: World, raw: RawRows, journal: Journal, line: LineOfLedger, posting: PostingLine, limit: int | None
) -> tuple[Summed, ...]:
    """Every sum over facts that a line of a key reads; at most `limit` facts of each are shown, None shows all.

    Sums over what closed periods no longer hold (slices) are left out.
    """
    if journal.grain.form != "keys":
        return ()
    found: dict[str, Summed] = {}
    for node in _sums(world, posting):
        said = text(node.span)
        if said not in found:
            one = _summed(world, raw, journal, line, node, limit)
            if one is not None:
                found[said] = one
    return tuple(found.values())


def _sums(world: World, node: object, seen: frozenset[str] = frozenset()) -> Iterator[AggregateOf]:
    """Sums and counts over facts, in order of reading, through the amounts that are read."""
    for part in walk(node):
        if isinstance(part, AggregateOf) and part.source.grain.form == "rows":
            if part.source.grain.rows[0] in world.ruleset.kinds:
                yield part
        elif isinstance(part, ItemOf) and part.item in world.ruleset.amounts and part.item not in seen:
            amount = world.ruleset.amounts[part.item]
            if amount.grain.form == "keys":
                yield from _sums(world, (amount.value, amount.exceptions), seen | {part.item})


def _summed(
    world: World, raw: RawRows, journal: Journal, line: LineOfLedger, node: AggregateOf, limit: int | None
) -> Summed | None:
    keys = {key.name: (key.name, key.type) for key in journal.grain.keys if key.name != "period"}
    asker = Frame(world, entry_name(journal), {}, keys, tools=TOOLS)
    rows = rows_added_up(asker, node, journal.grain)
    given = dict(line.dimensions)
    for index, (_, asked) in enumerate(node.source.matching, start=1):
        if not isinstance(asked, KeyOf):
            return None
        value = exp.Literal.string(given[asked.name]) if asked.name in given else exp.Null()
        rows.filter(exp.NullSafeEQ(this=rows.column(f"key {index}"), expression=value))
    some = exp.NEQ(this=rows.column("#value"), expression=exp.Literal.number("0"))
    rows.filter(some)
    total, count = world.executor.rows(
        rows.rows_query([]).select(exp.Sum(this=rows.column("#value")), exp.Count(this=exp.Star()), copy=False)
    )[0]
    facts = _facts(world, raw, rows, node, limit)
    name = node.source.grain.rows[0]
    figure = _told(total) if isinstance(total, Decimal) else Decimal(0)
    return Summed(text(node.span), place(node.span), name, figure, int(str(count)), facts)


def _told(value: Decimal) -> Decimal:
    """A figure in the digits that a sum has; a quotient has more while it is added up."""
    exponent = value.as_tuple().exponent
    return round(value, SUMMED_DIGITS) if isinstance(exponent, int) and -exponent > SUMMED_DIGITS else value


def _facts(world: World, raw: RawRows, rows: Frame, node: AggregateOf, limit: int | None) -> tuple[SummedFact, ...]:
    kind = world.ruleset.kinds[node.source.grain.rows[0]]
    wanted = ("identity", kind.record.on or "", "source-file", "source-row", "#value", "fact")
    query = rows.rows_query([]).select(*(rows.column(one) for one in wanted), copy=False)
    order = [exp.Ordered(this=exp.Abs(this=rows.column("#value")), desc=True), exp.Ordered(this=rows.column("fact"))]
    query = query.order_by(*order, copy=False)
    found = [dict(zip(wanted, row, strict=True)) for row in world.executor.rows(query.limit(limit) if limit else query)]
    places = raw({one for one in map(delivered, found) if one is not None})
    return tuple(_fact(row, kind.record.identity, kind.record.on or "", places.get) for row in found)


def _fact(row: Row, names: tuple[str, ...], on: str, place_of: Callable[[Delivered], RawRow | None]) -> SummedFact:
    where = delivered(row)
    value = row["#value"]
    return SummedFact(
        identity(names, str(row["identity"])),
        str(row[on]),
        _told(value if isinstance(value, Decimal) else Decimal(str(value))),
        None if where is None else place_of(where),
    )
