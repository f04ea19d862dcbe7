"""Controls for each key and day: what is over again by the period's end, what was carried over, and what is late."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from tests.support.small_world import HEAD, SmallWorld, small_world

SHOP = (
    HEAD
    + """\
terms
    code, document, serial are text
    quantity is a quantity
    in-date, out-date are dates
register partner identified by code
stock for each partner, serial
    own, shelf, customer
kind arrival moves own to shelf on in-date identified by document, serial
    has partner, quantity and perhaps serial
kind sale moves shelf to customer on out-date identified by document, serial
    has partner, quantity and perhaps serial
kind tally states shelf on in-date identified by partner, serial, in-date
    has quantity
reconciliation siso for each partner, serial, period in fiscal
    compares expected shelf with reported tally.quantity, latest within 3 days of period end
    stages absorb
control in-one-place for each partner, serial, day
    when serial is not missing
    needs shelf is at least 0 units
      and shelf is at most 1 units
    otherwise raise twice high to controller
"""
)


def moved(number: int, day: str, serial: str, on: str, known: str = "2026-01-01") -> dict[str, object]:
    return {
        "document": str(number), "partner": "A", "serial": serial, "quantity": 1, on: day, "known-at": known,
    }  # fmt: skip


def broken(world: SmallWorld) -> list[tuple[object, str]]:
    return [(row["serial"], str(row["day"])[5:]) for row in world.rows("control in-one-place", "serial", "day")]


def ran(arrivals: Sequence[dict[str, object]], sales: Sequence[dict[str, object]], period: str = "FY2026-P01",
        before: SmallWorld | None = None) -> SmallWorld:  # fmt: skip
    return small_world(SHOP, {"arrival": arrivals, "sale": sales}, period, before=before, threads=1)


def test_each_day_is_looked_at_over_closes_and_late_days_on_the_first() -> None:
    arrivals = [
        moved(1, "2026-01-05", "S1", "in-date"), moved(2, "2026-01-07", "S1", "in-date"),
        moved(3, "2026-01-20", "S2", "in-date"), moved(4, "2026-01-25", "S3", "in-date"),
        moved(5, "2026-01-28", "S3", "in-date"),
    ]  # fmt: skip
    sales = [moved(6, "2026-01-09", "S1", "out-date"), moved(7, "2026-01-18", "S2", "out-date")]
    first = ran(arrivals, sales)
    # S1 lies there twice from the 7th to the 8th; S2 is sold two days before it comes; S3 stays there twice.
    assert broken(first) == [("S1", "01-07"), ("S2", "01-18"), ("S3", "01-28")]
    late = [*sales, moved(8, "2026-01-10", "S1", "out-date", "2026-02-10"), moved(9, "2026-02-04", "S3", "out-date")]
    again = [*late, moved(10, "2026-01-11", "S1", "out-date", "2026-02-10")]
    second = ran(arrivals, again, "FY2026-P02", first)
    assert broken(second) == [("S1", "02-01"), ("S3", "02-01")]
    shelf = {row["serial"]: row["closing"] for row in second.rows("stock") if row["bucket"] == "shelf"}
    assert shelf == {"S1": Decimal(-1), "S3": Decimal(1)}
