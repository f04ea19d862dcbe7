"""Slices: which units of which layer each event moves, where events lie on the axis of their pool.

An event finds the piece of the axis its first unit lies in by an as-of join: both sides are sorted once and walked side
by side, whatever the depth of the pool and however often the frontier turns. Events that run over the end of their
piece find the piece of their last unit likewise and are expanded over the ordinals between. Never a join on ranges,
which fails with depth. docs/decisions/0035 has the measurements.
"""

from __future__ import annotations

from engine.plan.relation import Origin, Relation
from engine.plan.units.layers.written import bigints, written

_SLICE = (*bigints("event", "pool", "layer", "from", "to"), ("returning", "BOOLEAN"), ("date", "DATE"))
SLICE_COLUMNS = (*_SLICE, ("settling", "BOOLEAN"), ("provisional", "BOOLEAN"), ("step", "BIGINT"))


def axis_slices(origin: Origin) -> Relation:
    """Slices of all pools whose events stay on the axis."""
    text = """
        WITH first AS (
            SELECT s.event, s.pool, s.class = 4 AS "returning", s.date, s.start, s."end",
                a.ordinal, a.layer, a.start - a."from" AS "offset", a."end" AS "piece-end"
            FROM "unit-step" AS s
            JOIN "tiled-pool" AS t ON t.pool = s.pool
            ASOF JOIN "unit-axis" AS a ON a.pool = s.pool AND a.start <= s.start
            WHERE s.class <> 1 AND s."end" > s.start
        ),
        rest AS (
            SELECT f.event, f.pool, f."returning", f.date, f."end",
                UNNEST(GENERATE_SERIES(f.ordinal + 1, a.ordinal)) AS ordinal
            FROM first AS f
            ASOF JOIN "unit-axis" AS a ON a.pool = f.pool AND a.start < f."end"
            WHERE f."end" > f."piece-end"
        )
        SELECT event, pool, layer, start - "offset" AS "from", LEAST("end", "piece-end") - "offset" AS "to",
            "returning", date
        FROM first
        UNION ALL
        SELECT r.event, r.pool, a.layer, a."from", a."from" + LEAST(r."end", a."end") - a.start, r."returning", r.date
        FROM rest AS r
        JOIN "unit-axis" AS a ON a.pool = r.pool AND a.ordinal = r.ordinal
    """
    return written("axis-slice", ("event", "layer", "from"), _SLICE, text, origin)


def folded_pools(origin: Origin) -> Relation:
    """Every pool the fold must serve, with the reason; all others are served by the axis."""
    text = """
        WITH takes AS (
            SELECT pool, place, MAX(event) AS last FROM "unit-taken" GROUP BY pool, layer, place
        ),
        behind AS (
            SELECT t.pool, t.last, a.layer
            FROM takes AS t
            ASOF JOIN (
                SELECT DISTINCT pool, place, layer FROM "unit-axis" WHERE pool IN (SELECT pool FROM takes)
            ) AS a ON a.pool = t.pool AND a.place > t.place
        ),
        found AS (
            SELECT pool, reason FROM "pool-out-of-turn"
            UNION ALL
            SELECT r.pool, 'more moves than there is'
            FROM "pool-reach" AS r
            WHERE NOT EXISTS (SELECT 1 FROM "tiled-pool" AS t WHERE t.pool = r.pool)
            UNION ALL
            SELECT pool, 'a layer opens behind the frontier' FROM "axis-slice" WHERE layer > event
            UNION ALL
            SELECT s.pool, 'a named layer was passed before'
            FROM "axis-slice" AS s
            JOIN behind AS b ON b.pool = s.pool AND b.layer = s.layer AND b.last > s.event
        )
        SELECT pool, MIN(reason) AS reason FROM found GROUP BY pool
    """
    return written("folded-pool", ("pool",), (*bigints("pool"), ("reason", "VARCHAR")), text, origin)


def all_slices(origin: Origin) -> Relation:
    """The slices of every pool, by whichever plan."""
    text = """
        SELECT s.event, s.pool, s.layer, s."from", s."to", s."returning", s.date,
            FALSE AS settling, FALSE AS provisional, s.event AS step
        FROM (
            SELECT event, pool, layer, "from", "to", "returning", date FROM "axis-slice"
            UNION ALL
            SELECT event, pool, layer, "from", "to", FALSE, date FROM "unit-taken"
        ) AS s
        WHERE NOT EXISTS (SELECT 1 FROM "folded-pool" AS f WHERE f.pool = s.pool)
        UNION ALL
        SELECT s.event, e.pool, s.layer, s."from", s."to", s."returning", e.date, s.settling, s.provisional, s.step
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
