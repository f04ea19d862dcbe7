"""The fold: replay a pool's events one after another over intervals of units, for pools no set-based plan serves.

Units of a layer are a stretch of offsets, so a pool is a short sorted list of stretches held and, for each bucket, a
stack of stretches that left. One event touches a few of them, whatever the quantities. Everything is an integer; names
are joined to the result in the database. The result must equal the set-based plan's on every pool both can serve.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from engine.plan.executor import Row
from engine.plan.units.layers.policy import BETWEEN_NAMES, Placing
from engine.run.held_units import HeldUnits, Stretch

Event = tuple[int, int, int, int, int, str | None, str | None, str | None, str | None]
"""pool, event, class, quantity, place, bucket, document, specific, otherwise."""

CHANGE, OPENS, LEAVES = 1, 2, 3


@dataclass(slots=True)
class Backlog:
    """Units an event sold and the pool did not have; `like` is the layer that values them provisionally, or None."""

    event: int
    quantity: int
    bucket: str
    like: int | None


@dataclass(slots=True)
class Opening:
    """What a pool begins with: stretches held, stretches that left by bucket (last left last), backlog, last layer.

    `documents` and `specifics` list, for a named value, the (place, layer) pairs that carry it; `ages` ranks layers by
    when they opened, where their places are by price.
    """

    held: list[Stretch] = field(default_factory=list)
    left: dict[str, list[Stretch]] = field(default_factory=dict)
    backlog: list[Backlog] = field(default_factory=list)
    last: tuple[int, int] | None = None
    documents: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    specifics: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    ages: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class Folded:
    """What the fold found, as rows in the order of the relations they are appended to.

    `slices`: event, layer, from, to, returning, settling, provisional, step. `held`: event, pool, layer, from, to.
    `reopened`: event, pool, layer, like, quantity. `problems`: pool, event, problem, quantity. The state after the last
    event: `open`: pool, layer, place, from, to; `sold`: pool, bucket, height, layer, place, from, to; `waiting`: pool,
    event, quantity, bucket; `owed`: pool, event, layer, quantity, bucket; `last`: pool, layer, to.
    """

    slices: list[Row] = field(default_factory=list)
    held: list[Row] = field(default_factory=list)
    reopened: list[Row] = field(default_factory=list)
    problems: list[Row] = field(default_factory=list)
    open: list[Row] = field(default_factory=list)
    sold: list[Row] = field(default_factory=list)
    waiting: list[Row] = field(default_factory=list)
    owed: list[Row] = field(default_factory=list)
    last: list[Row] = field(default_factory=list)


class Fold:
    """Replays events given in the order of (pool, event); `finish` closes the last pool.

    `opening_of` gives what a pool begins with, asked once for each pool in ascending order. `found` may be emptied by
    the caller between two calls of `play`.
    """

    def __init__(self, policy: Placing, opening_of: Callable[[int], Opening]) -> None:
        self.policy = policy
        self.found = Folded()
        self.events = 0
        self._opening_of = opening_of
        self._pool: Pool | None = None

    def play(self, events: Iterable[Event]) -> None:
        """Replay some events; a pool's events may be spread over several calls."""
        pool = self._pool
        for event in events:
            if pool is None or pool.number != event[0]:
                if pool is not None:
                    pool.hand_over()
                pool = Pool(event[0], self.policy, self._opening_of(event[0]), self.found)
            self.events += 1
            action = event[2]
            if action == LEAVES:
                pool.leave(event)
            elif action == OPENS:
                pool.open(event)
            elif action == CHANGE:
                pool.change(event[1])
            else:
                pool.bring_back(event)
        self._pool = pool

    def finish(self) -> None:
        """Hand over the last pool's state."""
        if self._pool is not None:
            self._pool.hand_over()
            self._pool = None

    def take_found(self) -> Folded:
        """What was found since last asked."""
        found, self.found = self.found, Folded()
        if self._pool is not None:
            self._pool.found = self.found
        return found


