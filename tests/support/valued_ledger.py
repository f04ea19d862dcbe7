"""What the ledger of single units says a close must post, in the words `tests.support.valued` reads the engine in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from tests.support.cents import (
    Records,
    along_the_layer,
    by_running_total,
    changes_by_running_total,
    changes_each_apart,
    each_apart,
    rests,
    rounded,
)
from tests.support.histories import History
from tests.support.oracle import Event, Moved, Policy, Pool, replay
from tests.support.valued import Posted, as_date, kind_of, partner_of

LINES: dict[str, tuple[tuple[str, str, str, int], ...]] = {
    "defer": (
        ("receivable", "price", "debit", 1),
        ("deferred", "price", "credit", 1),
        ("deferred-cost", "cost", "debit", 1),
        ("goods", "cost", "credit", 1),
    ),
    "earn": (
        ("deferred", "price", "debit", 1),
        ("revenue", "price", "credit", 1),
        ("cost-of-sales", "cost", "debit", 1),
        ("deferred-cost", "cost", "credit", 1),
    ),
    "take-back": (
        ("deferred", "price", "debit", 1),
        ("receivable", "price", "credit", 1),
        ("goods", "cost", "debit", 1),
        ("deferred-cost", "cost", "credit", 1),
    ),
    "reprice": (("deferred", "price", "debit", -1), ("receivable", "price", "credit", -1)),
    "cut": (("deferred", "price", "debit", -1), ("receivable", "price", "credit", -1)),
    "add-freight": (("deferred-cost", "cost", "debit", 1), ("goods", "cost", "credit", 1)),
}
"""Lines of each journal: role, the value posted, side, and the sign of what is posted to what the value gains."""

JOURNALS = {
    "receipt": "defer",
    "sale": "earn",
    "customer-return": "earn",
    "recall": "take-back",
    "recall-newest": "take-back",
    "recall-oldest": "take-back",
    "resupply": "take-back",
    "repricing": "reprice",
    "price-cut": "cut",
    "late-freight": "add-freight",
}
RESULTS = ("revenue", "cost-of-sales")
"""Roles of income and expense: a settlement posts these differences elsewhere."""
VALUED = ("deferred", "deferred-cost")
"""Roles that hold what layers are worth: leftover cents leave these alone."""


@dataclass(slots=True)
class Ledger:
    """A life of pools under one policy, period by period."""

    policy: Policy
    leftover: str
    pools: dict[int, Pool] = field(default_factory=dict)
    events: dict[int, Event] = field(default_factory=dict)
    records: dict[int, Records] = field(default_factory=lambda: defaultdict(Records))

    def close(self, events: Iterable[Event]) -> Posted:
        """What a period must say."""
        self.events.update({event.identity: event for event in events})
        replay(self.policy, events, self.pools)
        told = Posted()
        for pool in self.pools.values():
            moved = [*pool.moved, *self._reopened(pool)]
            self._tell_units(told, pool, moved)
            self._tell_moves(told, moved)
            self._tell_changes(told, pool)
            self._tell_rests(told, pool)
        self._tell_openings(told, events)
        return told.tidied()

    def empty_shelves(self) -> frozenset[str]:
        """Partners that hold nothing and owe nothing."""
        return frozenset(partner_of(pool.number) for pool in self.pools.values() if not pool.held and not pool.short)

    def _day(self, event: int) -> date:
        return as_date(self.events[event].day)

    def _reopened(self, pool: Pool) -> Iterator[Moved]:
        """Units returned beyond sales, as units that came back into the layer they opened."""
        for unit in (unit for unit in pool.opened if unit.like is not None):
            day = self.events[unit.layer].day
            yield Moved(
                unit.layer, pool.number, unit.layer, unit.offset, True, day, False, False, unit.layer, day, unit.values
            )

    def _tell_units(self, told: Posted, pool: Pool, moved: Iterable[Moved]) -> None:
        apart = self.leftover == "apart"
        for unit in moved:
            marks = (unit.returning, unit.settling, unit.provisional, as_date(unit.day))
            offset = None if unit.provisional or apart else unit.offset
            told.moved[unit.event, unit.layer, offset, *marks, *worth(unit.values)] += 1
        for held in pool.changed:
            marks = (False, False, False, self._day(held.event))
            offset = None if apart else held.offset
            told.moved[held.event, held.layer, offset, *marks, *worth(held.before)] += 1
        for left in pool.held:
            told.layers[left.layer.identity, left.values["price"], left.values["cost"]] += 1

    def _tell_moves(self, told: Posted, moved: list[Moved]) -> None:
        amounts = by_running_total if self.leftover == "running" else each_apart
        days = {(unit.event, unit.step): as_date(unit.day) for unit in moved}
        for name in ("price", "cost"):
            for piece, amount in amounts(moved, name).items():
                where = (piece.event, days[piece.event, piece.step], piece.layer, piece.returning, piece.settling)
                self._post(told, where, name, amount)

    def _tell_changes(self, told: Posted, pool: Pool) -> None:
        amounts = changes_by_running_total if self.leftover == "running" else changes_each_apart
        for name in ("price", "cost"):
            for (event, layer), amount in amounts(pool.changed, name).items():
                self._post(told, (event, self._day(event), layer, False, False), name, amount)

    def _tell_rests(self, told: Posted, pool: Pool) -> None:
        """Where cents post apart: beside the last event that emptied a layer, what the layer has left."""
        if self.leftover == "running":
            return
        records = self.records[pool.number]
        records.opened.extend(pool.opened)
        records.moved.extend(pool.moved)
        records.changed.extend(pool.changed)
        emptying = {
            (unit.step, unit.layer): (unit.event, as_date(unit.day), unit.settling)
            for unit in sorted(pool.moved, key=lambda unit: unit.event)
            if not unit.returning and not unit.provisional
        }
        for name in ("price", "cost"):
            for (step, layer), rest in rests(records, name).items():
                if (step, layer) in emptying:
                    event, day, settling = emptying[step, layer]
                    self._post(told, (event, day, layer, False, settling), name, rest, is_rest=True)

    def _tell_openings(self, told: Posted, events: Iterable[Event]) -> None:
        for event in (event for event in events if event.values):
            for name, value in event.values:
                self._book(told, event, "defer", name, rounded(event.quantity * value), False, {})

    def _post(
        self,
        told: Posted,
        where: tuple[int, date, int, bool, bool],
        name: str,
        amount: Fraction,
        is_rest: bool = False,
    ) -> None:
        event = self.events[where[0]]
        journal = JOURNALS[kind_of(event)]
        for number, (_, value, _, sign) in enumerate(LINES[journal], start=1):
            if value == name:
                key = (*where, journal, number)
                told.amounts[key] = told.amounts.get(key, Fraction()) + sign * amount
        elsewhere = dict.fromkeys(RESULTS, "settlement") if where[4] else {}
        if is_rest:
            elsewhere = {role: "cents" for role, *_ in LINES[journal] if role not in VALUED}
        self._book(told, event, journal, name, amount, where[3], elsewhere)

    def _book(
        self,
        told: Posted,
        event: Event,
        journal: str,
        name: str,
        amount: Fraction,
        returning: bool,
        elsewhere: Mapping[str, str],
    ) -> None:
        for role, value, side, sign in LINES[journal]:
            if value == name:
                credit = (side == "credit") != returning
                key = (partner_of(event.pool), elsewhere.get(role, role))
                told.balances[key] = told.balances.get(key, Fraction()) + (sign if credit else -sign) * amount


def worth(values: Iterable[tuple[str, Fraction]]) -> tuple[Fraction, Fraction]:
    """Price and cost."""
    found = dict(values)
    return found["price"], found["cost"]


def on_the_shelf(pools: Mapping[int, Pool], name: str) -> dict[str, Fraction]:
    """What the units held are worth in cents on the running totals of their layers, less what is owed, by partner."""
    found: dict[str, Fraction] = defaultdict(Fraction)
    for pool in pools.values():
        partner = partner_of(pool.number)
        found[partner] += sum((along_the_layer(unit.offset, unit.values[name]) for unit in pool.held), Fraction())
        for short in (short for short in pool.short if short.like is not None):
            found[partner] -= rounded(short.waiting * dict(short.worth)[name])
    return dict(found)


def expected(policy: Policy, leftover: str, history: History) -> Iterator[tuple[Posted, Ledger]]:
    """What both periods must say, with the ledger as it then stands."""
    ledger = Ledger(policy, leftover)
    for events in (history.first, history.second):
        yield ledger.close(events), ledger
