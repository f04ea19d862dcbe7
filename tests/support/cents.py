"""What the ledger of single units would post, in whole cents: both answers to the question of leftover cents.

Along the running total a unit is worth the difference between the rounded value of its layer up to and with it, and up
to it; so amounts add up unit by unit. With cents apart a slice, the units of one event and one layer worth the same, is
rounded alone, and what is left of a layer that becomes empty is posted apart.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

from tests.support.oracle import Held, Moved, Opened, Worth


@dataclass(frozen=True, slots=True)
class Piece:
    """Units one event moved, out of one layer, opened on one day, worth the same: what a slice journal sees."""

    event: int
    step: int
    layer: int
    returning: bool
    settling: bool
    provisional: bool
    opened: int
    worth: Worth


@dataclass(frozen=True, slots=True)
class Records:
    """What happened to some pools, over as many periods as wanted, as the ledger noted it."""

    opened: list[Opened] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    changed: list[Held] = field(default_factory=list)


def rounded(amount: Fraction) -> Fraction:
    """An amount in whole cents: half a cent goes away from zero."""
    cents = (abs(amount.numerator) * 200 + amount.denominator) // (2 * amount.denominator)
    return Fraction(cents if amount >= 0 else -cents, 100)


@cache
def along_the_layer(offset: int, price: Fraction) -> Fraction:
    """The cents that belong to one unit of a layer on its running total."""
    return rounded(price * (offset + 1)) - rounded(price * offset)


def pieces(moved: Iterable[Moved]) -> dict[Piece, list[Moved]]:
    """Units by the slice they are in."""
    found: dict[Piece, list[Moved]] = defaultdict(list)
    for unit in moved:
        marks = unit.returning, unit.settling, unit.provisional
        key = Piece(unit.event, unit.step, unit.layer, *marks, unit.opened, unit.values)
        found[key].append(unit)
    return dict(found)


def by_running_total(moved: Iterable[Moved], name: str) -> dict[Piece, Fraction]:
    """What each slice posts of a carried value, as a magnitude, where cents follow the running total."""
    return {
        piece: sum((along_the_layer(unit.offset, dict(piece.worth)[name]) for unit in units), Fraction())
        for piece, units in pieces(moved).items()
    }


def each_apart(moved: Iterable[Moved], name: str) -> dict[Piece, Fraction]:
    """What each slice posts of a carried value, as a magnitude, where it is rounded alone.

    Provisional units follow the running total of what was short, so that a settlement in parts leaves nothing behind.
    """
    found: dict[Piece, Fraction] = {}
    for piece, units in pieces(moved).items():
        value = dict(piece.worth)[name]
        along = sum((along_the_layer(unit.offset, value) for unit in units), Fraction())
        found[piece] = along if piece.provisional else rounded(len(units) * value)
    return found


def changes_by_running_total(changed: Iterable[Held], name: str) -> dict[tuple[int, int], Fraction]:
    """What each change adds to a layer, by event and layer."""
    found: dict[tuple[int, int], Fraction] = defaultdict(Fraction)
    for unit in changed:
        before, after = dict(unit.before)[name], dict(unit.after)[name]
        found[unit.event, unit.layer] += along_the_layer(unit.offset, after) - along_the_layer(unit.offset, before)
    return dict(found)


def changes_each_apart(changed: Iterable[Held], name: str) -> dict[tuple[int, int], Fraction]:
    """What each change adds to a layer, by event and layer, where units worth the same are rounded alone."""
    alike = Counter((unit.event, unit.layer, unit.opened, unit.before, unit.after) for unit in changed)
    found: dict[tuple[int, int], Fraction] = defaultdict(Fraction)
    for (event, layer, _, before, after), quantity in alike.items():
        found[event, layer] += rounded(quantity * (dict(after)[name] - dict(before)[name]))
    return dict(found)


def rests(records: Records, name: str) -> dict[tuple[int, int], Fraction]:
    """What is left of each layer that an event empties, by event and layer, where slices are rounded alone.

    A layer opens at the rounded value of all of it; slices and changes are rounded alone. A rest above zero is still on
    the books when nothing is held any more.
    """
    steps = sorted(
        {unit.layer for unit in records.opened}
        | {unit.step for unit in records.moved}
        | {unit.event for unit in records.changed}
    )
    balance: dict[int, Fraction] = defaultdict(Fraction)
    held: Counter[int] = Counter()
    found: dict[tuple[int, int], Fraction] = {}
    for step in steps:
        for layer, quantity, amount in _postings(records, name, step):
            held[layer] += quantity
            balance[layer] += amount
        for layer in list(balance):
            if held[layer] == 0 and balance[layer]:
                found[step, layer] = balance[layer]
                balance[layer] = Fraction()
    return found


def _postings(records: Records, name: str, step: int) -> Iterable[tuple[int, int, Fraction]]:
    """Layer, units and cents in or out of it, of one step."""
    opened = [unit for unit in records.opened if unit.layer == step]
    if opened:
        yield step, len(opened), rounded(sum((dict(unit.values)[name] for unit in opened), Fraction()))
    moved = [unit for unit in records.moved if unit.step == step and not unit.provisional]
    for piece, units in pieces(moved).items():
        quantity = len(units) if piece.returning else -len(units)
        yield piece.layer, quantity, rounded(quantity * dict(piece.worth)[name])
    changed = [unit for unit in records.changed if unit.event == step]
    for (_, layer), amount in changes_each_apart(changed, name).items():
        yield layer, 0, amount
