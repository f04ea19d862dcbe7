"""The state after the last event: what the next period begins with, in the shapes it is read in."""

from __future__ import annotations

from sqlglot import exp

from engine.plan.relation import Origin, Relation, cast, column, named
from engine.plan.units.layers.axis import LABELS
from engine.plan.units.layers.policy import Placing
from engine.plan.units.layers.written import bigints, query, written

OPEN_COLUMNS = (*bigints("pool", "layer", "place"), *LABELS, *bigints("from", "to"))
SOLD_COLUMNS = (
    *bigints("pool"),
    ("bucket", "VARCHAR"),
    *bigints("height", "layer", "place"),
    *LABELS,
    *bigints("from", "to"),
)
WAITING_COLUMNS = (
    *bigints("pool", "event"),
    ("date", "DATE"),
    ("quantity", "BIGINT"),
    ("bucket", "VARCHAR"),
)
OWED_COLUMNS = (*bigints("pool", "event", "layer", "quantity"), ("bucket", "VARCHAR"))
LAST_COLUMNS = bigints("pool", "layer", "to")


def layer_labels(origin: Origin) -> Relation:
    """What each layer is called: its document, and the value that specific units are found by."""
    text = """
        SELECT event AS layer, document, specific FROM "unit-event" WHERE class = 2
        UNION ALL
        SELECT DISTINCT layer, document, specific
        FROM (
            SELECT layer, document, specific FROM "open-unit"
            UNION ALL
            SELECT layer, document, specific FROM "sold-unit"
        ) AS known
    """
    return written("unit-layer", ("layer",), (*bigints("layer"), *LABELS), text, origin, stored=False)


def open_units(origin: Origin) -> Relation:
    """Units held after the last event."""
    text = """
        SELECT a.pool, a.layer, a.place, a.document, a.specific,
            a."from" + GREATEST(COALESCE(t.frontier, 0) - a.start, 0) AS "from",
            a."from" + a."end" - a.start AS "to"
        FROM "unit-axis" AS a
        LEFT JOIN "tiled-pool" AS t ON t.pool = a.pool
        WHERE a."end" > COALESCE(t.frontier, 0)
            AND NOT EXISTS (SELECT 1 FROM "folded-pool" AS f WHERE f.pool = a.pool)
        UNION ALL
        SELECT h.pool, h.layer, h.place, l.document, l.specific, h."from", h."to"
        FROM "folded-open" AS h
        LEFT JOIN "unit-layer" AS l ON l.layer = h.layer
    """
    return written("unit-open", ("pool", "layer", "from"), OPEN_COLUMNS, text, origin)


_SOLD = """
    WITH moving AS (
        SELECT t.pool, t.frontier FROM "tiled-pool" AS t
        WHERE NOT EXISTS (SELECT 1 FROM "folded-pool" AS f WHERE f.pool = t.pool)
    ),
    stacking AS (
        SELECT DISTINCT pool FROM "sold-unit"
        UNION
        SELECT pool FROM "pool-bucket" WHERE "first-bucket" <> "last-bucket"
    ),
    newly AS (
        SELECT a.pool, b."first-bucket" AS bucket, a.ordinal, a.layer, a.place, a.document, a.specific,
            a."from", a."from" + LEAST(a."end", m.frontier) - a.start AS "to"
        FROM "unit-axis" AS a
        JOIN moving AS m ON m.pool = a.pool AND a.start < m.frontier
        JOIN "pool-bucket" AS b ON b.pool = a.pool AND b."first-bucket" = b."last-bucket"
    ),
    stacked AS (
        SELECT s.pool, s.bucket, 0 AS era, s.height AS turn,
            s.layer, s.place, s.document, s.specific, s."from", s."to"
        FROM "sold-unit" AS s
        JOIN moving AS m ON m.pool = s.pool
        LEFT JOIN "pool-bucket" AS b ON b.pool = s.pool AND b."first-bucket" = s.bucket
        WHERE NOT EXISTS (
            SELECT 1 FROM "reached-unit" AS r
            WHERE r.pool = s.pool AND r.height = s.height AND b.pool IS NOT NULL
        )
        UNION ALL
        SELECT n.pool, n.bucket, 1, n.ordinal, n.layer, n.place, n.document, n.specific, n."from", n."to"
        FROM newly AS n
        JOIN stacking AS k ON k.pool = n.pool
        UNION ALL
        SELECT s.pool, e.bucket, 1, s.event, s.layer, a.place, a.document, a.specific, s."from", s."to"
        FROM "axis-slice" AS s
        JOIN moving AS m ON m.pool = s.pool
        JOIN "pool-bucket" AS b ON b.pool = s.pool AND b."first-bucket" <> b."last-bucket"
        JOIN "unit-event" AS e ON e.event = s.event
        JOIN "unit-axis" AS a ON a.pool = s.pool AND a.layer = s.layer AND a."from" <= s."from"
            AND s."from" < a."from" + a."end" - a.start
    ),
    marked AS (
        SELECT *, CASE
            WHEN layer = LAG(layer) OVER w AND place = LAG(place) OVER w AND "from" = LAG("to") OVER w
            THEN 0 ELSE 1 END AS first
        FROM stacked
        WINDOW w AS (PARTITION BY pool, bucket ORDER BY era, turn, place, layer, "from")
    ),
    numbered AS (
        SELECT *, CAST(SUM(first) OVER (
            PARTITION BY pool, bucket ORDER BY era, turn, place, layer, "from"
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS BIGINT) AS height
        FROM marked
    ),
    sold AS (
        SELECT n.pool, n.bucket, n.ordinal AS height, n.layer, n.place, n.document, n.specific, n."from", n."to"
        FROM newly AS n
        WHERE NOT EXISTS (SELECT 1 FROM stacking AS k WHERE k.pool = n.pool)
        UNION ALL
        SELECT pool, bucket, height, layer, place, document, specific, MIN("from"), MAX("to")
        FROM numbered
        GROUP BY pool, bucket, height, layer, place, document, specific
        UNION ALL
        SELECT s.pool, s.bucket, s.height, s.layer, s.place, s.document, s.specific, s."from", s."to"
        FROM "sold-unit" AS s
        WHERE NOT EXISTS (SELECT 1 FROM moving AS m WHERE m.pool = s.pool)
            AND NOT EXISTS (SELECT 1 FROM "folded-pool" AS f WHERE f.pool = s.pool)
        UNION ALL
        SELECT s.pool, s.bucket, s.height, s.layer, s.place, l.document, l.specific, s."from", s."to"
        FROM "folded-sold" AS s
        LEFT JOIN "unit-layer" AS l ON l.layer = s.layer
    )
    SELECT s.pool, s.bucket, s.height, s.layer, s.place, s.document, s.specific, s."from", s."to"
    FROM sold AS s
"""


