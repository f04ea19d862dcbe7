"""The units a pool holds, as stretches of offsets sorted by the order in which their layers leave."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

Stretch = tuple[int, int, int, int]
"""place, layer, from, to: units `from` up to but not including `to` of a layer; their place decides when they leave."""

_STALE = 512


class HeldUnits:
    """Stretches in ascending order, none touching another of its layer; taking and putting back cost a search at most.

    Entries before `_start` are stale: leaving oldest first moves the start along instead of the list.
    """

    __slots__ = ("_entries", "_start")

    def __init__(self, held: Iterable[Stretch] = ()) -> None:
        self._entries: list[Stretch] = sorted(held)
        self._start = 0

    def __iter__(self) -> Iterator[Stretch]:
        entries = self._entries
        return (entries[at] for at in range(self._start, len(entries)))

    def add(self, stretch: Stretch) -> None:
        """Hold a stretch again or for the first time, joined to its neighbours where they touch."""
        entries, start = self._entries, self._start
        if start == len(entries) or entries[-1][:2] < stretch[:2]:
            entries.append(stretch)
            return
        place, layer, lower, upper = stretch
        at = bisect_left(entries, stretch, start)
        own = (place, layer)
        if at < len(entries) and entries[at][:2] == own and entries[at][2] == upper:
            upper = entries[at][3]
            if at > start and entries[at - 1][:2] == own and entries[at - 1][3] == lower:
                lower = entries[at - 1][2]
                del entries[at - 1]
                at -= 1
            entries[at] = (place, layer, lower, upper)
        elif at > start and entries[at - 1][:2] == own and entries[at - 1][3] == lower:
            entries[at - 1] = (place, layer, entries[at - 1][2], upper)
        elif at == start > 0:
            self._start = start - 1
            entries[start - 1] = stretch
        else:
            entries.insert(at, stretch)

    def take_oldest(self, quantity: int) -> tuple[list[Stretch], int]:
        """Take units of the lowest place first; the stretches taken, and how many units are missing."""
        entries, at = self._entries, self._start
        taken: list[Stretch] = []
        end = len(entries)
        while quantity and at < end:
            stretch = entries[at]
            place, layer, lower, upper = stretch
            if upper - lower <= quantity:
                taken.append(stretch)
                quantity -= upper - lower
                at += 1
            else:
                cut = lower + quantity
                taken.append((place, layer, lower, cut))
                entries[at] = (place, layer, cut, upper)
                quantity = 0
        if at > _STALE and at * 2 > end:
            del entries[:at]
            at = 0
        self._start = at
        return taken, quantity

    def take_newest(self, quantity: int) -> tuple[list[Stretch], int]:
        """Take units of the highest place first, lowest offsets first inside a layer."""
        taken: list[Stretch] = []
        entries = self._entries
        while quantity and len(entries) > self._start:
            place, layer, _, _ = entries[-1]
            pieces, quantity = self.take_first_of(place, layer, quantity)
            taken.extend(pieces)
        return taken, quantity

    def take_first_of(self, place: int, layer: int, quantity: int) -> tuple[list[Stretch], int]:
        """Take the lowest offsets of one layer."""
        first, end = self._range(place, layer)
        entries = self._entries
        taken: list[Stretch] = []
        at = first
        while quantity and at < end:
            _, _, lower, upper = entries[at]
            cut = min(upper, lower + quantity)
            taken.append((place, layer, lower, cut))
            quantity -= cut - lower
            if cut < upper:
                entries[at] = (place, layer, cut, upper)
            else:
                at += 1
        del entries[first:at]
        return taken, quantity

    def take_last_of(self, place: int, layer: int, quantity: int) -> tuple[list[Stretch], int]:
        """Take the highest offsets of one layer; the stretches taken in ascending order."""
        first, end = self._range(place, layer)
        entries = self._entries
        taken: list[Stretch] = []
        at = end
        while quantity and at > first:
            _, _, lower, upper = entries[at - 1]
            cut = max(lower, upper - quantity)
            taken.append((place, layer, cut, upper))
            quantity -= upper - cut
            if cut > lower:
                entries[at - 1] = (place, layer, lower, cut)
            else:
                at -= 1
        del entries[at:end]
        taken.reverse()
        return taken, quantity

    def _range(self, place: int, layer: int) -> tuple[int, int]:
        """Where the stretches of a layer stand: first index and the one behind the last."""
        entries, own = self._entries, (place, layer)
        if len(entries) > self._start and entries[-1][:2] == own:
            end = len(entries)
            first = end - 1
            while first > self._start and entries[first - 1][:2] == own:
                first -= 1
            return first, end
        first = end = bisect_left(entries, own, self._start)
        while end < len(entries) and entries[end][:2] == own:
            end += 1
        return first, end
