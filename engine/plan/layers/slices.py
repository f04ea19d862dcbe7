"""Slices: which units of which layer each event moves, where events lie on the axis of their pool.

Where the frontier never turns, events tile the axis once: one sort of layer ends and event ends, and each row looks
back to the layer and the event it lies in (the sweep). Where it turns, events cover positions again: each looks up the
ordinals of the pieces its first and last unit lie in, and is expanded over them; never a join on ranges, which fails
with depth.
"""

from __future__ import annotations

from engine.plan.layers.written import bigints, written
from engine.plan.relation import Origin, Relation

_SLICE = (*bigints("event", "pool", "layer", "from", "to"), ("returning", "BOOLEAN"), ("date", "DATE"))
SLICE_COLUMNS = (*_SLICE, ("settling", "BOOLEAN"), ("provisional", "BOOLEAN"), ("step", "BIGINT"))


def swept_slices(origin: Origin) -> Relation:
    """Slices of pools whose units never come back in this run."""
    text = """
        WITH marks AS (
            SELECT a.pool, a.start AS position, a.layer AS mark, a.layer, a.start - a."from" AS "offset",
                CAST(NULL AS BIGINT) AS event, CAST(NULL AS DATE) AS date
            FROM "unit-axis" AS a
            JOIN "tiled-pool" AS t ON t.pool = a.pool AND NOT t.returns AND a.start < t.frontier
            UNION ALL
            SELECT s.pool, s.start, s.event, NULL, NULL, s.event, s.date
            FROM "unit-step" AS s
            JOIN "tiled-pool" AS t ON t.pool = s.pool AND NOT t.returns
            WHERE s.class = 3
            UNION ALL
            SELECT pool, frontier, 0, NULL, NULL, NULL, NULL FROM "tiled-pool" WHERE NOT returns
        ),
        swept AS (
            SELECT pool, position,
                LAST_VALUE(event IGNORE NULLS) OVER w AS event,
                LAST_VALUE(date IGNORE NULLS) OVER w AS date,
                LAST_VALUE(layer IGNORE NULLS) OVER w AS layer,
                LAST_VALUE("offset" IGNORE NULLS) OVER w AS "offset",
                LEAD(position) OVER (PARTITION BY pool ORDER BY position, mark) AS "end"
            FROM marks
            WINDOW w AS (
                PARTITION BY pool ORDER BY position, mark ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            )
        )
        SELECT event, pool, layer, position - "offset" AS "from", "end" - "offset" AS "to", FALSE AS "returning", date
        FROM swept
        WHERE "end" > position
    """
    return written("swept-slice", ("event", "layer", "from"), _SLICE, text, origin)


def numbered_axis(origin: Origin) -> Relation:
    """Pieces of the axis by ordinal, in pools whose units come back in this run."""
    text = """
        SELECT a.pool, ROW_NUMBER() OVER (PARTITION BY a.pool ORDER BY a.start) AS ordinal,
            a.layer, a."from", a.start, a."end"
        FROM "unit-axis" AS a
        JOIN "tiled-pool" AS t ON t.pool = a.pool AND t.returns
    """
    columns = bigints("pool", "ordinal", "layer", "from", "start", "end")
    return written("numbered-axis", ("pool", "ordinal"), columns, text, origin)


