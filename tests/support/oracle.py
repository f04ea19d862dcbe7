"""A ledger of single units: what the engine's placing and valuation must equal, written as plainly as can be.

Every unit is an object that knows its layer, its offset in it and what it is worth; a pool is a plain list of the units
held; a bucket is a plain list of the units that left into it, last left last. There are no intervals, no running sums
and no cleverness, so that a mistake here and a mistake in the engine are unlikely to be the same one. Nothing of the
engine is imported. Values are `Fraction`; quantities are whole units.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

Order = Literal["oldest", "newest", "dearest"]
BeyondSales = Literal["stop", "open-layer"]
BeyondStock = Literal["stop", "wait", "last-price"]
Form = Literal["to", "by", "lower", "higher"]
Place = tuple[int, ...]
Worth = tuple[tuple[str, Fraction], ...]

CHANGE, OPENS, LEAVES, RETURNS = 1, 2, 3, 4
BEHIND = 1_000_000
"""A second number of a place that no receipt has."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The phrases of one `layers` item that decide where units stand; `to_back` names the bucket whose units come back
    at the back of the queue, all others come back in their old place."""

    order: Order = "oldest"
    beyond_sales: BeyondSales = "stop"
    beyond_stock: BeyondStock = "stop"
    to_back: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A new value for units held: `to` a constant, `by` an addition, the `lower` or `higher` of carried and given."""

    name: str
    form: Form
    given: Fraction


@dataclass(frozen=True, slots=True)
class Event:
    """One fact that touches a pool; `identity` is its turn in the replay, `day` the day it carries.

    `place` orders layers inside a pool and is compared like a word, so a layer can be opened between two others;
    `quantity` is in whole units and above 0, but for a change, which has none.
    """

    identity: int
    pool: int
    action: int
    day: int
    quantity: int = 0
    place: Place = ()
    bucket: str | None = None
    document: str | None = None
    specific: str | None = None
    otherwise: Order | None = None
    values: Worth = ()
    change: Change | None = None


@dataclass(eq=False, slots=True)
class Unit:
    """One unit: `offset` is its number in its layer, from 0; `values` is what it is worth, `place` where it stands."""

    layer: Layer
    offset: int
    values: dict[str, Fraction]
    place: Place


@dataclass(eq=False, slots=True)
class Layer:
    """What one fact opened: its units, wherever they are now, and the price they opened with."""

    identity: int
    place: Place
    document: str | None
    specific: str | None
    price: Fraction
    units: list[Unit] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Short:
    """Units sold that the pool did not have: how many still wait for a layer, and what values them meanwhile."""

    event: Event
    waiting: int
    like: Layer | None = None
    worth: Worth = ()


@dataclass(frozen=True, slots=True)
class Moved:
    """One unit that an event moved, and its values just before.

    A provisional unit has no place in its layer: its `offset` counts from 0 along what its event was short of, and the
    last of those left is the first whose provisional value ends. `step` is the event at which it happened, `opened` the
    day its layer opened on, or the day it was put to the back of the queue.
    """

    event: int
    pool: int
    layer: int
    offset: int
    returning: bool
    day: int
    settling: bool
    provisional: bool
    step: int
    opened: int
    values: Worth


@dataclass(frozen=True, slots=True)
class Held:
    """One unit held when a change of value happened, its values just before and just after; `opened` as of a move."""

    event: int
    pool: int
    layer: int
    offset: int
    opened: int
    before: Worth
    after: Worth


@dataclass(frozen=True, slots=True)
class Opened:
    """One unit that came into being: by the fact that opened its layer, or by a return beyond what was sold.

    `like` is the layer whose last unit lent its values to a unit returned beyond sales; None for any other.
    """

    pool: int
    layer: int
    offset: int
    like: int | None
    values: Worth


@dataclass(frozen=True, slots=True)
class Problem:
    """Units an event could not place."""

    pool: int
    event: int
    problem: Literal["oversell", "overreturn", "no-layer-yet"]
    quantity: int


def _worth(unit: Unit) -> Worth:
    return tuple(sorted(unit.values.items()))


