"""Placing against the ledger of single units: random lives of pools, every short life, and what once went wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from dataclasses import replace as altered
from random import Random

import pytest

from adapters.duckdb_executor import DuckDBExecutor
from engine.plan.units.layers.policy import Placing
from engine.run.placing import PlacingReport, place_units
from tests.support import promises
from tests.support.histories import (
    POLICIES,
    History,
    every_history,
    random_history,
    read_history,
    tidy_history,
    together,
)
from tests.support.oracle import Event, Policy, Pool, replay
from tests.support.placing import (
    Hand,
    Places,
    Told,
    by_engine,
    by_ledger,
    hand_in,
    handed_over,
    nothing_handed_over,
    places_of,
)
from tests.support.reach import HARD, reached

POOLS_EACH = promises.trials(170, per_commit=30, nightly=170)
NOW = promises.some(POLICIES, per_commit=POLICIES[1::2])
LONGEST = promises.trials(4, per_commit=3, nightly=4)
"""Steps of the longest lives of which two policies place every one; the others place those a step shorter."""
EVERY_STEP = ("receipt 2", "early 1", "sale 1", "sale 3", "return 1", "return 2", "named 1", "change")


def placed(policy: Policy, events: tuple[Event, ...], handed: Hand, places: Places) -> tuple[Told, Hand, PlacingReport]:
    """One period through the engine: what it said, what it hands over and which plans it used."""
    placing = Placing(policy.order, True, policy.beyond_sales, policy.beyond_stock)
    shuffled = Random(len(events)).sample(events, len(events))
    with DuckDBExecutor(threads=1 + POLICIES.index(policy) % 3) as executor:
        hand_in(executor, shuffled, handed, places)
        report = place_units(executor, placing)
        return by_engine(executor), handed_over(executor), report


def both(policy: Policy, history: History) -> tuple[list[tuple[Told, Told]], list[PlacingReport]]:
    """Both periods by ledger and engine, side by side; the engine starts the second from what it handed over itself."""
    compared, reports = [], []
    pools: dict[int, Pool] = {}
    handed = nothing_handed_over()
    for events in (history.first, history.second):
        places = places_of(events, pools)
        replay(policy, events, pools)
        told, handed, report = placed(policy, events, handed, places)
        compared.append((by_ledger(pools.values()), told))
        reports.append(report)
    return compared, reports


def judged(policy: Policy, history: History) -> tuple[list[str], list[PlacingReport]]:
    """What ledger and engine say differently, in words, the shortest lives first; and the plans used."""
    compared, reports = both(policy, history)
    wrong = {
        pool
        for ledger, engine in compared
        if ledger != engine
        for pool in history.pools
        if ledger.of(pool) != engine.of(pool)
    }
    assert wrong or all(ledger == engine for ledger, engine in compared)
    shortest = sorted(wrong, key=lambda pool: (len(history.of(pool).first) + len(history.of(pool).second), pool))
    return [_told(history.of(pool), compared) for pool in shortest[:3]], reports


def _told(history: History, compared: list[tuple[Told, Told]]) -> str:
    lines = ["", *(f"  {event}" for event in history.first), "  --", *(f"  {event}" for event in history.second)]
    (pool,) = history.pools
    for ledger, engine in ((ledger.of(pool), engine.of(pool)) for ledger, engine in compared):
        for name in (found.name for found in fields(Told)):
            left, right = getattr(ledger, name), getattr(engine, name)
            if left != right:
                lines.append(f"  {name}: ledger {_only(left, right)}")
                lines.append(f"  {name}: engine {_only(right, left)}")
    return "\n".join(lines)


def _only(one: object, other: object) -> object:
    return one - other if isinstance(one, Counter) and isinstance(other, Counter) else one


def lives(policy: Policy) -> History:
    """The random lives every policy is tried on."""
    return random_history(POLICIES.index(policy), POOLS_EACH, policy)


@pytest.mark.parametrize("policy", NOW, ids=str)
def test_random_and_all_short_lives_of_pools_are_placed_as_the_ledger_places_them(policy: Policy) -> None:
    history = together(lives(policy), every_history(EVERY_STEP, LONGEST - 1, policy))
    differences, reports = judged(policy, history)
    _record(history, differences)
    assert differences == []
    least = promises.trials(5, per_commit=1, nightly=5)
    assert all(report.pools_by_axis > least and report.pools_by_fold > 4 * least for report in reports)


@pytest.mark.parametrize("policy", [Policy(), Policy("newest", "open-layer", "last-price")], ids=str)
def test_all_lives_of_a_few_events_are_placed_as_the_ledger_places_them(policy: Policy) -> None:
    history = every_history(EVERY_STEP, LONGEST, policy)
    differences, _ = judged(policy, history)
    _record(history, differences)
    assert differences == []


def _record(history: History, differences: list[str]) -> None:
    proof = "lives of pools, two periods long, placed unit by unit as by a ledger of single units"
    promises.reached("P3", proof, len(history.pools), len(differences))


def test_lives_without_shortage_never_need_the_fold() -> None:
    differences, reports = judged(Policy(), tidy_history(1, 150, 16))
    assert differences == []
    assert [report.pools_by_fold for report in reports] == [0, 0]
    assert [report.pools_by_axis for report in reports] == [150, 150]


def test_a_return_of_units_sold_last_period_is_placed_on_the_axis() -> None:
    history = read_history(
        "day what units\n1 receipt 3\n2 sale 2",
        Policy(),
        "day what units\n8 return 1\n9 sale 2",
    )
    differences, reports = judged(Policy(), history)
    assert differences == []
    assert reports[1].pools_by_fold == 0


def test_the_comparison_sees_units_that_left_in_the_wrong_order() -> None:
    history = read_history("day what units\n1 receipt 2\n2 receipt 2\n3 sale 3", Policy())
    newest = History(tuple(altered(event, otherwise=event.otherwise and "newest") for event in history.first), ())
    pools: dict[int, Pool] = {}
    replay(Policy(), history.first, pools)
    told, _, _ = placed(Policy(), newest.first, nothing_handed_over(), places_of(newest.first, {}))
    ledger = by_ledger(pools.values())
    assert told.moved != ledger.moved
    assert told.open_units != ledger.open_units
    assert told.sold_units != ledger.sold_units
    assert told.last == ledger.last
    assert "open_units: engine Counter({(1, 1, None, None, 1): 1})" in _told(history, [(ledger, told)])


def test_the_random_lives_reach_what_is_hard() -> None:
    found: Counter[str] = Counter()
    for policy in NOW:
        found += reached(policy, lives(policy))
    assert POOLS_EACH * len(NOW) >= promises.trials(2_000, per_commit=150, nightly=2_000)
    enough = promises.trials(20, per_commit=2, nightly=20)
    assert {situation: found[situation] for situation in HARD if found[situation] < enough} == {}
