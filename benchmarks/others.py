"""Valuation in other tools on the same facts: polars as a set operation, Beancount booking posting by posting."""

from __future__ import annotations

import time
from datetime import date, timedelta
from pathlib import Path


def polars_valuation(folder: Path) -> tuple[float, int]:
    """FIFO slices with price and cost in polars: seconds and slices; cumulative sums, then as-of joins."""
    import polars as pl

    began = time.perf_counter()
    keys = ["partner", "part"]
    units = (pl.col("quantity").cast(pl.Float64) * 1000).round().cast(pl.Int64)
    layers = (
        pl.scan_parquet(folder / "input shipment.parquet")
        .select(*keys, "ship-date", "identity", units.alias("q"), "invoice-price", "standard-cost")
        .sort([*keys, "ship-date", "identity"])
        .with_columns(pl.col("q").cum_sum().over(keys).alias("hi"))
        .with_columns((pl.col("hi") - pl.col("q")).alias("lo"))
    )
    sales = (
        pl.scan_parquet(folder / "input pos-sale.parquet")
        .select(*keys, "sale-date", "identity", units.alias("q"))
        .sort([*keys, "sale-date", "identity"])
        .with_columns(pl.col("q").cum_sum().over(keys).alias("b"))
        .with_columns((pl.col("b") - pl.col("q")).alias("a"))
    )
    # Every slice begins where a sale or a layer begins: each start with the layer and sale in force there.
    starts = pl.concat(
        [
            layers.select(*keys, pl.col("lo").alias("at")),
            sales.select(*keys, pl.col("a").alias("at")),
        ]
    ).unique()
    slices = (
        starts.sort([*keys, "at"])
        .with_columns(pl.col("at").shift(-1).over(keys).alias("until"))
        .join_asof(layers.sort("lo"), left_on="at", right_on="lo", by=keys, strategy="backward", check_sortedness=False)
        .join_asof(
            sales.sort("a"),
            left_on="at",
            right_on="a",
            by=keys,
            strategy="backward",
            check_sortedness=False,
            suffix="_sale",
        )
        .filter((pl.col("at") < pl.col("hi")) & (pl.col("at") < pl.col("b")))
        .with_columns(pl.min_horizontal("until", "hi", "b").alias("end"))
        .with_columns(((pl.col("end") - pl.col("at")).cast(pl.Decimal(38, 3)) * pl.col("invoice-price")).alias("gross"))
        .with_columns(((pl.col("end") - pl.col("at")).cast(pl.Decimal(38, 3)) * pl.col("standard-cost")).alias("cost"))
    )
    rows = slices.collect().height
    return time.perf_counter() - began, rows


def beancount_booking(events: int) -> float:
    """Seconds for Beancount to book `events` postings under FIFO, a quarter of them lots, the rest reductions."""
    from beancount import loader

    day = date(2026, 1, 1)
    lines = ['option "booking_method" "FIFO"', f"{day} open Assets:Channel", f"{day} open Equity:Other"]
    for index in range(events // 4):
        on = day + timedelta(days=1 + index * 300 // max(1, events // 4))
        lines.append(f'{on} * "lot {index}"\n  Assets:Channel  30 UNIT {{{100 + index % 37}.25 USD}}\n  Equity:Other')
        sale = "Assets:Channel  -10 UNIT {}\n  Equity:Other"
        lines += [f'{on} * "sale {index}-{number}"\n  {sale}' for number in range(3)]
    text = "\n".join(lines)
    began = time.perf_counter()
    entries, errors, _ = loader.load_string(text)
    if errors or len(entries) < events:
        raise RuntimeError(f"Beancount booked {len(entries)} entries with {len(errors)} errors")
    return time.perf_counter() - began
