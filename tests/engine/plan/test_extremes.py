"""`x at the latest d`: which row is taken, what is missing, and that a tie stops the run."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from engine.plan.world import RunStopped
from tests.support.small_world import HEAD, SmallWorld, small_world

OUTLOOKS = (
    HEAD
    + """\
terms
    code, document are text
    volume, ceiling are quantities
    outlook-date is a date
register deal identified by code
kind outlook moves nothing on outlook-date identified by document
    has deal, volume and perhaps ceiling
accounts ledger
    | role       | account | title         | type      | normal | nature   |
    | receivable | 1210    | "Receivables" | asset     | debit  | monetary |
amount latest-ceiling for each deal, period is outlook.ceiling at the latest outlook.outlook-date
amount latest-volume  for each deal, period is outlook.volume at the latest outlook.outlook-date
amount highest-volume for each deal, period is outlook.volume at the highest outlook.volume
amount first-day      for each deal, period is outlook.outlook-date at the earliest outlook.outlook-date
report expected for each deal, period
    shows latest-volume, highest-volume, first-day, latest-ceiling
"""
)


def outlook(document: str, day: str, volume: object, deal: str = "D") -> dict[str, object]:
    return {"document": document, "deal": deal, "volume": volume, "outlook-date": day}


def ran(*outlooks: Mapping[str, object], period: str = "FY2026-P01", before: SmallWorld | None = None) -> SmallWorld:
    deals = [{"deal": "D"}, {"deal": "E"}]
    return small_world(OUTLOOKS, {"deal": deals, "outlook": outlooks}, period, before=before)


def shown(world: SmallWorld) -> list[tuple[object, ...]]:
    names = ("deal", "latest-volume", "highest-volume", "first-day")
    return [
        tuple(str(one) if one is not None else None for one in row.values())
        for row in world.rows("report expected", *names)
    ]


JANUARY = (outlook("A", "2026-01-05", 900), outlook("B", "2026-01-20", 500), outlook("C", "2026-01-07", 70, "E"))


def test_the_row_that_lies_furthest_out_gives_its_value() -> None:
    assert shown(ran(*JANUARY)) == [
        ("D", "500.000", "900.000", "2026-01-05"),
        ("E", "70.000", "70.000", "2026-01-07"),
    ]


def test_rows_after_the_period_are_not_seen_and_those_of_closed_periods_are() -> None:
    ahead = outlook("F", "2026-02-03", 1000)
    january = ran(*JANUARY, ahead)
    assert shown(january)[0] == ("D", "500.000", "900.000", "2026-01-05")
    february = ran(*JANUARY, ahead, period="FY2026-P02", before=january)
    assert shown(february) == [
        ("D", "1000.000", "1000.000", "2026-01-05"),
        ("E", "70.000", "70.000", "2026-01-07"),
    ]


def test_a_row_without_the_value_asked_for_gives_none() -> None:
    first = {**outlook("F", "2026-01-06", 5, "E"), "ceiling": 80}
    [_, row] = ran(*JANUARY, first).rows("report expected", "deal", "latest-ceiling")
    assert row == {"deal": "E", "latest-ceiling": None}
    later = {**outlook("F", "2026-01-16", 5, "E"), "ceiling": 80}
    [_, row] = ran(*JANUARY, later).rows("report expected", "deal", "latest-ceiling")
    assert str(row["latest-ceiling"]) == "80.000"


def test_a_tie_stops_the_run_and_names_what_is_not_told() -> None:
    with pytest.raises(RunStopped, match=r"at the latest outlook.outlook-date.*first at deal D") as stop:
        ran(*JANUARY, outlook("F", "2026-01-20", 1))
    assert stop.value.code == "T503"
