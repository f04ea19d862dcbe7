"""Seeded facts for the benchmarks, made by DuckDB from a hash of row numbers: the same scale, the same Parquet files.

Of every ten facts two are shipments, two are their receipts, six are sales; besides, one count for each pool. Pools are
(partner, part) pairs; every pool ships before it sells and never sells more than it was shipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlglot import exp

from adapters.closing.inputs import parquet
from adapters.duckdb_executor import DuckDBExecutor
from engine.plan.units.stock import union_all

KINDS = ("shipment", "receipt", "pos-sale", "inventory-report")
SHIPPED, SOLD = 30, 10
"""Units of a shipment and of a sale: three sales use up one shipment."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How large a benchmark is: facts in all, pools, parts, and the days they spread over."""

    facts: int
    pools: int
    parts: int
    start: date
    days: int


def write_facts(folder: Path, scale: Scale, publication: int = 1, first_round: int = 0) -> None:
    """Parquet files `input NAME.parquet` as a run reads them; `first_round` goes on where an earlier month stopped."""
    folder.mkdir(parents=True, exist_ok=True)
    rounds = max(1, scale.facts // 5 // scale.pools)
    with DuckDBExecutor(writes=(folder,)) as executor:
        connection = executor.connection
        connection.execute(
            """
            CREATE TABLE shipped AS
            SELECT p.pool, r.round,
                'P' || lpad(CAST(p.pool // $parts AS VARCHAR), 4, '0') AS partner,
                'S' || lpad(CAST(p.pool % $parts AS VARCHAR), 5, '0') AS part,
                CAST($start AS DATE) + CAST(((r.round - $first) * $days) // $rounds AS INTEGER) AS day,
                100 + (hash(p.pool * 31 + r.round) % 90000) AS price_cents,
                60 + (hash(p.pool * 17 + r.round) % 50000) AS cost_cents
            FROM range($pools) AS p(pool), range($first, $first + $rounds) AS r(round)
            """,
            {
                "pools": scale.pools,
                "parts": scale.parts,
                "start": scale.start,
                "days": max(1, scale.days - 3),
                "rounds": rounds,
                "first": first_round,
            },
        )
        for name, text in _QUERIES.items():
            path = str(folder / f"input {name}.parquet").replace("'", "''")
            connection.execute(f"COPY ({text}) TO '{path}' (FORMAT parquet)".replace("$publication", str(publication)))


def attach_facts(executor: DuckDBExecutor, folders: list[Path]) -> None:
    """Views `input NAME` over the files of one or more folders."""
    for name in (*KINDS, "partner", "part"):
        files = [folder / f"input {name}.parquet" for folder in folders]
        files = files[:1] if name in ("partner", "part") else files
        executor.view(f"input {name}", union_all([exp.select(exp.Star()).from_(parquet(file)) for file in files]))


def fact_files(folders: list[Path]) -> list[Path]:
    """The files that `attach_facts` reads."""
    return [file for folder in folders for file in sorted(folder.glob("input *.parquet"))]


_TAIL = """
    'USD' AS currency, {day} AS "known-at", 1::INTEGER AS version, 'seed' AS "source-file",
    row_number() OVER () AS "source-row", $publication::BIGINT AS publication,
    {offset}::BIGINT * 1000000000000 + $publication::BIGINT * 100000000000 + row_number() OVER () AS fact
"""
_LINE = "lpad(CAST(pool AS VARCHAR), 6, '0')"
_DOCUMENT = "lpad(CAST(round AS VARCHAR), 8, '0')"

_QUERIES = {
    "shipment": f"""
        SELECT {_DOCUMENT} AS document, {_LINE} AS line, day AS "ship-date", partner, part,
            {SHIPPED}::DECIMAL(18,3) AS quantity,
            CAST(CAST(price_cents AS DECIMAL(18,4)) * 0.0123 AS DECIMAL(18,6)) AS "invoice-price",
            CAST(CAST(cost_cents AS DECIMAL(18,4)) * 0.0123 AS DECIMAL(18,6)) AS "standard-cost",
            {_DOCUMENT} || chr(31) || {_LINE} AS identity, {_TAIL.format(day="day", offset=1)}
        FROM shipped
    """,
    "receipt": f"""
        SELECT {_DOCUMENT} AS document, {_LINE} AS line, day + 1 AS "receipt-date", partner, part,
            {SHIPPED}::DECIMAL(18,3) AS quantity,
            {_DOCUMENT} || chr(31) || {_LINE} AS identity, {_TAIL.format(day="day + 1", offset=2)}
        FROM shipped
    """,
    "pos-sale": f"""
        SELECT partner, 'I' || {_DOCUMENT} || CAST(k AS VARCHAR) AS "invoice-number", {_LINE} AS line,
            day + 2 AS "sale-date", part,
            CASE WHEN (hash(pool * 7 + round) % 5) = 0 AND k = 2 THEN {SOLD} - 1 ELSE {SOLD} END::DECIMAL(18,3)
                AS quantity,
            partner || chr(31) || 'I' || {_DOCUMENT} || CAST(k AS VARCHAR) || chr(31) || {_LINE} AS identity,
            {_TAIL.format(day="day + 2", offset=3)}
        FROM shipped, range(3) AS s(k)
    """,
    "inventory-report": f"""
        SELECT partner, part, max(day) + 2 AS "as-of-date",
            greatest(0, CAST(sum(1) FILTER (WHERE (hash(pool * 7 + round) % 5) = 0) AS BIGINT))::DECIMAL(18,3)
                AS quantity,
            partner || chr(31) || part AS identity, {_TAIL.format(day="max(day) + 2", offset=4)}
        FROM shipped GROUP BY partner, part
    """,
    "partner": """
        SELECT DISTINCT partner AS code, partner AS identity, 'USD' AS currency, DATE '2026-01-01' AS "known-at",
            1::INTEGER AS version, 'seed' AS "source-file", 1::BIGINT AS "source-row",
            $publication::BIGINT AS publication, 1::BIGINT AS fact
        FROM shipped
    """,
    "part": """
        SELECT DISTINCT part AS code, 100::DECIMAL(18,6) AS "list-price", part AS identity, 'USD' AS currency,
            DATE '2026-01-01' AS "known-at", 1::INTEGER AS version, 'seed' AS "source-file", 1::BIGINT AS "source-row",
            $publication::BIGINT AS publication, 1::BIGINT AS fact
        FROM shipped
    """,
}
