"""Named takes on the axis say what the fold says, which has been compared with a ledger of single units."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from adapters.duckdb_executor import DuckDBExecutor
from engine.plan.executor import Row
from engine.plan.units.layers.policy import Placing
from engine.plan.units.layers.written import query
from engine.run.placing import place_units
from tests.support import promises
from tests.support.histories import CUSTOMER, VENDOR, History, every_history, random_history, read_history
from tests.support.oracle import OPENS, RETURNS, Event, Policy
from tests.support.placing import Hand, Places, hand_in, handed_over, nothing_handed_over, places_of

ANY_BUCKET = Placing(brings_back=True)
FROM_CUSTOMERS = Placing(brings_back=True, back_from=frozenset({CUSTOMER}))
POOLS = promises.trials(300, per_commit=60, nightly=300)
EVERY_STEP = ("receipt 3", "sale 1", "sale 3", "return 2", "named 1", "named 2")

Told = dict[str, list[Row]]


def told(placing: Placing, events: Iterable[Event], places: Places, handed: Hand) -> tuple[Told, Hand]:
    """What a period says and hands over, less what went to the vendor, which only one of the two remembers."""
    with DuckDBExecutor(threads=2) as executor:
        hand_in(executor, list(events), handed, places)
        place_units(executor, placing)
        found = {name: executor.rows(query(f'SELECT * FROM "{name}"')) for name in ("unit-slice", "unit-held")}
        found["folded"] = executor.rows(query('SELECT pool, reason FROM "folded-pool"'))
        hand = handed_over(executor)
    hand["sold-unit"] = [row for row in hand["sold-unit"] if row["bucket"] == CUSTOMER]
    problems = {name: sorted(rows, key=repr) for name, rows in found.items()}
    return problems, {name: sorted(rows, key=repr) for name, rows in hand.items()}


def compared(history: History) -> tuple[int, int]:
    """Pools of both periods that the fold served with and without memory of the vendor; both must say the same."""
    fewer = more = 0
    remembered, forgotten = nothing_handed_over(), nothing_handed_over()
    known = places_of((*history.first, *history.second), {})
    for period in (history.first, history.second):
        opened = {event.identity for event in (*history.first, *period) if event.action in (OPENS, RETURNS)}
        places = {key: place for key, place in known.items() if key[1] in opened}
        first, remembered = told(ANY_BUCKET, period, places, remembered)
        second, forgotten = told(FROM_CUSTOMERS, period, places, forgotten)
        fewer += len(second.pop("folded"))
        more += len(first.pop("folded"))
        assert second == first
        assert forgotten == remembered
    return fewer, more


def without_returns_from_the_vendor(history: History) -> History:
    wrong = {
        event.pool for event in (*history.first, *history.second) if event.action == RETURNS and event.bucket == VENDOR
    }
    kept = (tuple(event for event in period if event.pool not in wrong) for period in (history.first, history.second))
    return History(*kept)


def test_every_short_life_with_named_takes_is_placed_alike() -> None:
    fewer, more = compared(every_history(EVERY_STEP, 4, Policy()))
    assert more - fewer > 30


@pytest.mark.parametrize("seed", [2])
def test_random_lives_with_named_takes_are_placed_alike(seed: int) -> None:
    fewer, more = compared(without_returns_from_the_vendor(random_history(seed, POOLS, Policy())))
    assert fewer < more


def reasons(text: str, second: str = "") -> list[object]:
    history = read_history(text, Policy(), second)
    places = places_of(history.first, {})
    found, handed = told(FROM_CUSTOMERS, history.first, places, nothing_handed_over())
    if second:
        both = places | {key: (9, *place) for key, place in places_of(history.second, {}).items()}
        found, _ = told(FROM_CUSTOMERS, history.second, both, handed)
    return [reason for _, reason in found["folded"]]


STOCK = "day what units document\n1 receipt 5 A\n2 receipt 5 B\n"


@pytest.mark.parametrize(
    "text",
    [
        "3 to-vendor 2 A\n4 sale 5 -",
        "3 sale 3 -\n4 to-vendor 2 A\n5 return 1 -\n6 sale 4 -",
        "3 to-vendor 2 B\n4 to-vendor 3 B\n5 sale 5 -",
        "3 to-vendor 5 A\n4 sale 5 -\n5 return 5 -",
    ],
)
def test_a_layer_that_has_the_units_is_only_shorter(text: str) -> None:
    assert reasons(STOCK + text) == []


def test_a_layer_handed_over_is_only_shorter() -> None:
    second = "day what units document\n8 to-vendor 2 A\n9 return 1 -\n10 sale 3 -"
    assert reasons(STOCK + "3 sale 1 -", second) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("3 to-vendor 6 A", "a named layer is not one that has the units"),
        ("3 to-vendor 1 C", "a named layer is not one that has the units"),
        ("3 receipt 1 A\n4 to-vendor 1 A", "a named layer is not one that has the units"),
        ("3 sale 4 -\n4 to-vendor 2 A", "a named layer was passed before"),
        ("3 sale 7 -\n4 return 4 -\n5 to-vendor 1 A", "a named layer was passed before"),
        ("3 to-vendor 1 A\n4 change - -", "a value changes beside a named layer"),
    ],
)
def test_what_a_shorter_layer_cannot_tell_goes_to_the_fold(text: str, reason: str) -> None:
    assert reasons(STOCK + text) == [reason]


def test_units_that_may_come_back_from_the_vendor_go_to_the_fold() -> None:
    history = read_history(STOCK + "3 to-vendor 1 A", Policy())
    found, _ = told(ANY_BUCKET, history.first, places_of(history.first, {}), nothing_handed_over())
    assert [reason for _, reason in found["folded"]] == ["a named layer is not one that has the units"]
