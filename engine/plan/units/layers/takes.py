"""Named takes on the axis: a fact that names a layer takes its last units, so the layer is shorter for all others.

That is exact while no event passed the layer's shortened end before the last of its takes: until then nobody noticed
the units that were still to be taken. Pools where one did go to the fold, and so do pools where a document names no
layer or several, where a layer has fewer units than are taken, or where what was taken may come back.
"""

from __future__ import annotations

from sqlglot import exp

from engine.plan.relation import Origin, Relation, column
from engine.plan.units.layers.policy import Placing
from engine.plan.units.layers.written import bigints, query

_TAKEN = """
    WITH named AS (
        SELECT pool, event, date, quantity, document, bucket
        FROM "unit-event"
        WHERE class = 3 AND document IS NOT NULL AND specific IS NULL
    ),
    pieces AS (
        SELECT pool, document, layer, place, "from", "to"
        FROM "open-unit"
        WHERE document IS NOT NULL AND pool IN (SELECT pool FROM named)
        UNION ALL
        SELECT pool, document, event, place, 0, quantity
        FROM "unit-event"
        WHERE class = 2 AND document IS NOT NULL AND pool IN (SELECT pool FROM named)
    ),
    single AS (
        SELECT pool, document, MIN(layer) AS layer, MIN(place) AS place, MIN("from") AS "from", MIN("to") AS "to"
        FROM pieces
        GROUP BY pool, document
        HAVING COUNT(*) = 1
    ),
    laid AS (
        SELECT n.event, n.pool, s.layer, s.place, n.date, n.bucket, n.quantity, s."from" AS lowest,
            s."to" - CAST(SUM(n.quantity) OVER (
                PARTITION BY s.layer ORDER BY n.event ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS BIGINT) AS "from"
        FROM named AS n
        JOIN single AS s ON s.pool = n.pool AND s.document = n.document
    )
    SELECT event, pool, layer, place, "from", "from" + quantity AS "to", date
    FROM laid
    WHERE "from" >= lowest AND layer < event
"""


def taken_units(policy: Placing, origin: Origin) -> Relation:
    """The last units of named layers, by the facts that take them; only takes that need not be remembered."""
    found = query(_TAKEN)
    if policy.brings_back:
        forgotten: exp.Expr = exp.false()
        if policy.back_from is not None:
            names = [exp.Literal.string(name) for name in sorted(policy.back_from)]
            forgotten = exp.not_(column("bucket").isin(*names))
        found = found.where(forgotten)
    columns = (*bigints("event", "pool", "layer", "place", "from", "to"), ("date", "DATE"))
    return Relation("unit-taken", ("event",), columns, found, origin)
