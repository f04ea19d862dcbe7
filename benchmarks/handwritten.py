"""The same close written by hand for this one ruleset: what a good SQL author would run instead of tieout."""

from __future__ import annotations

from pathlib import Path

from adapters.duckdb_executor import DuckDBExecutor

BARE_SORT = """
    SELECT count(*), max(running) FROM (
        SELECT sum(quantity) OVER (PARTITION BY partner, part ORDER BY day, identity ROWS UNBOUNDED PRECEDING)
            AS running
        FROM (
            SELECT partner, part, "ship-date" AS day, identity, quantity FROM "input shipment"
            UNION ALL SELECT partner, part, "receipt-date", identity, quantity FROM "input receipt"
            UNION ALL SELECT partner, part, "sale-date", identity, quantity FROM "input pos-sale"
        )
    )
"""

STEPS = (
    """CREATE TABLE pool AS SELECT row_number() OVER (ORDER BY partner, part) AS pool, partner, part
       FROM (SELECT DISTINCT partner, part FROM "input shipment")""",
    """CREATE TABLE flow AS
       SELECT partner, part, sum(shipped) AS shipped, sum(received) AS received, sum(sold) AS sold FROM (
           SELECT partner, part, quantity AS shipped, 0 AS received, 0 AS sold FROM "input shipment"
           UNION ALL SELECT partner, part, 0, quantity, 0 FROM "input receipt"
           UNION ALL SELECT partner, part, 0, 0, quantity FROM "input pos-sale")
       GROUP BY partner, part""",
    """CREATE TABLE siso AS
       SELECT f.partner, f.part, received - sold AS expected, r.quantity AS reported,
           coalesce(r.quantity - (received - sold), 0) AS variance,
           round(coalesce(r.quantity - (received - sold), 0) * p."list-price", 2) AS value,
           CASE WHEN r.quantity IS NULL THEN 'exception'
                WHEN abs(round((r.quantity - (received - sold)) * p."list-price", 2)) < 500 THEN 'auto-adjust'
                ELSE 'exception' END AS treatment
       FROM flow AS f LEFT JOIN "input inventory-report" AS r ON r.partner = f.partner AND r.part = f.part
       JOIN "input part" AS p ON p.code = f.part""",
    """CREATE TABLE layer AS
       SELECT p.pool, s.fact, s."invoice-price" AS price, s."standard-cost" AS cost,
           CAST(sum(s.quantity * 1000) OVER w AS BIGINT) AS hi,
           CAST(sum(s.quantity * 1000) OVER w - s.quantity * 1000 AS BIGINT) AS lo
       FROM "input shipment" AS s JOIN pool AS p ON p.partner = s.partner AND p.part = s.part
       WINDOW w AS (PARTITION BY p.pool ORDER BY s."ship-date", s.identity ROWS UNBOUNDED PRECEDING)""",
    """CREATE TABLE sold AS
       SELECT p.pool, s.fact, CAST(sum(s.quantity * 1000) OVER w AS BIGINT) AS b,
           CAST(sum(s.quantity * 1000) OVER w - s.quantity * 1000 AS BIGINT) AS a
       FROM "input pos-sale" AS s JOIN pool AS p ON p.partner = s.partner AND p.part = s.part
       WINDOW w AS (PARTITION BY p.pool ORDER BY s."sale-date", s.identity ROWS UNBOUNDED PRECEDING)""",
    """CREATE TABLE slice AS
       SELECT s.pool, s.fact, l.fact AS layer, greatest(l.lo, s.a) - l.lo AS u, least(l.hi, s.b) - l.lo AS w,
           l.price, l.cost
       FROM sold AS s JOIN layer AS l ON l.pool = s.pool AND l.lo < s.b AND l.hi > s.a""",
    """CREATE TABLE entry AS
       SELECT pool, fact, layer, u, w,
           CAST(round(CAST(w AS DECIMAL(38,0)) * price * 0.001, 2)
               - round(CAST(u AS DECIMAL(38,0)) * price * 0.001, 2) AS DECIMAL(18,2)) AS gross,
           CAST(round(CAST(w AS DECIMAL(38,0)) * cost * 0.001, 2)
               - round(CAST(u AS DECIMAL(38,0)) * cost * 0.001, 2) AS DECIMAL(18,2)) AS cost
       FROM slice""",
    """CREATE TABLE deferred AS
       SELECT s.partner, s.part, s.fact,
           CAST(round(CAST(quantity AS DECIMAL(38,3)) * "invoice-price", 2) AS DECIMAL(18,2)) AS price,
           CAST(round(CAST(quantity AS DECIMAL(38,3)) * "standard-cost", 2) AS DECIMAL(18,2)) AS goods
       FROM "input shipment" AS s""",
    """CREATE TABLE line AS
       SELECT journal, role, side, partner, part, amount FROM (
           SELECT 'defer-on-shipment' AS journal, partner, part, sum(price) AS price, sum(goods) AS goods FROM deferred
           GROUP BY partner, part) AS d,
           LATERAL (VALUES ('trade-receivable', 'debit', price), ('deferred-revenue', 'credit', price),
                           ('deferred-cost', 'debit', goods),
                           ('finished-goods', 'credit', goods)) AS v(role, side, amount)
       UNION ALL
       SELECT journal, role, side, partner, part, amount FROM (
           SELECT 'recognise-sell-through' AS journal, p.partner, p.part, sum(gross) AS gross, sum(cost) AS cost
           FROM entry AS e JOIN pool AS p ON p.pool = e.pool GROUP BY p.partner, p.part) AS r,
           LATERAL (VALUES ('deferred-revenue', 'debit', gross), ('product-revenue', 'credit', gross),
                           ('cost-of-sales', 'debit', cost),
                           ('deferred-cost', 'credit', cost)) AS v(role, side, amount)""",
)
OUTPUTS = (
    ("line", "journal, partner, part, role, side"),
    ("entry", "pool, fact, layer, u"),
    ("deferred", "partner, part, fact"),
    ("siso", "partner, part"),
)


def run_handwritten(executor: DuckDBExecutor, folder: Path) -> None:
    """Make the tables and write the results sorted, as a close does."""
    for step in STEPS:
        executor.connection.execute(step)
    for name, order in OUTPUTS:
        path = str(folder / f"{name}.parquet").replace("'", "''")
        executor.connection.execute(f"COPY (SELECT * FROM {name} ORDER BY {order}) TO '{path}' (FORMAT parquet)")


def totals(executor: DuckDBExecutor) -> list[tuple[object, ...]]:
    """Sums by journal, role and side, to compare with the engine's."""
    text = "SELECT journal, role, side, CAST(sum(amount) AS DECIMAL(38,2)) FROM line GROUP BY ALL ORDER BY ALL"
    return executor.connection.execute(text).fetchall()