def revisited_slices(origin: Origin) -> Relation:
    """Slices of pools whose units come back in this run."""
    text = """
        WITH movement AS (
            SELECT s.pool, s.event, s.class, s.date, s.start, s."end"
            FROM "unit-step" AS s
            JOIN "tiled-pool" AS t ON t.pool = s.pool AND t.returns
            WHERE s.class <> 1
        ),
        marks AS (
            SELECT pool, start AS position, CAST(NULL AS BIGINT) AS event, ordinal FROM "numbered-axis"
            UNION ALL
            SELECT pool, start, event, NULL FROM movement
            UNION ALL
            SELECT pool, "end" - 1, event, NULL FROM movement
        ),
        placed AS (
            SELECT pool, event, LAST_VALUE(ordinal IGNORE NULLS) OVER (
                PARTITION BY pool ORDER BY position, event NULLS FIRST
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS ordinal
            FROM marks
        ),
        covered AS (
            SELECT pool, event, MIN(ordinal) AS first, MAX(ordinal) AS last
            FROM placed
            WHERE event IS NOT NULL
            GROUP BY pool, event
        ),
        touched AS (
            SELECT pool, event, UNNEST(GENERATE_SERIES(first, last)) AS ordinal FROM covered
        )
        SELECT m.event, m.pool, a.layer,
            a."from" + GREATEST(m.start, a.start) - a.start AS "from",
            a."from" + LEAST(m."end", a."end") - a.start AS "to",
            m.class = 4 AS "returning", m.date
        FROM touched AS t
        JOIN movement AS m ON m.event = t.event
        JOIN "numbered-axis" AS a ON a.pool = t.pool AND a.ordinal = t.ordinal
    """
    return written("revisited-slice", ("event", "layer", "from"), _SLICE, text, origin)


def folded_pools(origin: Origin) -> Relation:
    """Every pool the fold must serve, with the reason; all others are served by the axis."""
    text = """
        SELECT pool, reason FROM "pool-out-of-turn"
        UNION ALL
        SELECT r.pool, 'more moves than there is'
        FROM "pool-reach" AS r
        WHERE NOT EXISTS (SELECT 1 FROM "tiled-pool" AS t WHERE t.pool = r.pool)
        UNION ALL
        SELECT DISTINCT pool, 'a layer opens behind the frontier'
        FROM (
            SELECT pool FROM "swept-slice" WHERE layer > event
            UNION ALL
            SELECT pool FROM "revisited-slice" WHERE layer > event
        ) AS early
    """
    return written("folded-pool", ("pool",), (*bigints("pool"), ("reason", "VARCHAR")), text, origin)


def all_slices(origin: Origin) -> Relation:
    """The slices of every pool, by whichever plan."""
    text = """
        SELECT s.event, s.pool, s.layer, s."from", s."to", s."returning", s.date,
            FALSE AS settling, FALSE AS provisional, s.event AS step
        FROM (
            SELECT event, pool, layer, "from", "to", "returning", date FROM "swept-slice"
            UNION ALL
            SELECT event, pool, layer, "from", "to", "returning", date FROM "revisited-slice"
        ) AS s
        WHERE NOT EXISTS (SELECT 1 FROM "folded-pool" AS f WHERE f.pool = s.pool)
        UNION ALL
        SELECT s.event, s.pool, s.layer, s."from", s."to", s."returning", e.date, s.settling, s.provisional, s.step
        FROM "folded-slice" AS s
        JOIN "unit-event" AS e ON e.event = s.step
    """
    grain = ("event", "step", "layer", "from", "returning", "provisional")
    return written("unit-slice", grain, SLICE_COLUMNS, text, origin, stored=False)


def held_units(origin: Origin) -> Relation:
    """What is held when each change of value happens."""
    text = """
        SELECT s.event, s.pool, a.layer,
            a."from" + GREATEST(s.start, a.start) - a.start AS "from",
            a."from" + a."end" - a.start AS "to"
        FROM "unit-step" AS s
        JOIN "unit-axis" AS a ON a.pool = s.pool AND a."end" > s.start AND a.layer < s.event
        WHERE s.class = 1 AND NOT EXISTS (SELECT 1 FROM "folded-pool" AS f WHERE f.pool = s.pool)
        UNION ALL
        SELECT event, pool, layer, "from", "to" FROM "folded-held"
    """
    columns = bigints("event", "pool", "layer", "from", "to")
    return written("unit-held", ("event", "layer", "from"), columns, text, origin)