class Pool:
    """One pool while its events are replayed; events are those of `Event`."""

    __slots__ = ("ages", "backlog", "documents", "found", "held", "last", "left", "number", "policy", "specifics")

    def __init__(self, number: int, policy: Placing, opening: Opening, found: Folded) -> None:
        self.number = number
        self.policy = policy
        self.found = found
        self.held = HeldUnits(opening.held)
        self.left = opening.left
        self.backlog = opening.backlog
        self.last = opening.last
        self.documents = opening.documents
        self.specifics = opening.specifics
        self.ages = opening.ages

    def open(self, event: Event) -> None:
        """A layer opens; what waits or is owed is served from it first."""
        _, number, _, quantity, place, _, document, specific, _ = event
        if document is not None:
            insort(self.documents.setdefault(document, []), (place, number))
        if specific is not None:
            for name in specific.split(BETWEEN_NAMES):
                insort(self.specifics.setdefault(name, []), (place, number))
        self.last = (number, quantity)
        served = self._serve(number, place, quantity) if self.backlog else 0
        if served < quantity:
            self.held.add((place, number, served, quantity))

    def change(self, event: int) -> None:
        """A value changes: note what is held."""
        self.found.held.extend((event, self.number, layer, lower, upper) for _, layer, lower, upper in self.held)

    def leave(self, event: Event) -> None:
        """Units leave, the named or specific ones first."""
        bucket = event[5]
        assert bucket is not None
        pieces, missing = self.give(event)
        if self.policy.remembers(bucket):
            self._remember(bucket, pieces)
        if missing:
            self._run_short(event[1], bucket, missing)

    def give(self, event: Event) -> tuple[list[Stretch], int]:
        """Take the units of an event out of the pool, the named or specific ones first; how many are missing."""
        _, number, _, quantity, _, _, document, specific, otherwise = event
        named: list[Stretch] = []
        if document is not None:
            named, quantity = self._take_named(document, quantity)
        if specific is not None:
            pieces, missing = self._take_specific(specific, quantity)
        elif otherwise == "oldest":
            pieces, missing = self.held.take_oldest(quantity)
        elif otherwise == "newest":
            pieces, missing = self.held.take_newest(quantity)
        else:
            pieces, missing = self._take_by_age(quantity, 1 if otherwise == "opened-first" else -1)
        if named:
            pieces = named + pieces
        slices = self.found.slices
        for _, layer, lower, upper in pieces:
            slices.append((number, layer, lower, upper, False, False, False, number))
        return pieces, missing

    def names_of(self, layer: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What a layer is found by: its documents, and the values of specific units."""
        return tuple(
            tuple(name for name, carriers in index.items() if any(one == layer for _, one in carriers))
            for index in (self.documents, self.specifics)
        )  # type: ignore[return-value]  # one tuple for each index

    def receive(self, arrival: int, piece: Stretch, names: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
        """Hold units that another pool gave; what waits or is owed is served from them first."""
        place, layer, lower, upper = piece
        for index, of_layer in zip((self.documents, self.specifics), names, strict=True):
            for name in of_layer:
                note_layer(index, name, place, layer)
        self.last = self.last or (layer, upper)
        served = self._serve(layer, place, upper - lower, lower, arrival) if self.backlog else 0
        if lower + served < upper:
            self.held.add((place, layer, lower + served, upper))

    def bring_back(self, event: Event) -> None:
        """Units come back, last left first, to their old place or the back; what exceeds them opens a layer or is a
        problem."""
        _, number, _, quantity, place_if_opened, bucket, _, _, where = event
        assert bucket is not None
        stack = self.left.get(bucket, [])
        back: list[Stretch] = []
        while quantity and stack:
            piece = stack.pop()
            place, layer, lower, upper = piece
            if upper - lower > quantity:
                cut = upper - quantity
                stack.append((place, layer, lower, cut))
                piece = (place, layer, cut, upper)
            quantity -= piece[3] - piece[2]
            if back and back[-1][:2] == (place, layer) and back[-1][2] == piece[3]:
                piece = (place, layer, piece[2], back.pop()[3])
            back.append(piece)
        for piece in back:
            self.held.add((place_if_opened, *piece[1:]) if where == "back" else piece)
            if where == "back":
                self._note_place(piece[1], place_if_opened)
            self.found.slices.append((number, *piece[1:], True, False, False, number))
        if quantity:
            self._return_beyond_sales(number, quantity, place_if_opened)

    def _note_place(self, layer: int, place: int) -> None:
        """Let a layer be found by its names where some of its units stand now, too."""
        for index in (self.documents, self.specifics):
            for carriers in index.values():
                if any(carrier == layer for _, carrier in carriers) and (place, layer) not in carriers:
                    insort(carriers, (place, layer))

    def hand_over(self) -> None:
        """Note the state after the last event."""
        found, number = self.found, self.number
        found.open.extend((number, layer, place, lower, upper) for place, layer, lower, upper in self.held)
        for bucket, stack in self.left.items():
            if self.policy.remembers(bucket):
                for height, (place, layer, lower, upper) in enumerate(stack, start=1):
                    found.sold.append((number, bucket, height, layer, place, lower, upper))
        for short in self.backlog:
            if short.like is None:
                found.waiting.append((number, short.event, short.quantity, short.bucket))
            else:
                found.owed.append((number, short.event, short.like, short.quantity, short.bucket))
        if self.last is not None:
            found.last.append((number, *self.last))

    def _take_named(self, document: str, quantity: int) -> tuple[list[Stretch], int]:
        """The last units of the layers of a document, lowest place first, and how many are still to be found.

        Chosen from the end, they leave in the order of their offsets, like any others.
        """
        taken: list[Stretch] = []
        for place, layer in self.documents.get(document, ()):
            if quantity:
                pieces, quantity = self.held.take_last_of(place, layer, quantity)
                taken.extend(pieces)
        return taken, quantity

    def _take_specific(self, specific: str, quantity: int) -> tuple[list[Stretch], int]:
        """The first units of the layers that carry a value, lowest place first, and how many are missing."""
        taken: list[Stretch] = []
        for place, layer in self.specifics.get(specific, ()):
            if quantity:
                pieces, quantity = self.held.take_first_of(place, layer, quantity)
                taken.extend(pieces)
        return taken, quantity

    def _take_by_age(self, quantity: int, sign: int) -> tuple[list[Stretch], int]:
        """Units of the layers opened first (sign 1) or last (-1), whatever their places; how many are missing."""
        taken: list[Stretch] = []
        for place, layer in sorted(
            {stretch[:2] for stretch in self.held}, key=lambda held: sign * self.ages.get(held[1], 0)
        ):
            if quantity:
                pieces, quantity = self.held.take_first_of(place, layer, quantity)
                taken.extend(pieces)
        return taken, quantity

    def _remember(self, bucket: str, pieces: Iterable[Stretch]) -> None:
        """Put units that left on the bucket's stack; a stretch that continues the one on top joins it."""
        stack = self.left.get(bucket)
        if stack is None:
            stack = self.left[bucket] = []
        for piece in pieces:
            if stack and stack[-1][:2] == piece[:2] and stack[-1][3] == piece[2]:
                piece = (*stack.pop()[:3], piece[3])
            stack.append(piece)

    def _run_short(self, event: int, bucket: str, missing: int) -> None:
        """More leaves than is held."""
        if self.policy.oversell == "stop":
            self.found.problems.append((self.number, event, "oversell", missing))
        elif self.policy.oversell == "wait":
            self.backlog.append(Backlog(event, missing, bucket, None))
        elif self.last is None:
            self.found.problems.append((self.number, event, "no-layer-yet", missing))
        else:
            like = self.last[0]
            self.backlog.append(Backlog(event, missing, bucket, like))
            self.found.slices.append((event, like, 0, missing, False, False, True, event))

    def _serve(self, layer: int, place: int, quantity: int, lower: int = 0, step: int | None = None) -> int:
        """Serve the backlog from units that come in, first come first served; the number of units used.

        They are those of a layer from `lower` on, at the event `step`; without one, at that which opens it.

        The provisional units that a settlement undoes are the last of those left, so that what stays owed is again a
        stretch from 0.
        """
        slices = self.found.slices
        at = layer if step is None else step
        used = 0
        while self.backlog and used < quantity:
            short = self.backlog[0]
            served = min(short.quantity, quantity - used)
            settles = short.like is not None
            if settles:
                rest = short.quantity - served
                slices.append((short.event, short.like, rest, short.quantity, True, True, True, at))
            start, end = lower + used, lower + used + served
            slices.append((short.event, layer, start, end, False, settles, False, at))
            if self.policy.remembers(short.bucket):
                self._remember(short.bucket, [(place, layer, start, end)])
            used += served
            short.quantity -= served
            if not short.quantity:
                del self.backlog[0]
        return used

    def _return_beyond_sales(self, event: int, quantity: int, place: int) -> None:
        """More comes back than was sold: a layer like the last one, in the place of the return's day."""
        if self.policy.overreturn == "stop":
            self.found.problems.append((self.number, event, "overreturn", quantity))
        elif self.last is None:
            self.found.problems.append((self.number, event, "no-layer-yet", quantity))
        else:
            self.found.reopened.append((event, self.number, event, self.last[0], quantity))
            self.last = (event, quantity)
            self.held.add((place, event, 0, quantity))


def note_layer(index: dict[str, list[tuple[int, int]]], name: str | None, place: int, layer: int) -> None:
    """Remember under a name, or each of several, that a layer carries it; once, in the order of places."""
    for one in name.split(BETWEEN_NAMES) if name is not None else ():
        carriers = index.setdefault(one, [])
        at = bisect_left(carriers, (place, layer))
        if at == len(carriers) or carriers[at] != (place, layer):
            carriers.insert(at, (place, layer))
