"""Values and cents of a whole close against the ledger of single units, two periods long, under every layer policy."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields

import pytest

from tests.support.histories import POLICIES, History, every_history, random_history, read_history, together
from tests.support.oracle import Policy
from tests.support.valued import Posted, closed, feasible, kind_of, partner_of, with_values
from tests.support.valued_ledger import Ledger, expected, on_the_shelf
from tests.support.valued_rules import rules_of

POOLS_EACH = 170
EVERY_STEP = ("receipt 2", "early 1", "sale 1", "return 1", "named 1", "change")


def judged(policy: Policy, leftover: str, history: History) -> list[str]:
    """What ledger and engine say differently of a history, in words, the shortest lives first."""
    told: list[str] = []
    both = zip(expected(policy, leftover, history), closed(rules_of(policy, leftover), history), strict=True)
    for number, ((ledger, state), engine) in enumerate(both, start=1):
        for name in (found.name for found in fields(Posted)):
            told += _told(f"period {number}, {name}", getattr(ledger, name), getattr(engine, name), state, history)
    return told


def _told(
    title: str, ledger: dict[object, object], engine: dict[object, object], state: Ledger, history: History
) -> list[str]:
    wrong = [key for key in {**ledger, **engine} if ledger.get(key) != engine.get(key)]
    pools = Counter(_pool(key, state) for key in wrong)
    shortest = sorted(pools, key=lambda pool: (len(history.of(pool).first) + len(history.of(pool).second), pool))
    lines = []
    for pool in shortest[:2]:
        lines.append(f"{title}: {len(pools)} pools differ, this one in {pools[pool]} places")
        lines += [f"  {kind_of(event)} {event}" for event in (*history.of(pool).first, *history.of(pool).second)]
        here = [key for key in wrong if _pool(key, state) == pool]
        lines += [f"  {_plain(key)}: ledger {ledger.get(key)}, engine {engine.get(key)}" for key in here]
    return ["\n".join(["", *lines])] if lines else []


def _pool(key: object, state: Ledger) -> int:
    first = key[0] if isinstance(key, tuple) else key
    return int(first[1:]) if isinstance(first, str) else state.events[first].pool  # type: ignore[index]


def _plain(key: object) -> str:
    return ", ".join(str(one) for one in key) if isinstance(key, tuple) else str(key)


def life(policy: Policy, first: str, second: str = "") -> History:
    """A history written as tables."""
    return with_values(read_history(first, policy, second))


def lives(policy: Policy, pools: int) -> History:
    """The random lives, and every short one, that a policy is tried on."""
    history = together(random_history(POLICIES.index(policy), pools, policy), every_history(EVERY_STEP, 3, policy))
    return feasible(policy, with_values(history))


@pytest.mark.parametrize("policy", [one for one in POLICIES if one.beyond_sales == "stop"][:2], ids=str)
def test_every_life_is_valued_as_the_ledger_values_it(policy: Policy) -> None:
    assert judged(policy, "running", lives(policy, POOLS_EACH)) == []


def test_an_addition_posts_along_the_layer_what_the_value_gains() -> None:
    policy = Policy()
    history = life(
        policy,
        """
        day what    units price cost change
        1   receipt 3     10/3  1    -
        2   change  -     -     -    by:0.335
        3   sale    1     -     -    -
        """,
    )
    assert judged(policy, "running", history) == []


@pytest.mark.parametrize("policy", [Policy(), Policy("newest")], ids=str)
def test_deferred_balances_are_what_the_layers_left_are_worth(policy: Policy) -> None:
    history = lives(policy, 40)
    booked: Counter[tuple[str, str]] = Counter()
    engine = closed(rules_of(policy, "running"), history)
    for (_, state), told in zip(expected(policy, "running", history), engine, strict=True):
        booked.update(told.balances)
        price, cost = on_the_shelf(state.pools, "price"), on_the_shelf(state.pools, "cost")
        for partner in map(partner_of, state.pools):
            assert booked[partner, "deferred"] == price.get(partner, 0)
            assert booked[partner, "deferred-cost"] == -cost.get(partner, 0)


def test_a_price_that_is_a_fraction_stays_exact_through_additions() -> None:
    policy = Policy()
    history = life(
        policy,
        """
        day what    units price cost change
        1   receipt 3     10/3  1/7  -
        2   change  -     -     -    by:0.333333
        3   change  -     -     -    by:1/11
        4   change  -     -     -    by:0.000001
        """,
    )
    assert judged(policy, "running", history) == []