@dataclass(eq=False, slots=True)
class Pool:
    """One pool as it stands: units held, units that left by bucket, sales no layer has served."""

    number: int
    held: list[Unit] = field(default_factory=list)
    sold: dict[str, list[Unit]] = field(default_factory=dict)
    short: list[Short] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    changed: list[Held] = field(default_factory=list)
    opened: list[Opened] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def forget_movements(self) -> None:
        """Start a new period: positions stay, what happened is handed over."""
        self.moved, self.changed, self.opened, self.problems = [], [], [], []

    def replay(self, policy: Policy, event: Event) -> None:
        """Let one event act on the pool as it stands."""
        if event.action == CHANGE:
            self._change(event)
        elif event.action == OPENS:
            self._open(policy, event)
        elif event.action == LEAVES:
            self._leave(policy, event)
        else:
            self._return(policy, event)

    def _change(self, event: Event) -> None:
        assert event.change is not None
        for unit in self.held:
            before = _worth(unit)
            unit.values[event.change.name] = changed(event.change, unit.values[event.change.name])
            after = _worth(unit)
            stood = unit.offset, unit.place[0]
            self.changed.append(Held(event.identity, self.number, unit.layer.identity, *stood, before, after))

    def _open(self, policy: Policy, event: Event) -> None:
        price = dict(event.values).get("price", Fraction())
        layer = Layer(event.identity, event.place, event.document, event.specific, price)
        self._fill(layer, event.quantity, dict(event.values), like=None)
        for short in list(self.short):
            self._serve(policy, short, layer, event)
            if short.waiting == 0:
                self.short.remove(short)

    def _fill(self, layer: Layer, quantity: int, values: Mapping[str, Fraction], like: int | None) -> None:
        self.layers.append(layer)
        for offset in range(quantity):
            unit = Unit(layer, offset, dict(values), layer.place)
            layer.units.append(unit)
            self.held.append(unit)
            self.opened.append(Opened(self.number, layer.identity, offset, like, _worth(unit)))

    def _serve(self, policy: Policy, short: Short, layer: Layer, receipt: Event) -> None:
        sale = short.event
        settling = policy.beyond_stock == "last-price"
        for unit in [unit for unit in layer.units if unit in self.held][: short.waiting]:
            if settling:
                self._note_provisional(short, short.waiting - 1, receipt)
            self._take(unit, sale, day=receipt.day, step=receipt.identity, settling=settling)
            short.waiting -= 1

    def _leave(self, policy: Policy, event: Event) -> None:
        for _ in range(event.quantity):
            unit = self._next_to_leave(policy, event)
            if unit is None:
                break
            self._take(unit, event, day=event.day, step=event.identity, settling=False)
        self._turn_named_units(policy, event)
        placed = sum(1 for moved in self.moved if moved.event == event.identity)
        if placed < event.quantity:
            self._run_short(policy, event, event.quantity - placed)

    def _next_to_leave(self, policy: Policy, event: Event) -> Unit | None:
        if event.specific is not None:
            same = [unit for unit in self.held if unit.layer.specific == event.specific]
            return first_out(same, "dearest" if policy.order == "dearest" else "oldest")
        if event.document is not None:
            named = [unit for unit in self.held if unit.layer.document == event.document]
            if named:
                lowest = min(_turn(policy, unit) for unit in named)
                first = (unit for unit in named if _turn(policy, unit) == lowest)
                return max(first, key=lambda unit: unit.offset)
        assert event.otherwise is not None
        return first_out(self.held, event.otherwise)

    def _turn_named_units(self, policy: Policy, event: Event) -> None:
        """Let the last units of a named layer leave in the order of their offsets, though chosen from the end."""
        if event.document is None:
            return
        bucket = self.sold.get(str(event.bucket), [])
        taken = sum(1 for moved in self.moved if moved.event == event.identity)
        tail = bucket[len(bucket) - taken :]
        named = [unit for unit in tail if unit.layer.document == event.document]
        others = [unit for unit in tail if unit.layer.document != event.document]
        named.sort(key=lambda unit: (_turn(policy, unit), unit.offset))
        bucket[len(bucket) - taken :] = named + others

    def _take(self, unit: Unit, sale: Event, day: int, step: int, settling: bool) -> None:
        self.held.remove(unit)
        self.sold.setdefault(str(sale.bucket), []).append(unit)
        self._note(unit, sale, returning=False, day=day, step=step, settling=settling)

    def _note(self, unit: Unit, event: Event, returning: bool, day: int, step: int, settling: bool) -> None:
        self.moved.append(
            Moved(
                event.identity,
                self.number,
                unit.layer.identity,
                unit.offset,
                returning,
                day,
                settling,
                False,
                step,
                unit.place[0],
                _worth(unit),
            )
        )

    def _note_provisional(self, short: Short, offset: int, receipt: Event | None) -> None:
        """A unit valued as the last layer's last unit was at the sale, or at a receipt the end of that value."""
        assert short.like is not None
        at = short.event if receipt is None else receipt
        undone = receipt is not None
        self.moved.append(
            Moved(
                short.event.identity,
                self.number,
                short.like.identity,
                offset,
                undone,
                at.day,
                undone,
                True,
                at.identity,
                short.like.place[0],
                short.worth,
            )
        )

    def _run_short(self, policy: Policy, event: Event, quantity: int) -> None:
        if policy.beyond_stock == "stop":
            self.problems.append(Problem(self.number, event.identity, "oversell", quantity))
        elif policy.beyond_stock == "wait":
            self.short.append(Short(event, quantity))
        elif not self.layers:
            self.problems.append(Problem(self.number, event.identity, "no-layer-yet", quantity))
        else:
            like = self.layers[-1]
            short = Short(event, quantity, like, _worth(like.units[-1]))
            self.short.append(short)
            for offset in range(quantity):
                self._note_provisional(short, offset, receipt=None)

    def _return(self, policy: Policy, event: Event) -> None:
        bucket = self.sold.setdefault(str(event.bucket), [])
        missing = event.quantity
        while missing and bucket:
            unit = bucket.pop()
            self.held.append(unit)
            self._note(unit, event, returning=True, day=event.day, step=event.identity, settling=False)
            if event.bucket == policy.to_back:
                unit.place = behind_its_day(event)
            missing -= 1
        if missing == 0:
            return
        if policy.beyond_sales == "stop":
            self.problems.append(Problem(self.number, event.identity, "overreturn", missing))
        elif not self.layers:
            self.problems.append(Problem(self.number, event.identity, "no-layer-yet", missing))
        else:
            self._reopen(event, missing)

    def _reopen(self, event: Event, quantity: int) -> None:
        like = self.layers[-1]
        layer = Layer(event.identity, behind_its_day(event), None, None, like.price)
        self._fill(layer, quantity, like.units[-1].values, like=like.identity)


