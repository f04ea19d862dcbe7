"""Stretches of units held: what is taken, in which order, and how stretches join again."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from engine.run.held_units import HeldUnits, Stretch

TWO_LAYERS: tuple[Stretch, ...] = ((1, 10, 0, 5), (2, 20, 0, 5))


def test_the_oldest_leave_lowest_offset_first() -> None:
    held = HeldUnits(TWO_LAYERS)
    assert held.take_oldest(7) == ([(1, 10, 0, 5), (2, 20, 0, 2)], 0)
    assert list(held) == [(2, 20, 2, 5)]


def test_the_newest_layer_leaves_first_and_its_lowest_offsets_first() -> None:
    held = HeldUnits(TWO_LAYERS)
    assert held.take_newest(7) == ([(2, 20, 0, 5), (1, 10, 0, 2)], 0)
    assert list(held) == [(1, 10, 2, 5)]


def test_what_is_missing_is_said() -> None:
    held = HeldUnits(TWO_LAYERS)
    assert held.take_oldest(12)[1] == 2
    assert held.take_newest(1) == ([], 1)


def test_one_layer_gives_its_last_or_its_first_units() -> None:
    held = HeldUnits(TWO_LAYERS)
    assert held.take_last_of(1, 10, 2) == ([(1, 10, 3, 5)], 0)
    assert held.take_first_of(1, 10, 1) == ([(1, 10, 0, 1)], 0)
    assert held.take_last_of(1, 10, 3) == ([(1, 10, 1, 3)], 1)
    assert held.take_first_of(9, 90, 3) == ([], 3)
    assert list(held) == [(2, 20, 0, 5)]


def test_a_layer_in_two_stretches_gives_them_in_ascending_order() -> None:
    held = HeldUnits([(1, 10, 0, 2), (1, 10, 6, 8), (2, 20, 0, 1)])
    assert held.take_last_of(1, 10, 3) == ([(1, 10, 1, 2), (1, 10, 6, 8)], 0)


def test_a_stretch_put_back_joins_both_neighbours() -> None:
    held = HeldUnits([(1, 10, 0, 2), (1, 10, 4, 6), (2, 20, 0, 5)])
    held.add((1, 10, 2, 4))
    assert list(held) == [(1, 10, 0, 6), (2, 20, 0, 5)]


def test_a_stretch_put_back_before_the_first_is_the_next_to_leave() -> None:
    held = HeldUnits(TWO_LAYERS)
    held.take_oldest(6)
    held.add((1, 10, 4, 5))
    held.add((2, 20, 0, 1))
    assert held.take_oldest(2) == ([(1, 10, 4, 5), (2, 20, 0, 1)], 0)


def test_units_taken_and_put_back_at_random_are_those_of_a_list_of_single_units() -> None:
    source = Random(1)
    for _ in range(300):
        held = HeldUnits()
        units: list[tuple[int, int]] = []
        away: list[Stretch] = []
        for layer in range(1, 4):
            size = source.randint(1, 6)
            held.add((layer, layer * 10, 0, size))
            units.extend((layer, offset) for offset in range(size))
        for _ in range(20):
            if away and source.random() < 0.4:
                place, layer, lower, upper = away.pop(source.randrange(len(away)))
                held.add((place, layer, lower, upper))
                units.extend((place, offset) for offset in range(lower, upper))
                units.sort()
            else:
                taken, missing = held.take_oldest(wanted := source.randint(1, 5))
                gone = [(place, offset) for place, _, lower, upper in taken for offset in range(lower, upper)]
                assert gone == units[:wanted]
                assert missing == wanted - len(gone)
                del units[:wanted]
                away.extend(taken)
            assert [(place, offset) for place, _, lower, upper in held for offset in range(lower, upper)] == units
            joined = list(held)
            assert all(one[1] != two[1] or one[3] < two[2] for one, two in pairwise(joined))


def test_many_layers_leave_without_keeping_what_left() -> None:
    held = HeldUnits((place, place, 0, 1) for place in range(5_000))
    for place in range(5_000):
        assert held.take_oldest(1) == ([(place, place, 0, 1)], 0)
    assert list(held) == []
