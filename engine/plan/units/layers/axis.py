"""Units of a pool on an axis: what is held or opened, in the order of leaving, and the steps events make along it.

Position 0 is the frontier at the start of the run: units held lie from there upwards in the order of leaving, units
that had left and may come back lie below it, last left on top. A sale moves the frontier up over the units it takes, a
return moves it down over the units it brings back. Where layers open out of order the axis is still sorted by place
alone: that is exact unless an event covers a layer opened after it, and pools where one does go to the fold.
"""

from __future__ import annotations

from engine.plan.relation import Origin, Relation
from engine.plan.units.layers.policy import Placing
from engine.plan.units.layers.written import bigints, written

LABELS = (("document", "VARCHAR"), ("specific", "VARCHAR"))
AXIS_COLUMNS = (*bigints("pool", "ordinal", "layer", "place"), *LABELS, *bigints("from", "start", "end"))


def pool_buckets(origin: Origin) -> Relation:
    """The first and last name of the buckets that plain leaves and returns have, and whether any units return."""
    columns = (
        *bigints("pool"),
        ("first-bucket", "VARCHAR"),
        ("last-bucket", "VARCHAR"),
        ("returns", "BOOLEAN"),
    )
    text = """
        SELECT pool, MIN(bucket) AS "first-bucket", MAX(bucket) AS "last-bucket", BOOL_OR(class = 4) AS returns
        FROM "unit-event"
        WHERE class = 4 OR (class = 3 AND document IS NULL)
        GROUP BY pool
    """
    return written("pool-bucket", ("pool",), columns, text, origin)


def out_of_turn(policy: Placing, origin: Origin) -> Relation:
    """Pools known to need the fold before anything is placed, with the reason."""
    handed = """
            UNION ALL
            SELECT pool, 'units go to another pool' FROM "transfer-pool"
    """
    text = f"""
        SELECT pool, MIN(reason) AS reason
        FROM (
            SELECT pool, 'units leave out of turn' AS reason
            FROM "unit-event"
            WHERE class = 3 AND (specific IS NOT NULL OR (document IS NULL AND otherwise <> 'oldest'))
            UNION ALL
            SELECT e.pool, 'a named layer is not one that has the units'
            FROM "unit-event" AS e
            WHERE e.class = 3 AND e.document IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM "unit-taken" AS t WHERE t.event = e.event)
            UNION ALL
            SELECT pool, 'units return to the back' FROM "unit-event" WHERE class = 4 AND otherwise = 'back'
            UNION ALL
            SELECT pool, 'a value changes beside a named layer'
            FROM "unit-event"
            WHERE class = 1 AND pool IN (SELECT pool FROM "unit-taken")
            UNION ALL
            SELECT pool, 'units return beside other ways out'
            FROM "pool-bucket"
            WHERE returns AND "first-bucket" <> "last-bucket"
            UNION ALL
            SELECT pool, 'sales wait for a layer'
            FROM "unit-event"
            WHERE class = 2
                AND pool IN (SELECT pool FROM "waiting-unit" UNION ALL SELECT pool FROM "owed-unit")
            {handed if policy.transfers else ""}
        ) AS found
        GROUP BY pool
    """
    return written("pool-out-of-turn", ("pool",), (*bigints("pool"), ("reason", "VARCHAR")), text, origin)


def steps(origin: Origin) -> Relation:
    """The stretch of the axis each event covers; a change of value stands at its frontier and covers nothing."""
    columns = (*bigints("pool", "event"), ("class", "TINYINT"), ("date", "DATE"), *bigints("start", "end"))
    text = """
        SELECT pool, event, class, date,
            CASE class WHEN 3 THEN frontier - quantity ELSE frontier END AS start,
            CASE class WHEN 4 THEN frontier + quantity ELSE frontier END AS "end"
        FROM (
            SELECT e.pool, e.event, e.class, e.date, e.quantity,
                CAST(SUM(CASE e.class WHEN 3 THEN e.quantity WHEN 4 THEN -e.quantity ELSE 0 END) OVER (
                    PARTITION BY e.pool ORDER BY e.event ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                ) AS BIGINT) AS frontier
            FROM "unit-event" AS e
            WHERE (e.class IN (1, 4) OR (e.class = 3 AND e.document IS NULL))
                AND NOT EXISTS (SELECT 1 FROM "pool-out-of-turn" AS o WHERE o.pool = e.pool)
        ) AS moved
    """
    return written("unit-step", ("event",), columns, text, origin)


def reaches(origin: Origin) -> Relation:
    """How far the frontier of each pool goes down and up, and where it ends."""
    text = """
        SELECT pool, MIN(start) AS lowest, MAX("end") AS highest,
            CAST(SUM(CASE class WHEN 3 THEN "end" - start ELSE start - "end" END) AS BIGINT) AS frontier
        FROM "unit-step"
        GROUP BY pool
    """
    return written("pool-reach", ("pool",), bigints("pool", "lowest", "highest", "frontier"), text, origin)


