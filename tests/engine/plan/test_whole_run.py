"""A whole period of the shop: every column exact, one result whatever the order of rows and the count of threads."""

from __future__ import annotations

import hashlib
import random
from datetime import date, timedelta
from functools import lru_cache

from sqlglot import exp

from engine.plan.relation import column, table
from tests.support import promises
from tests.support.small_world import SHOP, SmallWorld, small_world

PARTNERS = (("ACME", "gold", "resale"), ("BOLT", "silver", "stocking"), ("CRUX", "silver", "resale"))
PARTS = (("X1", "7.50"), ("X2", "0.333333"), ("X3", "119.99"))
SIDES = ("debit", "credit")
Rows = dict[str, list[dict[str, object]]]


def day(draw: random.Random, first: int, last: int) -> str:
    return (date(2026, 1, 1) + timedelta(days=draw.randint(first, last))).isoformat()


@lru_cache(maxsize=1)
def history() -> Rows:
    """Two months of a shop: receipts part and whole, sales, returns, credits, a cut of prices, counts, late facts."""
    draw = random.Random(606)
    rows: Rows = {name: [] for name in ("shipment", "receipt", "sale", "sale-back", "credit-note", "count")}
    since = "2020-01-01"
    for name, tier, model in PARTNERS:
        terms = {"partner": name, "tier": tier, "model": model, "transit-days": 9, "date": since}
        rows.setdefault("partner", []).append(terms)
    rows["part"] = [{"part": name, "list-price": price, "date": since} for name, price in PARTS]
    cuts = (("X1", "2026-01-16", "6.10"), ("X3", "2026-02-10", "99.99"))
    rows["price-cut"] = [{"part": part, "cut-date": cut, "new-price": price} for part, cut, price in cuts]
    opening: dict[str, object] = {
        "document": "GL",
        "line": "1",
        "role": "deferred",
        "amount": "-12.34",
        "line-date": "2026-01-01",
    }
    rows["ledger-entry"] = [opening]
    for at in range(72):
        partner, part = PARTNERS[at % 3][0], PARTS[at // 3 % 3][0]
        key = {"partner": partner, "part": part}
        units, shipped = draw.randint(5, 40), day(draw, 0, 25 if at % 4 else 45)
        prices = {"unit-price": f"{draw.uniform(1, 9):.6f}", "unit-cost": f"{draw.uniform(0, 5):.6f}"}
        rows["shipment"].append(
            {"document": f"S{at:02}", "line": "1", "ship-date": shipped, "quantity": units, **prices, **key}
        )
        if at % 3:
            rows["receipt"].append(
                {
                    "document": f"S{at:02}",
                    "line": "1",
                    "receipt-date": day(draw, 20, 45),
                    "quantity": units - at % 2,
                    **key,
                }
            )
        sold = {
            "invoice": f"I{at % 40}",
            "line": str(at),
            "quantity": draw.randint(1, 9),
            "reported-for": "FY2026-P01",
            **key,
        }
        rows["sale"].append({"sale-date": day(draw, 5, 33), "known-at": day(draw, 25, 50), **sold})
        if at % 9 == 0:
            rows["sale-back"].append(
                {
                    "return-date": "2026-01-31",
                    **{name: sold[name] for name in ("invoice", "line", "partner", "part")},
                    "quantity": 1,
                }
            )
        if at % 11 == 0:
            rows["credit-note"].append(
                {
                    "return-number": f"R{at}",
                    "line": "1",
                    "credit-date": "2026-01-30",
                    "document": f"S{at:02}",
                    "quantity": 2,
                    **key,
                }
            )
    for partner, _, _ in PARTNERS[:2]:
        for part, _ in PARTS:
            rows["count"].append(
                {"partner": partner, "part": part, "count-date": "2026-01-30", "quantity": draw.randint(0, 99)}
            )
    return rows


def run(
    period: str = "FY2026-P01", before: SmallWorld | None = None, threads: int = 1, seed: int | None = None
) -> SmallWorld:
    return small_world(
        SHOP, history(), period, before=before, threads=threads, shuffled=seed, plans_everything=seed is None
    )


@lru_cache(maxsize=1)
def first() -> SmallWorld:
    return run()


def fingerprint(world: SmallWorld) -> str:
    """The journal, byte for byte: every ledger line in the order of its number."""
    names = world.run.world.relation("ledger line").column_names
    query = exp.select(*(column(name) for name in names)).from_(table("ledger line")).order_by(column("id"))
    digest = hashlib.sha256()
    for row in world.executor.rows(query):
        digest.update(("|".join(str(value) for value in row) + "\n").encode())
    return digest.hexdigest()


def test_the_month_has_something_of_everything() -> None:
    world = first()
    journals = {row["journal"] for row in world.rows("ledger line", "journal")}
    assert journals == set(world.ruleset.journals)
    assert all(world.rows(f"adjustment {name}") for name in ("arrived", "gone", "next-period-sale"))
    for journal in world.ruleset.journals:
        debits, credits_ = ([amount for side, _, amount in world.lines(journal) if side == wanted] for wanted in SIDES)
        assert sum(debits) == sum(credits_) > 0
    assert {row["returning"] for row in world.rows("slice", "returning")} == {False, True}


def test_no_column_of_any_relation_is_inexact() -> None:
    world = first()
    every = world.executor.connection.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns"
        " WHERE table_catalog = current_database()"
    ).fetchall()
    made = {str(name) for name, _, _ in every}
    assert len(made & set(world.run.world.relations)) > 90
    assert [one for one in every if any(word in one[2] for word in ("DOUBLE", "FLOAT", "REAL"))] == []
    amounts = {kind for name, label, kind in every if (name, label) == ("ledger line", "amount")}
    assert amounts == {"DECIMAL(38,2)"}


def test_order_of_rows_and_count_of_threads_change_nothing() -> None:
    world = first()
    wanted = (fingerprint(world), _handed(world))
    tried = range(1, 1 + promises.trials(200, per_commit=2))
    others = [run(threads=(8, 2, 4)[seed % 3], seed=seed) for seed in tried]
    differ = [seed for seed, other in zip(tried, others, strict=True) if (fingerprint(other), _handed(other)) != wanted]
    proof = "closes of one month with every mechanism, rows in another order and with another count of threads"
    promises.reached("P9", proof, len(tried), len(differ))
    assert differ == []


def _handed(world: SmallWorld) -> dict[str, str]:
    """A hash of each relation handed to the next period, but for those with a fact's number: it is that of loading."""
    return {
        name: hashlib.sha256(repr(rows).encode()).hexdigest()
        for name, (columns, rows) in world.handed().items()
        if "fact" not in {label for label, _ in columns}
    }


def test_the_next_month_follows_from_what_was_handed_over() -> None:
    world = run("FY2026-P02", first())
    origins = {row["origin"] for row in world.rows("ledger line", "origin")}
    assert origins == {"FY2026-P01", "FY2026-P02"}
    opened = {
        (row["partner"], row["part"], row["bucket"]): row["opening"]
        for row in world.rows("stock", "partner", "part", "bucket", "opening")
    }
    closed = {
        (row["partner"], row["part"], row["bucket"]): row["closing"]
        for row in first().rows("stock", "partner", "part", "bucket", "closing")
    }
    assert {key: units for key, units in opened.items() if units} == {
        key: units for key, units in closed.items() if units
    }
