"""Seeded facts that use every mechanism, for the same scale the same files: made by DuckDB from a hash of row numbers.

A pool is a part at a partner. In a round it is shipped 30 units, receives them, and sells 28 or 30 of them in three
sales within eight days, so several layers are held at any time. `SHARES` says how many rows use each mechanism.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlglot import exp

from adapters.closing.inputs import parquet, records_of
from adapters.duckdb_executor import DuckDBExecutor
from engine.model.ruleset import Ruleset
from engine.model.schema import Record
from engine.plan.relation import column, named
from engine.run.given import INPUT_TAIL

ROUNDS, DAYS, PARTS, PARTNERS_MIN = 40, 19, 50, 8
"""Rounds of a pool in the month, the days on which they begin, and parts of a partner, of which there are a few."""
START, END = date(2026, 1, 1), date(2026, 1, 31)

SHARES = (
    ("currencies", "every fourth partner is billed in euros"),
    ("price-protection", "three price cuts for every tenth pool, at half of the partners"),
    ("ship-and-debit", "a third of the sales of every twentieth pool, and three claims on each authorisation"),
    ("rebates", "a programme for each partner, over every fifth part, in three bands"),
    ("bundles", "2.5% of the shipments deliver from an order of goods and a service"),
    ("serials", "one part in fifty is shipped and sold unit by unit"),
    ("returns", "every third partner buys firm, with a right to give back; 10% of rounds give back a unit"),
    ("conversion", "one or two partners in a hundred change their basis within the month"),
    ("books", "a second book over everything, and a group on top"),
    ("scorecards", "a card for each partner, over a file for each partner and kind"),
    ("weeks", "1.7% of the sales are told by the week"),
)
"""For each mechanism, which facts use it; the core needs none of them."""


@dataclass(frozen=True, slots=True)
class Facts:
    """How many rows of which records were written, by record."""

    rows: dict[str, int]

    @property
    def total(self) -> int:
        """Facts and rows of registers and rates together."""
        return sum(self.rows.values())


def write_mechanism_facts(folder: Path, facts: int, ruleset: Ruleset, rounds: int = ROUNDS) -> Facts:
    """About as many facts as asked for, as `input NAME.parquet` with the columns the ruleset with everything reads."""
    folder.mkdir(parents=True, exist_ok=True)
    pools = max(1, facts // (5 * rounds))
    parts = min(PARTS, max(1, pools // PARTNERS_MIN))
    with DuckDBExecutor(temporary_folder=folder) as executor:
        connection = executor.connection
        given = {"pools": pools, "parts": parts, "rounds": rounds, "days": DAYS, "start": START}
        connection.execute(_SHIPPED, given)
        connection.execute(_SOLD)
        rows = {}
        for number, record in enumerate(records_of(ruleset), 1):
            had = {one for one, *_ in connection.execute(f"DESCRIBE {_QUERIES[record.name]}").fetchall()}
            query = _stored(record, _QUERIES[record.name], had, number)
            path = str(folder / f"input {record.name}.parquet").replace("'", "''")
            [(rows[record.name],)] = connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)").fetchall()
    return Facts(rows)


def attach_mechanism_facts(executor: DuckDBExecutor, folder: Path, ruleset: Ruleset) -> None:
    """Views `input NAME` of what a ruleset reads; without rates all money is in its reporting currency."""
    home = named(exp.Literal.string(ruleset.head.currency), "currency")
    for record in records_of(ruleset):
        names = [name for name, _ in (*record.stored, *INPUT_TAIL)]
        shown = [home if name == "currency" and not ruleset.rates else column(name) for name in names]
        executor.view(
            f"input {record.name}", exp.select(*shown).from_(parquet(folder / f"input {record.name}.parquet"))
        )


def _stored(record: Record, query: str, had: set[str], number: int) -> str:
    """Rows as a run reads them, of a query with some columns: a record's own in their types, then identity, provenance,
    publication and number."""
    keys = [f"coalesce(CAST({_quoted(one)} AS VARCHAR), '')" for one in record.identity]
    implied = {
        "identity": " || chr(31) || ".join(keys),
        "currency": "currency",
        "known-at": _quoted(record.on) if record.on and record.family == "kind" else f"DATE '{START}'",
        "version": "1",
        "source-file": "file" if "file" in had else f"'{record.name}'",
        "source-row": "place",
        "publication": "1",
        "fact": f"{number} * 1000000000000 + place",
    }
    own = {one.name for one in record.columns}
    shown = []
    for name, storage in (*record.stored, *INPUT_TAIL):
        value = (_quoted(name) if name in had else "NULL") if name in own else implied[name]
        shown.append(f"CAST({value} AS {storage}) AS {_quoted(name)}")
    order = ", ".join(_quoted(one) for one in record.row_key)
    named = f"SELECT *, row_number() OVER (ORDER BY {order}) AS place FROM ({query})"
    return f"SELECT {', '.join(shown)} FROM ({named})"


def _quoted(name: str) -> str:
    return f'"{name}"'


_SHIPPED = """
    CREATE TABLE shipped AS
    SELECT *, 'P' || lpad(CAST(p AS VARCHAR), 5, '0') AS partner, 'S' || lpad(CAST(s AS VARCHAR), 3, '0') AS part,
        CASE WHEN p % 4 = 0 THEN 'EUR' ELSE 'USD' END AS currency,
        lpad(CAST(round AS VARCHAR), 4, '0') AS document, lpad(CAST(pool AS VARCHAR), 7, '0') AS line,
        p % 3 <> 0 AND p % 50 = 1 AS converts,
        s = numbered_part AS numbered, mark % 40 = 1 AND s <> numbered_part AS bundled,
        mark % 10 = 3 AND s <> numbered_part AS gives_back
    FROM (
        SELECT p.pool, r.round, p.pool // $parts AS p, p.pool % $parts AS s, least(7, $parts - 2) AS numbered_part,
            CAST($start AS DATE) + CAST((r.round * $days) // $rounds AS INTEGER) AS day,
            hash(p.pool * 1000 + r.round) AS mark,
            (2000 + hash(p.pool * 31 + r.round) % 90000) / 100::DECIMAL(18,2) AS price,
            (500 + hash(p.pool * 17 + r.round) % 1500) / 100::DECIMAL(18,2) AS cost
        FROM range($pools) AS p(pool), range($rounds) AS r(round)
    )
"""
_SOLD = """
    CREATE TABLE sold AS
    SELECT r.*, k, 'I' || document || CAST(k AS VARCHAR) AS invoice, day + 2 + CAST(3 * k AS INTEGER) AS sold_on,
        CASE WHEN numbered THEN 1 WHEN gives_back AND k = 2 THEN 8 ELSE 10 END AS quantity,
        CASE WHEN k = 2 AND (mark // 100) % 20 = 0 AND NOT numbered THEN day + 2 END AS covers
    FROM shipped AS r, range(3) AS s(k) WHERE k = 0 OR NOT numbered
"""
_SERIAL = "CASE WHEN numbered THEN line || '-' || document END"
_UNITS = "CASE WHEN numbered THEN 1 ELSE 30 END"
_PARTNERS = "(SELECT DISTINCT p, partner, currency, converts FROM shipped)"
_POOLS = "(SELECT DISTINCT pool, p, s, partner, part, line, currency, numbered FROM shipped)"
_ORDERS = "(SELECT *, line || document AS reference FROM shipped WHERE bundled)"

_QUERIES = {
    "shipment": f"""
        SELECT document, line, day AS "ship-date", partner, part, {_UNITS} AS quantity, price AS "invoice-price",
        cost AS "standard-cost", {_SERIAL} AS serial, currency, 'ours' AS file,
        CASE WHEN bundled THEN line || document || '/1' END AS "bundle-line" FROM shipped""",
    "receipt": f"""
        SELECT document, line, day + 1 AS "receipt-date", partner, part, {_UNITS} AS quantity, {_SERIAL} AS serial,
        currency FROM shipped""",
    "pos-sale": f"""
        SELECT partner, invoice AS "invoice-number", line || again AS line, sold_on AS "sale-date", part, quantity,
        {_SERIAL} AS serial, covers AS "covers-from", currency, partner || ' sales' AS file,
        CASE WHEN pool % 20 = 3 AND k = 0 THEN 'A' || line END AS authorisation
        FROM sold, (VALUES (''), ('x')) AS v(again)
        WHERE again = '' OR (mark % 1000 = 5 AND k = 1 AND covers IS NULL)""",
    "goods-returned": """
        SELECT document, line, day + 10 AS "return-date", partner, part, 1 AS quantity, currency
        FROM shipped WHERE gives_back""",
    "inventory-report": f"""
        SELECT partner, part, DATE '{END}' AS "as-of-date",
        greatest(0, count(*) FILTER (WHERE gives_back) - CASE WHEN pool % 50 = 11 THEN 1 ELSE 0 END) AS quantity,
        currency, partner || ' counts' AS file FROM shipped GROUP BY pool, partner, part, currency""",
    "partner": f"""
        SELECT partner AS code, CASE WHEN p % 3 = 0 THEN 'stocking' ELSE 'resale' END AS model, p % 2 = 0 AS
        "price-protected", 30 AS "protection-days", 5000 AS "most-granted", 0.05 AS "return-share", converts, currency
        FROM {_PARTNERS}""",
    "part": f"""
        SELECT DISTINCT part AS code, 100 AS "list-price", CASE WHEN numbered THEN 'serialised' ELSE 'standard' END
        AS class, 'USD' AS currency FROM {_POOLS}""",
    "price-change": f"""
        SELECT partner, part, on_day AS "effective-date", (400 - 100 * number) AS "new-price", currency
        FROM {_POOLS}, (VALUES (1, DATE '2026-01-08'), (2, DATE '2026-01-15'), (3, DATE '2026-01-22'))
        AS v(number, on_day) WHERE pool % 10 = 4""",
    "authorisation": f"""
        SELECT 'A' || line AS number, partner, part, 1.25 AS "unit-credit", DATE '{START}' AS "valid-from",
        DATE '2026-01-20' AS "valid-through", DATE '2026-03-31' AS "claim-by", currency FROM {_POOLS}
        WHERE pool % 20 = 3""",
    "debit-claim": f"""
        SELECT partner, line || CAST(number AS VARCHAR) AS claim, on_day AS "claim-date", part,
        'A' || line AS authorisation, 150 AS quantity, 187.50 AS amount, currency FROM {_POOLS},
        (VALUES (1, DATE '2026-01-12'), (2, DATE '2026-01-22'), (3, DATE '2026-01-31')) AS v(number, on_day)
        WHERE pool % 20 = 3""",
    "programme": f"""
        SELECT 'R' || partner AS code, partner, DATE '{START}' AS starts, DATE '2026-12-31' AS ends, currency,
        CASE WHEN p % 2 = 0 THEN 'retroactive' ELSE 'prospective' END AS tiers FROM {_PARTNERS}""",
    "programme-part": f"""
        SELECT 'R' || partner AS programme, part, currency FROM {_POOLS} WHERE s % 5 = 0""",
    "programme-tier": f"""
        SELECT 'R' || partner AS programme, from_volume AS "from-volume", rebate AS "unit-rebate", currency
        FROM {_PARTNERS}, (VALUES (1, 0.10), (601, 0.25), (6001, 0.40)) AS v(from_volume, rebate)""",
    "programme-outlook": f"""
        SELECT 'R' || partner AS programme, on_day AS "outlook-date", volume, currency FROM {_PARTNERS},
        (VALUES (DATE '2026-01-10', 3000), (DATE '2026-01-31', 12000)) AS v(on_day, volume)""",
    "stand-alone-price": """
        SELECT name || '-' || currency AS code, alone AS "unit-alone", evidence, currency FROM
        (VALUES ('goods', 200, 'observed'), ('support', 900, 'observed'), ('advice', 700, 'highly-variable'))
        AS v(name, alone, evidence), (VALUES ('EUR'), ('USD')) AS c(currency)""",
    "bundle-order": f"""
        SELECT reference AS "order", day AS "order-date", partner, 7000 + mark % 1000 AS "order-price", currency
        FROM {_ORDERS}""",
    "bundle-line": f"""
        SELECT reference AS "order", number AS line, day AS "order-date", partner,
        CASE WHEN number = '1' THEN 'goods-' WHEN mark % 200 = 1 THEN 'advice-' ELSE 'support-' END || currency AS item,
        CASE WHEN number = '1' THEN 30 ELSE 1 END AS quantity,
        CASE WHEN number = '1' THEN 'on-delivery' ELSE 'over-time' END AS satisfied,
        CASE WHEN number = '2' THEN day END AS "service-start",
        CASE WHEN number = '2' THEN day + 364 END AS "service-end", currency
        FROM {_ORDERS}, (VALUES ('1'), ('2')) AS v(number)""",
    "order-invoice": f"""
        SELECT reference AS "order", 'B' || reference AS invoice, day AS "invoice-date", partner,
        7000 + mark % 1000 AS "billed-amount", currency FROM {_ORDERS}""",
    "conversion": f"""
        SELECT partner, DATE '2026-01-15' AS "conversion-date", 'sell-in' AS "new-basis", currency FROM {_PARTNERS}
        WHERE converts""",
    "group-part": f"""
        SELECT DISTINCT part, 0.30 AS "group-margin", 'USD' AS currency FROM {_POOLS}""",
    "holiday": f"""
        SELECT DATE '{START}' AS date, 'USD' AS currency""",
    "spot": f"""
        SELECT 'EUR' AS currency, CAST(day AS DATE) AS date, (108 + extract(day FROM day) % 5) / 100::DECIMAL(18,2)
        AS rate FROM range(DATE '{START}', DATE '{END}' + INTERVAL 1 DAY, INTERVAL 1 DAY) AS v(day)""",
    "closing": f"""
        SELECT 'EUR' AS currency, DATE '{END}' AS date, 1.12 AS rate""",
}
"""For each record its rows with their currency, and their file where it is not the record; all else is missing."""