def reached_units(origin: Origin) -> Relation:
    """Units that had left before the run and that returns of this run reach: positions below 0, last left on top."""
    columns = (*bigints("pool", "height", "layer", "place"), *LABELS, *bigints("from", "start", "end"))
    text = """
        SELECT pool, height, layer, place, document, specific, "from", start, start + length AS "end"
        FROM (
            SELECT s.pool, s.height, s.layer, s.place, s.document, s.specific, s."from",
                s."to" - s."from" AS length, r.lowest,
                -CAST(SUM(s."to" - s."from") OVER (
                    PARTITION BY s.pool ORDER BY s.height DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                ) AS BIGINT) AS start
            FROM "sold-unit" AS s
            JOIN "pool-reach" AS r ON r.pool = s.pool AND r.lowest < 0
            JOIN "pool-bucket" AS b ON b.pool = s.pool AND b."first-bucket" = s.bucket
        ) AS stacked
        WHERE start + length > lowest
    """
    return written("reached-unit", ("pool", "height"), columns, text, origin)


def held_axis(origin: Origin) -> Relation:
    """Units held at the start and layers opened, less what is taken by name, from 0 upwards in the order of leaving."""
    text = """
        SELECT pool, ordinal, layer, place, document, specific, "from", "end" - ("to" - "from") AS start, "end"
        FROM (
            SELECT pool, layer, place, document, specific, "from", "to",
                ROW_NUMBER() OVER (PARTITION BY pool ORDER BY place, layer, "from") AS ordinal,
                CAST(SUM("to" - "from") OVER (
                    PARTITION BY pool ORDER BY place, layer, "from"
                    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                ) AS BIGINT) AS "end"
            FROM (
                SELECT h.pool, h.layer, h.place, h.document, h.specific, h."from", COALESCE(t.rest, h."to") AS "to"
                FROM (
                    SELECT pool, layer, place, document, specific, "from", "to" FROM "open-unit"
                    UNION ALL
                    SELECT pool, event, place, document, specific, 0, quantity FROM "unit-event" WHERE class = 2
                ) AS h
                LEFT JOIN (
                    SELECT layer, MIN("from") AS rest FROM "unit-taken" GROUP BY layer
                ) AS t ON t.layer = h.layer
            ) AS held
            WHERE "to" > "from" AND NOT EXISTS (SELECT 1 FROM "pool-out-of-turn" AS o WHERE o.pool = held.pool)
        ) AS laid
    """
    return written("held-axis", ("pool", "ordinal"), AXIS_COLUMNS, text, origin)


def whole_axis(origin: Origin) -> Relation:
    """The axis with what returns reach below 0; a layer that is whole across 0 is one piece there too.

    Ordinals grow with positions and may leave numbers out.
    """
    text = """
        WITH reached AS (SELECT DISTINCT pool FROM "reached-unit"),
        joined AS (
            SELECT pool, -ROW_NUMBER() OVER (PARTITION BY pool ORDER BY height DESC) AS ordinal,
                layer, place, document, specific, "from", start, "end"
            FROM "reached-unit"
            UNION ALL
            SELECT a.pool, a.ordinal, a.layer, a.place, a.document, a.specific, a."from", a.start, a."end"
            FROM "held-axis" AS a JOIN reached AS r ON r.pool = a.pool
        ),
        marked AS (
            SELECT *, CASE
                WHEN layer = LAG(layer) OVER (PARTITION BY pool ORDER BY start)
                    AND start - "from" = LAG(start - "from") OVER (PARTITION BY pool ORDER BY start)
                THEN 0 ELSE 1 END AS first
            FROM joined
        ),
        numbered AS (
            SELECT *, SUM(first) OVER (
                PARTITION BY pool ORDER BY start ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS piece
            FROM marked
        )
        SELECT pool, MIN(ordinal) AS ordinal, layer, place, document, specific,
            MIN("from") AS "from", MIN(start) AS start, MAX("end") AS "end"
        FROM numbered
        GROUP BY pool, piece, layer, place, document, specific
        UNION ALL
        SELECT a.pool, a.ordinal, a.layer, a.place, a.document, a.specific, a."from", a.start, a."end"
        FROM "held-axis" AS a
        WHERE NOT EXISTS (SELECT 1 FROM reached AS r WHERE r.pool = a.pool)
    """
    return written("unit-axis", ("pool", "ordinal"), AXIS_COLUMNS, text, origin)


def tiled_pools(origin: Origin) -> Relation:
    """Pools whose events stay on the axis, and whose axis is in the order of leaving also below 0.

    A row comparison puts NULL last instead of answering NULL, so the first piece of an axis is told by hand.
    """
    text = """
        WITH ends AS (
            SELECT pool, MIN(start) AS lowest, MAX("end") AS highest FROM "unit-axis" GROUP BY pool
        ),
        disordered AS (
            SELECT DISTINCT pool
            FROM (
                SELECT a.pool,
                    LAG(a.place) OVER w IS NOT NULL AND (a.place, a.layer, a."from") < (
                        LAG(a.place) OVER w, LAG(a.layer) OVER w, LAG(a."from") OVER w
                    ) AS backward
                FROM "unit-axis" AS a
                JOIN "pool-reach" AS r ON r.pool = a.pool AND r.lowest < 0
                WINDOW w AS (PARTITION BY a.pool ORDER BY a.start)
            ) AS compared
            WHERE backward
        )
        SELECT r.pool, r.frontier
        FROM "pool-reach" AS r
        LEFT JOIN ends AS e ON e.pool = r.pool
        WHERE r.lowest >= LEAST(COALESCE(e.lowest, 0), 0) AND r.highest <= COALESCE(e.highest, 0)
            AND NOT EXISTS (SELECT 1 FROM disordered AS d WHERE d.pool = r.pool)
    """
    return written("tiled-pool", ("pool",), bigints("pool", "frontier"), text, origin)