def behind_its_day(event: Event) -> Place:
    """Where a layer opened by a return, or a unit put to the back, stands: behind every layer of the return's day."""
    return (event.day, BEHIND, event.identity)


def _turn(policy: Policy, unit: Unit) -> tuple[Fraction, Place, int]:
    """Where units that are all named stand to one another: in the order of leaving, never in its reverse."""
    return -unit.layer.price if policy.order == "dearest" else Fraction(), *_stand(unit)


def _stand(unit: Unit) -> tuple[Place, int]:
    """Where a unit stands; units of several layers that one return brought back stand as their layers opened."""
    return unit.place, unit.layer.identity


def first_out(units: Iterable[Unit], order: Order) -> Unit | None:
    """The unit that leaves next: of the oldest or newest layer, always its lowest offset; None of no units.

    The dearest layer is the one that opened with the highest price, and of those with one price the oldest.
    """
    if order == "dearest":
        return min(units, key=lambda unit: (-unit.layer.price, unit.place, unit.offset), default=None)
    chosen: Unit | None = None
    for unit in units:
        if chosen is None:
            chosen = unit
        elif _stand(unit) == _stand(chosen):
            chosen = unit if unit.offset < chosen.offset else chosen
        elif (_stand(unit) < _stand(chosen)) == (order == "oldest"):
            chosen = unit
    return chosen


def changed(change: Change, before: Fraction) -> Fraction:
    """What a unit is worth after a change."""
    if change.form == "to":
        return change.given
    if change.form == "by":
        return before + change.given
    return min(before, change.given) if change.form == "lower" else max(before, change.given)


def replay(policy: Policy, events: Iterable[Event], pools: dict[int, Pool] | None = None) -> dict[int, Pool]:
    """Replay a period's events in their turn over the pools handed over, which are changed; pools appear as needed."""
    found = {} if pools is None else pools
    for pool in found.values():
        pool.forget_movements()
    for event in sorted(events, key=lambda event: event.identity):
        found.setdefault(event.pool, Pool(event.pool)).replay(policy, event)
    return found
