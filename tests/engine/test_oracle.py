"""The ledger of single units itself, on histories small enough to follow with a pencil."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.support.cents import Records, by_running_total, changes_by_running_total, each_apart, rests, rounded
from tests.support.histories import POLICIES, VENDOR, every_history, random_history, read_history
from tests.support.oracle import Policy, Pool, Problem, replay
from tests.support.tables import read_table


def played(policy: Policy, text: str, second: str = "") -> Pool:
    history = read_history(text, policy, second)
    pools = replay(policy, history.first)
    return replay(policy, history.second, pools)[1] if second else pools[1]


def left(pool: Pool) -> list[tuple[int, int, int]]:
    """Event, layer and offset of every unit that moved, in order."""
    return [(unit.event, unit.layer, unit.offset) for unit in pool.moved]


def worth_held(pool: Pool) -> Fraction:
    return sum((unit.values["price"] for unit in pool.held), Fraction())


def test_units_returned_in_their_old_place_are_the_next_to_leave() -> None:
    pool = played(
        Policy(),
        """
        day what     units price
        1   receipt  1     10
        2   receipt  1     20
        3   sale     1     -
        4   return   1     -
        5   sale     1     -
        """,
    )
    assert left(pool) == [(3, 1, 0), (4, 1, 0), (5, 1, 0)]
    assert worth_held(pool) == 20


def test_the_newest_layer_leaves_from_its_lowest_offset() -> None:
    pool = played(
        Policy("newest"),
        """
        day what     units price
        1   receipt  2     10
        2   receipt  2     20
        3   sale     3     -
        """,
    )
    assert left(pool) == [(3, 2, 0), (3, 2, 1), (3, 1, 0)]


def test_a_named_take_has_the_last_units_and_the_rest_goes_by_the_order() -> None:
    pool = played(
        Policy(),
        """
        day what       units document price
        1   receipt    3     A        1
        2   receipt    2     B        1
        3   to-vendor  3     B        -
        4   sale       2     -        -
        """,
    )
    assert left(pool) == [(3, 2, 1), (3, 2, 0), (3, 1, 0), (4, 1, 1), (4, 1, 2)]


def test_what_a_named_take_took_comes_back_highest_offset_first_after_what_exceeded_it() -> None:
    policy = Policy()
    history = read_history(
        """
        day what       units document bucket
        1   receipt    3     A        -
        2   receipt    2     B        -
        3   to-vendor  3     B        -
        4   return     2     -        our-stock
        """,
        policy,
    )
    pool = replay(policy, history.first)[1]
    assert left(pool)[3:] == [(4, 1, 0), (4, 2, 1)]
    assert [unit.offset for unit in pool.sold[VENDOR]] == [0]


def test_a_return_gives_back_what_went_to_that_bucket_only() -> None:
    pool = played(
        Policy(),
        """
        day what       units
        1   receipt    12
        2   sale       10
        3   to-vendor  2
        4   return     1
        """,
    )
    assert left(pool)[-1] == (4, 1, 9)


def test_a_change_touches_units_held_and_never_those_that_are_away() -> None:
    pool = played(
        Policy(),
        """
        day what     units price change
        1   receipt  3     10    -
        2   sale     1     -     -
        3   change   -     -     lower:6
        3   sale     1     -     -
        4   return   2     -     -
        """,
    )
    assert [(unit.offset, unit.values["price"]) for unit in sorted(pool.held, key=lambda unit: unit.offset)] == [
        (0, Fraction(10)),
        (1, Fraction(6)),
        (2, Fraction(6)),
    ]
    assert changes_by_running_total(pool.changed, "price") == {(3, 1): Fraction(-8)}


def test_sales_that_wait_are_served_in_their_order_by_the_next_receipt_at_its_date() -> None:
    pool = played(
        Policy(beyond_stock="wait"),
        """
        day what     units price
        1   sale     2     -
        2   sale     2     -
        3   receipt  3     7
        """,
    )
    assert [(unit.event, unit.offset, unit.day, unit.step) for unit in pool.moved] == [
        (1, 0, 3, 3),
        (1, 1, 3, 3),
        (2, 2, 3, 3),
    ]
    assert [(short.event.identity, short.waiting) for short in pool.short] == [(2, 1)]


def test_a_provisional_sale_is_undone_and_settled_at_the_receipt() -> None:
    pool = played(
        Policy(beyond_stock="last-price"),
        """
        day what     units price
        1   receipt  1     7
        2   sale     3     -
        3   receipt  5     9
        """,
    )
    told = [(unit.layer, unit.provisional, unit.settling, unit.returning, unit.values[0][1]) for unit in pool.moved]
    old, new = Fraction(7), Fraction(9)
    settled = [(1, True, True, True, old), (3, False, True, False, new)]
    assert told == [(1, False, False, False, old)] + 2 * [(1, True, False, False, old)] + 2 * settled
    assert len(pool.held) == 3


def test_returns_beyond_sales_open_a_layer_at_the_last_price_behind_all_others() -> None:
    pool = played(
        Policy(beyond_sales="open-layer"),
        """
        day what     units price
        1   receipt  1     7
        2   return   2     -
        3   sale     2     -
        """,
    )
    assert left(pool) == [(3, 1, 0), (3, 2, 0)]
    assert [(unit.layer, unit.like, unit.values) for unit in pool.opened[1:]] == 2 * [(2, 1, (("price", Fraction(7)),))]


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        (Policy(), Problem(1, 2, "oversell", 2)),
        (Policy(beyond_stock="last-price"), None),
    ],
)
def test_a_sale_beyond_stock(policy: Policy, problem: Problem | None) -> None:
    pool = played(policy, "day what units price\n1 receipt 1 7\n2 sale 3 -")
    assert pool.problems == ([] if problem is None else [problem])


def test_a_late_layer_is_first_among_unsold_units() -> None:
    pool = played(
        Policy(),
        "day what units price\n2 receipt 3 7\n3 sale 1 -",
        "day what units price\n1 receipt 1 9\n8 sale 2 -",
    )
    assert left(pool) == [(4, 3, 0), (4, 1, 1)]


def test_cents_along_the_layer_leave_nothing_and_cents_apart_leave_a_rest() -> None:
    thirds = "day what units price\n1 receipt 3 10/3\n2 sale 1 -\n3 sale 1 -\n4 sale 1 -"
    pool = played(Policy(), thirds)
    along = by_running_total(pool.moved, "price").values()
    assert list(along) == [Fraction("3.33"), Fraction("3.34"), Fraction("3.33")]
    assert set(each_apart(pool.moved, "price").values()) == {Fraction("3.33")}
    assert rests(Records(pool.opened, pool.moved, pool.changed), "price") == {(4, 1): Fraction("0.01")}


@pytest.mark.parametrize(
    ("amount", "cents"), [("0.005", "0.01"), ("-0.005", "-0.01"), ("0.0049", "0"), ("-1.245", "-1.25"), ("2.5", "2.5")]
)
def test_half_a_cent_goes_away_from_zero(amount: str, cents: str) -> None:
    assert rounded(Fraction(amount)) == Fraction(cents)


@pytest.mark.parametrize("policy", POLICIES)
def test_no_unit_is_ever_lost_or_in_two_places(policy: Policy) -> None:
    history = random_history(5, 60, policy)
    pools = replay(policy, history.first)
    for pool in replay(policy, history.second, pools).values():
        everywhere = [*pool.held, *(unit for bucket in pool.sold.values() for unit in bucket)]
        made = {id(unit) for layer in pool.layers for unit in layer.units}
        assert len(everywhere) == len(made)
        assert {id(unit) for unit in everywhere} == made


@pytest.mark.parametrize("policy", POLICIES)
def test_a_layer_on_its_running_total_is_worth_nothing_once_it_is_empty(policy: Policy) -> None:
    pools = replay(policy, random_history(8, 60, policy).first)
    emptied = 0
    for pool in pools.values():
        for layer in pool.layers:
            if any(unit in pool.held for unit in layer.units):
                continue
            emptied += 1
            opened = [unit for unit in pool.opened if unit.layer == layer.identity]
            balance = rounded(sum((dict(unit.values)["price"] for unit in opened), Fraction()))
            for piece, amount in by_running_total(pool.moved, "price").items():
                if piece.layer == layer.identity and not piece.provisional:
                    balance += amount if piece.returning else -amount
            for (_, touched), amount in changes_by_running_total(pool.changed, "price").items():
                balance += amount if touched == layer.identity else 0
            assert balance == 0
    assert emptied > 10


def test_every_sequence_of_steps_has_a_pool_of_its_own() -> None:
    history = every_history(("receipt 2", "sale 1", "return 1"), 3, Policy())
    assert len(history.pools) == 27
    assert {len(history.of(pool).first) for pool in history.pools} == {3}
    assert len({tuple(event.action for event in history.of(pool).first) for pool in history.pools}) == 27


def test_a_seed_gives_the_same_history_twice() -> None:
    assert random_history(3, 40, Policy()) == random_history(3, 40, Policy())
    assert random_history(3, 40, Policy()) != random_history(4, 40, Policy())


def test_a_table_says_what_does_not_fit_under_its_heading() -> None:
    with pytest.raises(ValueError, match="3 cells under 2 columns: 1 sale 4"):
        read_table("day what\n1 sale 4")
    assert read_table("day what\n\n# nothing\n1 -") == [{"day": "1", "what": None}]
