"""A close at average against a ledger that adds and takes single units, over random histories of two periods."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction

import pytest

from engine.plan.refusals.coverage import refusals
from engine.run.averages import rounded_share
from tests.support import promises
from tests.support.cents import rounded
from tests.support.histories import History, random_history, read_history, together
from tests.support.oracle import CHANGE, LEAVES, OPENS, RETURNS, BeyondStock, Event, Policy
from tests.support.valued import Posted, as_date, closed, feasible, kind_of, partner_of, with_values
from tests.support.valued_ledger import JOURNALS, LINES
from tests.support.valued_rules import resolved, rules_at_average, rules_at_standard, text_of

POOLS = promises.trials(800, per_commit=160, nightly=800)
BEYOND_STOCK: tuple[BeyondStock, ...] = ("stop", "wait")
TRIED = promises.some(BEYOND_STOCK, per_commit=("wait",))
NAMES = ("price", "cost")
Key = tuple[object, ...]


@dataclass(slots=True)
class Departure:
    """What one event took at one step: units still away, and what they are worth together."""

    away: int
    worth: dict[str, Fraction]


@dataclass(slots=True)
class Shelf:
    """A pool: units, their value, every unit that left by bucket (its departure, last left last), sales that wait."""

    units: int = 0
    worth: dict[str, Fraction] = field(default_factory=lambda: dict.fromkeys(NAMES, Fraction()))
    left: dict[str, list[Departure]] = field(default_factory=lambda: defaultdict(list))
    waiting: list[tuple[Event, int]] = field(default_factory=list)


@dataclass(slots=True)
class Ledger:
    """All pools over both periods, and what each period posts."""

    shelves: dict[int, Shelf] = field(default_factory=lambda: defaultdict(Shelf))
    posted: dict[Key, Fraction] = field(default_factory=dict)
    standards: dict[int, dict[str, Fraction]] = field(default_factory=dict)

    def close(self, events: Iterable[Event]) -> dict[Key, Fraction]:
        self.posted = defaultdict(Fraction)
        for event in sorted(events, key=lambda event: event.identity):
            shelf = self.shelves[event.pool]
            if event.action == OPENS:
                self._receive(shelf, event)
            elif event.action == LEAVES:
                self._leave(shelf, event, event.quantity, event.day)
            else:
                self._return(shelf, event)
        return self.posted

    def _receive(self, shelf: Shelf, event: Event) -> None:
        shelf.units += event.quantity
        for name, price in event.values:
            shelf.worth[name] += rounded(event.quantity * price)
        came = event.quantity
        while shelf.waiting and came:
            sale, missing = shelf.waiting.pop(0)
            served = min(missing, came)
            self._leave(shelf, sale, served, event.day)
            came -= served
            if served < missing:
                shelf.waiting.insert(0, (sale, missing - served))

    def _leave(self, shelf: Shelf, event: Event, quantity: int, day: int) -> None:
        served = min(quantity, shelf.units)
        if served:
            departure = Departure(served, {name: rounded(shelf.worth[name] / shelf.units * served) for name in NAMES})
            for name in NAMES:
                shelf.worth[name] -= departure.worth[name]
                self._post(event, day, name, departure.worth[name])
            shelf.units -= served
            shelf.left[str(event.bucket)] += [departure] * served
        if served < quantity:
            shelf.waiting.append((event, quantity - served))

    def _return(self, shelf: Shelf, event: Event) -> None:
        back = [shelf.left[str(event.bucket)].pop() for _ in range(event.quantity)]
        for departure in {id(departure): departure for departure in back}.values():
            count = sum(1 for one in back if one is departure)
            for name in NAMES:
                amount = rounded(departure.worth[name] / departure.away * count)
                departure.worth[name] -= amount
                shelf.worth[name] += amount
                self._post(event, event.day, name, amount)
            departure.away -= count
            shelf.units += count

    def _post(self, event: Event, day: int, name: str, amount: Fraction) -> None:
        journal = JOURNALS[kind_of(event)]
        for number, (_, value, _, _) in enumerate(LINES[journal], start=1):
            if value == name:
                self.posted[event.identity, as_date(day), journal, number] += amount


def alike(history: History) -> History:
    """The history without what a pool at average has not: units told apart and changes of value."""
    first, second = (
        tuple(
            replace(event, specific=None, otherwise=event.otherwise or ("oldest" if event.action == LEAVES else None))
            for event in events
            if event.action != CHANGE
        )
        for events in (history.first, history.second)
    )
    return History(first, second)


def both(history: History, ledger: Ledger, engine: Iterator[Posted]) -> Iterator[tuple[object, object]]:
    """What ledger and engine post in each period, and what their shelves hold at its end."""
    for events in (history.first, history.second):
        wanted = ledger.close(events)
        told = next(engine)
        found: dict[Key, Fraction] = defaultdict(Fraction)
        for (event, day, _, _, _, journal, line), amount in told.amounts.items():
            found[event, day, journal, line] += amount
        yield _some(wanted), _some(found)
        pool_of: dict[object, int] = {event.identity: event.pool for event in (*history.first, *history.second)}
        shelves = {
            pool: (shelf.units, *(shelf.worth[name] for name in NAMES))
            for pool, shelf in ledger.shelves.items()
            if shelf.units
        }
        yield (
            shelves,
            {
                pool_of[layer]: (units, units * as_worth(price), units * as_worth(cost))
                for (layer, price, cost), units in told.layers.items()
            },
        )


def _some(posted: dict[Key, Fraction]) -> dict[Key, Fraction]:
    return {key: amount for key, amount in posted.items() if amount}


def as_worth(value: object) -> Fraction:
    """What one unit is worth, out of a row whose cells are of any type."""
    assert isinstance(value, Fraction)
    return value


@pytest.mark.parametrize("beyond_stock", TRIED)
def test_random_lives_are_valued_as_the_ledger_values_them(beyond_stock: BeyondStock) -> None:
    history = alike(random_history(7, POOLS, Policy()))
    history = feasible(Policy(beyond_stock=beyond_stock), with_values(history))
    assert _count(history, RETURNS) > POOLS // 4
    _agree("average", history, both(history, Ledger(), closed(rules_at_average(beyond_stock), history)))


def _count(history: History, action: int) -> int:
    return sum(1 for event in (*history.first, *history.second) if event.action == action)


def _agree(measure: str, history: History, told: Iterable[tuple[object, object]]) -> None:
    differ = [(ledger, engine) for ledger, engine in told if ledger != engine]
    proof = f"lives of pools at {measure}, two periods long, valued as by a ledger of fractions"
    promises.reached("P16", proof, len(history.pools), len(differ))
    for ledger, engine in differ:
        assert ledger == engine


class Standards(Ledger):
    """A ledger that is worth its units at the standard last stated; everything moves at the standard of its day."""

    def close(self, events: Iterable[Event]) -> dict[Key, Fraction]:
        self.posted = defaultdict(Fraction)
        for event in sorted(events, key=lambda event: event.identity):
            shelf = self.shelves[event.pool]
            if event.action == CHANGE:
                self._restate(shelf, event)
            elif event.action == OPENS:
                self.standards[event.pool] = dict(event.values)
                self._receive(shelf, event)
            elif event.action == LEAVES:
                self._leave(shelf, event, event.quantity, event.day)
            else:
                self._move(shelf, event, -event.quantity, event.day)
        return self.posted

    def _restate(self, shelf: Shelf, event: Event) -> None:
        assert event.change is not None
        if event.pool not in self.standards:
            return
        self.standards[event.pool]["price"] = event.change.given
        new = rounded(shelf.units * event.change.given)
        self._post(event, event.day, "price", shelf.worth["price"] - new)
        shelf.worth["price"] = new

    def _leave(self, shelf: Shelf, event: Event, quantity: int, day: int) -> None:
        served = min(quantity, shelf.units)
        if served:
            self._move(shelf, event, served, day)
        if served < quantity:
            shelf.waiting.append((event, quantity - served))

    def _move(self, shelf: Shelf, event: Event, quantity: int, day: int) -> None:
        for name in NAMES:
            worth = rounded(quantity * self.standards[event.pool][name])
            amount = shelf.worth[name] if quantity == shelf.units else worth
            shelf.worth[name] -= amount
            self._post(event, day, name, abs(amount))
        shelf.units -= quantity


def at_standards(history: History) -> History:
    """The history with the standard of its pool on every receipt, and repricings as its only changes."""
    standards: dict[int, dict[str, Fraction]] = {}
    periods: list[tuple[Event, ...]] = []
    for events in (history.first, history.second):
        kept = []
        for event in sorted(events, key=lambda event: event.identity):
            if event.action == OPENS:
                event = replace(
                    event, values=tuple(sorted(standards.setdefault(event.pool, dict(event.values)).items()))
                )
            elif event.change is not None:
                if event.change.form != "to" or event.pool not in standards:
                    continue
                standards[event.pool]["price"] = event.change.given
            elif event.action == LEAVES:
                event = replace(event, specific=None, otherwise=event.otherwise or "oldest")
            kept.append(event)
        periods.append(tuple(kept))
    return History(*periods)


@pytest.mark.parametrize("beyond_stock", TRIED)
def test_random_lives_move_at_the_standard_of_their_day(beyond_stock: BeyondStock) -> None:
    drawn = with_values(random_history(11, POOLS, Policy()))
    history = feasible(Policy(beyond_stock=beyond_stock), at_standards(drawn))
    assert _count(history, CHANGE) > POOLS // 16
    _agree("standard", history, both(history, Standards(), closed(rules_at_standard(beyond_stock), history)))


def test_a_pool_in_which_nothing_happens_keeps_its_value_and_what_may_come_back() -> None:
    quiet = read_history("day what units price cost\n1 receipt 3 10/3 1\n2 sale 2 - -", Policy())
    busy = read_history(
        "day what units price cost\n1 receipt 1 7 1", Policy(), "day what units price cost\n8 receipt 1 9 1"
    )
    history = with_values(together(quiet, busy))
    told = list(closed(rules_at_average("stop"), history))
    assert [one.balances[partner_of(1), "deferred"] for one in told[:1]] == [Fraction("3.33")]
    assert (partner_of(1), "deferred") not in told[1].balances
    assert sorted(units * as_worth(price) for (_, price, _), units in told[1].layers.items()) == [Fraction("3.33"), 16]


def test_what_tells_units_of_a_pool_apart_is_refused_beside_the_average() -> None:
    text = text_of(Policy("oldest", "open-layer", "last-price"), "apart")
    text = text.replace("oldest first by leaves-as, then rank", "average").replace("leave average", "leave at average")
    found = [one for one in refusals(resolved(text)).errors if "beside `leave at average`" in one.message]
    assert [one.span.text.split()[0] for one in found] == [
        "leave", "repricing", "price-cut", "late-freight", "units", "units", "leftover",
    ]  # fmt: skip
    cards = text_of(Policy(), "running").replace("carry price, cost", "carry price, cost, rank")
    cards = cards.replace("leave oldest first by leaves-as, then rank", "leave at average")
    said = "`leave at average` of layers that carry `rank`"
    assert any(one.message.startswith(said) for one in refusals(resolved(cards)).errors)


@pytest.mark.parametrize(
    ("product", "whole", "half_even", "share"),
    [(5, 2, False, 3), (5, 2, True, 2), (7, 2, True, 4), (-5, 2, False, -3), (4, 3, False, 1), (0, 9, True, 0)],
)
def test_a_share_is_rounded_to_the_nearest_whole(product: int, whole: int, half_even: bool, share: int) -> None:
    assert rounded_share(product, whole, half_even) == share