def sold_units(policy: Placing, origin: Origin) -> Relation:
    """Units that have left and may come back, by bucket, last left highest; none where nothing brings units back."""
    found = query(_SOLD)
    bucket = column("bucket", "s")
    if not policy.brings_back:
        found = exp.select(*(named(cast(exp.Null(), storage), name) for name, storage in SOLD_COLUMNS)).where(
            exp.false()
        )
    elif policy.back_from is not None:
        names = [exp.Literal.string(name) for name in sorted(policy.back_from)]
        found = found.where(bucket.isin(*names))
    return Relation("unit-sold", ("pool", "bucket", "height"), SOLD_COLUMNS, found, origin)


def waiting_units(origin: Origin) -> Relation:
    """Sales that still wait for a layer."""
    text = """
        SELECT w.pool, w.event, w.date, w.quantity, w.bucket
        FROM "waiting-unit" AS w
        WHERE NOT EXISTS (SELECT 1 FROM "folded-pool" AS f WHERE f.pool = w.pool)
        UNION ALL
        SELECT w.pool, w.event, COALESCE(e.date, b.date), w.quantity, w.bucket
        FROM "folded-waiting" AS w
        LEFT JOIN "unit-event" AS e ON e.event = w.event
        LEFT JOIN "waiting-unit" AS b ON b.event = w.event
    """
    return written("unit-waiting", ("event",), WAITING_COLUMNS, text, origin)


def owed_units(origin: Origin) -> Relation:
    """Sales valued at the last layer that no receipt has settled yet."""
    text = """
        SELECT o.pool, o.event, o.layer, o.quantity, o.bucket
        FROM "owed-unit" AS o
        WHERE NOT EXISTS (SELECT 1 FROM "folded-pool" AS f WHERE f.pool = o.pool)
        UNION ALL
        SELECT pool, event, layer, quantity, bucket FROM "folded-owed"
    """
    return written("unit-owed", ("event",), OWED_COLUMNS, text, origin)


def last_layers(origin: Origin) -> Relation:
    """The layer opened last in each pool, and how many units it had."""
    text = """
        WITH newest AS (SELECT pool, MAX(event) AS event FROM "unit-event" WHERE class = 2 GROUP BY pool),
        opened AS (
            SELECT n.pool, e.event AS layer, e.quantity AS "to"
            FROM newest AS n JOIN "unit-event" AS e ON e.event = n.event
        ),
        known AS (
            SELECT pool, layer, "to" FROM opened
            UNION ALL
            SELECT l.pool, l.layer, l."to" FROM "last-layer" AS l
            WHERE NOT EXISTS (SELECT 1 FROM opened AS o WHERE o.pool = l.pool)
        )
        SELECT k.pool, k.layer, k."to" FROM known AS k
        WHERE NOT EXISTS (SELECT 1 FROM "folded-pool" AS f WHERE f.pool = k.pool)
        UNION ALL
        SELECT pool, layer, "to" FROM "folded-last"
    """
    return written("unit-last", ("pool",), LAST_COLUMNS, text, origin)
