"""`x at the latest d`: the value of the row where another is greatest or least.

The rows are those dated up to the end of the asker's period that agree with it; two that lie equally far out are an
error that names the value they share, and no rows give no value (language reference, section 4).
"""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from engine.model.datatypes import DataType, Family
from engine.model.expression import AtExtreme, Grain
from engine.plan.numbers import Value, in_order
from engine.plan.relation import column, named
from engine.plan.values.frame import Frame

_LEAST = ("earliest", "lowest")


def define_extreme(frame: Frame, node: AtExtreme) -> None:
    """Give the value of the outermost row a column of the asker's frame."""
    if frame.remembered(node) is not None:
        return
    grain = node.source.grain
    rows = frame.tools.frame_of(frame.world, grain, frame.mode, True)
    own = tuple(one for one, _ in node.source.matching)
    rows.prepare((node.value, node.by, own), grain)
    by, value = rows.value(node.by), rows.value(node.value)
    keys = [(f"key {index}", rows.value(one)) for index, one in enumerate(own, start=1)]
    rows.define_all([("#by", by), ("#value", value), *keys])
    names = [name for name, _ in keys]
    asked = tuple(one for _, one in node.source.matching)
    frame.prepare(asked, Grain("once", (), (), (), ""))
    on = {name: frame.value(one).sql for name, one in zip(names, asked, strict=True)}
    alias = frame.join(_outermost(rows, node, names), on)
    number = len(frame.values) + 1
    tied = exp.GT(this=column("ties", alias), expression=exp.Literal.number("1"))
    frame.add_column(f"tied #{number}", Value(tied, DataType(Family.YES_NO)))
    found = Value(column("value", alias), value.type, value.scale, kept_as=value.storage)
    if value.currency is not None:
        found = replace(found, currency=column("currency", alias))
    frame.remember(node, frame.label_of(frame.define(f"{node.extreme} #{number}", found)))
    said = " ".join(node.span.text.split())
    sentence = f"`{said}`: two rows or more lie equally far out, so it cannot be told which is meant"
    frame.guard("T503", sentence, (said,), frame.column(f"tied #{number}"))


def _outermost(rows: Frame, node: AtExtreme, names: list[str]) -> exp.Query:
    """One row for each key: the value of the outermost row, and how many rows lie as far out."""
    downward = node.extreme not in _LEAST
    order = exp.Order(
        expressions=[exp.Ordered(this=one, desc=downward, nulls_first=False) for one in in_order(rows.value_of("#by"))]
    )
    place = exp.Window(this=exp.Anonymous(this="RANK"), partition_by=[rows.column(one) for one in names], order=order)
    known = exp.Not(this=exp.Is(this=rows.column("#by"), expression=exp.Null()))
    ranked = rows.rows_query([]).select(
        *(named(rows.column(one), one) for one in names),
        named(rows.column("#value"), "value"),
        named(place, "place"),
        *([named(own, "currency")] if (own := rows.value_of("#value").currency) is not None else []),
    )
    first = exp.EQ(this=column("place", "p"), expression=exp.Literal.number("1"))
    query = exp.select(
        *(column(one, "p") for one in names),
        named(exp.Min(this=column("value", "p")), "value"),
        *([named(exp.Min(this=column("currency", "p")), "currency")] if own is not None else []),
        named(exp.Count(this=exp.Star()), "ties"),
    ).from_(ranked.where(known).subquery(exp.to_identifier("p", quoted=True)))
    return query.where(first).group_by(*(column(one, "p") for one in names))
